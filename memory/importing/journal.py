"""A note as the pieces it will be remembered in: by date, by heading, by paragraph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.importing.cutting import cut
from memory.importing.dating import RunningDate, Sources
from memory.importing.front_matter import Note, split_note
from memory.importing.markdown import Kind, read_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from memory.importing.found import Dated
    from memory.importing.limits import Limits

_LONGEST_HEADING = 200  # characters


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a note: at most ``Limits.most`` characters of one date under one heading."""

    text: str
    dated: Dated
    heading: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Journal:
    """A note that was read. ``title`` is the front matter's, else its first heading of the first rank."""

    pieces: tuple[Piece, ...]
    title: str
    said_by: str
    broken_front_matter: bool


def read_journal(text: str, *, name: str, modified: date | None, today: date, limits: Limits) -> Journal:
    """Reads Markdown or plain text, cleaned, with or without front matter.

    All of its words are kept, whoever wrote them: a person's lines and a program's answer below them look
    alike.

    Args:
        text: cleaned text.
        name: the file's name with its folders, for the date in it.
        modified: the day the file was last written.
        today: the person's local date.
        limits: the size of a piece and of front matter.
    """
    note = split_note(text, most=limits.front_matter_chars)
    sections = list(_split_sections(note, RunningDate(Sources(note.days, name, modified, today))))
    pieces = tuple(
        Piece(piece, section.dated, section.heading)
        for section in sections
        for piece in cut(section.text, least=limits.least, most=limits.most)
    )
    title = note.title or next((section.title for section in sections if section.title), "")
    return Journal(pieces, title, note.said_by, note.broken)


def read_words(text: str, limits: Limits) -> str:
    """The words of a note as they would be stored, uncut: no front matter, no markup."""
    lines = read_lines(split_note(text, most=limits.front_matter_chars).body)
    return "\n".join(line.text for line in lines).strip()


@dataclass(frozen=True, slots=True)
class _Section:
    text: str
    dated: Dated
    heading: tuple[str, ...]
    title: str


def _split_sections(note: Note, running: RunningDate) -> Iterator[_Section]:
    """Sections of one date under one heading.

    A heading's words are the first line of its text, because they are often the point of it. A heading with
    nothing below it is kept with the next text of the same day, not as an entry of one word; a heading that
    is only a date has become the date.
    """
    path: list[tuple[int, str]] = []
    lines: list[str] = []
    title, has_text = "", False

    def section(dated: Dated) -> _Section:
        return _Section("\n".join(lines), dated, tuple(words for _, words in path), title)

    for line in read_lines(note.body):
        if line.kind is Kind.BLANK:
            lines.append("")
            continue
        before = running.now
        only_a_date = (
            running.hear_heading(line.text, line.level)
            if line.kind is Kind.HEADING
            else line.kind is Kind.TEXT and running.hear_line(line.text)
        )
        if lines and (running.now != before or (line.kind is Kind.HEADING and has_text)):
            yield section(before)
            lines, has_text = [], False
        if line.kind is Kind.HEADING:
            # It is repeated beside each entry; the text below it has all of it.
            words = line.text[:_LONGEST_HEADING]
            path = [*(step for step in path if step[0] < line.level), (line.level, words)]
            if line.level == 1 and not title and not only_a_date:
                title = words
        if not only_a_date:
            lines.append(line.text)
            has_text |= line.kind is not Kind.HEADING
    yield section(running.now)
