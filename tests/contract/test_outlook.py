"""What doctor says about the evenings ahead, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, time

from memory.sql.journal import Journal
from memory.sql.outlook import Outlook, find_next_due, load_outlook
from tests.conftest import FrozenClock
from tests.contract.test_nudges import House


async def test_the_evenings_ahead_are_counted_by_their_fullest_hour(
    journal: Journal, clock: FrozenClock
) -> None:
    assert await load_outlook(journal) == Outlook(0, 0)
    house = House(journal, clock)
    first = await house.welcome("1")
    await house.welcome("2", evening=time(21, 40))
    await house.welcome("3", evening=time(22, 0))
    never = await house.welcome("4", days="")
    await house.tick()
    assert await load_outlook(journal) == Outlook(plans=3, fullest=2)
    assert await find_next_due(journal, first) == datetime(2026, 4, 1, 13, tzinfo=UTC)
    assert await find_next_due(journal, never) is None
