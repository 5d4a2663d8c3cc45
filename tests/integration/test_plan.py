"""``/plan`` with the real coach and a real journal: line by line what it promises, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from coaching.model import CommitmentStatus
from tests.integration.test_coach import Person, lin  # noqa: F401  # the fixture

MORNING = datetime(2026, 4, 1, 2, 0, tzinfo=UTC)  # a Wednesday, ten o'clock in Shanghai
SUNDAY = datetime(2026, 4, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def person(lin: Person) -> Person:  # noqa: F811  # the fixture above
    lin.clock.at = MORNING
    return lin


async def plan(person: Person, *lines: str) -> list[str]:
    """What is answered to each line; ``/plan …`` is the command, ``@…`` a tap."""
    replies = []
    for line in lines:
        if line.startswith("/"):
            name, _, words = line[1:].partition(" ")
            replies.append(await person.says(words, command=name))
        elif line.startswith("@"):
            replies.append(await person.taps(line[1:]))
        else:
            replies.append(await person.says(line))
    return replies


async def kept(person: Person) -> list[tuple[str, date, time | None, str]]:
    items = (await person.scene()).plan
    return [(c.text, c.due_on, c.due_time, c.cue) for c in items if c.status is not CommitmentStatus.MOVED]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            ("/plan", "给阿斌发定价的三个问题", "周四午休，20分钟", "可能临时开会", "好"),
            ("给阿斌发定价的三个问题", date(2026, 4, 2), None, "午休"),
        ),
        (
            ("/plan", "给阿斌发定价的三个问题", "周四8点", "晚上", "好"),
            ("给阿斌发定价的三个问题", date(2026, 4, 2), time(20, 0), ""),
        ),
        (
            ("/plan", "Call Ana about the pricing page", "tomorrow at 8", "@plan:at 20.00", "yes"),
            ("Call Ana about the pricing page", date(2026, 4, 2), time(20, 0), ""),
        ),
        (
            ("/plan", "finish the intro page", "Thu 7am for 25 min", "the kids wake up early", "@plan:yes"),
            ("finish the intro page", date(2026, 4, 2), time(7, 0), ""),
        ),
    ],
)
async def test_four_turns_of_ours_are_enough_and_nothing_is_kept_before_the_yes(
    person: Person, lines: tuple[str, ...], expected: tuple[str, date, time | None, str]
) -> None:
    asked = await plan(person, *lines[:-1])
    assert len(asked) == 4
    assert all(reply.count("？") + reply.count("?") == 1 for reply in asked)
    assert await kept(person) == []
    await plan(person, lines[-1])
    assert await kept(person) == [expected]


@pytest.mark.parametrize("line", ["/plan 昨天晚上给她打电话", "/plan call Ana last Friday at 3pm"])
async def test_the_past_is_refused(person: Person, line: str) -> None:
    (reply,) = await plan(person, line)
    assert "过去了" in reply or "is over" in reply
    await plan(person, "好")
    assert await kept(person) == []


async def test_a_weekend_asks_which_of_its_days(person: Person) -> None:
    (reply,) = await plan(person, "/plan 这周末上午十点写首页第一段")
    assert "我读成周六" in reply
    await plan(person, "@plan:on 2026-04-05", "好")
    assert await kept(person) == [("写首页第一段", date(2026, 4, 5), time(10, 0), "")]


async def test_a_week_named_first_holds_for_the_day_named_later(person: Person) -> None:
    await plan(person, "/plan 下周给她打电话问报价", "周四晚上八点", "好")
    assert [on for _, on, _, _ in await kept(person)] == [date(2026, 4, 9)]


async def test_a_draft_that_was_left_is_offered_again(person: Person) -> None:
    await plan(person, "/plan 给阿斌发三个问题", "周四午休", "/cancel")
    assert await kept(person) == []
    person.clock.passes(hours=14)
    again, _ = await plan(person, "/plan", "好")
    assert "「给阿斌发三个问题」" in again
    assert [text for text, *_ in await kept(person)] == ["给阿斌发三个问题"]


async def test_a_draft_whose_moment_is_over_asks_for_another(person: Person) -> None:
    await plan(person, "/plan 给阿斌发三个问题", "周四午休", "/cancel")
    person.clock.passes(hours=32)  # Thursday, six in the evening
    again, _, _ = await plan(person, "/plan", "周五晚上九点", "好")
    assert "「给阿斌发三个问题」" in again
    assert await kept(person) == [("给阿斌发三个问题", date(2026, 4, 3), time(21, 0), "")]


async def test_on_a_sunday_the_plan_is_for_the_week_to_come_and_three_of_the_old_week_do_not_fill_it(
    person: Person,
) -> None:
    for line in ("周四午休给阿斌发三个问题", "周五晚上八点录一遍讲稿", "周六上午十点写首页第一段"):
        await plan(person, f"/plan {line}", "好")
    person.clock.at = SUNDAY
    shown, readback, _ = await plan(person, "/plan", "周三晚上八点给她打电话问报价", "好")
    assert "这周还开着" in shown
    assert "写首页第一段" in shown
    assert "4月8日" in readback
    assert [on for _, on, _, _ in await kept(person)][-1] == date(2026, 4, 8)


async def test_lines_given_together_are_read_back_one_by_one_and_a_fourth_asks_which_goes(
    person: Person,
) -> None:
    replies = await plan(
        person,
        "/plan 周四午休给阿斌发三个问题；周五晚上八点录一遍讲稿；周六上午十点写首页第一段",
        "好",
        "好",
        "好",
    )
    assert "录一遍讲稿" in replies[1]
    assert len(await kept(person)) == 3
    full, _, _ = await plan(person, "/plan 周日上午十点画一张图", "2", "好")
    assert "满了" in full
    opened = [c.text for c in (await person.scene()).plan if c.status is CommitmentStatus.OPEN]
    assert opened == ["给阿斌发三个问题", "写首页第一段", "画一张图"]


@pytest.mark.parametrize(
    ("words", "status", "on", "minutes"),
    [
        ("把第一件挪到周五晚上九点", CommitmentStatus.OPEN, date(2026, 4, 3), 30),
        ("move the first one to Friday 9pm", CommitmentStatus.OPEN, date(2026, 4, 3), 30),
        ("挪到周五晚上九点", CommitmentStatus.OPEN, date(2026, 4, 3), 30),
        ("第一件缩小", CommitmentStatus.OPEN, date(2026, 4, 2), 10),
        ("make it smaller", CommitmentStatus.OPEN, date(2026, 4, 2), 10),
        ("放掉第一件", CommitmentStatus.DROPPED, date(2026, 4, 2), 30),
        ("drop the first", CommitmentStatus.DROPPED, date(2026, 4, 2), 30),
        ("第一件做完了", CommitmentStatus.DONE, date(2026, 4, 2), 30),
        ("1 is done", CommitmentStatus.DONE, date(2026, 4, 2), 30),
        ("第一件做了一半", CommitmentStatus.HALF, date(2026, 4, 2), 30),
    ],
)
async def test_the_plan_is_changed_in_words(
    person: Person, words: str, status: CommitmentStatus, on: date, minutes: int
) -> None:
    await plan(person, "/plan 周四午休给阿斌发三个问题", "好", words)
    (item,) = [c for c in (await person.scene()).plan if c.status is not CommitmentStatus.MOVED]
    assert (item.status, item.due_on, item.minutes) == (status, on, minutes)


@pytest.mark.parametrize(
    "words",
    [
        "把会挪到周五了，我又白准备了",
        "他把我的需求删掉了",
        "第三版又改小了",
        "今天拆了三个包裹",
        "今天 1 个会都取消了",
        "第一个需求取消了",
        "Finished the first draft of the deck",
        "第一稿发出去了",
    ],
)
async def test_news_about_moving_and_dropping_leaves_the_plan_alone(person: Person, words: str) -> None:
    await plan(person, "/plan 周四午休给阿斌发三个问题", "好", words)
    (item,) = (await person.scene()).plan
    assert (item.status, item.due_on) == (CommitmentStatus.OPEN, date(2026, 4, 2))


async def test_one_of_two_is_asked_for_and_its_day_is_not_forgotten(person: Person) -> None:
    await plan(person, "/plan 周四午休给阿斌发三个问题", "好", "/plan 周五晚上八点录一遍讲稿", "好")
    asked, _ = await plan(person, "把它挪到周六上午", "2")
    assert "哪一件" in asked
    assert (await kept(person))[-1] == ("录一遍讲稿", date(2026, 4, 4), time(20, 0), "上午")


@pytest.mark.parametrize("start", ["@plan:split:1", "拆开第一件"])
async def test_a_split_line_becomes_a_first_piece_and_a_smaller_rest(person: Person, start: str) -> None:
    await plan(person, "/plan 周五晚上八点录一遍讲稿", "好", start, "先列出三个要点，明天午休10分钟")
    items = [(c.text, c.due_on, c.minutes) for c in (await person.scene()).plan]
    assert items == [("先列出三个要点", date(2026, 4, 2), 10), ("录一遍讲稿", date(2026, 4, 3), 20)]


async def test_the_rest_of_a_half_is_promised_anew_and_the_half_stays(person: Person) -> None:
    await plan(person, "/plan 周四午休给阿斌发三个问题", "好", "@plan:half:1", "周五晚上九点")
    items = [(c.status, c.due_on) for c in (await person.scene()).plan]
    assert items == [(CommitmentStatus.HALF, date(2026, 4, 2)), (CommitmentStatus.OPEN, date(2026, 4, 3))]


async def test_a_move_that_could_be_two_hours_is_asked_about(person: Person) -> None:
    await plan(person, "/plan 周四午休给阿斌发三个问题", "好")
    asked, _ = await plan(person, "把第一件挪到周五8点", "好")
    assert "08:00" in asked
    assert (await kept(person))[0][1:3] == (date(2026, 4, 3), time(8, 0))


@pytest.mark.parametrize(
    ("lines", "times"),
    [
        (("周四午休写完领导要的周报", "周五晚上八点给客户改PPT第三页", "周六上午十点填报销单"), 1),
        (("周四午休写完领导要的周报", "周五晚上八点给阿斌发三个问题", "周六上午十点填报销单"), 0),
        (
            (
                "Thu at lunch finish the weekly report",
                "Fri 8pm clear the Jira tickets",
                "Sat 10am file expenses",
            ),
            1,
        ),
    ],
)
async def test_a_plan_with_nothing_that_is_theirs_is_shown_that_once(
    person: Person, lines: tuple[str, ...], times: int
) -> None:
    replies = []
    for line in lines:
        replies += await plan(person, f"/plan {line}", "好" if "周" in line else "yes")
    assert len(await kept(person)) == 3
    assert sum("自己说了算" in reply or "is yours to decide" in reply for reply in replies) == times
