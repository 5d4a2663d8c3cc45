"""Fills a fresh Chroma folder in a process of its own.

Chroma's graph files have room to grow, and the room holds whatever the process's memory held before: among it
vectors of the person who was just erased (seen in one run of six). A process that never saw them cannot leave
them there.

Run as ``python -m memory.chroma.filling FOLDER``. On its standard input stand one line of JSON (``user``,
``names``, ``width``) and the vectors' bytes, as often as there is something to fill in.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from memory.chroma.vectors import IndexBroken, open_folder

Batch = tuple[int, Sequence[str], NDArray[np.float32]]  # whose, names, vectors


def fill(folder: Path, source: BinaryIO) -> None:
    """Fills ``folder`` with what ``source`` holds."""
    index = open_folder(folder, keep_open=4)
    while line := source.readline():
        told = json.loads(line)
        names, width = told["names"], told["width"]
        held = source.read(4 * width * len(names))
        index.fill(told["user"], names, np.frombuffer(held, dtype="<f4").reshape(len(names), width))
    index.close()


async def fill_apart(folder: Path, batches: AsyncIterator[Batch]) -> None:
    """Fills ``folder`` from a child process.

    Raises:
        IndexBroken: the child did not finish.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "memory.chroma.filling",
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    stdin = child.stdin
    if stdin is None:
        raise IndexBroken("no way to the child")
    try:
        async for user_id, names, vectors in batches:
            told = {"user": user_id, "names": list(names), "width": vectors.shape[1]}
            stdin.write(json.dumps(told).encode() + b"\n" + vectors.astype("<f4").tobytes())
            await stdin.drain()
        stdin.close()
        finished = await child.wait() == 0
    except (BrokenPipeError, ConnectionResetError):
        finished = False
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if not finished:
        raise IndexBroken("the fresh index could not be filled")


if __name__ == "__main__":
    fill(Path(sys.argv[1]), sys.stdin.buffer)
