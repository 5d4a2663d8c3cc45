"""Days, clock times and lengths, as people write them."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching.when import read_moment, without_moment
from tests.fakes.turns import SHANGHAI, WEDNESDAY

NEW_YEARS_EVE = datetime(2026, 12, 31, 20, 0, tzinfo=SHANGHAI)
MORNING = datetime(2026, 4, 1, 10, 0, tzinfo=SHANGHAI)
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


def test_a_bare_weekday_is_the_coming_one() -> None:
    assert read_moment("周二", WEDNESDAY).on == date(2026, 4, 7)
    assert read_moment("Tuesday", WEDNESDAY).on == date(2026, 4, 7)


@pytest.mark.parametrize("words", ["周三", "Wednesday"])
def test_a_weekday_named_on_its_own_evening_is_rather_next_weeks_and_worth_a_question(words: str) -> None:
    moment = read_moment(words, WEDNESDAY)
    assert (moment.on, moment.ambiguous) == (date(2026, 4, 8), True)
    assert read_moment(words, MORNING).on == date(2026, 4, 1)


@pytest.mark.parametrize("words", ["周三上午", "周三下午三点", "Wednesday at 9am", "Wed at lunch"])
def test_a_weekday_whose_hour_is_over_today_is_next_weeks(words: str) -> None:
    moment = read_moment(words, WEDNESDAY)
    assert (moment.on, moment.past, moment.ambiguous) == (date(2026, 4, 8), False, False)


@pytest.mark.parametrize("words", ["今天九点", "today at 9"])
def test_of_two_hours_of_today_the_one_ahead_is_meant(words: str) -> None:
    moment = read_moment(words, WEDNESDAY)
    assert (moment.at, moment.ambiguous, moment.past) == (time(21, 0), False, False)


def test_a_weekday_after_a_week_was_named_lies_in_it() -> None:
    week = read_moment("下周给她打电话", MORNING).week
    assert week == date(2026, 4, 6)
    assert read_moment("周四晚上八点", MORNING, week=week).on == date(2026, 4, 9)


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


# What people write on a Wednesday, April 1, at ten in the morning, and how it is read: the day, then a clock
# time or a cue, the minutes; a question mark where it could be something else and is asked about.
PHRASES = """
周四午休 => 04-02 | 午休
明晚八点半 => 04-02 20:30
下下周三 => 04-15
这周末 => 04-04 ?
月底前 => 04-30
后天一早 => 04-03 | 一早
礼拜五下班前 => 04-03 | 下班前
星期天早上九点 => 04-05 09:00
周日晚8点 => 04-05 20:00
下周二下午三点一刻 => 04-07 15:15
今晚九点到十点 => 04-01 21:00 60m
明早七点半跑步前写二十分钟 => 04-02 07:30 20m
6月3号上午十点 => 06-03 10:00
六月三号 => 06-03
6/3 晚上7点 => 06-03 19:00
2026-06-03 14:00 => 06-03 14:00
2026年4月9日下午2点半 => 04-09 14:30
三天后晚上 => 04-04 | 晚上
20分钟后 => 04-01 10:20
半小时后 => 04-01 10:30
两个小时后 => 04-01 12:00
两周后的周一 => 04-13
周四8点 => 04-02 08:00 ?
周四七点 => 04-02 19:00 ?
明天两点 => 04-02 14:00
差一刻九点，明早 => 04-02 08:45
周五14点30分 => 04-03 14:30
明天凌晨一点 => 04-02 01:00
今晚12点 => 04-02 00:00
后天中午十二点半，一刻钟 => 04-03 12:30 15m
15号下午 => 04-15 | 下午
下个月5号 => 05-05
本周五睡前 => 04-03 | 睡前
周六送完孩子 => 04-04 | 送完孩子
明天早饭后 => 04-02 | 早饭后
大后天傍晚六点 => 04-04 18:00
周二或周四晚上 => 04-07 | 晚上 ?
下周 => - ?
今天下午 => 04-01 | 下午
今天早饭后 => 04-01 | 早饭后
周三晚上九点 => 04-01 21:00
周三早上八点 => 04-08 08:00
昨天晚上 => past
上周五 => past
今天早上八点 => past
这周一 => past
3月20号 => past
周一到周三 => 04-06 ?
明儿晚上 => 04-02 | 晚上
周4晚上8点 => 04-02 20:00
一个半小时后 => 04-01 11:30
下下周末 => 04-18 ?
年底前 => 12-31
过两天 => 04-03
周五前 => 04-03
4月2日（周四）12:30 => 04-02 12:30
周四（4月2日）12点半 => 04-02 12:30
晚上睡觉前 => - | 睡觉前
中午 => - | 中午
每天早上 => 04-02 | 早上
周五下午3-4点 => 04-03 15:00 60m
明天8:30 => 04-02 08:30 ?
明天20:30 => 04-02 20:30
周五 下午 五点 => 04-03 17:00
下星期三晚8点半 => 04-08 20:30
再过一周 => 04-08
月中 => 04-15
周一上午10:00-11:30 => 04-06 10:00 90m
这周六上午 => 04-04 | 上午
星期四晚饭后花半小时 => 04-02 | 晚饭后 30m
今晚吃完饭 => 04-01 | 吃完饭
礼拜天 => 04-05
十五号晚上八点 => 04-15 20:00
下周一早会后 => 04-06 | 早会后
下周一中午 => 04-06 | 中午
明天晚上八点整 => 04-02 20:00
周末早上 => 04-04 | 早上 ?
Thu 7am => 04-02 07:00
tmrw eve => 04-02 | in the evening
next Tue at half past nine => 04-07 09:30 ?
in 20 min => 04-01 10:20
this weekend => 04-04 ?
end of month => 04-30
noon on Friday => 04-03 12:00
the 5th => 04-05
Thursday at lunch => 04-02 | at lunch
Friday 7:30pm => 04-03 19:30
tomorrow at 8 => 04-02 08:00 ?
tonight at 9 => 04-01 21:00
tonight => 04-01 | in the evening
Sunday morning => 04-05 | morning
next Friday at 6 pm => 04-10 18:00 ?
3 June at 14:00 => 06-03 14:00
June 3rd, 9am => 06-03 09:00
6/3 at 5pm => 06-03 17:00
13/6 => 06-13
2026-06-03 => 06-03
in 3 days => 04-04
in two weeks => 04-15
a week from Thursday => 04-09
day after tomorrow, quarter to six in the evening => 04-03 17:45
Monday 9-10am => 04-06 09:00 60m
Wed 11-1pm => 04-01 11:00 120m
Tue or Thu evening => 04-07 | evening ?
Saturday first thing => 04-04 | first thing
Fri after work for half an hour => 04-03 | after work 30m
tomorrow after the kids are in bed => 04-02 | after the kids are in bed
half past seven tomorrow morning => 04-02 07:30
tmr 6.30pm => 04-02 18:30
Monday at 0930 => 04-06 09:30
Friday 17h30 => 04-03 17:30
later today => 04-01 | later
this afternoon => 04-01 | afternoon
this evening at seven => 04-01 19:00
8 tomorrow morning => 04-02 08:00
Thursday at nine in the morning => 04-02 09:00
Thursday night => 04-02 | night
by Friday => 04-03
end of the week => 04-03
next week => - ?
Wednesday => 04-01
Wednesday at 9am => 04-08 09:00
yesterday => past
last Friday => past
this Monday => past
today at 8am => past
two days ago => past
Weds 8pm => 04-01 20:00
Thurs @ 6 => 04-02 18:00 ?
midnight on Friday => 04-04 00:00
Sat, April 4 at 10 => 04-04 10:00 ?
the 15th of next month => 05-15
in an hour and a half => 04-01 11:30
in half an hour => 04-01 10:30
sometime next week => - ?
Monday week => 04-13
Monday of next week => 04-06
lunchtime tomorrow => 04-02 | lunchtime
tomorrow 8ish => 04-02 08:00 ?
Friday around 4 => 04-03 16:00
Thursday 12:30 for 20 min => 04-02 12:30 20m
on Sunday before bed => 04-05 | before bed
next weekend => 04-11 ?
early next week => - ?
end of next month => 05-31
first thing Monday => 04-06 | first thing
May 5 at noon => 05-05 12:00
Dec 24th => 12-24
tomorrow, 7 to 8pm => 04-02 19:00 60m
ten to eight tonight => 04-01 19:50
half nine tomorrow morning => 04-02 09:30
Friday eod => 04-03 | eod
明天晚上零点 => 04-03 00:00
4-9 20:00 => 04-09 20:00
4.9 晚上 => 04-09 | 晚上
明天晌午 => 04-02 | 晌午
后天下午茶时间 => 04-03 | 下午茶时间
the first of next month => 05-01
a couple of days from now => 04-03
Thursday's lunch break => 04-02 | lunch break
noonish on Friday => 04-03 | noonish
Friday before I leave work => 04-03 | before I leave work
12.5小时 => - 750m
第4.2版晚上发 => - | 晚上
"""


def reading(words: str) -> str:
    moment = read_moment(words, MORNING)
    if moment.past:
        return "past"
    parts = [f"{moment.on:%m-%d}" if moment.on else "-"]
    if moment.at is not None:
        parts.append(f"{moment.at:%H:%M}")
    elif moment.cue:
        parts.append(f"| {moment.cue}")
    if moment.minutes:
        parts.append(f"{moment.minutes}m")
    return " ".join([*parts, "?"] if moment.ambiguous else parts)


@pytest.mark.parametrize(("words", "meant"), [line.split(" => ") for line in PHRASES.strip().splitlines()])
def test_a_moment_is_read_as_it_was_meant(words: str, meant: str) -> None:
    assert reading(words) == meant


@pytest.mark.parametrize(
    "words",
    [
        "I sat in six meetings",
        "3/4 of my time",
        "我们是 24/7",
        "one to one with my boss",
        "two of my posts",
        "三个问题，写两点意见",
        "早一点睡",
        "一月两次",
        "给5号桌送菜",
        "read three to five pages",
        "写2-3页",
        "有空的时候",
        "as soon as I can",
    ],
)
def test_numbers_that_are_no_moment_are_left_alone(words: str) -> None:
    assert reading(words) == "-"


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
