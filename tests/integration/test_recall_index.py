"""The index mends itself: deleted, damaged, another embedder's, written by another process."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.chroma.vectors import open_folder
from memory.recall import RecallIndex, open_recall
from memory.recall.embedder import HashModel, Model
from memory.recall.folders import Folders
from memory.sql.tables import VectorRow
from tests.conftest import FrozenClock
from tests.fakes.remembering import leave, say, unsay, welcome

DIARY = [
    f"entry {number} about the {noun}" for number, noun in enumerate(("harbour", "kitchen", "violin") * 20)
]


class Counting(HashModel):
    """A hash model under another name that counts what it encodes."""

    def __init__(self, name: str = "counting:256") -> None:
        self.name = name
        self.encoded = 0

    def encode(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        self.encoded += 0 if query else len(texts)
        return super().encode(texts, query=query)


@asynccontextmanager
async def remembering(
    engine: AsyncEngine, home: Path, clock: FrozenClock, embedder: str | Model = "hash"
) -> AsyncIterator[RecallIndex]:
    recall = open_recall(engine, home, clock=clock, embedder=embedder)
    await recall.start()
    await recall.ready()
    yield recall
    await recall.close()


@pytest.fixture
async def diary(sqlite_engine: AsyncEngine) -> list[int]:
    await welcome(sqlite_engine, 1)
    return await say(sqlite_engine, 1, *DIARY)


def count_in_chroma(home: Path, *user_ids: int) -> list[int]:
    """How many vectors the closed index of a home holds for each of these people."""
    current = Folders(home).find_current()
    assert current is not None
    index = open_folder(current.folder, keep_open=4)
    try:
        return [index.count(user_id) if user_id in index.list_people() else 0 for user_id in user_ids]
    finally:
        index.close()


async def find(recall: RecallIndex, query: str, user_id: int = 1) -> list[int]:
    return [each.message.id for each in await recall.recall(user_id, query, limit=3)]


async def test_chroma_holds_a_vector_for_every_message_and_no_word(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        await recall.index_pending()
    assert count_in_chroma(tmp_path, 1) == [len(DIARY)]
    files = [path.read_bytes() for path in (tmp_path / "recall").rglob("*") if path.is_file()]
    assert files
    assert not any(word in content for content in files for word in (b"harbour", b"kitchen", b"violin"))


async def test_a_deleted_index_comes_back_without_encoding_anything(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    async with remembering(sqlite_engine, tmp_path, clock, Counting()) as recall:
        await recall.index_pending()
    shutil.rmtree(tmp_path / "recall")
    again = Counting()
    async with remembering(sqlite_engine, tmp_path, clock, again) as recall:
        assert await find(recall, "entry 7 kitchen")
        assert (await recall.status()).doing == "ready"
    assert again.encoded == 0
    assert count_in_chroma(tmp_path, 1) == [len(DIARY)]


@pytest.mark.parametrize("victim", ["chroma.sqlite3", "data_level0.bin", "header.bin"])
async def test_a_damaged_index_is_noticed_and_rebuilt(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int], victim: str
) -> None:
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        await recall.index_pending()
    (damaged,) = (tmp_path / "recall").rglob(victim)
    damaged.write_bytes(b"\x07" * 4096)
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        assert await find(recall, "entry 7 kitchen")
        status = await recall.status()
        assert status.doing == "ready"
        assert "rebuilt" in status.trouble
    assert count_in_chroma(tmp_path, 1) == [len(DIARY)]


async def test_an_index_that_was_not_closed_is_looked_at_and_kept(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        await recall.index_pending()
    (tmp_path / "recall" / "closed.json").unlink()
    before = Folders(tmp_path).find_current()
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        assert (await recall.status()).trouble == ""
    assert Folders(tmp_path).find_current() == before


async def test_missing_vectors_are_put_back_once_somebody_asks(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        await recall.index_pending()
    current = Folders(tmp_path).find_current()
    assert current is not None
    index = open_folder(current.folder, keep_open=4)
    index.drop(1)
    index.close()
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        assert await find(recall, "violin")
        async with asyncio.timeout(20):
            while not recall._keeper.is_checked(1):  # nothing tells
                await asyncio.sleep(0.01)
        assert await find(recall, "violin")
    assert count_in_chroma(tmp_path, 1) == [len(DIARY)]


async def test_another_embedder_encodes_anew_and_the_old_vectors_serve_it_again(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    async with remembering(sqlite_engine, tmp_path, clock, Counting("one")) as recall:
        await recall.index_pending()
    other = Counting("two")
    async with remembering(sqlite_engine, tmp_path, clock, other) as recall:
        assert (await recall.status()).embedder == "two"
        assert await find(recall, "entry 7 kitchen")
        await recall.reindex()
    assert other.encoded == len(DIARY)
    back = Counting("one")
    async with remembering(sqlite_engine, tmp_path, clock, back) as recall:
        assert await find(recall, "entry 7 kitchen")
    assert back.encoded == 0


async def test_reindexing_tells_how_far_it_is(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        told: list[tuple[int, int]] = []
        await recall.index_pending(on_progress=lambda done, total: told.append((done, total)))
        assert all(done <= total for done, total in told)
        assert (await recall.status()).waiting == 0
        told.clear()
        await recall.reindex(lambda done, total: told.append((done, total)))
        assert told
        assert await find(recall, "entry 7 kitchen")
    assert len(list((tmp_path / "recall").glob("chroma-*"))) == 1


async def test_a_person_who_left_is_in_no_byte_of_the_index(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    await welcome(sqlite_engine, 2)
    await say(sqlite_engine, 2, "the kitchen of somebody else")
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        await recall.index_pending()
        async with sqlite_engine.connect() as connection:
            theirs = list(await connection.scalars(select(VectorRow.vector).where(VectorRow.user_id == 1)))
        await leave(sqlite_engine, 1)
        assert await recall.forget_user(1)
        await say(sqlite_engine, 2, *[f"step {number} of somebody else" for number in range(150)])
        await recall.index_pending()
        assert await find(recall, "kitchen", user_id=2)
    files = [path for path in (tmp_path / "recall").rglob("*") if path.is_file()]
    assert [path for path in files if any(vector in path.read_bytes() for vector in theirs)] == []
    assert count_in_chroma(tmp_path, 1, 2) == [0, 151]


async def test_forgetting_needs_no_embedder(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    await welcome(sqlite_engine, 2)
    await say(sqlite_engine, 2, "the kitchen of somebody else")
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        await recall.index_pending()
    await unsay(sqlite_engine, 1, diary[0])
    await say(sqlite_engine, 1, "not indexed yet")
    command = open_recall(sqlite_engine, tmp_path, clock=clock)
    assert await command.index_pending() == 1
    await command.close()
    assert count_in_chroma(tmp_path, 1, 2) == [len(DIARY) - 1, 1]
    await leave(sqlite_engine, 1)
    command = open_recall(sqlite_engine, tmp_path, clock=clock)
    await command.index_pending()
    assert (await command.status()).waiting == 0
    await command.close()
    assert count_in_chroma(tmp_path, 1, 2) == [0, 1]


async def test_what_a_command_beside_the_bot_erased_the_bot_takes_out(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    async with remembering(sqlite_engine, tmp_path, clock) as bot:
        await bot.index_pending()
        command = open_recall(sqlite_engine, tmp_path, clock=clock)
        await leave(sqlite_engine, 1)
        assert not await command.forget_user(1)
        await command.close()
        assert (await bot.status()).waiting == 2  # the journal's and the command's
        await bot.index_pending()
        assert (await bot.status()).waiting == 0
    assert count_in_chroma(tmp_path, 1) == [0]


async def test_the_writer_that_goes_hands_over(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    first = open_recall(sqlite_engine, tmp_path, clock=clock, embedder="hash")
    await first.start()
    await first.ready()
    async with remembering(sqlite_engine, tmp_path, clock) as second:
        await first.index_pending()
        await say(sqlite_engine, 1, "the lighthouse")
        assert await second.index_pending() == 0
        await first.close()
        await second.index_pending()
        assert (await second.status()).waiting == 0
    assert count_in_chroma(tmp_path, 1) == [len(DIARY) + 1]


async def test_a_long_message_is_found_by_its_end(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(sqlite_engine, 1)
    ramble = " ".join(f"Then came thought {number}, which led nowhere." for number in range(60))
    (said,) = await say(sqlite_engine, 1, ramble + " And at last the lighthouse.")
    async with remembering(sqlite_engine, tmp_path, clock) as recall:
        await recall.index_pending()
        (answer,) = await recall.explain(1, "the lighthouse at last")
        assert answer.message.id == said
        async with sqlite_engine.connect() as connection:
            pieces = await connection.scalar(select(func.count()).select_from(VectorRow))
    assert pieces == count_in_chroma(tmp_path, 1)[0] > 1


async def test_memory_stays_within_its_bound(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    people = range(1, 9)
    await welcome(sqlite_engine, *people)
    for user_id in people:
        await say(sqlite_engine, user_id, *DIARY)
    recall = open_recall(sqlite_engine, tmp_path, clock=clock, embedder="hash", memory=300_000)
    await recall.start()
    await recall.ready()
    await recall.index_pending()
    for user_id in people:
        assert await find(recall, "violin", user_id=user_id)
    assert (await recall.status()).memory <= 300_000
    assert await find(recall, "violin", user_id=1)
    await recall.close()


async def test_closing_while_the_embedder_loads_is_quick_and_clean(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    recall = open_recall(sqlite_engine, tmp_path, clock=clock, embedder="hash")
    await recall.start()
    await recall.close()
    assert Folders(tmp_path).claim()


async def test_many_questions_at_once_beside_an_import(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    async with remembering(sqlite_engine, tmp_path, clock) as recall, asyncio.TaskGroup() as group:
        group.create_task(recall.index_pending())
        asked = [group.create_task(find(recall, f"entry {number}")) for number in range(40)]
    assert all(task.result() for task in asked)
