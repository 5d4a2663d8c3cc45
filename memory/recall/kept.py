"""Vectors of texts that come with the program, kept in the home for the readers to learn from."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

AT_ONCE = 16  # a message that arrives meanwhile waits for one such batch


class KeptVectors:
    """One file of vectors by the digest of their text. None of it is anybody's writing.

    Args:
        path: the file; it may be deleted at any moment.
        embedder: whose vectors they are; another's are not read.
        encode: makes what is missing, or gives None when there is no time for it any more.
    """

    def __init__(self, path: Path, embedder: str, encode: Callable[[Sequence[str]], Vectors | None]) -> None:
        self._path = path
        self._embedder = embedder
        self._encode = encode
        self._held = self._read()

    def encode(self, texts: Sequence[str]) -> Vectors | None:
        """Unit vectors, one row a text; None when it was told to stop. Blocking, for seconds at first."""
        names = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in texts]
        missing = {name: text for name, text in zip(names, texts, strict=True) if name not in self._held}
        for start in range(0, len(missing), AT_ONCE):
            some = list(missing.items())[start : start + AT_ONCE]
            made = self._encode([text for _, text in some])
            if made is None:
                return None
            self._held.update(zip((name for name, _ in some), made, strict=True))
        if missing:
            self._write()
        return np.stack([self._held[name] for name in names]) if names else None

    def _read(self) -> dict[str, Vectors]:
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                if str(stored["embedder"]) != self._embedder:
                    return {}
                return dict(zip(stored["names"].tolist(), stored["vectors"], strict=True))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}  # missing, half written or another version's: made again

    def _write(self) -> None:
        names = list(self._held)
        beside = self._path.with_suffix(".new.npz")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            vectors = np.stack([self._held[name] for name in names])
            np.savez(beside, embedder=np.array(self._embedder), names=np.array(names), vectors=vectors)
            beside.replace(self._path)
        except OSError:
            beside.unlink(missing_ok=True)  # a full disk costs a few seconds at the next start, no more
