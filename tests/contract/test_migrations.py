"""The migrations make exactly the tables the program knows, on both databases, and refuse a newer one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.errors import NewerDatabase
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.migrate import upgrade
from memory.sql.tables import Table


async def test_the_migrations_and_the_tables_agree(engine: AsyncEngine) -> None:
    def differences(connection: Connection) -> list[object]:
        if connection.dialect.name == "postgresql":  # the queue's tables have a schema of their own
            connection.exec_driver_sql("SET LOCAL search_path TO public")
        return list(compare_metadata(MigrationContext.configure(connection), Table.metadata))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_second_start_has_nothing_to_do(engine: AsyncEngine) -> None:
    assert await upgrade(engine) is None


async def test_a_database_from_a_newer_program_is_refused_and_left_alone(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        before = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(NewerDatabase, match="newer Offramp"):
            await upgrade(engine)
    finally:
        async with engine.begin() as connection:
            await connection.execute(
                text("UPDATE alembic_version SET version_num = :before"), {"before": before}
            )


async def test_two_starts_at_once_migrate_once(tmp_path: Path) -> None:
    engines = [open_engine(sqlite_url(tmp_path / "offramp.db")) for _ in range(3)]
    reached = await asyncio.gather(*(upgrade(engine) for engine in engines))
    assert len([version for version in reached if version]) == 1
    for engine in engines:
        await engine.dispose()


async def test_words_in_a_statement_stay_out_of_its_error(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(Exception, match="no_such_table") as caught:
            await connection.execute(text("SELECT * FROM no_such_table WHERE x = :x"), {"x": "canary-4711"})
    assert "canary" not in str(caught.value)


async def test_the_database_of_the_first_version_is_brought_along_with_what_is_in_it(tmp_path: Path) -> None:
    engine = open_engine(sqlite_url(tmp_path / "old.db"))
    await upgrade(engine, to="0001")
    async with engine.begin() as connection:
        columns = {row[1]: row for row in await connection.execute(text("PRAGMA table_info(users)"))}
        needed = {name: _any_value(row[2]) for name, row in columns.items() if row[3]}
        names, values = ", ".join(needed), ", ".join(f":{name}" for name in needed)
        await connection.execute(text(f"INSERT INTO users ({names}) VALUES ({values})"), needed)
    assert await upgrade(engine) is not None
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM users"))).scalar_one() == 1
        assert (await connection.execute(text("SELECT count(*) FROM token_use"))).scalar_one() == 0
    await engine.dispose()


def _any_value(kind: str) -> object:
    """Something that a column of this kind holds."""
    if "INT" in kind or "BOOL" in kind:
        return 1
    return {"DATETIME": "2026-04-01 00:00:00.000000", "TIME": "21:00:00.000000", "JSON": "[]"}.get(kind, "zh")
