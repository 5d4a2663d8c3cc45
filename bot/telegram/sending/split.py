"""Cuts a long text where a reader pauses: between paragraphs, else lines, sentences, words, characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.telegram.sending.marked import Mark
from bot.telegram.sending.units import furthest, grapheme_ends, utf16_length

LONGEST = 4096  # UTF-16 units of one message, counted after the markup was read

# Telegram makes a link of each of these by itself; cut in two they are none.
_LINKS = re.compile(r"https?://[!-~]+|(?<![\w/])[/@#][A-Za-z0-9_]{1,64}", re.IGNORECASE)
_PAUSES = (
    re.compile(r"(?=\n[^\S\n]*\n)"),
    re.compile(r"(?=\n)"),
    re.compile(r"[。！？…；!?]+[”」』’\"')）\]]*|[.;](?=\s)"),
    re.compile(r"(?=\s)"),
)
# A pause that would leave a message less full than this is passed over for a lesser one further on.
_FULL_ENOUGH = 0.25


def split_text(text: str, marks: Iterable[Mark] = (), longest: int = LONGEST) -> tuple[tuple[int, int], ...]:
    """The parts of a text, as ``(start, end)``, each at most ``longest`` UTF-16 units.

    Only white space between the parts is left out. No emoji is cut, and no mark or link that fits in a part.
    """
    spans = [(mark.start, mark.end) for mark in marks]
    spans += [match.span() for match in _LINKS.finditer(text)]
    parts = []
    start = _skip_spaces(text, 0)
    while start < len(text):
        end = furthest(text, start, longest)
        if end < len(text):
            end = _pause(text, start, end, spans)
        parts.append((start, start + len(text[start:end].rstrip())))
        start = _skip_spaces(text, end)
    return tuple(parts)


def fits(text: str, longest: int = LONGEST) -> bool:
    """Whether one message can hold it."""
    return utf16_length(text) <= longest


def _skip_spaces(text: str, start: int) -> int:
    return len(text) - len(text[start:].lstrip())


def _pause(text: str, start: int, end: int, spans: Sequence[tuple[int, int]]) -> int:
    ends = grapheme_ends(text, start, end)
    inside = {at for left, right in spans for at in range(max(left, start) + 1, min(right, end + 1))}
    whole = [at for at in ends if at not in inside]
    for possible in (whole, ends):
        allowed = set(possible)
        for pattern in _PAUSES:
            # one more character is looked at, so that a pause right behind a full part is found
            found = (match.end() for match in pattern.finditer(text, start, end + 1))
            good = [at for at in found if at in allowed and at - start >= (end - start) * _FULL_ENOUGH]
            if good:
                return good[-1]
        if possible:
            return possible[-1]
    return end  # one character with thousands of accents
