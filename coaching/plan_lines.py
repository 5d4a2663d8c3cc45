"""A line of a plan: read from what somebody wrote, said back, listed by its week."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

from coaching.dates import say_day
from coaching.model import Commitment, CommitmentStatus
from coaching.quoting import measure
from coaching.recalling import quotable
from coaching.subjects import names
from coaching.when import Moment, read_moment, without_moment
from prompts import load_pattern, load_toml, text

if TYPE_CHECKING:
    from datetime import datetime

    from coaching.model import Language, Scene, Turn

_HAPPENED = load_pattern("commitments.happened")
DIALOGUE = "plan"
MOST = 3
DEFAULT_MINUTES = 30
LONGEST_ITEM = 200  # characters; beyond this it is a story, not a line of a plan
AROUND = 12  # on the scale of quoting.measure: the words that stand around a moment in an answer


@dataclass(frozen=True, slots=True)
class Item:
    """A commitment in the making; its text is a verbatim piece of what they wrote."""

    text: str
    on: date | None = None
    at: time | None = None
    cue: str = ""
    minutes: int | None = None
    end: str = ""
    if_then: str = ""
    week: date | None = None  # the Monday of the week that was named without a day

    @property
    def placed(self) -> bool:
        """It has a day and a moment on it."""
        return self.on is not None and (self.at is not None or bool(self.cue))

    def to_state(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {
            "on": self.on.isoformat() if self.on else None,
            "at": self.at.isoformat("minutes") if self.at else None,
            "week": self.week.isoformat() if self.week else None,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Item:
        """The other way round."""
        return cls(
            **state
            | {
                "on": date.fromisoformat(state["on"]) if state["on"] else None,
                "at": time.fromisoformat(state["at"]) if state["at"] else None,
                "week": date.fromisoformat(state["week"]) if state.get("week") else None,
            }
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One thing somebody wants to do, found in a longer message: verbatim pieces of it."""

    what: str
    when: str = ""
    obstacle: str = ""

    def read(self, now: datetime) -> tuple[Item, Moment]:
        """The same as ``read_item``; the moment is what our own grammar reads in the words for it."""
        item, moment = read_item(self.what, now)
        if not self.when:
            return item, moment
        moment = read_moment(self.when, now)
        placed = replace(item, on=moment.on, at=moment.at, cue=moment.cue, week=moment.week)
        return replace(placed, minutes=moment.minutes or item.minutes), moment


def say_when(item: Item | Commitment, today: date, language: Language) -> str:
    """周四 12:30, Thu at lunch: the moment as it is read back."""
    on = item.on if isinstance(item, Item) else item.due_on
    at = item.at if isinstance(item, Item) else item.due_time
    day = say_day(on, today, language) if on else ""
    moment = at.strftime("%H:%M") if at else item.cue
    glue = "" if language == "zh" and not at else " "
    return f"{day}{glue}{moment}".strip()


def read_item(words: str, now: datetime) -> tuple[Item, Moment]:
    """A line of a plan: the action in their words, and the moment that was understood."""
    moment = read_moment(words, now)
    action = quotable(without_moment(words, moment))
    end = find_end(action)
    return Item(action, moment.on, moment.at, moment.cue, moment.minutes, end, week=moment.week), moment


def find_end(action: str) -> str:
    """The visible end that the action itself names: what is sent, written, said, made. May be empty."""
    for name, pattern in load_toml("playbook/plan.toml")["ends"].items():
        if re.search(pattern, action, re.IGNORECASE):
            return str(name)
    return ""


def is_vague(action: str) -> bool:
    """Whether nobody could say on Sunday if it happened: a direction without a move."""
    raw = load_toml("playbook/plan.toml")["vague"]
    if re.search(raw["direction"], action, re.IGNORECASE) and not re.search(
        raw["concrete"], action, re.IGNORECASE
    ):
        return True
    return not re.search(raw["move"], action, re.IGNORECASE) and not re.search(
        raw["concrete"], action, re.IGNORECASE
    )


def list_open(scene: Scene, today: date) -> tuple[Commitment, ...]:
    """This ISO week's commitments that are still open."""
    return tuple(c for c in list_week(scene, today) if c.status is CommitmentStatus.OPEN)


def list_week(scene: Scene, today: date) -> tuple[Commitment, ...]:
    """This ISO week's commitments, as they were set."""
    return tuple(
        c
        for c in scene.plan
        if c.week == (today.isocalendar().year, today.isocalendar().week) or c.due_on > today
    )


def list_shown(scene: Scene, today: date) -> tuple[Commitment, ...]:
    """The week as it is numbered on the page: what was moved stands there once, at its new day."""
    return tuple(c for c in list_week(scene, today) if c.status is not CommitmentStatus.MOVED)


def closes_week(today: date) -> bool:
    """Whether a plan made today is one for the week to come."""
    return today.isoweekday() == 7


def list_rivals(scene: Scene, on: date) -> tuple[Commitment, ...]:
    """The open ones of the ISO week in which ``on`` lies: a plan made on Sunday fills the week to come."""
    iso = on.isocalendar()
    return tuple(
        c for c in scene.plan if c.status is CommitmentStatus.OPEN and c.week == (iso.year, iso.week)
    )


def list_leftover(scene: Scene, today: date) -> tuple[Commitment, ...]:
    """Open ones from the weeks before; on a Sunday this week is over as well."""
    monday = today - timedelta(days=today.isoweekday() - 1)
    if closes_week(today):
        monday = today + timedelta(days=1)
    return tuple(c for c in scene.plan if c.status is CommitmentStatus.OPEN and c.due_on < monday)


def render_lines(commitments: tuple[Commitment, ...], turn: Turn) -> str:
    language = turn.language
    lines = []
    for number, item in enumerate(commitments, 1):
        missed = item.missed(turn.today)
        when = say_when(item, turn.today, language) + (text("plan.missed_note", language) if missed else "")
        lines.append(
            text(
                "plan.item",
                language,
                mark=text(f"plan.mark_{'missed' if missed else item.status.value}", language),
                number=number,
                text=quotable(item.text),
                when=when,
                minutes=text("plan.item_minutes", language, minutes=item.minutes) if item.minutes else "",
            )
        )
    return "\n".join(lines)


def find_by_number(words: str, items: tuple[Commitment, ...]) -> Commitment | None:
    match = re.search(r"\d+|第?[一二三]", words)
    if match is None or measure(words) > AROUND // 2:  # a number somewhere in a story drops nothing
        return None
    number = "一二三".find(match.group(0)[-1]) + 1 or (int(match.group(0)) if match.group(0).isdigit() else 0)
    return items[number - 1] if 1 <= number <= len(items) else None


def is_only_moment(words: str, moment: Moment, item: str) -> bool:
    """Whether what was said names a moment and little else, or speaks of the item itself.

    "被客户骂了，今天" has a day in it and is no answer to "which day".
    """
    kept = [c for at, c in enumerate(words) if not any(a <= at < b for a, b in moment.spans)]
    rest = "".join(kept)
    return names(rest, item) or (measure(rest) <= AROUND and not _HAPPENED.search(words))


def next_strike(turn: Turn, moment: Moment) -> date:
    """The day of a bare hour: today while it is ahead."""
    ahead = moment.at is None or moment.at > turn.now.time()
    return turn.today if ahead else turn.today + timedelta(days=1)
