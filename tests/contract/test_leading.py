"""One of several senders leads, and another takes over when it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.sql.engine import open_engine
from memory.sql.leading import lead

QUICK = 0.02
Work = Callable[[], Coroutine[Any, Any, None]]


def working(name: str, log: list[str], until: asyncio.Event) -> Work:
    async def work() -> None:
        log.append(name)
        await until.wait()
        log.append(f"{name} ends")

    return work


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():
            await asyncio.sleep(QUICK)


async def test_the_second_leads_only_after_the_first_is_done(postgres_engine: AsyncEngine) -> None:
    log: list[str] = []
    first_ends, second_ends = asyncio.Event(), asyncio.Event()
    other = open_engine(postgres_engine.url.render_as_string(hide_password=False))
    async with asyncio.TaskGroup() as group:
        group.create_task(lead(postgres_engine, "send", working("first", log, first_ends), look=QUICK))
        await until(lambda: log == ["first"])
        group.create_task(lead(other, "send", working("second", log, second_ends), look=QUICK))
        await asyncio.sleep(5 * QUICK)
        assert log == ["first"]
        first_ends.set()
        await until(lambda: len(log) == 3)
        second_ends.set()
    await other.dispose()
    assert log == ["first", "first ends", "second", "second ends"]


async def test_a_leader_whose_connection_dies_stops_and_another_takes_over(
    postgres_engine: AsyncEngine,
) -> None:
    log: list[str] = []
    ends = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for name in ("one", "other"):
            group.create_task(lead(postgres_engine, "send", working(name, log, ends), look=QUICK))
        await until(lambda: len(log) == 1)
        async with postgres_engine.connect() as connection:
            await connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            )
        await until(lambda: len(log) == 2)
        await asyncio.sleep(5 * QUICK)  # the first finds out when it looks next
        ends.set()
    # the first was stopped before its work was over, the second came to its end
    assert log[2] == f"{log[1]} ends"


async def test_another_name_has_another_leader(postgres_engine: AsyncEngine) -> None:
    log: list[str] = []
    ends = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(lead(postgres_engine, "bot 1", working("one", log, ends), look=QUICK))
        group.create_task(lead(postgres_engine, "bot 2", working("two", log, ends), look=QUICK))
        await until(lambda: sorted(log) == ["one", "two"])
        ends.set()


async def test_on_sqlite_there_is_nobody_to_lead(sqlite_engine: AsyncEngine) -> None:
    log: list[str] = []
    ends = asyncio.Event()
    ends.set()
    await lead(sqlite_engine, "send", working("only", log, ends))
    assert log == ["only", "only ends"]
