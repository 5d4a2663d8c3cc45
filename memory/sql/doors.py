"""When a bot last heard from Telegram: for health, and to know that something may not have arrived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from memory.sql.tables import DoorRow

if TYPE_CHECKING:
    from datetime import datetime

    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

KEPT_BY_TELEGRAM = timedelta(hours=24)  # core.telegram.org/bots/api#getting-updates
TURNING = timedelta(minutes=1)  # in which Telegram may still bring what it sent off with the secret before
NOTED_AGAIN = timedelta(seconds=5)  # far below what is made of it: two minutes of health, a day of Telegram's


@dataclass(frozen=True, slots=True)
class Door:
    """``back_at`` is when it came back after it had been away for longer than Telegram keeps updates."""

    bot_id: int
    polled_at: datetime
    back_at: datetime | None


async def mark_polled(tx: Transaction, bot_id: int) -> None:
    """Telegram answered just now."""
    row = await tx.db.get(DoorRow, bot_id)
    if row is None:
        await tx.db.execute(
            tx.insert_once(DoorRow)
            .values(bot_id=bot_id, polled_at=tx.now, secret_turn=0)
            .on_conflict_do_nothing()
        )
        return
    if timedelta() <= tx.now - row.polled_at < NOTED_AGAIN:
        return  # the row is everybody's: replicas that all wrote it would wait for each other
    if tx.now - row.polled_at > KEPT_BY_TELEGRAM:
        row.back_at = tx.now
    row.polled_at = max(row.polled_at, tx.now)
    await tx.db.flush()


async def turn_secret(tx: Transaction, bot_id: int) -> int:
    """The webhook's next secret counts from now on.

    Returns:
        Its number; 0 was the first.
    """
    await tx.db.execute(
        tx.insert_once(DoorRow)
        .values(bot_id=bot_id, polled_at=tx.now, secret_turn=0)
        .on_conflict_do_nothing()
    )
    row = await tx.db.get_one(DoorRow, bot_id, populate_existing=True)
    row.secret_turn, row.secret_turned_at = row.secret_turn + 1, tx.now
    await tx.db.flush()
    return row.secret_turn


async def list_secret_turns(journal: Journal, bot_id: int) -> tuple[int, ...]:
    """The numbers of the secrets that count now: the newest, and for a moment the one before."""
    async with journal.read() as db:
        row = await db.get(DoorRow, bot_id)
    if row is None or row.secret_turned_at is None:
        return (0,)
    is_new = journal.clock.now() - row.secret_turned_at < TURNING
    return (row.secret_turn, row.secret_turn - 1) if is_new else (row.secret_turn,)


async def find_door(journal: Journal, bot_id: int) -> Door | None:
    """What is known of one bot."""
    async with journal.read() as db:
        row = await db.get(DoorRow, bot_id)
        return Door(row.bot_id, row.polled_at, row.back_at) if row else None


async def list_doors(journal: Journal) -> tuple[Door, ...]:
    """Every bot that was ever open here."""
    async with journal.read() as db:
        rows = await db.scalars(select(DoorRow).order_by(DoorRow.bot_id))
        return tuple(Door(row.bot_id, row.polled_at, row.back_at) for row in rows)
