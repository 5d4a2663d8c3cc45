"""The outbox as a sender sees it: claim a row, send it, say what became of it.

A row goes queued → sending (owner, lease) → sent, unknown or dead. ``sending`` is committed before the door
is called, so a crash leaves a row that may have arrived: a *must* is then sent again, a *may* never is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from memory.sql.tables import IdentityRow, OutboxRow, UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.sql.dml import ReturningUpdate

    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

# With the deliverer's waits, an hour of sends that may all have arrived: then it is not this network's fault.
MOST_DOUBTS = 20


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that one sender holds until its lease runs out.

    ``doubts`` are earlier sends that may have arrived, ``pieces_sent`` the messages of it that did.
    """

    id: int
    owner: str
    key: str
    chat_id: int
    user_id: int | None
    kind: str
    payload: dict[str, Any]
    must: bool
    doubts: int
    pieces_sent: int


@dataclass(frozen=True, slots=True)
class Work:
    """What a sender finds: whether a row can be claimed, whether a lease ran out, when to look again."""

    due: bool
    orphaned: bool
    next_at: datetime | None


def _claimable() -> ColumnElement[bool]:
    """Due, in an open chat, and nothing of the same chat goes before it."""
    other = aliased(OutboxRow)
    before_it = exists().where(
        other.door == OutboxRow.door,
        other.bot_id == OutboxRow.bot_id,
        other.chat_id == OutboxRow.chat_id,
        other.id != OutboxRow.id,
        or_(
            other.state == "sending",
            # a send failed and the chat rests
            and_(other.state == "queued", other.why != "", other.next_at > _NOW),
            # the order of the chat; a nudge planned for later does not hold up a reply
            and_(
                other.state == "queued",
                other.id < OutboxRow.id,
                or_(other.class_ == "must", other.next_at <= _NOW),
            ),
        ),
    )
    blocked = exists().where(
        IdentityRow.door == OutboxRow.door,
        IdentityRow.external_id == cast(OutboxRow.chat_id, String),
        IdentityRow.blocked_at.is_not(None),
    )
    return and_(*_OURS, OutboxRow.state == "queued", OutboxRow.next_at <= _NOW, ~before_it, ~blocked)


def _build_work() -> Select[int | None, datetime | None, datetime | None]:
    due = select(OutboxRow.id).where(_claimable()).limit(1).scalar_subquery()
    next_at = select(func.min(OutboxRow.next_at)).where(
        *_OURS, OutboxRow.state == "queued", OutboxRow.next_at > _NOW
    )
    lease = select(func.min(OutboxRow.lease_until)).where(
        *_OURS, OutboxRow.state == "sending", OutboxRow.id.not_in(bindparam("in_hand", expanding=True))
    )
    return select(due, next_at.scalar_subquery(), lease.scalar_subquery())


def _build_next() -> Select[int]:
    may_last = case((OutboxRow.class_ == "must", 0), else_=1)
    return (
        select(OutboxRow.id)
        .where(_claimable(), OutboxRow.chat_id.not_in(bindparam("resting", expanding=True)))
        .order_by(may_last, OutboxRow.next_at, OutboxRow.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True, of=OutboxRow)
    )


def _build_take() -> ReturningUpdate[OutboxRow]:
    return (
        update(OutboxRow)
        # asked again, because on Postgres another sender's claim may be older than the first look
        .where(OutboxRow.id.in_(bindparam("ids", expanding=True)), _claimable())
        .values(
            state="sending",
            owner=bindparam("by", type_=String),
            lease_until=bindparam("lease", type_=UtcDateTime),
        )
        .returning(OutboxRow)
    )


# Built once: putting these together takes SQLAlchemy longer than SQLite takes to answer them.
_NOW = bindparam("now", type_=UtcDateTime)
_OURS = (OutboxRow.door == bindparam("of_door"), OutboxRow.bot_id == bindparam("of_bot"))
_WORK = _build_work()
_NEXT = _build_next()
_TAKE = _build_take()
_AS_TOLD = {"synchronize_session": False}


async def find_work(journal: Journal, door: str, bot_id: int, *, in_hand: Collection[int] = ()) -> Work:
    """Looks, without taking the write lock, whether there is something to do and when there will be.

    ``in_hand`` are the rows that the caller itself is sending.
    """
    now = journal.clock.now()
    what = {"now": now, "of_door": door, "of_bot": bot_id, "in_hand": list(in_hand)}
    async with journal.read() as db:
        due, next_at, lease = (await db.execute(_WORK, what)).one()
    moments = [moment for moment in (next_at, lease) if moment is not None]
    return Work(
        due=due is not None,
        orphaned=lease is not None and lease <= now,
        next_at=min(moments, default=None),
    )


async def claim_due(
    tx: Transaction,
    door: str,
    bot_id: int,
    *,
    owner: str,
    lease: timedelta,
    limit: int,
    resting: Collection[int] = (),
) -> tuple[Claimed, ...]:
    """Takes the next row of each chat that may be written to now: replies first, then the longest waiting.

    Safe with several senders: SQLite has one writer at a time, and Postgres skips rows and chats that
    another sender is claiming. The caller commits before it sends.

    Args:
        tx: The transaction.
        door: The door.
        bot_id: The bot.
        owner: Who sends, unique among everything that sends.
        lease: How long the claim holds. Longer than the longest send.
        limit: Most rows to take.
        resting: Chats to leave alone this time.
    """
    what = {"now": tx.now, "of_door": door, "of_bot": bot_id}
    found = await tx.db.scalars(_NEXT, {**what, "resting": list(resting), "most": limit})
    ids = await _lock_chats(tx, found.all())
    taken = await tx.db.execute(
        _TAKE, {**what, "ids": ids, "by": owner, "lease": tx.now + lease}, execution_options=_AS_TOLD
    )
    rows = {row.id: row for row in taken.scalars()}
    return tuple(_claimed(rows[row_id], owner) for row_id in ids if row_id in rows)


async def mark_piece_sent(
    tx: Transaction, row: Claimed, pieces: int, *, sent_id: int | None, lease: timedelta
) -> bool:
    """So many messages of it arrived; the lease begins anew.

    Returns:
        False when the row is no longer this sender's: it must send no more of it.
    """
    done = await tx.db.execute(
        update(OutboxRow)
        .where(*_held(row))
        .values(pieces_sent=pieces, sent_id=sent_id, lease_until=tx.now + lease)
        .returning(OutboxRow.id)
    )
    return done.scalar() is not None


async def extend_lease(tx: Transaction, row: Claimed, lease: timedelta) -> None:
    """The next call takes longer than most: a file."""
    await tx.db.execute(update(OutboxRow).where(*_held(row)).values(lease_until=tx.now + lease))


async def put_back(tx: Transaction, row: Claimed, *, next_at: datetime, why: str) -> None:
    """It was not sent: it waits until ``next_at``, and so does all else for this chat."""
    await tx.db.execute(update(OutboxRow).where(*_held(row)).values(**_waiting(next_at, why)))


async def mark_in_doubt(tx: Transaction, row: Claimed, *, next_at: datetime, why: str) -> str:
    """It may have arrived: a must waits to be sent again, a may stays unknown.

    Returns:
        The new state: queued, or unknown when it is a may or was in doubt too often.
    """
    if not row.must or row.doubts + 1 >= MOST_DOUBTS:
        await tx.db.execute(update(OutboxRow).where(*_held(row)).values(**_over("unknown", why)))
        return "unknown"
    waiting = {**_waiting(next_at, why), "doubts": row.doubts + 1}
    await tx.db.execute(update(OutboxRow).where(*_held(row)).values(**waiting))
    return "queued"


async def mark_dead(tx: Transaction, row: Claimed, *, why: str) -> None:
    """It was refused, and would be refused again."""
    await tx.db.execute(update(OutboxRow).where(*_held(row)).values(**_over("dead", why)))


async def settle_orphans(
    tx: Transaction, door: str, bot_id: int, *, alone: bool = False, in_hand: Collection[int] = ()
) -> int:
    """Decides about rows whose sender died: a must is queued again, a may becomes unknown.

    A nudge that had no words yet was certainly not sent, and waits again. A crash is our doing and not the
    row's, so it is no doubt that counts.

    Args:
        tx: The transaction.
        door: The door.
        bot_id: The bot.
        alone: Nobody else sends for this bot: rows in ``sending`` are orphans before their lease is over.
        in_hand: Rows the caller itself is sending at this moment.

    Returns:
        How many there were.
    """
    lost = [
        OutboxRow.door == door,
        OutboxRow.bot_id == bot_id,
        OutboxRow.state == "sending",
        OutboxRow.id.not_in(in_hand),
    ]
    if not alone:
        lost.append(OutboxRow.lease_until <= tx.now)
    wordless = and_(OutboxRow.key.like("nudge:%"), OutboxRow.reply_id.is_(None))
    again = await tx.db.execute(
        update(OutboxRow)
        .where(*lost, or_(OutboxRow.class_ == "must", wordless))
        .values(**_waiting(tx.now, "interrupted"))
        .returning(OutboxRow.id)
    )
    unknown = await tx.db.execute(
        update(OutboxRow)
        .where(*lost, OutboxRow.class_ == "may")
        .values(**_over("unknown", "interrupted"))
        .returning(OutboxRow.id)
    )
    return len(again.all()) + len(unknown.all())


async def _lock_chats(tx: Transaction, ids: Sequence[int]) -> list[int]:
    """The rows whose chats nobody else is claiming from at this moment."""
    if tx.db.get_bind().dialect.name == "sqlite":
        return list(ids)
    # Two senders whose clocks differ could claim two rows of one chat, as neither sees the other's commit.
    name = func.concat(OutboxRow.door, ":", OutboxRow.bot_id, ":", OutboxRow.chat_id)
    tried = await tx.db.execute(
        select(OutboxRow.id, func.pg_try_advisory_xact_lock(func.hashtextextended(name, 0))).where(
            OutboxRow.id.in_(ids)
        )
    )
    free = {row_id for row_id, is_ours in tried if is_ours}
    return [row_id for row_id in ids if row_id in free]


def _claimed(row: OutboxRow, owner: str) -> Claimed:
    return Claimed(
        id=row.id,
        owner=owner,
        key=row.key,
        chat_id=row.chat_id,
        user_id=row.user_id,
        kind=row.kind,
        payload=row.payload,
        must=row.class_ == "must",
        doubts=row.doubts,
        pieces_sent=row.pieces_sent,
    )


def _held(row: Claimed) -> tuple[ColumnElement[bool], ...]:
    """The row while it is still this sender's; a lease that ran out gave it to somebody else."""
    return OutboxRow.id == row.id, OutboxRow.owner == row.owner, OutboxRow.state == "sending"


def _waiting(next_at: datetime, why: str) -> dict[str, Any]:
    return {"state": "queued", "owner": None, "lease_until": None, "next_at": next_at, "why": why[:80]}


def _over(state: str, why: str) -> dict[str, Any]:
    return {"state": state, "owner": None, "lease_until": None, "why": why[:80]}
