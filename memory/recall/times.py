"""Time words in a question and in a text: "March", 三月份, "8 May 2023", 上个月, "three weeks ago".

Nothing here knows the clock: ``today`` is handed in. What is found never rules a message out, it only lifts
the ones it fits (LoCoMo dev: R@10 +.02, temporal +.05); a hard bound is the caller's ``since``/``until``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SHORT = {"jan": 1, "feb": 2, "apr": 4, "aug": 8, "sept": 9, "oct": 10, "nov": 11, "dec": 12}
_MONTH = {name: number for number, name in enumerate(_MONTHS, 1)} | _SHORT
_WEEKDAYS = {
    "monday": 1,
    "tuesday": 2,
    "wednesday": 3,
    "thursday": 4,
    "friday": 5,
    "saturday": 6,
    "sunday": 7,
}
_HAN = {char: number for number, char in enumerate("一二三四五六七八九十", 1)}
_HAN_ABOUT = {"两": 2, "几": 3, "半": 1}
_HAN_WEEKDAY = {char: number for number, char in enumerate("一二三四五六日", 1)} | {"天": 7}

_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_EN = re.compile(
    rf"(?:\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?)?"
    rf"(?P<lead>\b(?:in|of|since|by|last|next|this|until|early|late|mid|during|from|around|before|after)\s+)?"
    rf"\b(?P<month>{_NAMES})\b\.?"
    rf"(?:\s+(?P<after>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*[:年月]))?"
    rf"(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?"
)
_AMBIGUOUS = frozenset(("may", "march"))  # a verb, unless a number or a preposition stands beside it
_NUMBER = r"\d{1,2}|[一二三四五六七八九十]{1,3}"
_ZH = re.compile(
    rf"(?:(?P<year>(?:19|20)?\d\d)年)?(?<![\d个])(?P<month>{_NUMBER})月(?:份|(?P<day>{_NUMBER})[日号])?"
)
_ZH_DAY = re.compile(rf"(?<![\d月十一二三四五六七八九])(?P<day>{_NUMBER})号(?![线楼院码])")
_ZH_WEEKDAY = re.compile(r"(?<![一两几半\d])(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])")
_ISO = re.compile(r"\b(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?\b")
_YEAR = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?:年|(?![\d.,]*\d))")
_EN_WEEKDAY = re.compile(rf"\b(?P<weekday>{'|'.join(_WEEKDAYS)})s?\b")


@dataclass(frozen=True, slots=True)
class Mention:
    """A date as far as it was named; what was not named is None. ``weekday`` is ISO (1 = Monday)."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None

    def tokens(self) -> tuple[str, ...]:
        """The same tokens for both languages, so that "March" finds 三月."""
        found = []
        if self.year is not None:
            found.append(f"@y{self.year}")
        if self.month is not None:
            found.append(f"@m{self.month}")
            if self.day is not None:
                found.append(f"@m{self.month}d{self.day}")
        if self.weekday is not None:
            found.append(f"@w{self.weekday}")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Span:
    """Two dates, both inside."""

    since: date
    until: date


def _number(written: str | None) -> int | None:
    """A number of at most 99 in digits or Chinese characters."""
    if not written:
        return None
    if written.isdigit():
        return int(written)
    tens, ten, ones = written.partition("十")
    if not ten:
        return _HAN.get(written)
    return (_HAN.get(tens, 1) if tens else 1) * 10 + (_HAN.get(ones, 0) if ones else 0)


def _mention(year: int | None, month: int | None, day: int | None) -> Mention | None:
    if month is not None and not 1 <= month <= 12:
        return None
    if day is not None and not 1 <= day <= 31:
        day = None
    if year is not None and year < 100:
        year += 2000
    return Mention(year, month, day) if (year, month, day) != (None, None, None) else None


def find_dates(text: str) -> tuple[Mention, ...]:
    """The dates that a normalised text names, each once, in no particular order."""
    found: dict[Mention, None] = {}

    def keep(mention: Mention | None) -> None:
        if mention is not None:
            found.setdefault(mention)

    rest = text
    for pattern in (_ISO, _ZH, _EN):
        for match in pattern.finditer(rest):
            parts = match.groupdict()
            named = parts["month"]
            if pattern is _EN:
                if _is_verb(match):
                    continue
                keep(_mention(_number(parts["year"]), _MONTH[named], _number(parts["day"] or parts["after"])))
            else:
                keep(_mention(_number(parts["year"]), _number(named), _number(parts["day"])))
        rest = pattern.sub(" ", rest) if pattern is not _EN else rest
    years = {mention.year for mention in found}
    for match in _YEAR.finditer(text):
        if int(match["year"]) not in years:
            keep(Mention(year=int(match["year"])))
    for match in _ZH_DAY.finditer(rest):
        keep(_mention(None, None, _number(match["day"])))
    for match in _ZH_WEEKDAY.finditer(text):
        keep(Mention(weekday=_HAN_WEEKDAY[match["weekday"]]))
    for match in _EN_WEEKDAY.finditer(text):
        keep(Mention(weekday=_WEEKDAYS[match["weekday"]]))
    return tuple(found)


def without_dates(text: str) -> str:
    """A normalised question without the dates and spans it names, for those are looked for by date."""
    text = _SEASON.sub(lambda match: match[0] if match["year"] else " ", text)  # people write of summers
    for pattern in (*(each for each, _ in _FIXED), _AGO, _ISO, _ZH, _ZH_DAY, _ZH_WEEKDAY, _EN_WEEKDAY):
        text = pattern.sub(" ", text)
    text = _EN.sub(lambda match: match[0] if _is_verb(match) else " ", text)
    return _YEAR.sub(" ", text)


def _is_verb(match: re.Match[str]) -> bool:
    """Whether a "may" or "march" is not the month: nothing of a date stands beside it."""
    beside = match["day"] or match["after"] or match["lead"] or match["year"]
    return match["month"] in _AMBIGUOUS and not beside and match[0].strip() != match.string.strip()


def month_names() -> frozenset[str]:
    """English month names that are nothing but months: they become date tokens, not words."""
    return frozenset(_MONTHS) - _AMBIGUOUS


def _month_span(today: date, back: int) -> Span:
    month = today.year * 12 + today.month - 1 - back
    first = date(month // 12, month % 12 + 1, 1)
    following = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
    return Span(first, following - timedelta(days=1))


def _week_span(today: date, back: int) -> Span:
    monday = today - timedelta(days=today.weekday() + 7 * back)
    return Span(monday, monday + timedelta(days=6))


def _year_span(today: date, back: int) -> Span:
    return Span(date(today.year - back, 1, 1), date(today.year - back, 12, 31))


def _days(today: date, first: int, last: int | None = None) -> Span:
    last = first if last is None else last
    return Span(today - timedelta(days=first), today - timedelta(days=last))


_FIXED: tuple[tuple[re.Pattern[str], Callable[[date], Span]], ...] = (
    (re.compile(r"前天|day before yesterday"), lambda today: _days(today, 2)),
    (re.compile(r"昨天|昨晚|昨日|(?<!before )\byesterday\b|\blast night\b"), lambda today: _days(today, 1)),
    (re.compile(r"今天|今早|今晚|\btoday\b|\btonight\b|\bthis morning\b"), lambda today: _days(today, 0)),
    (re.compile(r"上上(?:个)?(?:周|星期|礼拜)"), lambda today: _week_span(today, 2)),
    (re.compile(r"(?<!上)上(?:个)?(?:周|星期|礼拜)|\blast week\b"), lambda today: _week_span(today, 1)),
    (re.compile(r"(?:这|本)(?:个)?(?:周|星期|礼拜)|\bthis week\b"), lambda today: _week_span(today, 0)),
    (re.compile(r"上上(?:个)?月"), lambda today: _month_span(today, 2)),
    (re.compile(r"(?<!上)上(?:个)?月|\blast month\b"), lambda today: _month_span(today, 1)),
    (re.compile(r"(?:这个|本|这)月|\bthis month\b"), lambda today: _month_span(today, 0)),
    (re.compile(r"前年"), lambda today: _year_span(today, 2)),
    (re.compile(r"去年|\blast year\b"), lambda today: _year_span(today, 1)),
    (re.compile(r"今年|\bthis year\b"), lambda today: _year_span(today, 0)),
)
# Last summer is the one that is over, 去年冬天 the winter that began last year; it ends in the next one.
_SEASON_BEGINS = {"春": 3, "夏": 6, "秋": 9, "冬": 12}
_SEASON_BEGINS |= {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_SEASON = re.compile(
    r"(?:(?P<zhyear>前年|去年|今年)|(?P<zhlast>上(?:一)?个|上))(?:的)?(?P<zh>[春夏秋冬])(?:天|季)"
    r"|\b(?:(?P<lead>last|this)\s+)?(?P<en>spring|summer|autumn|fall|winter)\b"
    r"(?(lead)|\s+(?:of\s+)?(?P<year>(?:19|20)\d\d)\b)"
)
_EN_NUMBER = "a|an|one|two|three|four|five|six|seven|eight|nine|ten"
_EN_VALUE = {word: number for number, word in enumerate(_EN_NUMBER.split("|")[2:], 1)} | {"a": 1, "an": 1}
_AGO = re.compile(
    rf"(?P<zh>{_NUMBER}|两|几|半)(?:个)?(?P<zhunit>天|日|周|星期|礼拜|月|年)[以之]?前"
    rf"|\b(?P<en>\d{{1,2}}|{_EN_NUMBER})\s+(?P<enunit>day|week|month|year)s?\s+ago\b"
)
_DAYS_IN = {"天": 1, "日": 1, "day": 1, "周": 7, "星期": 7, "礼拜": 7, "week": 7, "月": 30, "month": 30}


def _ago(match: re.Match[str], today: date) -> Span:
    """About that long ago: from a week on, a third of the distance on either side."""
    unit = match["zhunit"] or match["enunit"]
    if match["zh"]:
        count = _HAN_ABOUT.get(match["zh"]) or _number(match["zh"]) or 1
    else:
        count = _EN_VALUE.get(match["en"]) or int(match["en"])
    distance = count * _DAYS_IN.get(unit, 365)
    slack = 0 if distance < 7 else distance // 3
    return Span(today - timedelta(days=distance + slack), today - timedelta(days=distance - slack))


def _season(match: re.Match[str], today: date) -> Span:
    """Three months. Without a year it is the last one that has begun; "last" is one that is over."""
    begins = _SEASON_BEGINS[match["zh"] or match["en"]]
    if match["year"]:
        return _season_span(int(match["year"]), begins)
    if match["zhyear"]:
        return _season_span(today.year - ("今年", "去年", "前年").index(match["zhyear"]), begins)
    span = _season_span(today.year, begins)
    while span.since > today or (span.until >= today and (match["zhlast"] or match["lead"] == "last")):
        span = _season_span(span.since.year - 1, begins)
    return span


def _season_span(year: int, begins: int) -> Span:
    following = date(year + begins // 12, (begins + 2) % 12 + 1, 1)
    return Span(date(year, begins, 1), following - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Period:
    """When a question looks: any of the dates it names, and any of the spans."""

    mentions: tuple[Mention, ...]
    spans: tuple[Span, ...]

    def __bool__(self) -> bool:
        return bool(self.mentions or self.spans)

    def fits(self, days: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Which of ``days`` (proleptic ordinals) fit any of them."""
        fitting = np.zeros(len(days), dtype=np.bool_)
        for span in self.spans:
            fitting |= (days >= span.since.toordinal()) & (days <= span.until.toordinal())
        if self.mentions:
            moments = (days - date(1970, 1, 1).toordinal()).astype("datetime64[D]")
            months = moments.astype("datetime64[M]")
            years = months.astype("datetime64[Y]").astype(np.int64) + 1970
            month = months.astype(np.int64) % 12 + 1
            day = (moments - months.astype("datetime64[D]")).astype(np.int64) + 1
            weekday = (days - 1) % 7 + 1  # ordinal 1 was a Monday
            for mention in self.mentions:
                match = np.ones(len(days), dtype=np.bool_)
                for wanted, had in (
                    (mention.year, years),
                    (mention.month, month),
                    (mention.day, day),
                    (mention.weekday, weekday),
                ):
                    if wanted is not None:
                        match &= had == wanted
                fitting |= match
        return fitting


def find_period(text: str, today: date) -> Period:
    """When a normalised question looks. ``上周三`` is the Wednesday of last week, not every Wednesday."""
    spans = [_season(match, today) for match in _SEASON.finditer(text)]
    text = _SEASON.sub(" ", text)  # 去年冬天 ends in this year
    spans += [build(today) for pattern, build in _FIXED if pattern.search(text)]
    spans += [_ago(match, today) for match in _AGO.finditer(text)]
    mentions = find_dates(text)
    if spans:  # 去年三月, "May last year": the named month inside the named year
        narrowed = [_inside(mention, span) for span in spans for mention in mentions]
        if kept := [span for span in narrowed if span is not None]:
            return Period((), tuple(kept))
    return Period(() if spans else mentions, tuple(spans))


def _inside(mention: Mention, span: Span) -> Span | None:
    """The days of a span that fit a mention, as one stretch; None when there are none."""
    length = (span.until - span.since).days + 1
    days = np.arange(span.since.toordinal(), span.since.toordinal() + length, dtype=np.int32)
    fitting = days[Period((mention,), ()).fits(days)]
    if not len(fitting):
        return None
    return Span(date.fromordinal(int(fitting[0])), date.fromordinal(int(fitting[-1])))
