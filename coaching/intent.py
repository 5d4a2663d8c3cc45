"""What somebody wants from a message, besides being heard."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from coaching.boundaries import Boundary, find_boundary, find_injection
from coaching.contact import FRESH, NOON
from coaching.model import Event, Role
from coaching.parts import ReplyKind
from coaching.subjects import names
from prompts import load_toml

if TYPE_CHECKING:
    from coaching.model import Message, Scene, Turn


class Intent(StrEnum):
    """One per message; the first that fits, in the order of ``read_intent``."""

    COACH = "coach"
    INJECTION = "injection"
    RECALL = "recall"
    WHY_KNOW = "why_know"
    BOUNDARY = "boundary"
    DONE = "done"
    HALF = "half"
    MISSED = "missed"
    TAKE = "take"
    SMALLER = "smaller"
    NOT_THIS = "not_this"
    THANKS = "thanks"
    GREETING = "greeting"
    THIN = "thin"
    OFF_TOPIC = "off_topic"
    WHO_ARE_YOU = "who_are_you"
    PLAN = "plan"
    GOAL = "goal"
    WEIGH = "weigh"
    TRIES = "tries"
    ME = "me"
    CV = "cv"
    RUNWAY = "runway"
    PAUSE = "pause"
    RESUME = "resume"
    WEEKLY = "weekly"
    AS_IT_IS = "as_it_is"
    SNOOZE = "snooze"
    NOT_TONIGHT = "not_tonight"
    FORGET = "forget"


_EDGES = re.compile(r"^[\s，,。.！!~～…?？、]+|[\s，,。.！!~～…?？、]+$")
_SHORT_DONE = re.compile(
    r"(?:已经|刚刚?|都|就)*([\u4e00-\u9fff])[\u4e00-\u9fff]?(?:完|好|过|出去)?了(?:[，。！!,\s]|$)"
)
SMALL = (
    Intent.THANKS, Intent.GREETING, Intent.THIN, Intent.OFF_TOPIC, Intent.WHO_ARE_YOU,
    Intent.PLAN, Intent.GOAL, Intent.WEIGH, Intent.TRIES, Intent.ME, Intent.CV, Intent.RUNWAY,
    Intent.PAUSE, Intent.RESUME, Intent.FORGET,
)  # fmt: skip
LONG = 60  # beyond this a message is about more than the phrase that matched


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    made = {}
    for name, kinds in load_toml("playbook/intents.toml").items():
        wholes = [rf"^(?:{pattern})$" for pattern in kinds.get("whole", ())]
        made[name] = re.compile("|".join([*kinds.get("any", ()), *wholes]), re.IGNORECASE)
    return made


def says(name: str, text: str) -> bool:
    """Whether the message says this, such as ``no_questions`` or ``quarrel``."""
    return bool(_patterns()[name].search(_EDGES.sub("", text)) or _patterns()[name].search(text))


def answers_checkin(turn: Turn, scene: Scene) -> bool:
    """Whether this is the answer to the question of the evening."""
    if turn.event is Event.REPLY_TO_CHECKIN:
        return True
    if any(m.id == turn.quoting and m.kind == ReplyKind.CHECKIN for m in scene.recent):
        return True
    last = next((m for m in reversed(scene.recent) if m.role is Role.COACH), None)
    return last is not None and last.kind == ReplyKind.CHECKIN and _is_tonight(last, turn)


def find_asked(turn: Turn, scene: Scene) -> Message | None:
    """The evening's question, until noon of the next day; notices of the coach do not count between."""
    coach = [m for m in scene.recent if m.role is Role.COACH and m.kind != ReplyKind.INFO]
    last = coach[-1] if coach else None
    if last is None or last.kind != ReplyKind.CHECKIN:
        return None
    last_night = last.said_on == turn.today - timedelta(days=1) and turn.now.hour < NOON
    return last if last_night or _is_tonight(last, turn) else None


def _is_tonight(asked: Message, turn: Turn) -> bool:
    return asked.said_on == turn.today or turn.now - asked.said_at < FRESH


def read_intent(turn: Turn, scene: Scene) -> tuple[Intent, Boundary | None]:
    """The intent, and for ``BOUNDARY`` which one."""
    text = turn.text
    if find_injection(text, turn.language):
        return Intent.INJECTION, None
    if len(text) <= 2 * LONG and (asked := _first((Intent.RECALL, Intent.WHY_KNOW), text)):
        return asked, None
    if answer := _about_asking(turn, scene) or _about_step(text, scene) or _report(turn, scene):
        return answer, None
    if boundary := find_boundary(text, turn.language):
        return Intent.BOUNDARY, boundary
    return (_first(SMALL, text) if len(text) <= LONG else None) or Intent.COACH, None


def _answer_shortly(text: str, asked: str) -> Intent | None:
    """Hears 没录 and 录了, with the verb of what was asked; yes and not yet."""
    if says("missed_short", text):
        return Intent.MISSED
    verb = _SHORT_DONE.match(_EDGES.sub("", text))
    return Intent.DONE if says("done_short", text) or (verb and verb[1] in asked) else None


def _first(intents: tuple[Intent, ...], text: str) -> Intent | None:
    return next((intent for intent in intents if says(intent, text)), None)


def _about_asking(turn: Turn, scene: Scene) -> Intent | None:
    """Whether they want to be asked at all tonight. "Tomorrow" alone is about it once they were asked."""
    if found := _first((Intent.SNOOZE, Intent.NOT_TONIGHT), turn.text):
        return found
    if not answers_checkin(turn, scene):
        return None
    short = (
        ("snooze_short", Intent.SNOOZE),
        ("not_tonight_short", Intent.NOT_TONIGHT),
        ("pause_short", Intent.PAUSE),
        (Intent.WEEKLY, Intent.WEEKLY),
        (Intent.AS_IT_IS, Intent.AS_IT_IS),
    )
    return next((intent for name, intent in short if says(name, turn.text)), None)


def _about_step(text: str, scene: Scene) -> Intent | None:
    """Without an offered step only "smaller" is about one; "yes", "no", "too hard" may be about anything."""
    if scene.offered is None:
        return _first((Intent.SMALLER,), text)
    if says("too_big", text):
        return Intent.SMALLER
    return _first((Intent.TAKE, Intent.SMALLER, Intent.NOT_THIS), text)


def _report(turn: Turn, scene: Scene) -> Intent | None:
    """How a promise went: an answer to the evening's question, or words about something planned.

    "I never ask" or "he didn't send it" is about their day, unless it speaks of a promise. Out of the blue
    only news of their own doing is a report.
    """
    text = turn.text
    due = [c for c in scene.plan if c.status.value == "open" and c.due_on <= turn.today]
    about = bool(due) and (says("promise", text) or any(names(text, c.text) for c in due))
    asked = find_asked(turn, scene)
    if answers_checkin(turn, scene) or about or (asked and len(text) <= LONG):
        found = _first((Intent.HALF, Intent.MISSED, Intent.DONE), text)
        return found or (_answer_shortly(text, asked.text) if asked else None)
    if says("did", text) and not says("missed", text) and len(text) <= LONG * 4:
        return Intent.DONE
    return None
