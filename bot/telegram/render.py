"""A row's payload as messages of Telegram: texts, buttons, quotes, files, edits.

A payload is JSON and belongs to this door::

    {
        "text": "...",                              # plain; may be empty beside a document or an edit
        "marks": [["b", 0, 7]],                     # tag, start, end in code points; see sending.marked
        "choices": [{"label": "...", "data": "..."}],
        "quote": {"message_id": 17, "text": "their words", "source": "their whole message"},
        "edit": 18,                                 # the bot's own message to be changed in place
        "document": "/home/…/export.zip",           # a file to be sent, at most 50 MB
        "instead": "...",                           # what to say when the file cannot be sent
        "figure": {...},                            # a picture, drawn when it is sent; see coaching.figure
    }
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.telegram.sending.keyboard import build_keyboard
from bot.telegram.sending.marked import Mark, marks_within, to_html
from bot.telegram.sending.quote import build_reply
from bot.telegram.sending.split import fits, split_text
from bot.telegram.sending.units import without_surrogates
from coaching.figure import Figure

if TYPE_CHECKING:
    from telegram import InlineKeyboardMarkup, ReplyParameters

LONGEST_CAPTION = 1024  # UTF-16 units
# Telegram shows nothing for these, and refuses a message made of nothing else.
_INVISIBLE = re.compile(
    r"[\s\u0000-\u001f\u00ad\u180e\u2000-\u200f\u2028-\u202f\u205f\u2060\u2800\ufeff\ufffc]*"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One call to Telegram: ``text`` is what it holds, ``marks`` how it looks."""

    text: str
    marks: tuple[Mark, ...] = ()
    keyboard: InlineKeyboardMarkup | None = None
    reply: ReplyParameters | None = None
    edit: int | None = None
    document: Path | None = None
    figure: Figure | None = None
    instead: str = ""

    @property
    def html(self) -> str:
        """The text as HTML."""
        return to_html(self.text, self.marks)


def render(payload: dict[str, Any]) -> tuple[Piece, ...]:
    """The messages of one row, in order. The same payload always gives the same pieces.

    The quote is on the first and the buttons on the last; an edit changes the first message, and what has no
    room in it follows.

    Raises:
        KeyError, TypeError, ValueError: The payload is not what the module's docstring says.
    """
    text = without_surrogates(payload.get("text") or "")
    marks = [Mark(tag, int(start), int(end)) for tag, start, end in payload.get("marks") or ()]
    pieces = [
        Piece(text[start:end], marks_within(marks, start, end))
        for start, end in split_text(text, marks)
        if not _INVISIBLE.fullmatch(text, start, end)
    ]
    if payload.get("document"):
        pieces = _with_document(
            pieces, Path(payload["document"]), without_surrogates(payload.get("instead") or "")
        )
    if payload.get("figure"):
        figure = Figure.from_json(payload["figure"])
        pieces.append(Piece(figure.caption, figure=figure))
    edit = payload.get("edit")
    if edit and not pieces:
        pieces = [Piece("")]  # only the keyboard changes
    if not pieces:
        return ()
    pieces[0] = replace(pieces[0], reply=build_reply(payload.get("quote")), edit=int(edit) if edit else None)
    choices = [(choice["label"], choice["data"]) for choice in payload.get("choices") or ()]
    pieces[-1] = replace(pieces[-1], keyboard=build_keyboard(choices))
    return tuple(pieces)


def _with_document(pieces: list[Piece], path: Path, instead: str) -> list[Piece]:
    """A short text is the file's caption; a long one goes before it."""
    if len(pieces) == 1 and fits(pieces[0].text, LONGEST_CAPTION):
        return [replace(pieces[0], document=path, instead=instead)]
    return [*pieces, Piece("", document=path, instead=instead)]
