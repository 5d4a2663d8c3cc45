"""Two doors of one person become one person: everything of the one moves to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, tuple_, update

from coaching.model import Role, Safety
from memory.sql.nudges import replan
from memory.sql.tables import (
    DialogueRow,
    IndexOpRow,
    MessageRow,
    NudgePlanRow,
    OutboxRow,
    RecallMarkRow,
    ReviewRow,
    Table,
    TokensRow,
    TokenUseRow,
    UserRow,
    VectorRow,
)

if TYPE_CHECKING:
    from memory.sql.transaction import Transaction

# one row a person, or made anew: the one who stays keeps theirs
_STAYS_BEHIND = (DialogueRow, NudgePlanRow, RecallMarkRow, TokenUseRow)
_BY_HAND = frozenset({"users", "index_ops"}) | {table.__tablename__ for table in _STAYS_BEHIND}
_GRAVEST = (Safety.NONE, Safety.UNSURE, Safety.PASSIVE, Safety.EXPLICIT, Safety.HARM)


async def join_people(tx: Transaction, *, stays: int, goes: int) -> bool:
    """Moves every row of ``goes`` to ``stays``, whose settings hold, and removes the empty person.

    What both have (an imported entry, a week's review) is kept once. The moved messages are indexed anew.

    Returns:
        False when they are one person already.
    """
    if stays == goes:
        return False
    # what still waited for the index is decided anew below
    await tx.db.execute(delete(IndexOpRow).where(IndexOpRow.user_id == goes))
    await _drop_doubles(tx, stays, goes)
    await _join_nudges(tx, stays, goes)
    await _join_crisis(tx, stays, goes)
    moved = list(
        await tx.db.scalars(select(MessageRow.id).where(MessageRow.user_id == goes).order_by(MessageRow.id))
    )
    spoken = set(
        await tx.db.scalars(
            select(MessageRow.id).where(
                MessageRow.user_id == goes,
                MessageRow.role == Role.USER,
                MessageRow.channel != "command",
                MessageRow.safety == Safety.NONE,
            )
        )
    )
    for table in Table.metadata.sorted_tables:
        if "user_id" in table.c and table.name not in _BY_HAND:
            await tx.db.execute(update(table).where(table.c.user_id == goes).values(user_id=stays))
    for row in _STAYS_BEHIND:
        await tx.db.execute(delete(row).where(row.user_id == goes))
    await replan(tx, stays)
    if moved:
        await tx.db.execute(
            insert(IndexOpRow), [{"user_id": goes, "message_id": n, "op": "remove"} for n in moved]
        )
    if spoken:
        await tx.db.execute(
            insert(IndexOpRow), [{"user_id": stays, "message_id": n, "op": "add"} for n in sorted(spoken)]
        )
    turns = select(UserRow.turns).where(UserRow.id == goes).scalar_subquery()
    await tx.db.execute(update(UserRow).where(UserRow.id == stays).values(turns=UserRow.turns + turns))
    await tx.db.execute(delete(UserRow).where(UserRow.id == goes))
    return True


async def _drop_doubles(tx: Transaction, stays: int, goes: int) -> None:
    known = select(MessageRow.fingerprint).where(
        MessageRow.user_id == stays, MessageRow.fingerprint.is_not(None)
    )
    doubles = list(
        await tx.db.scalars(
            select(MessageRow.id).where(MessageRow.user_id == goes, MessageRow.fingerprint.in_(known))
        )
    )
    for table in (VectorRow, TokensRow):
        await tx.db.execute(delete(table).where(table.message_id.in_(doubles)))
    await tx.db.execute(delete(MessageRow).where(MessageRow.id.in_(doubles)))
    if doubles:
        await tx.db.execute(
            insert(IndexOpRow), [{"user_id": goes, "message_id": n, "op": "remove"} for n in doubles]
        )
    told = select(ReviewRow.year, ReviewRow.week).where(ReviewRow.user_id == stays)
    await tx.db.execute(
        delete(ReviewRow).where(ReviewRow.user_id == goes, tuple_(ReviewRow.year, ReviewRow.week).in_(told))
    )


async def _join_nudges(tx: Transaction, stays: int, goes: int) -> None:
    """One person is asked once a date: what waited for the other is not sent, what was sent still counts."""
    nudges = select(OutboxRow).where(OutboxRow.key.like("nudge:%")).order_by(OutboxRow.id)
    taken = {row.key for row in await tx.db.scalars(nudges.where(OutboxRow.user_id == stays))}
    for row in await tx.db.scalars(nudges.where(OutboxRow.user_id == goes)):
        key = row.key.replace(f"nudge:{goes}:", f"nudge:{stays}:", 1)
        if row.state == "queued":
            unsaid = row.reply_id
            await tx.db.delete(row)
            await tx.db.flush()
            await tx.db.execute(delete(MessageRow).where(MessageRow.id == unsaid))
        elif key not in taken:
            row.key = key
    await tx.db.flush()


async def _join_crisis(tx: Transaction, stays: int, goes: int) -> None:
    """What safety heard from either of them still holds."""
    one, other = await tx.db.get(UserRow, stays), await tx.db.get(UserRow, goes)
    if one is None or other is None:
        return
    if _GRAVEST.index(Safety(other.crisis_level)) > _GRAVEST.index(Safety(one.crisis_level)):
        one.crisis_level, one.crisis_why = other.crisis_level, other.crisis_why
        one.crisis_at = other.crisis_at
        await tx.db.flush()
