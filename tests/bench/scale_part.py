"""One process of ``tests.bench.scale``: ``python -m tests.bench.scale_part replica|worker|tick|nothing``.

Everything is real but the coach, who echoes, and Telegram's pace, which would be all there is to measure.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta

from procrastinate import App, PsycopgConnector

from bot.schedule.distributed import IN_HAND, POLL
from bot.settings import Settings, load_settings
from bot.telegram.apart import ReplicaDoor, WorkerDoor
from bot.telegram.app import run_telegram
from bot.telegram.chat import Manner
from bot.telegram.sending.pace import Pace
from bot.ticks import Ticks
from coaching.model import Turn
from coaching.parts import Draft
from memory.recall import open_recall
from memory.sql.engine import QUEUE_SCHEMA, open_engine
from memory.sql.journal import Journal
from memory.sql.nudges import Post
from memory.sql.waking import conninfo
from tests.bench.nudges import EVENING, Stopped, think
from tests.fakes.door import RealClock, ScriptedCoach, make_house

AT_ONCE = Manner(moment=0.0, in_a_row=0.0, per_minute=1_000_000)
NOTHING = "nothing"


async def stand(settings: Settings, part: type[ReplicaDoor | WorkerDoor]) -> None:
    engine = open_engine(settings.database)
    recall = open_recall(
        engine,
        settings.home,
        embedder=settings.embedder,
        chroma_url=settings.chroma_url or None,
        clock=RealClock(),
    )
    await recall.start()
    house = make_house(engine, settings, ScriptedCoach(_think), recall=recall)
    pace = Pace(per_second=100_000, per_chat=timedelta(0))
    await run_telegram(house, settings, manner=AT_ONCE, pace=pace, open_door=part)
    await recall.close()
    await engine.dispose()


async def _think(_: Turn) -> Draft | None:
    """Waits as long as a language model would; then it is echoed."""
    await asyncio.sleep(float(os.environ.get("THINKING", "0")))  # noqa: TID251  # told by the bench
    return None


async def tick(settings: Settings) -> None:
    """Plans everybody's evening, beside another process that does the same."""
    engine = open_engine(settings.database)
    done = await Ticks(Journal(engine, Stopped()), think, Post("telegram", 77)).tick(EVENING)
    print(done.queued, flush=True)
    await engine.dispose()


async def do_nothing(settings: Settings) -> None:
    """Nothing but procrastinate, with a task that does nothing: the most that any worker can reach."""
    engine = open_engine(settings.database)
    app = App(
        connector=PsycopgConnector(
            conninfo=conninfo(engine),
            kwargs={"options": f"-c search_path={QUEUE_SCHEMA}"},
            min_size=1,
            max_size=6,
        )
    )

    @app.task(name=NOTHING, queue=NOTHING)
    async def nothing(bot_id: int, chat_id: int) -> None:
        pass

    async with app.open_async():
        await app.run_worker_async(
            queues=[NOTHING],
            concurrency=IN_HAND,
            fetch_job_polling_interval=POLL,
            delete_jobs="always",
            install_signal_handlers=True,
        )


async def main(role: str) -> None:
    settings = load_settings(_env_file=None)
    settings.home.mkdir(parents=True, exist_ok=True)
    match role:
        case "replica":
            await stand(settings, ReplicaDoor)
        case "worker":
            await stand(settings, WorkerDoor)
        case "tick":
            await tick(settings)
        case "nothing":
            await do_nothing(settings)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
