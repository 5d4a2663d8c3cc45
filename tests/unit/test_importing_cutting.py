"""Cutting: pieces of bounded size that lose nothing and break no sentence and no character."""

from __future__ import annotations

import importlib
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory.importing.cutting import cut, list_sentences
from memory.importing.graphemes import is_inside_character

# dateparser brings it along; its \X is Unicode's own rule for what a reader sees as one character.
regex: Any = importlib.import_module("regex")

MB = 1024 * 1024
PROSE = st.text(
    alphabet=st.one_of(
        st.sampled_from("。！？…，；：“”「」.!?,;: \n\n\"')（）"),
        st.sampled_from("我想离职项目a b e.g. 3.14 Mr. https://a.b/c 1. 🇨🇳👩‍👩‍👧é"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=600,
)


def visible(text: str) -> str:
    return "".join(text.split())


def find_bounds(text: str) -> set[int]:
    return {match.end() for match in regex.finditer(r"\X", text)}


@given(PROSE, st.integers(0, 40), st.integers(2, 80))
@settings(max_examples=400)
def test_joining_the_pieces_loses_no_visible_character(text: str, least: int, more: int) -> None:
    pieces = list(cut(text, least=least, most=least + more))
    assert visible("".join(pieces)) == visible(text)
    assert visible("".join(list_sentences(text))) == visible(text)


@given(PROSE, st.integers(0, 40), st.integers(2, 80))
@settings(max_examples=400)
def test_every_piece_is_bounded_and_a_slice_of_the_text_in_order(text: str, least: int, more: int) -> None:
    at = 0
    for piece in cut(text, least=least, most=least + more):
        assert 0 < len(piece) <= least + more
        assert piece == piece.strip()
        at = text.index(piece, at) + len(piece)


@given(PROSE)
def test_the_same_text_is_always_cut_alike(text: str) -> None:
    assert list(cut(text, least=10, most=40)) == list(cut(text, least=10, most=40))


@given(
    st.text(
        st.sampled_from("a我🇨🇳é\u0301\u0302👩🏽\u200d👧각\u1100\u1161क\u094dष\ufe0f"),
        min_size=40,
        max_size=300,
    )
)
@settings(max_examples=300)
def test_no_cut_breaks_a_character_as_a_reader_sees_it(text: str) -> None:
    bounds = find_bounds(text)
    widest = max(
        (later - earlier for earlier, later in zip([0, *sorted(bounds)], sorted(bounds), strict=False))
    )
    at = 0
    for piece in cut(text, least=10, most=30):
        at = text.index(piece, at) + len(piece)
        # A heap of accents longer than a whole piece has to be broken somewhere.
        assert at in bounds or widest > 15


@given(st.text(max_size=12), st.integers(1, 11))
@example("\U0001f1e8\U0001f1f3\U0001f1fa\U0001f1f8", 1)
@example("क\u094d\u20e3ष", 3)
@example("\u0600\u0661", 1)
@example("0\u1acf", 1)  # an accent that Python 3.11 does not know
@settings(max_examples=500)
def test_a_place_called_good_is_good_by_unicodes_own_rule(text: str, at: int) -> None:
    if at < len(text) and not is_inside_character(text, at):
        assert at in find_bounds(text)


def test_places_between_ordinary_letters_are_good() -> None:
    text = "abc我想离职🇨🇳🇺🇸x"
    good = [at for at in range(1, len(text)) if not is_inside_character(text, at)]
    assert good == [1, 2, 3, 4, 5, 6, 7, 9, 11]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("今天很累。明天呢？不知道！", ["今天很累。", "明天呢？", "不知道！"]),
        ("他说：“我走了。”然后走了。", ["他说：“我走了。”", "然后走了。"]),
        ('他说:"我走了。"然后走了。', ['他说:"我走了。"', "然后走了。"]),
        ('他走了。"你好",我说。', ["他走了。", '"你好",我说。']),
        ("我……不知道……算了。", ["我……", "不知道……", "算了。"]),
        ("真的吗?我不信!走吧", ["真的吗?", "我不信!", "走吧"]),
        ("我走了.他没来", ["我走了.", "他没来"]),
        ("I quit. Then I slept! Why? No idea.", ["I quit.", "Then I slept!", "Why?", "No idea."]),
        ('She said "go." He went.', ['She said "go."', "He went."]),
        ("I wait... and wait... Then I go.", ["I wait... and wait...", "Then I go."]),
        ("So do I. Then we left.", ["So do I.", "Then we left."]),
        ("一、想法\n二、做法", ["一、想法", "二、做法"]),
        ("用 GPT-4.1 写的。很好", ["用 GPT-4.1 写的。", "很好"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    assert list(list_sentences(text)) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Smith met Dr. Wu at 5 p.m. on Jan. 3 with J. R. Hart",
        "It grew by 3.14 percent in v2.0.1 of the tool",
        "See https://example.com/a.b?c=d!e&f=1 for more",
        "参考https://example.com/a?b=我的.html这里",
        "Mail me at a.b@c.d.example or not",
        "1. 我是谁",
        "- 2. Who am I",
        "Tools such as e.g. Node.js are fine",
        "the U.S. Army and Acme Inc. Holdings",
        "wait…what are you, etc. doing",
    ],
)
def test_marks_inside_a_sentence_do_not_end_it(text: str) -> None:
    assert list_sentences(text) == (text,)


def test_a_piece_ends_with_a_paragraph_once_it_is_long_enough() -> None:
    paragraphs = ["第一段。" * 20, "第二段。" * 20, "第三段。" * 20]
    assert list(cut("\n\n".join(paragraphs), least=70, most=700)) == paragraphs


def test_short_paragraphs_share_a_piece() -> None:
    text = "短。\n\n也短。\n\n还是短。"
    assert list(cut(text)) == [text]


def test_a_sentence_is_cut_only_when_it_alone_is_too_long() -> None:
    sentences = [f"这是第{number}句话，说的是工作上的一件事情。" for number in range(200)]
    pieces = list(cut("".join(sentences), least=200, most=700))
    assert len(pieces) > 4
    assert all(piece.endswith("。") and piece.startswith("这是第") for piece in pieces)
    assert all(len(piece) >= 200 for piece in pieces)


def test_a_sentence_that_is_too_long_is_cut_at_a_comma_or_a_space() -> None:
    chinese = "我一直在想" + "，这件事情到底是谁说了算的呢" * 100
    assert all(piece.endswith("，") for piece in list(cut(chinese))[:-1])
    english = "and then we talked about the plan again " * 60
    assert all(word in english.split() for piece in cut(english) for word in piece.split())


def test_list_items_and_lines_stay_whole() -> None:
    lines = [f"- 第{number}件事：要做完它，还要看到结果" for number in range(120)]
    kept = [line for piece in cut("\n".join(lines)) for line in piece.split("\n")]
    assert kept == lines


def test_a_line_that_announces_what_follows_is_not_left_behind() -> None:
    text = "一件小事。" * 60 + "\n我想要的是：\n" + "自由。" * 60
    first, second = cut(text, least=200, most=400)
    assert not first.endswith("：")
    assert second.startswith("我想要的是：")


def test_a_rare_wide_gap_always_separates() -> None:
    own = "我是谁？"
    paragraphs = ["想法一。", "想法二。", "想法三。", "想法四。"]
    assert list(cut("\n\n".join(paragraphs) + "\n\n\n\n" + own)) == ["\n\n".join(paragraphs), own]


def test_wide_gaps_everywhere_separate_nothing() -> None:
    text = "\n\n\n".join(f"第{number}段。" for number in range(5))
    assert list(cut(text)) == [text]


@pytest.mark.parametrize("unit", ["a", ".", "我"])
def test_a_megabyte_of_one_sign_is_cut_in_a_moment(unit: str) -> None:
    check_quick_and_whole(unit * MB)


@pytest.mark.parametrize(
    "unit", ["。", "\n", " ", '."', "a. ", "\u0301", "🇨", "，", "…", "- x\n", "1.", "http://a.b/?"]
)
def test_much_of_any_sign_is_cut_in_a_moment(unit: str) -> None:
    check_quick_and_whole(unit * (MB // 4 // len(unit)))


def check_quick_and_whole(text: str) -> None:
    begun = time.process_time()
    pieces = list(cut(text))
    assert (
        time.process_time() - begun < 3
    )  # linear: all take less than 0.4 s; a quadratic one would take minutes
    assert visible("".join(pieces)) == visible(text)
    assert all(len(piece) <= 700 for piece in pieces)
