"""Steps that were offered: the one that is open now, and what became of an earlier one."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from coaching.model import EarlierOffer, Lens, OfferedStep, Role
from memory.sql.rows import commitment_from
from memory.sql.tables import CommitmentRow, MessageRow, UsedTextRow

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

LOOKED_THROUGH = 60  # replies behind an old one; a newer step stands in one of them, or there is none


def step_from(row: MessageRow) -> OfferedStep | None:
    """The step that a stored reply offers, if it offers one."""
    parts = (row.parts or {}).get("parts", ())
    step = next((part for part in parts if part["type"] == "NextStep"), None)
    if row.role != Role.COACH or step is None:
        return None
    return OfferedStep(
        reply_id=row.id,
        key=step["key"],
        text=step["body"],
        minutes=step["minutes"],
        due_on=date.fromisoformat(step["due_on"]),
        when=step["when"],
        cue=step["cue"],
        visible_end=step["done"],
        if_then=step["if_then"],
        lens=Lens(step["lens"]) if step["lens"] else None,
        smaller=step["smaller"],
    )


def find_open(
    recent: Sequence[MessageRow], promised: Sequence[CommitmentRow], refused: Collection[str]
) -> OfferedStep | None:
    """The step offered last in ``recent``, newest first, unless it was refused or is ``promised``."""
    step = next((step for row in recent if (step := step_from(row)) is not None), None)
    if step is None or step.key in refused:
        return None
    return None if any(each.origin == f"step:{step.reply_id}" for each in promised) else step


async def find_taken(db: AsyncSession, user_id: int, reply_id: int) -> CommitmentRow | None:
    """What this person promised when they said yes to the step of a reply."""
    taken: CommitmentRow | None = await db.scalar(
        select(CommitmentRow).where(
            CommitmentRow.user_id == user_id, CommitmentRow.origin == f"step:{reply_id}"
        )
    )
    return taken


async def find_earlier(db: AsyncSession, user_id: int, reply_id: int, zone: ZoneInfo) -> EarlierOffer | None:
    """What became of the step that a reply offered; None where that reply offered none."""
    row = await db.get(MessageRow, reply_id)
    step = step_from(row) if row is not None and row.user_id == user_id else None
    if row is None or step is None:
        return None
    taken = await find_taken(db, user_id, reply_id)
    declined_on = await db.scalar(
        select(func.max(UsedTextRow.used_on)).where(
            UsedTextRow.user_id == user_id, UsedTextRow.kind == "declined", UsedTextRow.key == step.key
        )
    )
    later = await db.scalars(
        select(MessageRow)
        .where(MessageRow.user_id == user_id, MessageRow.role == Role.COACH, MessageRow.id > reply_id)
        .order_by(MessageRow.id)
        .limit(LOOKED_THROUGH)
    )
    return EarlierOffer(
        step,
        taken=commitment_from(taken) if taken is not None else None,
        taken_on=taken.created_at.astimezone(zone).date() if taken is not None else None,
        declined_on=declined_on,
        replaced_on=next((each.said_on for each in later if step_from(each) is not None), None),
    )
