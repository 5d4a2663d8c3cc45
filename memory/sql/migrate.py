"""Brings a database to the version this program knows, and refuses one that is ahead of it."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from memory.errors import NewerDatabase
from memory.sql.engine import WRITING

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine

_MIGRATING = 7_155_300  # the advisory lock under which one process migrates


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("memory.sql") / "migrations"))
    return config


def _upgrade(connection: Connection, config: Config, to: str) -> str | None:
    current = MigrationContext.configure(connection).get_current_revision()
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head() if to == "head" else to
    if current == head:
        return None
    if current is not None and current not in {revision.revision for revision in script.walk_revisions()}:
        raise NewerDatabase(current)
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    return head


async def upgrade(engine: AsyncEngine, *, to: str = "head") -> str | None:
    """Runs the migrations that are missing, in one transaction.

    Args:
        engine: the database.
        to: the version to reach, the newest unless a test asks for an older one.

    Returns:
        The version reached, or None when there was nothing to do.

    Raises:
        NewerDatabase: the database was made by a later Offramp.
    """
    async with engine.connect() as connection:
        writing = await connection.execution_options(**WRITING)
        async with writing.begin():
            if (
                engine.dialect.name == "postgresql"
            ):  # replicas start together; SQLite has one writer at a time
                await writing.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
            return await writing.run_sync(_upgrade, _config(), to)
