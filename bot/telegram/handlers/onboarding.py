"""The first meeting: what it is, then goal, zone and evening as buttons, one at a time, each skippable.

The coach works from the first message. What is asked here is asked in one message that changes in place, and
everything can be changed later. A button carries all it needs, so that tapping it twice, or on a keyboard of
last week, does the same thing once more and harms nothing.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.thought import Line, Saying, Thought
from coaching.dates import say_day
from coaching.effects import AddGoal, ChangeSettings, EndDialogue, SetDialogue
from coaching.hours import next_evening
from coaching.model import Lens
from coaching.parts import Choice
from prompts import text

if TYPE_CHECKING:
    from bot.telegram.desk import Desk
    from bot.telegram.parse import Update
    from coaching.effects import Effect
    from coaching.model import User

PREFIX = "on:"  # of the data of every button here
DIALOGUE = "onboarding"  # under way while a city may be typed

_GOALS = (Lens.OWNERSHIP, Lens.IMPACT, Lens.ESCAPE)
_EVENINGS = ("20:00", "21:00", "22:00")
_ZONES = {
    "zh": (
        "Asia/Shanghai",
        "Asia/Hong_Kong",
        "Asia/Taipei",
        "Asia/Singapore",
        "America/Los_Angeles",
        "Europe/London",
    ),
    "en": (
        "America/New_York",
        "America/Los_Angeles",
        "Europe/London",
        "Europe/Berlin",
        "Asia/Singapore",
        "Asia/Shanghai",
    ),
}


async def welcome(desk: Desk, person: User, update: Update) -> Thought:
    """``/start``: what it is, what is stored, and the only question that matters. Any payload is ignored."""
    turn = desk.turn(person, command="start")
    if await desk.journal.count_messages(person.id):
        words = text("welcome.back", person.language)
    else:
        words = "\n".join(text(f"welcome.{key}", person.language) for key in ("hello", "stored"))
        words += "\n\n" + text("welcome.ask", person.language)
    # what follows the command is a code or an advertisement, not their words
    line = Line(desk.said(turn, update), update.origin, update.message_id)
    choice = Choice(text("onboarding.later", person.language), "on:go")
    return Thought(turn, (line,), after=(Saying(words, (choice,)),))


async def ask_goal(desk: Desk, person: User) -> tuple[Saying, ...]:
    """The offer to set up, once for a person; what they have set already is not asked."""
    if await desk.journal.list_goals(person.id):
        return ()
    return (_goal_question(person, key=f"onboarding:{person.id}"),)


async def answer_onboarding(desk: Desk, person: User, update: Update) -> Thought:
    """A button of the first meeting: keeps what was chosen and goes on to the next question, in place."""
    _, step, choice = (*update.tap.split(":", 2), "", "")[:3]
    effects: list[Effect] = []
    match step:
        case "goal":
            if choice in set(_GOALS):
                chosen = text(f"onboarding.goal_{choice}", person.language)
                effects.append(AddGoal(text=chosen, lens=Lens(choice)))
            effects.append(SetDialogue(DIALOGUE, {"step": "zone"}))
            saying = _zone_question(desk, person)
        case "zone":
            effects.append(EndDialogue())
            if is_zone(choice):
                effects.append(ChangeSettings({"zone": choice}))
            saying = evening_question(person)
        case "evening":
            evening = _read_evening(choice) or person.evening
            if evening != person.evening:
                effects.append(ChangeSettings({"evening": evening}))
            saying = Saying(say_next(desk, person, evening))
        case _:
            saying = _goal_question(person)
    turn = desk.turn(person, tap=update.tap)
    in_place = Saying(saying.text, saying.choices, edit=update.message_id or None)
    return Thought(turn, after=(in_place,), effects=tuple(effects))


def evening_question(person: User) -> Saying:
    """The last question."""
    choices = tuple(Choice(hour, f"on:evening:{hour}") for hour in _EVENINGS)
    return Saying(text("onboarding.evening", person.language), (*choices, _skip(person, "evening")))


def is_zone(name: str) -> bool:
    """Whether the world knows a zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(name)


def say_next(desk: Desk, person: User, evening: time) -> str:
    """When it will ask next, in the person's own time."""
    now = desk.clock.now().astimezone(person.tz)
    planned = next_evening(replace(person, evening=evening), now)
    # nobody is asked who chose no day; the hour they chose is said all the same
    following = planned.at.astimezone(person.tz) if planned else datetime.combine(now, evening, person.tz)
    day = say_day(following.date(), now.date(), person.language)
    return text("onboarding.done", person.language, day=day, time=f"{following:%H:%M}", zone=person.zone)


def _goal_question(person: User, *, key: str = "") -> Saying:
    choices = tuple(
        Choice(text(f"onboarding.goal_{lens.value}", person.language), f"on:goal:{lens.value}")
        for lens in _GOALS
    )
    return Saying(text("onboarding.goal", person.language), (*choices, _skip(person, "goal")), key=key)


def _zone_question(desk: Desk, person: User) -> Saying:
    now = desk.clock.now()
    names = dict.fromkeys((person.zone, *_ZONES[person.language]))
    choices = tuple(
        Choice(f"{_city(name)} {now.astimezone(ZoneInfo(name)):%H:%M}", f"on:zone:{name}")
        for name in list(names)[:6]
    )
    return Saying(text("onboarding.zone", person.language), (*choices, _skip(person, "zone")))


def _city(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")


def _skip(person: User, step: str) -> Choice:
    return Choice(text("onboarding.skip", person.language), f"on:{step}:")


def _read_evening(value: str) -> time | None:
    try:
        return time.fromisoformat(value)
    except ValueError:
        return None
