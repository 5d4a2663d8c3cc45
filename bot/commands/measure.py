"""``offramp bench``: figures beside their floors. Ratios within one run; machines are noisy."""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert
from sqlalchemy import text as sql

from bot.terminal.door import TerminalDoor
from bot.wiring import House, open_house
from coaching.language import read_language
from coaching.model import Channel, Role
from memory.sql.tables import IndexOpRow, MessageRow

if TYPE_CHECKING:
    from bot.settings import Settings

REPEATS = 30

# what a person might write in a year, made of parts so that no two lines are alike
_OPENINGS = ("今天", "这周", "昨晚", "开会的时候", "下班路上", "Today", "This week", "On the way home")
_MIDDLES = (
    "又改了一版周报",
    "老板让我对齐排期",
    "想到那个小程序",
    "the deck went around again",
    "I asked Dana about pricing",
)
_ENDS = (
    "，没有人看。",
    "，可是决定不在我这里。",
    "，做完也没什么变化。",
    ", and nothing moved.",
    ", she said maybe.",
)


def make_line(number: int) -> str:
    """The ``number``-th line of a made-up diary."""
    opening = _OPENINGS[number % len(_OPENINGS)]
    middle = _MIDDLES[number // 3 % len(_MIDDLES)]
    return f"{opening} {middle} {number}{_ENDS[number // 7 % len(_ENDS)]}"


async def measure_recall(settings: Settings, file: Path) -> int:
    """Recall on a file in the plain format, beside other systems where they are installed."""
    from memory.recall.bench import bench_recall

    await bench_recall(file, embedder=settings.embedder)
    return 0


async def measure_reply(settings: Settings) -> int:
    """Prints reply times at 100 and 10,000 messages beside one embedding plus one transaction."""
    print(f"{'messages':>10} {'reply p50':>10} {'p95':>8} {'floor p50':>10} {'ratio':>6} {'memory MB':>10}")  # noqa: T201  # a bench prints
    for size in (100, 10_000):
        with tempfile.TemporaryDirectory(prefix="offramp-bench-") as folder:
            apart = settings.model_copy(update={"home": Path(folder), "database_url": "", "chroma_url": ""})
            async with open_house(apart) as house:
                await house.learned()
                await _measure_size(house, size)
    return 0


async def _measure_size(house: House, size: int) -> None:
    door = await TerminalDoor.open(house)
    await _fill(house, door.user.id, size)
    await house.recall.index_pending(door.user.id)
    await _say(door, "先热个身，今天很忙。")
    replies = [await _say(door, make_line(size + 100 + n)) for n in range(REPEATS)]
    floors = [await _floor(house, make_line(size + 900 + n)) for n in range(REPEATS)]
    reply, floor = statistics.median(replies), statistics.median(floors)
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(  # noqa: T201  # a bench prints
        f"{size:>10} {reply * 1000:>8.1f}ms {_p95(replies) * 1000:>6.1f}ms {floor * 1000:>8.1f}ms"
        f" {reply / floor:>6.2f} {used:>10.0f}"
    )


async def _fill(house: House, user_id: int, size: int) -> None:
    now = house.clock.now()
    rows = []
    for number in range(size):
        words = make_line(number)
        said_at = now - timedelta(hours=size - number)
        rows.append(
            {
                "user_id": user_id,
                "role": Role.USER,
                "channel": Channel.MESSAGE,
                "text": words,
                "language": read_language(words, fallback="zh"),
                "said_at": said_at,
                "said_on": said_at.date(),
                "safety": "none",
                "source": "",
                "dated": True,
            }
        )
    async with house.journal.begin() as tx:
        ids = await tx.db.scalars(insert(MessageRow).returning(MessageRow.id), rows)
        await tx.db.execute(
            insert(IndexOpRow), [{"user_id": user_id, "message_id": i, "op": "add"} for i in ids]
        )
        await tx.commit()


async def _say(door: TerminalDoor, words: str) -> float:
    """Seconds from a line entered to its reply on the screen."""
    start, shown_at = time.perf_counter(), 0.0
    await door.accept(words)
    async for _shown in door.answer():
        shown_at = time.perf_counter()
    return shown_at - start


async def _floor(house: House, words: str) -> float:
    """Seconds that no reply can do without: one embedding and one transaction that reaches the disk."""
    start = time.perf_counter()
    await asyncio.to_thread(house.recall.encode, [words])
    async with house.journal.begin() as tx:
        await tx.db.execute(sql("UPDATE users SET turns = turns"))
        await tx.commit()
    return time.perf_counter() - start


def _p95(values: list[float]) -> float:
    return sorted(values)[round(0.95 * (len(values) - 1))]
