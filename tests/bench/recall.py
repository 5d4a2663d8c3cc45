"""``python -m tests.bench.recall [FILE.jsonl [EMBEDDER]]``: how well recall finds, beside its floors.

Without a file it is our own probe: a bilingual history with questions about updates, absences, times, names
and across languages. The figures by class stand below the line of each system.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from memory.recall.bench import bench_recall

PROBE = Path(__file__).with_name("bilingual.jsonl")


def main(file: str = str(PROBE), embedder: str = "packaged") -> None:
    """Prints the figures."""
    asyncio.run(bench_recall(Path(file), embedder=embedder))


if __name__ == "__main__":
    main(*sys.argv[1:])
