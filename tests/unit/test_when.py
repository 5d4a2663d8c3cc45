"""Days, clock times and lengths, as people write them."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching.when import read_moment, without_moment
from tests.fakes.turns import SHANGHAI, WEDNESDAY

NEW_YEARS_EVE = datetime(2026, 12, 31, 20, 0, tzinfo=SHANGHAI)
FRIDAY = datetime(2026, 4, 3, 20, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("words", "on", "at", "minutes"),
    [
        ("明晚八点半给阿斌打电话", date(2026, 4, 2), time(20, 30), None),
        ("周四中午12点半，20分钟", date(2026, 4, 2), time(12, 30), 20),
        ("后天早上7点写提纲", date(2026, 4, 3), time(7, 0), None),
        ("下周一晚上九点", date(2026, 4, 6), time(21, 0), None),
        ("4月9日14:00发初稿", date(2026, 4, 9), time(14, 0), None),
        ("周五下午三点一刻，一个半小时", date(2026, 4, 3), time(15, 15), 90),
        ("大后天上午十点，半小时", date(2026, 4, 4), time(10, 0), 30),
        ("Thursday 7pm, half an hour", date(2026, 4, 2), time(19, 0), 30),
        ("tomorrow at noon for 15 minutes", date(2026, 4, 2), time(12, 0), 15),
        ("next Monday at 9", date(2026, 4, 6), time(9, 0), None),
        ("Apr 9 at 14:00", date(2026, 4, 9), time(14, 0), None),
        ("the day after tomorrow 6:30 am", date(2026, 4, 3), time(6, 30), None),
    ],
)
def test_a_full_moment_is_read_to_the_minute(words: str, on: date, at: time, minutes: int | None) -> None:
    moment = read_moment(words, WEDNESDAY)
    assert (moment.on, moment.at, moment.minutes, moment.past) == (on, at, minutes, False)


@pytest.mark.parametrize(
    ("words", "on", "cue"),
    [
        ("周四午休", date(2026, 4, 2), "午休"),
        ("明天下班后", date(2026, 4, 2), "下班后"),
        ("今晚", date(2026, 4, 1), "晚上"),
        ("Thursday at lunch", date(2026, 4, 2), "at lunch"),
        ("tomorrow after work", date(2026, 4, 2), "after work"),
        ("tonight", date(2026, 4, 1), "in the evening"),
    ],
)
def test_a_cue_stands_where_there_is_no_clock_time(words: str, on: date, cue: str) -> None:
    moment = read_moment(words, WEDNESDAY)
    assert (moment.on, moment.at, moment.cue, moment.placed) == (on, None, cue, True)


@pytest.mark.parametrize(
    ("words", "now"),
    [
        ("今天下午三点", WEDNESDAY),
        ("这周三早上8点", FRIDAY),
        ("today at 3pm", WEDNESDAY),
        ("this Wednesday at 8 am", FRIDAY),
        ("3月20日", WEDNESDAY),
    ],
)
def test_what_is_over_is_named_as_over(words: str, now: datetime) -> None:
    assert read_moment(words, now).past


def test_a_bare_weekday_is_the_coming_one_and_today_counts() -> None:
    assert read_moment("周三", WEDNESDAY).on == date(2026, 4, 1)
    assert read_moment("周二", WEDNESDAY).on == date(2026, 4, 7)
    assert read_moment("Tuesday", WEDNESDAY).on == date(2026, 4, 7)


@pytest.mark.parametrize(("words", "at"), [("明天七点", time(19, 0)), ("明天八点", time(8, 0))])
def test_an_hour_without_morning_or_evening_is_a_guess_and_says_so(words: str, at: time) -> None:
    moment = read_moment(words, WEDNESDAY)
    assert (moment.at, moment.ambiguous) == (at, True)


@pytest.mark.parametrize("words", ["明早七点", "明天早上七点", "明晚七点", "tomorrow 7am"])
def test_morning_or_evening_said_is_no_guess(words: str) -> None:
    assert not read_moment(words, WEDNESDAY).ambiguous


@pytest.mark.parametrize("words", ["周末写一页", "this weekend", "write a page at the weekend"])
def test_a_weekend_is_saturday_and_could_be_sunday(words: str) -> None:
    moment = read_moment(words, WEDNESDAY)
    assert (moment.on, moment.ambiguous) == (date(2026, 4, 4), True)


@pytest.mark.parametrize(
    ("words", "on"),
    [
        ("1月5日晚上八点", date(2027, 1, 5)),
        ("Jan 5 at 8pm", date(2027, 1, 5)),
        ("5号", date(2027, 1, 5)),
        ("明天上午九点", date(2027, 1, 1)),
        ("下周一", date(2027, 1, 4)),
    ],
)
def test_a_day_after_new_year_lies_in_the_new_year(words: str, on: date) -> None:
    assert read_moment(words, NEW_YEARS_EVE).on == on


@pytest.mark.parametrize("words", ["2月30日", "Feb 30", "13月1日", "25点", "一年交付十四个", "I may go"])
def test_what_is_no_moment_is_not_made_one(words: str) -> None:
    moment = read_moment(words, WEDNESDAY)
    assert moment.on is None
    assert moment.at is None


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("周三晚上九点给阿斌发一段定价的问题，20分钟", "给阿斌发一段定价的问题"),
        ("给阿斌发一段定价的问题，周三晚上九点", "给阿斌发一段定价的问题"),
        ("Thursday 7pm draft the first page, 25 minutes", "draft the first page"),
        ("draft the first page on Thursday at 7pm", "draft the first page"),
    ],
)
def test_the_action_is_what_remains_when_the_moment_is_taken_off(words: str, action: str) -> None:
    assert without_moment(words, read_moment(words, WEDNESDAY)) == action


PIECES = st.sampled_from(
    [
        *"一二两三四五六七八九十百零半天日末周下这早晚中午点分号月年/-:.：0123456789 ",
        "am",
        "pm",
        "next ",
        "Feb ",
        "at ",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map("".join)))
def test_reading_never_crashes_and_the_action_stays_verbatim(words: str) -> None:
    moment = read_moment(words, WEDNESDAY)
    assert all(0 <= start < end <= len(words) for start, end in moment.spans)
    assert without_moment(words, moment) in words
