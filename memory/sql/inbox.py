"""The inbox: an update is stored before anything is thought about it, and settled exactly once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from memory.sql.tables import InboxRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

TERMINAL = 0  # the terminal's bot_id; Telegram's are the numbers in front of their tokens


@dataclass(frozen=True, slots=True)
class Pending:
    """An update that waits to be thought about."""

    seq: int
    bot_id: int
    update_id: int
    chat_id: int
    sender_id: int | None
    raw: str
    attempts: int
    received_at: datetime


async def store_update(
    tx: Transaction,
    *,
    bot_id: int,
    update_id: int,
    chat_id: int | None,
    sender_id: int | None,
    raw: str | None,
    why: str = "not allowed",
) -> bool:
    """Stores an update once. ``raw`` is None for a sender who is not allowed: an id is left, and no words.

    ``why`` says what else kept the words out.

    Returns:
        False when it was stored before.
    """
    made = await tx.db.execute(
        tx.insert_once(InboxRow)
        .values(
            bot_id=bot_id,
            update_id=update_id,
            chat_id=chat_id,
            sender_id=sender_id,
            raw=raw,
            state="new" if raw is not None else "done",
            attempts=0,
            why="" if raw is not None else why[:80],
            received_at=tx.now,
            settled_at=None if raw is not None else tx.now,
        )
        .on_conflict_do_nothing(index_elements=["bot_id", "update_id"])
        .returning(InboxRow.seq)
    )
    return made.scalar() is not None


async def next_update_id(tx: Transaction, bot_id: int) -> int:
    """The number of the next line, for a door that numbers its updates itself."""
    newest = await tx.db.scalar(select(func.max(InboxRow.update_id)).where(InboxRow.bot_id == bot_id))
    return (newest or 0) + 1


async def list_pending(
    journal: Journal, bot_id: int, chat_id: int, *, limit: int | None = None
) -> tuple[Pending, ...]:
    """What waits in one chat, in order of arrival; at most ``limit``."""
    async with journal.read() as db:
        rows = await db.scalars(
            select(InboxRow)
            .where(InboxRow.bot_id == bot_id, InboxRow.chat_id == chat_id, InboxRow.state == "new")
            .order_by(InboxRow.seq)
            .limit(limit)
        )
        return tuple(
            Pending(
                seq=row.seq,
                bot_id=row.bot_id,
                update_id=row.update_id,
                chat_id=chat_id,
                sender_id=row.sender_id,
                raw=row.raw or "",
                attempts=row.attempts,
                received_at=row.received_at,
            )
            for row in rows
        )


async def count_pending(tx: Transaction, bot_id: int, chat_id: int) -> int:
    """How much waits in one chat."""
    return (
        await tx.db.scalar(
            select(func.count())
            .select_from(InboxRow)
            .where(InboxRow.bot_id == bot_id, InboxRow.chat_id == chat_id, InboxRow.state == "new")
        )
        or 0
    )


async def list_waiting_chats(journal: Journal) -> tuple[tuple[int, int], ...]:
    """``(bot_id, chat_id)`` of every chat with something new, the longest waiting first."""
    async with journal.read() as db:
        rows = await db.execute(
            select(InboxRow.bot_id, InboxRow.chat_id)
            .where(InboxRow.state == "new", InboxRow.chat_id.is_not(None))
            .group_by(InboxRow.bot_id, InboxRow.chat_id)
            .order_by(func.min(InboxRow.seq))
        )
        return tuple((bot_id, chat_id) for bot_id, chat_id in rows if chat_id is not None)


async def list_settled_at(
    journal: Journal, bot_id: int, chat_id: int, *, since: datetime
) -> tuple[datetime, ...]:
    """When the updates of a chat were settled since a moment, oldest first: what its budget is counted by."""
    async with journal.read() as db:
        rows = await db.scalars(
            select(InboxRow.settled_at)
            .where(
                InboxRow.bot_id == bot_id,
                InboxRow.chat_id == chat_id,
                InboxRow.state == "done",
                InboxRow.settled_at > since,
            )
            .order_by(InboxRow.settled_at)
        )
        return tuple(at for at in rows if at is not None)


async def settle(tx: Transaction, seqs: Sequence[int]) -> bool:
    """Marks updates done where they are still new.

    Returns:
        True when all of them were new: only then may their effects be written.
    """
    done = await tx.db.execute(
        update(InboxRow)
        .where(InboxRow.seq.in_(seqs), InboxRow.state == "new")
        .values(state="done", raw=None, settled_at=tx.now)
        .returning(InboxRow.seq)
    )
    return len(done.all()) == len(seqs)


async def mark_failed(tx: Transaction, seq: int, *, why: str, tries: int = 3) -> bool:
    """Counts a try that failed for the update's own sake; the last one sets it aside.

    Returns:
        True when it is dead now.
    """
    row = await tx.db.get(InboxRow, seq)
    if row is None or row.state != "new":
        return False
    row.attempts += 1
    row.why = why[:80]
    if row.attempts >= tries:
        row.state, row.settled_at = "dead", tx.now
    await tx.db.flush()
    return row.state == "dead"


async def drop_settled(tx: Transaction, *, before: datetime) -> int:
    """Drops rows that were settled before a moment; one that still waits is never dropped.

    Telegram may begin its numbers anew after a week, so that older ones are no longer needed to tell a
    repeated update.

    Returns:
        How many went.
    """
    gone = await tx.db.execute(
        delete(InboxRow)
        .where(InboxRow.state.in_(("done", "dead")), InboxRow.settled_at < before)
        .returning(InboxRow.seq)
    )
    return len(gone.all())


async def count_inbox(journal: Journal) -> dict[str, int]:
    """How many updates are in each state."""
    async with journal.read() as db:
        rows = await db.execute(select(InboxRow.state, func.count()).group_by(InboxRow.state))
        return {state: number for state, number in rows}  # noqa: C416  # a Row is not a pair for mypy
