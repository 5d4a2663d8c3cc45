"""A nudge on its way out: asked about once more, given its words, and what people tap on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, update

from coaching.contact import LATE, MISSED, REMEMBERED, WAVE, Contact, decide_contact
from coaching.hours import Evening, find_snooze
from coaching.model import Event
from memory.sql.nudges import KINDS, read_person
from memory.sql.standing import SKIPPED, Addressee, load_standings, read_key
from memory.sql.tables import MessageRow, OutboxRow, UserRow

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select

    from coaching.model import User
    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

WAITING = ("queued", "sending")
TOLD = "told"  # the ``why`` of a missed evening that was owned up to


@dataclass(frozen=True, slots=True)
class Nudge:
    """A nudge that waits to be sent, and what is to be done about it now.

    ``payload`` is what the door sends, None until the nudge has its words.
    """

    id: int
    key: str
    user: User
    evening: Evening
    contact: Contact
    payload: dict[str, Any] | None


async def find_nudge(journal: Journal, row_id: int, now: datetime) -> Nudge | None:
    """A nudge that waits to be sent, with the contact policy asked once more; None for any other row."""
    async with journal.read() as db:
        found = await db.execute(
            select(OutboxRow, UserRow)
            .join(UserRow, UserRow.id == OutboxRow.user_id)
            .where(OutboxRow.id == row_id, OutboxRow.key.like("nudge:%"), OutboxRow.state.in_(WAITING))
        )
        pair = found.one_or_none()
        if pair is None:
            return None
        row, user = pair[0], read_person(pair[1])
        people = {user.id: Addressee(user, row.chat_id)}  # a closed door is the sender's to see
        standings = await load_standings(db, people, bot_id=row.bot_id, now=now, but=row.key)
    on, snoozed = read_key(row.key)
    evening = Evening(datetime.fromisoformat(row.payload["at"]), on)
    # waiting for its turn in a full hour is not being off; what was planned late stays late
    patience = LATE if row.payload["late"] else WAVE
    contact = decide_contact(standings[user.id], evening, now, patience=patience, asked_for=snoozed)
    return Nudge(row.id, row.key, user, evening, contact, row.payload if row.reply_id is not None else None)


async def find_notice(journal: Journal, row_id: int) -> dict[str, Any] | None:
    """What is to be sent of a row that is no nudge: it had its words when it was queued."""
    async with journal.read() as db:
        return await db.scalar(
            select(OutboxRow.payload).where(
                OutboxRow.id == row_id, OutboxRow.key.not_like("nudge:%"), OutboxRow.state.in_(WAITING)
            )
        )


async def lacks_words(tx: Transaction, nudge: Nudge) -> bool:
    """Whether a nudge still waits for its words. Until this transaction ends nobody else gives it any."""
    return await tx.db.scalar(_wordless(nudge)) is not None


def _wordless(nudge: Nudge) -> Select[OutboxRow]:
    return (
        select(OutboxRow)
        .where(OutboxRow.id == nudge.id, OutboxRow.reply_id.is_(None), OutboxRow.state.in_(WAITING))
        .with_for_update()
    )


async def word_nudge(
    tx: Transaction, nudge: Nudge, payload: dict[str, Any], *, kind: str, reply_id: int
) -> bool:
    """Gives a nudge its words.

    Returns:
        False when it has them already, or waits no longer: then nothing of this may be committed.
    """
    row = await tx.db.scalar(_wordless(nudge))
    if row is None:
        return False
    row.payload, row.kind, row.reply_id = {**row.payload, **payload}, kind, reply_id
    await tx.db.flush()
    return True


async def drop_nudge(tx: Transaction, nudge: Nudge, *, why: str) -> None:
    """It is not sent, and what it would have said was never said."""
    row = await tx.db.scalar(
        select(OutboxRow).where(OutboxRow.id == nudge.id, OutboxRow.state.in_(WAITING)).with_for_update()
    )
    if row is None:
        return
    unsaid, row.reply_id = row.reply_id, None
    row.state, row.why, row.owner, row.lease_until = "dead", why, None, None
    row.payload = {}
    await tx.db.flush()
    if unsaid is not None:
        await tx.db.delete(await tx.db.get_one(MessageRow, unsaid))
        await tx.db.flush()


async def postpone_nudge(tx: Transaction, nudge: Nudge, *, until: datetime) -> None:
    """It is looked at again later."""
    await tx.db.execute(
        update(OutboxRow)
        .where(OutboxRow.id == nudge.id, OutboxRow.state.in_(WAITING))
        .values(state="queued", next_at=until, why="", owner=None, lease_until=None)
    )


async def take_missed(tx: Transaction, user_id: int) -> date | None:
    """The first of the evenings missed since the last one that was not; the caller says so, once."""
    rows = await tx.db.scalars(
        select(OutboxRow)
        .where(
            OutboxRow.user_id == user_id,
            OutboxRow.class_ == "may",
            OutboxRow.key.like("nudge:%"),
            OutboxRow.key.not_like("%:snooze:%"),
            OutboxRow.state.in_(("sent", "unknown", "dead")),
        )
        .order_by(OutboxRow.id.desc())
        .limit(REMEMBERED)
    )
    missed = list(takewhile(lambda row: row.state == "dead" and row.why in MISSED, rows))
    for row in missed:
        row.why = TOLD
    await tx.db.flush()
    return read_key(missed[-1].key)[0] if missed else None


def arrived() -> ColumnElement[bool]:
    """Sent, or on its way with its words: who taps a button of it has it, before we have heard so."""
    on_its_way = and_(OutboxRow.state.in_(("sending", "unknown")), OutboxRow.reply_id.is_not(None))
    return or_(OutboxRow.state == "sent", on_its_way)


# --- what they tap on it -----------------------------------------------------------------------------------


async def snooze(tx: Transaction, user_id: int) -> datetime | None:
    """Asks once more in an hour, sooner where quiet hours are near. A second tap changes nothing.

    Returns:
        When it will be; None where there was no nudge, or quiet hours have begun.
    """
    mine = select(OutboxRow).where(OutboxRow.user_id == user_id, OutboxRow.key.like("nudge:%"))
    waiting = mine.where(OutboxRow.key.like("%:snooze:%"), OutboxRow.state.in_(WAITING)).limit(1)
    if (row := await tx.db.scalar(waiting)) is not None:
        return row.next_at
    last = await tx.db.scalar(mine.where(arrived()).order_by(OutboxRow.id.desc()).limit(1))
    until = find_snooze(read_person(await tx.db.get_one(UserRow, user_id)), tx.now)
    if last is None or until is None:
        return None
    key = last.key.partition(":snooze:")[0]
    before = await tx.db.scalar(
        select(func.count()).select_from(OutboxRow).where(OutboxRow.key.like(f"{key}:snooze:%"))
    )
    tx.db.add(
        OutboxRow(
            key=f"{key}:snooze:{(before or 0) + 1}",
            user_id=user_id,
            door=last.door,
            bot_id=last.bot_id,
            chat_id=last.chat_id,
            kind=KINDS[Event.EVENING_CHECKIN],
            class_="may",
            payload={"event": Event.EVENING_CHECKIN.value, "at": until.isoformat(), "late": False},
            state="queued",
            next_at=until,
            created_at=tx.now,
        )
    )
    await tx.db.flush()
    return until


async def skip_tonight(tx: Transaction, user_id: int) -> None:
    """Notes "not tonight" on the nudge that was sent last; a snooze that waits is dropped."""
    mine = [OutboxRow.user_id == user_id, OutboxRow.key.like("nudge:%")]
    last = (
        select(func.max(OutboxRow.id))
        .where(*mine, arrived(), OutboxRow.key.not_like("%:snooze:%"))
        .scalar_subquery()
    )
    await tx.db.execute(update(OutboxRow).where(OutboxRow.id == last).values(why=SKIPPED))
    await tx.db.execute(
        update(OutboxRow)
        .where(*mine, OutboxRow.key.like("%:snooze:%"), OutboxRow.state == "queued")
        .values(state="dead", why=SKIPPED)
    )
