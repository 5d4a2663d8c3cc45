"""How many updates a second workers settle, beside procrastinate with a task that does nothing.

All that is to be done waits before the workers begin, and the workers stand before it is given to them. What
an update costs is counted in CPU, because that is what bounds it: more cores settle more, until the one
sender or Telegram's own limit does.
"""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.telegram.intake import Intake
from bot.telegram.pairing import Gate
from memory.sql.engine import QUEUE_SCHEMA, open_engine
from memory.sql.journal import Journal
from memory.sql.tables import Table
from memory.sql.waking import QUEUE, wake
from tests.bench.scale_part import NOTHING
from tests.bench.scale_processes import Parts, count_postgres_cpu
from tests.fakes.door import RealClock
from tests.fakes.telegram import FakeTelegram

BOT = 123_456_789
PATIENCE = 300.0  # seconds until a rate is given up
JOBS = f"{QUEUE_SCHEMA}.procrastinate_jobs"
STANDING = text("SELECT count(*) FROM procrastinate_workers")


async def empty(url: str) -> None:
    engine = open_engine(url)
    names = ", ".join(f'"{table.name}"' for table in Table.metadata.sorted_tables)
    workers = f"{QUEUE_SCHEMA}.procrastinate_workers"
    async with engine.begin() as db:
        await db.execute(text(f"TRUNCATE {names}, {JOBS}, {workers} RESTART IDENTITY CASCADE"))
    await engine.dispose()


async def store(url: str, telegram: FakeTelegram, updates: int, chats: int) -> float:
    """Updates taken in with nobody at work yet, one transaction each. Returns how many a second."""
    engine = open_engine(url)
    journal = Journal(engine, RealClock())
    intake = Intake(journal, BOT, Gate(None), lambda _: None, defer=wake)
    crowd = [telegram.person(f"P{number}", language_code="en").user.id for number in range(chats)]
    began = time.perf_counter()
    for number in range(updates):
        who = {"id": crowd[number % chats], "is_bot": False, "first_name": "P", "language_code": "en"}
        chat = {"id": who["id"], "type": "private", "first_name": "P"}
        message = {
            "message_id": number + 1,
            "from": who,
            "chat": chat,
            "date": int(time.time()),
            "text": f"/recall {number}",
            "entities": [{"type": "bot_command", "offset": 0, "length": 7}],
        }
        await intake.take([{"update_id": 10**6 + number, "message": message}])
    took = time.perf_counter() - began
    await engine.dispose()
    return updates / took


async def settle_rate(
    parts: Parts, url: str, telegram: FakeTelegram, updates: int, workers: int, *, thinking: float
) -> str:
    """Everything settled and sent; ``thinking`` seconds of waiting for each, as for a language model."""
    await empty(url)
    taken = await store(url, telegram, updates, chats=min(updates, 1000))
    engine = open_engine(url)
    async with engine.connect() as plain:
        db = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await db.execute(text(f"UPDATE {JOBS} SET queue_name = 'held'"))
        for number in range(workers):
            await parts.part(f"w{number}", "worker", THINKING=str(thinking))
        await _wait(db, STANDING, workers)
        data = parts.folder / "postgres"
        before = parts.count_cpu(), count_postgres_cpu(data)
        began = time.perf_counter()
        await db.execute(text(f"UPDATE {JOBS} SET queue_name = '{QUEUE}'"))
        await _wait(db, text("SELECT count(*) FROM inbox WHERE state = 'new'"), 0)
        settled = time.perf_counter() - began
        await _wait(db, text("SELECT count(*) FROM outbox WHERE state <> 'sent'"), 0)
        sent = time.perf_counter() - began
        own, postgres = parts.count_cpu() - before[0], count_postgres_cpu(data) - before[1]
    await engine.dispose()
    await parts.stop(*[f"w{number}" for number in range(workers)])
    cost = f"workers {1000 * own / updates:4.1f} ms, Postgres {1000 * postgres / updates:4.1f} ms"
    return (
        f"taken in {taken:4.0f}/s by one, settled {updates / settled:5.1f}/s, sent {updates / sent:5.1f}/s;"
        f" CPU of an update: {cost}"
    )


async def nothing_rate(parts: Parts, url: str, jobs: int, workers: int) -> str:
    """What procrastinate does by itself, on its queue as it stands here."""
    await empty(url)
    engine = open_engine(url)
    async with engine.connect() as plain:
        db = await plain.execution_options(isolation_level="AUTOCOMMIT")
        await db.execute(
            text(
                f"INSERT INTO {JOBS} (queue_name, task_name, lock, args) "
                f"SELECT 'held', '{NOTHING}', 'chat:' || n % 1000, "
                f"jsonb_build_object('bot_id', 1, 'chat_id', n % 1000) FROM generate_series(1, {jobs}) AS n"
            )
        )
        for number in range(workers):
            await parts.part(f"n{number}", "nothing")
        await _wait(db, STANDING, workers)
        began = time.perf_counter()
        await db.execute(text(f"UPDATE {JOBS} SET queue_name = '{NOTHING}'"))
        await _wait(db, text(f"SELECT count(*) FROM {JOBS}"), 0)
        took = time.perf_counter() - began
    await engine.dispose()
    await parts.stop(*[f"n{number}" for number in range(workers)])
    return f"{jobs / took:5.0f}/s"


async def _wait(db: AsyncConnection, query: TextClause, wanted: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await db.scalar(query) != wanted:
            await asyncio.sleep(0.1)
