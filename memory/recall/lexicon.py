"""The word lists of the lexical leg: what says nothing, irregular forms, and subjects in two languages."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_FOLDER = "words"


def _load(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("memory.recall").joinpath(_FOLDER, name).read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class English:
    """Words that say nothing, and the base of an irregular form."""

    stop: frozenset[str]
    forms: dict[str, str]


@dataclass(frozen=True, slots=True)
class Chinese:
    """Where a run of characters is cut, and which pairs say nothing."""

    cuts: re.Pattern[str]
    particles: frozenset[str]
    function: frozenset[str]
    stop: frozenset[str]
    keep: frozenset[str]

    def says_nothing(self, pair: str) -> bool:
        """True for a pair that would only add noise: a particle in it, two function characters, or listed."""
        if pair in self.stop:
            return True
        if pair in self.keep:
            return False
        if any(char in self.particles for char in pair):
            return True
        return all(char in self.function for char in pair)


@dataclass(frozen=True, slots=True)
class Concepts:
    """Subjects that both languages name: as plain entries for English, as one pattern for Chinese."""

    english: tuple[tuple[str, str], ...]  # (entry, subject)
    chinese: re.Pattern[str]
    subjects: dict[str, tuple[str, ...]]  # Chinese entry -> subjects


@cache
def english() -> English:
    """The English lists of ``words/en.toml``."""
    data = _load("en.toml")
    forms = {form: base for base, listed in data["forms"].items() for form in listed.split()}
    return English(stop=frozenset(data["stop"].split()), forms=forms)


@cache
def chinese() -> Chinese:
    """The Chinese lists of ``words/zh.toml``."""
    data = _load("zh.toml")
    cuts = sorted(data["cuts"].split(), key=len, reverse=True)
    return Chinese(
        cuts=re.compile("|".join(map(re.escape, cuts))),
        particles=frozenset(data["particles"]),
        function=frozenset(data["function"]),
        stop=frozenset(data["stop"].split()),
        keep=frozenset(data["keep"].split()),
    )


@cache
def concepts() -> Concepts:
    """The subjects of ``words/concepts.toml``."""
    entries: list[tuple[str, str]] = []
    subjects: dict[str, list[str]] = {}
    for subject, sides in _load("concepts.toml").items():
        entries += [(entry, subject) for entry in sides["en"].split("|")]
        for entry in sides["zh"].split("|"):
            subjects.setdefault(entry, []).append(subject)
    # The longest entry first: 加薪 must not hide in 升职加薪.
    longest_first = sorted(subjects, key=len, reverse=True)
    return Concepts(
        english=tuple(entries),
        chinese=re.compile("|".join(map(re.escape, longest_first))),
        subjects={entry: tuple(named) for entry, named in subjects.items()},
    )
