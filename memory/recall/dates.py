"""The dates a text names: "March", 三月份, "8 May 2023", 周三. Both languages give the same tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
NUMBER = r"\d{1,2}|[一二三四五六七八九十]{1,3}"
_ZH = re.compile(
    rf"(?:(?P<year>(?:19|20)?\d\d)年)?(?<![\d个])(?P<month>{NUMBER})月(?:份|(?P<day>{NUMBER})[日号])?"
)
_ZH_DAY = re.compile(rf"(?<![\d月十一二三四五六七八九])(?P<day>{NUMBER})号(?![线楼院码])")
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


def number_from(written: str | None) -> int | None:
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
                keep(
                    _mention(
                        number_from(parts["year"]), _MONTH[named], number_from(parts["day"] or parts["after"])
                    )
                )
            else:
                keep(_mention(number_from(parts["year"]), number_from(named), number_from(parts["day"])))
        rest = pattern.sub(" ", rest) if pattern is not _EN else rest
    years = {mention.year for mention in found}
    for match in _YEAR.finditer(text):
        if int(match["year"]) not in years:
            keep(Mention(year=int(match["year"])))
    for match in _ZH_DAY.finditer(rest):
        keep(_mention(None, None, number_from(match["day"])))
    for match in _ZH_WEEKDAY.finditer(text):
        keep(Mention(weekday=_HAN_WEEKDAY[match["weekday"]]))
    for match in _EN_WEEKDAY.finditer(text):
        keep(Mention(weekday=_WEEKDAYS[match["weekday"]]))
    return tuple(found)


def _is_verb(match: re.Match[str]) -> bool:
    """Whether a "may" or "march" is not the month: nothing of a date stands beside it."""
    beside = match["day"] or match["after"] or match["lead"] or match["year"]
    return match["month"] in _AMBIGUOUS and not beside and match[0].strip() != match.string.strip()


def month_names() -> frozenset[str]:
    """English month names that are nothing but months: they become date tokens, not words."""
    return frozenset(_MONTHS) - _AMBIGUOUS


def without_mentions(text: str) -> str:
    """A normalised text without the dates it names."""
    for pattern in (_ISO, _ZH, _ZH_DAY, _ZH_WEEKDAY, _EN_WEEKDAY):
        text = pattern.sub(" ", text)
    text = _EN.sub(lambda match: match[0] if _is_verb(match) else " ", text)
    return _YEAR.sub(" ", text)
