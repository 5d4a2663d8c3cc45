"""The promise, counted beside plain python-telegram-bot: ``python -m tests.bench.promise [--kills 20]``.

Both are killed with -9 while three people write; both think for ten milliseconds about a message, and both
may live at last until nothing more comes. Offramp dies at named commits and sends every second time, which is
when it hurts most; the plain bot has no such points, and dies at random moments.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from pathlib import Path

from memory.sql.engine import open_engine, sqlite_url
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade
from tests.crash.killing import Tale, kill_and_count, zygote
from tests.fakes.door import RealClock
from tests.fakes.telegram import FakeTelegram

SEED = 20260401


async def count_ours(home: Path, kills: int, each: int) -> Tale:
    engine = open_engine(sqlite_url(home / "offramp.db"))
    await upgrade(engine)
    journal = Journal(engine, RealClock())
    async with FakeTelegram() as telegram, zygote(telegram, home) as bots:
        tale = await kill_and_count(
            telegram, bots, random.Random(SEED), kills=kills, each=each, journal=journal
        )
    await engine.dispose()
    return tale


async def count_plain(home: Path, kills: int, each: int) -> Tale:
    async with FakeTelegram() as telegram, zygote(telegram, home, plain=True) as bots:
        return await kill_and_count(telegram, bots, random.Random(SEED), kills=kills, each=each, journal=None)


def row(name: str, tale: Tale) -> None:
    in_flight = str(tale.in_flight or "not known")
    print(
        f"{name:22} {tale.kills:6} {tale.messages:9} {tale.count_lost():6} {tale.count_disordered():13} "
        f"{tale.count_doubled():11} {in_flight:>16}",
        flush=True,
    )


async def main(kills: int, each: int) -> None:
    print(f"{'':22} {'kills':>6} {'messages':>9} {'lost':>6} {'out of order':>13} {'read twice':>11} "
          f"{'sends in flight':>16}")  # fmt: skip
    with tempfile.TemporaryDirectory() as home:
        row("offramp", await count_ours(Path(home), kills, each))
    with tempfile.TemporaryDirectory() as home:
        row("python-telegram-bot", await count_plain(Path(home), kills, each))


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--each", type=int, default=10, help="messages before each kill")
    chosen = asked.parse_args()
    asyncio.run(main(chosen.kills, chosen.each))
