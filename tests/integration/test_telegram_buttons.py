"""Keyboards of earlier messages: a tap says what happened since, on every device, and counts once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.coach import Answer, Coach
from coaching.effects import DeclineStep
from coaching.model import Commitment, CommitmentStatus, Language, Turn
from coaching.parts import Draft, NextStep, Reply, ReplyKind
from coaching.responders.playbook import PlaybookResponder, step_choices
from coaching.thinking import Team
from memory.sql.apply import apply
from memory.sql.journal import Journal
from memory.sql.tables import CommitmentRow
from tests.fakes.door import Door, RealClock, open_door
from tests.fakes.telegram import FakeTelegram, Message, Person

Open = Callable[[], AbstractAsyncContextManager[Door]]
TAKE: dict[Language, str] = {"zh": "我来做", "en": "I'll do it"}
NOT_THIS: dict[Language, str] = {"zh": "换一个", "en": "not this"}
SINCE: dict[str, dict[Language, str]] = {
    "open": {"zh": "在计划里", "en": "it is in your plan"},
    "done": {"zh": "已经做完了", "en": "it is done"},
    "half": {"zh": "做了一半", "en": "half of it"},
    "moved": {"zh": "后来改了时间", "en": "moved it since"},
    "dropped": {"zh": "后来放下了", "en": "let it go"},
    "declined": {"zh": "说过不要", "en": "You said no"},
    "replaced": {"zh": "已经有了新的一步", "en": "Another step came after"},
    "over": {"zh": "那天已经过了", "en": "a day that is over"},
}
both_languages = pytest.mark.parametrize("language", ["zh", "en"])


class LaterClock(RealClock):
    """The wall clock, some days ahead."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


class OfferingCoach:
    """Offers a step to every message, by script; every tap goes to the real coach."""

    def __init__(self, journal: Journal) -> None:
        nothing: Any = None
        self._coach = Coach(Team(journal, nothing, PlaybookResponder(), nothing, nothing, nothing))

    async def reply_to(self, turn: Turn) -> Answer:
        if not turn.text:
            return await self._coach.reply_to(turn)
        step = NextStep(
            text=f"{turn.text}.",
            key=f"impact-test-{turn.text}",
            body=turn.text,
            minutes=10,
            when="today",
            due_on=turn.today,
            cue="",
            done="it is there",
            if_then="if at the desk, then open it",
            lens=None,
        )
        choices = step_choices(turn.language, smaller=False)
        return Answer(Reply(Draft(ReplyKind.CHECKIN_REPLY, turn.language, (step,), choices=choices)))


@pytest.fixture
def later() -> LaterClock:
    return LaterClock()


@pytest.fixture
def opened(telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path, later: LaterClock) -> Open:
    def with_offers() -> AbstractAsyncContextManager[Door]:
        coach = OfferingCoach(Journal(sqlite_engine, later))
        return open_door(telegram, sqlite_engine, tmp_path, coach=coach, clock=later)

    return with_offers


async def ask(person: Person, words: str) -> Message:
    """Says something and gets a step."""
    await person.says(words)
    return await person.hears(words)


async def plan_of(door: Door, person: Person) -> tuple[Commitment, ...]:
    user_id = await door.journal.find_user_id("telegram", str(person.id))
    today = door.house.clock.now().date()
    return await door.journal.list_commitments(
        cast("int", user_id), since=today - timedelta(days=9), until=today + timedelta(days=9)
    )


@both_languages
async def test_two_devices_that_both_say_yes_count_once(
    opened: Open, telegram: FakeTelegram, language: Language
) -> None:
    kim = telegram.person("Kim", language_code=language)
    async with opened() as door:
        offer = await ask(kim, "写一页" if language == "zh" else "one page")
        await kim.taps(TAKE[language], on=offer)
        await kim.taps(TAKE[language], on=offer)
        await kim.hears("记下了|It is in")
        await kim.hears(SINCE["open"][language])
        assert len(await plan_of(door, kim)) == 1


@both_languages
@pytest.mark.parametrize("status", ["done", "half", "moved", "dropped"])
async def test_a_step_that_was_taken_says_how_it_stands(
    opened: Open, telegram: FakeTelegram, language: Language, status: str
) -> None:
    kim = telegram.person("Kim", language_code=language)
    async with opened() as door:
        offer = await ask(kim, "写一页" if language == "zh" else "one page")
        await kim.taps(TAKE[language], on=offer)
        await kim.hears("记下了|It is in")
        (taken,) = await plan_of(door, kim)
        async with door.journal.begin() as tx:
            row = await tx.db.get(CommitmentRow, taken.id)
            assert row is not None
            row.status = CommitmentStatus(status)
            await tx.db.flush()
            await tx.commit()
        await ask(kim, "下一页" if language == "zh" else "next page")
        await kim.taps(NOT_THIS[language], on=offer)
        await kim.hears(SINCE[status][language])


@both_languages
async def test_a_step_that_was_declined_or_followed_by_another_is_not_taken(
    opened: Open, telegram: FakeTelegram, language: Language
) -> None:
    kim = telegram.person("Kim", language_code=language)
    async with opened() as door:
        words = "第一页" if language == "zh" else "first page"
        first = await ask(kim, words)
        await ask(kim, "第二页" if language == "zh" else "second page")
        await kim.taps(TAKE[language], on=first)
        await kim.hears(SINCE["replaced"][language])
        user_id = await door.journal.find_user_id("telegram", str(kim.id))
        async with door.journal.begin() as tx:
            await apply(
                tx, Turn(cast("int", user_id), "", language, tx.now), DeclineStep(f"impact-test-{words}")
            )
            await tx.commit()
        await kim.taps(TAKE[language], on=first)
        await kim.hears(SINCE["declined"][language])
        assert await plan_of(door, kim) == ()


@both_languages
async def test_a_step_for_a_day_that_is_over_is_not_taken(
    opened: Open, telegram: FakeTelegram, later: LaterClock, language: Language
) -> None:
    kim = telegram.person("Kim", language_code=language)
    async with opened() as door:
        offer = await ask(kim, "写一页" if language == "zh" else "one page")
        later.ahead = timedelta(days=3)
        await kim.taps(TAKE[language], on=offer)
        await kim.hears(SINCE["over"][language])
        assert await plan_of(door, kim) == ()


async def test_a_step_out_of_sight_that_is_still_open_can_be_taken(opened: Open, ann: Person) -> None:
    async with opened() as door:
        offer = await ask(ann, "one page")
        for number in range(7):  # with their answers more than the coach looks back
            await ann.says(f"/nothing{number}")
            await ann.hears("")
        await ann.taps(TAKE["en"], on=offer)
        await ann.hears("It is in")
        (taken,) = await plan_of(door, ann)
        assert taken.text == "one page"
