"""The words given back are always theirs, and they are the ones that carry something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coaching.quoting import find_nouns, find_other_side, fits_whole, is_garbled, list_clauses

PIECES = st.sampled_from(
    [
        *"我他的了不好累想但又是做 ，。！？\n…“”‘’「」*",
        "but ",
        "and ",
        "um ",
        "I ",
        "the deck",
        "呃",
        "嗯",
        "那个",
        "🙂",
        "\u200f",
        "e\u0301",
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)))
def test_every_clause_is_a_verbatim_piece_that_fits_one_glance(words: str) -> None:
    for clause in list_clauses(words):
        assert clause.text in words
        assert words[clause.at :].lstrip().startswith(clause.text) or clause.text in words[clause.at :]
        assert fits_whole(clause.text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_two_sides_are_two_different_verbatim_pieces(one: str, other: str) -> None:
    words = f"{one}，但是{other}"
    clauses = list_clauses(words)
    if clauses and (side := find_other_side(clauses, clauses[0])):
        assert side is not clauses[0]
        assert side.text in words


@pytest.mark.parametrize(
    ("words", "loaded"),
    [
        ("我做的表大家都说省事，可我不敢承认它值钱。", "我不敢承认它值钱"),
        ("今天周三，天气一般，我其实害怕没人要。", "我其实害怕没人要"),
        ("就那样，挺好的，我每天都在等他点头。", "我每天都在等他点头"),
        ("Ten releases this year, but nobody outside noticed.", "nobody outside noticed"),
        ("So, the demo went fine. I'm afraid to show it to Lena.", "I'm afraid to show it to Lena"),
    ],
)
def test_the_loaded_clause_comes_first(words: str, loaded: str) -> None:
    assert list_clauses(words)[0].text == loaded


@pytest.mark.parametrize(
    ("words", "piece"),
    [
        ("那个事黄了", "那个事黄了"),  # 那个 points here; only before a pause is it a filler
        ("那个，我想辞职了", "我想辞职了"),
        ("说他自己也是瞎定的哈哈", "说他自己也是瞎定的"),
        (
            "It was fine. But I notice I still use my old name for it.",
            "I notice I still use my old name for it",
        ),
    ],
)
def test_fillers_go_and_words_stay(words: str, piece: str) -> None:
    assert piece in [clause.text for clause in list_clauses(words)]


def test_speech_breaks_where_somebody_takes_a_breath() -> None:
    words = "so um every year I say it's the last one and then uh the bonus lands and um I sign it again"
    assert [clause.text for clause in sorted(list_clauses(words), key=lambda c: c.at)] == [
        "every year I say it's the last one",
        "the bonus lands",
        "I sign it again",
    ]


def test_what_is_asked_of_the_coach_is_not_what_is_on_their_mind() -> None:
    words = "I don't want advice, I trained the person who got my job."
    assert list_clauses(words)[0].text == "I trained the person who got my job"


def test_a_lens_cue_makes_a_clause_heavier() -> None:
    words = "桌子换到窗边，掌声归了别人"
    assert list_clauses(words, ["窗边"])[0].text == "桌子换到窗边"
    assert list_clauses(words, ["掌声"])[0].text == "掌声归了别人"


@pytest.mark.parametrize(
    "words",
    [
        "存款够八个月，可我老觉得要够两年才敢动。",
        "The pay is good, but I plan my exit in every meeting.",
    ],
)
def test_a_turn_has_two_sides(words: str) -> None:
    clauses = list_clauses(words)
    assert find_other_side(clauses, clauses[0]) is not None


@pytest.mark.parametrize(
    "words",
    [
        "工位换到窗边了，活还是那些活。",
        "今天又学了一个新词，怎么把锅端平。",
        "They want me to sign it. Is that even enforceable?",
    ],
)
def test_a_stress_is_no_second_side(words: str) -> None:
    clauses = list_clauses(words)
    assert find_other_side(clauses, clauses[0]) is None


def test_words_around_a_mask_are_not_quoted() -> None:
    words = "我想把那个****交给他们，然后我就轻松了"
    assert all("*" not in clause.text for clause in list_clauses(words))
    assert not is_garbled("我做了一个很小的工具，大家都在用，只有一个词****没转出来")
    assert is_garbled("那个我想问一下就是如果我把那个***交给他们就是那个什么****然后后面是不是就***")


@pytest.mark.parametrize(
    ("words", "thing", "person"),
    [
        ("写到一半的菜谱小程序，客户一直没回", "菜谱小程序", "客户"),
        ("我在一家做物流系统的公司，晚上写自己的盘点小程序", "盘点小程序", ""),
        ("老婆说我该睡了，今年没评上职级", "", ""),
    ],
)
def test_chinese_nouns_are_what_they_make_and_whom_they_ask(words: str, thing: str, person: str) -> None:
    nouns = find_nouns(words, "zh")
    assert (nouns.thing, nouns.person) == (thing, person)


@pytest.mark.parametrize(
    ("words", "thing", "person"),
    [
        ("My newsletter is ready and Priya said she would read it", "your newsletter", "Priya"),
        ("I showed the prototype to my manager on Monday", "the prototype", "your manager"),
        ("I opened the post-editing queue; my husband asked about the rent", "", ""),
    ],
)
def test_english_nouns_become_yours(words: str, thing: str, person: str) -> None:
    nouns = find_nouns(words, "en")
    assert (nouns.thing, nouns.person) == (thing, person)


def test_a_noun_in_the_quoted_words_comes_first() -> None:
    words = "周报没人看，想把播客录完"
    assert find_nouns(words, "zh", near="想把播客录完").thing == "播客"


@given(st.text())
def test_nouns_are_looked_for_in_anything(words: str) -> None:
    assert find_nouns(words, "zh").thing in words
    find_nouns(words, "en", near=words[:5])


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("今天又改了一版周报", "周报"),
        ("写了三份方案", "方案"),
        ("那张报表没人看", "报表"),
        ("改了两页PPT", "PPT"),
        ("上周周报还没写", "周报"),
        ("一大堆报表等着我", "报表"),
        ("版权模板要重做", "版权模板"),
    ],
)
def test_a_measure_word_is_no_part_of_a_noun(text: str, thing: str) -> None:
    assert find_nouns(text, "zh").thing == thing


def test_a_space_beside_a_latin_word_does_not_cut_a_clause() -> None:
    clauses = {clause.text for clause in list_clauses("offer 到手了但是不敢 accept，PPT 改到第八版")}
    assert "PPT 改到第八版" in clauses
    assert "accept" not in clauses


def test_a_boss_without_an_article_is_still_their_boss() -> None:
    assert find_nouns("boss moved the deadline again", "en").person == "your boss"


def test_a_word_that_ends_like_a_particle_is_kept_whole() -> None:
    assert list_clauses("不知道自己在干嘛")[0].text == "不知道自己在干嘛"
