"""What the readers of days and of clock times hand to one another, and the numbers they share."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from enum import Enum

_HAN = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2, "〇": 0}
_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]
_MORE = {"a": 1, "an": 1, "thirty": 30, "forty": 40, "fortyfive": 45, "twentyfive": 25, "couple": 2}

HAN = r"(?:\d{1,3}|[零一二两三四五六七八九十]{1,3})"
WORD = (
    r"(?:\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty[- ]five"
    r"|twenty|thirty|forty[- ]five|forty)"
)
HOUR = r"(?:2[0-3]|1\d|0?[1-9]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"


class Part(Enum):
    """A part of the day, by what it says about a bare hour."""

    NONE = ""
    DAWN = "dawn"
    MORNING = "morning"
    NOON = "noon"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class Kind(Enum):
    """How a day was named: it decides what happens when its hour is over."""

    NAMED = "named"  # tomorrow, June 3rd
    WEEKDAY = "weekday"  # a bare Wednesday: the coming one
    RANGE = "range"  # a week, a weekend: a day is still to be chosen


@dataclass(frozen=True, slots=True)
class Day:
    """A day that was named.

    Attributes:
        on: the date; None when only a week was named.
        span: where it stands.
        cue: the words for the moment that the day itself carries: tonight.
        part: what the day says about a bare hour.
        ambiguous: it could be another day.
        past: it is over.
        week: the Monday of a week that was named without a day.
    """

    on: date | None
    span: tuple[int, int]
    kind: Kind = Kind.NAMED
    cue: str = ""
    part: Part = Part.NONE
    ambiguous: bool = False
    past: bool = False
    week: date | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock time that was named. ``next_day``: it lies after the midnight of the day it was said for."""

    at: time
    span: tuple[int, int]
    ambiguous: bool = False
    next_day: bool = False
    minutes: int | None = None


Reader = tuple[re.Pattern[str], Callable[[re.Match[str], date], Day | None]]


def number(words: str) -> int:
    """三, 二十五, twelve, 7. Zero where it is none."""
    words = words.lower().replace("-", "").replace(" ", "")
    if words.isdigit():
        return int(words)
    if words in _WORDS:
        return _WORDS.index(words)
    if words in _MORE:
        return _MORE[words]
    if "十" in words:
        tens, _, ones = words.partition("十")
        return _HAN.get(tens, 1) * 10 + _HAN.get(ones, 0)
    return _HAN.get(words, 0)


def settle_hour(hour: int, minute: int, part: Part, *, exact: bool) -> tuple[time, bool, bool] | None:
    """The clock time of an hour as it was said, whether it is a guess, and whether it is after midnight.

    Without a part of the day, 1 to 5 are afternoons and 11 and 12 are daytime; 6 to 10 could be either, and
    are guessed: 6 and 7 as evenings, from 8 on as mornings. ``exact`` is a 24-hour time such as 08:00.
    """
    if hour > 24 or minute > 59:
        return None
    after = False
    guess = False
    if hour == 24 or (hour == 0 and part is Part.EVENING):  # tonight at nought is the end of tonight
        hour, after = 0, True
    elif exact or hour > 12 or hour == 0:
        pass
    elif part is Part.DAWN:
        hour %= 12
    elif part is Part.NOON:
        hour += 12 if hour <= 3 else 0
    elif part is Part.AFTERNOON:
        hour += 12 if hour < 12 else 0
    elif part is Part.EVENING:
        after = hour == 12 or hour <= 3
        hour = hour % 12 if after else hour + 12
    elif part is Part.NONE and hour < 11:
        guess = hour >= 6
        hour += 12 if hour <= 7 else 0
    return time(hour, minute), guess, after
