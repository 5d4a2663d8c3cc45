"""Something that a language model is asked to fill in, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from coaching.responders.model_parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable

    from coaching.responders.context import Prompt

P = TypeVar("P", bound=Parts)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Task(Generic[P, T]):
    """One call, repaired once.

    Attributes:
        shape: what is filled in.
        prompt: what the model is told.
        build: what is made of it; raises ``DraftRejected`` when it cannot be.
        find_faults: every rule that breaks, as short names without a word of the person.
    """

    shape: type[P]
    prompt: Prompt
    build: Callable[[P], T]
    find_faults: Callable[[T], tuple[str, ...]]
