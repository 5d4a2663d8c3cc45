"""Recall against a Chroma server, which may be away."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from memory.recall import open_recall
from tests.conftest import FrozenClock
from tests.fakes.remembering import leave, say, welcome

DIARY = ("the harbour at night", "the kitchen is too small", "the violin of my aunt")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def chroma_server(folder: Path, port: int) -> AsyncIterator[str]:
    """``chroma run`` from the same package."""
    server = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("chroma")),
        *("run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(60):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        await server.wait()


async def test_a_server_holds_the_vectors_and_words_answer_when_it_is_away(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(sqlite_engine, 1, 2)
    ids = await say(sqlite_engine, 1, *DIARY)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    recall = open_recall(sqlite_engine, tmp_path, clock=clock, embedder="hash", chroma_url=url)
    await recall.start()
    await recall.ready()
    assert "does not answer" in (await recall.status()).trouble
    await recall.index_pending()
    assert (await recall.status()).waiting == len(DIARY)  # until the server has them
    assert [each.message.id for each in await recall.recall(1, "violin")] == [ids[2]]
    async with chroma_server(tmp_path / "server", port):
        await recall._indexer.mend()  # it does so by itself every half minute
        await recall.index_pending()
        assert (await recall.status()).waiting == 0
        assert recall._keeper.index is not None
        assert recall._keeper.index.count(1) == len(DIARY)
        await recall._indexer.check(1)
        assert [each.message.id for each in await recall.recall(1, "violin")] == [ids[2]]
        await leave(sqlite_engine, 1)
        await recall.index_pending()
        assert recall._keeper.index.list_people() == ()
    await say(sqlite_engine, 2, "the lighthouse")
    await recall.index_pending()
    assert await recall.recall(2, "lighthouse")
    await recall.close()
