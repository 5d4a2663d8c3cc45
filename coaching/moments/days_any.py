"""Days that are written alike in both languages: 6/3, 2026-06-03, in three days, Christmas."""

# ruff: noqa: E501  # a pattern is read as one piece
from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from coaching.moments.almanac import (
    build_date,
    find_monday,
)
from coaching.moments.found import HAN, WORD, Day, Kind, number

if TYPE_CHECKING:
    from coaching.moments.found import Reader

_IN_ZH = re.compile(
    rf"(?:再?过)?\s*(?P<n>{HAN}|几)\s*(?P<u>天|个?(?:星期|礼拜)|周)(?:之|以)?后|再?过(?P<n2>{HAN})(?P<u2>天|个?(?:星期|礼拜)|周)"
)
_IN_EN = re.compile(
    rf"\bin (?:(?P<few>a few|some)|(?P<n>{WORD}|a(?: couple(?: of)?)?)) (?P<u>days?|weeks?|fortnight)(?: time)?\b"
    rf"|\b(?:(?P<few2>a few)|(?P<n2>{WORD}|a(?: couple(?: of)?)?)) (?P<u2>days?|weeks?|fortnight) (?:from (?:now|today)|later)\b",
    re.IGNORECASE,
)
_FEAST = re.compile(
    r"元旦|五一|劳动节|国庆(?:节)?|平安夜|圣诞(?:节)?|\bnew year'?s (?:eve|day)\b|\bchristmas(?: eve)?\b",
    re.IGNORECASE,
)
_NUMERIC = re.compile(
    r"(?<![\d./-])(?P<y>20\d\d)(?P<s>[./-])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?!\d)"
    r"|(?<![\d./:-])(?!24/7)(?P<m2>\d{1,2})/(?P<d2>\d{1,2})(?:/(?P<y2>20\d\d))?(?![\d/%])(?!\s*(?:of|分|小时|hours?|mins?)\b)"
    r"|(?<![\d.vV-])(?P<m3>\d{1,2})[.-](?P<d3>\d{1,2})(?:\s*[日号]"
    r"|(?=\s*(?:早上?|晚上?|[上下]午|中午|凌晨|傍晚)|\s+(?:at )?\d{1,2}(?:[:点]|\s*[ap]\.?m)))"  # else 12.5 is a number
)


def _in(match: re.Match[str], today: date) -> Day | None:
    groups = match.groupdict()
    if groups.get("few") or groups.get("few2") or groups.get("n") == "几":
        return Day(None, match.span(), Kind.RANGE, ambiguous=True)
    count = (groups.get("n") or groups.get("n2") or "a").lower()
    unit = (groups.get("u") or groups.get("u2") or "").lower()
    many = 2 if count.startswith("a couple") else number(count) or 1
    days = 14 if unit == "fortnight" else 7 if unit.startswith("w") or unit[-1] in "周期拜" else 1
    on = today + timedelta(days=many * days)
    return Day(on, match.span(), week=find_monday(on) if days > 1 else None)


def _feast(match: re.Match[str], today: date) -> Day | None:
    words = match.group(0).lower()
    month, day = (
        (12, 24) if ("eve" in words and "christ" in words) or "平安" in words
        else (12, 31) if "eve" in words
        else (12, 25) if "christ" in words or "圣诞" in words
        else (5, 1) if words in ("五一", "劳动节")
        else (10, 1) if words.startswith("国庆")
        else (1, 1)
    )  # fmt: skip
    return build_date(None, month, day, today, match.span())


def _numeric(match: re.Match[str], today: date) -> Day | None:
    year = match["y"] or match["y2"]
    month = int(match["m"] or match["m2"] or match["m3"])
    day = int(match["d"] or match["d2"] or match["d3"])
    if month > 12 and match["m2"]:  # 13/6, as most of the world writes it
        month, day = day, month
    return build_date(int(year) if year else None, month, day, today, match.span())


READERS: tuple[Reader, ...] = (
    (_NUMERIC, _numeric),
    (_FEAST, _feast),
    (_IN_ZH, _in),
    (_IN_EN, _in),
)
