"""``python -m tests.bench.recall FILE.jsonl [EMBEDDER]``: how well recall finds, beside its floors."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from memory.recall.bench import bench_recall

if __name__ == "__main__":
    asyncio.run(bench_recall(Path(sys.argv[1]), embedder=sys.argv[2] if len(sys.argv) > 2 else "packaged"))
