"""UTF-16 units, Telegram's measure of text, and the places where a text may be cut."""

from __future__ import annotations

import re
import unicodedata

from wcwidth import iter_graphemes

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
# A grapheme that starts before a window's end is read whole, up to this many code points behind it.
_LOOK_AHEAD = 64


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units: an emoji is two."""
    return len(text) + sum(1 for character in text if character > "\uffff")


def without_surrogates(text: str) -> str:
    """The text as it can be encoded; half an emoji, which only a broken client makes, becomes a mark."""
    return _LONE_SURROGATE.sub("\ufffd", text)


def furthest(text: str, start: int, units: int) -> int:
    """The last index up to which the text from ``start`` has at most so many units."""
    end = min(len(text), start + units)
    while end > start and (over := utf16_length(text[start:end]) - units) > 0:
        end -= (over + 1) // 2
    return end


def grapheme_ends(text: str, start: int, end: int) -> list[int]:
    """Indices in ``(start, end]`` behind what a person sees as one character. ``start`` must be one too."""
    ends = []
    at = start
    for grapheme in iter_graphemes(text[start : end + _LOOK_AHEAD]):
        at += len(grapheme)
        if at > end:
            break
        ends.append(at)
    return ends


def columns(text: str) -> int:
    """How wide a text is, where a Chinese character takes two columns."""
    wide = (unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + sum(wide)


def shortened(text: str, width: int) -> str:
    """At most so many columns, with … where something is missing."""
    if columns(text) <= width:
        return text
    kept = ""
    for grapheme in iter_graphemes(text):
        if columns(kept + grapheme) > width - 1:
            break
        kept += grapheme
    return f"{kept.rstrip()}…"
