"""Where the coach stops: law, visas, investments, tax and medicine get a referral, never a verdict.

Also hears instruction-like text, which is answered but never followed. What is looked for, and every word
said about it, stands in ``prompts/safety/boundaries.toml``. Whether to quit or stay is nobody's boundary:
that is the person's to decide, and coached.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from prompts import Frame, PlaybookQuestion, PlaybookStep, load_toml

if TYPE_CHECKING:
    from coaching.model import Language

_SENTENCE = re.compile(r"[^。！？!?；;\n.]+[。！？!?；;.]*")


@dataclass(frozen=True)
class Boundary:
    """One subject on which the verdict is somebody else's.

    ``refer_zh`` and ``refer_en`` name who can give it; frames, questions and steps are the playbook's kind.
    """

    name: str
    refer_zh: str
    refer_en: str
    frames: tuple[Frame, ...]
    questions: tuple[PlaybookQuestion, ...]
    steps: tuple[PlaybookStep, ...]

    def refer(self, language: Language) -> str:
        """The sentence that names who can give a verdict."""
        return self.refer_zh if language == "zh" else self.refer_en


@cache
def _data() -> dict[str, Any]:
    return load_toml("safety/boundaries.toml")


@cache
def _signs(name: str, kind: str) -> re.Pattern[str]:
    # a table without signs of this kind matches nowhere
    return re.compile("|".join(f"(?:{sign})" for sign in _data()[name].get(kind, ())) or r"(?!)")


@cache
def load_boundary(name: str) -> Boundary:
    """One boundary by its name: labour, immigration, investment, tax, health."""
    raw = _data()[name]

    def entries(kind: type[Any], rows: list[dict[str, Any]], letter: str) -> tuple[Any, ...]:
        return tuple(kind(**{"key": f"{name}-{letter}{n}", **row}) for n, row in enumerate(rows, 1))

    return Boundary(
        name,
        raw["refer_zh"],
        raw["refer_en"],
        entries(Frame, raw["frames"], "f"),
        entries(PlaybookQuestion, raw["questions"], "q"),
        entries(PlaybookStep, raw["steps"], "s"),
    )


def find_boundary(text: str, language: Language) -> Boundary | None:
    """The boundary a message asks to cross: its subject is named and a verdict on it is wanted.

    A mention in passing is no request: 绿卡 or a doctor may well stand in a story about something else, so
    subject and question have to stand within two sentences. Signs that cannot wait change the referral.
    """
    del language  # office Chinese is full of English, so both are always looked for
    said = _plain(text)
    sentences = [match.group() for match in _SENTENCE.finditer(said)]
    pieces = [one + two for one, two in pairwise(sentences)] or [said]
    for name in _data()["order"]["names"]:
        if any(_asks(name, piece) for piece in pieces):
            return _with_urgency(load_boundary(name), said)
    return None


def find_injection(text: str, language: Language) -> bool:
    """Whether a message is addressed to the program's insides: its rules, its prompt, other people's data."""
    del language
    said = _plain(text).replace("'", "")
    return bool(_signs("injection", "signs").search(said)) and not _signs("injection", "harmless").search(
        said
    )


def _asks(name: str, piece: str) -> bool:
    if _signs(name, "always").search(piece):
        return True
    if _signs(name, "strong").search(piece) and _signs("order", "asking").search(piece):
        return True
    return bool(_signs(name, "subject").search(piece) and _signs(name, "verdict").search(piece))


def _with_urgency(boundary: Boundary, said: str) -> Boundary:
    raw = _data()[boundary.name]
    if not _signs(boundary.name, "urgent").search(said):
        return boundary
    return replace(boundary, refer_zh=raw["refer_urgent_zh"], refer_en=raw["refer_urgent_en"])


def _plain(text: str) -> str:
    """Half-width, lower case, straight apostrophes, nothing unseen: instructions like to come in disguise."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("‘", "'")
    return "".join(char for char in folded if unicodedata.category(char) != "Cf")
