"""``python -m tests.bench.recall_cost [SIZE …]``: what a recall costs beside its floors, as a history grows.

``10000`` is one person with so many messages, ``1000x100`` a thousand people with a hundred each.

The floor is one embedding and one Chroma query; below it stands exact NumPy search over the same vectors. The
history's vectors are made up, so that building it does not take an hour; the questions are really encoded.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.recall import RecallIndex, open_recall
from memory.recall.embedder import Model, load_model
from memory.recall.lexicon import concepts
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.migrate import upgrade
from tests.fakes.remembering import say, welcome

ASKED = 60
WIDTH = 384


class MadeUp:
    """Encodes questions for real and stored texts as random directions."""

    def __init__(self, real: Model) -> None:
        self.name = "made up"
        self._real = real
        self._chance = np.random.default_rng(0)

    def encode(self, texts: Sequence[str], *, query: bool) -> NDArray[np.float32]:
        if query:
            return self._real.encode(texts, query=True)
        made = self._chance.normal(size=(len(texts), WIDTH)).astype(np.float32)
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)

    def unreadable(self, text: str) -> float:
        return self._real.unreadable(text) if len(text) < 60 else 0.0


class _Clock:
    def now(self) -> datetime:
        return datetime(2026, 6, 1, tzinfo=UTC)


def line(chance: random.Random) -> str:
    """About twenty words; a few everyday ones and many rare ones, as people write."""
    common = [entry for entry, _ in concepts().english]
    rare = [f"word{int(chance.paretovariate(0.6)) % 30_000}" for _ in range(12)]
    return "I said " + " ".join(chance.sample([*chance.sample(common, 6), *rare], 18))


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds by the clock, each time, and of the processor, on average: what a busy machine leaves alone."""

    clock: list[float]
    processor: float

    def __str__(self) -> str:
        p50, p95 = np.percentile(self.clock, [50, 95]) * 1000
        return f"{p50:7.1f} {p95:7.1f} {self.processor * 1000:7.1f}"


async def timed(work: Callable[[int], object], times: int = ASKED) -> Taken:
    taken = []
    worked = process_time()
    for number in range(times):
        begun = perf_counter()
        made = work(number)
        if asyncio.iscoroutine(made):
            await made
        taken.append(perf_counter() - begun)
    return Taken(taken, (process_time() - worked) / times)


async def measure(model: Model, size: int, people: int) -> None:
    chance = random.Random(1)  # a made-up diary
    with tempfile.TemporaryDirectory(prefix="offramp-cost-") as folder:
        engine = open_engine(sqlite_url(Path(folder) / "journal.db"))
        await upgrade(engine)
        await welcome(engine, *range(1, people + 1))
        for user_id in range(1, people + 1):
            texts = [line(chance) for _ in range(size)]
            await say(engine, user_id, *texts, at=datetime(2020, 1, 1, tzinfo=UTC), apart=timedelta(hours=3))
        recall = open_recall(engine, Path(folder), clock=_Clock(), embedder=MadeUp(model))
        await recall.start()
        await recall.ready()
        begun = perf_counter()
        await recall.index_pending()
        indexing = people * size / (perf_counter() - begun)
        await report(recall, engine, model, size, people, indexing, chance)
        await recall.close()
        await engine.dispose()
        journal, index = (weigh(Path(folder) / name) for name in ("journal.db", "recall"))
        print(f"  on disk: journal with vectors {journal:.0f} MB, Chroma {index:.0f} MB", flush=True)


def weigh(path: Path) -> float:
    """Megabytes of a file with what stands beside it, or of a folder."""
    files = path.rglob("*") if path.is_dir() else path.parent.glob(f"{path.name}*")
    return sum(each.stat().st_size for each in files if each.is_file()) / 1e6


async def report(
    recall: RecallIndex,
    engine: AsyncEngine,
    model: Model,
    size: int,
    people: int,
    indexing: float,
    chance: random.Random,
) -> None:
    questions = [line(chance)[:60] for _ in range(ASKED)]
    who = [chance.randrange(people) + 1 for _ in range(ASKED)]
    keeper = recall._keeper  # the floor is Chroma's own query
    for user_id in set(who):
        await recall.recall(user_id, "warm")
    while not all(keeper.is_checked(user_id) for user_id in who):  # nothing tells
        await asyncio.sleep(0.05)
    asked = await timed(lambda n: recall.recall(who[n], questions[n], floor=0.0))

    def floor(number: int) -> None:
        vector = model.encode([questions[number]], query=True)[0]
        assert keeper.index is not None
        keeper.index.find(who[number], vector, 64)

    floors = await timed(lambda n: asyncio.to_thread(floor, n))
    alone = await timed(lambda n: asyncio.to_thread(model.encode, [questions[n]], query=True))
    matrix = MadeUp(model).encode([""] * size, query=False)
    exact = await timed(lambda n: np.argsort(-(matrix @ matrix[n % size])))

    async def write(number: int) -> None:
        at = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=number)
        await say(engine, who[number], questions[number], at=at)
        await recall.index_pending(who[number])

    written = await timed(write, 20)
    after = await timed(lambda n: recall.recall(who[n], questions[n], floor=0.0), 20)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    clock = np.percentile(asked.clock, 95) / np.percentile(floors.clock, 95)
    print(f"{people} people, {size} messages each: {indexing:.0f} indexed a second, {memory:.0f} MB")
    for name, each in (
        ("recall", asked),
        ("recall after writes", after),
        ("floor: embedding + Chroma", floors),
        ("one embedding", alone),
        ("exact numpy", exact),
        ("write and index", written),
    ):
        print(f"  {name:28} {each}")
    print(
        f"  recall / floor: p95 {clock:.2f}, processor {asked.processor / floors.processor:.2f}", flush=True
    )


async def main(sizes: Sequence[str]) -> None:
    model = load_model("packaged").model
    print("the history's vectors are made up, in random directions; the questions are really encoded")
    print(f"{'milliseconds':30} {'p50':>7} {'p95':>7} {'cpu':>7}")
    for size in sizes:
        people, _, each = size.rpartition("x")
        await measure(model, int(each), int(people or 1))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ["1000x100", "10000", "100000"]))
