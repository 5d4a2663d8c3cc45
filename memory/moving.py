"""Moves a whole journal into another database: SQLite to Postgres, or back.

The source is held still while it is read. Rows go over in batches that are committed one by one, and a row
that is there already is left alone, so a move that was interrupted is simply begun again. In the end every
table is read back on both sides and compared by number and by checksum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import Row, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.schema import Table as SqlTable

from memory.errors import StorageError
from memory.sql.engine import WRITING
from memory.sql.migrate import upgrade
from memory.sql.tables import Table

BATCH = 500
_WIDTH = 1 << 256

Progress = Callable[[str, int, int], None]  # table, rows done, rows in all


class NotEmpty(StorageError):
    """The other database holds people of its own: give an empty one. Nothing was moved."""


class NotEqual(StorageError):
    """What arrived is not what was sent. Both databases are as they are; go on using the old one."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One table, equal on both sides.

    Attributes:
        table: its name.
        rows: how many.
        checksum: the sum of its rows' SHA-256, independent of their order; 64 hex digits.
    """

    table: str
    rows: int
    checksum: str


async def move_journal(
    source: AsyncEngine, target: AsyncEngine, on_progress: Progress | None = None
) -> tuple[Moved, ...]:
    """Copies every row and proves that it arrived.

    Args:
        source: migrated. Meanwhile nobody can write to SQLite; what is written to Postgres stays behind.
        target: empty, or what an interrupted move left; it is migrated first.
        on_progress: told after each batch.

    Raises:
        NotEmpty: the target has people that the source does not have.
        NotEqual: a table differs in the end.
    """
    await upgrade(target)
    tables = Table.metadata.sorted_tables
    async with _held(source) as reading:
        await _refuse_strangers(reading, target)
        for table in tables:
            await _copy(reading, target, table, on_progress)
        await _set_counters(target, tables)
        return tuple([await _compare(reading, target, table) for table in tables])


@asynccontextmanager
async def _held(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One view of a database that does not change."""
    async with engine.connect() as plain:
        still: dict[str, Any] = WRITING if _is_sqlite(engine) else {"isolation_level": "REPEATABLE READ"}
        connection = await plain.execution_options(**still)
        async with connection.begin():
            yield connection


def _is_sqlite(engine: AsyncEngine) -> bool:
    return engine.dialect.name == "sqlite"


async def _refuse_strangers(reading: AsyncConnection, target: AsyncEngine) -> None:
    users = Table.metadata.tables["users"]
    ours = {row.id: row.created_at for row in await reading.execute(select(users.c.id, users.c.created_at))}
    async with target.connect() as connection:
        for row in await connection.execute(select(users.c.id, users.c.created_at)):
            if ours.get(row.id) != row.created_at:
                raise NotEmpty


async def _copy(
    reading: AsyncConnection, target: AsyncEngine, table: SqlTable, on_progress: Progress | None
) -> None:
    total = await reading.scalar(select(func.count()).select_from(table)) or 0
    insert = sqlite.insert if _is_sqlite(target) else postgresql.insert
    done = 0
    async for rows in _pages(reading, table):
        async with target.connect() as plain:
            connection = await plain.execution_options(**WRITING)
            await connection.execute(
                insert(table).on_conflict_do_nothing(), [dict(row._mapping) for row in rows]
            )
            await connection.commit()
        done += len(rows)
        if on_progress is not None:
            on_progress(table.name, done, total)


async def _pages(connection: AsyncConnection, table: SqlTable) -> AsyncIterator[Sequence[Row[Any]]]:
    result = await connection.stream(select(table).order_by(*table.primary_key))
    async for page in result.partitions(BATCH):
        yield page


async def _set_counters(target: AsyncEngine, tables: Sequence[SqlTable]) -> None:
    """Postgres counts ids by itself and does not look at the rows."""
    if _is_sqlite(target):
        return
    async with target.begin() as connection:
        for table in tables:
            counted = table.autoincrement_column
            if counted is None:
                continue
            named = await connection.scalar(
                text("SELECT pg_get_serial_sequence(:table, :counted)"),
                {"table": table.name, "counted": counted.name},
            )
            if named:
                newest = await connection.scalar(select(func.max(counted)))
                await connection.execute(
                    text("SELECT setval(:named, :newest, :used)"),
                    {"named": named, "newest": newest or 1, "used": newest is not None},
                )


async def _compare(reading: AsyncConnection, target: AsyncEngine, table: SqlTable) -> Moved:
    async with target.connect() as connection:
        here, there = await _measure(reading, table), await _measure(connection, table)
    if here != there:
        raise NotEqual(f"{table.name}: {here.rows} rows here, {there.rows} there")
    return here


async def _measure(connection: AsyncConnection, table: SqlTable) -> Moved:
    rows = total = 0
    async for page in _pages(connection, table):
        rows += len(page)
        for row in page:
            said = json.dumps([_plain(value) for value in row], ensure_ascii=True, sort_keys=True)
            total = (total + int.from_bytes(hashlib.sha256(said.encode()).digest())) % _WIDTH
    return Moved(table.name, rows, f"{total:064x}")


def _plain(value: object) -> object:
    """A value in a form that is the same from both databases."""
    match value:
        case bytes() | memoryview():
            return bytes(value).hex()
        case datetime():
            return value.isoformat(timespec="microseconds")
        case Enum():
            return value.value
        case float():
            return value.hex()
        case None | bool() | int() | str() | list() | dict():
            return value
    return str(value)
