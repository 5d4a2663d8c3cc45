"""The check that stands between a draft and a person catches every rule by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from coaching.errors import DraftRejected
from coaching.parts import (
    Draft,
    NextStep,
    Part,
    Past,
    Question,
    Quote,
    Reflection,
    ReplyKind,
    Said,
    Sources,
    check_draft,
    find_faults,
)

WORDS = "我做的对账表每周给大家省半天，没人知道。"
BEFORE = "盘点小程序写了三分之一，不知道有谁会用。"
SOURCES = Sources(WORDS, {7: BEFORE}, {3: "给阿斌发定价的问题"})

REFLECTION = Reflection(
    "「没人知道」——像是你一直在等的那声响，还没有从任何一个地方传回来。", (Quote("没人知道"),)
)
STEP = NextStep(
    text="今晚花10分钟，给一个用过它的人发一句‹你上周用它省下的时间干了什么？›收工的记号：一句原话。",
    key="impact-test-x",
    body="花10分钟，给一个用过它的人发一句",
    minutes=10,
    when="今晚",
    due_on=date(2026, 4, 1),
    cue="晚上",
    done="一句原话",
    if_then="",
)
QUESTION = Question("谁最先会发现它停了？")
GOOD = Draft(ReplyKind.TURN, "zh", (REFLECTION, STEP, QUESTION))

REFLECTION_EN = Reflection(
    "“Nobody knows it exists”: perhaps what is missing is not more work but one sound that comes back.",
    (Quote("Nobody knows it exists"),),
)
QUESTION_EN = Question("Who would be the first to notice that it stopped, and at what hour of the week?")
GOOD_EN = Draft(ReplyKind.TURN, "en", (REFLECTION_EN, QUESTION_EN))
SOURCES_EN = Sources("The sheet saves half a day. Nobody knows it exists.", {}, {})


def faults(draft: Draft, *more: Part) -> tuple[str, ...]:
    return find_faults(replace(draft, parts=(*draft.parts, *more)), SOURCES)


def test_a_sound_draft_becomes_a_reply_with_its_words_unchanged() -> None:
    assert check_draft(GOOD, SOURCES).text == GOOD.text
    assert find_faults(GOOD_EN, SOURCES_EN) == ()


def test_an_invented_quote_is_caught() -> None:
    invented = Reflection("「我想辞职」，好像压着一句没说出来的话。", (Quote("我想辞职"),))
    assert "quote not said" in faults(GOOD, invented)


def test_quote_marks_around_nobodys_words_are_caught() -> None:
    assert "words in quote marks that are nobody's" in faults(GOOD, Said("这叫「内耗」。"))


def test_a_quote_counts_only_where_it_was_said() -> None:
    right = Past(
        "5月3日你写过「盘点小程序写了三分之一」。", (Quote("盘点小程序写了三分之一", 7, date(2026, 5, 3)),)
    )
    assert faults(GOOD, right) == ()
    wrong = replace(right, quotes=(Quote("盘点小程序写了三分之一", 8, date(2026, 5, 3)),))
    assert "quote not said" in faults(GOOD, wrong)


def test_a_line_of_the_plan_may_be_quoted_under_its_number() -> None:
    said = Said("「给阿斌发定价的问题」", "", (Quote("给阿斌发定价的问题", commitment_id=3),))
    assert faults(GOOD, said) == ()
    assert "quote not said" in faults(GOOD, replace(said, quotes=(Quote("给阿斌发定价的问题"),)))


def test_a_past_without_its_date_is_caught() -> None:
    undated = Past("你写过「盘点小程序写了三分之一」。", (Quote("盘点小程序写了三分之一", 7),))
    assert "past without a date" in faults(GOOD, undated)


def test_a_second_question_is_caught() -> None:
    assert "2 questions" in faults(GOOD, Question("明天先碰哪一块？"))


def test_a_question_to_be_sent_to_somebody_else_is_not_ours() -> None:
    assert faults(GOOD, Said("要发的那句是‹这样有用吗？›。")) == ()


def test_a_second_step_is_caught() -> None:
    assert "more than one step" in faults(GOOD, STEP)


def test_the_wrong_language_is_caught() -> None:
    assert "language" in find_faults(replace(GOOD_EN, language="zh"), SOURCES_EN)


def test_their_own_words_may_be_in_the_other_language() -> None:
    words = "landing page first draft is half done and sitting there since last Tuesday"
    reflection = Reflection(
        f"「{words}」——停在那儿的那一半，也许在等一个具体的人来看第一眼，哪怕只看一行。", (Quote(words),)
    )
    draft = Draft(ReplyKind.TURN, "zh", (reflection, STEP, QUESTION))
    assert find_faults(draft, Sources(words, {}, {})) == ()


@pytest.mark.parametrize(
    ("draft", "sources"),
    [
        (replace(GOOD, parts=(Reflection("「没人知道」。", (Quote("没人知道"),)), QUESTION)), SOURCES),
        (replace(GOOD, parts=(*GOOD.parts, Said("再说一句。" * 100))), SOURCES),
        (replace(GOOD_EN, parts=(QUESTION_EN,)), SOURCES_EN),
        (replace(GOOD_EN, parts=(*GOOD_EN.parts, Said("and then on it goes " * 50))), SOURCES_EN),
    ],
)
def test_too_short_and_too_long_are_caught(draft: Draft, sources: Sources) -> None:
    assert any(fault.startswith("length") for fault in find_faults(draft, sources))


def test_a_clarifying_reply_holds_one_question_and_no_step() -> None:
    clarify = Draft(ReplyKind.CLARIFY, "zh", (QUESTION,))
    assert find_faults(clarify, SOURCES) == ()
    assert "0 questions" in find_faults(replace(clarify, parts=(Said("好，我先收着。"),)), SOURCES)
    assert "more than one step" in find_faults(replace(clarify, parts=(STEP, QUESTION)), SOURCES)


def test_who_asked_not_to_be_asked_is_not_asked() -> None:
    listen = Draft(ReplyKind.LISTEN, "zh", (REFLECTION, QUESTION))
    assert "1 questions" in find_faults(listen, SOURCES)


@pytest.mark.parametrize(
    ("draft", "words", "sources"),
    [
        (GOOD, "你真棒，加油。", SOURCES),
        (GOOD, "你应该去跟他说清楚。", SOURCES),
        (GOOD_EN, "Great job, I believe in you.", SOURCES_EN),
        (GOOD_EN, "You should just quit.", SOURCES_EN),
    ],
)
def test_what_is_never_said_is_caught(draft: Draft, words: str, sources: Sources) -> None:
    broken = find_faults(replace(draft, parts=(*draft.parts, Said(words))), sources)
    assert any(fault.startswith("banned") for fault in broken)


def test_what_they_said_themselves_is_never_banned() -> None:
    words = "加油两个字我听够了"
    reflection = replace(
        REFLECTION, text=f"「{words}」——像是每一声都在替别人交差，轮不到你说累。", quotes=(Quote(words),)
    )
    draft = replace(GOOD, parts=(reflection, STEP, QUESTION))
    assert find_faults(draft, Sources(words, {}, {})) == ()


def test_a_rejection_names_the_rules_and_none_of_the_words() -> None:
    broken = replace(GOOD, parts=(*GOOD.parts, STEP, Question("还有呢？")))
    with pytest.raises(DraftRejected) as caught:
        check_draft(broken, SOURCES)
    assert str(caught.value) == "2 questions; more than one step"
    assert "没人知道" not in str(caught.value)
