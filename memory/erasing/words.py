"""What in a text is a person's own: everything the house does not write by itself.

A reply is made of the house's texts and of the person's words. A word that stands in a reply and in none of
the house's texts was therefore said by somebody, and if a forgotten message holds it, it came from there.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from coaching.dates import say_date, say_weekday
from coaching.model import Language
from prompts import load_toml
from prompts.playbook_data import THEMES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

HAN = "\u3400-\u9fff"
_LETTERS = rf"(?:(?![{HAN}])[^\W_])+"
WORD = rf"{_LETTERS}(?:['’]{_LETTERS})*"
_TOKEN = re.compile(rf"[{HAN}]|{WORD}")
_RUN = re.compile(rf"([{HAN}]+)|({WORD}(?:\s+{WORD})*)")
_LOOSE = re.compile(r"[\s“”\"「」『』'‘’]+")

# The files of words that the house speaks; others say what to listen for. A file that is missing here costs
# an ellipsis in an old reply, one too many would leave forgotten words standing.
_SPOKEN = ("texts/zh", "texts/en", "playbook/reflect", "safety/texts", "safety/lines")
_SHORTEST_NUMBER = 3  # digits; shorter ones are minutes, hours and days
# A run this long is somebody's sentence even where each of its words is everybody's.
RUN_HAN, RUN_WORDS = 6, 5


def plain(text: str) -> str:
    """The words alone, without spacing, quote marks and case: how a quote is compared with its source."""
    return _LOOSE.sub("", text).casefold()


def flatten(text: str) -> tuple[str, list[int]]:
    """``plain(text)``, with where each of its characters stands in the text."""
    flat: list[str] = []
    at: list[int] = []
    for index, char in enumerate(text):
        for low in plain(char):
            flat.append(low)
            at.append(index)
    return "".join(flat), at


def read_tokens(text: str) -> list[tuple[int, int]]:
    """Where its tokens stand: every Han character, and every word of other scripts."""
    return [match.span() for match in _TOKEN.finditer(text)]


def read_units(text: str) -> set[str]:
    """The pieces by which texts are told apart: words, pairs of Han characters, and long runs of either."""
    found: set[str] = set()
    for match in _RUN.finditer(text):
        if match.group(1):
            for size in (2, RUN_HAN):
                found.update(grams(match.group(1), size))
        else:
            words = match.group(2).casefold().split()
            found.update(filter(_says_something, words), join_runs(words))
    return found


def locate_units(text: str, wanted: Collection[str]) -> Iterator[tuple[int, int]]:
    """Where in a text the units of a collection stand."""
    for match in _RUN.finditer(text):
        at = [(a + match.start(), b + match.start()) for a, b in read_tokens(match.group())]
        sizes = (2, RUN_HAN) if match.group(1) else (1, RUN_WORDS)
        for size in sizes:
            for first, last in zip(at, at[size - 1 :], strict=False):
                if " ".join(text[first[0] : last[1]].casefold().split()) in wanted:
                    yield first[0], last[1]


def grams(text: str, size: int) -> Iterator[str]:
    """Every stretch of so many characters."""
    return map("".join, zip(*(text[n:] for n in range(size)), strict=False))


def join_runs(words: Sequence[str]) -> Iterator[str]:
    """Every stretch of so many words that it is somebody's sentence."""
    return map(" ".join, zip(*(words[n:] for n in range(RUN_WORDS)), strict=False))


def _says_something(word: str) -> bool:
    return len(word) > 1 and not (word.isdigit() and len(word) < _SHORTEST_NUMBER)


@cache
def house_units() -> frozenset[str]:
    """Every unit of the texts the house speaks, in both languages, and of the dates it writes."""
    units = set().union(*map(read_units, _list_spoken()))
    for language in get_args(Language):
        for offset in range(366):
            day = date(2024, 1, 1) + timedelta(days=offset)
            for text in (say_date(day, day, language), say_weekday(day, language)):
                units |= read_units(text)
    return frozenset(units)


def _list_spoken() -> Iterator[str]:
    for name in (*_SPOKEN, *(f"playbook/{theme}" for theme in THEMES)):
        yield from _leaves(load_toml(f"{name}.toml"))


def _leaves(node: Any) -> Iterator[str]:  # noqa: ANN401  # parsed TOML
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _leaves(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if not key.startswith("cues"):
                yield from _leaves(value)
