"""Dates as people write them: in front matter, in file names and at the head of a day's notes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june",
            "jul july", "aug august", "sep sept september", "oct october", "nov november", "dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = rf"(?<![A-Za-z])(?P<month_name>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_YEAR = r"(?<!\d)(?P<year>(?:19|20)\d\d)"
_DAY_EN = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?![\dA-Za-z]|:\d)"
_GAP = r"[\s,._-]{1,3}"
_NUMERAL = re.compile(r"[〇零○一二三四五六七八九十]{1,5}(?=[年月日号號])")
_DIGITS = {numeral: digit for digit, numeral in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}


def _compile(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_TO_THE_DAY = _compile(
    _YEAR + r"\s?[-/._年]\s?(?P<month>\d{1,2})\s?[-/._月]\s?(?P<day>\d{1,2})(?!\d)\s?[日号號]?",
    _YEAR
    + r"(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?=[T_-]?\d{4}(?!\d)|[T_-]?\d{6}(?!\d)|\D|$)",
    _MONTH + rf"{_GAP}{_DAY_EN}{_GAP}(?P<year>(?:19|20)\d\d)(?!\d)",
    rf"(?<![\d:])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?{_GAP}(?:of\s)?"
    + _MONTH
    + rf"{_GAP}(?P<year>(?:19|20)\d\d)(?!\d)",
    r"(?<!\d)(?P<first>\d{1,2})(?P<sign>[-/.])(?P<second>\d{1,2})(?P=sign)(?P<year>(?:19|20)\d\d)(?!\d)",
)
_TO_THE_MONTH = _compile(
    _YEAR + r"\s?年\s?(?P<month>\d{1,2})\s?月(?:份)?(?!\d)",
    _YEAR + r"[-/._](?P<month>0[1-9]|1[0-2])(?![-/._]?\d)",
    # Six digits are a year and a month only where they cannot be a short year, a month and a day.
    r"(?<!\d)(?P<year>20(?:1[3-9]|[2-9]\d))(?P<month>0[1-9]|1[0-2])(?!\d)",
    _MONTH + rf"{_GAP}(?P<year>(?:19|20)\d\d)(?!\d)",
)
_WITHOUT_YEAR = _compile(
    r"(?<!\d)(?P<month>\d{1,2})\s?月\s?(?P<day>\d{1,2})\s?[日号號]",
    _MONTH + rf"\s{{1,2}}{_DAY_EN}",
    r"(?<![\d:])(?P<day>\d{1,2})(?:st|nd|rd|th)?\s(?:of\s)?" + _MONTH + r"(?![A-Za-z])",
    r"(?<!\d)(?P<month>\d{1,2})/(?P<day>\d{1,2})(?=\s?[（(]?(?:周|週|星期|礼拜))",
)
_DAY_ONLY = _compile(r"(?<!\d)(?P<day>\d{1,2})\s?[日号號]")
_YEAR_ONLY = _compile(_YEAR + r"(?!\d)\s?年?")

_WEEKDAY = (
    r"(?:(?:周|週|星期|礼拜)[一二三四五六日天]"
    r"|(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?(?![a-z])\.?)"
)
_BEFORE_DATE = re.compile(
    rf"(?:\W|(?:date|日期|时间|日记|周记|今天是)\s{{0,2}}[:：]?|{_WEEKDAY}){{0,6}}\s{{0,4}}\Z", re.IGNORECASE
)
_AROUND_DATE = re.compile(
    rf"{_WEEKDAY}"
    r"|(?:at\s)?\d{1,2}[:：]\d\d(?:[:：]\d\d)?(?:\s?[ap]\.?m\.?)?(?:\s?(?:GMT|UTC|CST|Z)?[+-]?\d{0,4})?"
    r"|T(?=\d)|-?\d{1,2}(?:[~～-]-?\d{1,2})?\s?[°℃度]C?"
    r"|上午|下午|晚上|凌晨|早上|晴|阴|多云|转|[小中大暴阵下雷]{0,2}[雨雪]|sunny|cloudy|rainy|snowy?|\W",
    re.IGNORECASE,
)
_DEADLINE = re.compile(r"\s?(?:[前后後]|之[前后後]|以[前后後]|截止|到期|due\b|deadline)", re.IGNORECASE)
_ANY_NUMBER = re.compile(r"[\d一二三四五六七八九十]")
_LONGEST_HEADING = 120  # characters
_LONGEST_LINE = 40


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it was written: any of its parts may be missing."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def __str__(self) -> str:
        """Like ISO 8601: ``2025-03-02``, ``2025-03``, ``--03-02``."""
        parts = [f"{part:02}" for part in (self.month, self.day) if part]
        return "-".join([str(self.year) if self.year else "-", *parts])

    def as_date(self) -> date | None:
        """The date, the first of the month where no day was written; None for a day that does not exist."""
        if self.year is None or self.month is None:
            return None
        try:
            return date(self.year, self.month, self.day or 1)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class DateLine:
    """A line that begins with a date. ``alone`` when it adds only a weekday, a time or the weather."""

    day: Day
    alone: bool


def find_day(text: str) -> Day | None:
    """The first full date in a text, else the first month of a year; None when there is neither.

    Understands 2025-11-17, 2025/11/17, 2025年11月17日, 二〇二五年三月二日, 20251117, Nov 17 2025, 17
    November 2025, 17.11.2025. Where day and month could be exchanged (03/02/2025) it is None: no date is
    better than a wrong one.
    """
    written = _with_digits(text)
    for patterns in (_TO_THE_DAY, _TO_THE_MONTH):
        found = [(match.start(), day) for match, day in _match_all(patterns, written)]
        if found:
            return min(found, key=lambda pair: pair[0])[1]
    return None


def find_year(text: str) -> int | None:
    """The year a text such as ``2024年总结`` names."""
    found = _YEAR_ONLY[0].search(_with_digits(text))
    return int(found["year"]) if found else None


def parse_date_line(line: str, *, heading: bool) -> DateLine | None:
    """Reads a line as the head of a day's notes: 2025-03-02 周日, 3月2日, Mar 2, 2025, March 2025.

    A line that only mentions a date, or one that names a deadline (12月31日前), is not one. A heading may
    go on after its date; a line of running text must say nothing else.

    Args:
        line: one line, without its markup.
        heading: whether it is marked as a heading.
    """
    if len(line) > (_LONGEST_HEADING if heading else _LONGEST_LINE) or not _ANY_NUMBER.search(line):
        return None
    written = _with_digits(line.strip())
    for patterns in (_TO_THE_DAY, _WITHOUT_YEAR):
        for match, day in _match_all(patterns, written):
            if not _BEFORE_DATE.match(written[: match.start()]):
                continue
            rest = written[match.end() :]
            alone = not _AROUND_DATE.sub("", rest)
            if alone or (heading and _may_go_on(day, match, rest)):
                return DateLine(day, alone)
    if heading:
        for patterns in (_TO_THE_MONTH, _DAY_ONLY, _YEAR_ONLY):
            for match, day in _match_all(patterns, written):
                if not _AROUND_DATE.sub("", written[: match.start()] + written[match.end() :]):
                    return DateLine(day, alone=True)
    return None


def settle_year(day: Day, *, near: date | None, year: int | None, latest: date) -> date | None:
    """The date of a day that was written without its year.

    Args:
        day: month and day; a day with a year is taken as it is.
        near: the date of the day's notes before it: the nearest such day is meant.
        year: otherwise the year to take, and the year before when that day was still to come.
        latest: no later day is possible.

    Returns:
        The date, or None when it would lie after ``latest`` or does not exist.
    """
    if day.year is not None:
        years = [day.year]
    elif near is not None:
        years = [near.year + step for step in (0, -1, 1)]
    else:
        base = year if year is not None else latest.year
        years = [base, base - 1]
    dates = [found for y in years if (found := replace(day, year=y).as_date()) and found <= latest]
    if not dates:
        return None
    return min(dates, key=lambda found: abs((found - near).days)) if near else dates[0]


def _may_go_on(day: Day, match: re.Match[str], rest: str) -> bool:
    if _DEADLINE.match(rest):
        return False
    # "March 3 things I learned" is no date; "3月2日 加班" is one.
    return day.year is not None or "月" in match.group() or rest.lstrip()[:1] in tuple(",，:：—–|-")


def _match_all(patterns: tuple[re.Pattern[str], ...], text: str) -> list[tuple[re.Match[str], Day]]:
    """For each pattern its first match that is a day of some year."""
    found = []
    for pattern in patterns:
        for match in pattern.finditer(text):
            day = _read(match)
            if day is not None:
                found.append((match, day))
                break
    return found


def _read(match: re.Match[str]) -> Day | None:
    parts: dict[str, str | None] = match.groupdict()
    month: int | None
    day: int | None
    if "first" in parts:
        month, day = _order(int(match["first"]), int(match["second"]), match["sign"])
    else:
        name = parts.get("month_name")
        month = _MONTHS[name.lower()] if name else _number(parts.get("month"))
        day = _number(parts.get("day"))
    year = _number(parts.get("year"))
    if 0 in (month, day) or (day or 1) > 31:
        return None
    # A leap year stands in for the missing one, so that 2月29日 is possible and 2月30日 is not.
    if month is not None and Day(year or 2000, month, day).as_date() is None:
        return None
    return Day(year, month, day)


def _order(first: int, second: int, sign: str) -> tuple[int, int]:
    """Month and day of two numbers before a year; zeros when they could be exchanged."""
    if sign == "." or first == second or first > 12 >= second:
        return second, first
    return (first, second) if second > 12 >= first else (0, 0)


def _number(text: str | None) -> int | None:
    return int(text) if text else None


def _with_digits(text: str) -> str:
    """二〇二五年十一月三日 as 2025年11月3日."""
    return _NUMERAL.sub(lambda match: _digits(match.group()), text) if "月" in text or "年" in text else text


def _digits(numeral: str) -> str:
    if "十" not in numeral:
        return "".join(str(_DIGITS[one]) for one in numeral)
    tens, _, ones = numeral.partition("十")
    if "十" in ones:
        return numeral
    return str(10 * (_DIGITS.get(tens, 0) if tens else 1) + (_DIGITS.get(ones, 0) if ones else 0))
