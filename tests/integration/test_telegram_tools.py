"""The tools through Telegram: buttons, several messages in a row, and where every piece comes from."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.model import Record
from tests.fakes.coach import make_coach
from tests.fakes.door import Door, RealClock, open_door
from tests.fakes.telegram import FakeTelegram, Person


async def records(door: Door, person: Person, kind: str) -> tuple[Record, ...]:
    user_id = await door.journal.find_user_id("telegram", str(person.id))
    assert user_id is not None
    return await door.journal.list_records(user_id, kind)


async def test_a_line_about_oneself_is_sorted_by_a_button_and_two_taps_count_once(
    telegram: FakeTelegram, lin: Person, sqlite_engine: AsyncEngine, tmp_path: Path
) -> None:
    clock = RealClock()
    async with open_door(
        telegram, sqlite_engine, tmp_path, coach=make_coach(sqlite_engine, clock), clock=clock
    ) as door:
        await lin.says("/me 我能把乱的表格讲清楚")
        asked = await lin.hears("放在哪一栏")
        await lin.taps("我做得好的", on=asked)
        await lin.taps("我做得好的", on=asked)
        await lin.hears("放进了：我做得好的")
        (line,) = await records(door, lin, "me")
        assert line.facts == {"part": "well"}


async def test_an_answer_sent_in_two_messages_keeps_the_one_its_words_stand_in(
    telegram: FakeTelegram, ann: Person, sqlite_engine: AsyncEngine, tmp_path: Path
) -> None:
    clock = RealClock()
    async with open_door(
        telegram, sqlite_engine, tmp_path, coach=make_coach(sqlite_engine, clock), clock=clock
    ) as door:
        await ann.says("/weigh lead of the data team at Acme")
        await ann.hears("Who has the last word")
        await ann.says("the vice president decides")
        await ann.says("not me")
        await ann.hears("2 of 5|3 of 5")
        (record,) = await records(door, ann, "weigh")
        piece = record.pieces["who"]
        assert piece.message_id is not None
        user_id = await door.journal.find_user_id("telegram", str(ann.id))
        assert user_id is not None
        assert piece.text in (await door.journal.load_message(user_id, piece.message_id)).text
