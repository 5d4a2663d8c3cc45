"""A location, or a city typed when the zone is asked for, sets the time zone. The place is not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import tzfpy

from bot.telegram.handlers.onboarding import DIALOGUE, evening_question, is_zone
from bot.thought import Line, Saying, Thought
from coaching.effects import ChangeSettings, EndDialogue
from prompts import text

if TYPE_CHECKING:
    from bot.telegram.desk import Desk
    from bot.telegram.parse import Update
    from coaching.model import User

LONGEST_CITY = 24  # characters; anything longer is something on their mind


def find_zone(latitude: float, longitude: float) -> str | None:
    """The zone of a place on land; None at sea and off the map."""
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    name = tzfpy.get_tz(longitude, latitude)
    return name if is_zone(name) and not name.startswith("Etc/") else None


async def take_place(desk: Desk, person: User, update: Update) -> Thought:
    """Sets the zone."""
    turn = desk.turn(person)
    zone = find_zone(*update.place) if update.place else None
    if zone is None:
        return Thought(turn, after=(Saying(text("telegram.no_zone", person.language)),))
    now = desk.clock.now().astimezone(person.tz)
    shown = Saying(_shown(desk, person, zone))
    scene = await desk.journal.load_scene(person.id, now)
    asked = scene.dialogue is not None and scene.dialogue.kind == DIALOGUE
    after = (shown, evening_question(person)) if asked else (shown,)
    ends = (EndDialogue(),) if asked else ()
    return Thought(turn, after=after, effects=(ChangeSettings({"zone": zone}), *ends))


async def take_city(desk: Desk, person: User, update: Update) -> Thought | None:
    """A city typed as the answer to the question for the zone; None when it is something else."""
    if len(update.text) > LONGEST_CITY or "\n" in update.text:
        return None
    now = desk.clock.now().astimezone(person.tz)
    scene = await desk.journal.load_scene(person.id, now)
    if scene.dialogue is None or scene.dialogue.kind != DIALOGUE:
        return None
    answer = await desk.coach.reply_to(desk.turn(person, f"zone {update.text}", command="settings"))
    zones = [
        effect.values["zone"]
        for effect in answer.reply.draft.effects
        if isinstance(effect, ChangeSettings) and "zone" in effect.values
    ]
    if not zones:
        return None
    turn = desk.turn(person, update.text)
    line = Line(desk.said(turn, update), update.origin, update.message_id)
    after = (Saying(_shown(desk, person, zones[0])), evening_question(person))
    return Thought(turn, (line,), after=after, effects=(ChangeSettings({"zone": zones[0]}), EndDialogue()))


def _shown(desk: Desk, person: User, zone: str) -> str:
    there = desk.clock.now().astimezone(ZoneInfo(zone))
    return text("telegram.zone_set", person.language, zone=zone, time=f"{there:%H:%M}")
