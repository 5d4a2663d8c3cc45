"""What a language model costs in time beside itself: ``python -m tests.bench.chain``.

The overhead is a draft through the chain minus the bare client's call to the same server with the same
request, both timed in turn in one run. Then every fault: how long until the playbook has answered, the first
time and the fourth. Nothing is asserted, machines are noisy.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from openai import AsyncOpenAI

from coaching.intent import Intent
from coaching.lenses import LensReader
from coaching.model import Scene, Turn
from coaching.reading import Reading, read_turn
from coaching.responders.chain import ChainResponder, open_model
from coaching.responders.fallback import FallbackResponder
from coaching.responders.playbook import PlaybookResponder
from coaching.showing import Showing
from tests.conftest import FrozenClock
from tests.fakes.openai import Answer, FakeOpenAI
from tests.fakes.openai.budget import NoLimit
from tests.fakes.openai.honest import answer_honestly, fill_parts
from tests.fakes.turns import WEDNESDAY, said, scene

SAID = "需求是产品的，排期是项目经理的，只有bug是我的。"
RUNS = 100
DEADLINE = 2.0  # seconds; the default is 20, and nobody wants to wait for that here
LIE = Answer(arguments=fill_parts(SAID) | {"reflection": "「我受够了」，上个月你也这么说过，也许是时候了。"})
FAULTS = {
    "prose": Answer(text="That sounds hard."),
    "wrong quote, twice": LIE,
    "refusal": Answer(refusal="no"),
    "429, retry after 30 s": Answer(status=429, retry_after=30),
    "500": Answer(status=500),
    "cut connection": Answer(arguments=fill_parts(SAID), cut=True),
    "huge answer": Answer(text="{" * 3_000_000),
    "unicode garbage": Answer(arguments=fill_parts(SAID) | {"reflection": "\u202e\ufffd\u0336" * 90}),
    "hang": Answer(hang=60),
    "drip": Answer(arguments=fill_parts(SAID), drip=0.2),
}


async def timed(body: Callable[[], Awaitable[object]]) -> float:
    """Seconds."""
    start = time.perf_counter()
    await body()
    return time.perf_counter() - start


async def main() -> None:
    """Prints every figure."""
    turn = said(SAID)
    reading = read_turn(turn, Intent.COACH, LensReader().read(turn.text, turn.language))
    known: Scene = scene()
    async with FakeOpenAI(answer_honestly) as fake:
        model = open_model("openai:fake", base_url=fake.base_url)
        chain = ChainResponder(model, NoLimit())
        await compare("whole", fake, lambda: chain.draft(turn, known, reading))
        await compare("streamed", fake, lambda: chain.draft(shown(turn), known, reading))
        print()
        print(
            f"{'fault (deadline ' + str(DEADLINE) + ' s)':32} {'first':>9} {'fourth':>9}   the fourth meets"
        )
        for name, fault in FAULTS.items():
            await tell(name, fault, fake, chain, reading)


def shown(turn: Turn) -> Turn:
    """The same turn at a door that shows a reply as it comes."""
    showing = Showing(lambda _: None)
    showing.open()
    return replace(turn, showing=showing)


async def compare(name: str, fake: FakeOpenAI, draft: Callable[[], Awaitable[object]]) -> None:
    """A draft beside the bare client with the same request."""
    await draft()
    request = fake.asked[-1].body
    async with AsyncOpenAI(base_url=fake.base_url, api_key="none", max_retries=0) as client:

        async def call() -> None:
            answer = await client.chat.completions.create(**request)
            if request.get("stream"):
                async for _ in answer:
                    pass

        bare, ours = [], []
        for _ in range(RUNS):
            bare.append(await timed(call))
            ours.append(await timed(draft))
    print(f"one call, {name}, {RUNS} runs, p50: bare client {statistics.median(bare) * 1e3:.1f} ms,", end=" ")
    print(f"through the chain {statistics.median(ours) * 1e3:.1f} ms,", end=" ")
    print(f"overhead {(statistics.median(ours) - statistics.median(bare)) * 1e3:.1f} ms")


async def tell(name: str, fault: Answer, fake: FakeOpenAI, chain: ChainResponder, reading: Reading) -> None:
    """Four answers under one fault."""
    fake.says = lambda _: fault
    turn = said(SAID)
    coach = FallbackResponder(chain, PlaybookResponder(), FrozenClock(WEDNESDAY), deadline=DEADLINE)
    taken = [await timed(lambda: coach.draft(turn, scene(), reading)) for _ in range(4)]
    meets = (
        "an open breaker" if coach.is_resting else "the model again: it answers, and what it says is checked"
    )
    print(f"{name:32} {taken[0]:8.3f}s {taken[3]:8.3f}s   {meets}")


if __name__ == "__main__":
    asyncio.run(main())
