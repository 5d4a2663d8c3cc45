"""The points of the long reflection: every wording in ``prompts/playbook/reflect.toml`` keeps the rules."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from prompts import load_reflect_points, load_toml
from prompts.playbook_data import THEMES

SECTIONS = ("want", "stuck", "why", "could")
QUOTE = {"zh": "「{q}」", "en": "“{q}”"}
HAN = re.compile(r"[一-鿿]")
# a clause can be a sentence of its own, a fragment, or begin with the first person
CLAUSES = {
    "zh": ("我想搞点自己的事情", "上面又怀疑我的能力", "一天天的快", "谁说不能解决商业问题的"),
    "en": ("I want something that is mine", "nobody opens them", "by the time they sleep", "not a maybe"),
}
TENTATIVE = {
    "zh": r"像|也许|听着|可能|大概|似乎|隐约|或许|兴许",
    "en": r"\b(?:seems?|maybe|perhaps|sounds?|may|might|could|probably|looks?|feels?|is like|as though)\b",
}
GUESS = {"zh": r"猜", "en": r"\bguess(?:ing)?\b"}
TIMES = {
    "zh": r"\d|[一二两三四五六七八九十半几]+个?(?:分钟|小时|钟头|刻钟|天|晚|周|星期|礼拜|月|年)"
    r"|今[天晚]|[明后]天|[本这下]周|周[一二三四五六日末]|星期|月底|年底",
    "en": r"\d|\b(?:an?|one|two|three|five|ten|few|several|half)\s+(?:\w+\s)?"
    r"(?:minute|hour|day|week|month|year|evening|night)s?\b"
    r"|\b(?:today|tonight|tomorrow|weekend|(?:mon|tues|wednes|thurs|fri|satur|sun)day)s?\b",
}
PUSHES = {
    "zh": r"应该|必须|一定要|务必|不该|首先|其次|加油|课程|书单|读书|辞职|离职|裸辞|合法|违法|买入|卖出",
    "en": r"\b(?:should|must|need to|have to|ought|courses?|books?|quit(?:ting)?|resign(?:ing)?|legal"
    r"|illegal|invest(?:ing)?|first|second|lastly|well done|good (?:job|work)|proud)\b",
}


def wordings(*sections: str) -> Iterator[tuple[str, str, str]]:
    """Every wording with a name to find it by and its language."""
    for lens in THEMES:
        for section in sections or SECTIONS:
            for language in ("zh", "en"):
                for number, words in enumerate(load_reflect_points(section, lens, language), 1):
                    yield f"{lens}.{section} {number} {language}", language, words


def own(words: str, language: str) -> str:
    """What is left of a wording without the quote."""
    return words.replace(QUOTE[language], "")


def runs(words: str, language: str) -> set[str]:
    """Every run of six Han characters or five words on one side of the quote."""
    found: set[str] = set()
    for side in words.split(QUOTE[language]):
        tokens = HAN.findall(side) if language == "zh" else re.findall(r"[a-z'-]+", side.lower())
        size, between = (6, "") if language == "zh" else (5, " ")
        found |= {between.join(tokens[at : at + size]) for at in range(len(tokens) - size + 1)}
    return found


@pytest.mark.parametrize("lens", THEMES)
@pytest.mark.parametrize("section", SECTIONS)
def test_every_lens_can_say_every_section_in_three_ways(lens: str, section: str) -> None:
    for language in ("zh", "en"):
        points = load_reflect_points(section, lens, language)
        assert len(set(points)) == len(points) >= 3


def test_the_file_holds_lenses_sections_and_two_languages_and_nothing_else() -> None:
    raw: dict[str, dict[str, list[dict[str, Any]]]] = load_toml("playbook/reflect.toml")
    assert set(raw) == set(THEMES)
    for lens, sections in raw.items():
        assert set(sections) == set(SECTIONS), lens
        for section, rows in sections.items():
            for row in rows:
                assert set(row) == {"zh", "en"}, (lens, section)


def test_the_quote_stands_once_in_the_marks_of_its_language() -> None:
    for name, language, words in wordings():
        assert words.count(QUOTE[language]) == 1, name
        assert [field for _, field, _, _ in string.Formatter().parse(words) if field] == ["q"], name


def test_quote_marks_are_for_the_words_of_the_person_only() -> None:
    for name, language, words in wordings():
        assert not re.search(r"[「」『』“”‘’\"‹›«»`]", own(words, language)), name


def test_any_clause_is_set_off_from_the_sentence_around_it() -> None:
    # a mark follows, or a word that points at the clause (这句, 里面): then a whole sentence fits as well
    after = {"zh": r"——|[，：]|这[句话一里儿]|里|底下", "en": r":"}
    for name, language, words in wordings():
        _, rest = words.split(QUOTE[language])
        assert re.match(after[language], rest), name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_clause_is_given_back_verbatim(language: str) -> None:
    for name, spoken, words in wordings():
        if spoken == language:
            for clause in CLAUSES[language]:
                assert QUOTE[language].replace("{q}", clause) in words.format_map({"q": clause}), name


def test_a_point_is_long_enough_that_the_quote_stays_a_small_part_of_it() -> None:
    for name, language, words in wordings():
        rest = own(words, language)
        if language == "zh":
            assert 55 <= len(re.sub(r"\s", "", rest)) <= 85, name
        else:
            assert 32 <= len(re.findall(r"[A-Za-z0-9'’-]+", rest)) <= 50, name


def test_each_language_holds_its_own_words() -> None:
    for name, language, words in wordings():
        if language == "zh":
            assert not re.search(r"[A-Za-z]", own(words, language)), name
        else:
            assert not HAN.search(words), name


def test_a_point_asks_nothing_and_lists_nothing() -> None:
    for name, language, words in wordings():
        assert not re.search(r"[?？\n]", words), name
        assert not re.match(r"\s*(?:[-•*·]|\d+[.、)）]|[（(]?[一二三四五六七八九十][、)）])", words), name
        assert words.endswith("。" if language == "zh" else "."), name


def test_a_point_names_no_time_and_no_date() -> None:
    for name, language, words in wordings():
        assert not re.search(TIMES[language], own(words, language), re.IGNORECASE), name


def test_what_they_want_and_where_it_sticks_is_said_tentatively() -> None:
    for name, language, words in wordings("want", "stuck"):
        assert re.search(TENTATIVE[language], own(words, language), re.IGNORECASE), name


def test_why_is_said_to_be_a_guess() -> None:
    for name, language, words in wordings("why"):
        assert re.search(GUESS[language], own(words, language), re.IGNORECASE), name


def test_no_point_pushes_praises_or_gives_a_verdict() -> None:
    for name, language, words in wordings():
        assert not re.search(PUSHES[language], own(words, language), re.IGNORECASE), name


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_two_points_share_a_run_of_words(language: str) -> None:
    every = sorted(
        (run, name)
        for name, spoken, words in wordings()
        if spoken == language
        for run in runs(words, language)
    )
    # once sorted, equal runs are neighbours
    assert not [(one, other) for one, other in pairwise(every) if one[0] == other[0]]
