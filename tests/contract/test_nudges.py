"""The nudge plan keeps its promises on both databases: one nudge a date, none lost, none in a burst."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot.ticks import Ticked, Ticks
from coaching.coach import Answer
from coaching.effects import AddCommitment, ChangeSettings, MarkCommitment, NoteCrisis, RecordReview
from coaching.model import Channel, CommitmentStatus, Event, Safety, Turn
from coaching.parts import Choice, Draft, Question, Reply, ReplyKind
from memory.erase import forget_user
from memory.sql.apply import apply
from memory.sql.inbox import store_update
from memory.sql.joining import join_people
from memory.sql.journal import Journal
from memory.sql.nudge_sending import drop_nudge, find_nudge, skip_tonight, snooze, word_nudge
from memory.sql.nudges import Post, plan_due, replan
from memory.sql.outbox import Outgoing, mark_sent, queue
from memory.sql.tables import IdentityRow, MessageRow, NudgePlanRow, OutboxRow, ReviewRow, UserRow
from tests.conftest import FrozenClock

SHANGHAI = ZoneInfo("Asia/Shanghai")
BOT = 77
POST = Post("telegram", BOT)
KINDS = {Event.WEEKLY_REVIEW: ReplyKind.REVIEW}


@dataclass
class Thinker:
    """Says which event it was asked about, in place of the coach."""

    turns: list[Turn] = field(default_factory=list)
    fails: bool = False
    unfit: bool = False

    async def reply_to(self, turn: Turn) -> Answer:
        if self.fails:
            raise LookupError("no words")
        assert turn.event is not None
        self.turns.append(turn)
        kind = ReplyKind.CLARIFY if self.unfit else KINDS.get(turn.event, ReplyKind.CHECKIN)
        effects = (RecordReview(*turn.today.isocalendar()[:2]),) if kind is ReplyKind.REVIEW else ()
        choices = (Choice("done", "plan:done:1"),)
        return Answer(
            Reply(Draft(kind, turn.language, (Question(turn.event.value),), choices=choices, effects=effects))
        )


class House:
    """A journal, its schedule, and a sender whose every message arrives."""

    def __init__(self, journal: Journal, clock: FrozenClock) -> None:
        self.journal, self.clock, self.thinker = journal, clock, Thinker()
        self.ticks = Ticks(journal, self.thinker.reply_to, POST, batch=2)
        self.seq = 0

    async def welcome(self, name: str = "1001", **settings: object) -> int:
        async with self.journal.begin() as tx:
            user_id = await tx.add_user("telegram", name, language="en", zone="Asia/Shanghai")
            if settings:
                await tx.db.execute(update(UserRow).where(UserRow.id == user_id).values(**settings))
            await tx.commit()
        return user_id

    async def says(
        self, user_id: int, words: str = "half of it is there", safety: Safety = Safety.NONE
    ) -> None:
        turn = Turn(user_id, words, "en", self.clock.now().astimezone(SHANGHAI))
        await self._settles(turn, ReplyKind.TURN, safety)

    async def taps(self, user_id: int) -> None:
        turn = Turn(user_id, "", "en", self.clock.now().astimezone(SHANGHAI), Channel.TAP, tap="plan:keep:1")
        await self._settles(turn, ReplyKind.INFO)

    async def reports(self, user_id: int) -> None:
        turn = Turn(user_id, "done", "en", self.clock.now().astimezone(SHANGHAI))
        await self._settles(turn, ReplyKind.CHECKIN_REPLY)

    async def _settles(self, turn: Turn, kind: ReplyKind, safety: Safety = Safety.NONE) -> None:
        self.seq += 1
        origin = f"u{BOT}:{self.seq}"
        async with self.journal.begin() as tx:
            said = await tx.record_said(turn, origin=origin, safety=safety)
            if safety is not Safety.NONE:
                await apply(tx, turn, NoteCrisis(safety))
            draft = Draft(kind, "en", (Question("heard"),))
            await tx.record_reply(turn, draft, said_id=said, origin=f"{origin}:0")
            await tx.commit()

    async def changes(self, user_id: int, **settings: object) -> None:
        turn = Turn(user_id, "", "en", self.clock.now())
        async with self.journal.begin() as tx:
            await apply(tx, turn, ChangeSettings(settings))
            await replan(tx, user_id)
            await tx.commit()

    async def tick(self) -> Ticked:
        return await self.ticks.tick(self.clock.now())

    async def send(self) -> list[str]:
        """Prepares and sends everything that may go now."""
        texts = []
        for row in await self.rows("queued"):
            if row.next_at > self.clock.now():
                continue
            payload = await self.ticks.prepare(row.id, self.clock.now())
            if payload is not None:
                texts.append(payload["text"])
                async with self.journal.begin() as tx:
                    await mark_sent(tx, row.id)
                    await tx.commit()
        return texts

    async def goes_on(self, **length: float) -> list[str]:
        """Time passes, then one tick and everything it leads to."""
        self.clock.passes(**length)
        await self.tick()
        return await self.send()

    async def rows(self, *states: str) -> list[OutboxRow]:
        async with self.journal.read() as db:
            query = select(OutboxRow).order_by(OutboxRow.id)
            return list(await db.scalars(query.where(OutboxRow.state.in_(states)) if states else query))

    async def keys(self, *states: str) -> list[str]:
        return [row.key for row in await self.rows(*states)]

    async def due(self, user_id: int) -> datetime | None:
        async with self.journal.read() as db:
            return await db.scalar(select(NudgePlanRow.next_due_at).where(NudgePlanRow.user_id == user_id))

    async def count_coach_lines(self) -> int:
        async with self.journal.read() as db:
            return len(list(await db.scalars(select(MessageRow.id).where(MessageRow.origin.like("nudge:%")))))


@pytest.fixture
def house(journal: Journal, clock: FrozenClock) -> House:
    """It is Wednesday, 20:00 in Shanghai, an hour before the check-in."""
    return House(journal, clock)


# --- planning -----------------------------------------------------------------------------------------------


async def test_a_newcomer_gets_a_plan_with_the_next_tick(house: House) -> None:
    user_id = await house.welcome()
    assert await house.tick() == Ticked()
    assert await house.due(user_id) == datetime(2026, 4, 1, 13, tzinfo=UTC)


async def test_an_evening_is_queued_once_and_the_plan_moves_on(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    house.clock.passes(hours=1)
    assert await house.tick() == Ticked(queued=1)
    assert await house.tick() == Ticked()
    (row,) = await house.rows()
    assert (row.key, row.class_, row.state, row.chat_id) == (
        f"nudge:{user_id}:2026-04-01",
        "may",
        "queued",
        1001,
    )
    assert row.payload == {"event": "evening_checkin", "at": "2026-04-01T13:00:00+00:00", "late": False}
    assert await house.due(user_id) == datetime(2026, 4, 2, 13, tzinfo=UTC)


async def test_more_people_than_a_batch_are_all_asked(house: House) -> None:
    for number in range(7):
        await house.welcome(str(2000 + number))
    await house.tick()
    house.clock.passes(hours=1)
    assert await house.tick() == Ticked(queued=7)
    assert len(set(await house.keys())) == 7


async def test_two_tickers_at_once_double_nothing_and_leave_nobody_out(house: House) -> None:
    for number in range(9):
        await house.welcome(str(2000 + number))
    await house.tick()
    house.clock.passes(hours=1)
    other = Ticks(house.journal, house.thinker.reply_to, POST, batch=3)
    done = await asyncio.gather(
        *(ticks.tick(house.clock.now()) for ticks in (house.ticks, other, house.ticks))
    )
    assert sum(ticked.queued for ticked in done) == 9
    assert len(await house.keys()) == len(set(await house.keys())) == 9


async def test_people_behind_another_door_are_left_to_it(house: House) -> None:
    async with house.journal.begin() as tx:
        user_id = await tx.add_user("terminal", "local", language="en", zone="Asia/Shanghai")
        await tx.commit()
    await house.tick()
    house.clock.passes(hours=1)
    assert await house.tick() == Ticked()
    terminal = Ticks(house.journal, house.thinker.reply_to, Post("terminal", 0))
    assert await terminal.tick(house.clock.now()) == Ticked(queued=1)
    (row,) = await house.rows()
    assert row.chat_id == user_id


async def test_two_accounts_of_one_person_get_one_nudge(house: House) -> None:
    user_id = await house.welcome()
    async with house.journal.begin() as tx:
        tx.db.add(IdentityRow(door="telegram", external_id="1002", user_id=user_id, created_at=tx.now))
        await tx.db.flush()
        await tx.commit()
    await house.tick()
    assert len(await house.goes_on(hours=1)) == 1


async def test_who_closed_the_chat_costs_nothing_and_is_no_missed_evening(house: House) -> None:
    user_id = await house.welcome()
    async with house.journal.begin() as tx:
        await tx.db.execute(update(IdentityRow).values(blocked_at=tx.now))
        await tx.commit()
    await house.tick()
    house.clock.passes(hours=1)
    assert await house.tick() == Ticked(skipped=1)
    assert await house.keys() == []
    assert await house.due(user_id) == datetime(2026, 4, 2, 13, tzinfo=UTC)


async def test_a_zone_that_does_not_exist_holds_nobody_up(house: House) -> None:
    lost = await house.welcome("1", zone="Mars/Olympus")
    await house.welcome("2")
    await house.tick()
    assert await house.due(lost) == datetime(2026, 4, 1, 21, tzinfo=UTC)
    assert len(await house.goes_on(hours=1)) == 1


async def test_who_chose_no_day_is_never_due(house: House) -> None:
    user_id = await house.welcome(days="")
    await house.tick()
    assert await house.due(user_id) is None
    assert await house.goes_on(days=3) == []


async def test_who_erased_everything_and_comes_back_is_asked_again(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    async with house.journal.begin() as tx:
        await forget_user(tx, user_id)
        await tx.commit()
    await house.tick()
    back = await house.welcome()  # on SQLite under the same id
    await house.tick()
    assert await house.due(back) == datetime(2026, 4, 1, 13, tzinfo=UTC)


async def test_two_people_who_become_one_are_asked_once_that_evening(house: House) -> None:
    stays, goes = await house.welcome("1"), await house.welcome("2")
    await house.tick()
    house.clock.passes(hours=1)
    await house.tick()
    async with house.journal.begin() as tx:
        await join_people(tx, stays=stays, goes=goes)
        await tx.commit()
    assert await house.send() == ["evening_checkin"]
    assert await house.keys() == [f"nudge:{stays}:2026-04-01"]
    assert await house.goes_on(minutes=1) == []
    assert await house.goes_on(days=1) == ["evening_checkin"]


async def test_an_evening_that_went_to_the_one_is_counted_for_both(house: House) -> None:
    stays, goes = await house.welcome("1", evening=time(22, 0)), await house.welcome("2")
    await house.tick()
    assert await house.goes_on(hours=1) == ["evening_checkin"]
    async with house.journal.begin() as tx:
        await join_people(tx, stays=stays, goes=goes)
        await tx.commit()
    assert await house.goes_on(hours=1) == []
    assert await house.keys() == [f"nudge:{stays}:2026-04-01"]


# --- settings -----------------------------------------------------------------------------------------------


async def test_a_new_hour_moves_the_plan_and_other_settings_leave_it(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    await house.changes(user_id, evening=time(22, 0))
    assert await house.due(user_id) == datetime(2026, 4, 1, 14, tzinfo=UTC)
    house.clock.passes(hours=2)  # it is due, and not ticked yet
    await house.changes(user_id, tone="warm")
    assert await house.due(user_id) == datetime(2026, 4, 1, 14, tzinfo=UTC)
    await house.changes(user_id, quiet_from=time(21, 30))
    assert await house.due(user_id) == datetime(2026, 4, 2, 13, 15, tzinfo=UTC)


async def test_a_change_before_the_first_tick_makes_the_plan(house: House) -> None:
    user_id = await house.welcome()
    await house.changes(user_id, zone="Europe/Berlin")
    assert await house.due(user_id) == datetime(2026, 4, 1, 19, tzinfo=UTC)


async def test_an_hour_that_was_changed_behind_the_plans_back_is_noticed_in_time(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    async with house.journal.begin() as tx:
        await tx.db.execute(update(UserRow).values(evening=time(22, 0)))
        await tx.commit()
    assert await house.goes_on(hours=1) == []
    assert await house.due(user_id) == datetime(2026, 4, 1, 14, tzinfo=UTC)
    async with house.journal.begin() as tx:
        await tx.db.execute(update(UserRow).values(days=""))
        await tx.commit()
    assert await house.goes_on(hours=1) == []
    assert await house.due(user_id) is None


async def test_flying_west_repeats_a_date_and_asks_once(house: House) -> None:
    user_id = await house.welcome()
    await house.says(user_id)
    await house.tick()
    assert len(await house.goes_on(hours=1)) == 1  # Wednesday in Shanghai
    house.clock.passes(hours=1)
    await house.says(user_id)
    await house.changes(user_id, zone="America/Los_Angeles")
    assert await house.goes_on(hours=15) == []  # Wednesday again
    assert len(await house.goes_on(hours=24)) == 1
    assert await house.keys() == [f"nudge:{user_id}:2026-04-01", f"nudge:{user_id}:2026-04-02"]


# --- downtime and clocks ------------------------------------------------------------------------------------


async def test_a_little_off_is_late_and_says_so(house: House) -> None:
    await house.welcome()
    await house.tick()
    (words,) = await house.goes_on(hours=1, minutes=40)
    assert words == "Late, because I was off.\n\nevening_checkin"


async def test_longer_off_is_missed_and_said_the_next_evening(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    house.clock.passes(hours=12)
    assert await house.tick() == Ticked(missed=1)
    assert await house.send() == []
    (words,) = await house.goes_on(hours=13)
    assert words == "I missed last night: I was off.\n\nevening_checkin"
    assert await house.keys("sent") == [f"nudge:{user_id}:2026-04-02"]
    (words,) = await house.goes_on(days=1)
    assert words == "evening_checkin"


async def test_a_week_asleep_is_one_honest_message_and_no_burst(house: House) -> None:
    await house.welcome()
    await house.tick()
    assert await house.goes_on(days=7, hours=3) == []  # Wednesday 23:00
    for _ in range(5):
        assert await house.goes_on(minutes=1) == []
    (words,) = await house.goes_on(hours=22)
    assert words == "I missed the evenings since Apr 1: I was off.\n\nevening_checkin"


async def test_waking_up_in_the_evening_still_asks_tonight(house: House) -> None:
    await house.welcome()
    await house.tick()
    (words,) = await house.goes_on(days=7, hours=2)  # a week later, 22:00
    assert words == "I missed the evenings since Apr 1: I was off.\n\nevening_checkin"
    assert await house.goes_on(minutes=5) == []


async def test_a_nudge_that_was_queued_before_the_sleep_is_not_sent_after_it(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    house.clock.passes(hours=1)
    await house.tick()
    house.clock.passes(days=3)
    assert await house.send() == []
    (row,) = await house.rows()
    assert (row.state, row.why, row.payload) == ("dead", "off", {})
    await house.tick()
    (words,) = await house.send()
    assert words == "I missed the evenings since Apr 1: I was off.\n\nevening_checkin"
    assert (await house.keys("sent"))[-1] == f"nudge:{user_id}:2026-04-04"


async def test_a_clock_set_back_an_hour_asks_nobody_twice(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    assert len(await house.goes_on(hours=1)) == 1
    assert await house.goes_on(hours=-1) == []
    assert await house.goes_on(hours=1) == []
    assert await house.keys() == [f"nudge:{user_id}:2026-04-01"]


async def test_a_clock_that_ran_years_ahead_does_not_silence_the_years_between(house: House) -> None:
    user_id = await house.welcome()
    await house.says(user_id)
    await house.tick()
    await house.goes_on(days=1000)
    await house.goes_on(days=-1000)
    due = await house.due(user_id)
    assert due is not None
    assert due - house.clock.now() < timedelta(days=2)


async def test_many_ticks_through_a_fortnight_ask_once_a_date(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    await house.goes_on(hours=1)
    for _ in range(13 * 4):
        await house.says(user_id, "still here")
        await house.goes_on(hours=6)
    keys = await house.keys("sent")
    assert keys == [f"nudge:{user_id}:{date(2026, 4, 1) + timedelta(days=n)}" for n in range(14)]


# --- the policy, from what is stored ------------------------------------------------------------------------


async def test_unanswered_evenings_become_sundays_then_an_offer_then_nothing(house: House) -> None:
    await house.welcome()
    await house.tick()
    house.clock.passes(hours=1)
    asked = []
    for pause in (1, 1, 2, 7, 7, 7, 7, 7, 7):
        asked += [(f"{house.clock.now():%a %d}", words) for words in await house.goes_on()]
        house.clock.passes(days=pause)
    assert asked == [
        ("Wed 01", "evening_checkin"),
        ("Thu 02", "evening_checkin"),
        ("Sun 05", "weekly_review"),
        ("Sun 12", "evening_checkin_unanswered_4"),
        ("Sun 19", "weekly_review"),
        ("Sun 26", "weekly_review"),
        ("Sun 03", "weekly_review"),
    ]


@pytest.mark.parametrize("answer", ["says", "taps"])
async def test_any_answer_brings_the_evenings_back(house: House, answer: str) -> None:
    user_id = await house.welcome()
    await house.tick()
    await house.goes_on(hours=1)
    await house.goes_on(days=1)
    assert await house.goes_on(days=1) == []
    house.clock.passes(hours=1)
    await getattr(house, answer)(user_id)
    assert await house.goes_on(hours=23) == ["evening_checkin"]


async def test_nudges_that_did_not_surely_arrive_are_no_silence(house: House) -> None:
    await house.welcome()
    await house.tick()
    await house.goes_on(hours=1)
    for state in ("unknown", "dead", "unknown"):
        async with house.journal.begin() as tx:
            await tx.db.execute(update(OutboxRow).where(OutboxRow.state == "sent").values(state=state))
            await tx.commit()
        assert await house.goes_on(days=1) != []


async def test_three_skips_in_a_week_are_one_silent_evening_too_many(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    house.clock.passes(days=4, hours=1)  # Sunday; from Monday on
    await house.goes_on()
    await house.says(user_id)
    heard = []
    for _ in range(5):
        heard.append(len(await house.goes_on(days=1)))
        await house.taps(user_id)
        async with house.journal.begin() as tx:
            await skip_tonight(tx, user_id)
            await tx.commit()
    assert heard == [1, 1, 1, 1, 0]


async def test_what_was_reported_by_word_or_tap_is_not_asked_again(house: House) -> None:
    by_word, by_tap = await house.welcome("1"), await house.welcome("2")
    await house.tick()
    await house.reports(by_word)
    turn = Turn(by_tap, "", "en", house.clock.now().astimezone(SHANGHAI), Channel.TAP)
    async with house.journal.begin() as tx:
        await apply(tx, turn, AddCommitment("write", turn.today))
        await tx.commit()
    (item,) = await house.journal.list_commitments(by_tap, since=turn.today, until=turn.today)
    async with house.journal.begin() as tx:
        await apply(tx, turn, MarkCommitment(item.id, CommitmentStatus.DONE))
        await tx.commit()
    house.clock.passes(hours=1)
    assert await house.tick() == Ticked(skipped=2)


async def test_another_step_offered_this_afternoon_is_no_report(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    turn = Turn(user_id, "smaller", "en", house.clock.now().astimezone(SHANGHAI))
    await house._settles(turn, ReplyKind.STEP)
    assert await house.goes_on(hours=1) == ["evening_checkin"]


async def test_after_a_crisis_message_nothing_is_sent_until_they_write(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    await house.says(user_id, "…", Safety.EXPLICIT)
    assert await house.goes_on(hours=1) == []
    assert await house.goes_on(days=1) == []
    house.clock.passes(hours=1)
    await house.says(user_id, "I am with my sister")
    assert await house.goes_on(hours=23) == ["evening_checkin"]


async def test_a_crisis_between_planning_and_sending_is_heard(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    house.clock.passes(hours=1)
    await house.tick()
    await house.says(user_id, "…", Safety.PASSIVE)
    assert await house.send() == []
    (row,) = await house.rows()
    assert (row.state, row.why) == ("dead", "crisis")


async def test_what_waits_unread_is_read_before_anything_is_asked(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    house.clock.passes(hours=1)
    await house.tick()
    async with house.journal.begin() as tx:
        await store_update(tx, bot_id=BOT, update_id=5, chat_id=1001, sender_id=1001, raw="{}")
        await tx.commit()
    assert await house.send() == []
    (row,) = await house.rows("queued")
    assert row.next_at > house.clock.now()
    house.clock.passes(days=1)
    assert await house.tick() == Ticked(waiting=1)
    assert await house.tick() == Ticked(waiting=1)
    assert await house.due(user_id) == house.clock.now()


async def test_sundays_review_takes_the_checkins_place_and_is_recorded(house: House) -> None:
    await house.welcome()
    await house.tick()
    assert await house.goes_on(days=4, hours=1) == [
        "I missed the evenings since Apr 1: I was off.\n\nweekly_review"
    ]
    async with house.journal.read() as db:
        assert [(row.year, row.week) for row in await db.scalars(select(ReviewRow))] == [(2026, 14)]
    assert (await house.rows("sent"))[0].kind == "review"


# --- words --------------------------------------------------------------------------------------------------


async def test_words_are_made_once_and_kept_for_the_next_try(house: House) -> None:
    await house.welcome()
    await house.tick()
    house.clock.passes(hours=1)
    await house.tick()
    (row,) = await house.rows()
    first = await house.ticks.prepare(row.id, house.clock.now())
    again = await house.ticks.prepare(row.id, house.clock.now())
    assert first is not None
    assert again is not None
    assert again["text"] == first["text"]
    assert again["choices"] == [{"label": "done", "data": "plan:done:1"}]
    assert len(house.thinker.turns) == await house.count_coach_lines() == 1


async def test_words_that_were_never_said_are_not_remembered(house: House) -> None:
    await house.welcome()
    await house.tick()
    house.clock.passes(hours=1)
    await house.tick()
    (row,) = await house.rows()
    await house.ticks.prepare(row.id, house.clock.now())
    house.clock.passes(hours=3)  # the network was away
    assert await house.ticks.prepare(row.id, house.clock.now()) is None
    assert await house.count_coach_lines() == 0
    assert await house.keys("dead") != []


async def test_words_that_fail_are_tried_again_and_words_that_are_unfit_are_not(house: House) -> None:
    await house.welcome()
    await house.tick()
    house.thinker.fails = True
    assert await house.goes_on(hours=1) == []
    (row,) = await house.rows("queued")
    assert row.next_at > house.clock.now()
    house.thinker.fails, house.thinker.unfit = False, True
    assert await house.goes_on(minutes=1) == []
    (row,) = await house.rows()
    assert (row.state, row.why) == ("dead", "unfit")


async def test_two_senders_word_a_nudge_once(house: House) -> None:
    user_id = await house.welcome()
    await house.tick()
    house.clock.passes(hours=1)
    await house.tick()
    (row,) = await house.rows()
    nudge = await find_nudge(house.journal, row.id, house.clock.now())
    assert nudge is not None
    await house.ticks.prepare(row.id, house.clock.now())
    async with house.journal.begin() as tx:
        assert not await word_nudge(tx, nudge, {"text": "other"}, kind="checkin", reply_id=user_id)
    await house.send()
    async with house.journal.begin() as tx:
        await drop_nudge(tx, nudge, why="too late")
        await tx.commit()
    (row,) = await house.rows()
    assert (row.state, row.payload["text"]) == ("sent", "evening_checkin")
    assert await house.ticks.prepare(row.id, house.clock.now()) is None


async def test_losing_the_race_for_the_words_leaves_no_second_line(house: House) -> None:
    await house.welcome()
    await house.tick()
    house.clock.passes(hours=1)
    await house.tick()
    (row,) = await house.rows()
    now = house.clock.now()

    class Slow(Thinker):
        async def reply_to(self, turn: Turn) -> Answer:
            await house.ticks.prepare(row.id, now)
            async with house.journal.begin() as tx:
                await mark_sent(tx, row.id)
                await tx.db.execute(update(MessageRow).values(origin=None))
                await tx.commit()
            return await super().reply_to(turn)

    late = Ticks(house.journal, Slow().reply_to, POST)
    assert await late.prepare(row.id, now) is None
    async with house.journal.read() as db:
        assert len(list(await db.scalars(select(MessageRow.id)))) == 1


async def test_after_midnight_the_words_are_still_about_the_evening_before(house: House) -> None:
    await house.welcome(evening=time(23, 59), quiet_from=time(0), quiet_to=time(0))
    await house.tick()
    await house.goes_on(hours=4, minutes=5)
    (turn,) = house.thinker.turns
    assert turn.today == date(2026, 4, 1)


async def test_a_notice_that_is_no_nudge_goes_as_it_was_queued(house: House) -> None:
    user_id = await house.welcome()
    async with house.journal.begin() as tx:
        out = Outgoing(
            "notice:1", "telegram", BOT, 1001, "notice", {"text": "…"}, user_id=user_id, must=False
        )
        await queue(tx, out)
        await tx.commit()
    assert await snoozed(house, user_id) is None
    assert await house.send() == ["…"]
    assert await snoozed(house, user_id) is None


# --- snooze and skip ----------------------------------------------------------------------------------------


async def snoozed(house: House, user_id: int) -> datetime | None:
    async with house.journal.begin() as tx:
        until = await snooze(tx, user_id)
        await tx.commit()
    return until


async def test_a_snooze_comes_in_an_hour_once_however_often_it_is_tapped(house: House) -> None:
    user_id = await house.welcome(evening=time(20, 30))
    await house.tick()
    await house.goes_on(minutes=30)
    first, second = await snoozed(house, user_id), await snoozed(house, user_id)
    assert first == second == house.clock.now() + timedelta(hours=1)
    assert await house.goes_on(minutes=30) == []
    assert await house.goes_on(minutes=30) == ["evening_checkin"]
    assert await snoozed(house, user_id) == house.clock.now() + timedelta(minutes=45)  # quiet from 22:30
    assert await house.keys() == [f"nudge:{user_id}:2026-04-01{n}" for n in ("", ":snooze:1", ":snooze:2")]


async def test_there_is_no_snooze_without_a_nudge_or_into_quiet_hours(house: House) -> None:
    user_id = await house.welcome()
    assert await snoozed(house, user_id) is None
    await house.tick()
    await house.goes_on(hours=1)
    house.clock.passes(hours=2)
    assert await snoozed(house, user_id) is None


async def test_a_report_or_a_skip_ends_a_snooze(house: House) -> None:
    reported, skipped = await house.welcome("1"), await house.welcome("2")
    await house.tick()
    assert len(await house.goes_on(hours=1)) == 2
    await snoozed(house, reported)
    await snoozed(house, skipped)
    await house.reports(reported)
    async with house.journal.begin() as tx:
        await skip_tonight(tx, skipped)
        await tx.commit()
    assert await house.goes_on(hours=1) == []
    assert {row.why for row in await house.rows("dead")} == {"reported", "skipped"}


async def test_a_tick_of_nobody_changes_nothing(house: House) -> None:
    async with house.journal.begin() as tx:
        batch = await plan_due(tx, POST, house.clock.now(), limit=10)
    assert batch.last is None
    assert await house.tick() == Ticked()
