"""Which of the two languages somebody writes in."""

from __future__ import annotations

import re
from typing import overload

from coaching.model import Language

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_WORD = re.compile(r"[A-Za-z][A-Za-z'’]+")


@overload
def read_language(text: str) -> Language | None: ...
@overload
def read_language(text: str, *, fallback: Language) -> Language: ...
def read_language(text: str, *, fallback: Language | None = None) -> Language | None:
    """``zh`` when there are at least as many Han characters as English words, else ``en``.

    One Han character is about half a word, so Chinese keeps its name however many office words it borrows:
    "老板让我own这个project" is Chinese. Single letters are not counted as words ("A", "B", "x").

    Args:
        text: what they wrote.
        fallback: the answer for a text with neither, such as "6", "👍" or an empty line.
    """
    han = len(_HAN.findall(text))
    words = len(_WORD.findall(text))
    if not han and not words:
        return fallback
    return "zh" if han >= words else "en"
