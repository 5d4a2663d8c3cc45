"""Markdown as lines to be quoted, and the block of YAML above them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.importing.dates import Day
from memory.importing.decoding import clean
from memory.importing.front_matter import split_note
from memory.importing.markdown import Kind, read_lines, strip_inline

QUARTER_MB = 256 * 1024
MOST = 65_536


def read(text: str) -> list[str]:
    return [line.text for line in read_lines(text) if line.kind is not Kind.BLANK]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("对于“**Diffusion Model**（扩散模型）这个方向", "对于“Diffusion Model（扩散模型）这个方向"),
        ("这*非常*重要，__真的__ ***很*** 重要", "这非常重要，真的 很 重要"),
        ("he said __really__ and _truly_", "he said really and truly"),
        ("**a *b* c**", "a b c"),
        ("==划重点==", "划重点"),
        ("看[这篇文章](https://a.b/c_(d)?e=f)了", "看这篇文章了"),
        ("见[[2025-03-02|那天]]和[[项目A]]", "见那天和项目A"),
        ("图![说明](a.png)和![[b.png]]没了", "图和没了"),
        ("脚注[^1]没了", "脚注没了"),
        ("<https://a.b/c>", "https://a.b/c"),
        ("<u>我的</u>&nbsp;<span style='color:red'>事</span>", "我的 事"),
        ("跑 `make_it *now*` 吧", "跑 make_it *now* 吧"),
        (r"\*不是强调\* \_x\_", "*不是强调* _x_"),
        ("[a](b\\_c) \\*x\\*", "a *x*"),
    ],
)
def test_markup_that_would_stand_in_a_quote_goes(written: str, kept: str) -> None:
    assert strip_inline(written) == kept


@pytest.mark.parametrize(
    "text",
    [
        "5 * 3 * 2 = 30", "2*3*4", "snake_case_name", "a == b == c", "[ ] 没做", "[x] 做了", "1 < 2 > 0",
        "~~想辞职~~",
        "a[0][1]", "** 空的 **", "价格*未定", "AT&T", "我 & 你", "C:\\work\\notes", "1) 一 2) 二",
        "`没关上", "<不是标签>",
    ],
)  # fmt: skip
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert strip_inline(text) == text


def test_the_lines_of_a_page_come_out_as_a_reader_would_say_them() -> None:
    page = """# 标题 #
##没有空格的标题
#tag 不是标题
正文<!-- 看不见 -->还在
<!-- 好几行
都看不见
-->
* 星号列表
+ 加号列表
  - 里面一层
1. 第一
- [x] 做了
> 别人说的
---
| 一 | 二 |
|----|:--:|
| 三 | 四 |
```python
# 不是标题
x = **kw  # 2 * 3
```
最后一行<br>换行
===
"""
    assert read(page) == [
        "标题", "没有空格的标题", "#tag 不是标题", "正文还在", "- 星号列表", "- 加号列表", "- 里面一层",
        "1. 第一",
        "- [x] 做了", "> 别人说的", "| 一 | 二 |", "| 三 | 四 |", "# 不是标题", "x = **kw  # 2 * 3",
        "最后一行", "换行",
    ]  # fmt: skip
    levels = [line.level for line in read_lines(page) if line.kind is Kind.HEADING]
    assert levels == [1, 2]


def test_a_fence_or_a_comment_that_is_never_closed_is_text() -> None:
    assert read("```\n# 标题\n正文") == ["```", "标题", "正文"]
    assert read("<!-- 忘了关\n正文") == ["<!-- 忘了关", "正文"]
    assert read("关过--> 一次\n<!-- 又忘了") == ["关过--> 一次", "<!-- 又忘了"]


def test_a_longer_fence_holds_shorter_ones() -> None:
    assert read("````\n```\n# x\n```\n````\n# 标题") == ["```", "# x", "```", "标题"]


def test_a_comment_inside_code_is_code() -> None:
    assert read("```html\n<!-- kept -->\n```") == ["<!-- kept -->"]


def test_an_english_paragraph_wrapped_at_the_margin_becomes_one_line() -> None:
    wrapped = (
        "I have been thinking about whether the project is mine at all, and\n"
        "I am not sure, because the decisions are taken by other people who\n"
        "rarely ask."
    )
    assert read(wrapped) == [wrapped.replace("\n", " ")]


@pytest.mark.parametrize(
    "text",
    [
        "第一行，写得很短\n第二行也很短",
        "Call Ann\nwrite the draft\nsleep",
        "I finished the draft of the talk and sent it to the team today.\nThen I went home and slept well.",
        "- a list item that is quite long and goes on for more than fifty characters\n- another one",
    ],
)
def test_line_ends_that_are_meant_stay(text: str) -> None:
    assert read(text) == text.split("\n")


@given(st.text(alphabet=st.sampled_from("*_`~=[]()!<>#-+|\\&\n ^:1a我。")))
def test_any_heap_of_markup_is_read_and_reading_its_lines_keeps_the_words(text: str) -> None:
    joined = "".join(read(clean(text)))
    # Rules, comments, links' addresses and pictures take signs with them; letters outside of these stay.
    assert set(joined) <= set(text) | set("- ")
    plain = [sign for sign in text if sign in "a我。"]
    if not set(text) & set("[(<`|\\"):
        assert [sign for sign in joined if sign in "a我。"] == plain


@given(st.text())
def test_any_text_is_read_without_failing(text: str) -> None:
    for line in read_lines(clean(text)):
        assert "\n" not in line.text
        line.text.encode()


@pytest.mark.parametrize(
    "unit",
    [
        "*", "**a ", "[", "![](", "[a](", "[[a|", "`", "``a ", "<!--", "<p ", "```\n", "````x\n```\n", "# ",
        "_a ",
        "==a", "\\",
    ],
)  # fmt: skip
def test_much_of_one_sign_is_read_in_a_moment(unit: str) -> None:
    begun = time.process_time()
    list(read_lines(unit * (QUARTER_MB // len(unit))))
    assert (
        time.process_time() - begun < 3
    )  # linear: all take less than 0.3 s; a quadratic one would take minutes


def test_front_matter_gives_title_date_and_author() -> None:
    note = split_note(
        "---\ntitle: 为什么打工性价比骤降\ndate: '2025-11-17'\nspeaker: 某人\ntags:\n- a\n---\n\n正文",
        most=MOST,
    )
    assert (note.title, note.said_by, note.days, note.broken) == (
        "为什么打工性价比骤降",
        "某人",
        (Day(2025, 11, 17),),
        False,
    )
    assert note.body.strip() == "正文"


@pytest.mark.parametrize(
    "value",
    [
        "2025-11-17", "'2025-11-17'", "2025/11/17", "2025年11月17日", "Nov 17 2025", "20251117",
        "[2025-11-17]",
        "2025-11-17 23:30:00", "2025-11-17T23:30:00+08:00", "[draft, 2025/11/17]",
        "'Monday, 17 November 2025'",
    ],
)  # fmt: skip
def test_a_front_matter_date_is_read_whatever_its_form(value: str) -> None:
    assert split_note(f"---\ndate: {value}\n---\nx", most=MOST).days == (Day(2025, 11, 17),)


def test_date_goes_before_created_and_created_before_updated() -> None:
    note = split_note("---\nupdated: 2025-03-03\ncreated: 2025-02-02\nDate: 2025-01-01\n---\nx", most=MOST)
    assert note.days == (Day(2025, 1, 1), Day(2025, 2, 2), Day(2025, 3, 3))


@pytest.mark.parametrize(
    "block",
    [
        "title: 一个: 两个冒号\ndate: 2025-03-02",
        "date: 2025-03-02\ntitle: [没关上",
        "date: 2025-03-02\ntitle: x\nwhen: 2025-13-45",
        "date: 2025-03-02\ntitle: x\n\tindented: by a tab",
        "date: 2025-03-02\na: &a [1]\nb: *a",
        "date: 2025-03-02\nn: " + "9" * 5000,
        "date: 2025-03-02\nx: !!python/object/apply:os.system [ls]",
        "date: 2025-03-02\nx: " + "[" * 3000,
    ],
)
def test_yaml_that_is_not_valid_or_not_trusted_loses_neither_body_nor_date(block: str) -> None:
    note = split_note(f"---\n{block}\n---\n正文", most=MOST)
    assert note.broken
    assert note.body.strip() == "正文"
    assert note.days == (Day(2025, 3, 2),)


def test_a_yaml_bomb_is_refused_at_once() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    begun = time.process_time()
    assert split_note(f"---\n{bomb}title: [*a11]\n---\n正文", most=MOST).body.strip() == "正文"
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "text",
    [
        "---\n今天很累。\n想法: 离职\n---\n还有",
        "---\n没有关上的\ntitle: x",
        "正文\n---\ntitle: x\n---",
        "---\ntitle: x\n" + "k: v\n" * 20_000 + "---\n正文",
        "----\ntitle: x\n----\n正文",
    ],
)
def test_what_is_no_front_matter_stays_text(text: str) -> None:
    assert split_note(text, most=MOST).body == text


@pytest.mark.parametrize(
    "block",
    [
        "",
        "title:\n",
        "title: [[a]]\ndate: [[2025-01-01]]\n",
        "title: true\ndate: yes\n",
        "1: 2\ndate: {a: b}\n",
    ],
)
def test_front_matter_that_says_nothing_is_taken_off_quietly(block: str) -> None:
    note = split_note(f"---\n{block}---\n正文", most=MOST)
    assert (note.title, note.days, note.body.strip()) == ("", (), "正文")


@given(st.text(alphabet=st.sampled_from("abdate: -[]{}&*!|>'\"#\n2025-01-01,?%@`\t我")))
def test_any_front_matter_leaves_the_body_in_reach(block: str) -> None:
    note = split_note(f"---\n{block}\n---\n我的正文", most=MOST)
    assert "我的正文" in note.body
    assert all(day.as_date() for day in note.days)
