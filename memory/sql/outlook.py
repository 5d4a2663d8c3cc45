"""What the nudge plan holds, for the person who runs it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from memory.sql.nudges import EVENING
from memory.sql.tables import NudgePlanRow

if TYPE_CHECKING:
    from memory.sql.journal import Journal

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The evenings ahead.

    Attributes:
        plans: how many people have an evening planned.
        fullest: how many are asked in the fullest hour of the day ahead.
    """

    plans: int
    fullest: int


async def load_outlook(journal: Journal) -> Outlook:
    """Counts the evenings that are planned."""
    now = journal.clock.now()
    async with journal.read() as db:
        rows = await db.execute(
            select(NudgePlanRow.next_due_at, func.count())
            .where(NudgePlanRow.kind == EVENING, NudgePlanRow.next_due_at.is_not(None))
            .group_by(NudgePlanRow.next_due_at)
        )
        moments = [(at, number) for at, number in rows if at is not None]
    hours: Counter[datetime] = Counter()
    for at, number in moments:
        if at < now + DAY:
            hours[at.replace(minute=0, second=0, microsecond=0)] += number
    return Outlook(sum(number for _, number in moments), max(hours.values(), default=0))


async def find_next_due(journal: Journal, user_id: int) -> datetime | None:
    """When somebody is asked next; None where no evening is planned."""
    async with journal.read() as db:
        return await db.scalar(
            select(NudgePlanRow.next_due_at).where(
                NudgePlanRow.user_id == user_id, NudgePlanRow.kind == EVENING
            )
        )
