"""Webhook delivery: in order per lane, in parallel across lanes, again and again until it is taken.

Lanes and delays follow telegram-bot-api's WebhookActor: a failed update is sent again at once, then after
2, 4, 8 ... seconds up to a minute, or after what ``Retry-After`` says; the others of its lane wait behind it.
"""

import asyncio
import json
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.fakes.telegram.errors import bad_request, conflict
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.polling import Poller, choose_kinds
from tests.fakes.telegram.updates import UpdateQueue, Waiting

DEFAULT_CONNECTIONS = 40
MAX_CONNECTIONS = 100
MAX_DELAY_SECONDS = 60
MAX_RETRY_AFTER = 3600
ANSWER_SECONDS = 60.0
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Webhook:
    """The webhook of the bot and the deliveries to it.

    Args:
        queue: The updates.
        poller: The one whose poll ends when a webhook is set.
        second: How many real seconds a second of waiting takes; tests make it short.
    """

    def __init__(self, queue: UpdateQueue, poller: Poller, second: float) -> None:
        self._queue = queue
        self._poller = poller
        self._second = second
        self._deliveries: asyncio.Task[None] | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[int, int] = {}
        self._due: dict[int, float] = {}
        self._secret = ""
        self._connections = DEFAULT_CONNECTIONS
        self._last_error: tuple[int, str] | None = None
        self.url = ""
        self.deliveries = 0

    @property
    def last_error(self) -> str:
        """What went wrong last, as getWebhookInfo tells it."""
        return self._last_error[1] if self._last_error else ""

    async def set(self, params: Params) -> bool:
        """Answers setWebhook; an empty url deletes it."""
        url = params.text("url")
        if url:
            _check_target(url, params.text("secret_token"))
        await self.stop()
        self._last_error = None
        if params.flag("drop_pending_updates"):
            self._queue.confirm_all()
        choose_kinds(self._queue, params)
        if url:
            self._poller.interrupt(conflict("terminated by setWebhook request"))
            self.url = url
            self._secret = params.text("secret_token")
            self._connections = params.clamped("max_connections", DEFAULT_CONNECTIONS, 1, MAX_CONNECTIONS)
            # Lives until the webhook is deleted, in `stop`; a TaskGroup would end with this call.
            self._deliveries = asyncio.get_running_loop().create_task(self._deliver())
        return True

    async def delete(self, params: Params) -> bool:
        """Answers deleteWebhook."""
        return await self.set(Params({"drop_pending_updates": params.text("drop_pending_updates")}))

    def info(self, params: Params) -> dict[str, Any]:
        """Answers getWebhookInfo."""
        about: dict[str, Any] = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._queue.waiting),
        }
        if self.url:
            about |= {"max_connections": self._connections, "allowed_updates": sorted(self._queue.allowed)}
        if self._last_error:
            about |= {"last_error_date": self._last_error[0], "last_error_message": self._last_error[1]}
        return about

    async def stop(self) -> None:
        """Ends all deliveries; what was not taken stays in the queue."""
        tasks = [task for task in (self._deliveries, *self._busy.values()) if task]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._deliveries = None
        self._busy.clear()
        self._failures.clear()
        self._due.clear()
        self.url = ""

    async def _deliver(self) -> None:
        loop = asyncio.get_running_loop()
        limits = httpx.Limits(max_connections=self._connections)
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, limits=limits, trust_env=False) as client:
            while True:
                change = loop.create_task(self._queue.change())
                try:
                    self._queue.drop_expired()
                    self._start_ready(client)
                    await asyncio.wait(
                        [change, *self._busy.values()],
                        timeout=self._until_next_due(),
                        return_when=asyncio.FIRST_COMPLETED,
                    )
                finally:
                    change.cancel()
                self._busy = {lane: task for lane, task in self._busy.items() if not task.done()}

    def _start_ready(self, client: httpx.AsyncClient) -> None:
        loop = asyncio.get_running_loop()
        seen = set(self._busy)
        for waiting in self._queue.waiting:
            if len(self._busy) >= self._connections:
                return
            if waiting.lane in seen:
                continue
            seen.add(waiting.lane)
            if self._due.get(waiting.serial, 0.0) <= loop.time():
                self._busy[waiting.lane] = loop.create_task(self._send(client, waiting))

    def _until_next_due(self) -> float | None:
        if not self._due or len(self._busy) >= self._connections:
            return None
        return max(0.0, min(self._due.values()) - asyncio.get_running_loop().time())

    async def _send(self, client: httpx.AsyncClient, waiting: Waiting) -> None:
        self.deliveries += 1
        # Escaped like Telegram's own JSON, so that half an emoji travels as well.
        body = json.dumps(waiting.as_json())
        headers = {"Content-Type": "application/json"}
        if self._secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self._secret
        retry_after = 0
        try:
            answer = await client.post(self.url, content=body, headers=headers)
        except httpx.TimeoutException:
            error = "Read timeout expired"
        except httpx.ConnectError:
            error = "Connection refused"
        except httpx.HTTPError:
            error = "Webhook connection closed"
        else:
            error = "" if answer.is_success else _wrong_response(answer)
            retry_after = _retry_after(answer)
        if error:
            self._last_error = (int(self._queue.now()), error)
            self._postpone(waiting, retry_after)
            return
        self._due.pop(waiting.serial, None)
        self._failures.pop(waiting.serial, None)
        self._queue.forget(waiting)

    def _postpone(self, waiting: Waiting, retry_after: int) -> None:
        failures = self._failures.get(waiting.serial, 0)
        self._failures[waiting.serial] = failures + 1
        delay = retry_after or (min(2**failures, MAX_DELAY_SECONDS) if failures else 0)
        self._due[waiting.serial] = asyncio.get_running_loop().time() + delay * self._second
        self._queue.wake()


def _check_target(url: str, secret: str) -> None:
    host = urlsplit(url).hostname
    if not host:
        raise bad_request("invalid webhook URL specified")
    if host not in _LOOPBACK:
        raise bad_request(f"bad webhook: the fake Telegram writes to loopback only, not to {host}")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch("[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")


def _wrong_response(answer: httpx.Response) -> str:
    phrase = answer.reason_phrase or HTTPStatus(answer.status_code).phrase
    return f"Wrong response from the webhook: {answer.status_code} {phrase}"


def _retry_after(answer: httpx.Response) -> int:
    wished = answer.headers.get("Retry-After", "")
    return min(int(wished), MAX_RETRY_AFTER) if wished.isdigit() else 0
