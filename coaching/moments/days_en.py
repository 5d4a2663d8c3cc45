"""Days in English: next Tue, the 5th, June 3rd, this weekend, end of the month."""

# ruff: noqa: E501  # a pattern is read as one piece
from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from coaching.moments.almanac import (
    build_date,
    build_edge,
    build_of_month,
    build_week,
    build_weekday,
    build_weekend,
)
from coaching.moments.found import WORD, Day, Kind, Part, number

if TYPE_CHECKING:
    from coaching.moments.found import Reader

_WD = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:s|nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OWN = r"(?:'s(?= (?:lunch|dinner|commute|morning|afternoon|evening|night)\b))"  # Monday's report is a thing
_SHORT = (
    r"(?!\b(?:sat|sun|wed|mon)\b)|(?-i:(?=Sat|Sun|Wed|Mon))|(?<=on )|(?<=this )|(?<=next )|(?<=by )|(?<=every )"
    r"|(?=\w+\.?,? (?:at|\d|morning|afternoon|evening|eve|night|noon|lunch)|\w+$)"
)
_REL_EN = re.compile(
    r"\b(?:(?P<two>(?:the )?day after (?:tomorrow|tmrw|tmr))|(?P<one>tomorr?ow|tmrw|tmr|tmw|tmrrw|2moro)"
    r"|(?P<tonight>(?:later )?(?:tonight|tonite))|(?P<zero>(?:later )?today)|this (?P<part>evening|afternoon|morning))(?:'s)?\b",
    re.IGNORECASE,
)
_PAST_EN = re.compile(
    rf"\byesterday\b|\blast (?:night|week|month|{_WD})\b|\b{WORD} (?:days?|weeks?) ago\b|\ba week ago\b|\bearlier today\b",
    re.IGNORECASE,
)
_WD_EN = re.compile(
    rf"\b(?:(?:on|by|before|until|every) )?(?:(?P<from>{WORD}|a) weeks? from )?(?P<which>next|this|coming|this coming)?"
    rf"\s*\b(?:{_SHORT})(?P<wd>{_WD})\b\.?(?:{_OWN}|(?!'s))(?P<week> week\b)?(?P<after> after next\b| (?:of )?next week\b| (?:of )?this week\b)?",
    re.IGNORECASE,
)
_WEEK_THEN_EN = re.compile(rf"\b(?P<which>next|this) week,? (?:on )?(?P<wd>{_WD})\b\.?", re.IGNORECASE)
_WEEKEND_EN = re.compile(
    r"\b(?:on |over |at )?(?P<which>this |the |next )?(?:coming )?week-?end\b(?P<after> after next\b)?",
    re.IGNORECASE,
)
_DATE_EN = re.compile(
    rf"\b(?:on |by )?(?:(?:the )?(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?: of)? (?P<m>{_MONTH})"
    rf"|(?P<m2>{_MONTH})\.? (?:the )?(?P<d2>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?![\d:]|\s*(?:am|pm)))\b(?:,? (?P<y>20\d\d))?",
    re.IGNORECASE,
)
_MONTH_DAY_EN = re.compile(
    r"\b(?:on |by |before )?the (?:(?P<d>3[01]|[12]\d|[1-9])(?:st|nd|rd|th)\b(?: of (?P<which>next|this) month)?"
    rf"|(?P<word>{'|'.join(_ORDINALS)}) of (?P<which2>next|this) month)"
    r"(?=\s*(?:$|[,.;:!?)]|at\b|in the\b|by\b|around\b|before\b|after\b|noon\b|morning\b|evening\b|afternoon\b|\d))",
    re.IGNORECASE,
)
_END_EN = re.compile(
    r"\b(?:by |before |at )?(?:the )?(?:(?P<edge>end|last day|beginning|start|middle) of (?:the )?(?P<which>next |this )?(?P<unit>week|month|year)"
    r"|(?P<eom>eom)|(?P<eow>eow)|(?P<early>early|late|later) (?P<lw>next|this) week|(?P<mid>mid[- ]?week))\b",
    re.IGNORECASE,
)
_WEEK_EN = re.compile(
    r"\b(?:some ?time |any ?time |during )?(?P<which>next|this) (?P<unit>week|month)\b(?: some ?time)?",
    re.IGNORECASE,
)


def _rel_en(match: re.Match[str], today: date) -> Day:
    ahead = 2 if match["two"] else 1 if match["one"] else 0
    part = "evening" if match["tonight"] else (match["part"] or "").lower()
    later = "later" if match.group(0).lower().startswith("later") else ""
    cue = "in the evening" if match["tonight"] else part or later
    meant = Part(part) if part else Part.NONE
    return Day(today + timedelta(days=ahead), match.span(), cue=cue, part=meant)


def _past_en(match: re.Match[str], today: date) -> Day:
    return Day(today - timedelta(days=1), match.span(), past=True)


def _weekday_en(match: re.Match[str], today: date) -> Day:
    wanted = _WEEKDAYS.index(match["wd"][:3].lower())
    which, after = (match["which"] or "").lower(), (match["after"] or "").lower()
    coming = build_weekday(wanted, today, match.span(), weeks=None)
    if "after next" in after:
        return build_weekday(wanted, today, match.span(), weeks=2)
    if match["from"] or match["week"]:
        assert coming.on is not None  # noqa: S101  # for mypy: a coming weekday always has its date
        weeks = number(match["from"]) if match["from"] else 1
        return replace(coming, on=coming.on + timedelta(weeks=weeks), kind=Kind.NAMED)
    if after:
        return build_weekday(wanted, today, match.span(), weeks=int("next" in after))
    if which == "next":
        # next Friday, said on a Wednesday, is this week's to some
        day = build_weekday(wanted, today, match.span(), weeks=1)
        return replace(day, ambiguous=wanted > today.weekday())
    return build_weekday(wanted, today, match.span(), weeks=0) if which == "this" else coming


def _week_then_en(match: re.Match[str], today: date) -> Day:
    wanted = _WEEKDAYS.index(match["wd"][:3].lower())
    return build_weekday(wanted, today, match.span(), weeks=int(match["which"].lower() == "next"))


def _weekend_en(match: re.Match[str], today: date) -> Day:
    weeks = 2 if match["after"] else int((match["which"] or "").lower().startswith("next"))
    return build_weekend(today, weeks, match.span())


def _date_en(match: re.Match[str], today: date) -> Day | None:
    month = _MONTHS.index((match["m"] or match["m2"])[:3].lower()) + 1
    year = int(match["y"]) if match["y"] else None
    return build_date(year, month, int(match["d"] or match["d2"]), today, match.span())


def _month_day_en(match: re.Match[str], today: date) -> Day | None:
    day = int(match["d"]) if match["d"] else _ORDINALS.index(match["word"].lower()) + 1
    return build_of_month(day, (match["which"] or match["which2"] or "").lower(), today, match.span())


def _end_en(match: re.Match[str], today: date) -> Day:
    following = "next" in (match["which"] or match["lw"] or "").lower()
    edge = (match["edge"] or "end").lower()
    if match["early"]:
        return build_week(int(following), today, match.span())
    if match["mid"]:
        return build_weekday(2, today, match.span(), weeks=None)
    if match["eow"] or (match["unit"] or "").lower() == "week":
        wanted = {"end": 4, "middle": 2}.get(edge, 0)
        if edge == "end" and not following and today.weekday() > 4:
            wanted = 6
        return build_weekday(wanted, today, match.span(), weeks=int(following))
    if (match["unit"] or "").lower() == "year":
        return Day(date(today.year + following, 12, 31), match.span())
    return build_edge(edge, today, match.span(), following=following)


def _week_en(match: re.Match[str], today: date) -> Day:
    if match["unit"].lower() == "month":
        return Day(None, match.span(), Kind.RANGE, ambiguous=True)
    return build_week(int(match["which"].lower() == "next"), today, match.span())


READERS: tuple[Reader, ...] = (
    (_PAST_EN, _past_en),
    (_DATE_EN, _date_en),
    (_MONTH_DAY_EN, _month_day_en),
    (_END_EN, _end_en),
    (_REL_EN, _rel_en),
    (_WEEK_THEN_EN, _week_then_en),
    (_WD_EN, _weekday_en),
    (_WEEKEND_EN, _weekend_en),
    (_WEEK_EN, _week_en),
)
