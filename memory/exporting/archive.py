"""A zip that is written a piece at a time beside its place, and moved there when it is whole."""

from __future__ import annotations

import asyncio
import os
import zipfile
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

_PIECE = 64 * 1024  # characters gathered before they are compressed, off the loop


class Page:
    """One file of the archive, as it is being written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._waiting: list[str] = []
        self._length = 0

    async def write(self, words: str) -> None:
        """Adds text. A lone surrogate, which is no character, is written as its escape."""
        self._waiting.append(words)
        self._length += len(words)
        if self._length >= _PIECE:
            await self.flush()

    async def flush(self) -> None:
        """Compresses what was gathered."""
        piece = "".join(self._waiting).encode("utf-8", "backslashreplace")
        self._waiting, self._length = [], 0
        await asyncio.to_thread(self._file.write, piece)


class Archive:
    """A zip under construction."""

    def __init__(self, file: IO[bytes], moment: datetime) -> None:
        self.zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        self._moment = moment

    @asynccontextmanager
    async def page(self, name: str) -> AsyncIterator[Page]:
        """One file in it, readable by its owner alone once unpacked."""
        info = zipfile.ZipInfo(name, self._moment.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        with self.zip.open(info, "w", force_zip64=True) as file:
            page = Page(file)
            yield page
            await page.flush()


@asynccontextmanager
async def open_archive(path: Path, moment: datetime) -> AsyncIterator[Archive]:
    """A zip that appears at ``path`` as a whole, or not at all; readable by its owner alone.

    Args:
        path: where it goes; its folder is there.
        moment: the local time to put on the files in it.

    Raises:
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    beside = path.with_name(f".{path.name}.part")
    try:
        with open(beside, "wb", opener=_private) as file:  # noqa: ASYNC230  # only opening; writing is off the loop
            archive = Archive(file, moment)
            with archive.zip:
                yield archive
            await asyncio.to_thread(_settle, file)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
