"""What an operator decides and sees: who comes in, and what was set aside. Numbers, never a word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from memory.sql.blocked import mark_blocked
from memory.sql.tables import AccessRow, IdentityRow, InboxRow, MessageRow, OutboxRow, UserRow

if TYPE_CHECKING:
    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

DOOR = "telegram"


@dataclass(frozen=True, slots=True)
class Dead:
    """Something that was set aside: an ``update`` or a ``message``. ``has_words``: it can be tried again."""

    kind: str
    id: int
    why: str
    at: datetime
    has_words: bool


async def find_access(tx: Transaction, telegram_id: int) -> bool | None:
    """Whether the operator let this person in, or keeps them out; None where nothing was decided."""
    return await tx.db.scalar(select(AccessRow.allowed).where(AccessRow.telegram_id == telegram_id))


async def set_access(tx: Transaction, bot_id: int, telegram_id: int, *, allowed: bool) -> None:
    """Decides about one person. Who is kept out gets nothing more; what is stored of them stays."""
    row = await tx.db.get(AccessRow, telegram_id)
    if row is None:
        row = AccessRow(telegram_id=telegram_id, allowed=allowed, set_at=tx.now)
        tx.db.add(row)
    row.allowed, row.set_at = allowed, tx.now
    await tx.db.flush()
    if not allowed:
        await mark_blocked(tx, DOOR, bot_id, telegram_id)


async def count_people(journal: Journal) -> dict[str, int]:
    """How many there are, by what they do."""
    now = journal.clock.now()
    wrote = select(func.count(MessageRow.user_id.distinct())).where(MessageRow.role == "user")
    closed = select(func.count()).select_from(IdentityRow).where(IdentityRow.blocked_at.is_not(None))
    async with journal.read() as db:
        found = {
            "people": await db.scalar(select(func.count()).select_from(UserRow)),
            "wrote today": await db.scalar(wrote.where(MessageRow.said_at > now - timedelta(days=1))),
            "wrote this week": await db.scalar(wrote.where(MessageRow.said_at > now - timedelta(days=7))),
            "are paused": await db.scalar(
                select(func.count()).select_from(UserRow).where(UserRow.paused_until > now)
            ),
            "closed the chat, or are kept out": await db.scalar(closed),
            "were let in by hand": await db.scalar(
                select(func.count()).select_from(AccessRow).where(AccessRow.allowed)
            ),
        }
    return {name: number or 0 for name, number in found.items()}


async def list_dead(journal: Journal, *, limit: int = 200) -> tuple[Dead, ...]:
    """Updates and messages that were set aside, the newest first."""
    async with journal.read() as db:
        updates = await db.scalars(
            select(InboxRow).where(InboxRow.state == "dead").order_by(InboxRow.seq.desc()).limit(limit)
        )
        messages = await db.scalars(
            select(OutboxRow)
            .where(OutboxRow.state == "dead", OutboxRow.class_ == "must", OutboxRow.why != "blocked")
            .order_by(OutboxRow.id.desc())
            .limit(limit)
        )
        return (
            *(Dead("update", row.seq, row.why, row.received_at, bool(row.raw)) for row in updates),
            *(Dead("message", row.id, row.why, row.created_at, bool(row.payload)) for row in messages),
        )


async def retry_dead(tx: Transaction, seq: int, *, wakes: bool) -> bool:
    """An update waits again, with three new tries; ``wakes`` a worker for it. False when it is none."""
    row = await tx.db.scalar(
        update(InboxRow)
        .where(InboxRow.seq == seq, InboxRow.state == "dead", InboxRow.raw.is_not(None))
        .values(state="new", attempts=0, settled_at=None)
        .returning(InboxRow)
    )
    if row is None:
        return False
    # what told them that it failed had the key of the reply that may come now
    origin = f"u{row.bot_id}:{row.update_id}:"
    await tx.db.execute(
        update(OutboxRow)
        .where(OutboxRow.key.startswith(origin, autoescape=True))
        .values(key=OutboxRow.key + ":failed")
    )
    if wakes and row.chat_id is not None:
        from memory.sql.waking import wake  # procrastinate, for who has workers

        await wake(tx, row.bot_id, row.chat_id)
    return True


async def drop_dead(tx: Transaction, seq: int) -> bool:
    """An update is over, and its words go. False when it is none."""
    done = await tx.db.execute(
        update(InboxRow)
        .where(InboxRow.seq == seq, InboxRow.state == "dead")
        .values(state="done", raw=None)
        .returning(InboxRow.seq)
    )
    return done.scalar() is not None
