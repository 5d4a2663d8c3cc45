"""Does what a reply says: every effect of the coach, inside the transaction that stores the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from coaching.effects import (
    AddCommitment,
    AddGoal,
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
    SendExport,
    SetDialogue,
    ShrinkCommitment,
    UndoImport,
)
from coaching.model import CommitmentStatus, Safety
from memory.sql.tables import CommitmentRow, GoalRow, ReviewRow, UsedTextRow, UserRow

if TYPE_CHECKING:
    from coaching.model import Turn
    from memory.sql.transaction import Transaction


async def apply(tx: Transaction, turn: Turn, effect: Effect) -> None:  # noqa: C901  # one flat table of verbs
    """Applies one effect for the person of this turn. A replay changes nothing."""
    match effect:
        case AddCommitment():
            await _add_commitment(tx, turn, effect)
        case MarkCommitment():
            await _change(
                tx,
                turn,
                effect.id,
                status=effect.status.value,
                result=effect.result,
                result_on=effect.on or turn.today,
            )
        case ShrinkCommitment():
            await _change(tx, turn, effect.id, text=effect.text, minutes=effect.minutes)
        case MoveCommitment():
            await _move(tx, turn, effect)
        case AddGoal():
            await _add_goal(tx, turn, effect)
        case EndGoal():
            await _end_goal(tx, turn, effect.id)
        case ChangeSettings():
            await tx.db.execute(update(UserRow).where(UserRow.id == turn.user_id).values(**effect.values))
        case SetDialogue():
            await tx.set_dialogue(turn.user_id, effect.kind, effect.state)
        case EndDialogue():
            await tx.end_dialogue(turn.user_id)
        case DeclineStep():
            tx.db.add(
                UsedTextRow(user_id=turn.user_id, kind="declined", key=effect.key, turn=0, used_on=turn.today)
            )
        case NoteCrisis():
            closed = effect.level is Safety.NONE
            await tx.db.execute(
                update(UserRow)
                .where(UserRow.id == turn.user_id)
                .values(crisis_level=effect.level.value, crisis_at=None if closed else tx.now)
            )
        case RecordReview():
            await tx.db.execute(
                tx.insert_once(ReviewRow)
                .values(user_id=turn.user_id, year=effect.year, week=effect.week, created_at=tx.now)
                .on_conflict_do_nothing()
            )
        case ForgetMessages() | UndoImport() | SendExport():
            # they reach beyond this database (the index, files): bot/settle.py does them after the commit
            return


async def _add_commitment(tx: Transaction, turn: Turn, effect: AddCommitment) -> None:
    await tx.db.execute(
        tx.insert_once(CommitmentRow)
        .values(
            user_id=turn.user_id,
            text=effect.text,
            due_on=effect.due_on,
            due_time=effect.due_time,
            cue=effect.cue,
            minutes=effect.minutes,
            visible_end=effect.visible_end,
            if_then=effect.if_then,
            lens=effect.lens.value if effect.lens else None,
            goal_id=effect.goal_id,
            step_key=effect.step_key,
            origin=effect.origin,
            status=CommitmentStatus.OPEN.value,
            result="",
            created_at=tx.now,
            updated_at=tx.now,
        )
        .on_conflict_do_nothing()
    )


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


async def _add_goal(tx: Transaction, turn: Turn, effect: AddGoal) -> None:
    if effect.replaces is not None:
        await _end_goal(tx, turn, effect.replaces)
    same = await tx.db.scalar(
        select(GoalRow.id).where(
            GoalRow.user_id == turn.user_id, GoalRow.text == effect.text, GoalRow.ended_at.is_(None)
        )
    )
    if same is None:
        tx.db.add(
            GoalRow(
                user_id=turn.user_id,
                text=effect.text,
                success=effect.success,
                lens=effect.lens.value if effect.lens else None,
                horizon=effect.horizon,
                created_at=tx.now,
                replaces_id=effect.replaces,
            )
        )
        await tx.db.flush()


async def _end_goal(tx: Transaction, turn: Turn, goal_id: int) -> None:
    await tx.db.execute(
        update(GoalRow)
        .where(GoalRow.id == goal_id, GoalRow.user_id == turn.user_id, GoalRow.ended_at.is_(None))
        .values(ended_at=tx.now)
    )
