"""A bot that is killed with -9 again and again while people talk to it, and what became of their words."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from memory.sql.journal import Journal
from memory.sql.outbox import count_outbox
from tests.crash.zygote import POINTS
from tests.fakes.telegram import FakeTelegram, Person

ROOT = Path(__file__).resolve().parents[2]
HEARD = "heard "
AT_MOST = 0.6  # seconds a bot lives when it is killed at random


@dataclass
class Zygote:
    """Starts bots; see ``tests.crash.zygote``."""

    process: asyncio.subprocess.Process
    telegram: FakeTelegram
    home: Path
    plain: bool = False

    async def start(self, *, point: str = "", nth: int = 1, after: bool = False) -> int:
        order = {
            "home": str(self.home),
            "url": self.telegram.url,
            "token": self.telegram.token,
            "plain": self.plain,
            "point": point,
            "nth": nth,
            "after": after,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return int(await self.process.stdout.readline())


@asynccontextmanager
async def zygote(telegram: FakeTelegram, home: Path, *, plain: bool = False) -> AsyncIterator[Zygote]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.zygote",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Zygote(process, telegram, home, plain)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def die(pid: int) -> None:
    """Kills, and waits until the kernel has taken the process away, and its lock on the database with it."""
    with suppress(ProcessLookupError):  # it may have been quicker
        os.kill(pid, signal.SIGKILL)
    await gone(pid)


async def gone(pid: int) -> None:
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(0.005)


@dataclass
class Tale:
    """What was said by whom, and how often the bot was killed.

    Attributes:
        points: how often a bot died at each named point; ``a random moment`` is one of them.
        in_flight: messages that were on their way when it died, counted over all kills.
    """

    people: list[Person]
    said: dict[int, list[str]] = field(default_factory=dict)
    points: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0

    @property
    def messages(self) -> int:
        return sum(len(words) for words in self.said.values())

    @property
    def kills(self) -> int:
        return self.points.total()

    def heard(self, person: Person) -> list[str]:
        """Every message that some reply answered, as often as the person read it."""
        texts = [message.text for message in person.bot_messages if message.text.startswith(HEARD)]
        return [line for text in texts for line in text.removeprefix(HEARD).split("\n")]

    def count_lost(self) -> int:
        return sum(len(set(self.said[person.id]) - set(self.heard(person))) for person in self.people)

    def count_doubled(self) -> int:
        """Replies that a person read once more."""
        texts = [[message.text for message in person.bot_messages] for person in self.people]
        return sum(len(read) - len(set(read)) for read in texts)

    def count_disordered(self) -> int:
        """Messages that were answered, the first time, after one that was said later."""
        breaks = 0
        for person in self.people:
            place = {words: number for number, words in enumerate(self.said[person.id])}
            order = [place[words] for words in dict.fromkeys(self.heard(person)) if words in place]
            breaks += sum(later < earlier for earlier, later in itertools.pairwise(order))
        return breaks


async def kill_and_count(
    telegram: FakeTelegram,
    bots: Zygote,
    chance: random.Random,
    *,
    kills: int,
    each: int,
    journal: Journal | None,
) -> Tale:
    """People talk, the bot dies; at last it may live until everything is answered, or nothing more comes.

    Args:
        telegram: where they talk.
        bots: who is killed.
        chance: seeded, so that the same happens every time.
        kills: how often; every second time at a named point, unless the bot is a plain one.
        each: messages before each start.
        journal: where what was in flight is read; None for a bot without one.
    """
    tale = Tale([telegram.person(name, language_code="en") for name in ("Ann", "Bo", "Cy")])
    tale.said = {person.id: [] for person in tale.people}
    points = [(point, after) for point in POINTS for after in (False, True)]
    chance.shuffle(points)
    for number in range(kills):
        for _ in range(each):
            person = chance.choice(tale.people)
            words = f"{person.name}-{len(tale.said[person.id])}"
            tale.said[person.id].append(words)
            await person.says(words)
        if journal is not None and number % 2 == 0:
            point, after = points[number // 2 % len(points)]
            telegram.updates.duplicate_next(number % 3)
            pid = await bots.start(point=point, nth=chance.randint(1, 2), after=after)
            await _live(pid, 2 * AT_MOST)
            where = f"{'after' if after else 'before'} {point}" if _is_gone(pid) else "a random moment"
        else:
            pid = await bots.start()
            await _live(pid, chance.uniform(0.05, AT_MOST))
            where = "a random moment"
        await die(pid)
        tale.points[where] += 1
        if journal is not None:
            tale.in_flight += (await count_outbox(journal)).get("sending", 0)
    last = await bots.start()
    with suppress(AssertionError):  # what is lost does not come
        await telegram.until(lambda: not tale.count_lost(), 60 if journal else 5, "every message answered")
    await die(last)
    return tale


async def _live(pid: int, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await gone(pid)


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
