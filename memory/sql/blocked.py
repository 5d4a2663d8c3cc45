"""Chats that refuse to be written to, and their coming back. What is stored of the person stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, select, update

from memory.sql.tables import IdentityRow, InboxRow, OutboxRow

if TYPE_CHECKING:
    from datetime import datetime

    from memory.sql.transaction import Transaction


async def mark_blocked(
    tx: Transaction, door: str, bot_id: int, chat_id: int, *, since: datetime | None = None
) -> bool:
    """The door closed: nothing more is sent there, and what waits for them dies.

    Args:
        tx: The transaction.
        door: The door.
        bot_id: The bot.
        chat_id: The private chat, which bears the person's own number.
        since: When the refused send began. Who wrote after it is back already, and stays open.

    Returns:
        False when the person wrote since.
    """
    if since is not None:
        wrote = exists().where(
            InboxRow.bot_id == bot_id, InboxRow.chat_id == chat_id, InboxRow.received_at > since
        )
        if await tx.db.scalar(select(wrote)):
            return False
    await tx.db.execute(
        update(IdentityRow)
        .where(
            IdentityRow.door == door,
            IdentityRow.external_id == str(chat_id),
            IdentityRow.blocked_at.is_(None),
        )
        .values(blocked_at=tx.now)
    )
    await _drop_queued(tx, door, bot_id, chat_id)
    return True


async def mark_open(tx: Transaction, door: str, bot_id: int, chat_id: int) -> bool:
    """The person writes again. What was queued behind the closed door is old by now and dies.

    Call it in the transaction that stores their update, before anything answers it.

    Returns:
        True when the door was closed.
    """
    opened = await tx.db.execute(
        update(IdentityRow)
        .where(
            IdentityRow.door == door,
            IdentityRow.external_id == str(chat_id),
            IdentityRow.blocked_at.is_not(None),
        )
        .values(blocked_at=None)
        .returning(IdentityRow.user_id)
    )
    if opened.scalar() is None:
        return False
    await _drop_queued(tx, door, bot_id, chat_id)
    return True


async def _drop_queued(tx: Transaction, door: str, bot_id: int, chat_id: int) -> None:
    await tx.db.execute(
        update(OutboxRow)
        .where(
            OutboxRow.door == door,
            OutboxRow.bot_id == bot_id,
            OutboxRow.chat_id == chat_id,
            OutboxRow.state == "queued",
        )
        .values(state="dead", why="blocked")
    )
