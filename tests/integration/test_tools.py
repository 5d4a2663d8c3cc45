"""``/weigh``, ``/tries``, ``/me`` and ``/runway`` with the real coach and journal, in both languages."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.drain import Drain
from coaching.effects import AddCommitment, AddRecord, ChangeRecord, MarkCommitment
from coaching.language import read_language
from coaching.model import Channel, CommitmentStatus, Event, Piece, Record, Turn
from memory.sql.apply import apply
from memory.sql.inbox import TERMINAL, Pending, next_update_id, store_update
from memory.sql.journal import Journal
from memory.sql.outbox import list_queued, mark_sent
from tests.conftest import FrozenClock
from tests.fakes.coach import make_coach

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class Person:
    """Somebody at the terminal, with the buttons of the last reply."""

    journal: Journal
    drain: Drain
    clock: FrozenClock
    id: int
    choices: dict[str, str]

    async def says(self, *lines: str, event: Event | None = None) -> str:
        """What the last of the lines is answered; ``@label`` taps the button of that name."""
        shown = ""
        for line in lines or ("",):
            raw = {"line": line, "event": event.value if event else None}
            async with self.journal.begin() as tx:
                await store_update(
                    tx,
                    bot_id=TERMINAL,
                    update_id=await next_update_id(tx, TERMINAL),
                    chat_id=self.id,
                    sender_id=self.id,
                    raw=json.dumps(raw),
                )
                await tx.commit()
            await self.drain.drain("terminal", TERMINAL, self.id, self._parse)
            (queued,) = await list_queued(self.journal, TERMINAL, self.id)
            shown = str(queued.payload["text"])
            self.choices |= {choice["label"]: choice["data"] for choice in queued.payload["choices"]}
            async with self.journal.begin() as tx:
                await mark_sent(tx, queued.id)
                await tx.commit()
            self.clock.passes(minutes=3)
        return shown

    async def _parse(self, pending: Pending) -> Turn:
        raw = json.loads(pending.raw)
        line, now = raw["line"], self.clock.now().astimezone(SHANGHAI)
        if raw["event"]:
            return Turn(self.id, "", "zh", now, Channel.EVENT, event=Event(raw["event"]))
        language = (await self.journal.load_user(self.id)).language
        if line.startswith("@"):
            return Turn(self.id, "", language, now, Channel.TAP, tap=self.choices[line[1:]])
        if line.startswith("/"):
            name, _, words = line[1:].partition(" ")
            spoken = read_language(words, fallback=language)
            return Turn(self.id, words, spoken, now, Channel.COMMAND, command=name)
        return Turn(self.id, line, read_language(line, fallback=language), now)

    async def applies(self, *effects: AddCommitment | MarkCommitment | AddRecord | ChangeRecord) -> None:
        turn = Turn(self.id, "", "zh", self.clock.now().astimezone(SHANGHAI))
        async with self.journal.begin() as tx:
            for effect in effects:
                await apply(tx, turn, effect)
            await tx.commit()

    async def keeps(self, kind: str) -> tuple[Record, ...]:
        return await self.journal.list_records(self.id, kind)

    async def source(self, piece: Piece) -> str:
        assert piece.message_id is not None
        return (await self.journal.load_message(self.id, piece.message_id)).text


@pytest.fixture
async def lin(sqlite_engine: AsyncEngine, clock: FrozenClock, tmp_path: Path) -> Person:
    return await meet(sqlite_engine, clock, tmp_path, "zh")


@pytest.fixture
async def ann(sqlite_engine: AsyncEngine, clock: FrozenClock, tmp_path: Path) -> Person:
    return await meet(sqlite_engine, clock, tmp_path, "en")


async def meet(engine: AsyncEngine, clock: FrozenClock, folder: Path, language: str) -> Person:
    journal = Journal(engine, clock)
    async with journal.begin() as tx:
        user_id = await tx.add_user("terminal", "lin", language=language, zone="Asia/Shanghai")  # type: ignore[arg-type]  # one of the two
        await tx.commit()
    return Person(journal, Drain(journal, make_coach(engine, clock), exports=folder), clock, user_id, {})


FIRST = (
    "/weigh 接一个外包单子",
    "客户说了算",
    "不算我的，代码归他们",
    "不能，签了保密",
    "不会，只是更忙",
    "每周10个小时",
)
SECOND = (
    "/weigh 去新组做自动化平台",
    "组长拍板，我能提",
    "设计是我的",
    "不能，内部的",
    "会，出去能讲",
    "每周6个小时",
)


# --- weigh --------------------------------------------------------------------------------------------------


async def test_an_opportunity_is_asked_about_one_question_at_a_time(lin: Person) -> None:
    for line in FIRST[:-1]:
        assert (await lin.says(line)).count("？") == 1
    shown = await lin.says(FIRST[-1])
    assert shown.count("？") == 1
    assert "第一次" in shown
    assert all(f"「{words}」" in shown for words in FIRST[1:])
    (record,) = await lin.keeps("weigh")
    assert record.ended_on is not None
    assert await lin.source(record.pieces["what"]) == FIRST[0]
    assert await lin.source(record.pieces["hours"]) == FIRST[-1]


async def test_the_second_one_stands_beside_the_first_with_its_date_and_without_a_verdict(
    lin: Person,
) -> None:
    await lin.says(*FIRST)
    lin.clock.passes(days=2)
    shown = await lin.says(*SECOND)
    assert "4月1日「接一个外包单子」那次：「客户说了算」" in shown
    assert "· 花多少时间：「每周6个小时」\n　　4月1日「接一个外包单子」那次：「每周10个小时」" in shown
    assert "不一样的：" in shown
    assert shown.count("？") == 1
    assert not any(word in shown for word in ("建议", "值得", "应该", "最好"))
    assert "能不能给外面看" in shown.split("差不多的：")[1]  # no, both times


async def test_in_english_a_question_may_be_skipped_by_button_and_in_words(ann: Person) -> None:
    await ann.says("help me weigh this offer")
    assert "“the data team at Acme”" in await ann.says("the data team at Acme")
    await ann.says("the VP does", "@Skip")
    assert "5 of 5" in await ann.says("skip", "skip")
    shown = await ann.says("six hours a week")
    assert "is it mine: left open" in shown
    assert "“six hours a week”" in shown
    assert shown.count("?") == 1


async def test_a_tap_on_the_button_of_an_earlier_question_skips_nothing(lin: Person) -> None:
    await lin.says(FIRST[0])
    old = lin.choices["先跳过"]
    await lin.says(FIRST[1])
    lin.choices["旧的"] = old
    assert "2/5" in await lin.says("@旧的")
    (record,) = await lin.keeps("weigh")
    assert record.facts["at"] == "1"


async def test_a_weighing_that_was_left_goes_on_where_it_stood(lin: Person) -> None:
    await lin.says(*FIRST[:3], "/cancel")
    assert "3/5" in await lin.says("/weigh")


@pytest.mark.parametrize("words", ["帮我掂量一下这个机会", "帮我掂量一下：去新组做自动化平台"])
async def test_weighing_is_asked_for_in_words(lin: Person, words: str) -> None:
    shown = await lin.says(words)
    assert ("哪个机会" in shown) != ("「去新组做自动化平台」" in shown)


async def test_something_else_in_the_middle_is_answered_itself(lin: Person) -> None:
    await lin.says(FIRST[0], "你是谁")
    (record,) = await lin.keeps("weigh")
    assert set(record.pieces) == {"what"}


# --- tries --------------------------------------------------------------------------------------------------


async def test_a_try_goes_from_result_to_lesson_to_the_next_try(lin: Person) -> None:
    await lin.says("/tries 把盘点表给隔壁组看")
    lin.clock.passes(days=2)
    assert "还没有结果" in await lin.says("/tries")
    assert "试出来的是什么" in await lin.says("@1 有结果了")
    assert "学到" in await lin.says("两个人要了模板")
    assert "下一次" in await lin.says("先给人看，再改格式")
    await lin.says("给财务看同一张表")
    first, following = await lin.keeps("try")
    assert {name: piece.text for name, piece in first.pieces.items()} == {
        "what": "把盘点表给隔壁组看",
        "result": "两个人要了模板",
        "lesson": "先给人看，再改格式",
        "next": "给财务看同一张表",
    }
    assert following.facts == {"after": first.origin}
    shown = await lin.says("/tries")
    assert "1. 4月1日，试：「把盘点表给隔壁组看」" in shown
    assert "结果（4月3日）：「两个人要了模板」" in shown


async def test_two_lessons_about_the_same_thing_are_named_with_their_dates(ann: Person) -> None:
    for what, lesson in (
        ("demo the parser to Ben", "showing a draft early got answers"),
        ("post the notes", "a rough draft shown early was enough"),
        ("call the landlord", "mornings are calmer"),
    ):
        await ann.says(f"/tries {what}", "/tries")
        button = next(label for label in reversed(ann.choices) if label.endswith("has a result"))
        await ann.says(f"@{button}", "two people wrote back", lesson, "@Skip")
        ann.clock.passes(days=1)
    shown = await ann.says("/tries")
    common = next(line for line in shown.split("\n\n") if line.startswith("Two lessons"))
    assert "Apr 1 “showing a draft early got answers”" in common
    assert "Apr 2 “a rough draft shown early was enough”" in common


async def test_an_evening_with_nothing_due_asks_after_a_try_and_not_again_the_next(lin: Person) -> None:
    await lin.says("/tries 把盘点表给隔壁组看")
    assert "盘点表" not in await lin.says(event=Event.EVENING_CHECKIN)  # begun today
    lin.clock.passes(days=1)
    assert "4月1日开始试的「把盘点表给隔壁组看」" in await lin.says(event=Event.EVENING_CHECKIN)
    assert "还在试" in await lin.says("还没呢")
    lin.clock.passes(days=1)
    assert "盘点表" not in await lin.says(event=Event.EVENING_CHECKIN)
    lin.clock.passes(days=2)
    await lin.says(event=Event.EVENING_CHECKIN)
    await lin.says("没人回我")
    (record,) = await lin.keeps("try")
    assert record.pieces["result"].text == "没人回我"


# --- me -----------------------------------------------------------------------------------------------------


async def test_a_line_is_sorted_by_a_tap_and_can_be_traced_to_its_message(lin: Person) -> None:
    assert "哪一栏" in await lin.says("/me 我能把乱的表格讲清楚")
    await lin.says("@我做得好的", "@我做得好的")
    (record,) = await lin.keeps("me")
    assert record.facts == {"part": "well"}
    lin.clock.passes(days=1)
    shown = await lin.says("/me")
    assert "我做得好的\n1. 「我能把乱的表格讲清楚」（4月1日）" in shown
    source = record.pieces["what"].message_id
    for asked in ("你怎么知道的", "/me why 1"):
        why = await lin.says("/me", asked)
        assert "4月1日" in why
        assert "「我能把乱的表格讲清楚」" in why
        assert f"/forget {source}" in why


async def test_what_was_done_is_proposed_once_and_kept_only_after_the_tap(ann: Person) -> None:
    today = ann.clock.now().astimezone(SHANGHAI).date()
    await ann.applies(AddCommitment("Show Ben the parser", today))
    await ann.says("he wants it for two more teams")
    await ann.applies(MarkCommitment(1, CommitmentStatus.DONE, "he wants it for two more teams"))
    ann.clock.passes(days=1)
    shown = await ann.says("/me")
    assert "“Show Ben the parser” was done, and on Apr 1 you wrote “he wants it for two more teams”" in shown
    assert await ann.keeps("me") == ()
    await ann.says("@put it in", "@put it in")
    (record,) = await ann.keeps("me")
    assert record.facts == {"part": "done"}
    assert await ann.source(record.pieces["result"]) == "he wants it for two more teams"
    assert "Shall it stand" not in await ann.says("/me")
    assert await ann.says("/me cv") == (
        "‹- Show Ben the parser: he wants it for two more teams (Apr 2026)›\n\n"
        "All of it is your own words, with nothing added. Look it over before you send it, for names of"
        " others and numbers that are not for outside."
    )


async def test_a_result_that_stands_in_no_message_is_never_proposed(lin: Person) -> None:
    today = lin.clock.now().astimezone(SHANGHAI).date()
    await lin.applies(
        AddCommitment("给小周看首页", today), MarkCommitment(1, CommitmentStatus.DONE, "他说好")
    )
    assert "还一行都没有" in await lin.says("/me")


async def test_a_refused_proposal_does_not_come_back(lin: Person) -> None:
    today = lin.clock.now().astimezone(SHANGHAI).date()
    await lin.applies(AddCommitment("给小周看首页", today))
    await lin.says("他圈了三处看不懂")
    await lin.applies(MarkCommitment(1, CommitmentStatus.DONE, "他圈了三处看不懂"))
    assert "要放进" in await lin.says("/me")
    await lin.says("不放")
    assert await lin.keeps("me") == ()
    assert "要放进" not in await lin.says("/me")


async def test_the_lines_come_out_as_a_review_in_three_parts(lin: Person) -> None:
    await lin.says("/me 一个爱把事做完的人", "@我是谁", "/me 给财务做了自动对账", "@我做成的")
    assert (await lin.says("/me review")).startswith(
        "‹自评，到4月1日\n我是谁\n- 一个爱把事做完的人（4月1日）\n我做成的\n- 给财务做了自动对账（4月1日）›"
    )
    await lin.says("/me drop 1")
    assert "爱把事做完" not in await lin.says("/me review")


# --- runway -------------------------------------------------------------------------------------------------


async def test_three_figures_become_months_by_division(lin: Person) -> None:
    for line in ("/runway", "30万", "一万二"):
        assert (await lin.says(line)).count("？") == 1
    shown = await lin.says("八千就够")
    assert "300,000 ÷ 12,000 = 25 个月" in shown
    assert "300,000 ÷ 8,000 = 37.5 个月" in shown
    assert "「30万」" in shown
    assert shown.count("？") == 1
    assert not any(word in shown for word in ("建议", "投资", "理财", "应该", "足够"))


async def test_the_last_figures_stay_with_their_date_and_the_change_is_shown(ann: Person) -> None:
    await ann.says("/runway 80k, 4,000 and 3000")
    ann.clock.passes(days=30)
    shown = await ann.says("how long will my savings last")
    assert "80,000 ÷ 4,000 = 20 months" in shown
    assert "On Apr 1 you put your savings at 80,000" in shown
    shown = await ann.says("72k", "@Skip", "skip")
    assert "72,000 ÷ 4,000 = 18 months" in shown
    assert "Last time (Apr 1) it was 20 months, this time 18: 2 fewer.\nsavings: 80,000 → 72,000" in shown
    assert "(Apr 1, “80k, 4,000 and 3000”)" in shown  # the costs are still those of that day
    first, second = await ann.keeps("runway")
    assert second.pieces["costs"] == first.pieces["costs"]


async def test_a_number_that_cannot_be_divided_by_or_is_not_one_is_asked_for_again(lin: Person) -> None:
    await lin.says("/runway 30万")
    assert "除不出来" in await lin.says("0")
    assert "不止一个数" in await lin.says("两万到三万")
    assert "先放着" in await lin.says("不知道")
    assert "÷" not in await lin.says("/runway")


async def test_where_to_put_the_money_is_still_a_boundary(lin: Person) -> None:
    await lin.says("/runway")
    shown = await lin.says("我该把30万存款买哪只基金")
    assert "÷" not in shown
    assert await lin.keeps("runway") == ()


@pytest.mark.parametrize("words", ["我还能撑多久", "how long can I go on"])
async def test_going_on_is_no_question_about_money_unless_money_is_named(lin: Person, words: str) -> None:
    assert "存款" not in await lin.says(words)
    assert "savings" not in await lin.says(words)


# --- the journal --------------------------------------------------------------------------------------------


async def test_a_replay_changes_nothing(lin: Person) -> None:
    today = lin.clock.now().astimezone(SHANGHAI).date()
    added = AddRecord("try", "try:1", {"what": Piece("给小周看首页", today)})
    change = ChangeRecord("try:1", {"result": Piece("他圈了三处", today)}, ends=True)
    await lin.applies(added, change)
    before = await lin.keeps("try")
    assert [record.ended_on for record in before] == [today]
    lin.clock.passes(days=1)
    await lin.applies(added, change)
    assert await lin.keeps("try") == before
