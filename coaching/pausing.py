"""No reminders for a while: until they say so, until a day, or for so many days."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from coaching.dates import say_day
from coaching.effects import ChangeSettings
from coaching.hours import DAY, next_evening
from coaching.parts import Draft, ReplyKind, Said
from coaching.when import read_moment
from prompts import text

if TYPE_CHECKING:
    from datetime import date

    from coaching.effects import Effect
    from coaching.model import Scene, Turn

FOREVER = timedelta(days=3650)
LONGEST = timedelta(days=366)  # a day further away was misread
_MOMENT = timedelta(microseconds=1)
_SPAN = re.compile(
    r"(?P<n>\d{1,3}|[一二两三四五六七八九十]|\b(?:an?|one|two|three|four|five|six|seven|ten)\b)\s*个?\s*"
    r"(?P<unit>天|周|星期|礼拜|月|days?\b|weeks?\b|months?\b|fortnights?\b)",
    re.IGNORECASE,
)
_NUMBERS = dict(zip("一二三四五六七八九十", range(1, 11), strict=True)) | {
    "两": 2,
    "a": 1,
    "an": 1,
    "ten": 10,
}
_NUMBERS |= dict(zip(("one", "two", "three", "four", "five", "six", "seven"), range(1, 8), strict=True))
_DAYS = {"天": 1, "d": 1, "周": 7, "星": 7, "礼": 7, "w": 7, "f": 14, "月": 30, "m": 30}
_THROUGH = re.compile(
    r"到|至|\bthrough\b", re.IGNORECASE
)  # that day is still free; "until" is the day they are back


def pause(turn: Turn, scene: Scene) -> Draft:
    """Stops the reminders, and says when they come back by themselves, if they do."""
    back_on = _find_back(turn)
    if back_on is None:
        return _say(turn, "small.pause", turn.now + FOREVER)
    until = datetime.combine(back_on, time(), turn.now.tzinfo)
    following = next_evening(scene.user, until - _MOMENT)
    if following is None:
        return _say(turn, "small.pause", until)
    return _say(
        turn, "small.pause_until", until, when=say_when(following.at.astimezone(turn.now.tzinfo), turn)
    )


def resume(turn: Turn, scene: Scene) -> Draft:
    """They are back, at the next evening."""
    following = next_evening(scene.user, turn.now)
    if following is None:
        return _say(turn, "small.resume_no_day", None)
    return _say(turn, "small.resume", None, evening=say_when(following.at.astimezone(turn.now.tzinfo), turn))


def change_rhythm(turn: Turn, scene: Scene, wanted: str) -> Draft:
    """The answer to the offer of the fourth silent evening: ``weekly``, ``pause`` or ``keep``."""
    if wanted == "pause":
        return pause(turn, scene)
    language = turn.language
    if wanted == "weekly":
        said = Said(text("settings.weekly", language))
        return Draft(ReplyKind.INFO, language, (said,), effects=(ChangeSettings({"days": "7"}),))
    return Draft(ReplyKind.INFO, language, (Said(text("settings.as_it_is", language)),))


def say_when(local: datetime, turn: Turn) -> str:
    """A moment as the person's day and clock: today 21:00."""
    return f"{say_day(local.date(), turn.today, turn.language)} {local:%H:%M}"


def _say(turn: Turn, key: str, until: datetime | None, **values: object) -> Draft:
    effects: tuple[Effect, ...] = (ChangeSettings({"paused_until": until}),)
    return Draft(ReplyKind.INFO, turn.language, (Said(text(key, turn.language, **values)),), effects=effects)


def _find_back(turn: Turn) -> date | None:
    """The local date on which they may be asked again, where they named one."""
    moment = read_moment(turn.text, turn.now)
    if moment.on is not None and turn.today <= moment.on < turn.today + LONGEST:
        back = moment.on + DAY if _THROUGH.search(turn.text) else moment.on
        return back if back > turn.today else back + DAY
    if span := _SPAN.search(turn.text):
        said = span["n"].lower()
        days = int(_NUMBERS.get(said, 0) or said) * _DAYS[span["unit"][0].lower()]
        return turn.today + timedelta(days=days) if 0 < days <= LONGEST.days else None
    return None
