"""HTTP to Telegram: python-telegram-bot's own, kept from writing what it sees into the log."""

from __future__ import annotations

import asyncio
import json
import ssl
from datetime import timedelta
from typing import Any

from telegram._utils.defaultvalue import DEFAULT_NONE
from telegram._utils.types import ODVInput
from telegram.error import BadRequest, RetryAfter, TelegramError
from telegram.request import HTTPXRequest, RequestData

# the statuses whose meaning python-telegram-bot knows; of the others it would not say that they are refusals
_KNOWN = frozenset({400, 401, 403, 404, 409})
_UNSAID = 5  # seconds to wait after a 429 that does not say how long: one from a proxy


class Flood(RetryAfter):
    """Too many messages: not sent, and not to be sent before ``wait`` is over.

    It stands in for ``RetryAfter``, which warns about its own future whenever it is made.
    """

    def __init__(self, wait: timedelta) -> None:
        TelegramError.__init__(self, "flood control")
        self._retry_after = wait

    @property
    def wait(self) -> timedelta:
        return self._retry_after


class TelegramRequest(HTTPXRequest):
    """The one request class of the door, for sending and for polling.

    Args:
        connections: Calls at the same time.
        read_timeout: Seconds of silence until an answer counts as lost.
        trust: The certificates; reading them takes 0.1 s, so one context serves all requests.
    """

    def __init__(
        self, connections: int = 1, *, read_timeout: float = 15.0, trust: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(
            connections,
            read_timeout=read_timeout,
            write_timeout=15.0,
            media_write_timeout=120.0,
            connect_timeout=10.0,
            pool_timeout=10.0,
            httpx_kwargs={"verify": trust} if trust else None,
        )
        self._calls: set[asyncio.Future[tuple[int, bytes]]] = set()

    async def shutdown(self) -> None:
        """Ends what nobody waits for any more, and closes the connections."""
        for call in self._calls:
            call.cancel()
        await super().shutdown()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: ODVInput[float] = DEFAULT_NONE,
        write_timeout: ODVInput[float] = DEFAULT_NONE,
        connect_timeout: ODVInput[float] = DEFAULT_NONE,
        pool_timeout: ODVInput[float] = DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One call. Who is cancelled leaves it, and it ends by itself.

        httpcore 1.0 keeps the place of a connection whose call is cancelled while it connects. "typing…" is
        cancelled often; some days of it, and nothing could be sent until the next start.

        Raises:
            Flood: 429.
            BadRequest: Another refusal that python-telegram-bot takes for a failing network, such as 413.
        """
        timeouts = (read_timeout, write_timeout, connect_timeout, pool_timeout)
        call = asyncio.ensure_future(super().do_request(url, method, request_data, *timeouts))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        code, payload = await asyncio.shield(call)
        if code == 429:
            raise Flood(timedelta(seconds=_retry_after(payload)))
        if 400 <= code < 500 and code not in _KNOWN:
            raise BadRequest(f"HTTP {code}")
        return code, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as JSON; the original logs the whole of it, messages included, where it is none.

        Raises:
            TelegramError: It is no JSON.
        """
        try:
            parsed: dict[str, Any] = json.loads(payload.decode("utf-8", "replace"))
        except ValueError:
            raise TelegramError("invalid server response") from None
        return parsed


def _retry_after(payload: bytes) -> float:
    try:
        return max(1.0, float(json.loads(payload)["parameters"]["retry_after"]))
    except (ValueError, LookupError, TypeError):
        return _UNSAID
