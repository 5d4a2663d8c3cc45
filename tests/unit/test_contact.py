"""The contact policy, decided for people whose days are made up here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from coaching.contact import (
    WAVE,
    Contact,
    Nudged,
    Send,
    Skip,
    Standing,
    Wait,
    Why,
    count_silence,
    decide_contact,
)
from coaching.hours import (
    Evening,
    choose_hour,
    find_evening,
    find_moved_hour,
    find_snooze,
    in_quiet,
    next_evening,
)
from coaching.model import Event, Safety, User

WEDNESDAY = date(2026, 4, 1)
SUNDAY = date(2026, 4, 5)
LI = User(id=1, zone="Asia/Shanghai")  # 21:00, quiet from 22:30 to 08:00
SLEEPLESS = replace(LI, quiet_from=time(0), quiet_to=time(0))


def evening_of(on: date, user: User = LI) -> Evening:
    found = find_evening(user, on)
    assert found is not None
    return found


def at(on: date, clock: str, user: User = LI) -> datetime:
    return datetime.combine(on, time.fromisoformat(clock), user.tz).astimezone(UTC)


def decide(
    person: Standing, on: date = WEDNESDAY, clock: str = "21:00", *, asked_for: bool = False
) -> Contact:
    user = person.user
    return decide_contact(person, evening_of(on, user), at(on, clock, user), asked_for=asked_for)


def silent_for(nudges: int, before: date, user: User = LI) -> Standing:
    days = [before - timedelta(days=ago) for ago in range(1, nudges + 1)]
    return Standing(user, tuple(Nudged(at(on, "21:00", user), on) for on in days))


# --- the ordinary evening -----------------------------------------------------------------------------------


def test_on_an_ordinary_evening_the_checkin_is_sent() -> None:
    assert decide(Standing(LI)) == Send(Event.EVENING_CHECKIN)


def test_on_sunday_the_review_takes_the_checkins_place() -> None:
    assert decide(Standing(LI), SUNDAY) == Send(Event.WEEKLY_REVIEW)


def test_a_week_that_was_told_back_on_saturday_is_not_told_back_again() -> None:
    person = Standing(LI, reviewed_at=at(SUNDAY - timedelta(days=1), "11:00"))
    assert decide(person, SUNDAY) == Send(Event.EVENING_CHECKIN)


def test_last_weeks_review_does_not_stand_in_for_this_weeks() -> None:
    person = Standing(LI, reviewed_at=at(SUNDAY - timedelta(days=7), "21:00"))
    assert decide(person, SUNDAY) == Send(Event.WEEKLY_REVIEW)


def test_after_a_review_today_nothing_more_is_asked() -> None:
    assert decide(Standing(LI, reviewed_at=at(SUNDAY, "10:00")), SUNDAY) == Skip(Why.REPORTED)


def test_a_date_that_has_had_its_nudge_gets_no_second_one() -> None:
    assert decide(Standing(LI, taken=frozenset({WEDNESDAY}))) == Skip(Why.TAKEN)


def test_who_has_just_written_is_read_first() -> None:
    assert decide(Standing(LI, unread=True)) == Wait()


def test_who_closed_the_chat_is_left_alone() -> None:
    assert decide(Standing(LI, blocked=True)) == Skip(Why.BLOCKED)


# --- reports ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reported", "asked_last_night", "contact"),
    [
        ("2026-04-01 14:00", False, Skip(Why.REPORTED)),
        ("2026-04-01 14:00", True, Skip(Why.REPORTED)),
        ("2026-04-01 08:30", False, Skip(Why.REPORTED)),
        ("2026-04-01 08:30", True, Send(Event.EVENING_CHECKIN)),  # that was last night's answer
        ("2026-03-31 22:00", True, Send(Event.EVENING_CHECKIN)),
    ],
)
def test_who_has_reported_today_is_not_asked(reported: str, asked_last_night: bool, contact: Contact) -> None:
    moment = datetime.fromisoformat(reported).replace(tzinfo=LI.tz)
    tuesday = WEDNESDAY - timedelta(days=1)
    nudges = (Nudged(at(tuesday, "21:00"), tuesday),) if asked_last_night else ()
    assert decide(Standing(LI, nudges, present_at=moment, reported_at=moment)) == contact


def test_a_report_before_midnight_counts_for_the_question_after_it() -> None:
    owl = replace(SLEEPLESS, evening=time(0, 30))
    person = Standing(owl, reported_at=at(WEDNESDAY - timedelta(days=1), "22:00"))
    assert decide(person, clock="00:30") == Skip(Why.REPORTED)


# --- pause and crisis ---------------------------------------------------------------------------------------


def test_a_pause_is_kept_and_ends() -> None:
    until = at(WEDNESDAY, "12:00")
    away = Standing(replace(LI, paused_until=until))
    assert decide(away, WEDNESDAY - timedelta(days=1)) == Skip(Why.PAUSED)
    assert decide(away) == Send(Event.EVENING_CHECKIN)


@pytest.mark.parametrize("level", [Safety.UNSURE, Safety.PASSIVE, Safety.EXPLICIT, Safety.HARM])
def test_after_a_crisis_message_the_next_word_is_theirs(level: Safety) -> None:
    moment = at(WEDNESDAY, "15:00")
    user = replace(LI, crisis=level, crisis_at=moment)
    assert decide(Standing(user)) == Skip(Why.CRISIS)
    assert decide(Standing(user, wrote_at=moment, present_at=moment)) == Skip(Why.CRISIS)
    tapped = Standing(user, wrote_at=moment, present_at=moment + timedelta(hours=1))
    assert decide(tapped) == Skip(Why.CRISIS)
    wrote = Standing(user, wrote_at=moment + timedelta(hours=1))
    assert decide(wrote) == Send(Event.EVENING_CHECKIN)


def test_a_crisis_without_its_moment_is_taken_for_new() -> None:
    user = replace(LI, crisis=Safety.EXPLICIT)
    assert decide(Standing(user, wrote_at=at(WEDNESDAY, "20:00"))) == Skip(Why.CRISIS)


# --- silence ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("silent", "on_wednesday", "on_sunday"),
    [
        (0, Send(Event.EVENING_CHECKIN), Send(Event.WEEKLY_REVIEW)),
        (1, Send(Event.EVENING_CHECKIN), Send(Event.WEEKLY_REVIEW)),
        (2, Skip(Why.SUNDAYS), Send(Event.WEEKLY_REVIEW)),
        (3, Skip(Why.SUNDAYS), Send(Event.EVENING_CHECKIN_UNANSWERED_4)),
        (4, Skip(Why.SUNDAYS), Send(Event.WEEKLY_REVIEW)),
        (5, Skip(Why.SUNDAYS), Send(Event.WEEKLY_REVIEW)),
        (6, Skip(Why.SUNDAYS), Send(Event.WEEKLY_REVIEW)),
        (7, Skip(Why.SILENT), Skip(Why.SILENT)),
        (14, Skip(Why.SILENT), Skip(Why.SILENT)),
    ],
)
def test_silence_is_answered_with_less(silent: int, on_wednesday: Contact, on_sunday: Contact) -> None:
    assert decide(silent_for(silent, WEDNESDAY)) == on_wednesday
    assert decide(silent_for(silent, SUNDAY), SUNDAY) == on_sunday


def test_one_word_ends_any_silence() -> None:
    wrote = at(WEDNESDAY, "12:00")
    person = replace(silent_for(14, WEDNESDAY), wrote_at=wrote, present_at=wrote)
    assert count_silence(person) == 0
    assert decide(person) == Send(Event.EVENING_CHECKIN)


def test_what_was_answered_before_the_silence_does_not_count() -> None:
    wrote = at(WEDNESDAY - timedelta(days=3), "22:00")
    assert count_silence(replace(silent_for(6, WEDNESDAY), wrote_at=wrote, present_at=wrote)) == 2


def test_who_did_not_choose_sundays_is_asked_on_their_last_day_of_the_week() -> None:
    worker = replace(LI, days=frozenset({1, 2, 3, 4, 5}))
    friday = date(2026, 4, 3)
    assert decide(silent_for(2, friday, worker), friday) == Send(Event.EVENING_CHECKIN)
    assert decide(silent_for(2, WEDNESDAY, worker)) == Skip(Why.SUNDAYS)


def skips(*answers: str) -> Standing:
    """Nudges from Monday on: ``skipped``, or nothing at all."""
    monday = WEDNESDAY - timedelta(days=2)
    days = [(monday + timedelta(days=n), answer == "skipped") for n, answer in enumerate(answers)]
    last_tap = max((at(on, "21:05") for on, skipped in days if skipped), default=None)
    nudges = tuple(Nudged(at(on, "21:00"), on, skipped) for on, skipped in reversed(days))
    return Standing(LI, nudges, present_at=last_tap)


@pytest.mark.parametrize(
    ("answers", "silence"),
    [
        (["skipped"], 0),
        (["skipped", "skipped"], 0),
        (["skipped", "skipped", "skipped"], 1),
        (["skipped", "skipped", "skipped", "skipped"], 2),
        (["skipped", "skipped", "skipped", "skipped", ""], 3),
        (["", "", "skipped"], 0),
        # a new week has two of its own
        (["skipped", "skipped", "skipped", "skipped", "", "", "", "skipped"], 0),
    ],
)
def test_two_skips_a_week_are_free(answers: list[str], silence: int) -> None:
    assert count_silence(skips(*answers)) == silence


def test_words_end_the_silence_of_too_many_skips() -> None:
    person = skips("skipped", "skipped", "skipped", "skipped")
    wrote = at(WEDNESDAY + timedelta(days=2), "09:00")
    assert count_silence(replace(person, wrote_at=wrote, present_at=wrote)) == 0


# --- late, missed, asked for --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "contact"),
    [
        ("20:00", Send(Event.EVENING_CHECKIN)),
        ("20:05", Send(Event.EVENING_CHECKIN)),
        ("20:15", Send(Event.EVENING_CHECKIN, late=True)),
        ("22:00", Send(Event.EVENING_CHECKIN, late=True)),
        ("22:01", Skip(Why.OFF)),
        ("23:00", Skip(Why.OFF)),
    ],
)
def test_late_is_said_within_two_hours_and_then_the_evening_is_over(clock: str, contact: Contact) -> None:
    assert decide(Standing(replace(LI, evening=time(20))), clock=clock) == contact


def test_waiting_for_its_turn_in_a_full_hour_is_not_being_off() -> None:
    now = at(WEDNESDAY, "21:55")
    assert decide_contact(Standing(LI), evening_of(WEDNESDAY), now, patience=WAVE) == Send(
        Event.EVENING_CHECKIN
    )


def test_a_late_nudge_does_not_enter_quiet_hours() -> None:
    assert decide(Standing(LI), clock="22:29") == Send(Event.EVENING_CHECKIN, late=True)
    assert decide(Standing(LI), clock="22:30") == Skip(Why.QUIET)


def test_an_evening_that_would_have_been_skipped_is_not_called_missed() -> None:
    assert decide(Standing(replace(LI, paused_until=at(SUNDAY, "12:00"))), clock="23:30") == Skip(Why.PAUSED)


def test_what_was_missed_is_handed_on_to_be_said() -> None:
    tuesday = WEDNESDAY - timedelta(days=1)
    assert decide(Standing(LI, missed_on=tuesday)) == Send(Event.EVENING_CHECKIN, missed_on=tuesday)


def test_a_snooze_is_sent_on_a_date_that_had_its_nudge_and_is_no_silence() -> None:
    person = replace(silent_for(3, SUNDAY), taken=frozenset({SUNDAY}))
    assert decide(person, SUNDAY, asked_for=True) == Send(Event.WEEKLY_REVIEW)
    reported = replace(person, reported_at=at(SUNDAY, "21:10"))
    assert decide(reported, SUNDAY, asked_for=True) == Skip(Why.REPORTED)


# --- hours --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evening", "quiet", "asked"),
    [
        ("21:00", "22:30-08:00", "21:00"),
        ("22:29", "22:30-08:00", "22:29"),
        ("22:30", "22:30-08:00", "22:15"),
        ("23:59", "22:30-08:00", "22:15"),
        ("00:00", "22:30-08:00", "22:15"),
        ("02:30", "22:30-08:00", "22:15"),
        ("06:00", "22:30-08:00", "08:00"),
        ("08:00", "22:30-08:00", "08:00"),
        ("03:15", "22:30-08:00", "22:15"),  # half way: the evening wins
        ("00:00", "00:00-08:00", "23:45"),
        ("17:00", "09:00-18:00", "18:00"),
        ("21:00", "00:00-00:00", "21:00"),
        ("23:00", "22:30-22:20", "22:20"),  # no room before
    ],
)
def test_an_hour_inside_quiet_hours_moves_to_the_nearer_end(evening: str, quiet: str, asked: str) -> None:
    start, _, end = quiet.partition("-")
    user = replace(
        LI,
        evening=time.fromisoformat(evening),
        quiet_from=time.fromisoformat(start),
        quiet_to=time.fromisoformat(end),
    )
    assert choose_hour(user) == time.fromisoformat(asked)
    assert not in_quiet(choose_hour(user), user)
    assert find_moved_hour(user) == (None if evening == asked else time.fromisoformat(asked))


def local(user: User, on: str) -> str:
    return f"{evening_of(date.fromisoformat(on), user).at.astimezone(user.tz):%Y-%m-%d %H:%M %z}"


@pytest.mark.parametrize(
    ("zone", "hour", "on", "asked"),
    [
        ("Europe/Berlin", "02:30", "2026-03-29", "2026-03-29 03:00 +0200"),  # 02:00 jumps to 03:00
        ("Europe/Berlin", "02:30", "2026-10-25", "2026-10-25 02:30 +0200"),  # comes twice: the first
        ("Africa/Cairo", "00:00", "2026-04-24", "2026-04-24 01:00 +0300"),  # midnight is skipped
        ("America/Havana", "00:00", "2026-11-01", "2026-11-01 00:00 -0400"),
        ("America/Nuuk", "23:59", "2026-03-28", "2026-03-28 22:59 -0200"),  # the date ends at 23:00
        ("Australia/Lord_Howe", "02:10", "2026-10-04", "2026-10-04 02:30 +1100"),  # half an hour
    ],
)
def test_a_skipped_time_moves_forward_and_stays_on_its_date(
    zone: str, hour: str, on: str, asked: str
) -> None:
    user = replace(SLEEPLESS, zone=zone, evening=time.fromisoformat(hour))
    assert local(user, on) == asked


def test_a_skipped_time_does_not_move_into_quiet_hours() -> None:
    user = replace(LI, zone="Europe/Berlin", evening=time(2, 30), quiet_from=time(3), quiet_to=time(10))
    assert local(user, "2026-03-29") == "2026-03-29 01:59 +0100"


def test_a_date_that_does_not_exist_has_no_evening() -> None:
    samoan = replace(LI, zone="Pacific/Apia")
    assert find_evening(samoan, date(2011, 12, 30)) is None
    thursday = evening_of(date(2011, 12, 29), samoan)
    following = next_evening(samoan, thursday.at)
    assert following is not None
    assert following.on == date(2011, 12, 31)


def test_only_chosen_days_have_an_evening() -> None:
    fridays = replace(LI, days=frozenset({5}))
    found = next_evening(fridays, at(WEDNESDAY, "12:00"))
    assert found is not None
    assert found.on == date(2026, 4, 3)
    assert next_evening(replace(LI, days=frozenset()), at(WEDNESDAY, "12:00")) is None


def test_a_traveller_meets_a_date_twice_and_is_asked_once() -> None:
    in_shanghai = evening_of(WEDNESDAY)
    in_los_angeles = replace(LI, zone="America/Los_Angeles")
    again = next_evening(in_los_angeles, in_shanghai.at, past=in_shanghai.on)
    assert again is not None
    assert again.on == WEDNESDAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("clock", "minutes"),
    [
        ("21:00", 60),
        ("21:29", 60),
        ("21:30", 45),
        ("21:59", 30),
        ("22:10", 15),
        ("22:20", None),
        ("23:00", None),
    ],
)
def test_a_snooze_is_an_hour_or_what_is_left_before_quiet_hours(clock: str, minutes: int | None) -> None:
    now = at(WEDNESDAY, clock)
    assert find_snooze(LI, now) == (None if minutes is None else now + timedelta(minutes=minutes))
