"""getUpdates: one poller at a time, waiting as long as it asked for."""

import asyncio
from dataclasses import dataclass
from typing import Any

from tests.fakes.telegram.errors import ApiError, conflict
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.updates import DEFAULT_KINDS, KINDS, UpdateQueue

MAX_WAIT_SECONDS = 50
_OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
_WEBHOOK_IS_SET = (
    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)


@dataclass
class _Turn:
    ended_by: ApiError | None = None


class Poller:
    """Answers getUpdates.

    As on Telegram, the poll that waits is the one that gets the 409 when another begins to wait.
    """

    def __init__(self, queue: UpdateQueue) -> None:
        self._queue = queue
        self._waiting: _Turn | None = None

    @property
    def is_waiting(self) -> bool:
        return self._waiting is not None

    async def get_updates(self, params: Params, *, webhook_is_set: bool) -> list[dict[str, Any]]:
        """The updates from the offset on, at once or within the timeout (at most 50 seconds).

        Raises:
            ApiError: 409, because a webhook is set or another poll takes over.
        """
        if webhook_is_set:
            raise conflict(_WEBHOOK_IS_SET)
        choose_kinds(self._queue, params)
        offset = params.number("offset")
        limit = params.clamped("limit", 100, 1, 100)
        wait = params.clamped("timeout", 0, 0, MAX_WAIT_SECONDS)
        found = self._queue.fetch(offset, limit)
        if found or not wait:
            return found
        self.interrupt(conflict(_OTHER_POLLER))
        return await self._wait_for_updates(max(offset, 0), limit, wait)

    def interrupt(self, reason: ApiError) -> None:
        """Ends the poll that waits, if there is one."""
        if self._waiting:
            self._waiting.ended_by = reason
            self._queue.wake()

    async def _wait_for_updates(self, offset: int, limit: int, wait: float) -> list[dict[str, Any]]:
        turn = self._waiting = _Turn()
        try:
            async with asyncio.timeout(wait):
                while True:
                    await self._queue.change()
                    if turn.ended_by:
                        raise turn.ended_by
                    found = self._queue.fetch(offset, limit)
                    if found:
                        return found
        except TimeoutError:
            return []
        finally:
            if self._waiting is turn:
                self._waiting = None


def choose_kinds(queue: UpdateQueue, params: Params) -> None:
    """Keeps the wish for update kinds; a call without one leaves the last wish as it is."""
    wished = params.decoded("allowed_updates")
    if isinstance(wished, list):
        queue.allowed = frozenset(str(kind) for kind in wished) & KINDS or DEFAULT_KINDS
