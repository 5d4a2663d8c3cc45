"""Whether the house is well: the age of the last good poll, what waits, and what was set aside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError

from memory.sql.doors import list_doors
from memory.sql.inbox import count_inbox
from memory.sql.outbox import count_outbox

if TYPE_CHECKING:
    from datetime import datetime

    from coaching.ports import Clock
    from memory.sql.journal import Journal

DEAF_AFTER = timedelta(seconds=120)  # three polls of thirty seconds that did not come back, with their grace


@dataclass(frozen=True, slots=True)
class Report:
    """One look.

    Attributes:
        well: everything answers.
        polled_seconds_ago: since Telegram answered last; None where it never did, or delivers by itself.
        waiting: updates that were accepted and not answered yet.
        dead: updates that were set aside after three tries.
        to_send: messages that wait to be sent.
        unknown: nudges of which nobody knows whether they arrived.
    """

    well: bool
    polled_seconds_ago: float | None = None
    waiting: int = 0
    dead: int = 0
    to_send: int = 0
    unknown: int = 0

    def as_json(self) -> dict[str, Any]:
        """As the health endpoint says it."""
        return asdict(self)


class Health:
    """Asked by the health endpoint, told by the poller. ``running`` stays true when polling has died."""

    def __init__(self, journal: Journal, clock: Clock, *, polls: bool = True) -> None:
        self._journal = journal
        self._clock = clock
        self._polls = polls
        self._heard_at: datetime | None = None
        self._since = clock.now()

    def heard(self) -> None:
        """Telegram answered."""
        self._heard_at = self._clock.now()

    async def report(self) -> Report:
        """How it is now."""
        now = self._clock.now()
        try:
            inbox, outbox = await count_inbox(self._journal), await count_outbox(self._journal)
        except (SQLAlchemyError, OSError):
            return Report(well=False, polled_seconds_ago=self._age(now))
        deaf = self._polls and now - (self._heard_at or self._since) > DEAF_AFTER
        return Report(
            well=not deaf,
            polled_seconds_ago=self._age(now),
            waiting=inbox.get("new", 0),
            dead=inbox.get("dead", 0),
            to_send=outbox.get("queued", 0) + outbox.get("sending", 0),
            unknown=outbox.get("unknown", 0),
        )

    def _age(self, now: datetime) -> float | None:
        return None if self._heard_at is None else (now - self._heard_at).total_seconds()


async def say_last_polls(journal: Journal, now: datetime) -> str:
    """When each bot heard from Telegram last, as another process sees it in the database."""
    doors = await list_doors(journal)
    return "; ".join(f"bot {door.bot_id}: last heard {_ago(now - door.polled_at)} ago" for door in doors)


def _ago(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
