"""Where the coach stops: law, visas, investments, tax and medicine get a referral, never a verdict.

Also hears instruction-like text, which is answered but never followed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from prompts import Frame, PlaybookQuestion, PlaybookStep, load_toml

if TYPE_CHECKING:
    from coaching.model import Language


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
    return re.compile("|".join(_data()[name][kind]), re.IGNORECASE)


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

    A mention in passing is no request: 绿卡 or a doctor may well stand in a story about something else.
    """
    del language  # office Chinese is full of English, so both are always looked for
    for name in _data()["order"]["names"]:
        if _signs(name, "always").search(text):
            return load_boundary(name)
        if _signs(name, "subject").search(text) and _signs(name, "verdict").search(text):
            return load_boundary(name)
    return None


def find_injection(text: str, language: Language) -> bool:
    """Whether a message is addressed to the program's insides: its rules, its prompt, other people's data."""
    del language
    if _signs("injection", "harmless").search(text):
        return False
    return bool(_signs("injection", "signs").search(text))
