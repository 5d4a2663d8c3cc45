"""Which day a text means, of all that its readers find."""

# ruff: noqa: E501  # a pattern is read as one piece
from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

from coaching.moments import days_any, days_en, days_zh
from coaching.moments.found import Day, Kind

_READERS = (*days_zh.READERS, *days_en.READERS, *days_any.READERS)


def find_day(text: str, today: date, *, evening: bool, week: date | None = None) -> Day | None:
    """The day that a text names, the first one when it names several.

    Args:
        text: What was written; anything read already is blanked out.
        today: The person's own date.
        evening: Whether today is nearly over, so that a bare weekday is rather next week's.
        week: The Monday of a week that was named before: a bare weekday lies in it.
    """
    found = [
        day
        for pattern, read in _READERS
        for match in pattern.finditer(text)
        if (day := read(match, today)) is not None
    ]
    # of two readings of one place the longer one: 下下周三 over 周三
    found.sort(key=lambda day: (day.span[0], -day.span[1]))
    days: list[Day] = []
    for day in found:
        if not days or day.span[0] >= days[-1].span[1]:
            days.append(day)
    if not days:
        return None
    return _choose([_in_week(_bare(day, today, evening=evening), week) for day in days], text)


def _choose(days: list[Day], text: str) -> Day:
    """The first day; a weekday beside a date gives way to it, two weekdays beside each other are a question."""
    first = next((day for day in days if day.on is not None), days[0])
    for other in days:
        if other is first or other.on is None:
            continue
        low, high = sorted((first, other), key=lambda day: day.span)
        between = text[low.span[1] : high.span[0]]
        if len(between) > 16 or not re.fullmatch(
            r"(?:上午|下午|晚上?|早上?|中午|morning|afternoon|evening)?[\s,，、/(（~-]*(?:的|或者?|和|or|and|to|到|至|until|the)?[\s,，、/(（~-]*",
            between,
            re.IGNORECASE,
        ):
            continue
        span = (low.span[0], high.span[1])
        pair = {first.kind, other.kind}
        if low.week is not None and high.kind is Kind.WEEKDAY:  # 两周后的周一
            return replace(_in_week(high, low.week), span=span, kind=Kind.NAMED)
        if pair == {Kind.NAMED, Kind.WEEKDAY}:
            named, weekday = (first, other) if first.kind is Kind.NAMED else (other, first)
            assert named.on is not None and weekday.on is not None  # noqa: S101, PT018  # for mypy: both were looked at
            return replace(named, span=span, ambiguous=named.on.weekday() != weekday.on.weekday())
        return replace(first, span=span, ambiguous=True)
    if first.on is not None and first.kind is not Kind.WEEKDAY:
        return first
    spoken = next((day for day in days if day.week is not None), None)
    return _in_week(first, spoken.week) if spoken is not None and first.on is not None else first


def _in_week(day: Day, week: date | None) -> Day:
    if week is None or day.kind is not Kind.WEEKDAY or day.on is None:
        return day
    return replace(day, on=week + timedelta(days=day.on.weekday()), ambiguous=False)


def _bare(day: Day, today: date, *, evening: bool) -> Day:
    """Said in the evening of a Wednesday, a bare Wednesday is rather the next one, and worth a question."""
    if day.kind is Kind.WEEKDAY and day.on == today and evening:
        return replace(day, ambiguous=True)
    return day
