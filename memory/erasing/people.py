"""Which stored updates are one person's: the inbox knows senders and numbers, not people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from memory.erasing.forgotten import chunks
from memory.sql.inbox import TERMINAL
from memory.sql.tables import IdentityRow, InboxRow, MessageRow, OutboxRow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

# messages.origin is u{bot}:{update} for what was said, with :{n} for a reply; an outbox key looks the same
_ORIGIN = re.compile(r"u(\d+):(\d+)(?::\d+)?")


async def list_updates(db: AsyncSession, user_id: int) -> tuple[int, ...]:
    """The ``seq`` of every inbox row of this person: sent by them, or answered to them."""
    telegram = await db.scalars(
        select(IdentityRow.external_id).where(IdentityRow.user_id == user_id, IdentityRow.door == "telegram")
    )
    senders = [int(name) for name in telegram if name.isdigit()]
    found = set(
        await db.scalars(
            select(InboxRow.seq).where(
                or_(
                    and_(InboxRow.bot_id == TERMINAL, InboxRow.sender_id == user_id),
                    and_(InboxRow.bot_id != TERMINAL, InboxRow.sender_id.in_(senders)),
                )
            )
        )
    )
    said = await db.scalars(select(MessageRow.origin).where(MessageRow.user_id == user_id))
    sent = await db.scalars(select(OutboxRow.key).where(OutboxRow.user_id == user_id))
    found |= await find_seqs(db, (*said, *sent))
    return tuple(sorted(found))


async def find_seqs(db: AsyncSession, origins: Iterable[str | None]) -> set[int]:
    """The ``seq`` of the inbox rows that these origins name; one that names none is passed over."""
    by_bot: dict[int, set[int]] = {}
    for origin in origins:
        if match := _ORIGIN.fullmatch(origin or ""):
            by_bot.setdefault(int(match.group(1)), set()).add(int(match.group(2)))
    found: set[int] = set()
    for bot_id, numbers in by_bot.items():
        for chunk in chunks(numbers):
            found |= set(
                await db.scalars(
                    select(InboxRow.seq).where(InboxRow.bot_id == bot_id, InboxRow.update_id.in_(chunk))
                )
            )
    return found
