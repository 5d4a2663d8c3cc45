"""The doors that others knock at: Telegram's webhook, and /health."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.health import Health
    from bot.telegram.intake import Intake

log = logging.getLogger(__name__)

MOST_BYTES = 1_000_000  # an update is a few kB; a forwarded checklist or story some more
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  # the header's name


def derive_secret(token: str) -> str:
    """The secret where none was set: the same in every replica, and not to be guessed without the token."""
    return hmac.new(token.encode(), b"offramp webhook", hashlib.sha256).hexdigest()


def build_health_app(health: Health) -> Starlette:
    """/health alone."""
    return Starlette(routes=[_health_route(health)])


def _health_route(health: Health) -> Route:
    async def tell(request: Request) -> Response:  # noqa: ARG001  # starlette's signature
        report = await health.report()
        return JSONResponse(report.as_json(), status_code=200 if report.well else 503)

    return Route("/health", tell, methods=["GET"])


def build_webhook_app(health: Health, intake: Intake, *, path: str, secret: str) -> Starlette:
    """The webhook under ``path``, and /health."""

    async def take(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=403)
        body = await _read_body(request)
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

    return Starlette(routes=[_health_route(health), Route(path or "/", take, methods=["POST"])])


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
