"""Another embedder is set: the index before answers until everything is encoded anew, and then goes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.recall import RecallIndex, Status, open_recall
from memory.recall.embedder import HashModel, Model
from memory.recall.folders import Folders
from tests.conftest import FrozenClock
from tests.fakes.remembering import reword, say, welcome
from tests.integration.test_recall_index import Counting, count_in_chroma, remembering
from tests.unit.test_embedders import make_model

DIARY = [f"the rent went up, the boss said so, z{number}z" for number in range(70)]


class Waiting(HashModel):
    """A model that encodes what is stored only once it is told to, in directions of its own.

    Args:
        first: so many messages it encodes at once.
    """

    name = "waiting:512"

    def __init__(self, first: int = 0) -> None:
        self.go_on = threading.Event()
        self._first = first

    def encode(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        if not query:
            self._first -= len(texts)
            assert self._first >= 0 or self.go_on.wait(20)
        made = super().encode(texts, query=query)
        return np.hstack((np.zeros_like(made), made))


@pytest.fixture
async def diary(sqlite_engine: AsyncEngine) -> list[int]:
    await welcome(sqlite_engine, 1)
    return await say(sqlite_engine, 1, *DIARY)


async def index_with(engine: AsyncEngine, home: Path, clock: FrozenClock, embedder: str | Model) -> None:
    async with remembering(engine, home, clock, embedder) as recall:
        await recall.index_pending()


async def until(recall: RecallIndex, so: Callable[[Status], bool]) -> None:
    """Waits for what the status says."""
    async with asyncio.timeout(20):
        while not so(await recall.status()):
            await asyncio.sleep(0.01)


async def until_it_answers(recall: RecallIndex, model: Model) -> None:
    await until(recall, lambda status: status.embedder == model.name and status.doing == "ready")


async def sense_of(recall: RecallIndex, number: int) -> float:
    """The cosine by which an entry is found; NaN where only words find it."""
    answers = await recall.explain(1, f"z{number}z", limit=1)
    assert f"z{number}z" in answers[0].message.text
    return answers[0].hit.cosine


async def test_the_index_before_answers_until_everything_is_encoded_anew(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    await index_with(sqlite_engine, tmp_path, clock, "hash")
    model = Waiting()
    async with remembering(sqlite_engine, tmp_path, clock, model) as recall:
        assert (await recall.status()).embedder == "hash:256"
        vector = await asyncio.to_thread(recall.encode, ["z7z"])  # what the coach encodes is the new one's
        assert vector is not None
        assert vector.shape == (1, 512)
        assert await recall.recall(1, "z7z", vector=vector[0])
        assert await sense_of(recall, 7) > 0.1
        await say(sqlite_engine, 1, "said meanwhile, z99z")
        model.go_on.set()
        await recall.index_pending()
        await until_it_answers(recall, model)
        assert await sense_of(recall, 7) > 0.1
        assert await sense_of(recall, 99) > 0.1
    assert count_in_chroma(tmp_path, 1) == [len(DIARY) + 1]
    current = Folders(tmp_path).find_current()
    assert current is not None
    assert current.embedder == model.name
    assert list((tmp_path / "recall").glob("chroma-*")) == [current.folder]


async def test_how_far_it_is_and_who_answers_is_told(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    await index_with(sqlite_engine, tmp_path, clock, "hash")
    model = Waiting(first=64)
    async with remembering(sqlite_engine, tmp_path, clock, model) as recall:
        so_far = f"encoding, 64 of {len(DIARY)} messages; hash:256 answers meanwhile"
        await until(recall, lambda status: status.doing == so_far)
        model.go_on.set()
        await until_it_answers(recall, model)


async def test_closing_before_it_is_done_goes_on_where_it_was(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    await index_with(sqlite_engine, tmp_path, clock, "hash")
    model = Waiting()
    recall = open_recall(sqlite_engine, tmp_path, clock=clock, embedder=model)
    await recall.start()
    await recall.ready()
    async with asyncio.TaskGroup() as group:
        group.create_task(recall.close())
        await asyncio.sleep(0)  # it has begun to close
        model.go_on.set()
    current = Folders(tmp_path).find_current()
    assert current is not None
    assert current.embedder == "hash:256"
    async with remembering(sqlite_engine, tmp_path, clock, model) as recall:
        await until_it_answers(recall, model)
        assert await sense_of(recall, 7) > 0.1
    assert count_in_chroma(tmp_path, 1) == [len(DIARY)]


async def test_an_embedder_that_cannot_be_loaded_again_leaves_it_to_the_words(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    await index_with(sqlite_engine, tmp_path, clock, Counting("gone:256"))
    model = Waiting()
    async with remembering(sqlite_engine, tmp_path, clock, model) as recall:
        assert (await recall.status()).embedder == model.name
        assert np.isnan(await sense_of(recall, 7))
        model.go_on.set()
        await recall.reindex()
        assert await sense_of(recall, 7) > 0.1


@pytest.mark.model
async def test_a_small_model_in_a_folder_answers_until_the_next_one_is_done(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    one = make_model(tmp_path / "one", seed=1)
    await index_with(sqlite_engine, tmp_path, clock, str(one))
    before = Folders(tmp_path).find_current()
    assert before is not None
    model = Waiting()
    async with remembering(sqlite_engine, tmp_path, clock, model) as recall:
        assert (await recall.status()).embedder == before.embedder
        (answer,) = await recall.explain(1, "the boss, the rent", limit=1)
        assert answer.hit.cosine > 0.1
        model.go_on.set()
        await until_it_answers(recall, model)
        assert await sense_of(recall, 7) > 0.1


async def test_no_embedder_serves_what_it_made_of_the_words_before_an_edit(
    sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, diary: list[int]
) -> None:
    await index_with(sqlite_engine, tmp_path, clock, Counting("one"))
    async with remembering(sqlite_engine, tmp_path, clock, Counting("two")) as recall:
        await recall.reindex()
        await reword(sqlite_engine, 1, diary[0], "something else")
        await recall.index_pending()
    back = Counting("one")
    async with remembering(sqlite_engine, tmp_path, clock, back) as recall:
        await recall.reindex()
    assert back.encoded == 1
