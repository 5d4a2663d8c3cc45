"""Later, and not tonight: what a tap or a word comes to, counted once, on both databases."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from coaching.effects import ChangeSettings, SkipTonight, Snooze
from coaching.model import Channel, Turn
from memory.sql.apply import apply
from memory.sql.journal import Journal
from memory.sql.tables import OutboxRow
from tests.conftest import FrozenClock
from tests.contract.test_nudges import House

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Evening(House):
    """One person who is asked at 21:00."""

    id: int = 0

    async def does(self, effect: Snooze | SkipTonight | ChangeSettings, *, words: bool = False) -> str | None:
        channel = Channel.MESSAGE if words else Channel.TAP
        turn = Turn(self.id, "", "en", self.clock.now().astimezone(SHANGHAI), channel)
        async with self.journal.begin() as tx:
            told = await apply(tx, turn, effect)
            await tx.commit()
        return told

    async def newest_reply(self) -> int | None:
        async with self.journal.read() as db:
            newest = select(OutboxRow.reply_id).where(OutboxRow.reply_id.is_not(None))
            return await db.scalar(newest.order_by(OutboxRow.id.desc()).limit(1))


@pytest.fixture
async def evening(journal: Journal, clock: FrozenClock) -> Evening:
    """It is Wednesday, 20:00 in Shanghai."""
    evening = Evening(journal, clock)
    evening.id = await evening.welcome()
    await evening.tick()
    return evening


async def test_later_is_told_with_its_hour_and_again_when_tapped_twice(evening: Evening) -> None:
    await evening.goes_on(hours=1)
    first = await evening.does(Snooze())
    evening.clock.passes(minutes=5)
    assert await evening.does(Snooze()) == first == "All right, I will ask once more at 22:00."
    assert len(await evening.keys()) == 2
    assert await evening.goes_on(minutes=55) == ["evening_checkin"]


async def test_with_nothing_asked_there_is_nothing_to_put_off(evening: Evening) -> None:
    told = await evening.does(Snooze(), words=True)
    assert told == "Nothing is waiting to be asked right now. The next question comes today 21:00."


async def test_close_to_quiet_hours_there_is_no_later(evening: Evening) -> None:
    await evening.goes_on(hours=1)
    evening.clock.passes(minutes=80)
    told = await evening.does(Snooze())
    assert told is not None
    assert told.startswith("An hour from now is inside your quiet hours")
    assert told.endswith("tomorrow 21:00.")


async def test_a_skip_is_counted_once_and_the_third_of_a_week_is_said_to_count(evening: Evening) -> None:
    told: list[str | None] = []
    for _ in range(3):
        await evening.goes_on(hours=1 if not told else 24)
        told.append(await evening.does(SkipTonight()))
        assert await evening.does(SkipTonight()) == told[-1]
    assert ["one of" in str(words) for words in told] == [True, False, False]
    assert "second" in str(told[1])
    assert "are used" in str(told[2])


async def test_after_monday_the_free_skips_are_there_again(evening: Evening) -> None:
    evening.clock.passes(days=3)  # Saturday
    for _ in range(2):
        await evening.goes_on(hours=1 if evening.clock.now().hour == 12 else 24)
        await evening.does(SkipTonight())
    evening.clock.passes(days=1)
    await evening.goes_on()  # Monday
    assert "one of" in str(await evening.does(SkipTonight()))


async def test_not_tonight_before_the_hour_moves_the_plan_and_drops_what_waits(evening: Evening) -> None:
    told = await evening.does(SkipTonight(), words=True)
    assert told is not None
    assert told.endswith("It costs no skip. The next question comes tomorrow 21:00.")
    assert await evening.goes_on(hours=1) == []
    assert await evening.goes_on(days=1) == ["evening_checkin"]


async def test_not_tonight_while_the_question_waits_to_be_sent_drops_it(evening: Evening) -> None:
    evening.clock.passes(hours=1)
    await evening.tick()
    await evening.does(SkipTonight(), words=True)
    assert await evening.send() == []
    assert [(row.state, row.why) for row in await evening.rows()] == [("dead", "skipped")]
    assert await evening.goes_on(days=1) == ["evening_checkin"]  # and no word about a missed evening


async def test_who_wants_to_be_asked_later_after_all_has_not_skipped(evening: Evening) -> None:
    await evening.goes_on(hours=1)
    await evening.does(SkipTonight())
    await evening.does(Snooze())
    assert [row.why for row in await evening.rows("sent")] == [""]
    assert await evening.goes_on(hours=1) == ["evening_checkin"]


async def test_a_button_of_an_earlier_evening_changes_nothing_and_says_when_it_was(evening: Evening) -> None:
    await evening.goes_on(hours=1)
    old = await evening.newest_reply()
    await evening.goes_on(days=1)
    for effect in (SkipTonight(old), Snooze(old)):
        told = await evening.does(effect)
        assert told is not None
        assert told.startswith("That was the question of yesterday, and its evening is over.")
    assert [row.why for row in await evening.rows()] == ["", ""]


async def test_in_words_tonight_is_meant_whatever_was_asked_before(evening: Evening) -> None:
    await evening.goes_on(hours=1)
    evening.clock.passes(hours=20)
    assert "costs no skip" in str(await evening.does(SkipTonight(), words=True))


async def test_after_midnight_the_evening_is_still_the_one_that_was_asked_about(evening: Evening) -> None:
    await evening.goes_on(hours=1)
    evening.clock.passes(hours=4)
    assert "one of" in str(await evening.does(SkipTonight()))


async def test_while_paused_no_next_question_is_promised(evening: Evening) -> None:
    await evening.does(ChangeSettings({"paused_until": evening.clock.now() + timedelta(days=9)}))
    assert await evening.does(Snooze(), words=True) == "Nothing is waiting to be asked right now."


async def test_a_changed_hour_is_followed_in_the_same_transaction(evening: Evening) -> None:
    before = await evening.due(evening.id)
    assert before is not None
    await evening.does(ChangeSettings({"language": "zh"}))
    assert await evening.due(evening.id) == before
    await evening.does(ChangeSettings({"zone": "Asia/Tokyo"}))
    assert await evening.due(evening.id) == before - timedelta(hours=1) + timedelta(days=1)
