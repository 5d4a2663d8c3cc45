"""Which of the two languages a message is written in."""

from __future__ import annotations

import pytest

from coaching.language import read_language


@pytest.mark.parametrize(
    "text",
    [
        "今天好累",
        "老板让我own这个project",
        "OKR写完了，PPT也改了，deadline是Friday，然后呢",
        "我的 manager 说 this quarter 没有 headcount",
        "「完」",
    ],
)
def test_chinese_stays_chinese_however_many_office_words_it_borrows(text: str) -> None:
    assert read_language(text) == "zh"


@pytest.mark.parametrize(
    "text",
    [
        "I can't do this anymore",
        "My boss said 加油 and walked off to the next meeting.",
        "PR #42 is merged",
        "Don’t ask.",
    ],
)
def test_english_stays_english_with_a_chinese_word_in_it(text: str) -> None:
    assert read_language(text) == "en"


@pytest.mark.parametrize("text", ["", "   ", "6", "👍👍", "...", "2026-03-02 21:00", "A?"])
def test_a_text_without_words_has_no_language_of_its_own(text: str) -> None:
    assert read_language(text) is None
    assert read_language(text, fallback="en") == "en"
    assert read_language(text, fallback="zh") == "zh"


def test_the_fallback_does_not_speak_over_a_text_with_words() -> None:
    assert read_language("晚安", fallback="en") == "zh"
    assert read_language("good night", fallback="zh") == "en"


def test_as_many_han_characters_as_english_words_is_chinese() -> None:
    assert read_language("meeting 累") == "zh"
    assert read_language("meeting again 累") == "en"
