"""What an import costs beside the bare encoder on the same passages: a journal of 1 MB, and 10,000 notes.

The encoder alone is timed on every 19th passage and the result taken times 19; what it cannot read is not
encoded by the import either. The import is the whole command, its start and the model's loading included.

``python -m tests.bench.importing [NOTES]`` runs this part alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter

from memory.importing import read_files
from memory.recall.embedder import Model, load_model
from memory.recall.making import READABLE
from memory.recall.pieces import cut_pieces

EVERY = 19  # an odd number, for the languages take turns; of so many passages one is encoded for the floor
TOGETHER = 32  # texts in a batch, the best MiniLM does on a processor
NOTES = 10_000
TODAY = date(2026, 6, 1)

_SUBJECTS = ("pricing", "the deck", "hiring", "the roadmap", "a side project", "my review", "savings")
_PEOPLE = ("Dana", "Wei", "Anna", "the boss", "Grace", "my partner")


def write_journal(path: Path, size: int = 1_000_000) -> None:
    """A diary of ``size`` bytes in one file, in both languages, forty entries a day."""
    lines: list[str] = []
    written = day = 0
    while written < size:
        if len(lines) % 40 == 0:
            day += 1
            lines.append(f"## 2025-{day % 12 + 1:02d}-{day % 28 + 1:02d}")
        if len(lines) % 2:
            lines.append(f"第{len(lines)}条：今天又改了一版周报，可是决定不在我这里。小林又来问了一次。")
        else:
            lines.append(f"Entry {len(lines)}: rewrote the report, and Dana asked about it again.")
        written += len(lines[-1].encode()) + 1
    path.write_text("\n\n".join(lines), "utf-8")


def write_notes(folder: Path, count: int) -> None:
    """So many short notes, a file each, with the day in the name."""
    folder.mkdir()
    for number in range(count):
        who, what = _PEOPLE[number % len(_PEOPLE)], _SUBJECTS[number // 3 % len(_SUBJECTS)]
        told = f"Talked with {who} about {what}, try {number}. Nothing is decided, {number % 9} doubts stay."
        day = f"2025-{number % 12 + 1:02d}-{number // 12 % 28 + 1:02d}"
        (folder / f"{day} note {number}.md").write_text(told, "utf-8")


def encode_alone(model: Model, path: Path) -> tuple[float, int]:
    """Seconds for the encoder alone on all passages, from a sample; and how many passages there are."""
    texts = [entry.text for found in read_files([path], today=TODAY) for entry in found.entries]
    sample = [
        piece
        for text in texts[::EVERY]
        for piece in cut_pieces(text)
        if model.unreadable(piece) <= 1 - READABLE
    ]
    sample.sort(key=len)
    model.encode(sample[:TOGETHER], query=False)  # warm
    start = perf_counter()
    for at in range(0, len(sample), TOGETHER):
        model.encode(sample[at : at + TOGETHER], query=False)
    return (perf_counter() - start) * EVERY, len(texts)


def import_alone(path: Path, home: Path) -> float:
    """Seconds of ``offramp import`` into a home of its own, as a command."""
    environment = {**os.environ, "OFFRAMP_HOME": str(home)}  # noqa: TID251  # for a child
    start = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "bot", "import", str(path)], check=True, capture_output=True, env=environment
    )
    return perf_counter() - start


def main(notes: int = NOTES) -> None:
    """Prints both imports beside their floors."""
    model = load_model("packaged").model
    with tempfile.TemporaryDirectory(prefix="offramp-importing-") as folder:
        journal, many = Path(folder) / "journal.md", Path(folder) / "notes"
        write_journal(journal)
        write_notes(many, notes)
        for what, path in (("a 1 MB journal", journal), (f"{notes:,} notes", many)):
            floor, passages = encode_alone(model, path)
            taken = import_alone(path, Path(folder) / f"home-{path.stem}")
            print(
                f"{f'import of {what}':42} {taken:8.2f}s {floor:8.2f}s   the encoder alone on the same"
                f" {passages:,} passages, every {EVERY}th timed and scaled;"
                f" {passages / taken:.0f} a second beside {passages / floor:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main(*(int(count) for count in sys.argv[1:]))
