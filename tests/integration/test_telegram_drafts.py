"""A reply that comes part by part in Telegram: drafts while it is made, one message in the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.telegram.chat import Manner
from coaching.model import Turn
from coaching.parts import Draft
from tests.fakes.door import open_door, says
from tests.fakes.telegram import FakeTelegram, Person
from tests.fakes.telegram.faults import refused
from tests.fakes.telegram.records import Happened

FIRST, WHOLE = "先说一半", "先说一半\n\n再说另一半"


def shown_to(person: Person) -> list[tuple[str, str]]:
    """The bot's drafts and messages, in order."""
    kinds = {Happened.DRAFT: "draft", Happened.MESSAGE: "message"}
    return [
        (kinds[event.kind], event.message.text if event.message else event.text)
        for event in person.events
        if event.kind in kinds and (event.message is None or event.message.from_bot)
    ]


async def drafted(person: Person) -> None:
    """Until a draft is there."""
    while not any(kind == "draft" for kind, _ in shown_to(person)):
        await asyncio.sleep(0.01)


def take(turn: Turn, words: str) -> None:
    """The coach shows a part of its reply."""
    assert turn.showing is not None
    turn.showing.open()
    turn.showing.take(says(turn, words))


async def test_drafts_come_first_and_the_message_last(
    telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path, lin: Person
) -> None:
    async def speaks_slowly(turn: Turn) -> Draft:
        take(turn, FIRST)
        await drafted(lin)
        take(turn, WHOLE)  # within the second in which Telegram wants no other draft
        return says(turn, WHOLE)

    async with open_door(telegram, sqlite_engine, tmp_path, speaks_slowly):
        await lin.says("周报自动化做了一半")
        await lin.hears("再说另一半")
    assert shown_to(lin) == [("draft", FIRST), ("message", WHOLE)]


async def test_nothing_is_shown_while_more_may_belong_to_what_was_said(
    telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path, lin: Person
) -> None:
    first = asyncio.Event()

    async def speaks_at_once(turn: Turn) -> Draft:
        take(turn, f"你说：{turn.text}")
        if not first.is_set():
            first.set()
            await asyncio.Event().wait()  # until more has come, and it begins again
        await drafted(lin)
        return says(turn, f"你说：{turn.text}")

    manner = Manner(moment=3.0, in_a_row=0.2, per_minute=1000)
    async with open_door(telegram, sqlite_engine, tmp_path, speaks_at_once, manner=manner):
        await lin.says("第一句")
        await first.wait()
        await lin.says("第二句")
        await lin.hears("第二句")
    assert [words for kind, words in shown_to(lin) if kind == "draft"] == ["你说：第一句\n第二句"]


async def test_where_telegram_offers_no_drafts_the_message_comes_all_the_same(
    telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path, lin: Person
) -> None:
    telegram.inject(refused("method is not available"), "sendMessageDraft", times=9)

    async def speaks(turn: Turn) -> Draft:
        take(turn, FIRST)
        return says(turn, WHOLE)

    async with open_door(telegram, sqlite_engine, tmp_path, speaks):
        await lin.says("周报自动化做了一半")
        await lin.hears("再说另一半")
    assert shown_to(lin) == [("message", WHOLE)]
