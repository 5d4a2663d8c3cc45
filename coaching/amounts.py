"""Amounts of money as people write them: 3万, 两万五, 30k, 12,000, 1.2 million, twenty five thousand."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

_HAN = dict(zip("零〇一二两三四五六七八九", (0, 0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
_ENGLISH = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_UNITS = {
    "十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000, "w": 10_000, "k": 1_000,
    "m": 1_000_000, "hundred": 100, "thousand": 1_000, "grand": 1_000, "million": 1_000_000,
}  # fmt: skip
_TOKEN = re.compile(
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"|(?P<han>[{''.join(_HAN)}])|(?P<word>\b(?:{'|'.join(sorted(_ENGLISH, key=len, reverse=True))})\b)"
    r"|(?P<unit>[十百千万亿]|(?<=[\d\s])[kwm](?![a-z])|\b(?:hundred|thousand|grand|million)\b)",
    re.IGNORECASE,
)
# what is counted here is time or people, and 万一 is no number
_NOT_MONEY = re.compile(r"\s*(?:个|月|年|天|周|岁|号|次|人|倍|%|months?\b|years?\b|weeks?\b|days?\b|kids?\b)")
_NO_NUMBER = re.compile(r"万一|一(?:般|直|点|些|下|起|样|共|定)|(?:统|唯|同)一|(?:[十百千]分)")
_LARGE = 10_000


@dataclass(frozen=True, slots=True)
class _Token:
    kind: Literal["number", "zero", "unit"]
    value: float


def list_amounts(words: str) -> tuple[float, ...]:
    """Every amount in the words, in order."""
    plain = _NO_NUMBER.sub(lambda match: "·" * len(match.group()), unicodedata.normalize("NFKC", words))
    runs: list[tuple[list[_Token], int]] = []
    for match in _TOKEN.finditer(plain):
        token = _read(match)
        gap = plain[runs[-1][1] : match.start()] if runs else "·"
        joins = gap == "" or (not gap.strip(" -") and (token.kind == "unit" or match.lastgroup == "word"))
        if joins and not (match.lastgroup == "digits" and runs[-1][0][-1].kind == "number"):
            runs[-1] = ([*runs[-1][0], token], match.end())
        else:
            runs.append(([token], match.end()))
    return tuple(_evaluate(tokens) for tokens, end in runs if not _NOT_MONEY.match(plain, end))


def read_amount(words: str) -> float | None:
    """The one amount that the words name; None where they name none, or several."""
    found = list_amounts(words)
    return found[0] if len(found) == 1 else None


def say_amount(value: float) -> str:
    """12,000; with a decimal only where there is one: 37.5."""
    return f"{value:,.1f}".removesuffix(".0")


def _read(match: re.Match[str]) -> _Token:
    found = match.group().lower()
    match match.lastgroup:
        case "digits":
            return _Token("number", float(found.replace(",", "")))
        case "han":
            return _Token("number" if _HAN[found] else "zero", _HAN[found])
        case "word":
            return _Token("number", _ENGLISH[found])
    return _Token("unit", _UNITS[found])


def _evaluate(tokens: list[_Token]) -> float:
    """Adds up. A last digit right after a unit counts the next smaller one: 两万五 is 25,000."""
    total = section = 0.0
    number: float | None = None
    unit, bare = 1.0, False
    for token in tokens:
        if token.kind == "number":
            tens = number is not None and number >= 20 and token.value < 10  # twenty five
            number = number + token.value if tens and number is not None else token.value
        elif token.kind == "zero":
            number, bare = (0.0 if len(tokens) == 1 else None), True
            continue
        elif token.value >= _LARGE or (token.value == 1_000 and section):
            counted = section + (number or 0.0)
            total, section, number = total + (counted or 1.0) * token.value, 0.0, None
            unit = token.value
        else:
            section += (1.0 if number is None else number) * token.value
            number, unit = None, token.value
        bare = False if token.kind == "unit" else bare
    if number is not None and number < 10 and unit >= 100 and not bare and tokens[-2].kind == "unit":
        number *= unit / 10
    return total + section + (number or 0.0)
