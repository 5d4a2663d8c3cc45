"""Text with marks, as HTML that Telegram reads back as the same text and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

# What Telegram knows; anything else would be refused with the whole message.
TAGS = frozenset({"b", "i", "u", "s", "code", "pre", "blockquote", "tg-spoiler"})


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of text with a tag; indices count code points, as Python does."""

    tag: str
    start: int
    end: int


def marks_within(marks: Iterable[Mark], start: int, end: int) -> tuple[Mark, ...]:
    """The marks of a part of the text, counted from its beginning; a mark that is cut goes on in both."""
    return tuple(
        Mark(mark.tag, max(mark.start, start) - start, min(mark.end, end) - start)
        for mark in marks
        if mark.tag in TAGS and max(mark.start, start) < min(mark.end, end)
    )


def to_html(text: str, marks: Sequence[Mark] = ()) -> str:
    """The text escaped, its marks as tags, opened and closed in pairs even where marks overlap."""
    edges = sorted({0, len(text), *(m.start for m in marks), *(m.end for m in marks)})
    written: list[str] = []
    stack: list[Mark] = []
    for at, upto in zip(edges, [*edges[1:], len(text)], strict=True):
        reopened = _close(stack, at, written)
        opened = sorted((m for m in marks if m.start == at), key=lambda m: -m.end)
        for mark in (*reopened, *opened):
            written.append(f"<{mark.tag}>")
            stack.append(mark)
        written.append(escape(text[at:upto], quote=False))
    return "".join(written)


def _close(stack: list[Mark], at: int, written: list[str]) -> list[Mark]:
    """Closes the marks that end here, and those opened inside them, which are to be opened again."""
    reopened: list[Mark] = []
    while any(mark.end == at for mark in stack):
        mark = stack.pop()
        written.append(f"</{mark.tag}>")
        if mark.end != at:
            reopened.insert(0, mark)
    return reopened
