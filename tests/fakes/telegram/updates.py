"""The queue of updates, confirmed and expired as Telegram does it, and spoiled on request.

The rules follow tdlib's TQueue and ``Client::do_get_updates``: an offset forgets what is before it; a
negative one keeps only that many from the end; one that lies far beyond the newest id, or two million
behind it, is ignored, which is what makes it harmless when the ids start anew.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

DAY_SECONDS = 86_400
TAP_SECONDS = 150
FIRST_UPDATE_ID = 700_000_001
REMEMBERED = 1_000
TOLERATED_AHEAD = 10
TOLERATED_BEHIND = 2_000_000
KINDS = frozenset(
    {
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
        "chat_member",
        "poll",
        "poll_answer",
        "message_reaction",
        "message_reaction_count",
    }
)
DEFAULT_KINDS = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(frozen=True)
class Waiting:
    """An update that is not confirmed.

    Attributes:
        lane: Webhook deliveries of one lane keep their order; a chat's messages are one, its taps another.
        insists: It comes even when the offset says it was confirmed: a duplicate, or one out of order.
        handed_out: The bot has seen it at least once.
        serial: Tells apart two copies with one update id.
    """

    update_id: int
    body: dict[str, Any]
    expires_at: float
    lane: str
    serial: int
    insists: bool = False
    handed_out: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"update_id": self.update_id, **self.body}


class UpdateQueue:
    """What waits for the bot.

    Args:
        clock: Seconds since 1970, for expiry.
        announce: Called after every change.
        ids_from: Added to the first update id.
    """

    def __init__(self, clock: Callable[[], float], announce: Callable[[], None], ids_from: int = 0) -> None:
        self._clock = clock
        self._announce = announce
        self._serials = itertools.count(1)
        self._next_id = FIRST_UPDATE_ID + ids_from
        self._delivered: deque[Waiting] = deque(maxlen=REMEMBERED)
        self._copies_of_next = 0
        self._held: list[Waiting] = []
        self._hold = 0
        self._changed = asyncio.Event()
        self.waiting: list[Waiting] = []
        self.allowed = DEFAULT_KINDS

    def push(
        self, kind: str, body: dict[str, Any], *, lane: str, lifetime: float = DAY_SECONDS
    ) -> int | None:
        """Adds an update; None when the bot has not asked for updates of this kind."""
        return self._add({kind: body}, lane, lifetime) if kind in self.allowed else None

    def push_raw(self, body: dict[str, Any], *, lane: str = "raw") -> int:
        """Adds an update of any shape; only its id is right."""
        return self._add(body, lane, DAY_SECONDS)

    def push_malformed(self) -> int:
        """Adds an update that no parser can make sense of."""
        return self.push_raw({"message": {"message_id": "first", "chat": None, "date": [], "text": {"a": 1}}})

    def duplicate_next(self, copies: int = 1) -> None:
        """The next update comes again `copies` times with the same id, confirmed or not."""
        self._copies_of_next = copies

    def reverse_next(self, count: int) -> None:
        """The next `count` updates are held back, then come with the highest id first."""
        self._hold = count

    def redeliver(self, count: int = 1) -> None:
        """The last `count` updates that were handed out come once more, as after a lost confirmation."""
        self.waiting = [
            replace(waiting, insists=True, serial=next(self._serials))
            for waiting in list(self._delivered)[-count:]
        ] + self.waiting
        self.wake()

    def jump(self, to: int) -> None:
        """The next update gets this id. Telegram goes back only after a week in which nothing happened.

        Raises:
            RuntimeError: The id is lower while updates wait.
        """
        if to < self._next_id and self.waiting:
            raise RuntimeError("update ids start anew only when nothing waits to be confirmed")
        self._next_id = to

    def confirm_all(self) -> None:
        self.waiting.clear()
        self.wake()

    def forget(self, waiting: Waiting) -> None:
        """One update has been delivered to the webhook, or given up."""
        self.waiting = [other for other in self.waiting if other.serial != waiting.serial]
        self._delivered.append(waiting)
        self.wake()

    def drop_expired(self) -> None:
        now = self._clock()
        self.waiting = [waiting for waiting in self.waiting if waiting.expires_at >= now]

    def fetch(self, offset: int, limit: int) -> list[dict[str, Any]]:
        """Confirms what lies before the offset and hands out what follows."""
        before = len(self.waiting)
        self.drop_expired()
        if offset < 0:
            self.waiting = self.waiting[offset:]
        elif self._next_id - TOLERATED_BEHIND <= offset <= self._next_id + TOLERATED_AHEAD:
            self.waiting = [
                waiting for waiting in self.waiting if waiting.update_id >= offset or waiting.insists
            ]
        batch = self.waiting[:limit]
        self.waiting[:limit] = [replace(waiting, insists=False, handed_out=True) for waiting in batch]
        self._delivered += [waiting for waiting in batch if not waiting.handed_out]
        if batch or len(self.waiting) != before:
            self.wake()
        return [waiting.as_json() for waiting in batch]

    def now(self) -> float:
        return self._clock()

    async def change(self) -> None:
        """Waits until an update is added, handed out or forgotten."""
        await self._changed.wait()

    def wake(self) -> None:
        """Lets everybody who waits for a change look again."""
        self._changed.set()
        self._changed = asyncio.Event()
        self._announce()

    def _add(self, body: dict[str, Any], lane: str, lifetime: float) -> int:
        new = Waiting(self._next_id, body, self._clock() + lifetime, lane, next(self._serials))
        self._next_id += 1
        copies = [replace(new, serial=next(self._serials), insists=True) for _ in range(self._copies_of_next)]
        self._copies_of_next = 0
        if self._hold:
            self._held.append(replace(new, insists=True))
            self._hold -= 1
            if not self._hold:
                self.waiting += reversed(self._held)
                self._held = []
        else:
            self.waiting.append(new)
        self.waiting += copies
        self.wake()
        return new.update_id
