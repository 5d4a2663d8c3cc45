"""The journal keeps its promises on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from coaching.effects import AddCommitment, AddGoal, DeclineStep, MarkCommitment, MoveCommitment
from coaching.model import Channel, CommitmentStatus, Lens, Safety, Turn
from coaching.parts import Draft, NextStep, Question, Quote, Reflection, ReplyKind
from memory.errors import UnknownPerson
from memory.sql.apply import apply
from memory.sql.inbox import list_pending, list_waiting_chats, mark_failed, settle, store_update
from memory.sql.journal import Journal
from memory.sql.outbox import Outgoing, list_queued, mark_sent, queue
from memory.sql.tables import IndexOpRow, QuoteRow
from tests.conftest import FrozenClock

SHANGHAI = ZoneInfo("Asia/Shanghai")


async def welcome(journal: Journal, name: str = "local") -> int:
    async with journal.begin() as tx:
        user_id = await tx.add_user("terminal", name, language="zh", zone="Asia/Shanghai")
        await tx.commit()
    return user_id


def says(user_id: int, clock: FrozenClock, words: str = "周报自动化做了一半") -> Turn:
    return Turn(user_id, words, "zh", clock.now().astimezone(SHANGHAI))


async def test_a_person_is_welcomed_once(journal: Journal) -> None:
    assert await welcome(journal) == await welcome(journal)


async def test_what_is_not_committed_is_rolled_back(journal: Journal, clock: FrozenClock) -> None:
    user_id = await welcome(journal)
    async with journal.begin() as tx:
        await tx.record_said(says(user_id, clock), origin="u0:1")
    assert await journal.count_messages(user_id) == 0


async def test_a_replayed_update_is_stored_once(journal: Journal, clock: FrozenClock) -> None:
    user_id = await welcome(journal)
    ids = []
    for _ in range(2):
        async with journal.begin() as tx:
            ids.append(await tx.record_said(says(user_id, clock), origin="u0:1"))
            await tx.commit()
    assert ids[0] == ids[1]
    assert await journal.count_messages(user_id) == 1


async def test_a_crisis_message_is_kept_but_never_indexed_nor_listed(
    journal: Journal, clock: FrozenClock
) -> None:
    user_id = await welcome(journal)
    async with journal.begin() as tx:
        await tx.record_said(says(user_id, clock), origin="u0:1", safety=Safety.EXPLICIT)
        await tx.commit()
    async with journal.read() as db:
        assert await db.scalar(select(func.count()).select_from(IndexOpRow)) == 0
    today = clock.now().astimezone(SHANGHAI).date()
    assert await journal.list_messages(user_id, since=today, until=today) == ()
    assert await journal.count_messages(user_id) == 1


async def test_the_scene_of_a_stranger_is_an_error_that_explains_itself(
    journal: Journal, clock: FrozenClock
) -> None:
    with pytest.raises(UnknownPerson, match="no such person"):
        await journal.load_scene(4711, clock.now())


def offer(turn: Turn) -> Draft:
    quote = Quote("做了一半")
    step = NextStep(
        text="今晚花10分钟，写一行。",
        key="impact-test-x",
        body="花10分钟，写一行",
        minutes=10,
        when="今晚",
        due_on=turn.today,
        cue="晚上",
        done="一行字",
        if_then="如果没空，就写半行",
        lens=Lens.IMPACT,
    )
    parts = (Reflection("「做了一半」——", (quote,), "impact-f1"), step, Question("哪一行？", "impact-q1"))
    return Draft(ReplyKind.TURN, "zh", parts, lenses=(Lens.IMPACT,))


async def answered(journal: Journal, clock: FrozenClock, user_id: int, origin: str = "u0:1") -> int:
    turn = says(user_id, clock)
    async with journal.begin() as tx:
        said = await tx.record_said(turn, origin=origin, lenses=[(Lens.IMPACT, 0.7)])
        reply = await tx.record_reply(turn, offer(turn), said_id=said, origin=f"{origin}:0")
        await tx.commit()
    return reply


async def test_a_reply_remembers_what_it_used_whom_it_quoted_and_what_it_offered(
    journal: Journal, clock: FrozenClock
) -> None:
    user_id = await welcome(journal)
    reply = await answered(journal, clock, user_id)
    scene = await journal.load_scene(user_id, clock.now())
    assert {(used.kind, used.key, used.turn) for used in scene.used} == {
        ("reflection", "impact-f1", 0),
        ("nextstep", "impact-test-x", 0),
        ("question", "impact-q1", 0),
    }
    assert scene.offered is not None
    assert (scene.offered.reply_id, scene.offered.key) == (reply, "impact-test-x")
    async with journal.read() as db:
        rows = list(await db.scalars(select(QuoteRow)))
    assert [row.text for row in rows] == ["做了一半"]
    assert (await journal.lenses_of((rows[0].message_id,)))[rows[0].message_id] == (Lens.IMPACT,)


async def test_a_second_yes_to_the_same_step_counts_once(journal: Journal, clock: FrozenClock) -> None:
    user_id = await welcome(journal)
    reply = await answered(journal, clock, user_id)
    turn = replace(says(user_id, clock), channel=Channel.TAP, tap="step:do", text="")
    add = AddCommitment("写一行", turn.today, minutes=10, origin=f"step:{reply}")
    for _ in range(2):
        async with journal.begin() as tx:
            await apply(tx, turn, add)
            await tx.commit()
    scene = await journal.load_scene(user_id, clock.now())
    assert len(scene.plan) == 1
    assert scene.offered is None


async def test_a_declined_step_is_not_offered_again(journal: Journal, clock: FrozenClock) -> None:
    user_id = await welcome(journal)
    await answered(journal, clock, user_id)
    async with journal.begin() as tx:
        await apply(tx, says(user_id, clock), DeclineStep("impact-test-x"))
        await tx.commit()
    scene = await journal.load_scene(user_id, clock.now())
    assert scene.declined == {"impact-test-x"}
    assert scene.offered is None


async def test_moving_keeps_the_old_promise_as_moved_and_moves_once(
    journal: Journal, clock: FrozenClock
) -> None:
    user_id = await welcome(journal)
    turn = says(user_id, clock)
    async with journal.begin() as tx:
        await apply(tx, turn, AddCommitment("写访谈提纲", turn.today, cue="午休", minutes=20))
        await tx.commit()
    (first,) = (await journal.load_scene(user_id, clock.now())).plan
    for _ in range(2):
        async with journal.begin() as tx:
            await apply(tx, turn, MoveCommitment(first.id, turn.today + timedelta(days=2)))
            await tx.commit()
    plan = (await journal.load_scene(user_id, clock.now())).plan
    assert [(c.status, c.due_on) for c in plan] == [
        (CommitmentStatus.MOVED, turn.today),
        (CommitmentStatus.OPEN, turn.today + timedelta(days=2)),
    ]


async def test_nobody_marks_somebody_elses_promise(journal: Journal, clock: FrozenClock) -> None:
    owner, other = await welcome(journal, "one"), await welcome(journal, "two")
    turn = says(owner, clock)
    async with journal.begin() as tx:
        await apply(tx, turn, AddCommitment("写访谈提纲", turn.today))
        await tx.commit()
    (mine,) = (await journal.load_scene(owner, clock.now())).plan
    async with journal.begin() as tx:
        await apply(tx, replace(turn, user_id=other), MarkCommitment(mine.id, CommitmentStatus.DONE))
        await tx.commit()
    (still,) = (await journal.load_scene(owner, clock.now())).plan
    assert still.status is CommitmentStatus.OPEN


async def test_a_changed_goal_keeps_its_history(journal: Journal, clock: FrozenClock) -> None:
    user_id = await welcome(journal)
    turn = says(user_id, clock)
    async with journal.begin() as tx:
        await apply(tx, turn, AddGoal("年底升职"))
        await tx.commit()
    (old,) = await journal.list_goals(user_id)
    async with journal.begin() as tx:
        await apply(tx, turn, AddGoal("做出自己的产品", replaces=old.id))
        await tx.commit()
    assert [goal.text for goal in await journal.list_goals(user_id)] == ["做出自己的产品"]
    assert [goal.text for goal in await journal.list_goals(user_id, ended=True)] == [
        "年底升职",
        "做出自己的产品",
    ]


async def test_an_update_is_settled_once(journal: Journal) -> None:
    async with journal.begin() as tx:
        for _ in range(2):
            await store_update(tx, bot_id=0, update_id=7, chat_id=1, sender_id=1, raw="{}")
        await tx.commit()
    (pending,) = await list_pending(journal, 0, 1)
    assert await list_waiting_chats(journal) == ((0, 1),)
    results = []
    for _ in range(2):
        async with journal.begin() as tx:
            results.append(await settle(tx, [pending.seq]))
            await tx.commit()
    assert results == [True, False]
    assert await list_pending(journal, 0, 1) == ()


async def test_an_update_that_fails_three_times_is_set_aside(journal: Journal) -> None:
    async with journal.begin() as tx:
        await store_update(tx, bot_id=0, update_id=7, chat_id=1, sender_id=1, raw="{}")
        await tx.commit()
    (pending,) = await list_pending(journal, 0, 1)
    outcomes = []
    for _ in range(3):
        async with journal.begin() as tx:
            outcomes.append(await mark_failed(tx, pending.seq, why="ValueError"))
            await tx.commit()
    assert outcomes == [False, False, True]
    assert await list_pending(journal, 0, 1) == ()


async def test_a_key_is_queued_once_and_leaves_when_sent(journal: Journal) -> None:
    out = Outgoing(key="u0:7:0", door="terminal", bot_id=0, chat_id=1, kind="turn", payload={"text": "…"})
    async with journal.begin() as tx:
        assert await queue(tx, out)
        assert not await queue(tx, out)
        await tx.commit()
    (row,) = await list_queued(journal, 0, 1)
    async with journal.begin() as tx:
        await mark_sent(tx, row.id)
        await tx.commit()
    assert await list_queued(journal, 0, 1) == ()


async def test_one_persons_words_are_never_anothers(journal: Journal, clock: FrozenClock) -> None:
    one, two = await welcome(journal, "one"), await welcome(journal, "two")
    async with journal.begin() as tx:
        secret = await tx.record_said(says(one, clock, "canary-4711"), origin="u0:1")
        await tx.commit()
    assert secret is not None
    assert await journal.find_message(two, secret) is None
    assert await journal.find_last_said(two) is None
    ever = await journal.list_messages(two, since=date(2000, 1, 1), until=date(2100, 1, 1))
    assert ever == ()
