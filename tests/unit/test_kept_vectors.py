"""The vectors of the program's own examples, kept in the home."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from memory.recall.kept import AT_ONCE, KeptVectors, Vectors


class Counting:
    """An embedder that counts what it was asked; ``patience`` is how many batches it makes."""

    def __init__(self, patience: int = 99) -> None:
        self.asked: list[str] = []
        self.patience = patience

    def __call__(self, texts: Sequence[str]) -> Vectors | None:
        if self.patience == 0:
            return None
        self.patience -= 1
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def test_a_text_is_encoded_once_in_the_life_of_a_home(tmp_path: Path) -> None:
    first, second = Counting(), Counting()
    made = KeptVectors(tmp_path / "a" / "kept.npz", "mini", first).encode(["one", "three"])
    again = KeptVectors(tmp_path / "a" / "kept.npz", "mini", second).encode(["three", "one", "eleven"])
    assert made is not None
    assert again is not None
    assert second.asked == ["eleven"]
    assert again[:, 0].tolist() == [5.0, 3.0, 6.0]


def test_another_embedder_makes_its_own(tmp_path: Path) -> None:
    KeptVectors(tmp_path / "kept.npz", "mini", Counting()).encode(["one"])
    other = Counting()
    KeptVectors(tmp_path / "kept.npz", "e5", other).encode(["one"])
    assert other.asked == ["one"]


def test_a_broken_file_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "kept.npz"
    for broken in (b"", b"PK\x03\x04 half a file", b"not a zip at all"):
        path.write_bytes(broken)
        encode = Counting()
        assert KeptVectors(path, "mini", encode).encode(["one"]) is not None
        assert encode.asked == ["one"]


def test_being_told_to_stop_gives_nothing_and_writes_nothing(tmp_path: Path) -> None:
    texts = [str(number) for number in range(2 * AT_ONCE)]
    assert KeptVectors(tmp_path / "kept.npz", "mini", Counting(patience=1)).encode(texts) is None
    assert not (tmp_path / "kept.npz").exists()
