"""What the lexical leg keeps of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory.recall.tokens import asks, cut, digest, heading, indexed_text, is_current, normalise


def words(text: str) -> set[str]:
    return {word for word in cut(text).words if word[0] not in "=@"}


def subjects(text: str) -> set[str]:
    return {word for word in cut(text).words if word[0] == "="}


def test_english_words_are_stemmed_and_stop_words_left_out() -> None:
    assert words("I was talking about the promotions") == {"talk", "promot"}


def test_irregular_forms_meet_their_base() -> None:
    assert words("bought wrote children") == words("buy write child")


def test_chinese_becomes_pairs_without_those_that_say_nothing() -> None:
    assert words("我今天跟老板谈了升职") >= {"老板", "升职"}
    assert not words("我们的") | words("什么时候") | words("是不是")


def test_no_pair_reaches_across_a_word_that_says_nothing() -> None:
    assert words("婚礼什么时候办") == {"婚礼", "办"}


def test_a_lone_character_between_other_scripts_stays() -> None:
    assert "累" in words("so 累 today")


def test_both_languages_in_one_sentence() -> None:
    assert words("明天要 review 那个 roadmap") >= {"review", "roadmap"}


def test_a_number_keeps_its_counter() -> None:
    assert {"30", "30万"} <= words("存款30万")


@pytest.mark.parametrize(
    ("one", "other"), [("ＡＢＣ", "abc"), ("café", "cafe"), ("don’t", "don't"), ("z̷͇̈a̶̠lgo", "zalgo")]
)
def test_spellings_of_one_thing_are_one(one: str, other: str) -> None:
    assert normalise(one) == other


def test_traditional_characters_stay_as_they_are() -> None:
    assert "會議" in words("會議太多")


def test_a_subject_is_one_token_in_both_languages() -> None:
    assert subjects("I want a promotion") & subjects("我想升职")
    assert not subjects("I want a promotion") & subjects("我想休息")


def test_a_date_is_one_token_in_both_languages() -> None:
    dates = {word for word in cut("三月份").words if word.startswith("@")}
    assert dates == {word for word in cut("in March").words if word.startswith("@")} == {"@m3"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I showed it to her.", 0),
        ("Was it right? I think so.", 1),
        ("What should I do?", 2),
        ("你觉得呢？", 2),
        ("要不要辞职吗。", 2),
        ("Did you see it? [shares a photo of a dog]", 2),
    ],
)
def test_a_question_is_told_from_a_statement(text: str, expected: int) -> None:
    assert asks(text) == expected


def test_a_source_gives_its_heading_and_not_its_file() -> None:
    assert heading("notes/2024/diary.md · Week 3") == "Week 3"
    assert heading("export.json") == ""
    assert indexed_text("said", "chat.txt · Anna") == "Anna: said"


def test_a_digest_changes_with_text_and_source() -> None:
    assert digest("a", "") != digest("b", "") != digest("b", "c")
    assert is_current(digest("a", ""))
    assert not is_current("0.abc")


@given(st.text(max_size=300))
def test_any_text_can_be_cut_and_its_tokens_joined(text: str) -> None:
    found = cut(text).words
    assert tuple(" ".join(found).split()) == found
