"""Clock times, spans of hours and lengths: 晚上八点半, 差一刻九点, half past nine, 7-8pm, an hour and a half."""

# ruff: noqa: E501  # a pattern is read as one piece
from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from coaching.moments.found import HAN, HOUR, WORD, Clock, Part, number, settle_hour

if TYPE_CHECKING:
    from collections.abc import Iterator

PART = re.compile(
    r"(?P<dawn>凌晨|半夜|午夜|深夜)|(?P<morning>清晨|大清早|清早|一大早|一早|早晨|早上|早间|上午|早(?=\s*[\d一二三四五六七八九十]))"
    r"|(?P<noon>中午|正午)|(?P<afternoon>午后|下午)"
    rf"|(?P<evening>傍晚|黄昏|晚上|晚间|夜里|夜晚|今夜|睡前|晚(?=\s*{HAN}\s*[点:]|\s*\d))"
    r"|\b(?:(?P<morning_en>(?:in the )?(?:early )?morning|a\.m\.|first thing|before work)|(?P<noon_en>(?:at )?lunch(?:time)?|midday)"
    r"|(?P<afternoon_en>(?:in the )?(?:late )?afternoon)|(?P<evening_en>(?:in the |at )?(?:early |late )?(?:evening|eve|night)|tonight|before bed))\b",
    re.IGNORECASE,
)

_AP = r"(?:a\.?m\b\.?|p\.?m\b\.?|[ap](?![a-z]))"
_BEFORE_HOUR = r"(?:(?:at|by|around|about|from|@|~)\s*)?"
_UNITS = r"(?!\s*-?\s*(?:min|hour|hr|h\b|%|day|week|month|page|line|people|of\b|draft|time|thing|question|message|slide))"

_CLOCK_ZH = re.compile(
    rf"(?:差\s*(?P<short>{HAN}分|一?刻)(?:钟)?\s*(?:到|不到)?\s*)?"
    rf"(?P<h>{HAN})\s*(?:点|时(?![间候段常而]))(?!子|[儿些]|一点)(?P<sharp>钟|整)?"
    rf"(?:(?P<half>半)|(?P<q>[一三13])刻|[过零]?(?P<mi>{HAN})(?:分(?!钟)|(?![\d个件次页条段分小])))?(?:左右|前后|多)?"
)
_CLOCK_COLON = re.compile(
    rf"(?<![\d.:]){_BEFORE_HOUR}(?P<h>2[0-4]|1\d|0?\d)\s*[:h](?P<mi>[0-5]\d)(?![\d])\s*(?P<ap>{_AP})?",
    re.IGNORECASE,
)
_CLOCK_AP = re.compile(
    rf"(?<![\d.:]){_BEFORE_HOUR}(?P<h>1[0-2]|0?[1-9]|{WORD[3:-1].partition('|')[2]})(?:[.:](?P<mi>[0-5]\d))?\s*(?P<ap>{_AP})",
    re.IGNORECASE,
)
_CLOCK_WORDS = re.compile(
    rf"\b{_BEFORE_HOUR}(?P<by>half|a quarter|quarter|{WORD})(?: minutes?)?(?: (?P<dir>past|after|to|before|til))? "
    rf"(?P<h>{HOUR})\b(?!\s*(?:min|hour|hr|page|people|line|day|week|[:.]\d))\s*(?P<ap>{_AP})?",
    re.IGNORECASE,
)
_CLOCK_AT = re.compile(
    rf"(?:\b(?:at|by|around|about|from|until|till)\s+|@\s*)(?P<h>2[0-3]|1\d|0?[1-9]|{HOUR})(?:\s(?P<words>thirty|fifteen|forty[- ]five))?"
    rf"(?P<mi>(?<=\d\d)[0-5]\d)?(?:ish)?\b{_UNITS}(?: ?o'?clock\b| sharp\b)?",
    re.IGNORECASE,
)
# a bare number right beside a day or a part of the day; what was read is blanked out with \0
_CLOCK_BESIDE = re.compile(
    rf"(?:(?<=\0)|(?<=\0 )|(?<=\0, )|(?<=早)|(?<=晚)|(?<=上午)|(?<=下午)|(?<=早上)|(?<=晚上))(?P<h>2[0-3]|1\d|[1-9])(?:ish)?(?=\s*(?:$|[,，.;；。!]))"
    rf"|\b(?P<h2>{HOUR})(?:ish\b|(?= ?o'?clock\b)|(?= \0| (?:in the (?:morning|afternoon|evening)|at night)\b))(?: ?o'?clock)?",
    re.IGNORECASE,
)
_NOON = re.compile(
    r"\b(?:at |by |around )?(?:12 )?(?:(?P<noon>noon|midday)|(?P<midnight>midnight))\b|(?P<zh>正午)|(?P<mid>午夜)(?!\s*\d)",
    re.IGNORECASE,
)

_TO = r"\s*(?:-|–|—|~|到|至|to|till?|until)\s*"  # the dashes people type
_RANGE = re.compile(
    rf"(?:\b(?:from|between) )?(?<![\d.:/-])(?P<h>2[0-4]|1\d|0?\d|{HAN})(?:(?P<dot>点|:)(?P<half>半|[0-5]\d)?)?\s*(?P<ap>{_AP})?"
    rf"(?:{_TO}|\s+and\s+)(?:晚上|下午|上午|中午)?(?P<h2>2[0-4]|1\d|0?\d|{HAN})(?:(?P<dot2>点|:)(?P<half2>半|[0-5]\d)?)?\s*(?P<ap2>{_AP})?(?!\d)",
    re.IGNORECASE,
)

LENGTH = re.compile(
    rf"(?<![点时零一二三四五六七八九十\d])(?:大概|大约|花|用)?(?:{HAN}\s*[-~到至]\s*)?(?:(?P<n>{HAN}|\d+\.\d)\s*(?P<u>分钟|分(?=[，,。\s]|$)|个?(?:半)?(?:小时|钟头))(?P<plus>半)?"
    rf"|(?P<half>半个?(?:小时|钟头))|(?P<ke>{HAN})刻钟)(?!之?[前后]|以[前后]|内)"
    rf"|\b(?:for )?(?:about |around )?(?:\d+\s?-\s?)?(?:(?P<n_en>\d{{1,3}}(?:\.\d)?|{WORD})\s*-?\s*(?P<u_en>min(?:ute)?s?|m|hours?|hrs?|h)(?P<and_half> and a half)?"
    r"|(?P<half_en>half an? hour|half-hour|½ hour)|(?P<one>an hour(?P<ahalf> and a half)?)|(?P<quarter>(?:a )?quarter of an hour|quarter hour))\b"
    r"(?! (?:later|from now|before|after|ago))",
    re.IGNORECASE,
)
AHEAD = re.compile(
    rf"(?:再?过)?(?:(?P<n>{HAN})\s*(?P<u>分钟|个?(?:半)?(?:小时|钟头))|(?P<half>半个?(?:小时|钟头))|(?P<ke>{HAN})刻钟)(?:之|以)?后"
    rf"|\bin (?:about )?(?:(?P<n_en>{WORD}|an?)\s*(?P<u_en>min(?:ute)?s?|m|hours?|hrs?|h)(?P<and_half> and a half)?|(?P<half_en>half an hour)|(?P<quarter>a quarter of an hour))\b(?: time)?"
    rf"|\b(?P<n_from>{WORD}|an?) (?P<u_from>min(?:ute)?s?|hours?) from now\b",
    re.IGNORECASE,
)


def read_length(match: re.Match[str]) -> int:
    """The minutes of a match of ``LENGTH`` or ``AHEAD``."""
    groups = match.groupdict()
    if groups.get("half") or groups.get("half_en"):
        return 30
    if groups.get("quarter"):
        return 15
    if groups.get("ke"):
        return number(groups["ke"]) * 15
    if groups.get("one"):
        return 90 if groups.get("ahalf") else 60
    count = groups.get("n") or groups.get("n_en") or groups.get("n_from") or ""
    unit = (groups.get("u") or groups.get("u_en") or groups.get("u_from") or "").lower()
    value = float(count) if "." in count else number(count)
    hours = unit.startswith("h") or unit.endswith(("时", "头"))
    extra = 30 if hours and (groups.get("plus") or groups.get("and_half") or "半" in unit) else 0
    return round(value * (60 if hours else 1)) + extra


def read_part(text: str) -> tuple[Part, tuple[int, int]] | None:
    """The first part of the day that a text names, and where."""
    match = PART.search(text)
    if match is None:
        return None
    return Part(str(match.lastgroup).removesuffix("_en")), match.span()


def find_clock(text: str, part: Part) -> Clock | None:
    """The clock time that a text names; ``part`` is what its day or the text said about bare hours."""
    if (found := _find_range(text, part)) is not None:
        return found
    best: Clock | None = None
    for clock in _read_all(text, part):
        if best is None or (clock.span[0], -clock.span[1]) < (best.span[0], -best.span[1]):
            best = clock
    return best


def _read_all(text: str, part: Part) -> Iterator[Clock]:
    for match in _NOON.finditer(text):
        noon = bool(match["noon"] or match["zh"])
        settled = settle_hour(12 if noon else 24, 0, Part.NONE, exact=True)
        if settled is not None:
            yield Clock(settled[0], match.span(), next_day=settled[2])
    for pattern, read in (
        (_CLOCK_ZH, _clock_zh),
        (_CLOCK_COLON, _clock_plain),
        (_CLOCK_AP, _clock_plain),
        (_CLOCK_WORDS, _clock_words),
        (_CLOCK_AT, _clock_at),
        (_CLOCK_BESIDE, _clock_beside),
    ):
        for match in pattern.finditer(text):
            if (clock := read(match, part)) is not None:
                yield clock


def _clock(hour: int, minute: int, part: Part, span: tuple[int, int], *, exact: bool = False) -> Clock | None:
    settled = settle_hour(hour, minute, part, exact=exact)
    return Clock(settled[0], span, settled[1], settled[2]) if settled else None


def _clock_zh(match: re.Match[str], part: Part) -> Clock | None:
    hour = number(match["h"])
    minute = (
        30 if match["half"]
        else {"一": 15, "1": 15, "三": 45, "3": 45}[match["q"]] if match["q"]
        else number(match["mi"]) if match["mi"]
        else 0
    )  # fmt: skip
    bare = not (match["half"] or match["q"] or match["mi"] or match["sharp"] or match["short"])
    if bare and not match["h"].isdigit():
        # 写两点意见, 早一点: points, not hours
        before = match.string[: match.start()].rstrip()
        if hour == 1 and before.endswith(("早", "晚", "快", "慢", "有", "多", "少", "小", "大", "好")):
            return None
        if hour <= 5 and before and not re.search(r"[\0\s，,。、；;:在于到早上午晚夜里晨饭]$", before):
            return None
    if match["short"]:
        less = 15 if match["short"].endswith("刻") else number(match["short"].removesuffix("分"))
        hour, minute = hour - 1, 60 - less
    return _clock(hour, minute, part, match.span(), exact=match["h"].startswith("0"))


def _ap(words: str | None, part: Part) -> Part:
    if not words:
        return part
    return Part.MORNING if words.lower().startswith("a") else Part.AFTERNOON


def _clock_plain(match: re.Match[str], part: Part) -> Clock | None:
    hour, minute, ap = number(match["h"]), int(match["mi"] or 0), match["ap"]
    if ap:
        hour = hour % 12 + (12 if ap.lower().startswith("p") else 0) if hour <= 12 else hour
        return _clock(hour, minute, Part.NONE, match.span(), exact=True)
    exact = match["h"].startswith("0") or hour > 12
    clock = _clock(hour, minute, part, match.span(), exact=exact)
    if clock is not None and clock.ambiguous:  # 7:30 as it stands, and worth a question
        return replace(clock, at=clock.at.replace(hour=hour))
    return clock


def _clock_words(match: re.Match[str], part: Part) -> Clock | None:
    by, direction = match["by"].lower(), (match["dir"] or "").lower()
    minute = 30 if by == "half" else 15 if by.endswith("quarter") else number(by)
    if (not direction and by != "half") or minute not in (5, 10, 15, 20, 25, 30):
        return None
    hour = number(match["h"])
    if direction in ("to", "before", "til"):
        if by == "half":
            return None
        hour, minute = hour - 1 or 12, 60 - minute
    if direction == "to" and match["by"].isdigit() and match["h"].isdigit():
        return None  # 7 to 8 is a span
    return _clock(hour, minute, _ap(match["ap"], part), match.span())


def _clock_at(match: re.Match[str], part: Part) -> Clock | None:
    words = (match["words"] or "").lower()
    minute = {"thirty": 30, "fifteen": 15}.get(words, 45 if words else int(match["mi"] or 0))
    return _clock(number(match["h"]), minute, part, match.span(), exact=match["h"].startswith("0"))


def _clock_beside(match: re.Match[str], part: Part) -> Clock | None:
    return _clock(number(match["h"] or match["h2"]), 0, part, match.span())


def _find_range(text: str, part: Part) -> Clock | None:
    """From when to when: the beginning, and how long it takes."""
    for match in _RANGE.finditer(text):
        said = bool(match["ap"] or match["ap2"] or match["dot"] or match["dot2"]) or match.group(
            0
        ).lower().startswith(("from", "between"))
        beside = match.start() and text[: match.start()].endswith(("\0", "\0 "))
        if not said and not (beside and re.match(r"\s*(?:$|[,，.;；。!])", text[match.end() :])):
            continue
        first, last = number(match["h"]), number(match["h2"])
        begin = _end_of_range(first, match["half"], match["ap"] or match["ap2"], part)
        end = _end_of_range(last, match["half2"], match["ap2"], part)
        if begin is None or end is None:
            continue
        if match["ap2"] and not match["ap"] and begin.at > end.at:  # 11-1pm
            begin = replace(begin, at=begin.at.replace(hour=(begin.at.hour + 12) % 24))
        minutes = (end.at.hour - begin.at.hour) * 60 + end.at.minute - begin.at.minute
        if minutes <= 0:
            minutes += 720
        return replace(begin, span=match.span(), minutes=minutes if 0 < minutes <= 720 else None)
    return None


def _end_of_range(hour: int, half: str | None, ap: str | None, part: Part) -> Clock | None:
    minute = 30 if half == "半" else int(half or 0)
    if ap and hour <= 12:
        hour = hour % 12 + (12 if ap.lower().startswith("p") else 0)
        return _clock(hour, minute, Part.NONE, (0, 0), exact=True)
    return _clock(hour, minute, part, (0, 0), exact=hour > 12)
