"""Opens the database the house stands on: SQLite in the home folder, or Postgres by URL."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from sqlite3 import OperationalError
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from memory.sql.trips import TripConnection

if TYPE_CHECKING:
    import aiosqlite
    from sqlalchemy.pool import ConnectionPoolEntry

# Writers take the lock when they begin: a reader that turns writer fails at once, whatever the timeout.
WRITING = {"offramp_writing": True}

BUSY_TIMEOUT_MS = 10_000
RESTED = 1.0  # seconds unused after which a connection to Postgres is asked whether it still stands
QUEUE_SCHEMA = "procrastinate"  # where the workers' queue stands in Postgres; see memory.sql.waking


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file."""
    return URL.create("sqlite+aiosqlite", database=str(path)).render_as_string(hide_password=False)


def open_engine(url: str) -> AsyncEngine:
    """An engine with the house's guarantees: foreign keys, WAL and full sync on SQLite, UTC on Postgres.

    Its errors never show a statement's values: they are what somebody wrote.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    return _open_postgres(parsed)


def _open_postgres(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        connect_args={"options": f'-c timezone=UTC -c search_path="$user",public,{QUEUE_SCHEMA}'},
    )

    # SQLAlchemy's own pre-ping asks at every use, which is one round trip of six while a worker is busy.
    @event.listens_for(engine.sync_engine, "checkin")
    def rest(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def ask(connection: Any, record: ConnectionPoolEntry, _used: object) -> None:  # noqa: ANN401  # a DB-API connection has no type
        if time.monotonic() - record.info.get("rests_since", time.monotonic()) < RESTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    return engine


def _open_sqlite(url: URL) -> AsyncEngine:
    async def connect() -> aiosqlite.Connection:
        return await TripConnection(url.database or ":memory:", BUSY_TIMEOUT_MS / 1000)

    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"), async_creator=connect, hide_parameters=True
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # noqa: ANN401  # a DB-API connection has no type
        connection.isolation_level = None  # we say BEGIN ourselves, below
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        # WAL stays with the file. While another process switches it on, asking fails at once, whatever the
        # timeout, and it is the other one who does it.
        with suppress(OperationalError):
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("offramp_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine
