"""A backup taken while somebody talks, and put back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.backup import AlreadyThere, InUse, NoBackup, back_up, restore
from memory.errors import NewerDatabase
from memory.moving import NotEmpty
from memory.recall.folders import Folders
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade
from memory.sql.tables import MessageRow
from tests.conftest import FrozenClock
from tests.fakes.diarist import Diarist

NOW = FrozenClock(datetime(2026, 4, 1, tzinfo=UTC))


def url_of(engine: AsyncEngine) -> str:
    return engine.url.render_as_string(hide_password=False)


async def count(database: str) -> int:
    engine = open_engine(database)
    async with engine.connect() as connection:
        found = await connection.scalar(select(func.count()).select_from(MessageRow))
    await engine.dispose()
    return found or 0


async def test_a_backup_taken_between_two_lines_holds_the_first(engine: AsyncEngine, tmp_path: Path) -> None:
    mei = await Diarist.welcome(Journal(engine, NOW))
    await mei.says("第一行")
    async with Journal(engine, NOW).begin() as tx:  # somebody is writing at this moment
        if engine.dialect.name == "postgresql":
            await tx.add_user("terminal", "other", language="en", zone="UTC")
        assert await back_up(url_of(engine), tmp_path / "night.backup") == 1
    await mei.says("第二行")
    restored = tmp_path / "home" / "offramp.db"
    restored.parent.mkdir()
    assert await restore(tmp_path / "night.backup", restored.parent, sqlite_url(restored)) is None
    assert await count(sqlite_url(restored)) == 1
    assert (tmp_path / "night.backup").stat().st_mode & 0o077 == 0


async def test_a_restore_puts_what_was_there_aside(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    mei = await Diarist.welcome(Journal(sqlite_engine, NOW))
    await mei.says("第一行")
    await back_up(url_of(sqlite_engine), tmp_path / "one")
    await mei.says("第二行")
    await sqlite_engine.dispose()
    aside = await restore(tmp_path / "one", tmp_path, url_of(sqlite_engine))
    assert aside is not None
    assert (await count(url_of(sqlite_engine)), await count(sqlite_url(aside))) == (1, 2)


async def test_a_backup_goes_into_an_empty_postgres_and_no_other(
    sqlite_engine: AsyncEngine, postgres_engine: AsyncEngine, tmp_path: Path
) -> None:
    await (await Diarist.welcome(Journal(sqlite_engine, NOW))).says("第一行")
    await back_up(url_of(sqlite_engine), tmp_path / "one")
    await restore(tmp_path / "one", tmp_path, url_of(postgres_engine))
    assert await count(url_of(postgres_engine)) == 1
    later = FrozenClock(datetime(2027, 4, 1, tzinfo=UTC))
    await Diarist.welcome(Journal(postgres_engine, later), "another")
    with pytest.raises(NotEmpty):
        await restore(tmp_path / "one", tmp_path, url_of(postgres_engine))


async def test_nothing_is_overwritten(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    (tmp_path / "one").write_text("mine")
    with pytest.raises(AlreadyThere):
        await back_up(url_of(sqlite_engine), tmp_path / "one")
    assert (tmp_path / "one").read_text() == "mine"


async def test_a_damaged_file_and_a_running_program_change_nothing(
    sqlite_engine: AsyncEngine, tmp_path: Path
) -> None:
    await (await Diarist.welcome(Journal(sqlite_engine, NOW))).says("第一行")
    (tmp_path / "broken").write_bytes(b"no database" * 100)
    with pytest.raises(NoBackup):
        await restore(tmp_path / "broken", tmp_path, url_of(sqlite_engine))
    await back_up(url_of(sqlite_engine), tmp_path / "one")
    running = Folders(tmp_path)
    assert running.claim()
    with pytest.raises(InUse):
        await restore(tmp_path / "one", tmp_path, url_of(sqlite_engine))
    running.release()
    assert await count(url_of(sqlite_engine)) == 1


async def test_a_backup_of_a_newer_program_is_refused(sqlite_engine: AsyncEngine, tmp_path: Path) -> None:
    async with sqlite_engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    await back_up(url_of(sqlite_engine), tmp_path / "later")
    engine = open_engine(sqlite_url(tmp_path / "mine.db"))
    await upgrade(engine)
    await engine.dispose()
    with pytest.raises(NewerDatabase):
        await restore(tmp_path / "later", tmp_path, sqlite_url(tmp_path / "mine.db"))
    assert await count(sqlite_url(tmp_path / "mine.db")) == 0
