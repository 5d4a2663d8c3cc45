"""The vocabulary of Offramp: people, what they said, and what they promised themselves.

Everything here is frozen and knows nothing of Telegram, SQL, Chroma or the clock.
Times ending in ``_at`` are aware UTC datetimes, dates ending in ``_on`` are dates in the person's own zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from coaching.showing import Showing

Language = Literal["zh", "en"]


class Lens(StrEnum):
    """What a message is really about. The first three run through everything, seven more are heard."""

    OWNERSHIP = "ownership"
    IMPACT = "impact"
    ESCAPE = "escape"
    RECOGNITION = "recognition"
    RISK = "risk"
    MEANING = "meaning"
    MONEY = "money"
    SKILLS = "skills"
    ENERGY = "energy"
    STAKEHOLDER = "stakeholder"


class Stage(StrEnum):
    """How far the person's own thing has come: it decides which kind of step helps."""

    CLARIFY = "clarify"  # no person or object named yet
    TEST = "test"  # named, nothing tried
    SHOW = "show"  # something exists: a draft, a prototype, numbers
    LEARN = "learn"  # tried, and a result came back


class Role(StrEnum):
    """Who said it."""

    USER = "user"
    COACH = "coach"


class Channel(StrEnum):
    """How it reached us."""

    MESSAGE = "message"
    VOICE = "voice"
    COMMAND = "command"
    TAP = "tap"
    IMPORT = "import"
    EVENT = "event"


class Safety(StrEnum):
    """What the safety check heard. Only ``NONE`` is coached, quoted and remembered aloud."""

    NONE = "none"
    UNSURE = "unsure"  # one plain question, then wait
    PASSIVE = "passive"  # tier B: ask plainly, give the line, stay
    EXPLICIT = "explicit"  # tier A: the fixed text
    HARM = "harm"  # a threat to somebody else: the fixed text


class Event(StrEnum):
    """A moment at which the coach speaks first, or hears the answer to what it asked."""

    EVENING_CHECKIN = "evening_checkin"
    EVENING_CHECKIN_UNANSWERED_4 = "evening_checkin_unanswered_4"
    REPLY_TO_CHECKIN = "reply_to_checkin"
    WEEKLY_REVIEW = "weekly_review"


class CommitmentStatus(StrEnum):
    """Open until the person says otherwise. *Missed* is open and past due: derived, never stored."""

    OPEN = "open"
    DONE = "done"
    HALF = "half"
    MOVED = "moved"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class User:
    """One person. ``days`` are ISO weekdays (1 = Monday) on which a check-in is welcome."""

    id: int
    language: Language = "zh"
    zone: str = "Asia/Shanghai"
    country: str | None = None
    evening: time = time(21, 0)
    days: frozenset[int] = frozenset(range(1, 8))
    quiet_from: time = time(22, 30)
    quiet_to: time = time(8, 0)
    tone: str = "plain"
    model_on: bool = True
    paused_until: datetime | None = None
    crisis: Safety = Safety.NONE  # what the last crisis message was, until a clear no
    crisis_why: str = ""  # whose life it was about, and how it was heard
    crisis_at: datetime | None = None

    @property
    def tz(self) -> ZoneInfo:
        """The person's zone, ready for arithmetic."""
        return ZoneInfo(self.zone)


@dataclass(frozen=True, slots=True)
class Message:
    """A stored line, the person's or the coach's."""

    id: int
    user_id: int
    role: Role
    text: str
    language: Language
    said_at: datetime
    said_on: date
    channel: Channel = Channel.MESSAGE
    lenses: tuple[Lens, ...] = ()
    safety: Safety = Safety.NONE
    source: str = ""  # the imported file's name and heading; empty for what was said here
    dated: bool = True  # False for an imported line whose day nobody stated; said_on is then the import's
    kind: str = ""  # for the coach's own lines: what the reply was for


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said, parsed at the edge. Several messages sent in a row are one turn.

    Attributes:
        text: what they said, as they said it; for a command, what follows its name.
        now: the moment, in the person's zone.
        command: the command's name without its slash, or None.
        tap: the data of the button that was tapped, or None.
        event: why the coach speaks, when it is not only because of ``text``.
        minutes: the time the person has now, where it is known.
        quoting: the stored message this one replies to, if the door knows.
        showing: where the reply goes part by part as it comes, if the door can show it so.
    """

    user_id: int
    text: str
    language: Language
    now: datetime
    channel: Channel = Channel.MESSAGE
    command: str | None = None
    tap: str | None = None
    event: Event | None = None
    minutes: int | None = None
    quoting: int | None = None
    messages: tuple[str, ...] = ()
    showing: Showing | None = field(default=None, compare=False, repr=False)

    @property
    def today(self) -> date:
        """The person's local date."""
        return self.now.date()


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory that came back, with how well it fits (0 to 1) and why: ``words``, ``sense``, ``lens``."""

    message: Message
    score: float
    why: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Goal:
    """What somebody works toward, in their own words. A changed goal keeps its history."""

    id: int
    text: str
    success: str = ""
    lens: Lens | None = None
    horizon: str = ""
    created_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of the person inside a record, and where they come from.

    Attributes:
        text: verbatim.
        said_on: the local date.
        message_id: the message they stand in; None for the one being answered, until it is stored.
        commitment_id: the promise they stand in, when they were not said in a message.
        number: what they amount to, when they name an amount.
    """

    text: str
    said_on: date
    message_id: int | None = None
    commitment_id: int | None = None
    number: float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """Something a tool keeps, in the person's words by name; ``facts`` are no words."""

    kind: str
    origin: str
    said_on: date
    pieces: dict[str, Piece]
    facts: dict[str, str]
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Commitment:
    """A step promised for a day.

    Attributes:
        text: what, in their own words.
        due_on: the local date.
        due_time: the local clock time, or None when a cue stands for it.
        cue: "after lunch", 下班后: the moment, when it is not a clock time.
        minutes: how long it takes.
        visible_end: how they will see that it is done.
        if_then: the obstacle and what to do then.
        result: what they wrote about it afterwards.
    """

    id: int
    text: str
    due_on: date
    status: CommitmentStatus = CommitmentStatus.OPEN
    due_time: time | None = None
    cue: str = ""
    minutes: int | None = None
    visible_end: str = ""
    if_then: str = ""
    lens: Lens | None = None
    goal_id: int | None = None
    step_key: str = ""
    result: str = ""
    result_on: date | None = None

    def missed(self, today: date) -> bool:
        """Open, and its day is over."""
        return self.status is CommitmentStatus.OPEN and self.due_on < today

    @property
    def week(self) -> tuple[int, int]:
        """The ISO year and week it belongs to."""
        iso = self.due_on.isocalendar()
        return iso.year, iso.week


@dataclass(frozen=True, slots=True)
class Used:
    """A text of the playbook that this person has already been given. ``kind`` is the part it stood in."""

    kind: str
    key: str
    turn: int  # how many turns ago; 0 is the newest reply
    on: date


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation that is under way over several turns, such as making a plan."""

    kind: str
    state: dict[str, Any]
    since: datetime


@dataclass(frozen=True, slots=True)
class Scene:
    """What the coach knows when it opens its mouth: read in one go, outside any transaction."""

    user: User
    goals: tuple[Goal, ...] = ()
    plan: tuple[Commitment, ...] = ()
    recent: tuple[Message, ...] = ()  # the last messages of both sides, oldest first
    used: tuple[Used, ...] = ()
    declined: frozenset[str] = frozenset()  # step keys they said no to
    dialogue: Dialogue | None = None
    offered: OfferedStep | None = None
    turns: int = 0  # how many replies this person has had


@dataclass(frozen=True, slots=True)
class OfferedStep:
    """The step in the coach's last reply that was neither taken nor refused yet."""

    reply_id: int
    key: str
    text: str
    minutes: int
    when: str
    due_on: date
    cue: str
    visible_end: str
    if_then: str
    lens: Lens | None
    smaller: str = ""


@dataclass(frozen=True, slots=True)
class EarlierOffer:
    """A step of some earlier reply, and what happened since, by the person's own dates."""

    step: OfferedStep
    taken: Commitment | None = None
    taken_on: date | None = None
    declined_on: date | None = None
    replaced_on: date | None = None  # when the next step was offered
