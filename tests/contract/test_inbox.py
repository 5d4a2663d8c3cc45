"""The inbox keeps its promises on both databases: an update is stored once and settled once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from memory.sql.codes import make_code, use_code, was_let_in
from memory.sql.doors import find_door, mark_polled
from memory.sql.inbox import (
    count_inbox,
    count_pending,
    drop_settled,
    list_pending,
    list_settled_at,
    list_waiting_chats,
    mark_failed,
    settle,
    store_update,
)
from memory.sql.journal import Journal
from memory.sql.tables import CodeRow, InboxRow
from tests.conftest import FrozenClock

BOT = 123_456_789


async def store(journal: Journal, update_id: int, *, chat_id: int = 7, raw: str | None = "{}") -> bool:
    async with journal.begin() as tx:
        stored = await store_update(
            tx, bot_id=BOT, update_id=update_id, chat_id=chat_id, sender_id=chat_id, raw=raw
        )
        await tx.commit()
    return stored


async def settle_all(journal: Journal, *seqs: int) -> bool:
    async with journal.begin() as tx:
        done = await settle(tx, seqs)
        await tx.commit()
    return done


async def test_an_update_that_comes_twice_is_stored_once(journal: Journal) -> None:
    assert [await store(journal, 1), await store(journal, 1)] == [True, False]
    assert await count_inbox(journal) == {"new": 1}


async def test_order_is_order_of_arrival_whatever_the_numbers_say(journal: Journal) -> None:
    for update_id in (900, 17, 2**40, 18):
        await store(journal, update_id)
    pending = await list_pending(journal, BOT, 7)
    assert [each.update_id for each in pending] == [900, 17, 2**40, 18]
    assert [each.update_id for each in await list_pending(journal, BOT, 7, limit=2)] == [900, 17]


async def test_an_update_is_settled_once_and_its_words_go_with_it(journal: Journal) -> None:
    await store(journal, 1, raw='{"text": "canary"}')
    (pending,) = await list_pending(journal, BOT, 7)
    assert [await settle_all(journal, pending.seq), await settle_all(journal, pending.seq)] == [True, False]
    async with journal.read() as db:
        assert (await db.scalar(select(InboxRow.raw))) is None
    assert await list_waiting_chats(journal) == ()


async def test_several_are_settled_together_or_not_at_all(journal: Journal) -> None:
    for update_id in (1, 2, 3):
        await store(journal, update_id)
    one, two, three = (each.seq for each in await list_pending(journal, BOT, 7))
    await settle_all(journal, two)
    async with journal.begin() as tx:
        assert not await settle(tx, (one, two, three))
    assert len(await list_pending(journal, BOT, 7)) == 2


async def test_who_is_not_allowed_leaves_a_number_and_no_words(journal: Journal) -> None:
    await store(journal, 1, raw=None)
    async with journal.read() as db:
        row = await db.scalar(select(InboxRow))
    assert row is not None
    assert (row.state, row.raw, row.why) == ("done", None, "not allowed")
    assert await list_waiting_chats(journal) == ()


async def test_three_failures_set_it_aside_and_the_next_is_reached(journal: Journal) -> None:
    await store(journal, 1)
    await store(journal, 2)
    first = (await list_pending(journal, BOT, 7))[0]
    dead = []
    for _ in range(3):
        async with journal.begin() as tx:
            dead.append(await mark_failed(tx, first.seq, why="ValueError"))
            await tx.commit()
    assert dead == [False, False, True]
    assert [each.update_id for each in await list_pending(journal, BOT, 7)] == [2]
    assert await count_inbox(journal) == {"dead": 1, "new": 1}


async def test_settled_rows_go_after_their_time_and_waiting_ones_never(
    journal: Journal, clock: FrozenClock
) -> None:
    await store(journal, 1)
    await store(journal, 2)
    first = (await list_pending(journal, BOT, 7))[0]
    await settle_all(journal, first.seq)
    clock.passes(days=9)
    async with journal.begin() as tx:
        assert await drop_settled(tx, before=tx.now - timedelta(days=8)) == 1
        await tx.commit()
    assert await count_inbox(journal) == {"new": 1}


async def test_the_budget_counts_what_was_settled_lately(journal: Journal, clock: FrozenClock) -> None:
    for update_id in (1, 2):
        await store(journal, update_id)
        (pending,) = await list_pending(journal, BOT, 7)
        await settle_all(journal, pending.seq)
        clock.passes(seconds=40)
    since = clock.now() - timedelta(minutes=1)
    assert await list_settled_at(journal, BOT, 7, since=since) == (clock.now() - timedelta(seconds=40),)
    async with journal.begin() as tx:
        assert await count_pending(tx, BOT, 7) == 0


async def test_a_code_is_good_once_and_only_its_digest_is_stored(
    journal: Journal, clock: FrozenClock
) -> None:
    async with journal.begin() as tx:
        code = await make_code(tx, "pair")
        await tx.commit()
    async with journal.read() as db:
        row = await db.scalar(select(CodeRow))
    assert row is not None
    assert code not in (row.digest, row.kind)
    async with journal.begin() as tx:
        assert not await was_let_in(tx)
        assert await use_code(tx, "pair", "WRONG", used_by=5) is None
        assert await use_code(tx, "pair", code, used_by=5) is not None
        assert await use_code(tx, "pair", code, used_by=6) is None
        assert await was_let_in(tx, 5)
        assert not await was_let_in(tx, 6)


async def test_a_code_grows_old_and_a_new_one_voids_it(journal: Journal, clock: FrozenClock) -> None:
    async with journal.begin() as tx:
        user_id = await tx.add_user("terminal", "local", language="zh", zone="Asia/Shanghai")
        first = await make_code(tx, "link", user_id=user_id, lasts=timedelta(minutes=10))
        second = await make_code(tx, "link", user_id=user_id, lasts=timedelta(minutes=10))
        assert await use_code(tx, "link", first, used_by=5) is None
        await tx.commit()
    clock.passes(minutes=11)
    async with journal.begin() as tx:
        assert await use_code(tx, "link", second, used_by=5) is None


async def test_a_door_that_was_away_for_more_than_a_day_knows_when_it_came_back(
    journal: Journal, clock: FrozenClock
) -> None:
    async def poll() -> None:
        async with journal.begin() as tx:
            await mark_polled(tx, BOT)
            await tx.commit()

    await poll()
    clock.passes(hours=23)
    await poll()
    door = await find_door(journal, BOT)
    assert door is not None
    assert (door.polled_at, door.back_at) == (clock.now(), None)
    clock.passes(hours=25)
    await poll()
    door = await find_door(journal, BOT)
    assert door is not None
    assert door.back_at == clock.now()
