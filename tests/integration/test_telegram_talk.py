"""Talking through the Telegram door: what a person sends, what they hear, and what the journal keeps."""

from __future__ import annotations

import asyncio
import functools
import io
import zipfile
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.telegram import chats
from bot.telegram.chat import Manner
from coaching.coach import Coach
from coaching.effects import AddGoal, ChangeSettings, SendExport
from coaching.lenses import LensReader
from coaching.model import Language, Lens, Safety, Turn
from coaching.parts import Choice, Draft, Past, Quote, ReplyKind
from coaching.responders.playbook import PlaybookResponder
from coaching.safety import SafetyCheck
from coaching.thinking import Team
from memory.sql.codes import make_code
from memory.sql.journal import Journal
from memory.sql.tables import IndexOpRow, MessageRow, UserRow
from tests.fakes.door import Door, RealClock, open_door, says
from tests.fakes.telegram import FakeTelegram, Person

Open = Callable[..., AbstractAsyncContextManager[Door]]


@pytest.fixture
def opened(telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path) -> Open:
    def with_these(*args: object, **more: object) -> AbstractAsyncContextManager[Door]:
        return open_door(telegram, sqlite_engine, tmp_path, *args, **more)  # type: ignore[arg-type]  # open_door's own

    return with_these


async def stored(door: Door, role: str = "user") -> list[MessageRow]:
    async with door.journal.read() as db:
        return list(
            await db.scalars(select(MessageRow).where(MessageRow.role == role).order_by(MessageRow.id))
        )


async def person_of(door: Door, person: Person) -> UserRow:
    user_id = await door.journal.find_user_id("telegram", str(person.id))
    async with door.journal.read() as db:
        row = await db.get(UserRow, user_id)
    assert row is not None
    return row


# --- words --------------------------------------------------------------------------------------------------


async def test_a_message_is_answered_and_stored_with_telegrams_number(opened: Open, lin: Person) -> None:
    async with opened() as door:
        sent = await lin.says("周报自动化做了一半")
        await lin.hears("heard 周报自动化做了一半")
        (row,) = await stored(door)
        assert (row.text, row.external_id, row.language) == ("周报自动化做了一半", sent.id, "zh")


async def test_five_messages_in_a_row_get_one_reply_and_are_stored_one_by_one(
    opened: Open, lin: Person
) -> None:
    async with opened() as door:
        for number in range(5):
            await lin.says(f"第{number}句")
        reply = await lin.hears("heard")
        assert reply.text == "heard 第0句\n第1句\n第2句\n第3句\n第4句"
        await lin.hears_nothing()
        assert [row.text for row in await stored(door)] == [f"第{n}句" for n in range(5)]
        assert [turn.messages for turn in door.coach.turns] == [tuple(f"第{n}句" for n in range(5))]


async def test_a_message_alone_is_not_held_back_like_several(opened: Open, ann: Person) -> None:
    async with opened(manner=Manner(moment=0.1, in_a_row=60, patience=120)):
        await ann.says("alone")
        await ann.hears("heard alone")


async def test_what_arrives_within_the_moment_is_thought_about_together(opened: Open, ann: Person) -> None:
    async with opened(manner=Manner(moment=60, in_a_row=0.1, patience=120)) as door:
        await ann.says("first")
        await until(lambda: bool(door.coach.turns))  # it is thought about at once, and not yet answered
        await ann.says("second")
        await ann.hears("heard first\nsecond")
        assert [turn.text for turn in door.coach.turns] == ["first", "first\nsecond"]
        assert [row.text for row in await stored(door)] == ["first", "second"]


async def test_two_people_do_not_wait_for_each_other(opened: Open, lin: Person, ann: Person) -> None:
    gate = asyncio.Event()

    async def script(turn: Turn) -> Draft | None:
        if "slow" in turn.text:
            await gate.wait()
        return None

    async with opened(script):
        await lin.says("slow")
        await ann.says("quick")
        await ann.hears("heard quick")
        assert lin.bot_messages == ()
        gate.set()
        await lin.hears("heard slow")


async def test_a_command_may_name_the_bot(opened: Open, lin: Person) -> None:
    async with opened():
        await lin.says("/plan@offramp_coach_bot 周四午休")
        await lin.hears("heard /plan 周四午休")


async def test_a_reply_quotes_the_earlier_message_natively(opened: Open, ann: Person) -> None:
    async def script(turn: Turn) -> Draft | None:
        if turn.text != "again":
            return None
        quote = Quote("the promotion", 1, turn.today)
        return Draft(ReplyKind.INFO, "en", (Past("On that day you wrote “the promotion”.", (quote,)),))

    async with opened(script):
        first = await ann.says("I keep thinking about the promotion")
        await ann.hears("heard")
        await ann.says("again")
        reply = await ann.hears("On that day")
        assert reply.reply_to == first.id
        assert reply.quote is not None
        assert reply.quote.text == "the promotion"


async def test_a_message_that_replies_to_another_says_which_one(opened: Open, ann: Person) -> None:
    async with opened() as door:
        first = await ann.says("first")
        heard = await ann.hears("heard first")
        await ann.replies_to(first, "about this")
        await ann.hears("heard about this")
        await ann.replies_to(heard, "about yours")
        await ann.hears("heard about yours")
        mine, yours = (await stored(door))[0], (await stored(door, "coach"))[0]
        assert [turn.quoting for turn in door.coach.turns] == [None, mine.id, yours.id]


async def test_reflect_in_reply_to_an_own_message_is_about_that_message(opened: Open, ann: Person) -> None:
    async with opened() as door:
        first = await ann.says("a long story about the week")
        await ann.hears("heard")
        await ann.replies_to(first, "/reflect")
        await ann.hears("heard /reflect a long story about the week")
        assert (await stored(door))[-1].text == "/reflect"


# --- taps and /cancel ---------------------------------------------------------------------------------------


def _with_button(gate: asyncio.Event) -> Callable[[Turn], Awaitable[Draft | None]]:
    async def script(turn: Turn) -> Draft | None:
        if turn.text == "offer":
            return says(turn, "an offer", choices=(Choice("take it", "step:do"),))
        if turn.tap:
            return says(turn, "taken", effects=(AddGoal("more of it mine"),))
        if "slow" in turn.text and not gate.is_set():
            await gate.wait()
        return None

    return script


async def test_a_tap_overtakes_a_slow_thought_which_begins_again_on_what_it_changed(
    opened: Open, ann: Person
) -> None:
    gate = asyncio.Event()
    async with opened(_with_button(gate)) as door:
        await ann.says("offer")
        await ann.hears("an offer")
        await ann.says("slow one")
        await until(lambda: any(turn.text == "slow one" for turn in door.coach.turns))
        await ann.taps("take it")
        await ann.hears("taken")
        gate.set()
        await ann.hears("heard slow one")
        assert [turn.text for turn in door.coach.turns].count("slow one") == 2
        assert [row.text for row in await stored(door)] == ["offer", "slow one"]


async def test_a_tap_names_the_message_it_was_on(opened: Open, ann: Person) -> None:
    async with opened(_with_button(asyncio.Event())) as door:
        await ann.says("offer")
        await ann.hears("an offer")
        await ann.taps("take it")
        await ann.hears("taken")
        assert door.coach.turns[-1].quoting == (await stored(door, "coach"))[0].id


async def test_cancel_overtakes_a_slow_thought_and_what_was_said_stays(opened: Open, ann: Person) -> None:
    gate = asyncio.Event()
    async with opened(_with_button(gate)) as door:
        await ann.says("slow one")
        await until(lambda: bool(door.coach.turns))
        await ann.says("/cancel")
        await ann.hears("I leave those unanswered")
        gate.set()
        await ann.says("next")
        await ann.hears("heard next")
        assert [row.text for row in await stored(door)] == ["slow one", "/cancel", "next"]
        assert len(ann.bot_messages) == 2


async def test_cancel_never_silences_a_call_for_help(opened: Open, ann: Person) -> None:
    gate = asyncio.Event()
    async with opened(_with_button(gate)) as door:
        await ann.says("slow DANGER")
        await until(lambda: bool(door.coach.turns))
        await ann.says("/cancel")
        await asyncio.sleep(0.2)
        gate.set()
        await ann.hears("heard slow DANGER")
        await ann.hears("heard /cancel")


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():  # a coach by script announces nothing
            await asyncio.sleep(0.01)


# --- the first meeting --------------------------------------------------------------------------------------


async def _first_coached(turn: Turn) -> Draft | None:
    return Draft(ReplyKind.TURN, turn.language, says(turn, "a first reply").parts) if turn.text else None


async def test_the_first_meeting_has_four_steps_each_with_buttons(opened: Open, ann: Person) -> None:
    async with opened(_first_coached) as door:
        await ann.says("/start")
        hello = await ann.hears("What is on your mind")
        assert "stored" in hello.text
        assert hello.labels == ("Set the time first",)
        await ann.says("I am busy every day and nothing moves")
        await ann.hears("a first reply")
        goal = await ann.hears("which of these do you want most")
        await ann.taps("More that is mine to decide")
        zone = await ann.hears("Which time zone")
        assert zone.id == goal.id  # in place
        await ann.taps("Berlin")
        await ann.hears("At what time in the evening")
        await ann.taps("22:00")
        done = await ann.hears("Next time")
        assert "22:00 (Europe/Berlin)" in done.text
        row = await person_of(door, ann)
        assert (row.zone, row.evening) == ("Europe/Berlin", time(22, 0))
        (kept,) = await door.journal.list_goals(row.id)
        assert kept.lens is Lens.OWNERSHIP


async def test_every_step_can_be_skipped_and_is_not_asked_again(opened: Open, lin: Person) -> None:
    async with opened(_first_coached) as door:
        await lin.says("/start")
        await lin.hears("现在")
        await lin.taps("先设一下时间")
        for question in ("最想要的是哪一种", "哪个时区", "晚上几点"):
            await lin.hears(question)
            await lin.taps("先跳过")
        await lin.hears("21:00（Asia/Shanghai）")
        assert (await person_of(door, lin)).zone == "Asia/Shanghai"


async def test_a_city_typed_when_the_zone_is_asked_for_sets_it(opened: Open, ann: Person) -> None:
    async def script(turn: Turn) -> Draft | None:
        if turn.command == "settings" and turn.text == "zone Berlin":
            return says(turn, "changed", effects=(ChangeSettings({"zone": "Europe/Berlin"}),))
        return None

    async with opened(script) as door:
        await ann.says("/start")
        await ann.hears("What is on your mind")
        await ann.taps("Set the time first")
        await ann.hears("want most")
        await ann.taps("Skip")
        await ann.hears("Which time zone")
        await ann.says("Berlin")
        await ann.hears("Europe/Berlin")
        await ann.hears("At what time in the evening")
        assert (await person_of(door, ann)).zone == "Europe/Berlin"


async def test_a_location_sets_the_zone(opened: Open, ann: Person) -> None:
    async with opened() as door:
        await ann.sends_location(48.86, 2.35)
        await ann.hears("Europe/Paris")
        assert (await person_of(door, ann)).zone == "Europe/Paris"
        await ann.sends_location(0.0, -150.0)  # the middle of the Pacific
        await ann.hears("cannot tell the time zone")


async def test_menu_and_descriptions_are_set_in_both_languages(opened: Open, telegram: FakeTelegram) -> None:
    async with opened():
        await telegram.called("setMyShortDescription", times=3)
    for code, word in (("", "week"), ("en", "week"), ("zh", "一周")):
        menu = telegram.profile.commands("all_private_chats", code)
        assert word in menu[0]["description"]
        assert telegram.profile.text("description", code)


# --- other things people send -------------------------------------------------------------------------------


async def test_what_cannot_be_read_gets_a_kind_sentence(opened: Open, ann: Person) -> None:
    async with opened() as door:
        await ann.sends_sticker()
        await ann.hears("stickers")
        await ann.sends_photo()
        await ann.hears("pictures")
        await ann.sends_poll("Stay?", "yes", "no")
        await ann.hears("polls")
        await ann.sends(dice={"emoji": "🎲", "value": 3})
        await ann.hears("this kind of message")
        await ann.sends_voice()
        await ann.hears("no transcription")
        await ann.sends(
            text="his words", forward_origin={"type": "hidden_user", "date": 0, "sender_user_name": "B"}
        )
        await ann.hears("Somebody else wrote that")
        assert await stored(door) == []
        await ann.sends_photo(caption="this is the plan on the wall")
        await ann.hears("heard this is the plan on the wall")


async def test_an_edited_message_changes_the_journal_and_is_indexed_anew(opened: Open, ann: Person) -> None:
    async with opened() as door:
        first = await ann.says("the promtion")
        await ann.hears("heard")
        await ann.edits(first, "the promotion")
        await ann.says("next")
        await ann.hears("heard next")
        assert [row.text for row in await stored(door)] == ["the promotion", "next"]
        async with door.journal.read() as db:
            ops = [op.op for op in await db.scalars(select(IndexOpRow).where(IndexOpRow.message_id == 1))]
        assert ops[-2:] == ["remove", "add"]
        assert len(ann.bot_messages) == 2


async def test_an_edit_that_calls_for_help_is_answered(opened: Open, ann: Person) -> None:
    async with opened() as door:
        first = await ann.says("fine")
        await ann.hears("heard fine")
        await ann.edits(first, "DANGER")
        await ann.hears("heard DANGER")
        assert (await stored(door))[0].safety == Safety.EXPLICIT


async def test_an_edit_within_the_moment_is_what_is_answered(opened: Open, ann: Person) -> None:
    async with opened() as door:
        first = await ann.says("the promtion")
        await ann.edits(first, "the promotion")
        await ann.hears("heard the promotion")
        assert [row.text for row in await stored(door)] == ["the promotion"]


async def test_a_file_is_brought_into_the_journal_once_with_a_receipt(opened: Open, ann: Person) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("2026-01-05.md", "Talked to Bo about the tooling idea.")
        archive.writestr("2026-01-06.md", "Nothing moved today, only meetings.")
    async with opened() as door:
        await ann.sends_document("diary.zip", packed.getvalue())
        await ann.hears("Brought in: 2 passages")
        await ann.sends_document("diary.zip", packed.getvalue())
        await ann.hears("Nothing new came in: 2 passages")
        assert {row.said_on.isoformat() for row in await stored(door)} == {"2026-01-05", "2026-01-06"}
        await ann.sends_document("huge.txt", b"x", size=21 * 2**20)
        await ann.hears("larger than 20 MB")
        await ann.sends_document("notes.md", b"Some words in a file", caption="/reflect")
        await ann.hears("heard /reflect Some words in a file")
        assert list((door.settings.home / "incoming").iterdir()) == []


async def test_an_export_is_sent_as_a_file(opened: Open, ann: Person, telegram: FakeTelegram) -> None:
    async def script(turn: Turn) -> Draft | None:
        return Draft(ReplyKind.INFO, "en", (), effects=(SendExport(),)) if turn.command == "export" else None

    async with opened(script):
        await ann.says("/export")
        reply = await ann.hears("")
        assert reply.content["document"]["file_name"].endswith(".zip")


async def test_an_export_that_is_too_large_says_where_it_lies(
    opened: Open, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(turn: Turn) -> Draft | None:
        return Draft(ReplyKind.INFO, "en", (), effects=(SendExport(),)) if turn.command == "export" else None

    monkeypatch.setattr("bot.telegram.sending.call.LARGEST_FILE", 10)  # 50 MB take a while to write
    async with opened(script) as door:
        await ann.says("/export")
        reply = await ann.hears("larger than the 50 MB")
        (path,) = (door.settings.home / "exports").iterdir()
        assert path.name in reply.text
        assert f"--user telegram:{ann.id}" in reply.text


async def test_in_a_group_it_says_one_sentence_and_leaves(
    opened: Open, ann: Person, telegram: FakeTelegram
) -> None:
    group = telegram.group("Team")
    async with opened() as door:
        await group.adds_bot(ann)
        await group.hears("I only work one to one")
        await telegram.called("leaveChat")
        await ann.says("here")
        await ann.hears("heard here")
        assert not group.has_bot
        assert len(group.bot_messages) == 1
        assert [row.text for row in await stored(door)] == ["here"]


# --- one person, two doors ----------------------------------------------------------------------------------


async def test_link_joins_the_terminals_person_to_the_telegram_one(opened: Open, ann: Person) -> None:
    async with opened() as door:
        async with door.journal.begin() as tx:
            local = await tx.add_user("terminal", "local", language="en", zone="Europe/Berlin")
            turn = Turn(local, "said in the terminal", "en", tx.now)
            await tx.record_said(turn, origin="u0:1")
            code = await make_code(tx, "link", user_id=local)
            await tx.commit()
        await ann.says("said in Telegram")
        await ann.hears("heard")
        await ann.says("/link WRONG")
        await ann.hears("wrong or too old")
        await ann.says(f"/link {code.lower()}")
        await ann.hears("Joined")
        await ann.says(f"/link {code}")
        await ann.hears("wrong or too old")
        assert await door.journal.find_user_id("telegram", str(ann.id)) == local
        words = {row.text for row in await stored(door) if row.user_id == local}
        assert {"said in the terminal", "said in Telegram"} <= words
        assert not any(code in row.text for row in await stored(door))


# --- too much -----------------------------------------------------------------------------------------------


async def test_more_than_the_budget_waits_is_told_once_and_nothing_is_lost(
    telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path, ann: Person
) -> None:
    class Quickly(RealClock):
        ahead = 0.0

        def now(self) -> datetime:
            return super().now() + timedelta(seconds=self.ahead)

    clock = Quickly()
    manner = Manner(moment=0.05, per_minute=2)
    async with open_door(telegram, sqlite_engine, tmp_path, manner=manner, clock=clock) as door:
        for word in ("one", "two"):
            await ann.says(word)
            await ann.hears(f"heard {word}")
        await ann.says("three")
        await ann.hears("a lot at once")
        clock.ahead = 61.0
        await ann.says("four")
        await ann.hears("heard three\nfour")
        assert len(ann.bot_messages) == 4
        await ann.says("DANGER")
        await ann.hears("heard DANGER", within=2)
        assert [row.text for row in await stored(door)] == ["one", "two", "three", "four", "DANGER"]


# --- failing ------------------------------------------------------------------------------------------------


async def test_what_fails_three_times_is_set_aside_with_one_sentence_and_the_next_is_answered(
    opened: Open, ann: Person
) -> None:
    async def script(turn: Turn) -> Draft | None:
        if "poison" in turn.text:
            raise ValueError("canary-words")
        return None

    async with opened(script) as door:
        await ann.says("poison")
        await ann.says("fine")
        await ann.hears("could not work with that one")
        await ann.hears("heard fine")
        assert [turn.text for turn in door.coach.turns].count("poison") == 3
        assert [row.text for row in await stored(door)] == ["poison", "fine"]


async def test_an_outage_costs_no_try(opened: Open, ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chats, "LONGEST_PAUSE", 0.05)
    failures = 3

    async def script(turn: Turn) -> Draft | None:
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise ConnectionRefusedError
        return None

    async with opened(script) as door:
        await ann.says("patience")
        await ann.hears("heard patience", within=15)
        assert len(door.coach.turns) == 4


# --- the real coach -----------------------------------------------------------------------------------------


class NoEncoder:
    def encode(self, texts: list[str]) -> None:
        return None

    async def prepare(self, user_id: int) -> None:
        return None

    async def recall(self, user_id: int, query: str, **_: object) -> tuple[()]:
        return ()


@functools.cache
def readers() -> tuple[LensReader, SafetyCheck]:
    """They learn when they first read, which takes seconds: once for all tests."""
    return LensReader(), SafetyCheck()


@pytest.fixture
def real_coach(sqlite_engine: AsyncEngine) -> Coach:
    nothing = NoEncoder()
    lenses, safety = readers()
    return Coach(
        Team(
            scenes=Journal(sqlite_engine, RealClock()),
            recall=nothing,
            responder=PlaybookResponder(),
            lenses=lenses,
            safety=safety,
            encoder=nothing,
        )
    )


@pytest.mark.parametrize(
    ("language", "words", "label"),
    [
        ("zh", "每天都在开会，周报也是我写，晚上想做自己的小工具却没有力气打开电脑", "我来做"),
        (
            "en",
            "I sit in meetings all day and write the weekly report, and my own little tool never moves",
            "I'll do it",
        ),
    ],
)
async def test_the_real_coach_answers_with_a_step_that_can_be_taken(
    opened: Open, telegram: FakeTelegram, real_coach: Coach, language: Language, words: str, label: str
) -> None:
    person = telegram.person("Kim", language_code=language)
    async with opened(coach=real_coach) as door:
        await person.says(words)
        reply = await person.hears("", within=60)  # the first message of a process trains the classifiers
        assert label in reply.labels, reply.text
        await person.taps(label, on=reply)
        await person.hears("记下了|It is in")
        row = await person_of(door, person)
        day = door.house.clock.now().date()
        assert await door.journal.list_commitments(row.id, since=day - timedelta(2), until=day + timedelta(9))
