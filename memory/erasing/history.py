"""Takes forgotten lines out of the terminal's own history file."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from memory.erasing.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A shorter entry is somebody's "yes" or "/plan", whatever message it also stands in.
_TELLING = 8  # characters, without spacing


def redact_history(path: Path, texts: Iterable[str]) -> int:
    """Removes entries that hold a forgotten text or a telling piece of one. Blocking: call it off the loop.

    The file is prompt_toolkit's ``FileHistory``: an empty line, a comment with the time, and the lines of the
    entry with a ``+`` before each. It is rewritten beside itself and put in place in one move, with its mode.

    Args:
        path: the history file; nothing happens when there is none.
        texts: the forgotten messages.

    Returns:
        How many entries went.

    Raises:
        OSError: the file could not be written anew; it is as it was.
    """
    try:
        entries = list(_entries(path.read_bytes()))
    except FileNotFoundError:
        return 0
    wanted = {plain(line) for text in texts for line in (text, *text.splitlines())} - {""}
    kept = [raw for raw, words in entries if not _told(plain(words), wanted)]
    if len(kept) < len(entries):
        _replace(path, b"".join(kept))
    return len(entries) - len(kept)


def _told(entry: str, wanted: set[str]) -> bool:
    if entry in wanted:
        return True
    return any(
        (len(text) >= _TELLING and text in entry) or (len(entry) >= _TELLING and entry in text)
        for text in wanted
    )


def _entries(raw: bytes) -> Iterator[tuple[bytes, str]]:
    """Every entry as its bytes and as its words, in order."""
    head: list[bytes] = []
    body: list[bytes] = []
    for line in io.BytesIO(raw):
        if body and not line.startswith(b"+"):
            yield b"".join(head + body), _words(body)
            head, body = [], []
        (body if line.startswith(b"+") else head).append(line)
    yield b"".join(head + body), _words(body)


def _words(body: list[bytes]) -> str:
    return b"".join(line[1:] for line in body).decode("utf-8", errors="replace")


def _replace(path: Path, content: bytes) -> None:
    mode = path.stat().st_mode & 0o777
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(mode)
        beside.replace(path)
    except BaseException:
        beside.unlink()
        raise
