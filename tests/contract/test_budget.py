"""What a language model may cost: for each person and for all, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from coaching.model import Language
from memory.sql.budget import TokenBudget
from memory.sql.journal import Journal
from tests.conftest import FrozenClock


@pytest.fixture
async def ann(journal: Journal) -> int:
    return await add(journal, "ann")


async def add(journal: Journal, name: str, language: Language = "en") -> int:
    async with journal.begin() as tx:
        user_id = await tx.add_user("terminal", name, language=language, zone="UTC")
        await tx.commit()
    return user_id


async def test_a_reserve_beyond_the_day_is_refused_and_takes_nothing(
    journal: Journal, clock: FrozenClock, ann: int
) -> None:
    budget = TokenBudget(journal, clock, each=100, everyone=0)
    assert await budget.reserve(ann, 70)
    assert not await budget.reserve(ann, 31)
    assert await budget.count_used(ann) == await budget.count_used() == 70


async def test_what_was_not_used_is_given_back(journal: Journal, clock: FrozenClock, ann: int) -> None:
    budget = TokenBudget(journal, clock, each=100, everyone=100)
    await budget.reserve(ann, 90)
    await budget.settle(ann, reserved=90, used=12)
    assert await budget.count_used(ann) == await budget.count_used() == 12
    assert await budget.reserve(ann, 88)


async def test_everybody_shares_the_operators_day(journal: Journal, clock: FrozenClock, ann: int) -> None:
    budget = TokenBudget(journal, clock, each=100, everyone=100)
    ben = await add(journal, "ben")
    assert await budget.reserve(ann, 80)
    assert not await budget.reserve(ben, 30)
    assert await budget.count_used(ben) == 0
    assert await budget.reserve(ben, 20)


async def test_a_new_day_begins_with_nothing_used(journal: Journal, clock: FrozenClock, ann: int) -> None:
    budget = TokenBudget(journal, clock, each=100, everyone=0)
    await budget.reserve(ann, 100)
    clock.passes(hours=24)
    assert await budget.reserve(ann, 100)


async def test_two_answers_at_once_cannot_take_the_same_tokens(
    journal: Journal, clock: FrozenClock, ann: int
) -> None:
    budget = TokenBudget(journal, clock, each=100, everyone=0)
    taken = await asyncio.gather(*(budget.reserve(ann, 30) for _ in range(6)))
    assert sum(taken) == 3
    assert await budget.count_used(ann) == 90


async def test_the_operator_sees_what_a_day_cost_and_how_many_are_near_their_limit(
    journal: Journal, clock: FrozenClock, ann: int
) -> None:
    budget = TokenBudget(journal, clock, each=100, everyone=1000)
    ben, lin = await add(journal, "ben"), await add(journal, "lin")
    for user_id, tokens in ((ann, 95), (ben, 10)):
        await budget.reserve(user_id, tokens)
    await budget.reserve(lin, 20)
    await budget.settle(lin, reserved=20, used=0)
    day = await budget.load_day()
    assert (day.tokens, day.people, day.nearly) == (105, 2, 1)


async def test_who_gets_their_day_back_may_ask_again_and_all_have_paid(
    journal: Journal, clock: FrozenClock, ann: int
) -> None:
    budget = TokenBudget(journal, clock, each=100, everyone=1000)
    await budget.reserve(ann, 100)
    assert await budget.give_back(ann)
    assert not await budget.give_back(ann)
    assert await budget.reserve(ann, 100)
    assert await budget.count_used() == 200
