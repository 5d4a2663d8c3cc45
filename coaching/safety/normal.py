"""A message in a form that undoes spelling tricks, and the words that are looked for in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from prompts import load_toml

HAN = re.compile(r"[㐀-鿿]")
LATIN = re.compile(r"[a-z0-9]+")
SPELLED = re.compile(r"(?<![a-z])(?:[a-z][ .\-_*]){3,}[a-z](?![a-z])")
FILLER = re.compile(
    r"(?<=[㐀-鿿]) ?[*·\-_/|~+^.•・]? ?(?=[㐀-鿿])|(?<=[㐀-鿿]) (?=\d)|(?<=\d) (?=[㐀-鿿])"
    r"|(?<=[a-z])['’‘`´ʼ](?=[a-z])"
)
BORDER = re.compile(r"(?<=[㐀-鿿])(?=[a-z])|(?<=[a-z])(?=[㐀-鿿])")


class Span(NamedTuple):
    """A stretch of the normal form."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Normal:
    """A message in the form the patterns are written for, with the way back to the original."""

    text: str
    at: tuple[int, ...]

    def original(self, span: Span) -> Span:
        """Where ``span`` stood in the message as it was typed."""
        return Span(self.at[span.start], self.at[span.end - 1] + 1)


def normalise(message: str) -> Normal:
    """NFKC, lower case, simplified, unseen characters and letter-spacing tricks undone.

    自 杀, 自*杀, ｋｍｓ, s u i c i d e, zero-width joiners and 自殺 all end up as what they say.
    """
    simplified = load_lexicon().simplified
    chars: list[str] = []
    at: list[int] = []
    for position, raw in enumerate(message):
        for char in unicodedata.normalize("NFKC", raw).lower():
            if char in " \t\u3000" or (char.isspace() and char != "\n"):
                if not chars or chars[-1] in " \n":
                    continue
                char = " "
            elif char != "\n" and unicodedata.category(char) in ("Cf", "Mn", "Cc"):
                continue
            chars.append(simplified.get(char, char))
            at.append(position)
    for pattern in (FILLER, SPELLED):
        text = "".join(chars)
        drop: set[int] = set()
        for match in pattern.finditer(text):
            span = range(match.start(), match.end())
            drop.update(i for i in span if pattern is FILLER or not text[i].isalpha())
        chars = [char for i, char in enumerate(chars) if i not in drop]
        at = [position for i, position in enumerate(at) if i not in drop]
    borders = {match.start() for match in BORDER.finditer("".join(chars))}
    spaced = [
        pair for i, pair in enumerate(zip(chars, at, strict=True)) for pair in _with_space(pair, i in borders)
    ]
    return Normal("".join(char for char, _ in spaced), tuple(position for _, position in spaced))


def _with_space(pair: tuple[str, int], border: bool) -> tuple[tuple[str, int], ...]:
    return ((" ", pair[1]), pair) if border else (pair,)


@dataclass(frozen=True)
class Lexicon:
    """``prompts/safety/lexicon.toml`` and ``shapes.toml``, compiled."""

    simplified: dict[str, str]
    tiers: dict[str, re.Pattern[str]]
    families: dict[str, re.Pattern[str]]


@cache
def load_lexicon() -> Lexicon:
    words, shapes = load_toml("safety/lexicon.toml"), load_toml("safety/shapes.toml")
    pairs = "".join(words["traditional"].split())
    tiers = {name: _any(words[name]) for name in ("means", "joking")}
    for name in ("idioms", "denials", "explicit", "soft", "harm", "passive", "ask"):
        tiers[name] = _any(words[name]["zh"] + words[name]["en"])
    for name in ("signs", "heads"):
        groups = [group for language in ("zh", "en") for group in shapes[name][language].items()]
        tiers[name] = _any([p for group, patterns in groups if group != "harm" for p in patterns])
        tiers[f"{name}_harm"] = _any([p for group, patterns in groups if group == "harm" for p in patterns])
    tiers["reasons"] = _any(shapes["heads"]["reasons"])
    for name in ("own", "other", "lost", "theirs"):
        tiers[name] = _any(words["persons"][name])
    for name, patterns in words["answers"].items():
        tiers[name] = _any(patterns)
    families = {name: re.compile(pattern) for name, pattern in shapes["concepts"].items()}
    return Lexicon(dict(zip(pairs[::2], pairs[1::2], strict=True)), tiers, families)


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
