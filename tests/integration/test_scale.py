"""Past one machine: replicas take in, workers think and send, and a chat keeps its order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.schedule.distributed import Worker
from bot.settings import WrongSettings, load_settings
from bot.telegram.apart import ReplicaDoor, WorkerDoor
from bot.telegram.chat import Manner
from memory.sql.engine import QUEUE_SCHEMA, open_engine
from memory.sql.inbox import store_update
from memory.sql.journal import Journal
from memory.sql.waking import prepare_queue, sweeping, wake, wake_forgotten
from tests.conftest import FrozenClock
from tests.fakes.door import QUICK, Door, open_door
from tests.fakes.telegram import FakeTelegram, Person

BOT, CHAT = 123_456_789, 5


@pytest.fixture
async def queue(postgres_engine: AsyncEngine) -> AsyncEngine:
    """Postgres with an empty queue."""
    await prepare_queue(postgres_engine)
    async with postgres_engine.begin() as db:
        await db.execute(text(f"TRUNCATE {QUEUE_SCHEMA}.procrastinate_jobs CASCADE"))
    return postgres_engine


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@asynccontextmanager
async def house_of(
    telegram: FakeTelegram, engine: AsyncEngine, home: Path, workers: int, manner: Manner = QUICK
) -> AsyncIterator[list[Door]]:
    """One replica and some workers, each with its own connections to the same Postgres."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    async with AsyncExitStack() as stack:
        doors = []
        for part in (ReplicaDoor, *[WorkerDoor] * workers):
            own = open_engine(engine.url.render_as_string(hide_password=False))
            stack.push_async_callback(own.dispose)
            door = open_door(
                telegram,
                own,
                home,
                part=part,
                manner=manner,
                workers=True,
                webhook_url=url,
                webhook_listen=f"127.0.0.1:{port}",
            )
            doors.append(await stack.enter_async_context(door))
        yield doors


async def jobs(engine: AsyncEngine) -> list[tuple[str, str]]:
    async with engine.connect() as db:
        found = await db.execute(text("SELECT lock, status::text FROM procrastinate_jobs ORDER BY id"))
        return [(row.lock, row.status) for row in found]


async def test_a_replica_takes_in_and_a_worker_answers_in_order(
    queue: AsyncEngine, telegram: FakeTelegram, lin: Person, ann: Person, tmp_path: Path
) -> None:
    async with house_of(telegram, queue, tmp_path, workers=1) as (replica, worker):
        for number in range(4):
            await lin.says(f"/recall {number}")
            await ann.says(f"/recall {number}")
        for person in (lin, ann):
            await person.hears("heard /recall 3")
            assert [message.text for message in person.bot_messages] == [
                f"heard /recall {number}" for number in range(4)
            ]
        assert replica.coach.turns == []
        assert len(worker.coach.turns) == 8


async def test_with_two_workers_a_chat_keeps_its_order_and_everything_is_answered_once(
    queue: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    crowd = [telegram.person(f"P{number}", language_code="en") for number in range(6)]
    async with house_of(telegram, queue, tmp_path, workers=2) as (_, one, two):
        for number in range(5):
            for person in crowd:
                await person.says(f"/recall {number}")
        for person in crowd:
            await person.hears("heard /recall 4")
            assert [message.text for message in person.bot_messages] == [
                f"heard /recall {number}" for number in range(5)
            ]
        assert len(one.coach.turns) + len(two.coach.turns) == 30
        assert min(len(one.coach.turns), len(two.coach.turns)) > 0


async def test_messages_sent_in_a_row_are_one_turn_for_a_worker_too(
    queue: AsyncEngine, telegram: FakeTelegram, lin: Person, tmp_path: Path
) -> None:
    patient = Manner(moment=0.8, in_a_row=0.8, per_minute=1000)  # a busy machine brings them late
    async with house_of(telegram, queue, tmp_path, workers=1, manner=patient):
        for number in range(3):
            await lin.says(f"第{number}句")
        await lin.hears("heard 第0句\n第1句\n第2句")
        assert len(lin.bot_messages) == 1


async def test_an_update_and_its_job_are_stored_together_or_not_at_all(
    queue: AsyncEngine, clock: FrozenClock
) -> None:
    journal = Journal(queue, clock)
    async with journal.begin() as tx:
        await wake(tx, BOT, CHAT)
    assert await jobs(queue) == []
    async with journal.begin() as tx:
        await wake(tx, BOT, CHAT)
        await wake(tx, BOT, CHAT)
        await tx.commit()
    assert await jobs(queue) == [(f"chat:{BOT}:{CHAT}", "todo")] * 2


async def test_the_sweeper_reads_the_inbox_and_wakes_a_forgotten_chat_once(
    queue: AsyncEngine, clock: FrozenClock
) -> None:
    journal = Journal(queue, clock)
    async with journal.begin() as tx:
        await store_update(tx, bot_id=BOT, update_id=1, chat_id=CHAT, sender_id=CHAT, raw="{}")
        await tx.commit()
    assert await wake_forgotten(journal) == 0  # its own job may be about to come
    clock.passes(minutes=1)
    assert await wake_forgotten(journal) == 1
    assert await wake_forgotten(journal) == 0
    assert await jobs(queue) == [(f"chat:{BOT}:{CHAT}", "todo")]


async def test_the_jobs_of_a_dead_worker_are_given_back(queue: AsyncEngine, clock: FrozenClock) -> None:
    journal = Journal(queue, clock)
    async with journal.begin() as tx:
        await wake(tx, BOT, CHAT)
        await tx.db.execute(
            text("""WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat)
                VALUES (now() - interval '1 hour') RETURNING id)
                UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead""")
        )
        await tx.commit()
    settled: list[tuple[int, int]] = []

    async def settle(bot_id: int, chat_id: int) -> bool:
        settled.append((bot_id, chat_id))
        return True

    worker = Worker(journal, settle, lambda *_: None, grace=1.0)
    async with asyncio.TaskGroup() as group:
        working = group.create_task(worker.run())  # it sweeps as it begins
        await until(lambda: settled == [(BOT, CHAT)])
        await until_empty(queue)
        working.cancel()


async def test_of_two_sweepers_one_sweeps(queue: AsyncEngine, clock: FrozenClock) -> None:
    journal = Journal(queue, clock)
    async with journal.begin() as tx:
        await wake(tx, BOT, CHAT)
        await tx.db.execute(text("UPDATE procrastinate_jobs SET status = 'doing'"))  # of a worker long gone
        await tx.commit()
    worker = Worker(journal, never_settle, lambda *_: None, grace=1.0)
    async with sweeping(journal) as alone:
        assert alone
        assert await worker.sweep() == 0
    assert await worker.sweep() == 1
    assert await jobs(queue) == [(f"chat:{BOT}:{CHAT}", "todo")]


async def never_settle(bot_id: int, chat_id: int) -> bool:
    raise AssertionError


async def test_a_look_for_the_next_job_does_not_read_the_whole_burst(queue: AsyncEngine) -> None:
    async with queue.begin() as db:
        await db.execute(
            text("""INSERT INTO procrastinate_jobs (queue_name, task_name, lock)
                SELECT 'chats', 'drain', 'chat:' || n FROM generate_series(1, 2000) AS n""")
        )
        worker = await db.scalar(text("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id"))
    async with queue.begin() as db:
        count = text("""SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
            WHERE relname = 'procrastinate_jobs'""")
        before = await db.scalar(count)
        fetch = text("SELECT lock FROM procrastinate_fetch_job_v2(ARRAY['chats'], :worker)")
        assert await db.scalar(fetch, {"worker": worker}) == "chat:1"
        assert await db.scalar(count) - before < 20


async def test_a_worker_that_is_told_to_stop_gives_its_chat_to_another(
    queue: AsyncEngine, clock: FrozenClock
) -> None:
    journal = Journal(queue, clock)
    async with journal.begin() as tx:
        await wake(tx, BOT, CHAT)
        await tx.commit()
    begun = asyncio.Event()

    async def think_for_ever(bot_id: int, chat_id: int) -> bool:
        begun.set()
        await asyncio.Event().wait()
        return True

    worker = Worker(journal, think_for_ever, lambda *_: None, grace=0.05)
    async with asyncio.TaskGroup() as group:
        working = group.create_task(worker.run())
        await begun.wait()
        working.cancel()
    assert await jobs(queue) == [(f"chat:{BOT}:{CHAT}", "todo")]


async def test_the_queue_is_made_once_and_made_anew_for_another_version(queue: AsyncEngine) -> None:
    assert await prepare_queue(queue) is False
    async with queue.begin() as db:
        await db.execute(text(f"COMMENT ON SCHEMA {QUEUE_SCHEMA} IS 'procrastinate 1.0'"))
    first, second = await asyncio.gather(prepare_queue(queue), prepare_queue(queue))
    assert sorted((first, second)) == [False, True]


@pytest.mark.parametrize(
    ("missing", "settings"),
    [
        ("OFFRAMP_WORKERS", {"workers": False}),
        ("OFFRAMP_DATABASE_URL", {"workers": True}),
        ("OFFRAMP_TELEGRAM_TOKEN", {"workers": True, "database_url": "postgresql+psycopg://a@b/c"}),
    ],
)
async def test_a_worker_says_what_it_lacks(missing: str, settings: dict[str, object], tmp_path: Path) -> None:
    from bot.commands.talk import work

    with pytest.raises(WrongSettings, match=missing):
        await work(load_settings(_env_file=None, home=tmp_path, **settings))


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.02)


async def until_empty(queue: AsyncEngine) -> None:
    async with asyncio.timeout(10):
        while await jobs(queue):
            await asyncio.sleep(0.02)
