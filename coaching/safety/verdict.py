"""What was heard, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from coaching.model import Safety


class Why(StrEnum):
    """What made the check speak."""

    NOTHING = "nothing"
    WORDS = "words"  # said in so many words
    SIGNS = "signs"  # a shape of words, or the classifier
    OTHER = "other"  # somebody else's life is in danger
    GRIEF = "grief"  # somebody took their life
    YES = "yes"  # the answer to the plain question
    UNCLEAR = "unclear"  # the question was asked and not answered
    CLEARED = "cleared"  # a clear no


@dataclass(frozen=True, slots=True)
class SafetyVerdict:
    """What was heard.

    Attributes:
        level: what it asks of the coach.
        words: their own words to repeat once, verbatim, or empty when repeating would give a method back.
        why: which layer spoke, and about whom.
    """

    level: Safety
    words: str = ""
    why: Why = Why.NOTHING


CALM = SafetyVerdict(Safety.NONE)
