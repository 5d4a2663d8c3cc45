"""What "ask me later" and "not tonight" come to, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from coaching.contact import FREE_SKIPS, FRESH
from coaching.dates import say_day
from coaching.model import Channel
from memory.sql.nudge_sending import WAITING, arrived, skip_tonight, snooze
from memory.sql.nudges import EVENING, plan_past, read_person
from memory.sql.standing import SKIPPED, nudge_key, read_key
from memory.sql.tables import NudgePlanRow, OutboxRow, UserRow
from prompts import text

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import ColumnElement

    from coaching.model import Turn
    from memory.sql.transaction import Transaction


async def answer_snooze(tx: Transaction, turn: Turn, asked_by: int | None) -> str:
    """Asks once more later.

    Args:
        tx: The transaction.
        turn: Whose, and when.
        asked_by: The reply whose button was tapped, where the door knows it.

    Returns:
        When it will be, or why not. A second tap is told the same.
    """
    asked = await _find_asked(tx, turn, asked_by)
    if asked is None:
        return await _with_next(tx, turn, text("checkin.nothing_asked", turn.language))
    if asked.is_over:
        return await _with_next(tx, turn, _say_over(turn, asked))
    until = await snooze(tx, turn.user_id)
    if until is None:
        return await _with_next(tx, turn, text("checkin.snooze_quiet", turn.language))
    # whoever wants to be asked later has not skipped
    skipped = (OutboxRow.key == asked.key, OutboxRow.why == SKIPPED)
    await tx.db.execute(update(OutboxRow).where(*_of(turn), *skipped).values(why=""))
    return text("checkin.snoozed", turn.language, time=f"{until.astimezone(turn.now.tzinfo):%H:%M}")


async def answer_skip(tx: Transaction, turn: Turn, asked_by: int | None) -> str:
    """Leaves tonight alone: what was asked is a skip, what was not asked yet is not asked, and costs none.

    Returns:
        How many of the week's free skips are used, or what happened since. A second tap is told the same.
    """
    asked = await _find_asked(tx, turn, asked_by)
    if asked is not None and asked.is_over:
        return await _with_next(tx, turn, _say_over(turn, asked))
    if asked is None:
        await _skip_ahead(tx, turn)
        return await _with_next(tx, turn, text("checkin.not_tonight_ahead", turn.language))
    await skip_tonight(tx, turn.user_id)
    used = await _count_skips(tx, turn, asked.on)
    return text(f"checkin.not_tonight_{used if used <= FREE_SKIPS else 'more'}", turn.language)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question they answer: its key without a snooze's number, its date, whether its time has passed."""

    key: str
    on: date
    is_over: bool


async def _find_asked(tx: Transaction, turn: Turn, asked_by: int | None) -> _Asked | None:
    """The question behind a button, else the newest; None where nothing was asked tonight."""
    newest = (
        select(OutboxRow)
        .where(*_of(turn), arrived(), OutboxRow.reply_id.is_not(None))
        .order_by(OutboxRow.next_at.desc(), OutboxRow.id.desc())
        .limit(1)
    )
    last = await tx.db.scalar(newest)
    row = await tx.db.scalar(newest.where(OutboxRow.reply_id == asked_by)) if asked_by is not None else None
    row = row or last
    if last is None or row is None:
        return None
    on, _ = read_key(row.key)
    key = nudge_key(turn.user_id, on)
    passed = on != turn.today and tx.now - (row.sent_at or row.next_at) > FRESH
    is_over = passed or not last.key.startswith(key)
    if is_over and turn.channel is not Channel.TAP:
        return None  # words speak of tonight, a button of the question it stands under
    return _Asked(key, on, is_over)


def _of(turn: Turn) -> tuple[ColumnElement[bool], ...]:
    return (
        OutboxRow.user_id == turn.user_id,
        OutboxRow.class_ == "may",
        OutboxRow.key.like("nudge:%"),
    )


def _say_over(turn: Turn, asked: _Asked) -> str:
    return text("checkin.asked_before", turn.language, day=say_day(asked.on, turn.today, turn.language))


async def _skip_ahead(tx: Transaction, turn: Turn) -> None:
    """Tonight's question is not asked: its plan moves on, and what waits to be sent is dropped."""
    await plan_past(tx, turn.user_id, turn.today)
    tonight = nudge_key(turn.user_id, turn.today)
    await tx.db.execute(
        update(OutboxRow)
        .where(
            *_of(turn),
            OutboxRow.key.startswith(tonight),
            OutboxRow.state == "queued",
            OutboxRow.reply_id.is_(None),
        )
        .values(state="dead", why=SKIPPED)
    )


async def _count_skips(tx: Transaction, turn: Turn, on: date) -> int:
    keys = await tx.db.scalars(select(OutboxRow.key).where(*_of(turn), arrived(), OutboxRow.why == SKIPPED))
    week = on.isocalendar()[:2]
    return sum(read_key(key)[0].isocalendar()[:2] == week for key in keys)


async def _with_next(tx: Transaction, turn: Turn, words: str) -> str:
    """The words, and when the next question comes, if one is planned and wanted."""
    person = read_person(await tx.db.get_one(UserRow, turn.user_id))
    due = await tx.db.scalar(
        select(NudgePlanRow.next_due_at).where(
            NudgePlanRow.user_id == turn.user_id,
            NudgePlanRow.kind == EVENING,
            NudgePlanRow.next_due_at > tx.now,
        )
    )
    waiting = select(func.min(OutboxRow.next_at)).where(
        *_of(turn), OutboxRow.state.in_(WAITING), OutboxRow.next_at > tx.now
    )
    due = min(filter(None, (due, await tx.db.scalar(waiting))), default=None)
    if due is None or (person.paused_until is not None and person.paused_until > due):
        return words
    local = due.astimezone(person.tz)
    when = f"{say_day(local.date(), turn.today, turn.language)} {local:%H:%M}"
    return words + text("checkin.next", turn.language, when=when)
