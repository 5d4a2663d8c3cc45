"""What an import finds: files, and in them entries, each with the day it was said."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime

    from memory.importing.problems import Problem


class DatedBy(StrEnum):
    """Who says on which day it was said, the surest first."""

    TELEGRAM = "telegram"
    HEADING = "heading"
    FRONT_MATTER = "front matter"
    FILE_NAME = "file name"
    FILE_TIME = "file time"  # when the file was last written: a hint, not a statement
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Dated:
    """A day and where it comes from.

    Attributes:
        on: the day, in the writer's own zone; None when nobody says. Never a day that is still to come.
        by: who says it.
        whole_month: only the month is known, and ``on`` is its first day.
        stated: what the document itself says (``2025-03-02``, ``2025-03``, ``--03-02``), empty for a file
            time and for none. Unlike ``on`` it does not change when a file is copied or a year goes by.
    """

    on: date | None = None
    by: DatedBy = DatedBy.NONE
    whole_month: bool = False
    stated: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece of somebody's writing, ready to be stored.

    Nothing here says that the person wrote it: a journal may hold a program's answer, a talk or a quotation.
    Only in a Telegram chat is the sender known (``dated_by`` is then *telegram*).

    Attributes:
        text: what is stored and what a quote is a substring of. Never empty.
        said_on: the day, in the writer's own zone, or None. Never in the future.
        dated_by: who says so.
        whole_month: only the month is known; ``said_on`` is its first day.
        said_at: the moment, aware, in UTC; only Telegram knows it.
        title: the note's title, or the other person's name in a chat; may be empty.
        heading: the headings above it, outermost first.
        source: the file's name with the folders or the zip it came in; never an absolute path.
        position: its place among the entries of its file, from 0.
        fingerprint: stays the same however often the file is brought.
    """

    text: str
    said_on: date | None
    dated_by: DatedBy
    whole_month: bool
    said_at: datetime | None
    title: str
    heading: tuple[str, ...]
    source: str
    position: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Found:
    """One file that was read, or that could not be.

    Attributes:
        name: its name, fit to be shown; never an absolute path.
        sha256: of its bytes, in hex; empty when it could not be read.
        entries: its entries in order, without those that were already found in this import.
        repeated: how many entries were left out because this import had found them before.
        problems: what was wrong, if anything.
        said_by: the author or speaker its front matter names: a hint that the words are somebody else's.
    """

    name: str
    sha256: str = ""
    entries: tuple[Entry, ...] = ()
    repeated: int = 0
    problems: tuple[Problem, ...] = ()
    said_by: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import has come: ``done`` of ``total`` bytes on disk, at the file ``name``."""

    name: str
    done: int
    total: int


def build_fingerprint(text: str, stated: str) -> str:
    """The identity of an entry: SHA-256, in hex, of its words and the day the document states.

    Spaces, line ends and the way accents are encoded do not count, because editors change them unasked.
    A file time does not count either: copying a file would make every entry a new one.
    """
    words = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(f"{words}\0{stated}".encode()).hexdigest()
