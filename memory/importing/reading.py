"""Reads what people bring and yields, file by file, what was found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from memory.importing.cutting import cut
from memory.importing.dating import Sources, date_file
from memory.importing.decoding import clean_name, decode
from memory.importing.found import Dated, DatedBy, Entry, Found, Progress, build_fingerprint
from memory.importing.journal import read_journal, read_words
from memory.importing.limits import Limits
from memory.importing.opening import (
    ARCHIVE,
    EXPORT,
    Budget,
    Document,
    Waiting,
    Walk,
    open_waiting,
    problem_of_os,
)
from memory.importing.problems import (
    BadFrontMatter,
    BrokenCharacters,
    Empty,
    ImportProblem,
    NotText,
    Problem,
    TooManyEntries,
    UnknownKind,
)
from memory.importing.telegram import read_telegram
from memory.importing.unzipping import read_zip

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    dated: Dated
    heading: tuple[str, ...] = ()
    title: str = ""
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Read:
    pieces: tuple[_Piece, ...]
    notes: tuple[Problem, ...] = ()
    said_by: str = ""


@dataclass(slots=True)
class _Import:
    """One import: its bounds, what it has used of them, and what it has already found."""

    today: date
    limits: Limits
    budget: Budget
    known: set[str] = field(default_factory=set)

    def read(self, document: Document) -> Found:
        """The entries of one file.

        Raises:
            TooManyEntries: there is no room for them.
        """
        sha256 = hashlib.sha256(document.data).hexdigest()
        try:
            read = (
                self._read_export(document)
                if document.name.lower().endswith(EXPORT)
                else self._read_note(document)
            )
        except ImportProblem as error:
            return Found(document.name, sha256, problems=(Problem.of(error, document.name),))
        entries: list[Entry] = []
        repeated = 0
        problems = list(read.notes)
        for position, piece in enumerate(read.pieces):
            fingerprint = build_fingerprint(piece.text, piece.dated.stated)
            if fingerprint in self.known:
                repeated += 1
                continue
            if len(self.known) == self.limits.entries:
                problems.append(Problem(document.name, TooManyEntries, limit=self.limits.entries))
                break
            self.known.add(fingerprint)
            entries.append(_build_entry(piece, document.name, position, fingerprint))
        return Found(document.name, sha256, tuple(entries), repeated, tuple(problems), read.said_by)

    def _read_note(self, document: Document) -> _Read:
        decoded = decode(document.data)
        journal = read_journal(
            decoded.text,
            name=document.name,
            modified=document.modified,
            today=self.today,
            limits=self.limits,
        )
        notes = []
        if decoded.broken:
            notes.append(Problem(document.name, BrokenCharacters, count=decoded.broken))
        if journal.broken_front_matter:
            notes.append(Problem(document.name, BadFrontMatter))
        if not journal.pieces:
            notes.append(Problem(document.name, Empty))
        pieces = (_Piece(piece.text, piece.dated, piece.heading, journal.title) for piece in journal.pieces)
        return _Read(tuple(pieces), tuple(notes), journal.said_by)

    def _read_export(self, document: Document) -> _Read:
        export = read_telegram(document.data)
        undated = date_file(Sources((), document.name, document.modified, self.today))
        pieces: list[_Piece] = []
        for said in export.said:
            on = said.on if said.on and said.on <= self.today else None
            dated = Dated(on, DatedBy.TELEGRAM, stated=on.isoformat()) if on else undated
            texts = cut(said.text, least=self.limits.least, most=self.limits.most)
            at = said.at if on else None
            pieces += (_Piece(text, dated, title=said.chat, said_at=at) for text in texts)
        notes = [Problem.of(note, document.name) for note in export.notes]
        if not pieces:
            notes.append(Problem(document.name, Empty))
        return _Read(tuple(pieces), tuple(notes))


def read_files(
    paths: Iterable[Path],
    *,
    today: date,
    zone: tzinfo = UTC,
    limits: Limits | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Iterator[Found]:
    """Reads files, folders and zips, one file at a time, and never raises for what is in them.

    A note's entries are exact pieces of its text as ``memory.importing.markdown`` leaves it; a file that
    cannot be read is found with a problem and no entries, and the others are read all the same. The same
    words of the same day are found once. Reads blockingly: call it in a thread.

    Args:
        paths: what the person named, in this order. Folders are walked; hidden files and links in them are
            not.
        today: the person's local date: no entry is dated later.
        zone: the person's zone, for the times of files.
        limits: the bounds; ``Limits()`` unless given.
        on_progress: told about each file that was gone through.

    Yields:
        Each file that was opened, in the order of the paths and of their names, and then what could not be.
    """
    limits = limits or Limits()
    walk = Walk(limits, zone)
    walk.add(paths)
    current = _Import(today, limits, Budget(limits))
    total = sum(waiting.size for waiting in walk.waiting)
    done, stopped = 0, False
    for waiting in walk.waiting:

        def report(share: float, waiting: Waiting = waiting, before: int = done) -> None:
            if on_progress:
                on_progress(Progress(waiting.name, before + int(share * waiting.size), total))

        for found in _read_waiting(waiting, current, report):
            yield found
            stopped |= any(problem.reason.final for problem in found.problems)
        if stopped:
            break
        done += waiting.size
        report(0.0, before=done)
    for problem in walk.problems:
        yield Found(problem.name, problems=(problem,))


def read_text(path: Path, *, limits: Limits | None = None) -> str:
    """The words of one note, uncut and without its markup. Reads blockingly.

    Raises:
        ImportProblem: there is no such file, it may not be read, is too large, not text, or empty.
    """
    limits = limits or Limits()
    if path.is_dir() or path.suffix.lower() in {ARCHIVE, EXPORT}:
        raise UnknownKind(clean_name(path.name))
    walk = Walk(limits, UTC)
    walk.add([path])
    for problem in walk.problems:
        raise problem.reason(problem.name, limit=problem.limit, count=problem.count)
    name = walk.waiting[0].name
    with open_waiting(walk.waiting[0]) as file:
        try:
            data = Budget(limits).read_all(file, name)
        except OSError as error:
            raise problem_of_os(error, name) from None
    try:
        words = read_words(decode(data).text, limits)
    except NotText:
        raise NotText(name) from None
    if not words:
        raise Empty(name)
    return words


def _read_waiting(waiting: Waiting, current: _Import, report: Callable[[float], None]) -> Iterator[Found]:
    try:
        with open_waiting(waiting) as file:
            if PurePosixPath(waiting.name).suffix.lower() == ARCHIVE:
                for seen in read_zip(file, waiting.name, waiting.size, current.budget, on_member=report):
                    yield (
                        current.read(seen)
                        if isinstance(seen, Document)
                        else Found(seen.name, problems=(seen,))
                    )
            else:
                current.budget.take_file(waiting.name)
                data = current.budget.read_all(file, waiting.name)
                yield current.read(Document(waiting.name, data, waiting.modified))
    except ImportProblem as error:
        problem = Problem.of(error, waiting.name)
        yield Found(problem.name, problems=(problem,))
    except OSError as error:
        problem = Problem.of(problem_of_os(error, waiting.name))
        yield Found(problem.name, problems=(problem,))


def _build_entry(piece: _Piece, source: str, position: int, fingerprint: str) -> Entry:
    return Entry(
        text=piece.text,
        said_on=piece.dated.on,
        dated_by=piece.dated.by,
        whole_month=piece.dated.whole_month,
        said_at=piece.said_at,
        title=piece.title,
        heading=piece.heading,
        source=source,
        position=position,
        fingerprint=fingerprint,
    )
