"""The schedule inside the one process: APScheduler wakes the tick, and knows nothing else.

Its job store is in memory and holds this one job: everything that must survive is in the nudge plan.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from bot.clock import SystemClock

if TYPE_CHECKING:
    from coaching.ports import Clock

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=20)
JOB = "tick"

Tick = Callable[[datetime], Awaitable[object]]


class EmbeddedSchedule:
    """Runs a tick at once and then every so often, for as long as its context lasts.

    A machine that slept gets one tick, not the thousands it missed; a tick that outlasts its turn is not
    joined by a second one; a tick that fails is logged by its type, and the next one runs.

    Args:
        tick: What to run; it is told the moment.
        clock: Tells it.
        every: Time between two ticks.
    """

    def __init__(self, tick: Tick, clock: Clock, *, every: timedelta = EVERY) -> None:
        self._tick = tick
        self._clock = clock
        self._every = every
        self._ticking = asyncio.Lock()
        self._watchdog: asyncio.TimerHandle
        # no grace is too generous: a tick asks what is due now, however late it runs
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    async def __aenter__(self) -> EmbeddedSchedule:
        self._scheduler.start()
        self._scheduler.add_job(self._run, _Every(self._every), id=JOB, next_run_time=SystemClock().now())
        self._watch()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Lets a tick that is under way come to its end."""
        self._watchdog.cancel()
        self._scheduler.remove_all_jobs()
        await asyncio.sleep(0)  # a tick that was handed to the loop gets to its first line
        async with self._ticking:
            self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)  # APScheduler shuts down in the loop's next round

    @property
    def next_at(self) -> datetime:
        """When the next tick is planned, by the machine's clock."""
        at: datetime = self._scheduler.get_job(JOB).next_run_time
        return at

    def hurry(self, now: datetime) -> bool:
        """Ticks at once where the next tick is further away than it can be: the machine's clock went back.

        APScheduler waits for a time of day; set back by an hour it would sleep for that hour.
        """
        if self.next_at - now <= 2 * self._every:
            return False
        self._scheduler.modify_job(JOB, next_run_time=now)
        return True

    def _watch(self) -> None:
        self.hurry(SystemClock().now())
        # the loop's timers do not follow the clock on the wall
        self._watchdog = asyncio.get_running_loop().call_later(self._every.total_seconds(), self._watch)

    async def _run(self) -> None:
        async with self._ticking:
            try:
                await self._tick(self._clock.now())
            except Exception as error:  # noqa: BLE001  # the schedule survives whatever one tick meets
                log.error("a tick failed: %s", type(error).__name__)  # noqa: TRY400  # a traceback may quote a row


class _Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires so long after now. APScheduler's own interval counts out every turn that a long sleep missed."""

    def __init__(self, every: timedelta) -> None:
        self.every = every

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:  # noqa: ARG002  # its interface
        return now + self.every
