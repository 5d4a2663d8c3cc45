"""The doors that others knock at: Telegram's webhook, and what an operator's machines ask."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.health import Health
    from bot.metrics import Metrics
    from bot.settings import Settings
    from bot.telegram.intake import Intake

log = logging.getLogger(__name__)

MOST_BYTES = 1_000_000  # an update is a few kB; a forwarded checklist or story some more
LOOK = 60.0  # seconds after which a replica asks again which secrets count
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name


def secret_base(settings: Settings) -> str:
    """What every secret of the webhook is made from: what was set, or else the token."""
    return settings.webhook_secret.get_secret_value() or derive_secret(
        settings.telegram_token.get_secret_value()
    )


def derive_secret(base: str, turn: int | None = None) -> str:
    """The same in every replica, and not to be guessed without the base; turn 0 is the base itself."""
    if turn == 0:
        return base
    words = "offramp webhook" if turn is None else f"offramp webhook {turn}"
    return hmac.new(base.encode(), words.encode(), hashlib.sha256).hexdigest()


class Secrets:
    """Knows which secrets count, in every replica alike: ``offramp rotate`` turns them in the database.

    Args:
        base: What they are made from.
        list_turns: The numbers of those that count now.
    """

    def __init__(self, base: str, list_turns: Callable[[], Awaitable[tuple[int, ...]]]) -> None:
        self._base = base
        self._list_turns = list_turns
        self._known: tuple[str, ...] = ()
        self._asked = 0.0

    async def newest(self) -> str:
        """The one to register with Telegram."""
        await self._ask()
        return self._known[0]

    async def accept(self, given: str) -> bool:
        """Whether it counts. The database is asked every so often, and about a stranger once a second."""
        age = time.monotonic() - self._asked
        if not self._known or age > LOOK or (age > 1.0 and not self._knows(given)):
            await self._ask()
        return self._knows(given)

    async def _ask(self) -> None:
        turns = await self._list_turns()
        self._known = tuple(derive_secret(self._base, turn) for turn in turns)
        self._asked = time.monotonic()

    def _knows(self, given: str) -> bool:
        return any(hmac.compare_digest(given.encode(), each.encode()) for each in self._known)


def build_watch_app(health: Health, metrics: Metrics) -> Starlette:
    """What an operator's machines ask: /metrics, /healthz, /readyz and /health."""

    async def show(_: Request) -> Response:
        return Response(await metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[*_health_routes(health), Route("/metrics", show, methods=["GET"])])


def _health_routes(health: Health) -> list[Route]:
    """/healthz: the process turns, restart it when not. /readyz: it can work, send it nothing when not."""

    async def tell(_: Request) -> Response:
        report = await health.report()
        return JSONResponse(report.as_json(), status_code=200 if report.well else 503)

    async def is_alive(_: Request) -> Response:
        return Response("ok")

    async def is_ready(_: Request) -> Response:
        well = (await health.report()).well
        return Response("ok" if well else "not ready", status_code=200 if well else 503)

    return [
        Route("/health", tell, methods=["GET"]),
        Route("/healthz", is_alive, methods=["GET"]),
        Route("/readyz", is_ready, methods=["GET"]),
    ]


def build_webhook_app(health: Health, intake: Intake, *, path: str, secrets: Secrets) -> Starlette:
    """The webhook under ``path``; /health, /healthz and /readyz beside it."""

    async def take(request: Request) -> Response:
        try:
            if not await secrets.accept(request.headers.get(SECRET_HEADER, "")):
                return Response(status_code=403)
        except (SQLAlchemyError, OSError) as error:
            log.warning("a secret could not be checked: %s", type(error).__name__)
            return Response(status_code=503)  # Telegram brings it again
        try:
            body = await _read_body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        if body is None:
            return Response(status_code=413)
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):
            return Response(status_code=400)
        try:
            await intake.take([update])
        except (SQLAlchemyError, OSError) as error:
            log.warning("an update could not be stored: %s", type(error).__name__)
            return Response(status_code=503)  # Telegram brings it again
        health.heard()
        return Response(status_code=200)

    return Starlette(routes=[*_health_routes(health), Route(path or "/", take, methods=["POST"])])


async def _read_body(request: Request) -> bytes | None:
    """The body, or None as soon as it is larger than any update."""
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


class _Server(uvicorn.Server):
    """Leaves the signals to the program, which has more to put away than this server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(app: Starlette, host: str, port: int) -> None:
    """Serves until it is cancelled.

    Raises:
        OSError: the port is taken.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    try:
        await server.serve()
    except SystemExit:  # uvicorn leaves the whole program over a port that is taken
        raise OSError(f"port {port} of {host} cannot be listened on") from None
    finally:
        if server.started:
            await server.shutdown()
