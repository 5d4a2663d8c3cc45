"""What somebody wants from a message, besides being heard."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from coaching.boundaries import Boundary, find_boundary, find_injection
from coaching.model import Event
from coaching.parts import ReplyKind
from coaching.subjects import names
from prompts import load_toml

if TYPE_CHECKING:
    from coaching.model import Scene, Turn


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
    PLAN = "plan"
    GOAL = "goal"
    PAUSE = "pause"
    FORGET = "forget"


_EDGES = re.compile(r"^[\s，,。.！!~～…?？、]+|[\s，,。.！!~～…?？、]+$")
SMALL = (
    Intent.THANKS, Intent.GREETING, Intent.THIN, Intent.OFF_TOPIC,
    Intent.PLAN, Intent.GOAL, Intent.PAUSE, Intent.FORGET,
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
    last = next((m for m in reversed(scene.recent) if m.role.value == "coach"), None)
    return bool(last and last.kind == ReplyKind.CHECKIN.value and last.said_on == turn.today)


def read_intent(turn: Turn, scene: Scene) -> tuple[Intent, Boundary | None]:
    """The intent, and for ``BOUNDARY`` which one."""
    text = turn.text
    if find_injection(text, turn.language):
        return Intent.INJECTION, None
    if len(text) <= 2 * LONG and (asked := _first((Intent.RECALL, Intent.WHY_KNOW), text)):
        return asked, None
    if answer := _about_step(text, scene) or _report(turn, scene):
        return answer, None
    if boundary := find_boundary(text, turn.language):
        return Intent.BOUNDARY, boundary
    return (_first(SMALL, text) if len(text) <= LONG else None) or Intent.COACH, None


def _first(intents: tuple[Intent, ...], text: str) -> Intent | None:
    return next((intent for intent in intents if says(intent, text)), None)


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
    if answers_checkin(turn, scene) or about:
        return _first((Intent.HALF, Intent.MISSED, Intent.DONE), text)
    if says("did", text) and not says("missed", text) and len(text) <= LONG * 4:
        return Intent.DONE
    return None
