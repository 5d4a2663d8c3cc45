"""Does what a reply says: every effect of the coach, inside the transaction that stores the reply."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, assert_never

from sqlalchemy import func, select, update

from coaching.effects import (
    AddCommitment,
    AddGoal,
    AddRecord,
    ChangeRecord,
    ChangeSettings,
    DeclineStep,
    Effect,
    EndDialogue,
    EndGoal,
    ForgetMessages,
    MarkCommitment,
    MoveCommitment,
    NoteCrisis,
    RecordReview,
    SendCalendar,
    SendExport,
    SetDialogue,
    ShrinkCommitment,
    SkipTonight,
    Snooze,
    UndoImport,
)
from coaching.model import CommitmentStatus, Role, Safety
from memory.erase import forget_messages, forget_user, undo_last_import
from memory.sql.nudge_answers import answer_skip, answer_snooze
from memory.sql.nudges import RHYTHM, replan
from memory.sql.records import add_record, change_record
from memory.sql.tables import CommitmentRow, GoalRow, MessageRow, ReviewRow, UsedTextRow, UserRow
from prompts import text

if TYPE_CHECKING:
    from coaching.model import Turn
    from memory.erase import Receipt
    from memory.sql.transaction import Transaction


async def apply(tx: Transaction, turn: Turn, effect: Effect) -> str | None:  # noqa: C901  # one flat table of verbs
    """Applies one effect for the person of this turn. A replay changes nothing.

    Returns:
        What is to be said about it, where only the journal knows: the receipt of what erases, the hour of a
        snooze. None for everything else.
    """
    match effect:
        case AddCommitment():
            await _add_commitment(tx, turn, effect)
        case MarkCommitment():
            await _mark(tx, turn, effect)
        case MoveCommitment():
            await _move(tx, turn, effect)
        case ShrinkCommitment():
            await _change(tx, turn, effect.id, text=effect.text, minutes=effect.minutes)
        case AddGoal():
            await _add_goal(tx, turn, effect)
        case EndGoal():
            await _end_goal(tx, turn, effect.id)
        case AddRecord():
            await add_record(tx, turn, effect)
        case ChangeRecord():
            await change_record(tx, turn, effect)
        case ChangeSettings():
            await _change_person(tx, turn, **effect.values)
            if RHYTHM & effect.values.keys():
                await replan(tx, turn.user_id)
        case Snooze():
            return await answer_snooze(tx, turn, effect.asked_by)
        case SkipTonight():
            return await answer_skip(tx, turn, effect.asked_by)
        case SetDialogue():
            await tx.set_dialogue(turn.user_id, effect.kind, effect.state)
        case EndDialogue():
            await tx.end_dialogue(turn.user_id)
        case DeclineStep():
            await _decline(tx, turn, effect)
        case NoteCrisis():
            since = None if effect.level is Safety.NONE else tx.now
            await _change_person(
                tx, turn, crisis_level=effect.level.value, crisis_why=effect.why, crisis_at=since
            )
        case RecordReview():
            await _record_review(tx, turn, effect)
        case ForgetMessages():
            return await _forget(tx, turn, effect)
        case UndoImport():
            return _receipt(turn, await undo_last_import(tx, turn.user_id), what="/forget import")
        case SendExport() | SendCalendar():
            pass  # a file, not a row: the door writes it before this transaction
        case _:
            assert_never(effect)
    return None


# --- the person ---------------------------------------------------------------------------------------------


async def _change_person(tx: Transaction, turn: Turn, **values: object) -> None:
    await tx.db.execute(update(UserRow).where(UserRow.id == turn.user_id).values(**values))


async def _decline(tx: Transaction, turn: Turn, effect: DeclineStep) -> None:
    tx.db.add(UsedTextRow(user_id=turn.user_id, kind="declined", key=effect.key, turn=0, used_on=turn.today))
    await tx.db.flush()


async def _record_review(tx: Transaction, turn: Turn, effect: RecordReview) -> None:
    await tx.db.execute(
        tx.insert_once(ReviewRow)
        .values(user_id=turn.user_id, year=effect.year, week=effect.week, created_at=tx.now)
        .on_conflict_do_nothing()
    )


# --- plans --------------------------------------------------------------------------------------------------


async def _add_commitment(tx: Transaction, turn: Turn, effect: AddCommitment) -> None:
    values = asdict(effect) | {"lens": effect.lens.value if effect.lens else None}
    await tx.db.execute(
        tx.insert_once(CommitmentRow)
        .values(
            **values,
            user_id=turn.user_id,
            status=CommitmentStatus.OPEN.value,
            result="",
            created_at=tx.now,
            updated_at=tx.now,
        )
        .on_conflict_do_nothing()
    )


async def _mark(tx: Transaction, turn: Turn, effect: MarkCommitment) -> None:
    # a tap says nothing about how it went, and must not wipe out what was written before
    words = {"result": effect.result} if effect.result else {}
    on = effect.on or turn.today
    await _change(tx, turn, effect.id, status=effect.status.value, result_on=on, **words)


async def _change(tx: Transaction, turn: Turn, commitment_id: int, **values: object) -> None:
    await tx.db.execute(
        update(CommitmentRow)
        .where(CommitmentRow.id == commitment_id, CommitmentRow.user_id == turn.user_id)
        .values(**values, updated_at=tx.now)
    )


async def _move(tx: Transaction, turn: Turn, effect: MoveCommitment) -> None:
    old = await tx.db.get(CommitmentRow, effect.id)
    if old is None or old.user_id != turn.user_id or old.status == CommitmentStatus.MOVED:
        return
    new = CommitmentRow(
        user_id=old.user_id,
        text=old.text,
        due_on=effect.to,
        due_time=effect.at or old.due_time,
        cue=effect.cue or ("" if effect.at else old.cue),
        minutes=old.minutes,
        visible_end=old.visible_end,
        if_then=old.if_then,
        lens=old.lens,
        goal_id=old.goal_id,
        step_key=old.step_key,
        created_at=tx.now,
        updated_at=tx.now,
    )
    tx.db.add(new)
    await tx.db.flush()
    old.status, old.moved_to, old.updated_at = CommitmentStatus.MOVED.value, new.id, tx.now
    await tx.db.flush()


# --- goals --------------------------------------------------------------------------------------------------


async def _add_goal(tx: Transaction, turn: Turn, effect: AddGoal) -> None:
    if effect.replaces is not None:
        old = await tx.db.get(GoalRow, effect.replaces)
        if (
            old is not None
            and old.user_id == turn.user_id
            and old.ended_at is None
            and old.text == effect.text
        ):
            # the same goal, better known: its sign or its day; only a changed one makes history
            old.success, old.horizon = effect.success or old.success, effect.horizon or old.horizon
            await tx.db.flush()
            return
        await _end_goal(tx, turn, effect.replaces)
    same = await tx.db.scalar(
        select(GoalRow.id).where(
            GoalRow.user_id == turn.user_id, GoalRow.text == effect.text, GoalRow.ended_at.is_(None)
        )
    )
    if same is not None:
        return
    tx.db.add(
        GoalRow(
            user_id=turn.user_id,
            text=effect.text,
            success=effect.success,
            lens=effect.lens.value if effect.lens else None,
            horizon=effect.horizon,
            created_at=tx.now,
            replaces_id=effect.replaces,
            message_id=await _find_source(tx, turn, effect),
        )
    )
    await tx.db.flush()


async def _find_source(tx: Transaction, turn: Turn, effect: AddGoal) -> int | None:
    """The message the goal was said in: the replaced goal's where its words go on, otherwise this turn's."""
    before = select(GoalRow.message_id).where(
        GoalRow.id == effect.replaces, GoalRow.user_id == turn.user_id, GoalRow.text == effect.text
    )
    return await tx.db.scalar(before) or await _find_said_now(tx, turn)


async def _end_goal(tx: Transaction, turn: Turn, goal_id: int) -> None:
    await tx.db.execute(
        update(GoalRow)
        .where(GoalRow.id == goal_id, GoalRow.user_id == turn.user_id, GoalRow.ended_at.is_(None))
        .values(ended_at=tx.now)
    )


# --- forgetting ---------------------------------------------------------------------------------------------


async def _find_said_now(tx: Transaction, turn: Turn) -> int | None:
    """This turn's own message, if it was stored: a tap says nothing."""
    return await tx.db.scalar(
        select(func.max(MessageRow.id)).where(
            MessageRow.user_id == turn.user_id, MessageRow.role == Role.USER, MessageRow.said_at == turn.now
        )
    )


async def _forget(tx: Transaction, turn: Turn, effect: ForgetMessages) -> str:
    if effect.all_of_it:
        receipt = await forget_user(tx, turn.user_id)
        left = text(f"forget.left_{_kind(tx)}", turn.language)
        return text("forget.done_all", turn.language, **asdict(receipt), left=left)
    now = await _find_said_now(tx, turn)
    receipt = await forget_messages(
        tx,
        turn.user_id,
        ids=effect.ids,
        since=effect.since,
        until=effect.until,
        # the reply to this turn is stored next, and answers its message
        keep=() if now is None else (now,),
    )
    days = (day.isoformat() for day in (effect.since, effect.until) if day)
    return _receipt(turn, receipt, what=" ".join(("/forget", *map(str, effect.ids), *days)))


def _kind(tx: Transaction) -> str:
    return "sqlite" if tx.db.get_bind().dialect.name == "sqlite" else "postgres"


def _receipt(turn: Turn, receipt: Receipt | None, *, what: str) -> str:
    """``what`` is the command that says the same: it needs no translation."""
    if receipt is None or not receipt.messages:
        return text("forget.nothing", turn.language, what=what)
    return text("forget.done", turn.language, **asdict(receipt))
