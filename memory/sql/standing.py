"""How things stand between the coach and many people at once: a handful of reads for a whole batch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, ScalarSelect, func, or_, select

from coaching.contact import MISSED, REMEMBERED, Nudged, Standing
from coaching.model import CommitmentStatus, Role
from coaching.parts import ReplyKind
from memory.sql.tables import CommitmentRow, InboxRow, MessageRow, OutboxRow, ReviewRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

    from coaching.model import User

SKIPPED = "skipped"  # the ``why`` of a nudge that arrived and was answered with "not tonight"
REPORTED_LATELY = timedelta(hours=48)  # longer than any local date


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person and where they are written to."""

    user: User
    chat_id: int
    blocked: bool = False


def nudge_key(user_id: int, on: date) -> str:
    """The unique key of a person's nudge for a local date."""
    return f"nudge:{user_id}:{on.isoformat()}"


def read_key(key: str) -> tuple[date, bool]:
    """The local date of a nudge's key, and whether it is a snooze."""
    _, _, on, *snooze = key.split(":")
    return date.fromisoformat(on), bool(snooze)


async def load_standings(
    db: AsyncSession, people: Mapping[int, Addressee], *, bot_id: int, now: datetime, but: str = ""
) -> dict[int, Standing]:
    """How things stand with each of these people, by user id, in three reads whatever their number.

    Args:
        db: The session to read with.
        people: Whom, by user id.
        bot_id: The bot whose inbox may hold something unread.
        now: This moment.
        but: The key of a nudge to leave out of account: the one that is asked about.
    """
    nudges = await _list_nudges(db, people, but)
    unread = await _list_unread(db, people, bot_id)
    found: dict[int, Standing] = {}
    for user_id, wrote_at, present_at, said_at, marked_at, reviewed_at in await _list_lives(db, people, now):
        someone = people[user_id]
        rows = nudges.get(user_id, [])
        found[user_id] = Standing(
            user=someone.user,
            nudges=tuple(
                Nudged(row.sent_at, row.on, row.why == SKIPPED) for row in rows if row.state == "sent"
            ),
            taken=frozenset(row.on for row in rows),
            wrote_at=wrote_at,
            present_at=present_at,
            reported_at=max((at for at in (said_at, marked_at) if at is not None), default=None),
            reviewed_at=reviewed_at,
            missed_on=_find_missed(rows),
            unread=someone.chat_id in unread,
            blocked=someone.blocked,
        )
    return found


@dataclass(frozen=True, slots=True)
class _Sent:
    on: date
    state: str
    why: str
    sent_at: datetime


def _find_missed(rows: Iterable[_Sent]) -> date | None:
    """The first of the evenings that were missed since the last one that was not."""
    missed = None
    for row in rows:
        if row.state == "dead" and row.why in MISSED:
            missed = row.on
        elif row.state in ("sent", "unknown", "dead"):
            break
    return missed


async def _list_nudges(db: AsyncSession, people: Mapping[int, Addressee], but: str) -> dict[int, list[_Sent]]:
    """The newest nudges of each person, newest first, snoozes left out."""
    newest = (
        select(
            OutboxRow.user_id,
            OutboxRow.key,
            OutboxRow.state,
            OutboxRow.why,
            OutboxRow.sent_at,
            OutboxRow.next_at,
            func.row_number()
            .over(partition_by=OutboxRow.user_id, order_by=OutboxRow.id.desc())
            .label("place"),
        )
        .where(
            OutboxRow.user_id.in_(people),
            OutboxRow.class_ == "may",
            OutboxRow.key.like("nudge:%"),
            OutboxRow.key.not_like("%:snooze:%"),
            OutboxRow.key != but,
        )
        .subquery()
    )
    rows = await db.execute(
        select(newest).where(newest.c.place <= REMEMBERED).order_by(newest.c.user_id, newest.c.place)
    )
    found: dict[int, list[_Sent]] = {}
    for row in rows:
        on, _ = read_key(row.key)
        found.setdefault(row.user_id, []).append(_Sent(on, row.state, row.why, row.sent_at or row.next_at))
    return found


async def _list_unread(db: AsyncSession, people: Mapping[int, Addressee], bot_id: int) -> set[int | None]:
    """The chats with an update that nobody has read yet."""
    chats = [someone.chat_id for someone in people.values()]
    rows = await db.scalars(
        select(InboxRow.chat_id).where(
            InboxRow.chat_id.in_(chats), InboxRow.state == "new", InboxRow.bot_id == bot_id
        )
    )
    return set(rows)


async def _list_lives(
    db: AsyncSession, people: Mapping[int, Addressee], now: datetime
) -> Sequence[Row[int, Any, Any, Any, Any, Any]]:
    """Of each person: newest words, newest sign of life, newest report by words and by tap, newest review."""
    lately = now - REPORTED_LATELY
    # a tap stores no words, but its answer is stored; only what we began ourselves is no sign of life
    answered = or_(MessageRow.origin.is_(None), MessageRow.origin.not_like("nudge:%"))
    result = (CommitmentStatus.DONE, CommitmentStatus.HALF)
    marked = (
        select(func.max(CommitmentRow.updated_at))
        .where(
            CommitmentRow.user_id == UserRow.id,
            CommitmentRow.status.in_(result),
            CommitmentRow.updated_at > lately,
        )
        .correlate(UserRow)
        .scalar_subquery()
    )
    reviewed = (
        select(func.max(ReviewRow.created_at))
        .where(ReviewRow.user_id == UserRow.id)
        .correlate(UserRow)
        .scalar_subquery()
    )
    rows = await db.execute(
        select(
            UserRow.id,
            _newest(MessageRow.role == Role.USER),
            _newest(answered),
            _newest(MessageRow.reply_kind == ReplyKind.CHECKIN_REPLY, MessageRow.said_at > lately),
            marked,
            reviewed,
        ).where(UserRow.id.in_(people))
    )
    return rows.all()


def _newest(*which: ColumnElement[bool]) -> ScalarSelect[Any]:
    """When the newest of a person's messages of some kind was said, what they imported left out."""
    return (
        select(MessageRow.said_at)
        .where(MessageRow.user_id == UserRow.id, MessageRow.import_id.is_(None), *which)
        .order_by(MessageRow.said_at.desc())
        .limit(1)
        .correlate(UserRow)
        .scalar_subquery()
    )
