"""``/review`` and ``/goals`` with the real coach and a real journal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from icalendar import Calendar
from sqlalchemy import select

from memory.sql.tables import OutboxRow
from tests.integration.test_coach import Person, lin  # noqa: F401  # the fixture
from tests.integration.test_plan import plan

MORNING = datetime(2026, 4, 1, 2, 0, tzinfo=UTC)  # a Wednesday, ten o'clock in Shanghai
SUNDAY = datetime(2026, 4, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
async def person(lin: Person) -> Person:  # noqa: F811  # the fixture above
    lin.clock.at = MORNING
    return lin


def find_calendars(folder: Path) -> list[Path]:
    return list(folder.glob("*.ics"))


async def live_a_week(person: Person) -> None:
    await plan(person, "/plan 周三晚上八点给阿斌发三个问题", "好", "领导说下半年看我表现，去年他也这么说。")
    person.clock.passes(days=1)
    await plan(person, "做完了，他说愿意付三百块", "/plan 周五晚上八点录一遍讲稿", "好")
    await plan(person, "/plan 周六上午十点写首页第一段", "好", "放掉第二件")
    person.clock.at = SUNDAY


async def test_the_week_is_told_in_counts_and_their_own_words_of_the_day(person: Person) -> None:
    await live_a_week(person)
    (told,) = await plan(person, "/review")
    assert "3件里做了1件，放掉1件，没发生1件" in told
    assert "做了：「给阿斌发三个问题」，4月2日你写：「做完了，他说愿意付三百块」" in told
    assert "让下周不一样的" in told
    assert "下周的小试验" in told
    assert told.count("？") == 1


async def test_a_pattern_stands_on_two_dated_quotes(person: Person) -> None:
    await plan(person, "盘点小程序写了三分之一，不知道给谁用")
    person.clock.passes(days=3)
    await plan(person, "盘点小程序又停在三分之一，今天一行没写")
    (told,) = await plan(person, "/review")
    assert "4月1日「盘点小程序写了三分之一，不知道给谁用」" in told
    assert "4月4日「盘点小程序又停在三分之一，今天一行没写」" in told


async def test_the_picture_goes_with_it_and_holds_numbers_only(person: Person) -> None:
    await live_a_week(person)
    await plan(person, "/review")
    async with person.journal.read() as db:
        payload = await db.scalar(select(OutboxRow.payload).order_by(OutboxRow.id.desc()).limit(1))
    assert payload is not None
    assert payload["figure"]["ends"] == {"kept": [1], "moved": [0], "dropped": [1], "missed": [1]}
    assert "阿斌" not in str(payload["figure"])


async def test_a_commitment_ahead_is_not_called_missed(person: Person) -> None:
    await plan(person, "/plan 周六上午十点写首页第一段", "好")
    (told,) = await plan(person, "/review")
    assert "还开着：「写首页第一段」" in told


@pytest.mark.parametrize(
    ("asked", "holds"),
    [
        ("写一句能发出去的", "给阿斌发三个问题"),
        ("@review:post", "给阿斌发三个问题"),
        ("a line I can post", "给阿斌发三个问题"),
        ("/review post", "给阿斌发三个问题"),
        ("给朋友看的一段", "放掉：录一遍讲稿"),
        ("@review:forward", "放掉：录一遍讲稿"),
        ("a text to forward", "dropped: 录一遍讲稿"),
    ],
)
async def test_a_line_for_others_is_shown_and_left_to_them(person: Person, asked: str, holds: str) -> None:
    await live_a_week(person)
    (line,) = await plan(person, asked)
    assert line.startswith("‹")
    assert holds in line[: line.index("›")]
    assert "不会替你发" in line or "never send it" in line


async def test_a_goal_keeps_its_sign_its_horizon_and_its_history(person: Person) -> None:
    await plan(person, "/goals 做一件自己的东西", "有三个陌生人在用", "年底")
    (goal,) = (await person.scene()).goals
    assert (goal.text, goal.success, goal.horizon) == ("做一件自己的东西", "有三个陌生人在用", "年底")
    person.clock.passes(days=9)
    await plan(person, "/goals change 1 进博物馆做教育", "有一场我主讲的活动", "@goal:skip")
    (shown,) = await plan(person, "/goals")
    assert "1. 「进博物馆做教育」（4月10日起），成的样子：「有一场我主讲的活动」" in shown
    assert "以前的：\n「做一件自己的东西」（4月1日 到 4月10日）" in shown
    assert [goal.text for goal in await person.journal.list_goals(person.id, ended=True)] == [
        "做一件自己的东西",
        "进博物馆做教育",
    ]


async def test_a_commitment_serves_the_goal_it_speaks_of(person: Person) -> None:
    await plan(
        person,
        "/goals 做一件自己的东西",
        "有三个陌生人在用",
        "跳过",
        "/goals 进博物馆做教育",
        "有一场活动",
        "跳过",
    )
    await plan(person, "/plan 周四午休给博物馆教育部发一封信", "好")
    _, museum = (await person.scene()).goals
    assert [c.goal_id for c in (await person.scene()).plan] == [museum.id]


async def test_a_goal_that_no_plan_served_for_three_weeks_is_asked_about_once(person: Person) -> None:
    await plan(person, "/goals 进博物馆做教育", "有一场我主讲的活动", "跳过")
    person.clock.passes(days=10)
    (early,) = await plan(person, "/review")
    person.clock.passes(days=12)
    asked, kept, again = await plan(person, "/review", "还在", "/review")
    assert "「进博物馆做教育」有三周没出现在计划里了" in asked
    assert "留着" in kept
    assert "三周" not in early + again


@pytest.mark.parametrize(("answer", "left"), [("@goal:end", []), ("变成在馆里做讲解员", ["在馆里做讲解员"])])
async def test_the_answer_about_a_quiet_goal_puts_it_away_or_changes_it(
    person: Person, answer: str, left: list[str]
) -> None:
    await plan(person, "/goals 进博物馆做教育", "有一场我主讲的活动", "跳过")
    person.clock.passes(days=22)
    await plan(person, "/review", answer)
    assert [goal.text for goal in (await person.scene()).goals] == left


@pytest.mark.parametrize("asked", ["/plan ics", "日历文件", "send me a calendar file"])
async def test_the_calendar_file_is_named_in_the_terminal(person: Person, asked: str, tmp_path: Path) -> None:
    await plan(person, "/plan 周四晚上八点给阿斌发三个问题", "好")
    (reply,) = await plan(person, asked)
    (path,) = find_calendars(tmp_path)
    assert str(path) in reply
    (event,) = Calendar.from_ical(path.read_bytes()).walk("VEVENT")
    assert str(event["summary"]) == "给阿斌发三个问题"


async def test_with_nothing_ahead_there_is_no_calendar(person: Person, tmp_path: Path) -> None:
    (reply,) = await plan(person, "/plan ics")
    assert "没有定下的事" in reply
    assert not find_calendars(tmp_path)


async def test_the_same_words_about_two_things_have_each_their_own_day(person: Person) -> None:
    await plan(person, "/plan 周三晚上八点给阿斌发三个问题", "好")
    person.clock.passes(hours=12)
    await plan(person, "做完了，他说听得懂", "/plan 周五晚上八点录一遍讲稿", "好")
    person.clock.passes(days=2)
    await plan(person, "做完了，他说听得懂")
    person.clock.at = SUNDAY
    (told,) = await plan(person, "/review")
    assert "「给阿斌发三个问题」，4月1日你写：「做完了，他说听得懂」" in told
    assert "「录一遍讲稿」，4月3日你写：「做完了，他说听得懂」" in told
