"""A reply that is shown part by part while it is being made, and of which nothing is ever taken back.

What is shown is a draft that would hold as a reply by itself. Whatever comes of the rest, the reply begins
with it: ``go_on`` puts the later parts of another draft behind what was shown.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coaching.parts import NextStep, Past, Question, Reflection, Section, find_faults

if TYPE_CHECKING:
    from coaching.parts import Draft, Part, Sources
    from coaching.ports import Show

# the fields a model fills in, in the order in which a person reads them
ORDER = ("", "reflection", "want", "stuck", "why", "could", "past", "step", "question")
_FIELDS: dict[type, str] = {
    Reflection: "reflection",
    Past: "past",
    NextStep: "step",
    Question: "question",
}


class Showing:
    """One reply on its way. It is kept to itself until somebody opens it, and remembers what was shown.

    Args:
        show: the door's way to show it.
    """

    def __init__(self, show: Show) -> None:
        self._show = show
        self._kept: Draft | None = None
        self._is_open = self._is_over = False
        self._shown: Draft | None = None

    def take(self, so_far: Draft) -> None:
        """Shows what would hold as a reply by itself, or keeps it until it may be shown."""
        if self._is_over:
            return
        if not self._is_open:
            self._kept = so_far
            return
        self._shown = so_far
        self._show(so_far)

    def open(self) -> None:
        """Nobody is in danger: from now on it is shown, and at once what was kept."""
        self._is_open = True
        if self._kept is not None:
            self.take(self._kept)

    def end(self) -> Draft | None:
        """What was shown: the reply begins with it. Nothing more is."""
        self._is_over = True
        return self._shown

    def settle_for(self, draft: Draft, sources: Sources) -> Draft:
        """What was shown with the rest of ``draft``, or without it where the two do not go together."""
        shown = self.end()
        whole = go_on(shown, draft)
        return shown if shown is not None and find_faults(whole, sources) else whole


def name_field(part: Part) -> str:
    """The field a part is made of; empty for words of the program's own."""
    if isinstance(part, Section):
        return part.key.removeprefix("reflect-")
    return _FIELDS.get(type(part), "")


def go_on(shown: Draft | None, draft: Draft) -> Draft:
    """What was shown, as it stands, and behind it what comes later in ``draft``; unchecked."""
    if shown is None:
        return draft
    reached = max(ORDER.index(name_field(part)) for part in shown.parts)
    later = tuple(part for part in draft.parts if ORDER.index(name_field(part)) > reached)
    steps = any(isinstance(part, NextStep) for part in later)
    return replace(
        draft,
        kind=shown.kind,
        parts=(*shown.parts, *later),
        choices=draft.choices if steps else shown.choices,
    )
