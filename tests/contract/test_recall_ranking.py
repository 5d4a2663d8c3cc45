"""What recall promises, on SQLite and on Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.model import Lens, Safety
from memory.recall import RecallIndex, open_recall
from memory.sql.tables import IndexOpRow, TokensRow, VectorRow
from tests.conftest import FrozenClock
from tests.fakes.remembering import DAY, leave, reword, say, unsay, welcome

DIARY = (
    "我今天跟老板谈了升职，他说再等半年。",
    "My landlord raised the rent again, 5,200 from March.",
    "周会又开了三个小时，没有一个人知道看板是给谁看的。",
    "I finally showed the prototype to Anna and she loved it.",
    "想做一个独立播客，主题是转行。",
    "I want to quit but I am scared about money.",
    "体重六十八公斤，比年前胖了四公斤。",
    "The dashboard shipped, nobody said anything but finance.",
)
QUESTIONS = (
    "升职",
    "promotion",
    "rent",
    "看板",
    "prototype Anna",
    "播客",
    "money",
    "体重",
    "what did finance say",
)


@asynccontextmanager
async def remembering(
    engine: AsyncEngine, home: Path, clock: FrozenClock, *, embedder: str = "hash"
) -> AsyncIterator[RecallIndex]:
    recall = open_recall(engine, home, clock=clock, embedder=embedder)
    await recall.start()
    await recall.ready()
    yield recall
    await recall.close()


async def find(recall: RecallIndex, user_id: int, query: str, **limits: object) -> list[int]:
    found = await recall.recall(user_id, query, **limits)  # type: ignore[arg-type]
    return [each.message.id for each in found]


async def test_both_databases_rank_the_same(
    sqlite_engine: AsyncEngine, postgres_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    ranked = []
    for number, engine in enumerate((sqlite_engine, postgres_engine)):
        await welcome(engine, 1)
        ids = await say(engine, 1, *DIARY)
        async with remembering(engine, tmp_path / str(number), clock) as recall:
            await recall.index_pending()
            answers = [await recall.explain(1, question, limit=8, floor=0.0) for question in QUESTIONS]
        ranked.append(
            [
                [
                    (ids.index(each.message.id), round(each.hit.score, 5), round(each.hit.fit, 5))
                    for each in found
                ]
                for found in answers
            ]
        )
    assert ranked[0] == ranked[1]
    assert all(ranked[0])


async def test_what_was_said_is_found_before_it_is_indexed_and_after(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    ids = await say(engine, 1, *DIARY)
    recall = open_recall(engine, tmp_path, clock=clock, embedder="hash")
    assert await find(recall, 1, "升职") == [ids[0]]  # nothing is loaded, nothing is indexed
    await recall.close()
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        assert await find(recall, 1, "升职") == [ids[0]]
        assert (await recall.status()).waiting == 0
        assert (await recall.status()).indexed == len(DIARY)


async def test_indexing_twice_changes_nothing(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    ids = await say(engine, 1, *DIARY)
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        async with engine.connect() as connection:
            before = (await connection.execute(select(VectorRow.message_id, VectorRow.vector))).all()
        for message_id in ids:
            await reword(engine, 1, message_id, DIARY[ids.index(message_id)])
        await recall.index_pending()
        async with engine.connect() as connection:
            after = (await connection.execute(select(VectorRow.message_id, VectorRow.vector))).all()
        assert sorted(before) == sorted(after)
        assert len(await recall.explain(1, "升职", limit=9, floor=0.0)) == len(
            {answer.message.id for answer in await recall.explain(1, "升职", limit=9, floor=0.0)}
        )


async def test_an_edited_message_is_found_by_its_new_words(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    ids = await say(engine, 1, *DIARY)
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        await find(recall, 1, "rent")
        await reword(engine, 1, ids[1], "My aunt bought a piano.")
        assert await find(recall, 1, "piano") == [ids[1]]  # at once, by its words
        await recall.index_pending()
        assert await find(recall, 1, "piano") == [ids[1]]
        assert await find(recall, 1, "rent") == []


async def test_a_forgotten_message_never_comes_back(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    ids = await say(engine, 1, *DIARY)
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        assert await find(recall, 1, "播客") == [ids[4]]
        await unsay(engine, 1, ids[4])
        assert await find(recall, 1, "播客") == []
        await recall.index_pending()
        assert await find(recall, 1, "播客") == []
        async with engine.connect() as connection:
            assert not (
                await connection.scalars(select(TokensRow).where(TokensRow.message_id == ids[4]))
            ).all()
            assert not (await connection.scalars(select(IndexOpRow.id))).all()


async def test_nobody_finds_what_somebody_else_said(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1, 2)
    mine = await say(engine, 1, *DIARY)
    theirs = await say(engine, 2, "The prototype is mine alone.")
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        assert await find(recall, 2, "prototype") == theirs
        assert await find(recall, 1, "prototype") == [mine[3]]
        assert await find(recall, 2, "升职") == []
        assert await find(recall, 3, "升职") == []


@pytest.mark.parametrize("safety", [level for level in Safety if level is not Safety.NONE])
async def test_a_crisis_message_is_never_remembered_aloud(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, safety: Safety
) -> None:
    await welcome(engine, 1)
    await say(engine, 1, "tonight the bridge", safety=safety)
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        assert await find(recall, 1, "bridge", floor=0.0) == []
        async with engine.connect() as connection:
            assert not (await connection.scalars(select(TokensRow.message_id))).all()


async def test_commands_are_orders_and_not_memories(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    await say(engine, 1, "/recall treadmill", channel="command")
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        assert await find(recall, 1, "treadmill", floor=0.0) == []


async def test_a_search_stays_inside_its_days_and_its_speaker(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    first, second = await say(
        engine, 1, "the treadmill again", "the treadmill once more", apart=timedelta(days=40)
    )
    (coach,) = await say(
        engine, 1, "What keeps you on the treadmill?", role="coach", at=DAY + timedelta(days=41)
    )
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        assert set(await find(recall, 1, "treadmill")) == {first, second, coach}
        assert set(await find(recall, 1, "treadmill", only_user=True)) == {first, second}
        assert await find(recall, 1, "treadmill", until=DAY.date()) == [first]
        assert await find(recall, 1, "treadmill", since=date(2026, 4, 1), only_user=True) == [second]
        assert await find(recall, 1, "treadmill", exclude=(second,), only_user=True) == [first]


async def test_what_the_coach_asked_helps_to_find_the_answer(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    minute = timedelta(minutes=1)
    await say(engine, 1, "Who at the bakery could try it first?", role="coach", listed=False)
    answer, _ = await say(
        engine, 1, "Marta, on Thursday morning.", "Lunch was fine.", at=DAY + minute, apart=timedelta(days=2)
    )
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        assert await find(recall, 1, "who could try it at the bakery", only_user=True) == [answer]


async def test_scores_lie_between_0_and_1_and_never_rise(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    await say(engine, 1, *DIARY, lenses=(Lens.ESCAPE,))
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        found = await recall.recall(1, "quit money prototype", lenses=(Lens.ESCAPE,), floor=0.0)
        scores = [each.score for each in found]
        assert scores == sorted(scores, reverse=True)
        assert all(0 <= score <= 1 for score in scores)
        assert found[0].message.lenses == (Lens.ESCAPE,)
        assert all(each.why <= {"words", "sense", "subject", "lens"} for each in found)


async def test_a_vector_that_is_handed_in_is_not_computed_again(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    ids = await say(engine, 1, *DIARY)
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        vectors = recall.encode(["rent"])
        assert vectors is not None
        assert await find(recall, 1, "rent", vector=vectors[0]) == [ids[1]]


async def test_another_process_sees_what_this_one_indexed(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1)
    await say(engine, 1, *DIARY[:2])
    async with remembering(engine, tmp_path, clock) as writer:
        await writer.index_pending()
        reader = open_recall(engine, tmp_path, clock=clock, embedder="hash")
        await reader.start()
        await reader.ready()
        assert (await reader.status()).doing.startswith("read only")
        assert await find(reader, 1, "prototype") == []
        (late,) = await say(engine, 1, DIARY[3], at=DAY - timedelta(days=400))
        assert await reader.index_pending() == 0
        await writer.index_pending()
        assert await find(reader, 1, "prototype") == [late]
        await unsay(engine, 1, late)
        await writer.index_pending()
        assert await find(reader, 1, "prototype") == []
        await reader.close()


async def test_a_person_who_left_leaves_nothing(
    engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    await welcome(engine, 1, 2)
    await say(engine, 1, *DIARY)
    kept = await say(engine, 2, "The prototype is mine alone.")
    async with remembering(engine, tmp_path, clock) as recall:
        await recall.index_pending()
        await find(recall, 1, "rent")
        await leave(engine, 1)
        await recall.index_pending()
        assert await find(recall, 1, "rent") == []
        assert await find(recall, 2, "prototype") == kept
        async with engine.connect() as connection:
            assert not (await connection.scalars(select(IndexOpRow.id))).all()
