"""The evening comes to Telegram: asked once, answered by tap or word, late and missed told honestly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.effects import AddCommitment, Effect, NoteCrisis
from coaching.model import Channel, Commitment, CommitmentStatus, Language, Safety, Turn
from memory.sql.apply import apply
from memory.sql.journal import Journal
from memory.sql.tables import NudgePlanRow, OutboxRow
from tests.conftest import FrozenClock
from tests.fakes.coach import make_coach
from tests.fakes.door import Door, open_door
from tests.fakes.telegram import FakeTelegram, Person

SHANGHAI = ZoneInfo("Asia/Shanghai")
SOON = timedelta(milliseconds=20)  # between two ticks; the evening itself stands still
TODAY = date(2026, 4, 1)


@dataclass
class Evening:
    """One person in a running Telegram door, at 20:00 in Shanghai, an hour before the check-in."""

    door: Door
    person: Person
    clock: FrozenClock
    id: int

    @property
    def journal(self) -> Journal:
        return self.door.journal

    async def does(self, *effects: Effect) -> None:
        now = self.clock.now().astimezone(SHANGHAI)
        async with self.journal.begin() as tx:
            for effect in effects:
                await apply(tx, Turn(self.id, "", "zh", now, Channel.TAP), effect)
            await tx.commit()

    async def plan(self) -> Sequence[Commitment]:
        return await self.journal.list_commitments(
            self.id, since=TODAY - timedelta(40), until=TODAY + timedelta(40)
        )

    async def nudges(self) -> list[OutboxRow]:
        async with self.journal.read() as db:
            rows = await db.scalars(
                select(OutboxRow).where(OutboxRow.key.like("nudge:%")).order_by(OutboxRow.id)
            )
            return list(rows)

    def comes(self, *, days: int = 0) -> None:
        """It is 21:00 in Shanghai."""
        self.clock.at = datetime(2026, 4, 1, 13, 0, tzinfo=UTC) + timedelta(days)

    async def is_quiet(self) -> None:
        """What was due has been looked at, and nothing is said."""
        await self.settles()
        await self.person.hears_nothing(within=0.02)

    async def settles(self) -> None:
        """No evening is due any more, and no nudge waits."""
        now = self.clock.now()
        plans = select(NudgePlanRow.user_id).where(NudgePlanRow.next_due_at <= now)
        nudges = select(OutboxRow.id).where(
            OutboxRow.class_ == "may", OutboxRow.state.in_(("queued", "sending")), OutboxRow.next_at <= now
        )
        async with asyncio.timeout(5):
            while True:
                async with self.journal.read() as db:
                    planned = await db.scalar(select(NudgePlanRow.user_id))
                    if planned and await db.scalar(plans) is None and await db.scalar(nudges) is None:
                        return
                await asyncio.sleep(0.005)


Enter = Callable[..., AbstractAsyncContextManager[Evening]]


@pytest.fixture
def evening(
    telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock, lin: Person
) -> Enter:
    @asynccontextmanager
    async def enter(*promises: str, language: Language = "zh") -> AsyncIterator[Evening]:
        coach = make_coach(sqlite_engine, clock)
        journal = Journal(sqlite_engine, clock)
        async with journal.begin() as tx:
            user_id = await tx.add_user("telegram", str(lin.id), language=language, zone="Asia/Shanghai")
            await tx.commit()
        async with open_door(
            telegram, sqlite_engine, tmp_path, coach=coach, clock=clock, tick_every=SOON
        ) as door:
            here = Evening(door, lin, clock, user_id)
            await here.does(*(AddCommitment(words, TODAY, minutes=20) for words in promises))
            await here.settles()  # the first tick has given them a plan
            yield here

    return enter


# --- the answer ---------------------------------------------------------------------------------------------


async def test_the_evening_asks_by_name_and_a_tap_then_words_are_the_result(evening: Enter) -> None:
    async with evening("给阿斌发定价的三个问题") as here:
        here.comes()
        asked = await here.person.hears("给阿斌发定价的三个问题")
        assert asked.labels == ("做了", "一半", "换天", "晚点再问", "今晚不聊")
        here.clock.passes(minutes=2)
        await here.person.taps("做了")
        await here.person.hears("记成做了")
        here.clock.passes(minutes=1)
        await here.person.says("他十分钟就回，说他自己也是瞎定的")
        await here.person.hears("大一号")
        (item,) = await here.plan()
        assert (item.status, item.result) == (CommitmentStatus.DONE, "他十分钟就回，说他自己也是瞎定的")


async def test_done_tapped_on_two_devices_counts_once_and_says_so(evening: Enter) -> None:
    async with evening("给阿斌发定价的三个问题") as here:
        here.comes()
        asked = await here.person.hears("阿斌")
        for words in ("记成做了", "之前已经记成做了"):
            here.clock.passes(minutes=1)
            await here.person.taps("做了", on=asked)
            await here.person.hears(words)
        here.clock.passes(minutes=1)
        await here.person.taps("晚点再问", on=asked)
        await here.person.hears("之前已经记成做了")
        assert [item.status for item in await here.plan()] == [CommitmentStatus.DONE]


async def test_half_gets_a_day_for_its_other_half_and_keeps_the_first(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        here.comes()
        await here.person.hears("录讲稿")
        here.clock.passes(minutes=1)
        await here.person.taps("一半")
        await here.person.hears("放到哪天几点")
        here.clock.passes(minutes=1)
        await here.person.says("周五午休")
        await here.person.hears("剩下的一半，放到")
        first, rest = await here.plan()
        assert (first.status, rest.status) == (CommitmentStatus.HALF, CommitmentStatus.OPEN)
        assert rest.due_on == date(2026, 4, 3)


async def test_yes_to_the_small_step_of_a_missed_one_shrinks_it_and_adds_no_second(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        here.comes()
        await here.person.hears("录讲稿")
        here.clock.passes(minutes=1)
        await here.person.says("没录，被拉去开会了")
        missed = await here.person.hears("缩到最小")
        assert missed.labels == ("留着", "缩小", "放掉")
        here.clock.passes(minutes=1)
        await here.person.says("好")
        await here.person.hears("记下了：「录讲稿」，今晚，10分钟")
        (item,) = await here.plan()
        assert (item.status, item.minutes) == (CommitmentStatus.OPEN, 10)


async def test_what_did_not_happen_may_be_dropped_in_words(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        here.comes()
        await here.person.hears("录讲稿")
        here.clock.passes(minutes=1)
        await here.person.says("没录")
        await here.person.hears("录讲稿")
        here.clock.passes(minutes=1)
        await here.person.says("放掉吧")
        await here.person.hears("放掉了")
        assert [item.status for item in await here.plan()] == [CommitmentStatus.DROPPED]


async def test_in_words_and_in_english_it_works_as_well(evening: Enter) -> None:
    async with evening("send Okafor the grading link", language="en") as here:
        here.comes()
        await here.person.hears("send Okafor the grading link")
        here.clock.passes(minutes=1)
        await here.person.says("I sent it, she wants to try it with her class")
        await here.person.hears("wants to try it with her class|I sent it")
        (item,) = await here.plan()
        assert item.status is CommitmentStatus.DONE
        assert item.result == "I sent it, she wants to try it with her class"


# --- later, and not tonight ---------------------------------------------------------------------------------


async def test_a_snooze_says_its_hour_and_comes_once_however_often_it_is_tapped(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        here.comes()
        asked = await here.person.hears("录讲稿")
        for _ in range(2):
            await here.person.taps("晚点再问", on=asked)
            await here.person.hears("22:00再来问一次")
        here.clock.passes(minutes=59)
        await here.is_quiet()
        here.clock.passes(minutes=1)
        again = await here.person.hears("录讲稿")
        assert "做了" in again.labels
        await here.is_quiet()


async def test_a_snooze_that_would_fall_into_quiet_hours_is_said_to_be_none(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        here.comes()
        await here.person.hears("录讲稿")
        here.clock.passes(minutes=85)
        await here.person.taps("晚点再问")
        await here.person.hears("今晚先不问。下一次是明天 21:00")


async def test_two_skips_a_week_are_free_and_the_third_is_told_what_it_is(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        for day, words in enumerate(("用了一次", "第二次", "都用完了")):
            here.comes(days=day)
            asked = await here.person.hears("录讲稿")
            for _ in range(2):  # tapped twice, it counts once
                here.clock.passes(minutes=1)
                await here.person.taps("今晚不聊", on=asked)
                await here.person.hears(words)


async def test_not_tonight_said_before_it_is_asked_costs_nothing(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        await here.person.says("今晚别问了")
        await here.person.hears("也不占自由跳过的次数。下一次是明天 21:00")
        here.comes()
        await here.is_quiet()
        here.comes(days=1)
        await here.person.hears("录讲稿")


async def test_a_button_of_yesterday_says_what_happened_since(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        here.comes()
        old = await here.person.hears("录讲稿")
        here.comes(days=1)
        await here.person.hears("录讲稿")
        await here.person.taps("今晚不聊", on=old)
        await here.person.hears("那是昨天的问题.*下一次是后天|那是昨天的问题.*下一次是明天 21:00")
        assert [row.why for row in await here.nudges()] == ["", ""]


# --- its hour -----------------------------------------------------------------------------------------------


async def test_a_changed_hour_takes_effect_at_once(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        await here.person.says("/settings evening 20:30")
        await here.person.hears("20:30")
        here.clock.passes(minutes=30)
        await here.person.hears("录讲稿")
        here.comes()
        await here.is_quiet()


async def test_an_hour_inside_quiet_hours_is_said_to_move_and_moves(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        await here.person.says("/settings evening 23:00")
        await here.person.hears("23:00 在你的安静时段（22:30-08:00）里，所以改在 22:15 问")
        here.clock.at = datetime(2026, 4, 1, 14, 14, tzinfo=UTC)
        await here.is_quiet()
        here.clock.passes(minutes=1)
        await here.person.hears("录讲稿")


async def test_after_a_week_asleep_there_is_one_question_which_owns_up(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        here.clock.at = datetime(2026, 4, 8, 4, 0, tzinfo=UTC)  # Wednesday noon
        await here.is_quiet()
        here.comes(days=7)
        await here.person.hears("从4月1日起我没开着")
        await here.is_quiet()
        here.comes(days=8)
        asked = await here.person.hears("")
        assert "没开着" not in asked.text


async def test_a_little_late_is_said(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        here.clock.at = datetime(2026, 4, 1, 13, 40, tzinfo=UTC)
        await here.person.hears("来晚了些")


# --- silence ------------------------------------------------------------------------------------------------


async def test_reminders_stop_and_come_back_in_words(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        await here.person.says("别提醒我了")
        await here.person.hears("提醒停了")
        here.comes()
        await here.is_quiet()
        await here.person.says("恢复提醒")
        await here.person.hears("下一次是明天 21:00")
        here.comes(days=1)
        await here.person.hears("录讲稿")


async def test_after_a_crisis_message_the_next_word_is_theirs(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        await here.does(NoteCrisis(Safety.EXPLICIT))
        here.comes()
        await here.is_quiet()


async def test_on_sunday_the_week_is_told_instead_of_a_question(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        here.clock.at = datetime(2026, 4, 5, 12, 59, tzinfo=UTC)
        await here.is_quiet()
        here.clock.passes(minutes=1)
        await here.person.hears("录讲稿")
        await here.settles()
        assert [row.kind for row in await here.nudges() if row.state == "sent"] == ["review"]


async def test_unanswered_questions_become_fewer_and_the_fourth_offers_a_pause(evening: Enter) -> None:
    async with evening("录讲稿") as here:
        for day in range(26):
            here.comes(days=day)
            await here.settles()
        sent = await here.nudges()
        assert [row.sent_at.isoweekday() for row in sent if row.sent_at] == [3, 4, 7, 7, 7, 7]
        assert [row.kind for row in sent] == [
            "checkin",
            "checkin",
            "review",
            "pause_offer",
            "review",
            "review",
        ]
        assert any("先暂停" in message.labels for message in here.person.bot_messages)
