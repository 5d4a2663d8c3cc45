"""Opens zips without trusting them.

Nothing is ever written to disk, headers are never believed about sizes, and an archive is closed as soon as
what really came out of it is too many times what really went in. That holds for zips in zips, for parts
that overlap and for sizes that lie.
"""

from __future__ import annotations

import io
import lzma
import re
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from memory.importing.decoding import clean_name
from memory.importing.opening import ARCHIVE, Budget, Document, check_name, is_hidden, is_readable_kind
from memory.importing.problems import (
    BrokenZip,
    Damaged,
    Empty,
    Encrypted,
    ImportProblem,
    LeftAside,
    LinkInZip,
    Problem,
    TooDeep,
    TooManyFiles,
    UnknownPacking,
    UnsafeName,
    ZipBomb,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

    from memory.importing.limits import Limits

_DRIVE = re.compile(r"[A-Za-z]:")
_ENCRYPTED, _UTF8 = 0x1, 0x800  # flag bits of a member
_NO_TIME = 1980  # the year a zip gives a file whose time it does not know
_DIRECTORY_BYTES_PER_FILE = 400
_SMALL_DIRECTORY = 1024 * 1024
# What the standard library raises on archives that are broken in one way or another (found by fuzzing it).
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    IndexError,
)

Seen = Document | Problem


@dataclass(slots=True)
class _Archive:
    """An archive being read: its size in bytes and what came out of it and of the archives inside it."""

    name: str
    size: int
    limits: Limits
    outer: _Archive | None = None
    came_out: int = 0

    def count(self, size: int) -> None:
        """Counts bytes that came out.

        Raises:
            ZipBomb: more came out than prose could have packed.
        """
        self.came_out += size
        if self.came_out > max(self.limits.free_bytes, self.limits.ratio * self.size):
            raise ZipBomb(self.name, limit=self.limits.ratio)
        if self.outer is not None:
            self.outer.count(size)


class _DirectoryTooLongError(Exception):
    """A zip's list of files is longer than any list of that many files could be."""


class _Careful:
    """A file that refuses to be read in one piece when that piece is far too long to be a list of files."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self._most:
            raise _DirectoryTooLongError
        return self._file.read(-1 if size is None else size)


def read_zip(
    file: BinaryIO,
    name: str,
    size: int,
    budget: Budget,
    *,
    on_member: Callable[[float], None] | None = None,
) -> Iterator[Seen]:
    """The readable files of a zip and of the zips in it, and what was wrong with the others.

    Args:
        file: open for reading and seeking; not closed here.
        name: the zip's own name, which its files' names begin with.
        size: its size in bytes, as it really is.
        budget: of the whole import.
        on_member: told after each file how much of the archive has been gone through, from 0 to 1.

    Raises:
        ImportProblem: a final one: nothing more may be read in this import.
    """
    aside: list[str] = []
    is_empty = True
    for seen in _read(file, _Archive(name, size, budget.limits), budget, aside, on_member=on_member, depth=1):
        is_empty = False
        yield seen
    if aside:
        yield Problem(name, LeftAside, count=len(aside))
    elif is_empty:
        yield Problem(name, Empty)


def _read(
    file: BinaryIO,
    archive: _Archive,
    budget: Budget,
    aside: list[str],
    *,
    on_member: Callable[[float], None] | None = None,
    depth: int,
) -> Iterator[Seen]:
    limits = budget.limits
    try:
        zipped, members = _open(file, archive.name, limits)
    except ImportProblem as error:
        if error.final:
            raise
        yield Problem.of(error)
        return
    with zipped:
        for number, member in enumerate(members, start=1):
            try:
                budget.take_file(archive.name)
                yield from _read_member(zipped, member, archive, budget, aside, depth=depth)
            except ImportProblem as error:
                # A bomb closes the archive whose size was exceeded, which may be one around this one.
                if error.final or (isinstance(error, ZipBomb) and error.name != archive.name):
                    raise
                yield Problem.of(error)
                if isinstance(error, ZipBomb):
                    return
            if on_member:
                on_member(number / len(members))


def _open(file: BinaryIO, name: str, limits: Limits) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    most = max(_SMALL_DIRECTORY, limits.files * _DIRECTORY_BYTES_PER_FILE)
    try:
        zipped = zipfile.ZipFile(_Careful(file, most))
    except _DirectoryTooLongError:
        raise TooManyFiles(name, limit=limits.files) from None
    except NotImplementedError:
        raise UnknownPacking(name) from None
    except _BROKEN:
        raise BrokenZip(name) from None
    # is_dir() of the standard library fails on an empty name.
    members = [member for member in zipped.infolist() if not member.filename.endswith("/")]
    in_order = sorted(members, key=lambda member: member.header_offset)
    for one, following in pairwise(in_order):
        # Each part begins with a header of 30 bytes and its name, so that parts which share bytes are known
        # by it.
        if one.header_offset + 30 + one.compress_size > following.header_offset:
            zipped.close()
            raise ZipBomb(name, limit=limits.ratio)
    return zipped, members


def _read_member(
    zipped: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    archive: _Archive,
    budget: Budget,
    aside: list[str],
    *,
    depth: int,
) -> Iterator[Seen]:
    path = _decode_name(member).replace("\\", "/")
    name = f"{archive.name}/{clean_name(path)}"
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or _DRIVE.match(path):
        raise UnsafeName(f"{archive.name}/{clean_name(parts[-1])}")
    check_name(name, budget.limits)
    if any(is_hidden(part) for part in parts):
        return
    if stat.S_ISLNK(member.external_attr >> 16):
        raise LinkInZip(name)
    if not is_readable_kind(path):
        aside.append(name)
        return
    if member.flag_bits & _ENCRYPTED:
        raise Encrypted(name)
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        # LZMA takes the size of its memory from the archive, and nobody packs a diary with it.
        raise UnknownPacking(name)
    is_archive = path.lower().endswith(ARCHIVE)
    if is_archive and depth >= budget.limits.archives:
        raise TooDeep(name, limit=budget.limits.archives)
    data = _unpack(zipped, member, name, archive, budget)
    if is_archive:
        inner = _Archive(name, len(data), budget.limits, outer=archive)
        yield from _read(io.BytesIO(data), inner, budget, aside, depth=depth + 1)
    else:
        yield Document(name, data, _read_time(member))


def _unpack(
    zipped: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, archive: _Archive, budget: Budget
) -> bytes:
    try:
        with zipped.open(member) as packed:
            return budget.read_all(packed, name, heard=archive.count)  # type: ignore[arg-type]  # it has read()
    except (NotImplementedError, RuntimeError):
        raise UnknownPacking(name) from None
    except _BROKEN:
        raise Damaged(name) from None


def _decode_name(member: zipfile.ZipInfo) -> str:
    """The name as it was meant: Windows in China writes GBK, others UTF-8, and neither always says so."""
    name = member.orig_filename.partition("\0")[0]
    if member.flag_bits & _UTF8:
        return name
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
    return name


def _read_time(member: zipfile.ZipInfo) -> date | None:
    year, month, day = member.date_time[:3]
    try:
        return date(year, month, day) if (year, month, day) != (_NO_TIME, 1, 1) else None
    except ValueError:
        return None
