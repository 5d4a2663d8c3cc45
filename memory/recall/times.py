"""When a question looks: on the dates it names, and in 上个月, "last summer", "three weeks ago".

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

from memory.recall.dates import NUMBER, Mention, find_dates, number_from, without_mentions


@dataclass(frozen=True, slots=True)
class Span:
    """Two dates, both inside."""

    since: date
    until: date


def without_dates(text: str) -> str:
    """A normalised question without the dates and spans it names, for those are looked for by date."""
    text = _SEASON.sub(lambda match: match[0] if match["year"] else " ", text)  # people write of summers
    for pattern in (*(each for each, _ in _FIXED), _AGO):
        text = pattern.sub(" ", text)
    return without_mentions(text)


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
_HAN_ABOUT = {"两": 2, "几": 3, "半": 1}
_EN_NUMBER = "a|an|one|two|three|four|five|six|seven|eight|nine|ten"
_EN_VALUE = {word: number for number, word in enumerate(_EN_NUMBER.split("|")[2:], 1)} | {"a": 1, "an": 1}
_AGO = re.compile(
    rf"(?P<zh>{NUMBER}|两|几|半)(?:个)?(?P<zhunit>天|日|周|星期|礼拜|月|年)[以之]?前"
    rf"|\b(?P<en>\d{{1,2}}|{_EN_NUMBER})\s+(?P<enunit>day|week|month|year)s?\s+ago\b"
)
_DAYS_IN = {"天": 1, "日": 1, "day": 1, "周": 7, "星期": 7, "礼拜": 7, "week": 7, "月": 30, "month": 30}


def _ago(match: re.Match[str], today: date) -> Span:
    """About that long ago: from a week on, a third of the distance on either side."""
    unit = match["zhunit"] or match["enunit"]
    if match["zh"]:
        count = _HAN_ABOUT.get(match["zh"]) or number_from(match["zh"]) or 1
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
