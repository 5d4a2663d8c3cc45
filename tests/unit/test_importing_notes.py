"""Notes and diaries read from disk: entries with their text, their day and their heading."""

from __future__ import annotations

import os
import time
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memory.importing import DatedBy, Found, ImportProblem, Limits, read_files, read_text
from memory.importing.decoding import clean
from memory.importing.problems import (
    BadFrontMatter,
    BrokenCharacters,
    Empty,
    Missing,
    NotText,
    TooBig,
    UnknownKind,
)

TODAY = date(2025, 11, 22)
WRITTEN = datetime(2025, 6, 1, 20, 0, tzinfo=UTC)

JOURNAL = """一天天的快，每天过去之后和昨天并没有太大的变化。

怎么样才能有本质性的变化呢？做公司之外的事情，并且这个事情是自己完全负责的；

工作已经足够多了，而一个人的时间是有限的；


你想要的是什么？

主导权与所有权： 你希望对自己所做的事情有完全的负责权和决策权。


一个人忙到没时间思考才是最大的问题。

1、我是谁？
2、我在哪方便做的好？
3、现在我有什么成就？
"""

TALK = """---
category: career
date: '2025-11-17'
speaker: 某位讲者
summary: 在这场问答中，讲者谈到“打工”的性价比。
tags:
- mindset
title: 为什么“打工”性价比骤降？
---

### 职业抉择：应对职场竞争

对于“**Diffusion Model**（扩散模型）这个方向现在是否值得做”的问题，这取决于你的背景。

### 个人系统

我也通过401k等工具投资。
"""

DIARY = """# 2025年3月

## 2日 周日

今天想通了：我要自己决定。

### 复盘

- 写了三页
- 没有人看

## 3月5日 加班到十点

又是别人的项目。

# 附录

不知道哪天写的。
"""


def write(folder: Path, name: str, content: str | bytes, at: datetime = WRITTEN) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def read_one(path: Path, limits: Limits | None = None) -> Found:
    (found,) = read_files([path], today=TODAY, limits=limits)
    return found


def visible(text: str) -> str:
    return "".join(text.split())


def test_a_journal_without_any_date_is_kept_whole_and_dated_by_its_file_at_best(tmp_path: Path) -> None:
    found = read_one(write(tmp_path, "journal.txt", JOURNAL))
    assert not found.problems
    assert visible("".join(entry.text for entry in found.entries)) == visible(JOURNAL)
    assert {entry.said_on for entry in found.entries} == {date(2025, 6, 1)}
    assert {entry.dated_by for entry in found.entries} == {DatedBy.FILE_TIME}
    assert [entry.position for entry in found.entries] == list(range(len(found.entries)))
    assert found.entries[-1].text.endswith("1、我是谁？\n2、我在哪方便做的好？\n3、现在我有什么成就？")


def test_what_stands_apart_in_a_journal_is_not_mixed_into_one_entry(tmp_path: Path) -> None:
    found = read_one(write(tmp_path, "journal.txt", JOURNAL))
    answer = [entry.text for entry in found.entries if "你希望" in entry.text]
    assert len(answer) == 1
    assert "工作已经足够多了" not in answer[0]
    assert "我是谁" not in answer[0]


def test_front_matter_dates_and_names_every_entry(tmp_path: Path) -> None:
    found = read_one(write(tmp_path, "talk.md", TALK))
    assert found.said_by == "某位讲者"
    assert {(e.said_on, e.dated_by, e.title) for e in found.entries} == {
        (date(2025, 11, 17), DatedBy.FRONT_MATTER, "为什么“打工”性价比骤降？")
    }
    assert [entry.heading for entry in found.entries] == [("职业抉择：应对职场竞争",), ("个人系统",)]
    assert "对于“Diffusion Model（扩散模型）这个方向现在是否值得做”的问题" in found.entries[0].text
    assert not any("category" in entry.text for entry in found.entries)


def test_a_headings_words_are_kept_above_its_text(tmp_path: Path) -> None:
    first, second = read_one(write(tmp_path, "talk.md", TALK)).entries
    assert first.text.startswith("职业抉择：应对职场竞争\n")
    assert second.text == "个人系统\n\n我也通过401k等工具投资。"


def test_headings_that_are_dates_date_what_follows(tmp_path: Path) -> None:
    entries = read_one(write(tmp_path, "diary.md", DIARY)).entries
    assert [(entry.said_on, entry.dated_by, entry.text) for entry in entries] == [
        (date(2025, 3, 2), DatedBy.HEADING, "今天想通了：我要自己决定。"),
        (date(2025, 3, 2), DatedBy.HEADING, "复盘\n\n- 写了三页\n- 没有人看"),
        (date(2025, 3, 5), DatedBy.HEADING, "3月5日 加班到十点\n\n又是别人的项目。"),
        (date(2025, 6, 1), DatedBy.FILE_TIME, "附录\n\n不知道哪天写的。"),
    ]
    assert entries[1].heading == ("2025年3月", "2日 周日", "复盘")


def test_lines_that_are_dates_date_what_follows_in_plain_text(tmp_path: Path) -> None:
    text = (
        "2025-03-01 周六 晴\n睡了一天。\n2025-03-02\n写了一页，2025-03-09 要交。\n\nMar 3, 2025\nI told her."
    )
    entries = read_one(write(tmp_path, "diary.txt", text)).entries
    assert [(entry.said_on, entry.text) for entry in entries] == [
        (date(2025, 3, 1), "睡了一天。"),
        (date(2025, 3, 2), "写了一页，2025-03-09 要交。"),
        (date(2025, 3, 3), "I told her."),
    ]


def test_entries_of_different_days_are_never_one(tmp_path: Path) -> None:
    text = "".join(f"## 2025-03-{day:02}\n第{day}天。\n" for day in range(1, 29))
    entries = read_one(write(tmp_path, "diary.md", text)).entries
    assert [(entry.said_on, entry.text) for entry in entries] == [
        (date(2025, 3, day), f"第{day}天。") for day in range(1, 29)
    ]


def test_a_month_in_the_name_is_marked_as_a_month(tmp_path: Path) -> None:
    (entry,) = read_one(write(tmp_path, "日记2025年3月.md", "这个月很累。")).entries
    assert (entry.said_on, entry.dated_by, entry.whole_month) == (date(2025, 3, 1), DatedBy.FILE_NAME, True)


def test_empty_headings_go_with_the_next_text_of_their_day_and_are_not_lost(tmp_path: Path) -> None:
    text = "## 2025-03-02\n### 感恩\n### 我想离职\n### 明天\n早起。\n## 2025-03-03\n### 空的\n"
    entries = read_one(write(tmp_path, "a.md", text)).entries
    assert [(e.said_on and e.said_on.day, e.text) for e in entries] == [
        (2, "感恩\n我想离职\n明天\n早起。"),
        (3, "空的"),
    ]


def test_the_title_is_the_first_heading_where_the_front_matter_has_none(tmp_path: Path) -> None:
    assert read_one(write(tmp_path, "a.md", "# 2025\n# 我的一年\n好。")).entries[0].title == "我的一年"
    assert read_one(write(tmp_path, "b.md", "好。")).entries[0].title == ""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_the_encoding_of_a_file_makes_no_difference(tmp_path: Path, encoding: str) -> None:
    def identities(name: str, data: bytes) -> list[tuple[str, str]]:
        found = read_one(write(tmp_path, name, data))
        assert not found.problems
        return [(entry.text, entry.fingerprint) for entry in found.entries]

    crlf = DIARY.replace("\n", "\r\n").encode(encoding)
    assert identities("other.md", crlf) == identities("plain.md", DIARY.encode())


def test_front_matter_that_is_not_yaml_is_noted_and_the_body_kept(tmp_path: Path) -> None:
    found = read_one(write(tmp_path, "a.md", "---\ntitle: a: b\ndate: 2025-03-02\n---\n正文在这里。"))
    assert [(e.text, e.said_on) for e in found.entries] == [("正文在这里。", date(2025, 3, 2))]
    assert [problem.reason for problem in found.problems] == [BadFrontMatter]
    assert not BadFrontMatter.lost


def test_broken_characters_are_noted_and_the_rest_kept(tmp_path: Path) -> None:
    found = read_one(write(tmp_path, "a.md", "今天又加班到十点。".encode() * 10 + b"\xe6\x88"))
    assert found.entries[0].text.startswith("今天又加班到十点。")
    assert [(problem.reason, problem.count) for problem in found.problems] == [(BrokenCharacters, 1)]


@pytest.mark.parametrize(
    "content", ["", "\n\n \t\n", "\ufeff", "---\ntitle: x\n---\n", "<!-- 只有注释 -->", "---", "\x00"]
)
def test_a_file_without_words_is_called_empty(tmp_path: Path, content: str) -> None:
    found = read_one(write(tmp_path, "a.md", content))
    assert not found.entries
    assert [problem.reason for problem in found.problems] == [Empty]


def test_a_picture_with_a_text_ending_is_not_text(tmp_path: Path) -> None:
    found = read_one(write(tmp_path, "a.md", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8))
    assert [problem.reason for problem in found.problems] == [NotText]
    assert str(found.problems[0]).startswith("a.md: It is not text")
    assert found.sha256


def test_right_to_left_and_heaps_of_accents_come_through_whole(tmp_path: Path) -> None:
    words = ["שלום עולם, מה שלומך?", "كيف حالك اليوم", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞", "👩‍👩‍👧‍👦🇨🇳"]
    (entry,) = read_one(write(tmp_path, "a.md", "\n".join(words))).entries
    assert entry.text.split("\n") == words


@pytest.mark.parametrize("unit", ["a", "我", "word ", "今天很累，", "。", "😀"])
def test_a_line_of_one_megabyte_is_cut_into_bounded_entries(tmp_path: Path, unit: str) -> None:
    found = read_one(write(tmp_path, "a.txt", unit * (1024 * 1024 // len(unit.encode()))))
    assert not found.problems
    assert found.repeated or len(found.entries) > 400
    assert all(0 < len(entry.text) <= 700 for entry in found.entries)


def test_a_journal_of_one_megabyte_is_read_in_well_under_a_second(tmp_path: Path) -> None:
    days = "\n".join(
        f"## 20{10 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}\n\n第{n}天。{JOURNAL}"
        for n in range(2000)
    )
    path = write(tmp_path, "journal.md", days)
    assert path.stat().st_size > 1024 * 1024
    begun = time.process_time()
    found = read_one(path)
    assert time.process_time() - begun < 2  # 0.2 s on an idle core; the bound leaves room for a busy one
    assert len({entry.said_on for entry in found.entries}) == 2000


def test_a_heading_of_any_length_is_short_beside_its_entries(tmp_path: Path) -> None:
    found = read_one(write(tmp_path, "a.md", "# " + "很长的标题" * 500 + "\n正文。"))
    pieces = visible("".join(entry.text for entry in found.entries))
    assert pieces.startswith("很长的标题" * 100)
    assert pieces.endswith("很长的标题正文。")
    assert all(len(entry.title) == len(entry.heading[0]) == 200 for entry in found.entries)


def test_a_table_of_dates_is_no_diary(tmp_path: Path) -> None:
    (entry,) = read_one(write(tmp_path, "a.md", "| 2025-03-02 |\n|---|\n| 2025-03-03 |")).entries
    assert entry.text == "| 2025-03-02 |\n| 2025-03-03 |"


def test_a_files_time_is_read_in_the_persons_own_zone(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "晚上写的。", datetime(2025, 6, 1, 20, 0, tzinfo=UTC))
    (found,) = read_files([path], today=TODAY, zone=ZoneInfo("Asia/Shanghai"))
    assert found.entries[0].said_on == date(2025, 6, 2)


@pytest.mark.parametrize("seconds", [0, 2**33, 2**62])
def test_a_files_time_that_means_nothing_dates_nothing(tmp_path: Path, seconds: int) -> None:
    path = write(tmp_path, "a.txt", "不知道哪天写的。")
    try:
        os.utime(path, (seconds, seconds))
    except OverflowError:
        pytest.skip("this system cannot hold such a time")
    assert read_one(path).entries[0].dated_by is DatedBy.NONE


def test_no_entry_is_dated_later_than_today(tmp_path: Path) -> None:
    text = "---\ndate: 2030-01-01\n---\n## 2031-01-01\n以后的事。\n## 12月31日\n去年的事。"
    path = write(tmp_path, "2032-01-01.md", text, datetime(2033, 1, 1, tzinfo=UTC))
    future, past = read_one(path).entries
    assert (future.said_on, future.dated_by) == (None, DatedBy.NONE)
    assert future.text == "2031-01-01\n以后的事。"
    assert past.said_on == date(2024, 12, 31)


def test_a_note_is_read_uncut_in_the_same_words_as_its_entries(tmp_path: Path) -> None:
    for name, content in (("journal.txt", JOURNAL), ("talk.md", TALK)):
        path = write(tmp_path, name, content)
        words = read_text(path)
        assert all(entry.text in words for entry in read_one(path).entries)
    assert "category" not in words
    assert "**" not in words


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.md", b"", Empty),
        ("a.md", bytes(500), NotText),
        ("a.md", b"a" * 2_000_000, TooBig),
        ("a.pdf", b"x", UnknownKind),
        ("a.zip", b"x", UnknownKind),
        ("result.json", b"{}", UnknownKind),
    ],
)
def test_a_note_that_cannot_be_read_uncut_says_why(
    tmp_path: Path, name: str, content: bytes, reason: type[ImportProblem]
) -> None:
    with pytest.raises(reason) as raised:
        read_text(write(tmp_path, name, content), limits=Limits(file_bytes=1024 * 1024))
    assert raised.value.name == name
    with pytest.raises(Missing):
        read_text(tmp_path / "missing.md")


@given(
    content=st.one_of(
        st.text(max_size=400), st.text(st.sampled_from("# 2025-03月日\n---:date*<!`>[](). 我"), max_size=300)
    )
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_note_gives_bounded_entries_that_are_slices_of_clean_text(tmp_path: Path, content: str) -> None:
    found = read_one(write(tmp_path, "a.md", content.encode("utf-8", "replace")), Limits(least=20, most=60))
    for entry in found.entries:
        assert 0 < len(entry.text) <= 60
        assert clean(entry.text) == entry.text.replace("\ufeff", "")
        assert entry.said_on is None or entry.said_on <= TODAY
    assert found.entries or found.problems
    positions = [entry.position for entry in found.entries]
    assert positions == sorted(set(positions))
