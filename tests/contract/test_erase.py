"""What is forgotten is gone from everywhere, and nothing else is, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.history import FileHistory
from sqlalchemy import LargeBinary, event, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.effects import (
    AddCommitment,
    AddGoal,
    ChangeSettings,
    DeclineStep,
    Effect,
    EndDialogue,
    EndGoal,
    ForgetMessages,
    MarkCommitment,
    NoteCrisis,
    RecordReview,
    SendExport,
    SetDialogue,
    ShrinkCommitment,
    UndoImport,
)
from coaching.model import Channel, CommitmentStatus, Lens, Safety
from coaching.parts import Draft, NextStep, Part, Past, Question, Quote, Reflection, ReplyKind, Said
from memory.erase import (
    FORGET,
    Receipt,
    forget_messages,
    forget_user,
    redact_history,
    scrub,
    undo_last_import,
)
from memory.recall import rows as recall_rows
from memory.sql.apply import apply
from memory.sql.inbox import list_pending, mark_failed, store_update
from memory.sql.journal import Journal
from memory.sql.outbox import Outgoing, list_queued, mark_sent, queue
from memory.sql.tables import (
    CommitmentRow,
    DialogueRow,
    GoalRow,
    IdentityRow,
    ImportRow,
    InboxRow,
    IndexOpRow,
    MessageLensRow,
    MessageRow,
    OutboxRow,
    QuoteRow,
    Table,
    TokensRow,
    UsedTextRow,
    VectorRow,
)
from tests.conftest import FrozenClock
from tests.fakes.diarist import Diarist

TODAY = date(2026, 4, 1)


@pytest.fixture
async def mei(journal: Journal) -> Diarist:
    return await Diarist.welcome(journal)


@pytest.fixture
async def other(journal: Journal) -> Diarist:
    """Somebody else in the same house, whose rows nobody may touch."""
    return await Diarist.welcome(journal, "7001", door="telegram", language="en")


async def forget(journal: Journal, user_id: int, **which: Any) -> Receipt:  # noqa: ANN401  # forget_messages' own
    async with journal.begin() as tx:
        receipt = await forget_messages(tx, user_id, **which)
        await tx.commit()
    return receipt


async def rows(journal: Journal, table: type[Table], **where: object) -> list[Any]:
    async with journal.read() as db:
        return list(await db.scalars(select(table).filter_by(**where)))


async def one(journal: Journal, table: type[Table], **where: object) -> Any:  # noqa: ANN401  # a row of that table
    (row,) = await rows(journal, table, **where)
    return row


async def dump(journal: Journal) -> str:
    """Every value of every row of the database, as text."""
    found = []
    async with journal.read() as db:
        for table in Table.metadata.sorted_tables:
            plain = [column for column in table.columns if not isinstance(column.type, LargeBinary)]
            found += [repr(tuple(row)) for row in await db.execute(select(*plain))]
    return "\n".join(found)


async def index(journal: Journal, user_id: int, message_id: int, words: str) -> None:
    """What the indexer would have left behind for a message."""
    async with journal.begin() as tx:
        tx.db.add(TokensRow(message_id=message_id, user_id=user_id, digest="d", asks=0, words=words))
        tx.db.add(VectorRow(message_id=message_id, piece=0, embedder="hash", user_id=user_id, vector=b"v"))
        await tx.db.execute(text("DELETE FROM index_ops"))
        await tx.commit()


def quoting(words: str, message_id: int | None = None) -> Reflection:
    return Reflection(f"「{words}」——听着像一半已经走了。", (Quote(words, message_id),))


# --- one message ------------------------------------------------------------------------------------------


async def test_a_forgotten_message_leaves_no_row_behind(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("鹦鹉螺项目又黄了", lenses=((Lens.ESCAPE, 0.9),))
    await mei.hears(quoting("鹦鹉螺项目又黄了"), to=said)
    await index(journal, mei.user_id, said, "鹦鹉 鹉螺")
    receipt = await forget(journal, mei.user_id, ids=[said])
    assert receipt == Receipt(messages=1, quotes=1, vectors=1)
    assert "鹦鹉" not in await dump(journal)
    for table in (MessageLensRow, QuoteRow, TokensRow, VectorRow):
        assert await rows(journal, table) == []


async def test_the_reply_stays_readable_with_an_ellipsis_where_the_quote_was(
    journal: Journal, mei: Diarist
) -> None:
    said = await mei.says("鹦鹉螺项目又黄了，真没劲")
    reply = await mei.hears(quoting("鹦鹉螺项目又黄了"), Question("今天先碰哪一小块？"), to=said)
    await forget(journal, mei.user_id, ids=[said])
    row = await one(journal, MessageRow, id=reply)
    assert row.text == "「…」——听着像一半已经走了。\n\n今天先碰哪一小块？"
    assert row.parts["parts"][0]["text"] == "「…」——听着像一半已经走了。"
    assert row.parts["parts"][0]["quotes"] == [
        {"text": "…", "message_id": None, "said_on": None, "commitment_id": None}
    ]
    assert row.parts["parts"][0]["type"] == "Reflection"
    assert row.reply_to is None
    assert (await one(journal, OutboxRow, reply_id=reply)).payload["text"] == row.text


async def test_a_later_reply_that_quotes_it_from_memory_loses_the_quote_and_the_pointer(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    said = await mei.says("想在海边开一家鹦鹉螺书店")
    clock.passes(days=20)
    later = await mei.says("今天路过一家店")
    past = Past("4月1日你写过「开一家鹦鹉螺书店」。", (Quote("开一家鹦鹉螺书店", said, TODAY),), f"m{said}")
    reply = await mei.hears(quoting("今天路过一家店"), past, to=later)
    assert [used.key for used in await rows(journal, UsedTextRow, kind="past")] == [f"m{said}"]
    receipt = await forget(journal, mei.user_id, ids=[said])
    row = await one(journal, MessageRow, id=reply)
    assert row.text == "「今天路过一家店」——听着像一半已经走了。\n\n4月1日你写过「…」。"
    assert row.parts["parts"][1]["key"] == ""
    assert row.parts["parts"][1]["quotes"][0]["message_id"] is None
    assert row.parts["parts"][0]["quotes"][0]["text"] == "今天路过一家店"
    assert await rows(journal, UsedTextRow, kind="past") == []
    assert receipt.quotes == 1


async def test_names_a_step_was_built_on_go_as_well(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("Zarquon 说我的鹦鹉螺周报没人看")
    step = NextStep(
        text="今天午休，给Zarquon发一句话，问鹦鹉螺周报里哪一行有用。完成的样子：发出去的那一条。",
        key="ask-1",
        body="给Zarquon发一句话，问鹦鹉螺周报里哪一行有用",
        minutes=10,
        when="今天午休",
        due_on=TODAY,
        cue="午休",
        done="发出去的那一条",
        if_then="如果临时有会，就只写头一句",
        smaller="给Zarquon写一行",
        lens=Lens.IMPACT,
    )
    reply = await mei.hears(step, to=said)
    await forget(journal, mei.user_id, ids=[said])
    row = await one(journal, MessageRow, id=reply)
    assert row.text == "今天午休，给…发一句话，问…里哪一行有用。完成的样子：发出去的那一条。"
    part = row.parts["parts"][0]
    assert (part["body"], part["smaller"]) == ("给…发一句话，问…里哪一行有用", "给…写一行")
    assert (part["type"], part["key"], part["lens"], part["minutes"]) == ("NextStep", "ask-1", "impact", 10)
    assert (part["done"], part["when"]) == ("发出去的那一条", "今天午休")


async def test_a_reply_to_something_else_keeps_the_words_that_are_still_said(
    journal: Journal, mei: Diarist
) -> None:
    said = await mei.says("鹦鹉螺项目又黄了")
    again = await mei.says("鹦鹉螺项目又黄了，第二次")
    reply = await mei.hears(quoting("鹦鹉螺项目又黄了"), to=again)
    before = await one(journal, MessageRow, id=reply)
    receipt = await forget(journal, mei.user_id, ids=[said])
    after = await one(journal, MessageRow, id=reply)
    assert (after.text, after.parts) == (before.text, before.parts)
    assert receipt.quotes == 0


async def test_of_the_same_words_from_two_messages_both_quotes_go_from_one_reply(
    journal: Journal, mei: Diarist
) -> None:
    first = await mei.says("又在改鹦鹉螺周报")
    second = await mei.says("又在改鹦鹉螺周报")
    asked = await mei.says("我说过什么", command="recall")
    lines: tuple[Part, ...] = tuple(
        Past(f"4月1日 · 「又在改鹦鹉螺周报」（编号 {n}）", (Quote("又在改鹦鹉螺周报", n, TODAY),))
        for n in (first, second)
    )
    reply = await mei.hears(*lines, to=asked, kind=ReplyKind.RECALL)
    receipt = await forget(journal, mei.user_id, ids=[first])
    row = await one(journal, MessageRow, id=reply)
    assert row.text.count("「…」") == 2
    assert [part["quotes"][0]["message_id"] for part in row.parts["parts"]] == [None, second]
    assert receipt.quotes == 2
    assert (await one(journal, MessageRow, id=second)).text == "又在改鹦鹉螺周报"


async def test_a_quote_nobody_noted_down_is_found_by_its_words(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("周四中午找老王聊报价", command="plan")
    when = await mei.says("周四中午")
    # in the middle of a plan the words are quoted from the dialogue, without a message's id
    asked = Question("「找老王聊报价」——哪天、几点开始？", "when", (Quote("找老王聊报价", commitment_id=0),))
    reply = await mei.hears(asked, to=when, kind=ReplyKind.PLAN)
    await forget(journal, mei.user_id, ids=[said])
    row = await one(journal, MessageRow, id=reply)
    assert row.text == "「…」——哪天、几点开始？"
    assert row.parts["parts"][0]["quotes"][0]["text"] == "…"


async def test_a_reply_that_repeats_nothing_stays_as_it_is(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("鹦鹉螺项目又黄了")
    reply = await mei.hears(Said("嗯。有动静了再告诉我一声就好。"), to=said)
    assert await forget(journal, mei.user_id, ids=[said]) == Receipt(messages=1)
    assert (await one(journal, MessageRow, id=reply)).text == "嗯。有动静了再告诉我一声就好。"


async def test_a_redacted_reply_that_was_searchable_is_read_anew(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("鹦鹉螺项目又黄了")
    reply = await mei.hears(quoting("鹦鹉螺项目又黄了"), to=said)
    await index(journal, mei.user_id, reply, "鹦鹉 鹉螺 项目")
    await forget(journal, mei.user_id, ids=[said])
    assert await rows(journal, TokensRow) == []
    ops = [(op.message_id, op.op) for op in await rows(journal, IndexOpRow)]
    assert sorted(ops) == sorted([(said, "remove"), (reply, "add")])


async def test_the_index_is_told_and_told_nothing_else(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("鹦鹉螺项目又黄了")
    kept = await mei.says("今天不错")
    await forget(journal, mei.user_id, ids=[said])
    ops = {op.message_id: op.op for op in await rows(journal, IndexOpRow)}
    assert ops == {said: "remove", kept: "add"}


async def test_an_update_that_died_unanswered_gives_up_its_words_with_the_message(
    journal: Journal, mei: Diarist
) -> None:
    number = await mei.sends("鹦鹉螺项目又黄了")
    (pending,) = await list_pending(journal, 0, mei.user_id)
    async with journal.begin() as tx:
        await mark_failed(tx, pending.seq, why="ValueError", tries=1)
        said = await tx.record_said(mei.turn("鹦鹉螺项目又黄了"), origin=f"u0:{number}")
        await tx.commit()
    assert said is not None
    waiting = await mei.sends("鹦鹉螺还在路上")
    await forget(journal, mei.user_id, ids=[said])
    assert (await one(journal, InboxRow, update_id=number)).raw is None
    # what is still to be answered is not this message's
    assert "text" in (await one(journal, InboxRow, update_id=waiting)).raw


async def test_nothing_of_anybody_else_is_touched(journal: Journal, mei: Diarist, other: Diarist) -> None:
    theirs = await other.says("鹦鹉螺项目又黄了")
    await other.hears(quoting("鹦鹉螺项目又黄了"), to=theirs)
    mine = await mei.says("鹦鹉螺项目又黄了")
    before = await rows(journal, MessageRow, user_id=other.user_id)
    assert await forget(journal, mei.user_id, ids=[theirs]) == Receipt()
    await forget(journal, mei.user_id, ids=[mine])
    after = await rows(journal, MessageRow, user_id=other.user_id)
    assert [(r.text, r.parts) for r in after] == [(r.text, r.parts) for r in before]
    assert len(await rows(journal, QuoteRow)) == 1


async def test_what_is_not_committed_is_not_forgotten(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("鹦鹉螺项目又黄了")
    async with journal.begin() as tx:
        await forget_messages(tx, mei.user_id, ids=[said])
    assert (await one(journal, MessageRow)).text == "鹦鹉螺项目又黄了"


async def test_with_nothing_chosen_nothing_is_forgotten(journal: Journal, mei: Diarist) -> None:
    await mei.says("鹦鹉螺项目又黄了")
    assert await forget(journal, mei.user_id) == Receipt()
    assert await journal.count_messages(mei.user_id) == 1


async def test_a_line_of_the_coach_can_be_forgotten_alone(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("今天不错")
    reply = await mei.hears(quoting("今天不错"), to=said)
    await mei.hears(Said("晚安。"))
    assert await forget(journal, mei.user_id, ids=[reply]) == Receipt(messages=1)
    assert await rows(journal, OutboxRow, reply_id=reply) == []
    assert len(await rows(journal, MessageRow)) == 2


async def test_a_freed_id_means_nothing_old(journal: Journal, mei: Diarist) -> None:
    """SQLite gives the highest id again, so a step offered under it must not count as taken."""
    said = await mei.says("今天不错")
    reply = await mei.hears(quoting("今天不错"), to=said)
    async with journal.begin() as tx:
        await apply(tx, mei.turn(), AddCommitment("写三行", TODAY, origin=f"step:{reply}"))
        await tx.commit()
    await forget(journal, mei.user_id, ids=[reply])
    assert (await one(journal, CommitmentRow)).origin is None


async def test_many_replies_are_gone_through_in_portions(
    journal: Journal, mei: Diarist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memory.erasing.replies.BATCH", 2)
    monkeypatch.setattr("memory.erasing.forgotten.MANY", 2)
    said = [await mei.says(f"鹦鹉螺{n}号又黄了") for n in range(5)]
    for n, message in enumerate(said):
        await mei.hears(quoting(f"鹦鹉螺{n}号又黄了"), to=message)
    receipt = await forget(journal, mei.user_id, ids=said)
    assert (receipt.messages, receipt.quotes) == (5, 5)
    assert "鹦鹉" not in await dump(journal)


# --- a span of days ---------------------------------------------------------------------------------------


async def test_a_span_takes_both_sides_of_its_days_and_no_other(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    first = clock.now()
    for day in range(3):
        said = await mei.says(f"第{day}天的鹦鹉螺", at=first + timedelta(days=day))
        await mei.hears(quoting(f"第{day}天的鹦鹉螺"), to=said, at=first + timedelta(days=day))
    receipt = await forget(
        journal, mei.user_id, since=TODAY + timedelta(days=1), until=TODAY + timedelta(days=1)
    )
    assert receipt.messages == 1  # the person's own line; the coach's went with it
    left = [row.said_on for row in await rows(journal, MessageRow)]
    assert sorted(left) == [TODAY, TODAY, TODAY + timedelta(days=2), TODAY + timedelta(days=2)]
    assert len(await rows(journal, OutboxRow)) == 2


@pytest.mark.parametrize(("since", "until", "left"), [(1, None, 1), (None, 1, 1), (None, None, 3), (0, 2, 0)])
async def test_a_span_may_be_open_at_either_end(
    journal: Journal, mei: Diarist, clock: FrozenClock, since: int | None, until: int | None, left: int
) -> None:
    for day in range(3):
        await mei.says("今天不错", at=clock.now() + timedelta(days=day))
    ends = [TODAY + timedelta(days=day) if day is not None else None for day in (since, until)]
    await forget(journal, mei.user_id, since=ends[0], until=ends[1])
    assert await journal.count_messages(mei.user_id) == left


async def test_a_crisis_message_goes_with_its_day(journal: Journal, mei: Diarist) -> None:
    await mei.says("不想活了", safety=Safety.EXPLICIT)
    await forget(journal, mei.user_id, since=TODAY, until=TODAY)
    assert await rows(journal, MessageRow) == []


# --- plans, goals, a dialogue -----------------------------------------------------------------------------


async def plan(journal: Journal, mei: Diarist, *effects: Any) -> None:  # noqa: ANN401  # effects
    async with journal.begin() as tx:
        for effect in effects:
            await apply(tx, mei.turn(), effect)
        await tx.commit()


async def test_an_open_plan_made_of_forgotten_words_goes(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("周四中午找老王聊鹦鹉螺的报价")
    await plan(journal, mei, AddCommitment("找老王聊鹦鹉螺的报价", TODAY, cue="中午"))
    receipt = await forget(journal, mei.user_id, ids=[said])
    assert receipt.commitments == 1
    assert await rows(journal, CommitmentRow) == []


async def test_a_finished_plan_keeps_its_place_in_the_weeks_without_its_words(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    said = await mei.says("周四中午找老王聊鹦鹉螺的报价")
    await plan(journal, mei, AddCommitment("找老王聊鹦鹉螺的报价", TODAY, if_then="如果老王不在，就写一行"))
    made = await one(journal, CommitmentRow)
    clock.passes(days=1)
    told = await mei.says("做了，鹦鹉螺他也觉得贵")
    await plan(
        journal,
        mei,
        MarkCommitment(made.id, CommitmentStatus.DONE, "做了，鹦鹉螺他也觉得贵", TODAY + timedelta(days=1)),
    )
    await forget(journal, mei.user_id, ids=[told])
    row = await one(journal, CommitmentRow)
    assert (row.text, row.result, row.status) == ("找老王聊鹦鹉螺的报价", "…", "done")
    await forget(journal, mei.user_id, ids=[said])
    row = await one(journal, CommitmentRow)
    assert (row.text, row.if_then, row.status, row.due_on) == ("…", "如果…不在，就写一行", "done", TODAY)


async def test_a_result_of_everyday_words_goes_with_its_own_message_only(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    await plan(journal, mei, AddCommitment("写三行", TODAY), AddCommitment("打一个电话", TODAY))
    first, second = sorted(await rows(journal, CommitmentRow), key=lambda row: row.id)
    one_day = await mei.says("做了")
    await plan(journal, mei, MarkCommitment(first.id, CommitmentStatus.DONE, "做了", TODAY))
    clock.passes(days=1)
    await mei.says("做了")
    await plan(
        journal, mei, MarkCommitment(second.id, CommitmentStatus.DONE, "做了", TODAY + timedelta(days=1))
    )
    await forget(journal, mei.user_id, ids=[one_day])
    found = {row.id: row.result for row in await rows(journal, CommitmentRow)}
    assert found == {first.id: "…", second.id: "做了"}


async def test_a_plan_that_was_said_again_stays(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("找老王聊鹦鹉螺的报价")
    await mei.says("还是得找老王聊鹦鹉螺的报价")
    await plan(journal, mei, AddCommitment("找老王聊鹦鹉螺的报价", TODAY))
    receipt = await forget(journal, mei.user_id, ids=[said])
    assert receipt.commitments == 0
    assert (await one(journal, CommitmentRow)).text == "找老王聊鹦鹉螺的报价"


async def test_a_tap_does_not_wipe_out_the_result_that_was_written(journal: Journal, mei: Diarist) -> None:
    await plan(journal, mei, AddCommitment("写三行", TODAY))
    made = await one(journal, CommitmentRow)
    await plan(
        journal,
        mei,
        MarkCommitment(made.id, CommitmentStatus.HALF, "写了一行"),
        MarkCommitment(made.id, CommitmentStatus.DONE),
    )
    row = await one(journal, CommitmentRow)
    assert (row.status, row.result) == ("done", "写了一行")


async def test_a_goal_goes_with_the_message_it_was_said_in(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("三年内开一家鹦鹉螺书店", command="goals")
    await plan(journal, mei, AddGoal("三年内开一家鹦鹉螺书店"))
    goal = await one(journal, GoalRow)
    assert goal.message_id == said
    await plan(journal, mei, AddCommitment("写三行", TODAY, goal_id=goal.id))
    # even where the words were said again: this goal came from that message
    await mei.says("想过了，三年内开一家鹦鹉螺书店")
    receipt = await forget(journal, mei.user_id, ids=[said])
    assert receipt.goals == 1
    assert await rows(journal, GoalRow) == []
    assert (await one(journal, CommitmentRow)).goal_id is None


async def test_a_goal_loses_the_success_that_was_said_elsewhere(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    said = await mei.says("开一家书店", command="goals")
    await plan(journal, mei, AddGoal("开一家书店"))
    first = await one(journal, GoalRow)
    clock.passes(minutes=1)
    success = await mei.says("门口挂着鹦鹉螺")
    await plan(journal, mei, AddGoal("开一家书店", success="门口挂着鹦鹉螺", replaces=first.id))
    await forget(journal, mei.user_id, ids=[success])
    goal = await one(journal, GoalRow)  # the same goal, better known
    assert (goal.text, goal.success, goal.message_id) == ("开一家书店", "…", said)


async def test_a_goal_set_by_a_tap_comes_from_no_message(journal: Journal, mei: Diarist) -> None:
    await plan(journal, mei, AddGoal("开一家书店"), AddGoal("开一家书店"))
    assert (await one(journal, GoalRow)).message_id is None


async def test_a_dialogue_about_forgotten_words_ends(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("找老王聊报价", command="plan")
    state = {"stage": "when", "items": [{"text": "找老王聊报价", "on": None, "minutes": 20}], "queue": []}
    await plan(journal, mei, SetDialogue("plan", state))
    await forget(journal, mei.user_id, ids=[said])
    assert await rows(journal, DialogueRow) == []


async def test_a_dialogue_about_something_else_goes_on(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("when it rains 鹦鹉螺 leaks, 写三行 helps")
    await mei.says("写三行")
    state = {"stage": "when", "items": [{"text": "写三行"}], "queue": ["写三行"], "n": 1}
    await plan(journal, mei, SetDialogue("plan", state))
    await forget(journal, mei.user_id, ids=[said])
    assert (await one(journal, DialogueRow)).state == state


# --- what is sent -----------------------------------------------------------------------------------------


async def send(journal: Journal, mei: Diarist, key: str, payload: dict[str, Any]) -> None:
    async with journal.begin() as tx:
        await queue(
            tx,
            Outgoing(
                key,
                "terminal",
                0,
                mei.user_id,
                kind="checkin",
                payload=payload,
                user_id=mei.user_id,
                must=False,
            ),
        )
        await tx.commit()


async def test_queued_and_sent_nudges_lose_the_words_at_any_depth(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("找老王聊鹦鹉螺的报价")
    for n in range(2):
        payload = {
            "text": "今天定的是「找老王聊鹦鹉螺的报价」。到哪一步了？",
            "parse_mode": "HTML",
            "reply": {"quote": "找老王聊鹦鹉螺的报价", "position": 3},
            "choices": [{"label": "1. 找老王聊鹦鹉螺的报", "data": "plan:done:1"}],
        }
        await send(journal, mei, f"nudge:{n}", payload)
    (queued, _) = await list_queued(journal, 0, mei.user_id)
    async with journal.begin() as tx:
        await mark_sent(tx, queued.id)
        await tx.commit()
    receipt = await forget(journal, mei.user_id, ids=[said])
    for row in await rows(journal, OutboxRow):
        assert row.payload == {
            "text": "今天定的是「…」。到哪一步了？",
            "parse_mode": "HTML",
            "reply": {"quote": "…", "position": 3},
            "choices": [{"label": "1. …", "data": "plan:done:1"}],
        }
    assert receipt.quotes == 2


async def test_what_waits_for_telegram_can_still_be_sent(journal: Journal, mei: Diarist) -> None:
    """The door's numbers are not ours, a quote has to be verbatim, and marks stand at places of the text."""
    said = await mei.says("找老王聊鹦鹉螺的报价")
    own = {"message_id": said, "text": "今天不错", "source": "今天不错，就这样"}
    theirs = {"message_id": 17, "text": "聊鹦鹉螺", "source": "找老王聊鹦鹉螺的报价"}
    await send(
        journal, mei, "a", {"text": "好，先这样。", "marks": [["b", 0, 1]], "quote": own, "choices": []}
    )
    await send(journal, mei, "b", {"text": "好，先这样。", "marks": [["b", 0, 1]], "quote": theirs})
    await send(journal, mei, "c", {"text": "「聊鹦鹉螺」", "marks": [["b", 1, 5]], "edit": 18})
    await send(journal, mei, "d", {"text": None, "edit": 18})
    await forget(journal, mei.user_id, ids=[said])
    payloads = {row.key: row.payload for row in await rows(journal, OutboxRow)}
    assert payloads == {
        "a": {"text": "好，先这样。", "marks": [["b", 0, 1]], "quote": own, "choices": []},
        "b": {"text": "好，先这样。", "marks": [["b", 0, 1]], "quote": None},
        "c": {"text": "「…」", "marks": None, "edit": 18},
        "d": {"text": None, "edit": 18},
    }


async def test_a_nudge_about_a_plan_that_stays_stays(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("找老王聊鹦鹉螺的报价")
    await mei.says("必须找老王聊鹦鹉螺的报价")
    await plan(journal, mei, AddCommitment("找老王聊鹦鹉螺的报价", TODAY))
    await send(journal, mei, "nudge:1", {"text": "今天定的是「找老王聊鹦鹉螺的报价」。", "choices": []})
    await forget(journal, mei.user_id, ids=[said])
    assert "鹦鹉螺" in (await one(journal, OutboxRow)).payload["text"]


# --- the last import --------------------------------------------------------------------------------------


async def bring(journal: Journal, mei: Diarist, name: str, *texts: str) -> list[int]:
    async with journal.begin() as tx:
        row = ImportRow(user_id=mei.user_id, name=name, sha256=name, entries=len(texts), imported_at=tx.now)
        tx.db.add(row)
        await tx.db.flush()
        ids = []
        for number, words in enumerate(texts):
            made = await tx.db.execute(
                insert(MessageRow)
                .values(
                    user_id=mei.user_id, role="user", channel=Channel.IMPORT, text=words, language="zh",
                    said_at=tx.now, said_on=TODAY, fingerprint=f"{name}{number}", import_id=row.id,
                    source=name,
                )
                .returning(MessageRow.id)
            )  # fmt: skip
            ids.append(made.scalar_one())
        await tx.commit()
    return ids


async def test_the_last_import_is_taken_back_with_its_quotes(journal: Journal, mei: Diarist) -> None:
    await bring(journal, mei, "first.md", "先带来的一段")
    ids = await bring(journal, mei, "鹦鹉螺.md", "鹦鹉螺的第一段", "鹦鹉螺的第二段")
    asked = await mei.says("我写过什么")
    await mei.hears(quoting("鹦鹉螺的第一段", ids[0]), to=asked)
    async with journal.begin() as tx:
        receipt = await undo_last_import(tx, mei.user_id)
        await tx.commit()
    assert receipt == Receipt(messages=2, quotes=1)
    assert "鹦鹉" not in await dump(journal)
    assert [row.name for row in await rows(journal, ImportRow)] == ["first.md"]


async def test_with_no_import_left_there_is_nothing_to_take_back(journal: Journal, mei: Diarist) -> None:
    await bring(journal, mei, "first.md", "先带来的一段")
    async with journal.begin() as tx:
        assert await undo_last_import(tx, mei.user_id) is not None
        assert await undo_last_import(tx, mei.user_id) is None


async def test_an_import_whose_passages_were_all_forgotten_is_not_remembered_by_name(
    journal: Journal, mei: Diarist
) -> None:
    ids = await bring(journal, mei, "鹦鹉螺.md", "第一段", "第二段")
    await forget(journal, mei.user_id, ids=ids[:1])
    assert len(await rows(journal, ImportRow)) == 1
    await forget(journal, mei.user_id, ids=ids[1:])
    assert await rows(journal, ImportRow) == []


# --- a whole person ---------------------------------------------------------------------------------------


async def owners(journal: Journal) -> dict[str, list[int]]:
    """For every table that knows people, whose its rows are."""
    found = {}
    async with journal.read() as db:
        for table in Table.metadata.sorted_tables:
            if "user_id" in table.columns and table.name != "index_ops":
                column = table.columns["user_id"]
                found[table.name] = list(await db.scalars(select(column).order_by(column)))
    return found


async def test_of_a_forgotten_person_only_the_order_to_the_index_is_left(
    journal: Journal, mei: Diarist, other: Diarist
) -> None:
    for someone in (mei, other):
        said = await someone.says("鹦鹉螺项目又黄了", lenses=((Lens.ESCAPE, 0.9),))
        await someone.hears(quoting("鹦鹉螺项目又黄了"), to=said)
        await bring(journal, someone, "notes.md", "鹦鹉螺的第一段")
        await plan(
            journal,
            someone,
            AddCommitment("聊鹦鹉螺", TODAY),
            AddGoal("开一家鹦鹉螺书店"),
            SetDialogue("plan", {"text": "鹦鹉螺"}),
            DeclineStep("ask-1"),
        )
        await index(journal, someone.user_id, said, "鹦鹉")
    before = await owners(journal)
    async with journal.begin() as tx:
        receipt = await forget_user(tx, mei.user_id)
        await tx.commit()
    assert astuple(receipt) == (3, 1, 1, 1, 1)
    after = await owners(journal)
    assert after == {name: [owner for owner in who if owner != mei.user_id] for name, who in before.items()}
    assert len(after["messages"]) == 3
    ops = await rows(journal, IndexOpRow, user_id=mei.user_id)
    assert [(op.message_id, op.op) for op in ops] == [(0, FORGET)]
    assert len(await rows(journal, QuoteRow)) == len(await rows(journal, MessageLensRow)) == 1


def test_the_recall_index_knows_the_order_under_the_same_name() -> None:
    assert recall_rows.FORGET == FORGET


async def test_settled_updates_of_a_forgotten_person_are_numbers_and_nothing_else(
    journal: Journal, mei: Diarist, other: Diarist
) -> None:
    await mei.says("鹦鹉螺项目又黄了")
    await mei.sends("鹦鹉螺还在路上")
    theirs = await other.sends("their words")
    async with journal.begin() as tx:
        await forget_user(tx, mei.user_id)
        await tx.commit()
    mine = [row for row in await rows(journal, InboxRow) if row.update_id != theirs]
    assert [(row.state, row.raw, row.chat_id, row.sender_id) for row in mine] == [
        ("done", None, None, None)
    ] * 2
    assert (await one(journal, InboxRow, update_id=theirs)).state == "new"
    assert await list_pending(journal, 0, mei.user_id) == ()


async def test_telegram_updates_are_found_by_their_sender(journal: Journal, other: Diarist) -> None:
    async with journal.begin() as tx:
        tx.db.add(IdentityRow(door="telegram", external_id="@x", user_id=other.user_id, created_at=tx.now))
        for number, sender in ((1, 7001), (2, 7002), (3, None)):
            await store_update(
                tx, bot_id=55, update_id=number, chat_id=-100, sender_id=sender, raw="{}" if sender else None
            )
        # stored before the two doors were joined: only the origin tells whose it was
        await tx.record_said(other.turn("鹦鹉螺"), origin="u55:3")
        await tx.record_said(other.turn("一句"), origin="elsewhere")
        await tx.commit()
    async with journal.begin() as tx:
        await forget_user(tx, other.user_id)
        await tx.commit()
    found = {row.update_id: row.why for row in await rows(journal, InboxRow)}
    assert found == {1: "forgotten", 2: "", 3: "forgotten"}


async def test_somebody_who_comes_back_is_new(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("鹦鹉螺项目又黄了")
    await mei.hears(quoting("鹦鹉螺项目又黄了"), to=said)
    async with journal.begin() as tx:
        await forget_user(tx, mei.user_id)
        await tx.commit()
    again = await Diarist.welcome(journal)
    await again.says("你好")
    assert await journal.count_messages(again.user_id) == 1
    scene = await journal.load_scene(again.user_id, journal.clock.now())
    assert (scene.turns, scene.goals, scene.plan) == (0, (), ())


# --- as effects -------------------------------------------------------------------------------------------


async def ask(journal: Journal, someone: Diarist, effect: Effect, words: str = "确定") -> str | None:
    """The effect as the drain applies it: between the message that asks for it and the reply to that."""
    turn = someone.turn(words)
    async with journal.begin() as tx:
        said_id = await tx.record_said(turn, origin="u0:900")
        receipt = await apply(tx, turn, effect)
        if effect != ForgetMessages(all_of_it=True):
            draft = Draft(ReplyKind.INFO, "zh", (Said(receipt or ""),))
            await tx.record_reply(turn, draft, said_id=said_id, origin="u0:900:0")
        await tx.commit()
    return receipt


async def test_the_receipt_says_what_went(journal: Journal, mei: Diarist) -> None:
    said = await mei.says("鹦鹉螺项目又黄了")
    await mei.hears(quoting("鹦鹉螺项目又黄了"), to=said)
    receipt = await ask(journal, mei, ForgetMessages(ids=(said,)))
    assert receipt == "抹掉了：1 条话、1 处引用、0 个向量。"


async def test_the_message_that_asks_for_its_own_day_is_answered(journal: Journal, mei: Diarist) -> None:
    await mei.says("鹦鹉螺项目又黄了")
    receipt = await ask(journal, mei, ForgetMessages(since=TODAY, until=TODAY))
    assert receipt is not None
    assert receipt.startswith("抹掉了：1 条话")
    assert [row.text for row in await rows(journal, MessageRow)] == ["确定", receipt]


@pytest.mark.parametrize(
    ("effect", "what"),
    [
        (ForgetMessages(ids=(4711,)), "/forget 4711"),
        (ForgetMessages(since=TODAY, until=TODAY + timedelta(days=1)), "/forget 2026-04-01 2026-04-02"),
        (UndoImport(), "/forget import"),
    ],
)
async def test_where_there_is_nothing_the_receipt_says_so(
    journal: Journal, other: Diarist, effect: ForgetMessages | UndoImport, what: str
) -> None:
    async with journal.begin() as tx:
        assert await apply(tx, other.turn(), effect) == f"There is nothing to erase: {what}."


async def test_the_receipt_of_everything_names_what_the_database_still_holds(
    journal: Journal, mei: Diarist, engine: AsyncEngine
) -> None:
    await mei.says("鹦鹉螺项目又黄了")
    receipt = await ask(journal, mei, ForgetMessages(all_of_it=True))
    assert receipt is not None
    assert receipt.startswith("都抹掉了：2 条话")
    assert ("WAL" in receipt) == (engine.dialect.name == "postgresql")
    assert "鹦鹉" not in await dump(journal)


@pytest.mark.parametrize(
    "effect",
    [
        SendExport(),
        EndDialogue(),
        NoteCrisis(Safety.PASSIVE),
        EndGoal(4711),
        ShrinkCommitment(4711, "写一行", 5),
        ChangeSettings({"zone": "Europe/Berlin"}),
        RecordReview(2026, 14),
    ],
)
async def test_other_effects_have_no_receipt(journal: Journal, mei: Diarist, effect: Effect) -> None:
    assert await ask(journal, mei, effect) is None


# --- the files --------------------------------------------------------------------------------------------


async def test_scrubbing_is_complete_when_nobody_is_in_the_way(engine: AsyncEngine, mei: Diarist) -> None:
    await mei.says("鹦鹉螺项目又黄了")
    assert await scrub(engine)
    assert await scrub(engine)


async def test_scrubbing_says_when_a_reader_was_in_its_way(
    sqlite_engine: AsyncEngine, clock: FrozenClock
) -> None:
    journal = Journal(sqlite_engine, clock)
    mei = await Diarist.welcome(journal)
    async with journal.read() as db:
        await db.scalar(select(func.count()).select_from(MessageRow))
        await mei.says("鹦鹉螺项目又黄了")
        assert not await scrub(sqlite_engine, tries=2, patience=0.01)
    assert await scrub(sqlite_engine)


async def test_scrubbing_says_when_a_writer_was_in_its_way(
    sqlite_engine: AsyncEngine, clock: FrozenClock
) -> None:
    journal = Journal(sqlite_engine, clock)
    mei = await Diarist.welcome(journal)
    async with journal.begin() as tx:
        assert not await scrub(sqlite_engine, tries=1, patience=0.01)
        await tx.record_said(mei.turn("还在"), origin="u0:1")
        await tx.commit()
    assert await journal.count_messages(mei.user_id) == 1
    async with sqlite_engine.connect() as connection:
        assert await connection.scalar(text("PRAGMA busy_timeout")) == 10_000


async def test_a_file_that_cannot_be_scrubbed_is_an_error(sqlite_engine: AsyncEngine) -> None:
    async with sqlite_engine.connect() as connection:
        await connection.execute(text("CREATE TABLE t (x)"))
        await connection.commit()
        await connection.execute(text("PRAGMA query_only = ON"))
        await connection.rollback()
    with pytest.raises(Exception, match="readonly"):
        await scrub(sqlite_engine)


async def test_a_vacuum_that_postgres_does_not_allow_is_not_an_error(postgres_engine: AsyncEngine) -> None:
    @event.listens_for(postgres_engine.sync_engine, "before_cursor_execute")
    def hurry(_connection: object, cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401  # DB-API
        if statement.startswith("VACUUM"):
            cursor.execute("SET statement_timeout = 1")  # milliseconds, as an operator might limit them

    assert not await scrub(postgres_engine)


# --- the terminal's history -------------------------------------------------------------------------------


@pytest.fixture
def history(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str) -> Path:
        path = tmp_path / "history"
        path.touch(mode=0o600)
        written = FileHistory(str(path))
        for line in lines:
            written.store_string(line)
        return path

    return write


def entries(path: Path) -> list[str]:
    return list(reversed(list(FileHistory(str(path)).load_history_strings())))


def test_forgotten_lines_go_from_the_history_and_the_others_stay(history: Callable[..., Path]) -> None:
    path = history("今天不错", "鹦鹉螺项目\n又黄了", "/plan 写三行", "说说鹦鹉螺项目又黄了这件事", "鹦鹉")
    assert redact_history(path, ["鹦鹉螺项目\n又黄了", "…"]) == 2
    assert entries(path) == ["今天不错", "/plan 写三行", "鹦鹉"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["history"]


def test_a_telling_piece_of_a_forgotten_text_goes_from_the_history(history: Callable[..., Path]) -> None:
    path = history("the parrot project", "so it", "died")
    assert redact_history(path, ["so it turns out the Parrot Project\ndied"]) == 2
    assert entries(path) == ["so it"]


def test_a_history_without_forgotten_lines_is_not_written_anew(history: Callable[..., Path]) -> None:
    path = history("今天不错")
    before = path.stat().st_ino
    assert redact_history(path, ["鹦鹉螺项目又黄了"]) == 0
    assert path.stat().st_ino == before


def test_no_history_is_no_error(tmp_path: Path) -> None:
    assert redact_history(tmp_path / "history", ["鹦鹉螺"]) == 0


def test_a_history_that_cannot_be_written_stays_as_it_was(
    history: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = history("鹦鹉螺项目又黄了")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        redact_history(path, ["鹦鹉螺项目又黄了"])
    assert entries(path) == ["鹦鹉螺项目又黄了"]
    assert [entry.name for entry in path.parent.iterdir()] == ["history"]
