"""kill -9, again and again: nothing that was accepted is lost, nothing is done twice, order is kept."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.sql.inbox import count_inbox
from memory.sql.journal import Journal
from memory.sql.tables import MessageRow, OutboxRow
from tests.fakes.door import RealClock
from tests.fakes.telegram import FakeTelegram, Person

ROOT = Path(__file__).resolve().parents[2]
KILLS = 12
MESSAGES = 120


@dataclass
class Zygote:
    """Starts bots; see ``tests.crash.zygote``."""

    process: asyncio.subprocess.Process
    telegram: FakeTelegram
    home: Path

    async def start(self, *, kill_at: int = 0, after: bool = False) -> int:
        order = {
            "home": str(self.home),
            "url": self.telegram.url,
            "token": self.telegram.token,
            "kill_at": kill_at,
            "after": after,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return int(await self.process.stdout.readline())


@asynccontextmanager
async def zygote(telegram: FakeTelegram, home: Path) -> AsyncIterator[Zygote]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.zygote",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Zygote(process, telegram, home)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it may have been quicker
        os.kill(pid, signal.SIGKILL)


async def gone(pid: int) -> None:
    """Waits until the kernel has taken the process away, and its lock on the database with it."""
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.005)


async def test_killed_at_commits_and_at_random_nothing_is_lost_doubled_or_disordered(
    sqlite_engine: AsyncEngine, tmp_path: Path
) -> None:
    chance = random.Random(20260401)  # the same kills every time
    journal = Journal(sqlite_engine, RealClock())
    async with FakeTelegram() as telegram, zygote(telegram, tmp_path) as bots:
        people = [telegram.person(name, language_code="en") for name in ("Ann", "Bo", "Cy")]
        said: dict[int, list[str]] = {person.id: [] for person in people}

        async def talk(share: int) -> None:
            for _ in range(share):
                person = chance.choice(people)
                words = f"{person.name}-{len(said[person.id])}"
                said[person.id].append(words)
                await person.says(words)

        for round_ in range(KILLS):
            at_commit = round_ % 2 == 0
            await talk(MESSAGES // KILLS)
            telegram.updates.duplicate_next(round_ % 3)
            pid = await bots.start(
                kill_at=chance.randint(1, 12) if at_commit else 0, after=chance.random() < 0.5
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(1.5 if at_commit else chance.uniform(0.05, 0.6)):
                    await gone(pid)
            kill(pid)
            await gone(pid)
        last = await bots.start()
        await telegram.until(lambda: has_heard_all(people, said), 60, "every message answered")
        kill(last)
        await gone(last)
        duplicates = await check(journal, people, said)
    sent = sum(len(words) for words in said.values())
    print(  # the count is the point
        f"{KILLS} kills, {sent} messages: 0 lost, 0 done twice, 0 disordered; {duplicates} replies read twice"
    )


def has_heard_all(people: list[Person], said: dict[int, list[str]]) -> bool:
    return all(set(said[person.id]) <= set(heard_by(person)) for person in people)


def heard_by(person: Person) -> list[str]:
    """Every message that some reply answered, as often as the person read it."""
    replies = [m.text.removeprefix("heard ") for m in person.bot_messages if m.text.startswith("heard ")]
    return [line for reply in replies for line in reply.split("\n")]


async def check(journal: Journal, people: list[Person], said: dict[int, list[str]]) -> int:
    """Compares what was said with what is stored, and with what was answered.

    Returns:
        How many replies a person read twice.
    """
    counted = await count_inbox(journal)
    assert counted.get("new", 0) == counted.get("dead", 0) == 0
    doubled = 0
    for person in people:
        user_id = await journal.find_user_id("telegram", str(person.id))
        async with journal.read() as db:
            stored = list(
                await db.scalars(
                    select(MessageRow.text)
                    .where(MessageRow.user_id == user_id, MessageRow.role == "user")
                    .order_by(MessageRow.id)
                )
            )
            replies = [
                payload["text"]
                for payload in await db.scalars(
                    select(OutboxRow.payload).where(OutboxRow.chat_id == person.id).order_by(OutboxRow.id)
                )
                if payload["text"].startswith("heard ")
            ]
        answered = [line for reply in replies for line in reply.removeprefix("heard ").split("\n")]
        assert stored == said[person.id]  # nothing lost, nothing twice, in order
        assert answered == said[person.id]  # thought about once, in order
        assert list(dict.fromkeys(heard_by(person))) == said[person.id]  # read in order, sometimes twice
        read = [message.text for message in person.bot_messages if message.text.startswith("heard ")]
        doubled += len(read) - len(set(read))
    return doubled
