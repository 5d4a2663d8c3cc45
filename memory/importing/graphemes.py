"""Where a text may be cut without breaking what a reader sees as one character."""

from __future__ import annotations

import unicodedata

_JOINERS = frozenset("\u200c\u200d\uff9e\uff9f\u0e33\u0eb3")
_PREPENDED = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd\U000111c2\U000111c3"
    "\u1cf5\u1cf6\U0001193f\U00011941\U00011a84\U00011a85\U00011a86\U00011a87\U00011a88\U00011a89\U00011d46"
)
_VIRAMA = 9  # the canonical combining class of the sign that joins two Indic consonants
_MARKS_LOOKED_AT = 32


def is_inside_character(text: str, at: int, *, start: int = 0) -> bool:
    """Whether a cut before ``text[at]`` would break an accent, a flag, a family emoji or a syllable.

    A little stricter than Unicode's own rule (UAX 29), so that no table of it has to be kept: it may call a
    good place bad, never a bad place good (checked against the ``regex`` package in the tests).

    Args:
        text: the whole text.
        at: the place of the cut, ``start < at < len(text)``.
        start: a place before ``at`` that is known to be good; flags are paired from there.
    """
    before, after = text[at - 1], text[at]
    if after < "\u0300" and before < "\u0300":
        return before == "\r" and after == "\n"
    if _extends(after) or before == "\u200d" or before in _PREPENDED:
        return True
    if after.isalpha() and _ends_with_virama(text, at, start):
        return True
    if _is_flag_half(before) and _is_flag_half(after):
        run = at
        while run > start and _is_flag_half(text[run - 1]):
            run -= 1
        return (at - run) % 2 == 1
    return _is_leading_jamo(before) and (_is_leading_jamo(after) or "\uac00" <= after <= "\ud7a3")


def _ends_with_virama(text: str, at: int, start: int) -> bool:
    for place in range(at - 1, max(start, at - _MARKS_LOOKED_AT) - 1, -1):
        if unicodedata.combining(text[place]) == _VIRAMA:
            return True
        if not _extends(text[place]):
            return False
    return False


def _extends(character: str) -> bool:
    return (
        # Cn: this Python does not know it, and it may be an accent of a newer Unicode
        unicodedata.category(character) in {"Mn", "Mc", "Me", "Cn"}
        or character in _JOINERS
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # the tags in the flags of England, Scotland and Wales
        or "\u1160" <= character <= "\u11ff"  # Korean vowels and finals
        or "\ud7b0" <= character <= "\ud7fb"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_leading_jamo(character: str) -> bool:
    return "\u1100" <= character <= "\u115f" or "\ua960" <= character <= "\ua97c"
