"""kill -9 between ``sending`` and ``sent``: nothing is lost, and only what was on its way comes twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.sql.engine import sqlite_url
from memory.sql.journal import Journal
from memory.sql.outbox import Outgoing, count_outbox, queue
from tests.conftest import FrozenClock
from tests.crash.deliver_child import send_until_killed
from tests.fakes.telegram import FakeTelegram, Person, drop_after, hang


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2020, 1, 1, tzinfo=UTC))  # long before the child's own: all is due


@pytest.fixture
def journal(sqlite_engine: AsyncEngine, clock: FrozenClock) -> Journal:
    return Journal(sqlite_engine, clock)


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as server:
        yield server


class Sender:
    """Starts senders on one database, and kills them."""

    def __init__(self, children: ForkServerContext, database: Path, telegram: FakeTelegram) -> None:
        self._children = children
        self._arguments = (sqlite_url(database), telegram.token, telegram.base_url)

    @contextmanager
    def running(self) -> Iterator[None]:
        """A sender that is killed at the end of the block, wherever it is."""
        process = self._children.Process(target=send_until_killed, args=self._arguments)
        process.start()
        try:
            yield
        finally:
            process.kill()
            process.join()


@pytest.fixture
def sender(children: ForkServerContext, journal: Journal, tmp_path: Path, telegram: FakeTelegram) -> Sender:
    return Sender(children, tmp_path / "offramp.db", telegram)


async def put(
    journal: Journal, telegram: FakeTelegram, person: Person, text: str, *, must: bool = True
) -> None:
    bot_id = int(telegram.token.partition(":")[0])
    async with journal.begin() as tx:
        await queue(tx, Outgoing(text, "telegram", bot_id, person.id, "turn", {"text": text}, must=must))
        await tx.commit()


async def emptied(journal: Journal) -> None:
    """Waits until nothing is queued or on its way."""
    async with asyncio.timeout(20):
        while (await count_outbox(journal)).keys() & {"queued", "sending"}:
            await asyncio.sleep(0.02)  # the child tells nobody


@pytest.mark.parametrize(("arrived", "replies", "nudges"), [(False, 1, 0), (True, 2, 1)])
async def test_killed_while_a_message_is_on_its_way(
    journal: Journal, telegram: FakeTelegram, sender: Sender, *, arrived: bool, replies: int, nudges: int
) -> None:
    lin, kim = telegram.person("Lin"), telegram.person("Kim")
    await put(journal, telegram, lin, "reply")
    await put(journal, telegram, lin, "second")
    await put(journal, telegram, kim, "nudge", must=False)
    hanging = telegram.inject(hang(acts=arrived), "sendMessage", times=2)
    with sender.running():
        await telegram.called("sendMessage", times=2, within=20)
    assert await count_outbox(journal) == {"sending": 2, "queued": 1}
    hanging.stop()
    with sender.running():
        await emptied(journal)
    assert [message.text for message in lin.bot_messages] == ["reply"] * replies + ["second"]
    assert [message.text for message in kim.bot_messages] == ["nudge"] * nudges
    assert await count_outbox(journal) == {"sent": 2, "unknown": 1}


async def test_killed_at_any_moment_nothing_is_lost_and_order_is_kept(
    journal: Journal, telegram: FakeTelegram, sender: Sender
) -> None:
    people = [telegram.person(f"P{number}") for number in range(4)]
    for number in range(60):
        await put(journal, telegram, people[number % 4], f"{number:02}", must=number % 5 != 0)
    telegram.inject(drop_after(), "sendMessage", rate=0.03, times=None)
    moments = random.Random(7)  # when to kill, not a secret
    kills = 0
    for _ in range(3):
        with sender.running():
            calls = len(telegram.calls_of("sendMessage"))
            await telegram.called("sendMessage", times=calls + moments.randint(1, 8), within=20)
        kills += 1
    with sender.running():
        await emptied(journal)
    heard = Counter(message.text for person in people for message in person.bot_messages)
    musts = {f"{number:02}" for number in range(60) if number % 5}
    assert musts <= heard.keys()
    assert all(count == 1 for text, count in heard.items() if text not in musts)
    # a kill leaves at most one message a chat on its way
    doubles = heard.total() - len(heard)
    assert doubles <= kills * len(people) + telegram.faults.count()["drop after"]
    for person in people:
        texts = [message.text for message in person.bot_messages]
        assert texts == sorted(texts)
