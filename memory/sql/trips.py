"""SQLite with one trip to its thread for a statement.

SQLAlchemy's cursor over aiosqlite goes there four times: to make a cursor, to execute, to fetch, to close.
Each trip wakes two threads; a reply of thirty statements spent half of its time on them.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Self

import aiosqlite

AT_ONCE = 256  # rows that come back with the statement; whoever streams more asks again

Row = Any  # a tuple, or whatever the row factory makes


class TripConnection(aiosqlite.Connection):
    """A connection whose ``BEGIN`` travels with the statement it begins for, which is where SQLite begins.

    Args:
        database: path of the file.
        timeout: seconds to wait for another writer.
    """

    def __init__(self, database: str, timeout: float) -> None:
        # a cursor is made without a trip; what it does is done in the one thread
        connect = partial(sqlite3.connect, database, timeout=timeout, check_same_thread=False)
        super().__init__(connect, iter_chunk_size=AT_ONCE)
        self._thread.daemon = True  # as SQLAlchemy does it
        self.begins = False

    def cursor(self) -> TripCursor:  # type: ignore[override]  # SQLAlchemy enters it, which costs no trip here
        return TripCursor(self, self._conn.cursor())

    async def commit(self) -> None:
        await self._end(super().commit)

    async def rollback(self) -> None:
        await self._end(super().rollback)

    async def _end(self, end: Callable[[], Awaitable[None]]) -> None:
        begun, self.begins = not self.begins, False
        if begun:
            await end()


class TripCursor(aiosqlite.Cursor):
    """Executes and fetches in one trip, unless there are more than ``AT_ONCE`` rows."""

    def __init__(self, connection: TripConnection, cursor: sqlite3.Cursor) -> None:
        super().__init__(connection, cursor)
        self._connection = connection
        self._rows: deque[Row] = deque()
        self._open = False

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        """Runs one statement; a plain ``BEGIN`` waits for the next one."""
        if sql == "BEGIN":
            self._connection.begins = True
            return self
        begins, self._connection.begins = self._connection.begins, False
        await self._go(self._run, sql, parameters or (), begins)
        return self

    def _run(self, sql: str, parameters: Any, begins: bool) -> None:  # noqa: ANN401  # a tuple, or a dict by name
        if begins:
            self._cursor.execute("BEGIN")
        self._cursor.execute(sql, parameters)
        self._rows = deque(self._cursor.fetchmany(AT_ONCE) if self._cursor.description else ())
        self._open = len(self._rows) == AT_ONCE

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        """Runs one statement for each set of parameters."""
        begins, self._connection.begins = self._connection.begins, False
        if begins:
            await self._go(self._cursor.execute, "BEGIN")
        await self._go(self._cursor.executemany, sql, parameters)
        return self

    async def fetchone(self) -> Row | None:
        return next(iter(await self.fetchmany(1)), None)

    async def fetchmany(self, size: int | None = None) -> list[Row]:
        size = size or self.arraysize
        if not self._rows and self._open:
            self._rows.extend(await self._go(self._cursor.fetchmany, size))
        return [self._rows.popleft() for _ in range(min(size, len(self._rows)))]

    async def fetchall(self) -> list[Row]:
        rest = await self._go(self._cursor.fetchall) if self._open else ()
        rows = [*self._rows, *rest]
        self._rows.clear()
        return rows

    async def close(self) -> None:
        if self._open:
            self._open = False
            await self._go(self._cursor.close)

    async def _go(self, function: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401  # whatever the call gives
        return await self._connection._execute(function, *arguments)  # type: ignore[no-untyped-call]  # aiosqlite says nothing of it
