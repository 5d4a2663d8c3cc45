"""Hears safety and lenses in words that get no reply of their own: imports, edits, what was cancelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from coaching.model import Language, Lens, Safety

if TYPE_CHECKING:
    from coaching.lenses import LensReader
    from coaching.safety import SafetyCheck

Heard = tuple[Safety, tuple[tuple[Lens, float], ...]]
Listen = Callable[[str, Language], Heard]

_CHARACTERS = 600  # what something is about stands at its beginning


def make_listener(lenses: LensReader, safety: SafetyCheck) -> Listen:
    """The listener. Blocking, a few milliseconds a text: call it off the loop."""

    def listen(words: str, language: Language) -> tuple[Safety, tuple[tuple[Lens, float], ...]]:
        heard = lenses.read(words[:_CHARACTERS], language)
        weights = tuple((lens, heard.scores[lens]) for lens in heard.lenses)
        return safety.assess(words, language).level, weights

    return listen
