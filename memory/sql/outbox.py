"""The outbox: what is to be sent, one unique key each, so that nothing is queued twice.

``claims`` holds what a sender does with it, ``blocked`` what happens when nobody wants to be written to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select, update

from memory.sql.tables import OutboxRow

if TYPE_CHECKING:
    from datetime import datetime

    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

EMPTIED = "emptied"  # the kind of a row that was sent long ago and keeps no words


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One thing to send. ``payload`` is the door's own business."""

    key: str
    door: str
    bot_id: int
    chat_id: int
    kind: str
    payload: dict[str, Any]
    user_id: int | None = None
    reply_id: int | None = None
    must: bool = True
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """A row that waits to be sent. A nudge is no ``must``."""

    id: int
    kind: str
    payload: dict[str, Any]
    must: bool = True


async def queue(tx: Transaction, out: Outgoing) -> bool:
    """Queues it once.

    Returns:
        False when the key was there before.
    """
    made = await tx.db.execute(
        tx.insert_once(OutboxRow)
        .values(
            key=out.key,
            user_id=out.user_id,
            door=out.door,
            bot_id=out.bot_id,
            chat_id=out.chat_id,
            kind=out.kind,
            class_="must" if out.must else "may",
            payload=out.payload,
            reply_id=out.reply_id,
            state="queued",
            next_at=out.not_before or tx.now,
            doubts=0,
            pieces_sent=0,
            why="",
            created_at=tx.now,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(OutboxRow.id)
    )
    return made.scalar() is not None


async def list_queued(journal: Journal, bot_id: int, chat_id: int) -> tuple[Queued, ...]:
    """What waits for one chat, in order."""
    async with journal.read() as db:
        rows = await db.scalars(
            select(OutboxRow)
            .where(
                OutboxRow.bot_id == bot_id,
                OutboxRow.chat_id == chat_id,
                OutboxRow.state.in_(("queued", "sending")),
            )
            .order_by(OutboxRow.id)
        )
        return tuple(Queued(row.id, row.kind, row.payload, row.class_ == "must") for row in rows)


async def list_due(journal: Journal, bot_id: int, chat_id: int) -> tuple[int, ...]:
    """The ids of the nudges whose moment has come in one chat, in order."""
    async with journal.read() as db:
        rows = await db.scalars(
            select(OutboxRow.id)
            .where(
                OutboxRow.bot_id == bot_id,
                OutboxRow.chat_id == chat_id,
                OutboxRow.class_ == "may",
                OutboxRow.state == "queued",
                OutboxRow.next_at <= journal.clock.now(),
            )
            .order_by(OutboxRow.id)
        )
        return tuple(rows)


async def count_outbox(journal: Journal) -> dict[str, int]:
    """How many rows are in each state."""
    async with journal.read() as db:
        rows = await db.execute(select(OutboxRow.state, func.count()).group_by(OutboxRow.state))
        return {state: number for state, number in rows}  # noqa: C416  # a Row is not a pair for mypy


async def mark_sent(tx: Transaction, row_id: int, *, sent_id: int | None = None) -> None:
    """It arrived, whoever holds the row by now."""
    await tx.db.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id)
        .values(state="sent", sent_id=sent_id, sent_at=tx.now, owner=None, lease_until=None)
    )


async def mark_shown(tx: Transaction, row_id: int) -> bool:
    """It is shown next, by whoever gets True: a nudge that may have been seen is never shown again."""
    ours = await tx.db.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.state == "queued")
        .values(state="sent", sent_at=tx.now)
        .returning(OutboxRow.id)
    )
    return ours.scalar() is not None


async def find_reply_id(journal: Journal, bot_id: int, chat_id: int, sent_id: int) -> int | None:
    """The stored reply behind a message of the bot that somebody tapped on or answered."""
    async with journal.read() as db:
        return await db.scalar(
            select(OutboxRow.reply_id)
            .where(OutboxRow.bot_id == bot_id, OutboxRow.chat_id == chat_id, OutboxRow.sent_id == sent_id)
            .order_by(OutboxRow.id.desc())
            .limit(1)
        )


async def drop_sent(tx: Transaction, *, before: datetime) -> int:
    """Drops what was sent, or given up, before a moment; one that still waits is never dropped.

    A nudge stays: its key keeps the day, and the evenings are counted by it. Of a reply only the words go:
    the row is how a tap on its button, or an answer to it, is known years later.

    Returns:
        How many rows went or lost their words.
    """
    old = (
        OutboxRow.state.in_(("sent", "unknown", "dead")),
        func.coalesce(OutboxRow.sent_at, OutboxRow.created_at) < before,
        OutboxRow.key.not_like("nudge:%"),
    )
    gone = await tx.db.execute(
        delete(OutboxRow).where(*old, OutboxRow.reply_id.is_(None)).returning(OutboxRow.id)
    )
    emptied = await tx.db.execute(
        update(OutboxRow)
        .where(*old, OutboxRow.kind != EMPTIED)
        .values(payload={}, kind=EMPTIED)
        .returning(OutboxRow.id)
    )
    return len(gone.all()) + len(emptied.all())
