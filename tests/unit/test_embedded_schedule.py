"""APScheduler wakes the tick: at once, again, after a failure, and not after the end."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

import pytest

from bot.schedule.embedded import EmbeddedSchedule
from tests.conftest import FrozenClock

SOON = timedelta(milliseconds=20)
NEVER = timedelta(hours=1)


class Body:
    """A tick that counts, and can be held up or made to fail."""

    def __init__(self) -> None:
        self.moments: list[datetime] = []
        self.at_once = 0
        self.most_at_once = 0
        self.began, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()
        self.fails = False

    async def tick(self, now: datetime) -> None:
        self.moments.append(now)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.began.set()
        await self.go_on.wait()
        self.at_once -= 1
        if self.fails:
            raise LookupError("the words of somebody's diary")

    async def begins(self, times: int = 1) -> None:
        async with asyncio.timeout(20):
            for _ in range(times):
                await self.began.wait()
                self.began.clear()


async def test_a_tick_comes_at_once_and_is_told_our_moment(clock: FrozenClock) -> None:
    body = Body()
    async with EmbeddedSchedule(body.tick, clock, every=NEVER):
        await body.begins()
    assert body.moments == [clock.now()]


async def test_ticks_go_on_and_are_never_two_at_once(clock: FrozenClock) -> None:
    body = Body()
    async with EmbeddedSchedule(body.tick, clock, every=SOON):
        await body.begins(4)
    assert body.most_at_once == 1


async def test_a_tick_that_fails_is_logged_by_type_and_the_next_one_runs(
    clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    body = Body()
    body.fails = True
    with caplog.at_level(logging.ERROR):
        async with EmbeddedSchedule(body.tick, clock, every=SOON):
            await body.begins(3)
    assert "a tick failed: LookupError" in caplog.text
    assert "diary" not in caplog.text


async def test_leaving_waits_for_the_tick_that_is_under_way_and_starts_no_other(clock: FrozenClock) -> None:
    body = Body()
    body.go_on.clear()
    schedule = EmbeddedSchedule(body.tick, clock, every=SOON)
    await schedule.__aenter__()
    await body.begins()
    leaving = asyncio.ensure_future(schedule.__aexit__())
    await asyncio.sleep(0)
    assert not leaving.done()
    body.go_on.set()
    await leaving
    assert body.at_once == 0
    assert len(body.moments) == 1


async def test_it_can_be_left_before_the_first_tick(clock: FrozenClock) -> None:
    body = Body()
    async with EmbeddedSchedule(body.tick, clock, every=NEVER):
        pass
    assert body.at_once == 0


async def test_a_wall_clock_that_was_set_back_does_not_stop_the_ticks(clock: FrozenClock) -> None:
    body = Body()
    async with EmbeddedSchedule(body.tick, clock, every=timedelta(minutes=1)) as schedule:
        await body.begins()
        planned = schedule.next_at
        assert not schedule.hurry(planned - timedelta(minutes=1))
        assert schedule.hurry(planned - timedelta(hours=1))
        await body.begins()
    assert len(body.moments) == 2
