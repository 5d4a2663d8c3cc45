"""A question that is bounded by something that happened, and not by a date: "before I quit", 我辞职之前.

The day on which the person told of it bounds the question; where they never did, nothing does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from memory.recall.times import Span

_EN = re.compile(r"\b(?P<side>before|until|after|since)\s+(?P<event>(?:i|we|my|our)\b[^,.?!;]{3,60})")
_ZH = re.compile(
    r"(?:自从|自|在)?(?P<event>[^，。？！、；\s\d]{2,16}?)(?P<side>之前|以前|之后|以后)(?=[，,我都还有说写提是怎]|$)"
)
_BEFORE = frozenset(("before", "until", "之前", "以前"))

# 我之前, 跟你以前: nothing happened there
_EMPTY = re.compile(r"[我你您他她它们跟和给对在从的这那]|很久|不久|上次|当时")


@dataclass(frozen=True, slots=True)
class Event:
    """Something whose day bounds a question. ``rest`` is the question without it."""

    words: str
    before: bool
    rest: str

    def span(self, told_on: date) -> Span:
        """The days that the question looks at, when this was told of on that day."""
        if self.before:
            return Span(date.min, told_on - timedelta(days=1))
        return Span(told_on, date.max)


def find_event(text: str) -> Event | None:
    """What a normalised question wants to look before or after. Dates are looked for first, by the caller."""
    for pattern in (_EN, _ZH):
        for match in pattern.finditer(text):
            words = match["event"].strip()
            if pattern is _EN or len(_EMPTY.sub("", words)) >= 2:
                rest = f"{text[: match.start()]} {text[match.end() :]}".strip()
                return Event(words, match["side"] in _BEFORE, rest)
    return None
