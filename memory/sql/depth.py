"""How much waits where: what somebody who runs the house watches. Numbers only, and each from an index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from memory.sql.tables import InboxRow, IndexOpRow, OutboxRow, TokenTotalRow

if TYPE_CHECKING:
    from memory.sql.journal import Journal

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Depth:
    """One look.

    Attributes:
        inbox: updates that are new, or dead, by state.
        inbox_age: seconds the longest waiting one has waited; 0 where none waits.
        outbox: rows that are queued or on their way, by state and class.
        outbox_age: seconds since the reply that is due longest was due; 0 where none is.
        nudges: the last day's nudges by state.
        index_lag: changes the recall index has not taken in.
        tokens_today: of the language model, on this UTC day.
    """

    inbox: dict[str, int]
    inbox_age: float
    outbox: dict[tuple[str, str], int]
    outbox_age: float
    nudges: dict[str, int]
    index_lag: int
    tokens_today: int


async def load_depth(journal: Journal) -> Depth:
    """Looks, in one view of the database."""
    now = journal.clock.now()
    waits = OutboxRow.state.in_(("queued", "sending"))
    async with journal.read() as db:
        inbox = await db.execute(
            select(InboxRow.state, func.count()).where(InboxRow.state != "done").group_by(InboxRow.state)
        )
        oldest = await db.scalar(select(func.min(InboxRow.received_at)).where(InboxRow.state == "new"))
        outbox = await db.execute(
            select(OutboxRow.state, OutboxRow.class_, func.count())
            .where(waits)
            .group_by(OutboxRow.state, OutboxRow.class_)
        )
        due = await db.scalar(
            select(func.min(OutboxRow.next_at)).where(OutboxRow.state == "queued", OutboxRow.class_ == "must")
        )
        states = ("queued", "sending", "sent", "unknown", "dead")
        nudges = await db.execute(
            select(OutboxRow.state, func.count())
            .where(OutboxRow.state.in_(states), OutboxRow.next_at > now - DAY, OutboxRow.key.like("nudge:%"))
            .group_by(OutboxRow.state)
        )
        lag = await db.scalar(select(func.count()).select_from(IndexOpRow))
        tokens = await db.scalar(select(TokenTotalRow.tokens).where(TokenTotalRow.used_on == now.date()))
        return Depth(
            inbox={"new": 0, "dead": 0} | {state: number for state, number in inbox},  # noqa: C416  # a Row is not a pair for mypy
            inbox_age=_age(now, oldest),
            outbox={(state, class_): number for state, class_, number in outbox},
            outbox_age=_age(now, due),
            nudges={state: number for state, number in nudges},  # noqa: C416  # as above
            index_lag=lag or 0,
            tokens_today=tokens or 0,
        )


def _age(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
