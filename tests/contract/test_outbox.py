"""The outbox keeps its promises on both databases: order, one sender per chat, no message lost or doubled."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.model import Turn
from coaching.parts import Draft, Question, ReplyKind, Said
from memory.sql.blocked import mark_blocked, mark_open
from memory.sql.claims import (
    MOST_DOUBTS,
    Claimed,
    claim_due,
    extend_lease,
    find_work,
    mark_dead,
    mark_in_doubt,
    mark_piece_sent,
    put_back,
    settle_orphans,
)
from memory.sql.inbox import store_update
from memory.sql.journal import Journal
from memory.sql.outbox import (
    Outgoing,
    count_outbox,
    drop_sent,
    find_reply_id,
    list_queued,
    mark_sent,
    queue,
)
from memory.sql.tables import IdentityRow, OutboxRow
from tests.conftest import FrozenClock

BOT = 42
LEASE = timedelta(seconds=60)


async def put(journal: Journal, key: str, chat: int = 1, *, must: bool = True, **payload: Any) -> bool:  # noqa: ANN401  # JSON
    async with journal.begin() as tx:
        kind = "turn" if must else "checkin"
        made = await queue(
            tx, Outgoing(key, "telegram", BOT, chat, kind, {"text": key, **payload}, must=must)
        )
        await tx.commit()
    return made


async def claim(journal: Journal, owner: str = "a", limit: int = 100, **more: Any) -> tuple[Claimed, ...]:  # noqa: ANN401  # keywords
    async with journal.begin() as tx:
        found = await claim_due(tx, "telegram", BOT, owner=owner, lease=LEASE, limit=limit, **more)
        await tx.commit()
    return found


async def sent(journal: Journal, row: Claimed, sent_id: int = 1) -> None:
    async with journal.begin() as tx:
        await mark_sent(tx, row.id, sent_id=sent_id)
        await tx.commit()


async def back(journal: Journal, row: Claimed, next_at: datetime, why: str = "429") -> None:
    async with journal.begin() as tx:
        await put_back(tx, row, next_at=next_at, why=why)
        await tx.commit()


async def doubt(journal: Journal, row: Claimed, next_at: datetime) -> str:
    async with journal.begin() as tx:
        state = await mark_in_doubt(tx, row, next_at=next_at, why="ReadTimeout")
        await tx.commit()
    return state


async def settle(journal: Journal, **more: Any) -> int:  # noqa: ANN401  # keywords
    async with journal.begin() as tx:
        lost = await settle_orphans(tx, "telegram", BOT, **more)
        await tx.commit()
    return lost


async def states(journal: Journal) -> dict[str, str]:
    async with journal.read() as db:
        rows = await db.execute(select(OutboxRow.key, OutboxRow.state))
        return {key: state for key, state in rows}  # noqa: C416  # a Row is not a pair for mypy


async def load(journal: Journal, key: str) -> OutboxRow:
    async with journal.read() as db:
        return (await db.scalars(select(OutboxRow).where(OutboxRow.key == key))).one()


def keys(rows: tuple[Claimed, ...]) -> list[str]:
    return [row.key for row in rows]


async def test_a_key_is_queued_once(journal: Journal) -> None:
    assert await put(journal, "u42:1:0")
    assert not await put(journal, "u42:1:0")
    assert await count_outbox(journal) == {"queued": 1}


async def test_the_messages_of_a_chat_go_one_after_the_other(journal: Journal) -> None:
    for key in ("one", "two", "three"):
        await put(journal, key)
    seen = []
    while rows := await claim(journal):
        (row,) = rows
        assert await claim(journal, "b") == ()
        await sent(journal, row)
        seen.append(row.key)
    assert seen == ["one", "two", "three"]


async def test_replies_go_before_nudges(journal: Journal) -> None:
    await put(journal, "nudge", 1, must=False)
    await put(journal, "reply", 2)
    assert keys(await claim(journal, limit=1)) == ["reply"]
    (row,) = await claim(journal)
    assert (row.key, row.must) == ("nudge", False)


async def test_a_claim_carries_what_a_sender_needs(journal: Journal, clock: FrozenClock) -> None:
    await put(journal, "one", 7, edit=3)
    (row,) = await claim(journal)
    assert row == Claimed(row.id, "a", "one", 7, None, "turn", {"text": "one", "edit": 3}, True, 0, 0)
    stored = await load(journal, "one")
    assert (stored.state, stored.owner, stored.lease_until) == ("sending", "a", clock.now() + LEASE)


async def test_a_chat_that_rests_is_left_alone_with_all_it_has(journal: Journal, clock: FrozenClock) -> None:
    await put(journal, "nudge", 1, must=False)
    (nudge,) = await claim(journal)
    await put(journal, "reply", 1)
    await put(journal, "other", 2)
    await back(journal, nudge, clock.now() + timedelta(seconds=7))
    assert keys(await claim(journal)) == ["other"]
    clock.passes(seconds=7)
    assert keys(await claim(journal)) == ["nudge"]


async def test_a_chat_can_be_left_out_of_a_claim(journal: Journal) -> None:
    await put(journal, "one", 1)
    await put(journal, "two", 2)
    assert keys(await claim(journal, resting={1})) == ["two"]


async def test_a_nudge_for_later_does_not_hold_up_a_reply(journal: Journal, clock: FrozenClock) -> None:
    await put(journal, "nudge", must=False)
    async with journal.begin() as tx:
        await tx.db.execute(update(OutboxRow).values(next_at=clock.now() + timedelta(minutes=5)))
        await tx.commit()
    await put(journal, "reply")
    (reply,) = await claim(journal)
    assert reply.key == "reply"
    clock.passes(minutes=5)
    assert await claim(journal) == ()  # the nudge is due, and the reply still on its way
    await sent(journal, reply)
    assert keys(await claim(journal)) == ["nudge"]


async def test_other_bots_and_doors_have_their_own_rows(journal: Journal) -> None:
    async with journal.begin() as tx:
        await queue(tx, Outgoing("t", "terminal", 0, 1, "turn", {}))
        await queue(tx, Outgoing("o", "telegram", 43, 1, "turn", {}))
        await tx.commit()
    assert await claim(journal) == ()
    assert [row.id for row in await list_queued(journal, 0, 1)] == [1]


async def test_in_doubt_a_reply_waits_to_be_sent_again_and_a_nudge_stays_unknown(
    journal: Journal, clock: FrozenClock
) -> None:
    await put(journal, "reply", 1)
    await put(journal, "nudge", 2, must=False)
    reply, nudge = await claim(journal)
    assert await doubt(journal, reply, clock.now() + timedelta(seconds=1)) == "queued"
    assert await doubt(journal, nudge, clock.now()) == "unknown"
    assert await claim(journal) == ()
    clock.passes(seconds=1)
    (again,) = await claim(journal)
    assert (again.key, again.doubts) == ("reply", 1)
    assert (await load(journal, "nudge")).why == "ReadTimeout"


async def test_a_reply_that_is_in_doubt_forever_frees_its_chat_in_the_end(
    journal: Journal, clock: FrozenClock
) -> None:
    await put(journal, "poison")
    await put(journal, "next")
    for number in range(MOST_DOUBTS):
        (row,) = await claim(journal)
        state = await doubt(journal, row, clock.now())
        assert state == ("unknown" if number == MOST_DOUBTS - 1 else "queued")
    assert keys(await claim(journal)) == ["next"]


async def test_what_was_refused_is_dead_and_the_next_one_goes(journal: Journal) -> None:
    await put(journal, "one")
    await put(journal, "two")
    (row,) = await claim(journal)
    async with journal.begin() as tx:
        await mark_dead(tx, row, why="BadRequest" * 20)
        await tx.commit()
    assert await states(journal) == {"one": "dead", "two": "queued"}
    assert len((await load(journal, "one")).why) == 80
    assert keys(await claim(journal)) == ["two"]


async def test_a_nudge_whose_sender_died_before_it_had_words_was_not_sent_and_waits_again(
    journal: Journal, clock: FrozenClock
) -> None:
    key = "nudge:1:2026-04-01"
    await put(journal, key, must=False)
    await claim(journal)
    assert await settle(journal, alone=True) == 1
    assert await states(journal) == {key: "queued"}
    async with journal.begin() as tx:
        user_id = await tx.add_user("telegram", "1", language="en", zone="UTC")
        turn = Turn(user_id, "", "en", clock.now())
        draft = Draft(ReplyKind.CHECKIN, "en", (Question("How far?"),))
        words = await tx.record_reply(turn, draft, said_id=None, origin=key)
        await tx.db.execute(update(OutboxRow).values(reply_id=words))
        await tx.commit()
    await claim(journal)
    await settle(journal, alone=True)
    assert await states(journal) == {key: "unknown"}  # with words it may have arrived


async def test_a_lease_that_runs_out_makes_an_orphan(journal: Journal, clock: FrozenClock) -> None:
    await put(journal, "reply", 1)
    await put(journal, "nudge", 2, must=False)
    await claim(journal)
    assert await settle(journal) == 0
    clock.passes(seconds=60)
    work = await find_work(journal, "telegram", BOT)
    assert (work.due, work.orphaned) == (False, True)
    assert await settle(journal) == 2
    assert await states(journal) == {"reply": "queued", "nudge": "unknown"}
    (again,) = await claim(journal, "b")
    assert (again.key, again.owner, again.doubts) == ("reply", "b", 0)


async def test_who_is_alone_need_not_wait_for_a_lease(journal: Journal) -> None:
    for chat in (1, 2):
        await put(journal, f"reply {chat}", chat)
    first, _ = await claim(journal)
    assert await settle(journal, alone=True, in_hand={first.id}) == 1
    assert await states(journal) == {"reply 1": "sending", "reply 2": "queued"}


async def test_a_sender_that_lost_its_row_changes_nothing_but_what_it_knows_to_be_sent(
    journal: Journal, clock: FrozenClock
) -> None:
    await put(journal, "one")
    (old,) = await claim(journal, "old")
    clock.passes(seconds=61)
    await settle(journal)
    (new,) = await claim(journal, "new")
    await back(journal, old, clock.now())
    await doubt(journal, old, clock.now())
    async with journal.begin() as tx:
        await mark_dead(tx, old, why="x")
        await extend_lease(tx, old, LEASE)
        assert not await mark_piece_sent(tx, old, 1, sent_id=9, lease=LEASE)
        await tx.commit()
    stored = await load(journal, "one")
    assert (stored.state, stored.owner, stored.pieces_sent) == ("sending", new.owner, 0)
    await sent(journal, old, 9)
    assert await states(journal) == {"one": "sent"}


async def test_a_long_text_goes_on_where_it_stopped(journal: Journal, clock: FrozenClock) -> None:
    await put(journal, "long")
    (row,) = await claim(journal)
    clock.passes(seconds=30)
    async with journal.begin() as tx:
        assert await mark_piece_sent(tx, row, 2, sent_id=11, lease=LEASE)
        await tx.commit()
    stored = await load(journal, "long")
    assert (stored.sent_id, stored.lease_until) == (11, clock.now() + LEASE)
    async with journal.begin() as tx:
        await extend_lease(tx, row, 3 * LEASE)
        await tx.commit()
    assert (await load(journal, "long")).lease_until == clock.now() + 3 * LEASE
    await settle(journal, alone=True)
    (again,) = await claim(journal)
    assert again.pieces_sent == 2


async def test_work_says_when_to_look_again(journal: Journal, clock: FrozenClock) -> None:
    nothing = await find_work(journal, "telegram", BOT)
    assert (nothing.due, nothing.orphaned, nothing.next_at) == (False, False, None)
    await put(journal, "one", 1)
    assert (await find_work(journal, "telegram", BOT)).due
    (row,) = await claim(journal)
    assert (await find_work(journal, "telegram", BOT)).next_at == clock.now() + LEASE
    assert (await find_work(journal, "telegram", BOT, in_hand={row.id})).next_at is None
    await back(journal, row, clock.now() + timedelta(seconds=5))
    assert (await find_work(journal, "telegram", BOT)).next_at == clock.now() + timedelta(seconds=5)


async def test_a_message_that_was_sent_leads_back_to_its_reply(journal: Journal) -> None:
    await put(journal, "one")
    (row,) = await claim(journal)
    await sent(journal, row, 1001)
    assert await find_reply_id(journal, BOT, 1, 1001) is None  # it was no stored reply
    assert await find_reply_id(journal, BOT, 1, 7) is None


async def welcome(journal: Journal, chat: int) -> None:
    async with journal.begin() as tx:
        await tx.add_user("telegram", str(chat), language="zh", zone="UTC")
        await tx.commit()


async def block(journal: Journal, chat: int, since: datetime | None = None) -> bool:
    async with journal.begin() as tx:
        closed = await mark_blocked(tx, "telegram", BOT, chat, since=since)
        await tx.commit()
    return closed


async def test_who_blocked_the_bot_is_not_written_to_until_they_write(
    journal: Journal, clock: FrozenClock
) -> None:
    await welcome(journal, 1)
    await put(journal, "waiting", 1)
    await put(journal, "other", 2)
    assert await block(journal, 1)
    await put(journal, "meanwhile", 1, must=False)
    assert keys(await claim(journal)) == ["other"]
    assert not (await find_work(journal, "telegram", BOT)).due
    async with journal.begin() as tx:
        assert await mark_open(tx, "telegram", BOT, 1)
        assert not await mark_open(tx, "telegram", BOT, 1)
        await tx.commit()
    await put(journal, "answer", 1)
    assert keys(await claim(journal)) == ["answer"]
    assert await states(journal) == {
        "waiting": "dead",
        "other": "sending",
        "meanwhile": "dead",
        "answer": "sending",
    }


async def test_who_came_back_while_a_send_was_refused_stays_open(
    journal: Journal, clock: FrozenClock
) -> None:
    await welcome(journal, 1)
    began = clock.now()
    clock.passes(seconds=1)
    async with journal.begin() as tx:
        await store_update(tx, bot_id=BOT, update_id=1, chat_id=1, sender_id=1, raw="{}")
        await tx.commit()
    assert not await block(journal, 1, since=began)
    assert await block(journal, 1, since=clock.now())
    async with journal.read() as db:
        assert await db.scalar(select(IdentityRow.blocked_at)) == clock.now()


async def work_off(journal: Journal, owner: str, order: list[str], under_way: Counter[int]) -> None:
    while rows := await claim(journal, owner, limit=3):
        for row in rows:
            under_way[row.chat_id] += 1
            assert under_way[row.chat_id] == 1, "two senders in one chat"
            await asyncio.sleep(0)
            order.append(row.key)
            under_way[row.chat_id] -= 1
            await sent(journal, row)


async def test_several_senders_share_the_work_and_never_a_chat(engine: AsyncEngine, journal: Journal) -> None:
    for number in range(24):
        await put(journal, f"{number % 6}:{number:02}", number % 6, must=number % 5 != 0)
    order: list[str] = []
    under_way: Counter[int] = Counter()
    async with asyncio.TaskGroup() as group:
        for name in "abcd":
            group.create_task(work_off(Journal(engine, journal.clock), name, order, under_way))
    assert len(order) == len(set(order)) >= 18
    await work_off(journal, "last", order, under_way)  # a sender that found all chats busy has gone home
    assert sorted(order) == sorted(f"{number % 6}:{number:02}" for number in range(24))
    for chat in range(6):
        assert [key for key in order if key.startswith(f"{chat}:")] == sorted(
            key for key in order if key.startswith(f"{chat}:")
        )


async def test_on_postgres_senders_whose_clocks_differ_do_not_meet_in_a_chat(
    postgres_engine: AsyncEngine, clock: FrozenClock
) -> None:
    journal = Journal(postgres_engine, clock)
    await put(journal, "nudge", must=False)
    async with journal.begin() as tx:
        await tx.db.execute(update(OutboxRow).values(next_at=clock.now() + timedelta(seconds=1)))
        await tx.commit()
    await put(journal, "reply")
    fast = Journal(postgres_engine, FrozenClock(clock.now() + timedelta(seconds=2)))
    async with fast.begin() as early, journal.begin() as late:
        one = await claim_due(early, "telegram", BOT, owner="fast", lease=LEASE, limit=1)
        two = await claim_due(late, "telegram", BOT, owner="slow", lease=LEASE, limit=1)
        await late.commit()
        await early.commit()
    assert (keys(one), keys(two)) == (["nudge"], [])


async def test_what_was_sent_long_ago_goes_and_its_buttons_stay_known(
    journal: Journal, clock: FrozenClock
) -> None:
    async with journal.begin() as tx:
        user = await tx.add_user("telegram", "1", language="en", zone="UTC")
        draft = Draft(ReplyKind.TURN, "en", (Said("a diary word"),))
        turn = Turn(user, "", "en", tx.now)
        reply = await tx.record_reply(turn, draft, said_id=None, origin=f"u{BOT}:1:0")
        said = {"text": "a diary word"}
        await queue(tx, Outgoing("notice", "telegram", BOT, 1, "door", said))
        await queue(tx, Outgoing("reply", "telegram", BOT, 1, "turn", said, user, reply))
        await queue(tx, Outgoing("nudge:1:2026-04-01", "telegram", BOT, 1, "checkin", said, user, reply))
        await tx.commit()
    for number in (1, 2, 3):
        (row,) = await claim(journal)
        await sent(journal, row, sent_id=number)
    await put(journal, "waits")
    clock.passes(days=1)
    await put(journal, "new", chat=2)
    (row,) = await claim(journal, resting={1})
    await sent(journal, row)
    clock.passes(days=7, hours=1)
    for dropped in (2, 0):  # the second time there is nothing left to do
        async with journal.begin() as tx:
            assert await drop_sent(tx, before=clock.now() - timedelta(days=8)) == dropped
            await tx.commit()
    async with journal.read() as db:
        left = {row.key: row.payload for row in await db.scalars(select(OutboxRow))}
    assert left.keys() == {"reply", "nudge:1:2026-04-01", "waits", "new"}
    assert left["reply"] == {}
    assert left["nudge:1:2026-04-01"] == {"text": "a diary word"}
    assert await find_reply_id(journal, BOT, 1, 2) == reply


@settings(max_examples=20)  # each of them is some fifty transactions
@given(
    st.lists(st.tuples(st.integers(1, 2), st.booleans()), min_size=1, max_size=6),
    st.lists(st.sampled_from(["sent", "429", "doubt", "dead", "crash"]), max_size=12),
)
async def test_whatever_happens_replies_keep_their_order_and_nudges_go_once(
    sqlite_engine: AsyncEngine, said: list[tuple[int, bool]], fate: list[str]
) -> None:
    clock = FrozenClock(datetime.fromisoformat("2026-04-01T12:00:00+00:00"))
    journal = Journal(sqlite_engine, clock)
    async with journal.begin() as tx:
        await tx.db.execute(delete(OutboxRow))
        await tx.commit()
    for number, (chat, must) in enumerate(said):
        await put(journal, f"{number}", chat, must=must)
    tried: list[tuple[int, str, bool]] = []
    fates = iter(fate)
    while (work := await find_work(journal, "telegram", BOT)).due or work.next_at:
        for row in await claim(journal):
            tried.append((row.chat_id, row.key, row.must))
            match next(fates, "sent"):
                case "sent":
                    await sent(journal, row)
                case "429":
                    tried.pop()  # it was not sent
                    await back(journal, row, clock.now() + timedelta(seconds=3))
                case "doubt":
                    await doubt(journal, row, clock.now() + timedelta(seconds=1))
                case "dead":
                    async with journal.begin() as tx:
                        await mark_dead(tx, row, why="400")
                        await tx.commit()
        clock.passes(seconds=61)
        await settle(journal)
    for chat in (1, 2):
        of_chat = [key for where, key, _ in tried if where == chat]
        assert of_chat == sorted(of_chat)
    nudges = Counter(key for _, key, must in tried if not must)
    assert max(nudges.values(), default=1) == 1
    assert set(await count_outbox(journal)) <= {"sent", "unknown", "dead"}
