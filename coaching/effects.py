"""What a reply changes. The coach only says it; the journal does it, together with storing the reply."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from coaching.model import Commitment, CommitmentStatus, Lens, Piece, Safety


@dataclass(frozen=True, slots=True)
class AddCommitment:
    """A step the person said yes to."""

    text: str
    due_on: date
    due_time: time | None = None
    cue: str = ""
    minutes: int | None = None
    visible_end: str = ""
    if_then: str = ""
    lens: Lens | None = None
    step_key: str = ""
    goal_id: int | None = None
    origin: str | None = None  # unique for a person: a second tap on the same yes counts once


@dataclass(frozen=True, slots=True)
class MarkCommitment:
    """It was done, half done or dropped; ``result`` is what they wrote about it."""

    id: int
    status: CommitmentStatus
    result: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class MoveCommitment:
    """It gets another moment; the old one is kept as moved."""

    id: int
    to: date
    at: time | None = None
    cue: str = ""


@dataclass(frozen=True, slots=True)
class ShrinkCommitment:
    """The same promise, smaller."""

    id: int
    text: str
    minutes: int


@dataclass(frozen=True, slots=True)
class AddGoal:
    """A goal in their words; ``replaces`` ends an earlier one, whose history stays."""

    text: str
    success: str = ""
    lens: Lens | None = None
    horizon: str = ""
    replaces: int | None = None


@dataclass(frozen=True, slots=True)
class EndGoal:
    """A goal that is not theirs any more, or is reached."""

    id: int


@dataclass(frozen=True, slots=True)
class AddRecord:
    """Something a tool keeps. ``origin`` is unique for a person: a replay, or a second tap, adds nothing."""

    kind: str
    origin: str
    pieces: dict[str, Piece]
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """More pieces or facts of a record, which it may end."""

    origin: str
    pieces: dict[str, Piece] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    ends: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSettings:
    """Columns of the person to change, such as ``{"zone": "Europe/Berlin"}``."""

    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Snooze:
    """Ask once more later. ``asked_by`` is the reply whose button was tapped."""

    asked_by: int | None = None


@dataclass(frozen=True, slots=True)
class SkipTonight:
    """Not tonight. ``asked_by`` is the reply whose button was tapped."""

    asked_by: int | None = None


@dataclass(frozen=True, slots=True)
class SetDialogue:
    """The conversation over several turns goes on from here."""

    kind: str
    state: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EndDialogue:
    """It is over, kept or left."""


@dataclass(frozen=True, slots=True)
class DeclineStep:
    """Not this one: it is not offered again."""

    key: str


@dataclass(frozen=True, slots=True)
class NoteCrisis:
    """What safety heard and why; ``NONE`` closes it after a clear no."""

    level: Safety
    why: str = ""


@dataclass(frozen=True, slots=True)
class ForgetMessages:
    """Single memories, or a span of days (both ends included), or everything with ``all_of_it``."""

    ids: tuple[int, ...] = ()
    since: date | None = None
    until: date | None = None
    all_of_it: bool = False


@dataclass(frozen=True, slots=True)
class UndoImport:
    """Takes the last import back."""


@dataclass(frozen=True, slots=True)
class SendExport:
    """Everything they said and planned, as a file in their hands."""


@dataclass(frozen=True, slots=True)
class SendCalendar:
    """The week's commitments, as a file for a calendar."""

    items: tuple[Commitment, ...]


@dataclass(frozen=True, slots=True)
class RecordReview:
    """The week was told back."""

    year: int
    week: int


Effect = (
    AddCommitment
    | MarkCommitment
    | MoveCommitment
    | ShrinkCommitment
    | AddGoal
    | EndGoal
    | AddRecord
    | ChangeRecord
    | ChangeSettings
    | Snooze
    | SkipTonight
    | SetDialogue
    | EndDialogue
    | DeclineStep
    | NoteCrisis
    | ForgetMessages
    | UndoImport
    | SendExport
    | SendCalendar
    | RecordReview
)
