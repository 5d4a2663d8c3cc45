"""``python -m tests.bench.recall FILE.jsonl``: how well recall finds, beside its floors."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from memory.recall.bench import bench_recall


async def main(path: Path, embedder: str) -> None:
    async for line in bench_recall(path, embedder=embedder):
        print(line, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "packaged"))
