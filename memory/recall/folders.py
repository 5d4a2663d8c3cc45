"""Where the embedded Chroma lives in a home, and whether what lies there can be trusted.

```
HOME/recall/writer.lock     held by the one process that writes
HOME/recall/state.json      which folder is current, and whose vectors it holds
HOME/recall/closed.json     the files' sizes and times at the last clean close; gone while it is open
HOME/recall/embedders.json  how each embedder that was used here was set, so that it can be loaded again
HOME/recall/lessons.npz     vectors of the program's own examples; may go at any moment
HOME/recall/chroma-7/       Chroma's own files; a folder that state.json does not name is rubbish
```
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from memory.chroma.vectors import remove_folder

_CHROMA = re.compile(r"chroma-(\d+)")


@dataclass(frozen=True, slots=True)
class Current:
    """The folder that is complete, and the embedder its vectors are from."""

    folder: Path
    embedder: str


class Folders:
    """The recall's part of a home."""

    def __init__(self, home: Path) -> None:
        self.root = home / "recall"
        self._lock: FileLock | None = None

    # --- one writer ---------------------------------------------------------------------------------------

    def claim(self) -> bool:
        """Becomes the one process of this home that writes the index, unless there is one."""
        if self._lock is not None:
            return True
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.root / "writer.lock", thread_local=False)
            lock.acquire(blocking=False)
        except (Timeout, OSError):
            return False
        self._lock = lock
        return True

    def release(self) -> None:
        """Lets another process write."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    # --- which folder -------------------------------------------------------------------------------------

    def find_current(self) -> Current | None:
        """The folder to use, or None when there is none that is complete."""
        try:
            state = json.loads((self.root / "state.json").read_text("utf-8"))
            current = Current(self.root / str(state["folder"]), str(state["embedder"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not _CHROMA.fullmatch(current.folder.name) or not (current.folder / "chroma.sqlite3").is_file():
            return None
        return current

    def next_folder(self) -> Path:
        """A folder that was never used."""
        found = [_CHROMA.fullmatch(path.name) for path in self.root.glob("chroma-*")]
        return self.root / f"chroma-{max((int(each[1]) for each in found if each), default=0) + 1}"

    def commit(self, current: Current) -> None:
        """Makes a complete folder the one to use, in one step."""
        self._write("state.json", {"folder": current.folder.name, "embedder": current.embedder})

    def invalidate(self) -> None:
        """Nothing here can be trusted: whoever comes next rebuilds."""
        (self.root / "state.json").unlink(missing_ok=True)
        (self.root / "closed.json").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Deletes every folder but the current one."""
        current = self.find_current()
        for path in self.root.glob("chroma-*"):
            if current is None or path != current.folder:
                remove_folder(path)

    # --- which embedders ----------------------------------------------------------------------------------

    def note_setting(self, embedder: str, setting: str) -> None:
        """Remembers how an embedder was set."""
        noted = self._settings()
        if noted.get(embedder) != setting:
            with suppress(OSError):  # a full disk costs no more than the old index's sense at the next change
                self._write("embedders.json", noted | {embedder: setting})

    def find_setting(self, embedder: str) -> str | None:
        """How an embedder was set, or None where that was never noted."""
        return self._settings().get(embedder)

    def _settings(self) -> dict[str, str]:
        try:
            noted = json.loads((self.root / "embedders.json").read_text("utf-8"))
            return {str(name): str(setting) for name, setting in noted.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    # --- clean or not -------------------------------------------------------------------------------------

    def mark_open(self) -> None:
        """From here on a kill leaves the files in doubt."""
        (self.root / "closed.json").unlink(missing_ok=True)

    def mark_closed(self, current: Current) -> None:
        """Writes down what the files look like now that nobody has them open."""
        self._write("closed.json", _look(current.folder))

    def was_closed(self, current: Current) -> bool:
        """Whether the files are as the last clean close left them."""
        try:
            return bool(json.loads((self.root / "closed.json").read_text("utf-8")) == _look(current.folder))
        except (OSError, ValueError):
            return False

    def _write(self, name: str, content: object) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)


def _look(folder: Path) -> dict[str, list[int]]:
    """Every file's size and time."""
    return {
        str(path.relative_to(folder)): [path.stat().st_size, path.stat().st_mtime_ns]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
