"""A SIGKILL at any moment of indexing, rebuilding or re-embedding: afterwards every message is found."""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.chroma.vectors import open_folder
from memory.recall import open_recall
from memory.recall.embedder import HashModel
from memory.recall.folders import Folders
from memory.sql.engine import open_engine, sqlite_url
from tests.conftest import FrozenClock
from tests.fakes.remembering import say, welcome

KILLS, OFTEN = 1, 100
DOING = ("index", "rebuild", "reembed")
ENTRIES = 400  # at most, in all


def entry(number: int) -> str:
    return f"entry z{number}z about the {('harbour', 'kitchen', 'violin')[number % 3]}"


class OtherModel(HashModel):
    """The same directions under another name: every message is encoded anew and the index filled anew."""

    name = "hash:other"


async def keep_indexing(home: Path, doing: str) -> None:
    """What the child does until it is killed."""
    engine = open_engine(sqlite_url(home / "offramp.db"))
    model = OtherModel() if doing == "reembed" else HashModel()
    recall = open_recall(engine, home, clock=FrozenClock(datetime(2026, 4, 1, tzinfo=UTC)), embedder=model)
    await recall.start()
    if doing == "reembed":
        print("ready", flush=True)  # opening is what it is killed in
    await recall.ready()
    print("ready", flush=True)  # the parent waits for it
    while True:
        await recall.index_pending()
        if doing == "rebuild":
            await recall.reindex()
        await asyncio.sleep(0)


async def run_and_kill(home: Path, *, doing: str, after: float) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.test_recall_kill",
        str(home),
        doing,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    await child.stdout.readline()
    await asyncio.sleep(after)
    child.kill()
    await child.wait()


async def assert_all_found(engine: AsyncEngine, home: Path, clock: FrozenClock, ids: list[int]) -> None:
    recall = open_recall(engine, home, clock=clock, embedder="hash")
    await recall.start()
    await recall.ready()
    await recall.index_pending()
    assert (await recall.status()).waiting == 0
    missing = []
    for number, message_id in enumerate(ids):
        if number % 7 and number < len(ids) - 40:
            continue
        found = await recall.recall(1, f"z{number}z", limit=5)
        if message_id not in [each.message.id for each in found]:
            missing.append(number)
    assert missing == []
    async with asyncio.timeout(60):
        while not recall._keeper.is_checked(1):  # nothing tells
            await asyncio.sleep(0.02)
    await recall.close()
    current = Folders(home).find_current()
    assert current is not None
    index = open_folder(current.folder, keep_open=2)
    assert index.count(1) == len(ids)
    index.close()


async def kill_often(engine: AsyncEngine, home: Path, clock: FrozenClock, times: int, seed: int) -> None:
    """Says something, starts, kills at a random moment, and looks whether everything is there."""
    chance = random.Random(seed)  # moments to kill at
    await welcome(engine, 1)
    ids: list[int] = []
    for turn in range(times):
        share = min(ENTRIES // times, 50)
        ids += await say(engine, 1, *[entry(len(ids) + number) for number in range(share)])
        await run_and_kill(home, doing=DOING[turn % len(DOING)], after=chance.uniform(0.0, 0.6))
        if turn % 4 == 3 or turn == times - 1:  # at a kill of each kind in its turn
            await assert_all_found(engine, home, clock, ids)


@pytest.mark.timeout(300)
async def test_after_any_kill_every_message_is_found(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await kill_often(sqlite_engine, tmp_path, clock, KILLS, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_after_a_hundred_kills_every_message_is_found(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await kill_often(sqlite_engine, tmp_path, clock, OFTEN, seed=1)


if __name__ == "__main__":
    asyncio.run(keep_indexing(Path(sys.argv[1]), sys.argv[2]))
