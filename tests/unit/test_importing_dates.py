"""Dates as people write them, and on which day each part of a note was written."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.importing.dates import Day, find_day, parse_date_line, settle_year
from memory.importing.dating import RunningDate, Sources, date_file
from memory.importing.found import DatedBy

TODAY = date(2025, 11, 22)
DAYS = st.dates(date(1950, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    "written",
    [
        "2025-11-17", "2025/11/17", "2025.11.17", "2025_11_17", "2025年11月17日", "2025 年 11 月 17 日",
        "2025年11月17号",
        "二〇二五年十一月十七日", "20251117", "20251117_153000", "202511171530", "2025-11-17T10:00:00+08:00",
        "Nov 17 2025", "Nov. 17th, 2025", "November 17, 2025", "17 November 2025", "17-Nov-2025",
        "the 17th of Nov 2025",
        "17.11.2025", "17/11/2025", "11/17/2025", "2025-11-17-note", "note_2025-11-17", "IMG 20251117",
        "周一 2025-11-17",
    ],
)  # fmt: skip
def test_a_date_is_understood_however_it_is_written(written: str) -> None:
    assert find_day(written) == Day(2025, 11, 17)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("日记2025年3月", Day(2025, 3)),
        ("2025-03", Day(2025, 3)),
        ("202503", Day(2025, 3)),
        ("March 2025", Day(2025, 3)),
        ("2025年十二月", Day(2025, 12)),
        ("2025年三月三十一日", Day(2025, 3, 31)),
        ("2024-02-29", Day(2024, 2, 29)),
        ("2025-11-01 to 2025-11-07", Day(2025, 11, 1)),
    ],
)
def test_months_and_first_days_are_found(written: str, day: Day) -> None:
    assert find_day(written) == day


@pytest.mark.parametrize(
    "written",
    [
        "", "note", "03/02/2025", "2025-13-45", "2025-02-30", "version 1.2.3", "120251117", "13812345678",
        "2025",
        "2025-2026", "201005", "251117", "3月", "maybe 2025", "ISBN 978-7-111-20250",
    ],
)  # fmt: skip
def test_what_is_no_date_or_could_be_two_is_none(written: str) -> None:
    assert find_day(written) is None


@given(DAYS)
def test_every_day_is_read_back_from_each_way_of_writing_it(day: date) -> None:
    for written in (
        day.isoformat(),
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%B} {day.day}, {day.year}",
    ):
        assert find_day(written) == Day(day.year, day.month, day.day)
        line = parse_date_line(written, heading=False)
        assert line is not None
        assert line.day.as_date() == day
        assert line.alone


@given(st.text(max_size=60))
def test_any_text_is_looked_at_without_failing(text: str) -> None:
    found = find_day(text)
    assert found is None or found.as_date() is not None
    line = parse_date_line(text, heading=True)
    assert line is None or str(line.day)


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("2025-03-02 周日", Day(2025, 3, 2)),
        ("3月2日", Day(None, 3, 2)),
        ("3月2号 星期日 晴 12℃", Day(None, 3, 2)),
        ("三月二日", Day(None, 3, 2)),
        ("Mar 2, 2025", Day(2025, 3, 2)),
        ("Sunday, March 2", Day(None, 3, 2)),
        ("2 March", Day(None, 3, 2)),
        ("📅 2025-03-02", Day(2025, 3, 2)),
        ("[[2025-03-02]]", Day(2025, 3, 2)),
        ("【2025年3月2日 星期日】", Day(2025, 3, 2)),
        ("日期：2025-03-02", Day(2025, 3, 2)),
        ("Date:\tMarch 2, 2025 at 10:00:00 AM GMT+8", Day(2025, 3, 2)),
        ("2025-03-02T08:30:00Z", Day(2025, 3, 2)),
        ("3/2 周日", Day(None, 3, 2)),
    ],
)
def test_a_line_that_is_only_a_date_is_one_with_or_without_a_hash(line: str, day: Day) -> None:
    for heading in (True, False):
        found = parse_date_line(line, heading=heading)
        assert found is not None
        assert found.day == day
        assert found.alone


@pytest.mark.parametrize(
    "line", ["2025-03-02 加班到十点", "3月2日 复盘", "Mar 2, 2025: what I saw", "Mar 2: what I saw"]
)
def test_a_heading_may_go_on_after_its_date_but_a_line_may_not(line: str) -> None:
    found = parse_date_line(line, heading=True)
    assert found is not None
    assert (found.day.month, found.day.day) == (3, 2)
    assert not found.alone
    assert parse_date_line(line, heading=False) is None


@pytest.mark.parametrize(
    "line",
    [
        "2025-12-31 前完成", "12月31日之前要走", "March 3 things I learned", "我们在2025年3月2日上线了",
        "3.2 节",
        "第2日", "Q3 2025 plan", "5 things", "10:30 stand-up", "3/2", "2025年的计划",
        "May be", "2025-03-02 due",
    ],
)  # fmt: skip
def test_a_heading_that_only_mentions_a_date_is_not_one(line: str) -> None:
    assert parse_date_line(line, heading=True) is None


@pytest.mark.parametrize(
    ("near", "year", "day", "settled"),
    [
        (None, None, Day(None, 3, 2), date(2025, 3, 2)),
        (None, None, Day(None, 12, 30), date(2024, 12, 30)),
        (None, 2023, Day(None, 12, 30), date(2023, 12, 30)),
        (date(2024, 12, 30), 2024, Day(None, 1, 2), date(2025, 1, 2)),
        (date(2025, 1, 2), 2025, Day(None, 12, 30), date(2024, 12, 30)),
        (None, None, Day(None, 2, 29), date(2024, 2, 29)),
        (None, 2023, Day(None, 2, 29), None),
        (None, None, Day(2025, 12, 1), None),
        (None, None, Day(2025, 11, 22), TODAY),
    ],
)
def test_a_missing_year_is_taken_from_what_is_near(
    near: date | None, year: int | None, day: Day, settled: date | None
) -> None:
    assert settle_year(day, near=near, year=year, latest=TODAY) == settled


@given(DAYS, st.integers(1, 12), st.integers(1, 31), st.one_of(st.none(), DAYS))
def test_a_settled_day_is_never_still_to_come(today: date, month: int, day: int, near: date | None) -> None:
    settled = settle_year(Day(None, month, day), near=near, year=None, latest=today)
    assert settled is None or settled <= today


def sources(name: str = "note.md", *, days: tuple[Day, ...] = (), modified: date | None = None) -> Sources:
    return Sources(days, name, modified, TODAY)


@pytest.mark.parametrize(
    ("name", "on", "whole_month"),
    [
        ("2025-11-17-note.md", date(2025, 11, 17), False),
        ("20251117.txt", date(2025, 11, 17), False),
        ("日记2025年3月.md", date(2025, 3, 1), True),
        ("journal/2025/03/02.md", date(2025, 3, 2), False),
        ("journal/2025年/3月/2日.md", date(2025, 3, 2), False),
        ("journal/2025-03/02.md", date(2025, 3, 2), False),
        ("journal/2025-03-02/evening.md", date(2025, 3, 2), False),
        ("journal/2025-03/2025-03-05.md", date(2025, 3, 5), False),
    ],
)
def test_a_file_name_dates_its_file(name: str, on: date, whole_month: bool) -> None:
    dated = date_file(sources(name))
    assert (dated.on, dated.by, dated.whole_month) == (on, DatedBy.FILE_NAME, whole_month)


@pytest.mark.parametrize(
    "name", ["backup-2025-11-17/diary.md", "2024年总结.md", "2026-01-01.md", "notes.md", ".md"]
)
def test_a_name_that_says_no_day_or_one_to_come_dates_nothing(name: str) -> None:
    assert date_file(sources(name)).by is DatedBy.NONE


def test_front_matter_goes_before_the_name_and_the_name_before_the_files_time() -> None:
    modified = date(2025, 5, 5)
    both = sources("2025-11-17.md", days=(Day(2025, 1, 2),), modified=modified)
    assert date_file(both).on == date(2025, 1, 2)
    assert date_file(sources("2025-11-17.md", modified=modified)).on == date(2025, 11, 17)
    by_time = date_file(sources(modified=modified))
    assert (by_time.on, by_time.by, by_time.stated) == (modified, DatedBy.FILE_TIME, "")


def test_a_day_still_to_come_gives_way_to_the_next_source() -> None:
    planned = sources("2025-11-17.md", days=(Day(2030, 1, 1),), modified=TODAY + timedelta(days=1))
    assert date_file(planned).by is DatedBy.FILE_NAME
    assert date_file(sources(modified=TODAY + timedelta(days=1))).on is None


def test_a_heading_dates_what_follows_until_one_of_higher_rank() -> None:
    running = RunningDate(sources(days=(Day(2025, 1, 1),)))
    assert running.now.by is DatedBy.FRONT_MATTER
    assert running.hear_heading("2025-03-02 周日", 2)
    assert not running.hear_heading("复盘", 3)
    assert (running.now.on, running.now.by) == (date(2025, 3, 2), DatedBy.HEADING)
    assert not running.hear_heading("附录", 1)
    assert running.now.on == date(2025, 1, 1)


def test_days_below_a_month_belong_to_it() -> None:
    running = RunningDate(sources())
    assert running.hear_heading("2025年3月", 1)
    assert running.now.whole_month
    assert running.hear_heading("2日", 2)
    assert running.now.on == date(2025, 3, 2)
    assert running.now.stated == "2025-03-02"
    assert running.hear_heading("3月5日", 2)
    assert running.now.on == date(2025, 3, 5)


def test_days_in_a_file_named_after_a_month_belong_to_it() -> None:
    running = RunningDate(sources("日记2024年3月.md"))
    assert running.hear_heading("2号", 2)
    assert running.now.on == date(2024, 3, 2)


def test_a_year_in_a_heading_or_a_name_is_the_year_of_its_days() -> None:
    by_heading = RunningDate(sources())
    assert by_heading.hear_heading("2023", 1)
    by_heading.hear_heading("3月2日", 2)
    assert by_heading.now.on == date(2023, 3, 2)
    by_name = RunningDate(sources("2024年总结.md"))
    by_name.hear_heading("12月30日", 2)
    assert by_name.now.on == date(2024, 12, 30)


def test_days_run_on_over_new_year() -> None:
    running = RunningDate(sources())
    days = []
    for heading in ("2024-12-30", "12月31日", "1月1日", "1月2日"):
        running.hear_heading(heading, 2)
        days.append(running.now.on)
    assert days == [date(2024, 12, 30), date(2024, 12, 31), date(2025, 1, 1), date(2025, 1, 2)]


def test_a_day_without_its_year_cannot_be_later_than_the_file() -> None:
    running = RunningDate(sources(modified=date(2023, 6, 1)))
    running.hear_heading("12月30日", 2)
    assert running.now.on == date(2022, 12, 30)


def test_what_a_guessed_year_rests_on_is_not_part_of_what_is_stated() -> None:
    guessed = RunningDate(sources(modified=date(2023, 6, 1)))
    guessed.hear_heading("3月2日", 2)
    assert guessed.now.stated == "--03-02"
    guessed.hear_heading("3月3日", 2)
    assert guessed.now.stated == "--03-03"
    known = RunningDate(sources("2023年.md"))
    known.hear_heading("3月2日", 2)
    assert known.now.stated == "2023-03-02"


def test_a_heading_about_a_day_to_come_dates_nothing() -> None:
    running = RunningDate(sources("2025-11-17.md"))
    assert not running.hear_heading("2026-01-01", 2)
    assert running.now.by is DatedBy.FILE_NAME
