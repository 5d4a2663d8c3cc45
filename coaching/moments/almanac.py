"""Named days on the calendar: the coming one, the one of a week, the edge of a month."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from coaching.moments.found import Day, Kind


def find_monday(today: date) -> date:
    return today - timedelta(days=today.weekday())


def build_date(year: int | None, month: int, day: int, today: date, span: tuple[int, int]) -> Day | None:
    """A date; without a year the coming one, unless it was there lately: then it is over."""
    try:
        found = date(year or today.year, month, day)
        if year is None and found < today - timedelta(days=60):
            found = date(today.year + 1, month, day)
    except ValueError:
        return None
    return Day(found, span, past=found < today)


def build_of_month(day: int, which: str, today: date, span: tuple[int, int]) -> Day | None:
    """The 5th: of this month while it is ahead, otherwise of the next."""
    month = today.month + (which.startswith(("下", "next")) or (not which and day < today.day))
    year, month = today.year + month // 13, (month - 1) % 12 + 1
    if day > monthrange(year, month)[1]:
        if which or day > 31:
            return None
        year, month = year + month // 12, month % 12 + 1  # a 31st is never two months away
    found = date(year, month, day)
    return Day(found, span, past=found < today)


def build_weekday(wanted: int, today: date, span: tuple[int, int], *, weeks: int | None) -> Day:
    """``wanted`` from 0; ``weeks`` from this one, or None for the coming day of that name."""
    day = find_monday(today) + timedelta(days=wanted)
    if weeks is None:
        return Day(day if day >= today else day + timedelta(days=7), span, Kind.WEEKDAY)
    day += timedelta(weeks=weeks)
    return Day(day, span, past=day < today)


def build_weekend(today: date, weeks: int, span: tuple[int, int]) -> Day:
    saturday = find_monday(today) + timedelta(days=5, weeks=weeks)
    if today > saturday:  # a Sunday: what is left of it
        return Day(today, span)
    return Day(saturday, span, Kind.RANGE, ambiguous=True)


def build_week(weeks: int, today: date, span: tuple[int, int]) -> Day:
    return Day(None, span, Kind.RANGE, ambiguous=True, week=find_monday(today) + timedelta(weeks=weeks))


def build_edge(edge: str, today: date, span: tuple[int, int], *, following: bool) -> Day:
    month = today.month + (following or edge in ("start", "beginning"))
    year, month = today.year + month // 13, (month - 1) % 12 + 1
    last = monthrange(year, month)[1]
    day = {"start": 1, "beginning": 1, "middle": 15}.get(edge, last)
    found = date(year, month, day)
    return Day(found, span, past=found < today)
