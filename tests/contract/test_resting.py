"""Connections to Postgres that broke while nobody used them."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.sql import engine as engines
from memory.sql.engine import open_engine
from memory.sql.journal import Journal
from tests.conftest import FrozenClock


async def test_a_connection_that_broke_while_it_rested_is_made_anew(
    postgres_engine: AsyncEngine, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "RESTED", 0.0)
    engine = open_engine(postgres_engine.url.render_as_string(hide_password=False))
    journal = Journal(engine, clock)
    async with journal.read() as db:
        rested = await db.scalar(text("SELECT pg_backend_pid()"))
    async with postgres_engine.connect() as other:
        assert await other.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": rested})
    async with journal.begin() as tx:
        assert await tx.db.scalar(text("SELECT pg_backend_pid()")) != rested
        await tx.commit()
    await engine.dispose()


async def test_a_read_holds_no_transaction_open(postgres_engine: AsyncEngine, clock: FrozenClock) -> None:
    async with Journal(postgres_engine, clock).read() as db:
        reader = await db.scalar(text("SELECT pg_backend_pid()"))
        async with postgres_engine.connect() as other:
            state = text("SELECT state FROM pg_stat_activity WHERE pid = :pid")
            assert await other.scalar(state, {"pid": reader}) == "idle"
