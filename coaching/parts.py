"""Typed parts, a draft made of them, and the check that turns a draft into a reply.

A responder never hands over a finished text: it hands over parts, each knowing whose words it quotes.
``check_draft`` holds for the playbook and for a language model alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from coaching.effects import Effect
from coaching.errors import DraftRejected
from coaching.figure import Figure
from coaching.language import read_language
from coaching.model import Language, Lens
from coaching.rules import find_banned


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the person, verbatim. With neither id they stand in the turn being answered."""

    text: str
    message_id: int | None = None
    said_on: date | None = None
    commitment_id: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """Plain words: information, an answer, a fixed text."""

    text: str
    key: str = ""
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Reflection:
    """Their loaded words and a tentative guess at what is under them."""

    text: str
    quotes: tuple[Quote, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """One earlier statement of theirs, with its date."""

    text: str
    quotes: tuple[Quote, ...]
    key: str = ""


@dataclass(frozen=True, slots=True)
class NextStep:
    """One offer: what, how long, when, and how they will see that it is done."""

    text: str
    key: str
    body: str  # the action alone, as it would stand in a plan
    minutes: int
    when: str
    due_on: date
    cue: str
    done: str
    if_then: str
    smaller: str = ""
    lens: Lens | None = None
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """The one question."""

    text: str
    key: str = ""
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A titled block of the long form."""

    title: str
    text: str
    quotes: tuple[Quote, ...] = ()
    key: str = ""


Part = Said | Reflection | Past | NextStep | Question | Section


class ReplyKind(StrEnum):
    """What a reply is for: it decides what it may and must hold."""

    TURN = "turn"
    CLARIFY = "clarify"
    LISTEN = "listen"  # they asked not to be asked, or there is nothing left in them tonight
    CRISIS = "crisis"
    BOUNDARY = "boundary"
    REFLECT = "reflect"
    RECALL = "recall"
    PLAN = "plan"
    CHECKIN = "checkin"
    CHECKIN_REPLY = "checkin_reply"
    STEP = "step"  # another one, or the same smaller; it reports nothing
    REVIEW = "review"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Choice:
    """A button: a label a person reads, and the data a tap on it sends (at most 64 bytes)."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An unchecked reply."""

    kind: ReplyKind
    language: Language
    parts: tuple[Part, ...]
    lenses: tuple[Lens, ...] = ()
    choices: tuple[Choice, ...] = ()
    effects: tuple[Effect, ...] = ()
    figure: Figure | None = None  # a picture that goes with it; the door draws it

    @property
    def text(self) -> str:
        """The parts, as a person reads them."""
        return "\n\n".join(
            f"{part.title}\n{part.text}" if isinstance(part, Section) else part.text
            for part in self.parts
            if part.text
        )

    @property
    def quotes(self) -> tuple[Quote, ...]:
        """Everything quoted, in order."""
        return tuple(quote for part in self.parts for quote in part.quotes)

    def find(self, kind: type[Part]) -> tuple[Any, ...]:
        """The parts of one type."""
        return tuple(part for part in self.parts if isinstance(part, kind))


@dataclass(frozen=True, slots=True)
class Reply:
    """A draft that was checked. Only ``check_draft`` makes one."""

    draft: Draft

    @property
    def text(self) -> str:
        """What the person reads."""
        return self.draft.text

    @property
    def kind(self) -> ReplyKind:
        """What the reply is for."""
        return self.draft.kind

    @property
    def cited(self) -> tuple[int, ...]:
        """Ids of the stored messages it quotes, each once."""
        return tuple(dict.fromkeys(q.message_id for q in self.draft.quotes if q.message_id is not None))


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a quote may come from: this turn, and what was recalled or is planned."""

    turn: str
    messages: Mapping[int, str] = field(default_factory=dict)
    commitments: Mapping[int, str] = field(default_factory=dict)

    def holds(self, quote: Quote) -> bool:
        """Whether the quoted words stand where it says, but for quote marks and spacing."""
        if quote.commitment_id is not None:
            source = self.commitments.get(quote.commitment_id, "")
        elif quote.message_id is not None:
            source = self.messages.get(quote.message_id, "")
        else:
            source = self.turn
        return _plain(quote.text) in _plain(source)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a kind of reply may hold: questions (least, most), steps, length in Han characters and words."""

    questions: tuple[int, int]
    steps: int
    zh: tuple[int, int]
    en: tuple[int, int]


# Lengths and counts are rubric.md's; INFO and PLAN may list what the person has.
_SHAPES = {
    ReplyKind.TURN: _Shape((0, 1), 1, (60, 420), (35, 190)),
    ReplyKind.BOUNDARY: _Shape((0, 1), 1, (60, 420), (35, 190)),
    ReplyKind.CLARIFY: _Shape((1, 1), 0, (6, 160), (4, 70)),
    ReplyKind.LISTEN: _Shape((0, 0), 1, (8, 420), (5, 190)),
    ReplyKind.CRISIS: _Shape((0, 1), 0, (40, 420), (30, 220)),
    ReplyKind.REFLECT: _Shape((0, 1), 1, (60, 1300), (35, 650)),
    ReplyKind.RECALL: _Shape((0, 1), 0, (8, 900), (5, 420)),
    ReplyKind.PLAN: _Shape((0, 1), 3, (4, 700), (3, 340)),
    ReplyKind.CHECKIN: _Shape((0, 1), 0, (8, 130), (5, 65)),
    ReplyKind.CHECKIN_REPLY: _Shape((0, 1), 1, (8, 360), (5, 170)),
    ReplyKind.STEP: _Shape((0, 1), 1, (8, 360), (5, 170)),
    ReplyKind.REVIEW: _Shape((0, 1), 1, (40, 700), (30, 340)),
    ReplyKind.INFO: _Shape((0, 1), 0, (1, 4000), (1, 2000)),
}

QUOTED = re.compile(r"「([^「」]+)」|“([^“”]+)”")
_FOR_OTHERS = re.compile(r"‹[^‹›]*›|`[^`\n]*`")
_LOOSE = re.compile(r"[\s“”\"「」『』'‘’]+")


def _plain(text: str) -> str:
    return _LOOSE.sub("", text).lower()


def bare(text: str) -> str:
    """The coach's own words: without what is quoted, and without lines written for somebody else."""
    return _FOR_OTHERS.sub("〃", QUOTED.sub("〃", text))


def length(text: str, language: Language) -> int:
    """Characters without spaces for Chinese, words for English."""
    return len(re.sub(r"\s", "", text)) if language == "zh" else len(re.findall(r"[A-Za-z0-9'’]+", text))


def find_faults(draft: Draft, sources: Sources) -> tuple[str, ...]:
    """Every rule the draft breaks, as short names that hold none of the person's words."""
    shape = _SHAPES[draft.kind]
    text, own = draft.text, bare(draft.text)
    faults = []
    if not all(sources.holds(quote) for quote in draft.quotes):
        faults.append("quote not said")
    known = {_plain(quote.text) for quote in draft.quotes}
    found = (next(filter(None, match.groups())) for match in QUOTED.finditer(text))
    if any(_plain(words) not in known for words in found):
        faults.append("words in quote marks that are nobody's")
    if any(q.said_on is None for part in draft.find(Past) for q in part.quotes if q.message_id is not None):
        faults.append("past without a date")
    marks = len(re.findall(r"[?？]+", own))
    if not shape.questions[0] <= marks <= shape.questions[1]:
        faults.append(f"{marks} questions")
    if len(draft.find(NextStep)) > shape.steps:
        faults.append("more than one step")
    low, high = shape.zh if draft.language == "zh" else shape.en
    if not low <= length(text, draft.language) <= high:
        faults.append(f"length {length(text, draft.language)}")
    if read_language(own, fallback=draft.language) != draft.language:
        faults.append("language")
    # an information text may name what it must not say elsewhere (a setting called model, a list)
    if draft.kind is not ReplyKind.INFO:
        faults += [f"banned: {name}" for name in find_banned(text, draft.language)]
    return tuple(faults)


def check_draft(draft: Draft, sources: Sources) -> Reply:
    """The reply, if the draft keeps every rule.

    Raises:
        DraftRejected: names the rules it breaks, never the person's words.
    """
    if faults := find_faults(draft, sources):
        raise DraftRejected("; ".join(faults))
    return Reply(draft)
