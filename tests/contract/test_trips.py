"""The driver below SQLAlchemy: one trip to SQLite's thread for a statement, and the answers of before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.sql.engine import WRITING, open_engine, sqlite_url
from memory.sql.trips import AT_ONCE, TripConnection


@pytest.fixture
async def numbers(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A table of numbers, several times as long as what comes back at once."""
    engine = open_engine(sqlite_url(tmp_path / "numbers.db"))
    async with engine.execution_options(**WRITING).begin() as connection:
        await connection.execute(text("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"))
        await connection.execute(
            text("INSERT INTO numbers (n) VALUES (:n)"), [{"n": n} for n in range(3 * AT_ONCE)]
        )
    yield engine
    await engine.dispose()


@pytest.mark.parametrize("many", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE])
async def test_all_rows_come_however_many_there_are(numbers: AsyncEngine, many: int) -> None:
    async with numbers.connect() as connection:
        found = await connection.scalars(text("SELECT n FROM numbers WHERE n < :many"), {"many": many})
        assert list(found) == list(range(many))


async def test_rows_that_are_streamed_come_in_their_order(numbers: AsyncEngine) -> None:
    async with numbers.connect() as connection:
        rows = await connection.stream_scalars(text("SELECT n FROM numbers ORDER BY n DESC"))
        assert [n async for n in rows] == list(reversed(range(3 * AT_ONCE)))


async def test_a_stream_that_is_left_early_holds_nothing_back(numbers: AsyncEngine) -> None:
    async with numbers.connect() as connection:
        async with connection.stream(text("SELECT n FROM numbers")) as rows:
            assert (await rows.fetchone()) == (0,)
        assert await connection.scalar(text("SELECT count(*) FROM numbers")) == 3 * AT_ONCE
    async with numbers.execution_options(**WRITING).begin() as connection:
        await connection.execute(text("DROP TABLE numbers"))  # an open cursor would have locked it


async def test_everything_read_in_one_go_is_of_one_moment(numbers: AsyncEngine) -> None:
    async with numbers.connect() as reader:
        before = await reader.scalar(text("SELECT count(*) FROM numbers"))
        async with numbers.execution_options(**WRITING).begin() as writer:
            await writer.execute(text("DELETE FROM numbers"))
        assert await reader.scalar(text("SELECT count(*) FROM numbers")) == before
    async with numbers.connect() as reader:
        assert await reader.scalar(text("SELECT count(*) FROM numbers")) == 0


async def test_what_is_not_committed_never_was(numbers: AsyncEngine) -> None:
    async with numbers.connect() as connection:
        await connection.execute(text("DELETE FROM numbers"))  # in a plain BEGIN
        await connection.rollback()
        assert await connection.scalar(text("SELECT count(*) FROM numbers")) == 3 * AT_ONCE


async def test_an_error_is_told_as_always_and_the_connection_goes_on(numbers: AsyncEngine) -> None:
    async with numbers.connect() as connection:
        with pytest.raises(IntegrityError):
            await connection.execute(text("INSERT INTO numbers (n) VALUES (1)"))
        await connection.rollback()
        assert await connection.scalar(text("SELECT max(n) FROM numbers")) == 3 * AT_ONCE - 1


async def test_a_statement_is_one_trip_and_a_begin_none(
    numbers: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips = 0
    go = TripConnection._execute

    async def count(self: TripConnection, *arguments: object, **named: object) -> object:
        nonlocal trips
        trips += 1
        return await go(self, *arguments, **named)  # type: ignore[no-untyped-call]  # aiosqlite's own

    async with numbers.connect() as connection:
        monkeypatch.setattr(TripConnection, "_execute", count)
        for _ in range(3):
            await connection.execute(text("SELECT n FROM numbers WHERE n = 7"))
    assert trips == 3 + 1  # and the end of what was begun
