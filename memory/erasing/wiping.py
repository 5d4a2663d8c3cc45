"""Wipes what deleted rows leave behind in the database's own files."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, cast

from sqlalchemy.exc import DBAPIError

from memory.sql.engine import BUSY_TIMEOUT_MS

if TYPE_CHECKING:
    import aiosqlite
    from sqlalchemy.ext.asyncio import AsyncEngine

TRIES = 3
PATIENCE = 2.0  # seconds a try waits for other connections, inside SQLite; writers meanwhile wait up to ten

# What a later run mends: somebody else reads or writes, or there is no room for the copy.
_LATER = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL})


async def scrub(engine: AsyncEngine, *, tries: int = TRIES, patience: float = PATIENCE) -> bool:
    """Wipes what was deleted from the database's files. Call it after the commit, outside any transaction.

    SQLite overwrites deleted rows by itself (``secure_delete``), but its write-ahead log still holds the
    pages as they were: the log is moved into the file, the file is written anew without its free pages, and
    the log is cut to nothing. Postgres is asked to VACUUM; its log and its backups are its operator's.

    Args:
        engine: the journal's.
        tries: how often each step is tried while another connection is in its way.
        patience: seconds to wait for that connection, each time.

    Returns:
        Whether every step was done. Where it is False, nothing is lost and the next ``scrub`` completes it.
    """
    if engine.dialect.name == "sqlite":
        return await _scrub_sqlite(engine, tries, patience)
    return await _vacuum_postgres(engine)


async def _scrub_sqlite(engine: AsyncEngine, tries: int, patience: float) -> bool:
    async with engine.connect() as connection:
        # straight to the driver: SQLAlchemy would begin a transaction, in which neither of the two may run
        plain = cast("aiosqlite.Connection", (await connection.get_raw_connection()).driver_connection)
        await _run(plain, f"PRAGMA busy_timeout = {round(patience * 1000)}")
        try:
            steps = [
                await _insist(plain, step, tries)
                for step in ("PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
            ]
        finally:
            await _run(plain, f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    return all(steps)


async def _insist(plain: aiosqlite.Connection, step: str, tries: int) -> bool:
    """Whether the step was done, after at most so many tries."""
    for _ in range(tries):
        try:
            row = await _run(plain, step)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _LATER:
                raise
            continue
        if row is None or not row[0]:  # a checkpoint says in its first column that somebody was in its way
            return True
    return False


async def _run(plain: aiosqlite.Connection, statement: str) -> tuple[int, ...] | None:
    async with plain.execute(statement) as cursor:
        row = await cursor.fetchone()
    return tuple(row) if row else None


async def _vacuum_postgres(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        alone = await connection.execution_options(isolation_level="AUTOCOMMIT")
        try:
            await alone.exec_driver_sql("VACUUM (SKIP_LOCKED)")
        except DBAPIError:  # not allowed here: the database's own vacuum does it in its time
            return False
    return True
