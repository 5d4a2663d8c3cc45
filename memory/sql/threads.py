"""Which stored message a door's own message is, and the other way round: for quotes, replies and edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from coaching.model import Role, Safety
from memory.sql.tables import IndexOpRow, MessageLensRow, MessageRow, TokensRow, UserRow, VectorRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coaching.model import Language, Lens
    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored line of the person, as far as an edit or a reply needs it."""

    id: int
    text: str
    is_command: bool


async def find_said(journal: Journal, user_id: int, bot_id: int, external_id: int) -> Stored | None:
    """The person's own stored line behind a message of the chat with this bot."""
    async with journal.read() as db:
        row = await db.scalar(
            select(MessageRow).where(
                MessageRow.user_id == user_id,
                MessageRow.external_id == external_id,
                # another bot counts its messages anew
                MessageRow.origin.startswith(f"u{bot_id}:", autoescape=True),
            )
        )
    return Stored(row.id, row.text, row.channel == "command") if row else None


async def find_external_id(journal: Journal, user_id: int, bot_id: int, message_id: int) -> int | None:
    """The number of a stored line of the person in the chat with this bot, if it was said there."""
    async with journal.read() as db:
        return await db.scalar(
            select(MessageRow.external_id).where(
                MessageRow.id == message_id,
                MessageRow.user_id == user_id,
                MessageRow.role == Role.USER,
                MessageRow.origin.startswith(f"u{bot_id}:", autoescape=True),
            )
        )


async def count_replies(journal: Journal, user_id: int) -> int:
    """How many replies this person has had."""
    async with journal.read() as db:
        return await db.scalar(select(UserRow.turns).where(UserRow.id == user_id)) or 0


async def change_said(
    tx: Transaction,
    user_id: int,
    message_id: int,
    words: str,
    language: Language,
    *,
    safety: Safety,
    lenses: Sequence[tuple[Lens, float]] = (),
) -> bool:
    """The person edited a message: what is stored becomes what they mean, and is indexed anew.

    Replies that quote the earlier words go on pointing here, so that forgetting the message finds them.

    Returns:
        False when it is not there any more.
    """
    changed = await tx.db.execute(
        update(MessageRow)
        .where(MessageRow.id == message_id, MessageRow.user_id == user_id, MessageRow.role == Role.USER)
        .values(text=words, language=language, safety=safety)
        .returning(MessageRow.id)
    )
    if changed.scalar() is None:
        return False
    await tx.db.execute(delete(MessageLensRow).where(MessageLensRow.message_id == message_id))
    if lenses:
        await tx.db.execute(
            insert(MessageLensRow),
            [{"message_id": message_id, "lens": lens.value, "weight": weight} for lens, weight in lenses],
        )
    # what was made of the old words must not be taken for the new ones
    await tx.db.execute(delete(VectorRow).where(VectorRow.message_id == message_id))
    await tx.db.execute(delete(TokensRow).where(TokensRow.message_id == message_id))
    tx.db.add(IndexOpRow(user_id=user_id, message_id=message_id, op="remove"))
    await tx.db.flush()
    if safety is Safety.NONE:
        tx.db.add(IndexOpRow(user_id=user_id, message_id=message_id, op="add"))
        await tx.db.flush()
    return True
