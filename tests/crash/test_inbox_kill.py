"""kill -9, again and again: nothing that was accepted is lost, nothing is done twice, order is kept."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from memory.sql.inbox import count_inbox
from memory.sql.journal import Journal
from memory.sql.tables import MessageRow, OutboxRow, UsedTextRow
from tests.crash.killing import HEARD, Tale, kill_and_count, zygote
from tests.crash.zygote import POINTS
from tests.fakes.door import RealClock
from tests.fakes.telegram import FakeTelegram, Person

SEED = 20260401  # the same kills every time


async def test_killed_now_and_then_nothing_is_lost_doubled_or_disordered(
    sqlite_engine: AsyncEngine, tmp_path: Path
) -> None:
    await kill_and_check(sqlite_engine, tmp_path, kills=4)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_killed_a_hundred_times_nothing_is_lost_doubled_or_disordered(
    sqlite_engine: AsyncEngine, tmp_path: Path
) -> None:
    tale = await kill_and_check(sqlite_engine, tmp_path, kills=100)
    for point, times in sorted(tale.points.items()):
        print(f"  {times:3} × {point}")
    assert {name.partition(" ")[2] for name in tale.points} >= {*POINTS} - {"Desk.meet"}


async def kill_and_check(engine: AsyncEngine, home: Path, *, kills: int) -> Tale:
    journal = Journal(engine, RealClock())
    async with FakeTelegram() as telegram, zygote(telegram, home) as bots:
        tale = await kill_and_count(
            telegram, bots, random.Random(SEED), kills=kills, each=10, journal=journal
        )
        lost, disordered, doubled = tale.count_lost(), tale.count_disordered(), tale.count_doubled()
        await check_journal(journal, tale)
    print(  # the count is the point
        f"\n{tale.kills} kills, {tale.messages} messages: {lost} lost, {disordered} out of order, "
        f"effects once; {tale.in_flight} sends in flight, {doubled} replies read twice"
    )
    assert (lost, disordered) == (0, 0)
    assert doubled <= tale.in_flight
    return tale


async def check_journal(journal: Journal, tale: Tale) -> None:
    """What is stored, answered and done: each once and in order, whatever was read twice."""
    counted = await count_inbox(journal)
    assert counted.get("new", 0) == counted.get("dead", 0) == 0
    for person in tale.people:
        said = tale.said[person.id]
        assert await list_stored(journal, person) == said
        assert await list_answered(journal, person) == said
        assert await list_effects(journal, person) == said


async def list_stored(journal: Journal, person: Person) -> list[str]:
    user_id = await journal.find_user_id("telegram", str(person.id))
    mine = (MessageRow.user_id == user_id, MessageRow.role == "user")
    async with journal.read() as db:
        return list(await db.scalars(select(MessageRow.text).where(*mine).order_by(MessageRow.id)))


async def list_answered(journal: Journal, person: Person) -> list[str]:
    async with journal.read() as db:
        payloads = await db.scalars(
            select(OutboxRow.payload).where(OutboxRow.chat_id == person.id).order_by(OutboxRow.id)
        )
        texts = [payload["text"] for payload in payloads]
    return [line for text in texts if text.startswith(HEARD) for line in text[len(HEARD) :].split("\n")]


async def list_effects(journal: Journal, person: Person) -> list[str]:
    """The bot leaves one trace for each line it answers, which no key keeps from being left twice."""
    user_id = await journal.find_user_id("telegram", str(person.id))
    mine = (UsedTextRow.user_id == user_id, UsedTextRow.kind == "declined")
    async with journal.read() as db:
        return list(await db.scalars(select(UsedTextRow.key).where(*mine).order_by(UsedTextRow.id)))
