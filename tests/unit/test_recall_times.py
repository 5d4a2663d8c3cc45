"""Time words, in both languages."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.recall.dates import Mention, find_dates
from memory.recall.events import find_event
from memory.recall.times import find_period, without_dates

TODAY = date(2026, 5, 14)  # a Thursday


def days_of(question: str, first: date = date(2024, 1, 1), last: date = TODAY) -> list[date]:
    """The days a question looks at."""
    count = (last - first).days + 1
    days = np.arange(first.toordinal(), first.toordinal() + count, dtype=np.int32)
    period = find_period(question, TODAY)
    return [date.fromordinal(int(day)) for day in days[period.fits(days)]] if period else []


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("25 may, 2022", Mention(2022, 5, 25)),
        ("may 25, 2022", Mention(2022, 5, 25)),
        ("on march 8th", Mention(None, 3, 8)),
        ("march", Mention(None, 3)),
        ("三月份", Mention(None, 3)),
        ("3月8号", Mention(None, 3, 8)),
        ("十一月", Mention(None, 11)),
        ("2024年12月3日", Mention(2024, 12, 3)),
        ("2024-03-08", Mention(2024, 3, 8)),
        ("二十五号", Mention(None, None, 25)),
        ("周三", Mention(weekday=3)),
        ("on sunday", Mention(weekday=7)),
        ("in 2023", Mention(year=2023)),
    ],
)
def test_a_date_is_understood(text: str, mention: Mention) -> None:
    assert find_dates(text) == (mention,)


@pytest.mark.parametrize("text", ["i may go", "we march on", "三个月", "一周两次", "3号线", "room 20231"])
def test_what_only_looks_like_a_date_is_none(text: str) -> None:
    assert find_dates(text) == ()


@pytest.mark.parametrize(
    ("question", "first", "last"),
    [
        ("yesterday", date(2026, 5, 13), date(2026, 5, 13)),
        ("前天", date(2026, 5, 12), date(2026, 5, 12)),
        ("last week", date(2026, 5, 4), date(2026, 5, 10)),
        ("上周", date(2026, 5, 4), date(2026, 5, 10)),
        ("上上周", date(2026, 4, 27), date(2026, 5, 3)),
        ("上周三", date(2026, 5, 6), date(2026, 5, 6)),
        ("last month", date(2026, 4, 1), date(2026, 4, 30)),
        ("上个月", date(2026, 4, 1), date(2026, 4, 30)),
        ("上上个月", date(2026, 3, 1), date(2026, 3, 31)),
        ("去年三月", date(2025, 3, 1), date(2025, 3, 31)),
        ("this year", date(2026, 1, 1), TODAY),
        ("3 days ago", date(2026, 5, 11), date(2026, 5, 11)),
        ("三天之前", date(2026, 5, 11), date(2026, 5, 11)),
        ("去年冬天", date(2025, 12, 1), date(2026, 2, 28)),
        ("last winter", date(2025, 12, 1), date(2026, 2, 28)),
        ("last summer", date(2025, 6, 1), date(2025, 8, 31)),
        ("in the autumn of 2024", date(2024, 9, 1), date(2024, 11, 30)),
    ],
)
def test_a_question_looks_at_these_days(question: str, first: date, last: date) -> None:
    found = days_of(question)
    assert (found[0], found[-1]) == (first, last)


def test_a_year_nobody_wrote_in_has_no_days() -> None:
    assert days_of("2023年") == []


def test_long_ago_is_about_then() -> None:
    found = days_of("两个月前")
    assert found[0] < TODAY - timedelta(days=60) < found[-1]


def test_a_month_without_a_year_is_any_years() -> None:
    assert {day.year for day in days_of("in march")} == {2024, 2025, 2026}


def test_what_is_left_of_a_question_is_what_is_asked() -> None:
    assert without_dates("三月份我跟冯姐做了什么").split() == ["我跟冯姐做了什么"]
    assert without_dates("the dashboard in march").split() == ["the", "dashboard"]


@pytest.mark.parametrize(
    ("question", "words", "before", "rest"),
    [
        ("what did i say about money before i quit?", "i quit", True, "what did i say about money  ?"),
        ("我辞职之前怎么说钱", "我辞职", True, "怎么说钱"),
        ("认识陈墨之后我说了什么", "认识陈墨", False, "我说了什么"),
        ("how did i feel after my interview", "my interview", False, "how did i feel"),
    ],
)
def test_something_that_happened_bounds_a_question(
    question: str, words: str, before: bool, rest: str
) -> None:
    event = find_event(question)
    assert event is not None
    assert (event.words, event.before, event.rest) == (words, before, rest)


@pytest.mark.parametrize(
    "question", ["我之前说过的底线是什么", "我跟你之前说过什么", "很久以前我说过", "before lunch"]
)
def test_before_alone_bounds_nothing(question: str) -> None:
    assert find_event(question) is None


@given(st.text(max_size=200))
def test_any_text_can_be_asked_about_time(text: str) -> None:
    find_period(text, TODAY)
    without_dates(text)
