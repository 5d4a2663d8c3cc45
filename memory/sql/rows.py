"""Turns rows into the coach's words, and a reply's parts into JSON."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime, time
from enum import Enum
from typing import Any, cast

from coaching.model import (
    Channel,
    Commitment,
    CommitmentStatus,
    Goal,
    Language,
    Lens,
    Message,
    Role,
    Safety,
    User,
)
from coaching.parts import Draft
from memory.sql.tables import CommitmentRow, GoalRow, MessageRow, UserRow


def user_from(row: UserRow) -> User:
    """A person."""
    return User(
        id=row.id,
        language=cast("Language", row.language),
        zone=row.zone,
        country=row.country,
        evening=row.evening,
        days=frozenset(int(day) for day in row.days),
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
        tone=row.tone,
        model_on=row.model_on,
        paused_until=row.paused_until,
        crisis=Safety(row.crisis_level),
        crisis_why=row.crisis_why,
        crisis_at=row.crisis_at,
    )


def message_from(row: MessageRow, lenses: tuple[Lens, ...] = ()) -> Message:
    """A stored line."""
    return Message(
        id=row.id,
        user_id=row.user_id,
        role=Role(row.role),
        text=row.text,
        language=cast("Language", row.language),
        said_at=row.said_at,
        said_on=row.said_on,
        channel=Channel(row.channel),
        lenses=lenses,
        safety=Safety(row.safety),
        source=row.source,
        dated=row.dated,
        kind=row.reply_kind or "",
    )


def commitment_from(row: CommitmentRow) -> Commitment:
    """A promised step."""
    return Commitment(
        id=row.id,
        text=row.text,
        due_on=row.due_on,
        status=CommitmentStatus(row.status),
        due_time=row.due_time,
        cue=row.cue,
        minutes=row.minutes,
        visible_end=row.visible_end,
        if_then=row.if_then,
        lens=Lens(row.lens) if row.lens else None,
        goal_id=row.goal_id,
        step_key=row.step_key,
        result=row.result,
        result_on=row.result_on,
    )


def goal_from(row: GoalRow) -> Goal:
    """A goal."""
    return Goal(
        id=row.id,
        text=row.text,
        success=row.success,
        lens=Lens(row.lens) if row.lens else None,
        horizon=row.horizon,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def _plain(value: object) -> Any:  # noqa: ANN401  # JSON
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(cast("Any", value))}
    return value


def parts_json(draft: Draft) -> dict[str, Any]:
    """A reply's typed parts, so that every later feature can use them."""
    return {
        "lenses": [lens.value for lens in draft.lenses],
        "parts": [{"type": type(part).__name__, **_plain(part)} for part in draft.parts],
        "choices": [_plain(choice) for choice in draft.choices],
    }
