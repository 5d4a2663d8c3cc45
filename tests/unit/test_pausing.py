"""A pause, a holiday, an evening off: heard in words, and told when the next question comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time

import pytest

from coaching.effects import ChangeSettings
from coaching.housekeeping import open_settings
from coaching.intent import Intent, read_intent
from coaching.model import Message, Role, User
from coaching.parts import ReplyKind
from coaching.pausing import change_rhythm, pause, resume
from tests.fakes.turns import SHANGHAI, WEDNESDAY, said, scene

ASKED = scene(
    recent=(
        Message(
            1, 1, Role.COACH, "今天怎么样？", "zh", WEDNESDAY, WEDNESDAY.date(), kind=ReplyKind.CHECKIN.value
        ),
    )
)


@pytest.mark.parametrize(
    ("words", "back_on"),
    [
        ("until Monday", date(2026, 4, 6)),
        ("through Friday", date(2026, 4, 4)),
        ("for two weeks", date(2026, 4, 15)),
        ("3 days", date(2026, 4, 4)),
        ("until April 10", date(2026, 4, 10)),
        ("到周五", date(2026, 4, 4)),
        ("我休假到4月10号", date(2026, 4, 11)),
        ("两周", date(2026, 4, 15)),
        ("一个月", date(2026, 5, 1)),
    ],
)
def test_a_holiday_ends_by_itself_and_says_when(words: str, back_on: date) -> None:
    draft = pause(said(words), scene())
    until = datetime.combine(back_on, time(), SHANGHAI)
    assert draft.effects == (ChangeSettings({"paused_until": until}),)
    assert "21:00" in draft.text


@pytest.mark.parametrize("words", ["", "until I say so", "先停着", "until yesterday"])
def test_without_a_day_it_lasts_until_they_say_so(words: str) -> None:
    draft = pause(said(words), scene())
    assert isinstance(draft.effects[0], ChangeSettings)
    assert draft.effects[0].values["paused_until"].year > 2030
    assert "/resume" in draft.text


def test_coming_back_says_the_next_evening() -> None:
    assert "today 21:00" in resume(said("resume the reminders"), scene()).text
    no_day = replace(scene(), user=User(1, days=frozenset()))
    assert "/settings days" in resume(said("resume the reminders"), no_day).text


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("今晚别问了", Intent.NOT_TONIGHT),
        ("今晚不了", Intent.NOT_TONIGHT),
        ("跳过今晚", Intent.NOT_TONIGHT),
        ("not tonight, sorry", Intent.NOT_TONIGHT),
        ("can we skip tonight?", Intent.NOT_TONIGHT),
        ("过一小时再问", Intent.SNOOZE),
        ("晚点再问我", Intent.SNOOZE),
        ("snooze", Intent.SNOOZE),
        ("remind me in 30 minutes", Intent.SNOOZE),
        ("别提醒我了", Intent.PAUSE),
        ("我休假到周五", Intent.PAUSE),
        ("I'm on holiday until Monday", Intent.PAUSE),
        ("恢复提醒", Intent.RESUME),
        ("turn on the reminders again", Intent.RESUME),
    ],
)
def test_what_the_buttons_do_can_be_said(words: str, intent: Intent) -> None:
    assert read_intent(said(words), scene())[0] is intent


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("later", Intent.SNOOZE),
        ("过会儿再说", Intent.SNOOZE),
        ("tomorrow", Intent.NOT_TONIGHT),
        ("明天再说吧", Intent.NOT_TONIGHT),
        ("每周一次吧", Intent.WEEKLY),
        ("once a week", Intent.WEEKLY),
        ("照旧", Intent.AS_IT_IS),
        ("as it is", Intent.AS_IT_IS),
        ("先暂停", Intent.PAUSE),
    ],
)
def test_a_word_is_enough_right_after_the_question_and_only_there(words: str, intent: Intent) -> None:
    assert read_intent(said(words), ASKED)[0] is intent
    assert read_intent(said(words), scene())[0] is not intent


@pytest.mark.parametrize(
    "words",
    [
        "今晚不想动，会议全推掉了",
        "I am not tonight's host",
        "he told me to ask him later",
        "明天再说这个需求的话又晚了",
    ],
)
def test_their_day_is_no_word_about_the_evening(words: str) -> None:
    assert read_intent(said(words), ASKED)[0] not in (Intent.SNOOZE, Intent.NOT_TONIGHT, Intent.PAUSE)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("evening 23:00", "改在 22:15 问"),
        ("evening 06:30", "改在 08:00 问"),
        ("quiet 20:00-08:00", "改在 19:45 问"),
    ],
)
def test_an_hour_inside_quiet_hours_is_said_when_either_is_chosen(words: str, told: str) -> None:
    turn = replace(said(words, at=WEDNESDAY), language="zh")
    assert told in open_settings(turn, scene()).text
    assert "改在" not in open_settings(replace(turn, text="evening 21:30"), scene()).text


def test_asked_less_is_one_evening_a_week() -> None:
    assert change_rhythm(said("weekly"), scene(), "weekly").effects == (ChangeSettings({"days": "7"}),)
    assert change_rhythm(said("as it is"), scene(), "keep").effects == ()
    assert change_rhythm(said("先暂停"), scene(), "pause").effects != ()
