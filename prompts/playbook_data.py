"""The playbook as data: reflection frames, open questions and next steps, by theme.

One file a theme in ``prompts/playbook/<theme>.toml``; CONTRIBUTING.md says how to add an entry, and
``tests/unit/test_playbook.py`` checks every rule named there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from prompts.loading import PromptError, load_toml

THEMES = (
    "ownership", "impact", "escape", "recognition", "risk",
    "meaning", "money", "skills", "energy", "stakeholder",
)  # fmt: skip
_HAN = re.compile(r"[\u3400-\u9fff]")
STAGES = ("clarify", "test", "show", "learn")


@dataclass(frozen=True)
class Entry:
    """One text in both languages. Where one of its ``cues`` matches, it fits especially well."""

    key: str
    zh: str
    en: str
    cues_zh: tuple[str, ...] = ()
    cues_en: tuple[str, ...] = ()

    def says(self, language: str) -> str:
        """The text in one language."""
        return self.zh if language == "zh" else self.en

    @cached_property
    def _cues(self) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
        """The Chinese cues, and the English ones, which begin where a word begins."""
        zh = "|".join(f"(?:{cue})" for cue in self.cues_zh)
        en = "|".join(f"(?:{cue})" for cue in self.cues_en)
        return (
            re.compile(zh, re.IGNORECASE) if zh else None,
            re.compile(f"(?<![A-Za-z])(?:{en})", re.IGNORECASE) if en else None,
        )

    def fits(self, message: str) -> bool:
        """Whether one of its cues stands in the message; a Chinese one (DAU) never in an English word."""
        zh, en = self._cues
        if zh and _HAN.search(message) and zh.search(message):
            return True
        return bool(en and en.search(message))


@dataclass(frozen=True)
class Frame(Entry):
    """A reflection: ``{q}`` is the person's own words, what follows is a tentative guess under them."""


@dataclass(frozen=True)
class PlaybookQuestion(Entry):
    """An open question that can be answered tonight."""


@dataclass(frozen=True)
class PlaybookStep(Entry):
    """One action with a visible end.

    ``zh`` and ``en`` hold ``{when}``, ``{minutes}`` and, where it fits, ``{thing}`` and ``{person}``: the
    person's own nouns, or the defaults below. ``smaller`` is the same step in five minutes or less.
    """

    stage: str = "clarify"
    minutes: int = 10
    thing_zh: str = "这件事"
    thing_en: str = "this"
    person_zh: str = "那个人"
    person_en: str = "that person"
    done_zh: str = ""
    done_en: str = ""
    if_then_zh: str = ""
    if_then_en: str = ""
    smaller_zh: str = ""
    smaller_en: str = ""

    def word(self, name: str, language: str) -> str:
        """One of ``thing``, ``person``, ``done``, ``if_then``, ``smaller`` in a language."""
        return str(getattr(self, f"{name}_{language}"))


@dataclass(frozen=True)
class Theme:
    """Everything the playbook can say about one lens."""

    name: str
    frames: tuple[Frame, ...]
    questions: tuple[PlaybookQuestion, ...]
    steps: tuple[PlaybookStep, ...]


@dataclass(frozen=True)
class Playbook:
    """All themes."""

    themes: dict[str, Theme]

    def warm(self) -> None:
        """Compiles every cue now, so that nobody's first message waits for it. Blocking, under a second."""
        for theme in self.themes.values():
            for entry in (*theme.frames, *theme.questions, *theme.steps):
                entry.fits("")

    def step(self, key: str) -> PlaybookStep | None:
        """The step with this key, or None when a later version took it out."""
        return next((s for theme in self.themes.values() for s in theme.steps if s.key == key), None)


def _entries(theme: str, rows: list[dict[str, Any]], kind: type[Entry], letter: str) -> list[Any]:
    made: list[Any] = []
    for number, row in enumerate(rows, 1):
        values = dict(row)
        values.setdefault("key", f"{theme}-{letter}{number}")
        for cues in ("cues_zh", "cues_en"):
            values[cues] = tuple(values.get(cues, ()))
        try:
            made.append(kind(**values))
        except TypeError as error:
            raise PromptError(f"prompts/playbook/{theme}.toml, {kind.__name__} {number}: {error}") from error
    return made


@cache
def load_playbook() -> Playbook:
    """The packaged playbook.

    Raises:
        PromptError: a file is missing, or an entry has an unknown field.
    """
    themes: dict[str, Theme] = {}
    for name in THEMES:
        raw = load_toml(f"playbook/{name}.toml")
        themes[name] = Theme(
            name,
            tuple(_entries(name, raw.get("frames", []), Frame, "f")),
            tuple(_entries(name, raw.get("questions", []), PlaybookQuestion, "q")),
            tuple(_entries(name, raw.get("steps", []), PlaybookStep, "s")),
        )
    return Playbook(themes)


@cache
def load_reflect_points(section: str, lens: str, language: str) -> tuple[str, ...]:
    """The wordings for one point of the long form: ``section`` is want, stuck, why or could.

    Raises:
        PromptError: there is none for this lens.
    """
    rows = load_toml("playbook/reflect.toml").get(lens, {}).get(section, [])
    if not rows:
        raise PromptError(f"prompts/playbook/reflect.toml has no {lens}.{section}")
    return tuple(row[language] for row in rows)
