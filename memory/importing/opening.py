"""Finds the files somebody means and reads their bytes, within bounds."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from memory.importing.decoding import clean_name
from memory.importing.limits import MB, Limits
from memory.importing.problems import (
    Empty,
    ImportProblem,
    LeftAside,
    Missing,
    NameTooLong,
    NoPermission,
    NotAFile,
    Problem,
    TooBig,
    TooDeep,
    TooManyFiles,
    TooMuch,
    UnknownKind,
    Unreadable,
)

if TYPE_CHECKING:
    from typing import BinaryIO

TEXTS = frozenset({".md", ".markdown", ".mdown", ".txt", ".text"})
ARCHIVE = ".zip"
EXPORT = ".json"
_EXPORT_NAME = "result.json"
_NAME_SHOWN = 80
BLOCK = 65_536
_NO_TIME = 2 * 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of one file.

    Attributes:
        name: its name with the folders or the zip it came in, separated by ``/``; never an absolute path.
        data: all of its bytes.
        modified: the day it was last written, if that is known.
    """

    name: str
    data: bytes
    modified: date | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file on disk that will be read.

    Attributes:
        path: where it is.
        name: its name, fit to be shown.
        size: in bytes, as it was when it was found.
        modified: the day it was last written, in the person's zone; None when its time means nothing.
    """

    path: Path
    name: str
    size: int
    modified: date | None


@dataclass(slots=True)
class Budget:
    """What may still be read in this import. Counts what really came, whatever a header promised."""

    limits: Limits
    files: int = 0
    bytes_read: int = 0

    def take_file(self, name: str) -> None:
        """Counts one more file.

        Raises:
            TooManyFiles: it is one too many.
        """
        self.files += 1
        if self.files > self.limits.files:
            raise TooManyFiles(name, limit=self.limits.files)

    def read_all(self, file: BinaryIO, name: str, *, heard: Callable[[int], None] | None = None) -> bytes:
        """Everything in an open file, block by block, so that too much is noticed before it is in memory.

        Args:
            file: open for reading.
            name: for the problem.
            heard: told the size of each block in bytes; may raise to stop.

        Raises:
            TooBig: the file is larger than one file may be.
            TooMuch: all files together are.
        """
        blocks: list[bytes] = []
        size = 0
        while block := file.read(BLOCK):
            size += len(block)
            self.bytes_read += len(block)
            if heard:
                heard(len(block))
            if size > self.limits.file_bytes:
                raise TooBig(name, limit=self.limits.file_bytes // MB)
            if self.bytes_read > self.limits.total_bytes:
                raise TooMuch(name, limit=self.limits.total_bytes // MB)
            blocks.append(block)
        return b"".join(blocks)


@dataclass(slots=True)
class Walk:
    """Looks at the paths somebody gave, folders included, and remembers what is to be read."""

    limits: Limits
    zone: tzinfo
    waiting: list[Waiting] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    seen: int = 0

    def add(self, paths: Iterable[Path]) -> None:
        """Collects the files of all paths, in order. What cannot be read becomes a problem."""
        try:
            for path in paths:
                self._add_path(path)
        except TooManyFiles as error:
            self.problems.append(Problem.of(error))

    def _add_path(self, path: Path) -> None:
        # "." and ".." have no name of their own.
        name = clean_name(path.name if path.name not in {"", ".", ".."} else path.resolve().name)
        try:
            found = _stat(path, name)
            if stat.S_ISDIR(found.st_mode):
                before = len(self.waiting) + len(self.problems)
                aside = sum(self._walk(path, name, depth=1))
                if aside:
                    self.problems.append(Problem(name, LeftAside, count=aside))
                elif len(self.waiting) + len(self.problems) == before:
                    self.problems.append(Problem(name, Empty))
                return
            if not is_readable_kind(path.name, chosen=True):
                raise UnknownKind(name)
            self._wait_for(path, name, found)
        except TooManyFiles:
            raise
        except ImportProblem as error:
            self.problems.append(Problem.of(error))

    def _walk(self, folder: Path, name: str, *, depth: int) -> Iterator[int]:
        """Goes through a folder, hidden files excepted; yields 1 for each file that is left aside."""
        if depth > self.limits.folders:
            self.problems.append(Problem(name, TooDeep, limit=self.limits.folders))
            return
        try:
            children = sorted(folder.iterdir())
        except OSError as error:
            self.problems.append(Problem.of(problem_of_os(error, name)))
            return
        for child in children:
            if is_hidden(child.name):
                continue
            child_name = f"{name}/{clean_name(child.name)}"
            try:
                found = _stat(child, child_name, follow=False)
                if stat.S_ISDIR(found.st_mode):
                    yield from self._walk(child, child_name, depth=depth + 1)
                elif stat.S_ISREG(found.st_mode) and is_readable_kind(child.name):
                    self._wait_for(child, child_name, found)
                else:
                    # A link may lead anywhere, in circles too, so that a folder's links are not followed.
                    yield 1
            except TooManyFiles:
                raise
            except ImportProblem as error:
                self.problems.append(Problem.of(error))

    def _wait_for(self, path: Path, name: str, found: os.stat_result) -> None:
        if not stat.S_ISREG(found.st_mode):
            raise NotAFile(name)
        self.seen += 1
        if self.seen > self.limits.files:
            raise TooManyFiles(name, limit=self.limits.files)
        check_name(name, self.limits)
        self.waiting.append(Waiting(path, name, found.st_size, _read_time(found.st_mtime, self.zone)))


def open_waiting(waiting: Waiting) -> BinaryIO:
    """Opens a file that was found.

    Raises:
        ImportProblem: it went away, or may not be read, or is a file no longer.
    """
    try:
        # A pipe that took the file's place must not make us wait for its other end.
        handle = os.open(
            waiting.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
        file = os.fdopen(handle, "rb")
    except OSError as error:
        raise problem_of_os(error, waiting.name) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise NotAFile(waiting.name)
    return file


def problem_of_os(error: OSError, name: str) -> ImportProblem:
    """What the system's refusal means to the person."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return Missing(name)
    return NoPermission(name) if isinstance(error, PermissionError) else Unreadable(name)


def is_readable_kind(name: str, *, chosen: bool = False) -> bool:
    """Whether a file is worth opening, by its name. A file that was chosen by itself needs no ending."""
    ending = PurePosixPath(name).suffix.lower()
    if ending in TEXTS or ending == ARCHIVE:
        return True
    if chosen:
        return ending in {"", EXPORT}
    return PurePosixPath(name).name.lower() == _EXPORT_NAME


def is_hidden(name: str) -> bool:
    """Whether a name is one that programs write for themselves."""
    return name.startswith(".") or name == "__MACOSX"


def check_name(name: str, limits: Limits) -> None:
    """Refuses a name that is too long.

    Raises:
        NameTooLong: under a shortened name.
    """
    if len(name) > limits.name_chars:
        raise NameTooLong(f"{name[:_NAME_SHOWN]}…", limit=limits.name_chars)


def _read_time(seconds: float, zone: tzinfo) -> date | None:
    """The day of a file's time; None beyond the calendar and in the first days of 1970, which are no time."""
    try:
        written = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return None
    return written.date() if seconds > _NO_TIME else None


def _stat(path: Path, name: str, *, follow: bool = True) -> os.stat_result:
    try:
        return path.stat(follow_symlinks=follow)
    except OSError as error:
        if len(path.name) > 255:
            raise NameTooLong(f"{name[:_NAME_SHOWN]}…", limit=255) from None
        raise problem_of_os(error, name) from None
    except ValueError:  # a NUL byte in the name
        raise Missing(name) from None
