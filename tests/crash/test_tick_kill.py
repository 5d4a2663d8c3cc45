"""kill -9 between every two steps of a tick and of what it leads to, and two processes that tick at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from bot.ticks import Ticks
from coaching.coach import Answer
from coaching.model import Turn
from coaching.parts import Draft, Question, Reply, ReplyKind
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.journal import Journal
from memory.sql.nudges import Post
from memory.sql.outbox import mark_sent
from memory.sql.tables import MessageRow, NudgePlanRow, OutboxRow

POST = Post("telegram", 77)
NOON = datetime(2026, 4, 1, 4, tzinfo=UTC)  # in Shanghai
EVENING = datetime(2026, 4, 1, 13, 0, 10, tzinfo=UTC)
PEOPLE = 2
AT_ONCE = 4  # lives side by side, each with a database of its own; most of one waits for the disk


@dataclass
class Stopped:
    at: datetime

    def now(self) -> datetime:
        return self.at


async def think(turn: Turn) -> Answer:
    return Answer(Reply(Draft(ReplyKind.CHECKIN, "en", (Question("How far is it?"),))))


async def live(path: Path, wire: Path, *, kill_at: int) -> None:
    """One life of the process: a tick, and everything that is queued goes over the wire.

    Args:
        path: The database.
        wire: What arrived, one key a line.
        kill_at: The step after which kill -9 comes; 0 for never.
    """
    engine = open_engine(sqlite_url(path))
    steps = count(1)

    def step(*_: object) -> None:
        if next(steps) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("SELECT"):  # a kill after reading finds what a kill before it finds
            step()

    event.listen(engine.sync_engine, "after_cursor_execute", executed)
    event.listen(engine.sync_engine, "commit", step)
    journal = Journal(engine, Stopped(EVENING))
    ticks = Ticks(journal, think, POST, batch=1)
    async with journal.begin() as tx:  # a may that was on its way is never sent again
        await tx.db.execute(update(OutboxRow).where(OutboxRow.state == "sending").values(state="unknown"))
        await tx.commit()
    await ticks.tick(EVENING)
    async with journal.read() as db:
        waiting = list(await db.scalars(select(OutboxRow).where(OutboxRow.state == "queued")))
    for row in waiting:
        payload = await ticks.prepare(row.id, EVENING)
        assert payload is not None
        async with journal.begin() as tx:
            await tx.db.execute(update(OutboxRow).where(OutboxRow.id == row.id).values(state="sending"))
            await tx.commit()
        step()
        with wire.open("a") as line:
            line.write(f"{row.key}\n")
        step()
        async with journal.begin() as tx:
            await mark_sent(tx, row.id)
            await tx.commit()
    await engine.dispose()
    step()
    if kill_at:
        os._exit(0)  # it came to its end before the kill


def live_and_die(path: Path, wire: Path, kill_at: int) -> None:
    asyncio.run(live(path, wire, kill_at=kill_at))


@pytest.fixture
def database(_template: Path, tmp_path: Path) -> Path:
    """Two people, planned at noon for the evening."""
    path = tmp_path / "planned.db"
    shutil.copy(_template, path)

    async def fill() -> None:
        engine = open_engine(sqlite_url(path))
        journal = Journal(engine, Stopped(NOON))
        async with journal.begin() as tx:
            for number in range(PEOPLE):
                await tx.add_user("telegram", str(1001 + number), language="en", zone="Asia/Shanghai")
            await tx.commit()
        await Ticks(journal, think, POST).tick(NOON)
        async with engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        await engine.dispose()

    asyncio.run(fill())
    return path


def read(wire: Path) -> list[str]:
    return wire.read_text().split() if wire.exists() else []


async def check(path: Path, wire: Path) -> int:
    """Nothing doubled and nothing lost; gives how many are in doubt."""
    engine = open_engine(sqlite_url(path))
    journal = Journal(engine, Stopped(EVENING))
    async with journal.read() as db:
        rows = {row.key: row.state for row in await db.scalars(select(OutboxRow))}
        due = set(await db.scalars(select(NudgePlanRow.next_due_at)))
        lines = [origin or "" for origin in await db.scalars(select(MessageRow.origin))]
    await engine.dispose()
    keys = [f"nudge:{number}:{date(2026, 4, 1)}" for number in range(1, PEOPLE + 1)]
    arrived = read(wire)
    assert sorted(rows) == sorted(keys) == sorted(lines)
    assert len(arrived) == len(set(arrived))
    assert due == {datetime(2026, 4, 2, 13, tzinfo=UTC)}
    in_doubt = [key for key, state in rows.items() if state == "unknown"]
    assert {key for key, state in rows.items() if state == "sent"} | set(in_doubt) == set(keys)
    assert {key for key, state in rows.items() if state == "sent"} <= set(arrived)
    return len(in_doubt)


def test_kill_9_after_any_step_loses_and_doubles_nothing(
    children: ForkServerContext, database: Path, tmp_path: Path
) -> None:
    doubts: list[int] = []
    for first in count(1, AT_ONCE):
        lives = [(tmp_path / f"{n}.db", tmp_path / f"{n}.wire", n) for n in range(first, first + AT_ONCE)]
        running = [children.Process(target=live_and_die, args=life) for life in lives]
        for (path, _, _), child in zip(lives, running, strict=True):
            shutil.copy(database, path)
            child.start()
        for (path, wire, _), child in zip(lives, running, strict=True):
            child.join()
            if child.exitcode == -signal.SIGKILL:
                asyncio.run(live(path, wire, kill_at=0))
                doubts.append(asyncio.run(check(path, wire)))
        if running[-1].exitcode == 0:  # it came to its end before the kill
            break
    assert {child.exitcode for child in running} <= {0, -signal.SIGKILL}
    assert len(doubts) > 30, "the steps of a tick, of the words and of the sending"
    # in doubt is only what was on its way: between saying so and having heard that it arrived
    assert max(doubts) == 1
    assert doubts.count(1) <= 6 * PEOPLE


def test_two_processes_that_tick_at_once_double_nothing(
    children: ForkServerContext, database: Path, tmp_path: Path
) -> None:
    tickers = [children.Process(target=tick_only, args=(database,)) for _ in range(3)]
    for ticker in tickers:
        ticker.start()
    for ticker in tickers:
        ticker.join()
    assert [ticker.exitcode for ticker in tickers] == [0, 0, 0]
    wire = tmp_path / "wire"
    asyncio.run(live(database, wire, kill_at=0))
    assert asyncio.run(check(database, wire)) == 0
    assert len(read(wire)) == PEOPLE


def tick_only(path: Path) -> None:
    async def tick() -> None:
        engine = open_engine(sqlite_url(path))
        ticks = Ticks(Journal(engine, Stopped(EVENING)), think, POST, batch=1)
        for seconds in range(5):
            await ticks.tick(EVENING + timedelta(seconds=seconds))
        await engine.dispose()

    asyncio.run(tick())
