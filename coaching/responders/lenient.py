"""Finds the parts in what a model wrote: in a code fence, after a thought, with a comma too many."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from coaching.errors import ModelFailed
from coaching.responders.model_parts import Parts

if TYPE_CHECKING:
    from collections.abc import Sequence

P = TypeVar("P", bound=Parts)

LONGEST = 50_000  # characters; no answer that can be used is near that
TRIES = 20  # places at which an object may begin

_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_LOOSE_COMMA = re.compile(r",(\s*[}\]])")


def find_object(text: str) -> dict[str, Any] | None:
    """The largest JSON object in ``text``, or None when there is none that can be read."""
    if len(text) > LONGEST:
        return None
    text = _THOUGHT.sub("", text)
    found: list[tuple[int, dict[str, Any]]] = []
    for candidate in (text, _LOOSE_COMMA.sub(r"\1", text)):
        start = candidate.find("{")
        for _ in range(TRIES):
            if start < 0:
                break
            try:
                # not strict: a model breaks its lines inside a string
                value, end = json.JSONDecoder(strict=False).raw_decode(candidate, start)
            except (json.JSONDecodeError, RecursionError):
                start = candidate.find("{", start + 1)
                continue
            if isinstance(value, dict):
                found.append((end - start, value))
            start = candidate.find("{", end)
        if found:
            break
    return max(found, key=lambda each: each[0])[1] if found else None


def read_parts(shape: type[P], filled: Sequence[dict[str, Any]], written: Sequence[str]) -> P:
    """The first that has the shape: of what was filled in, then of the JSON in what was written instead.

    Raises:
        ModelFailed: there is none.
    """
    for found in (*filled, *map(find_object, written)):
        if found is not None:
            try:
                return shape.model_validate(found)
            except ValidationError:
                continue
    raise ModelFailed("prose instead of parts")
