"""Moments as people say them: 3月2日, Mar 2, 今晚, tomorrow at lunch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from babel.dates import format_skeleton

from prompts import text, variants

if TYPE_CHECKING:
    from coaching.model import Language


def say_date(day: date, today: date, language: Language) -> str:
    """A day without its year while that is clear: 3月2日, Mar 2; otherwise 2025年3月2日, Mar 2, 2025."""
    near = abs((today - day).days) < 300
    return format_skeleton("MMMd" if near else "yMMMd", day, locale=language)


def say_weekday(day: date, language: Language) -> str:
    """周四, Thu."""
    return format_skeleton("E", day, locale=language)


@dataclass(frozen=True, slots=True)
class Slot:
    """A free moment for a small step.

    Attributes:
        words: how to say it now: 今晚饭后, tomorrow at lunch.
        on: its local date.
        cue: how it stands in a plan beside its date: 饭后, at lunch.
    """

    words: str
    on: date
    cue: str


def choose_slot(
    now: datetime, language: Language, *, low: bool, turn: int, here: bool = False, later: bool = False
) -> Slot:
    """The next moment that is really free: tonight while there is evening left, otherwise tomorrow.

    Nothing is put later than 22:30; from 21:30 on, and before dawn, the night belongs to sleep.
    ``turn`` varies the wording from reply to reply; with ``here`` they have the time at this moment, with
    ``later`` it is for the days to come.
    """
    today = now.date()
    minute = now.hour * 60 + now.minute
    weekend = today.isoweekday() >= 6
    if here:
        name, on = "now", today
    elif later:
        on = today + timedelta(days=1)
        name = "tomorrow_weekend" if on.isoweekday() >= 6 else "tomorrow"
    elif minute < 5 * 60:
        name, on = "later_today", today
    elif minute < 11 * 60 + 30:
        name, on = ("weekend_afternoon" if weekend else "lunch"), today
    elif minute < 21 * 60 + 30:
        name, on = ("tonight_low" if low else "tonight"), today
    else:
        on = today + timedelta(days=1)
        name = "tomorrow_weekend" if on.isoweekday() >= 6 else "tomorrow"
    wordings = variants(f"slot.{name}", language)
    words, _, cue = wordings[turn % len(wordings)].partition("|")
    return Slot(words, on, cue)


def say_day(day: date, today: date, language: Language) -> str:
    """今天, 明天, 周四 within the week, otherwise the date."""
    ahead = (day - today).days
    if ahead in (-1, 0, 1, 2):
        return text(f"day.{('yesterday', 'today', 'tomorrow', 'after_tomorrow')[ahead + 1]}", language)
    if 2 < ahead < 7:
        return f"{say_weekday(day, language)} ({say_date(day, today, language)})"
    return say_date(day, today, language)
