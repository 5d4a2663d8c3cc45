"""A model's answer while it is being written: which of its parts are whole, and whether they may be shown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import ValidationError

from coaching.errors import DraftRejected, ModelFailed
from coaching.parts import NextStep
from coaching.responders.lenient import LONGEST
from coaching.responders.model_parts import Parts
from coaching.showing import ORDER, name_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from coaching.parts import Draft
    from coaching.showing import Showing

P = TypeVar("P", bound=Parts)


class Arriving:
    """Reads a JSON object piece by piece. A value is whole when a comma or the end has come behind it."""

    def __init__(self) -> None:
        self._written = ""
        self._begins = self._depth = 0
        self._in_string = self._escaped = False

    def read(self, piece: str) -> dict[str, Any] | None:
        """All values that are whole, when one of them has just become so."""
        found, read = None, len(self._written)
        self._written += piece
        for at, char in enumerate(piece, read):
            if self._escaped:
                self._escaped = False
            elif self._in_string:
                self._escaped = char == "\\"
                self._in_string = char != '"'
            elif char == "{" and not self._depth:
                self._begins, self._depth = at, 1
            elif not self._depth:
                continue  # prose in front of it, with quote marks and brackets of its own
            elif char == '"':
                self._in_string = True
            elif char in "{[":
                self._depth += 1
            elif char in "}]":
                self._depth -= 1
                found = found if self._depth else self._load(at + 1)
            elif char == "," and self._depth == 1:
                found = self._load(at, "}")
        return found

    def _load(self, ends: int, closing: str = "") -> dict[str, Any] | None:
        try:
            # not strict: a model breaks its lines inside a string
            values = json.loads(self._written[self._begins : ends] + closing, strict=False)
        except json.JSONDecodeError:
            return None
        return values if isinstance(values, dict) else None


class Watch(Generic[P]):
    """Looks on while a model writes, and hands every beginning that would hold as a reply to who shows it.

    Args:
        shape: what is being filled in.
        build: the draft of filled parts.
        find_faults: every rule a draft breaks.
        showing: where it goes.
        awaits: a field without which the first words of the reply are not known.
    """

    def __init__(
        self,
        shape: type[P],
        build: Callable[[P], Draft],
        find_faults: Callable[[Draft], tuple[str, ...]],
        showing: Showing,
        *,
        awaits: str = "",
    ) -> None:
        self._shape, self._build, self._find_faults = shape, build, find_faults
        self._showing, self._awaits = showing, awaits
        self._arriving = Arriving()
        self._parts = self._heard = 0

    def hear(self, piece: str) -> None:
        """More of what the model writes.

        Raises:
            ModelFailed: it writes without end.
        """
        self._heard += len(piece)
        if self._heard > LONGEST:
            raise ModelFailed("too long")
        whole = self._arriving.read(piece)
        if whole is None or (self._awaits and self._awaits not in whole):
            return
        draft = self._draft(whole)
        if draft is not None and len(draft.parts) > self._parts and not self._find_faults(draft):
            self._parts = len(draft.parts)
            self._showing.take(draft)

    def _draft(self, whole: dict[str, Any]) -> Draft | None:
        """The parts up to the first that is not whole yet."""
        fields = [name for name in ORDER if name in self._shape.model_fields]
        missing = next((name for name in fields if name not in whole), None)
        reached = ORDER.index(missing) if missing else len(ORDER)
        try:
            # what is still to come is filled with something, and cut off again
            draft = self._build(self._shape.model_validate(self._shape.blank() | whole))
        except (ValidationError, DraftRejected):
            return None
        parts = tuple(part for part in draft.parts if ORDER.index(name_field(part)) < reached)
        choices = draft.choices if any(isinstance(part, NextStep) for part in parts) else ()
        return replace(draft, parts=parts, choices=choices) if parts else None
