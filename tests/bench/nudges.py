"""Figures of the schedule: ``python -m tests.bench.nudges [--users 100000] [--years 5] [--zones 600]``.

First every IANA zone through the years, checked evening by evening; then a whole town due in one hour,
planned on SQLite with full durability, beside the floor: the bare insert of the same outbox rows.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import sqlite3
import tempfile
import time as wall
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bot.ticks import BATCH, Ticks
from coaching.coach import Answer
from coaching.hours import DAY
from coaching.model import Turn
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade
from memory.sql.nudges import Post
from memory.sql.tables import IdentityRow, MessageRow, NudgePlanRow, OutboxRow, UserRow
from tests.properties.test_nudge_times import HOURS, NO_QUIET, QUIET, ZONES, check_every_date, somebody

EVENING = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)  # 21:00 in Shanghai
MESSAGES, NUDGES = 6, 3  # what each person has behind them
DURABLE_INSERTS = 2_000


class Stopped:
    def now(self) -> datetime:
        return EVENING


async def think(turn: Turn) -> Answer:
    raise AssertionError("planning makes no words")


# --- every zone ---------------------------------------------------------------------------------------------


def walk_the_world(years: int, zones: int) -> None:
    first = date(2025, 1, 1)
    days = (first.replace(year=first.year + years) - first).days
    began = wall.perf_counter()
    evenings = sum(
        check_every_date(somebody(zone, hour, quiet), first, days)
        for zone in ZONES[:zones]
        for hour in HOURS
        for quiet in (QUIET, NO_QUIET)
    )
    took = wall.perf_counter() - began
    hours = ", ".join(f"{hour:%H:%M}" for hour in HOURS)
    print(f"{len(ZONES[:zones])} zones x {years} years x {hours} x quiet hours on and off:")
    print(f"  {evenings:,} evenings, exactly one for each local date, none in quiet hours ({took:.0f} s)")


# --- one town, one hour -------------------------------------------------------------------------------------


def build_town(path: Path, users: int) -> None:
    """People with some talk and some nudges behind them, all due at the same moment."""

    async def build() -> None:
        engine = open_engine(sqlite_url(path))
        await upgrade(engine)
        journal = Journal(engine, Stopped())
        for start in range(1, users + 1, 5_000):
            await settle_town(journal, range(start, min(start + 5_000, users + 1)))
        await engine.dispose()

    asyncio.run(build())


async def settle_town(journal: Journal, users: range) -> None:
    async with journal.begin() as tx:
        for table, rows in {
            UserRow: [person(n) for n in users],
            IdentityRow: [identity(n) for n in users],
            NudgePlanRow: [plan(n) for n in users],
            MessageRow: [message(n, ago) for n in users for ago in range(MESSAGES, 0, -1)],
            OutboxRow: [nudge(n, ago) for n in users for ago in range(NUDGES, 0, -1)],
        }.items():
            await tx.db.execute(insert(table), rows)
        await tx.commit()


def person(n: int) -> dict[str, Any]:
    quiet = {"quiet_from": time(22, 30), "quiet_to": time(8)}
    zone = {"zone": "Asia/Shanghai", "evening": time(21)}
    return {"id": n, "language": "zh", "created_at": EVENING - 30 * DAY, **zone, **quiet}


def identity(n: int) -> dict[str, Any]:
    return {"door": "telegram", "external_id": str(10**6 + n), "user_id": n, "created_at": EVENING}


def plan(n: int) -> dict[str, Any]:
    rhythm = {"local_time": time(21), "zone": "Asia/Shanghai", "days": "1234567"}
    return {"user_id": n, "kind": "evening", "next_due_at": EVENING, **rhythm}


def message(n: int, ago: int) -> dict[str, Any]:
    said_at = EVENING - ago * timedelta(hours=20)
    return {
        "user_id": n,
        "role": "coach" if ago % 2 else "user",
        "channel": "message",
        "text": "今天把周报自动化做了一半",
        "language": "zh",
        "said_at": said_at,
        "said_on": said_at.date(),
        "origin": f"u77:{n}:{ago}",
    }


def nudge(n: int, ago: int) -> dict[str, Any]:
    at = EVENING - ago * DAY
    return {
        "key": f"nudge:{n}:{at.date()}",
        "user_id": n,
        "door": "telegram",
        "bot_id": 77,
        "chat_id": 10**6 + n,
        "kind": "checkin",
        "class_": "may",
        "payload": {"event": "evening_checkin", "at": at.isoformat(), "late": False},
        "state": "sent",
        "next_at": at,
        "sent_at": at,
        "created_at": at,
    }


async def plan_town(folder: Path, users: int) -> float:
    path = folder / f"town-{users}.db"
    # in a process of its own, so that its memory is not taken for ours
    builder = multiprocessing.get_context("spawn").Process(target=build_town, args=(path, users))
    builder.start()
    builder.join()
    engine = open_engine(sqlite_url(path))
    ticks = Ticks(Journal(engine, Stopped()), think, Post("telegram", 77))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, began_cpu = wall.perf_counter(), wall.process_time()
    done = await ticks.tick(EVENING)
    took, took_cpu = wall.perf_counter() - began, wall.process_time() - began_cpu
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert done.queued == users
    began = wall.perf_counter()
    assert (await ticks.tick(EVENING)).queued == 0
    idle = wall.perf_counter() - began
    await engine.dispose()
    print(
        f"  {users:>7,} due: {took:6.1f} s, {1000 * took / users:.2f} ms each"
        f" ({1000 * took_cpu / users:.2f} ms of CPU),"
        f" {users / took:7,.0f} a second,"
        f" memory +{grown / 1024:.0f} MB; the tick after it {1000 * idle:.0f} ms"
    )
    return took / users


def find_floor(folder: Path, rows: int) -> None:
    """The same rows into the same table, with the same durability, and nothing else."""
    with closing(sqlite3.connect(folder / f"town-{rows}.db", isolation_level=None)) as db:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            db.execute(f"PRAGMA {pragma}")
        like = db.execute("SELECT * FROM outbox LIMIT 1")
        names = [column[0] for column in like.description]
        row = dict(zip(names, like.fetchone(), strict=True)) | {"id": None}
        command = f"INSERT INTO outbox ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"

        def insert_each(keys: range, batch: int) -> float:
            began = wall.perf_counter()
            for start in range(keys.start, keys.stop, batch):
                db.execute("BEGIN IMMEDIATE")
                for n in range(start, min(keys.stop, start + batch)):
                    db.execute(command, tuple((row | {"key": f"floor:{n}"}).values()))
                db.execute("COMMIT")
            return 1000 * (wall.perf_counter() - began) / len(keys)

        batched = insert_each(range(rows), BATCH)
        single = insert_each(range(rows, rows + DURABLE_INSERTS), 1)
    print(f"  floor, one bare insert each: {batched:.3f} ms in the same batches of {BATCH},")
    print(f"  {single:.2f} ms where each is made durable by itself")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--users", type=int, default=100_000)
    asked.add_argument("--years", type=int, default=5)
    asked.add_argument("--zones", type=int, default=len(ZONES))
    given = asked.parse_args()
    walk_the_world(given.years, given.zones)
    print(
        f"Planning on SQLite, synchronous=FULL, {MESSAGES} messages and {NUDGES} nudges behind each person:"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = [size for size in (1_000, 10_000) if size < given.users]
        each = [asyncio.run(plan_town(folder, size)) for size in (*sizes, given.users)]
        print(f"  the cost of one, from the smallest town to the largest: x {each[-1] / each[0]:.2f}")
        find_floor(folder, given.users)


if __name__ == "__main__":
    main()
