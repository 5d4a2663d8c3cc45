"""Workers beside each other: procrastinate wakes them for a chat, a sweeper finds what nobody was woken for.

A job says only that something may wait in a chat; what it is stands in the inbox. A worker that dies leaves
its jobs to the sweeper of any other, which gives them back once its heart has not beaten for a while.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ProcrastinateException
from sqlalchemy.exc import SQLAlchemyError

from memory.sql.engine import QUEUE_SCHEMA
from memory.sql.waking import QUEUE, TASK, conninfo, hear_news, sweeping, wake_forgotten

if TYPE_CHECKING:
    from procrastinate.jobs import Job

    from memory.sql.journal import Journal

log = logging.getLogger(__name__)

# Chats a worker has open: a few think, the others wait for what belongs to a message. More only keep its one
# thread from sending.
IN_HAND = 24
POLL = 0.5  # seconds between two looks for a job whose notification was lost
HEARTBEAT = 3.0  # seconds
STALLED = 15.0  # seconds without a heartbeat after which a worker's jobs are given to others
SWEEP = 30.0  # seconds
PAUSE = 1.0  # seconds until it is tried again where the database does not answer
AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)  # past by the clock of every machine: never a job for later

Settle = Callable[[int, int], Awaitable[bool]]


class Interrupted(Exception):
    """The worker was told to stop; another one goes on with the chat."""


class _GiveBack(BaseRetryStrategy):
    """A job that was cut off is there for the others at once."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:  # noqa: ARG002  # its interface
        return RetryDecision(retry_at=AT_ONCE)


class Worker:
    """Settles chats as jobs for them come, until it is cancelled.

    Args:
        journal: Where inbox and queue are: Postgres.
        settle: Settles what waits in a chat of a bot; False when it was told to stop before.
        heard: Told that something arrived in a chat, which may be open.
        grace: Seconds for what is in hand when it is cancelled.
        sweep: Seconds between two looks for chats that nobody was woken for.
    """

    def __init__(
        self,
        journal: Journal,
        settle: Settle,
        heard: Callable[[int, int], None],
        *,
        grace: float,
        sweep: float = SWEEP,
        stalled: float = STALLED,
    ) -> None:
        self._journal = journal
        self._settle = settle
        self._heard = heard
        self._grace = grace
        self._sweep_every = sweep
        self._stalled = stalled

    async def run(self) -> None:
        """Works, sweeps and listens."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._work())
            group.create_task(self._sweep())
            group.create_task(self._listen())

    def _open_app(self) -> App:
        app = App(
            connector=PsycopgConnector(
                conninfo=conninfo(self._journal.engine),
                kwargs={"options": f"-c timezone=UTC -c search_path={QUEUE_SCHEMA}"},
                min_size=1,
                max_size=6,
            )
        )

        @app.task(name=TASK, queue=QUEUE, retry=_GiveBack())
        async def drain(bot_id: int, chat_id: int) -> None:
            if not await self._settle(bot_id, chat_id):
                raise Interrupted

        return app

    async def _work(self) -> None:
        while True:
            app = self._open_app()
            try:
                async with app.open_async():
                    await app.run_worker_async(
                        queues=[QUEUE],
                        concurrency=IN_HAND,
                        fetch_job_polling_interval=POLL,
                        shutdown_graceful_timeout=self._grace,
                        update_heartbeat_interval=HEARTBEAT,
                        stalled_worker_timeout=self._stalled,
                        delete_jobs="always",
                        install_signal_handlers=False,
                    )
                log.warning("the queue was left: its connection is gone")
            except (ProcrastinateException, psycopg.Error, OSError) as error:
                log.warning("the queue cannot be read: %s", type(error).__name__)
            await asyncio.sleep(PAUSE)

    async def _sweep(self) -> None:
        """Each worker at its own moment, so that many of them look more often than one."""
        while True:
            try:
                await self.sweep()
            except (ProcrastinateException, SQLAlchemyError, psycopg.Error, OSError) as error:
                log.warning("nothing was swept: %s", type(error).__name__)
            await asyncio.sleep(self._sweep_every * random.uniform(0.8, 1.2))  # noqa: S311  # spreads looks

    async def sweep(self) -> int:
        """Gives back the jobs of dead workers, and wakes chats in which something waits and nobody knows.

        Returns:
            How many of both there were.
        """
        app = self._open_app()
        async with app.open_async(), sweeping(self._journal) as alone:
            if not alone:
                return 0
            stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=self._stalled))
            for job in stalled:
                try:
                    await app.job_manager.retry_job(job, retry_at=AT_ONCE)
                except ProcrastinateException:
                    log.info("a job was done after all")
        forgotten = await wake_forgotten(self._journal)
        if stalled or forgotten:
            log.warning(
                "%d jobs of dead workers and %d forgotten chats were taken up", len(stalled), forgotten
            )
        return len(stalled) + forgotten

    async def _listen(self) -> None:
        """Hears what arrives in an open chat; without it a row of messages would be answered one by one."""
        while True:
            try:
                async with hear_news(self._journal.engine) as news:
                    async for bot_id, chat_id in news:
                        self._heard(bot_id, chat_id)
            except (psycopg.Error, OSError) as error:
                log.warning("news are not heard: %s", type(error).__name__)
            await asyncio.sleep(PAUSE)
