"""The fixed texts: the same keys in both languages, the same values to fill in, each in its own tongue."""

from __future__ import annotations

import re
import string

import pytest

from prompts import PromptError, list_keys, text, variants

HAN = re.compile(r"[一-鿿]")


def fields(wordings: tuple[str, ...]) -> set[str]:
    return {name for words in wordings for _, name, _, _ in string.Formatter().parse(words) if name}


def test_both_languages_hold_the_same_keys() -> None:
    assert list_keys("zh") == list_keys("en")


@pytest.mark.parametrize("key", list_keys("zh"))
def test_a_text_takes_the_same_values_in_both_languages(key: str) -> None:
    assert fields(variants(key, "zh")) == fields(variants(key, "en"))


def test_a_text_is_written_in_its_own_language() -> None:
    for key in list_keys("en"):
        assert not HAN.search(" ".join(variants(key, "en"))), key


def test_one_text_asks_at_most_one_question() -> None:
    for language in ("zh", "en"):
        for key in list_keys(language):
            for words in variants(key, language):
                assert len(re.findall(r"[?？]", words)) <= 1, (language, key)


def test_a_missing_text_or_value_is_named() -> None:
    with pytest.raises(PromptError, match=r"no such\.thing"):
        text("no such.thing", "zh")
    with pytest.raises(PromptError, match=r"step\.taken_again"):
        text("step.taken_again", "zh")


def test_what_is_filled_in_is_never_parsed_again() -> None:
    assert "{text}" in text("step.taken_again", "en", text="{text}")
