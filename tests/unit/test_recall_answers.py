"""What did I say about…: their words with the date, newest over older, or an honest nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from coaching.model import Channel
from coaching.parts import Past
from coaching.recalling import (
    answer_recall,
    build_why,
    choose_past,
    list_recalled,
    quotable,
    says_otherwise,
    what_is_asked,
    whole_or_best,
)
from tests.fakes.turns import remembered, said

MARCH, MAY = date(2026, 3, 10), date(2026, 3, 25)


def test_the_words_come_with_their_date() -> None:
    turn = said("我之前说的底线是什么？")
    draft = answer_recall(turn, [remembered("三条底线：周末不接电话，署名要有我。", MARCH)])
    assert draft.text == "3月10日，你说的是：「三条底线：周末不接电话，署名要有我。」"
    assert draft.quotes[0].message_id == 1


def test_the_newest_statement_leads_and_the_older_one_follows() -> None:
    turn = said("What's my savings target again?")
    old = remembered("My savings target is 30k.", MARCH, 1, score=0.9)
    new = remembered("Changed the savings target to 22k.", MAY, 2, score=0.8)
    draft = answer_recall(turn, [old, new])
    assert draft.text.index("22k") < draft.text.index("30k")
    assert [quote.message_id for quote in draft.quotes] == [2, 1]


def test_what_fits_far_less_is_no_older_statement() -> None:
    turn = said("What's my savings target again?")
    found = [remembered("My savings target is 30k.", MARCH, 1), remembered("Rain.", MAY, 2, score=0.2)]
    assert [quote.message_id for quote in answer_recall(turn, found).quotes] == [1]


def test_a_question_they_asked_before_is_no_answer() -> None:
    asked = remembered("我之前说过存款是多少？", MAY, 2, score=1.0)
    told = remembered("存款一共十八万。", MARCH, 1, score=0.8)
    assert [
        quote.message_id for quote in answer_recall(said("我之前说过存款是多少？"), [asked, told]).quotes
    ] == [1]


def test_an_ok_that_followed_the_question_before_is_no_answer() -> None:
    turn = said("what did I say I wanted to move into?")
    found = [remembered("ok", MAY, 2, score=1.0), remembered("I keep saying data work.", MARCH, 1, score=0.8)]
    assert [quote.message_id for quote in answer_recall(turn, found).quotes] == [1]


def test_a_shared_name_is_not_the_same_thing() -> None:
    turn = said("我之前说过和阿哲吵架是为什么？")
    asked = remembered("跟阿哲吵了一架，他说我像一块湿毛巾。", MARCH, 1, score=0.9)
    newer = remembered("和阿哲看了三套房子。", MAY, 2, score=0.8)
    assert [quote.message_id for quote in answer_recall(turn, [asked, newer]).quotes] == [1]


def test_a_time_that_is_asked_for_bounds_the_answer() -> None:
    turn = said("我三月份说过用户多少？")
    then = replace(remembered("付费用户到四十了。", MARCH, 1, score=0.7), why=frozenset({"words", "date"}))
    later = replace(remembered("付费用户二十一个。", MAY, 2, score=0.9), why=frozenset({"words", "outside"}))
    assert [quote.message_id for quote in answer_recall(turn, [later, then]).quotes] == [1]
    draft = answer_recall(turn, [later])
    assert "那段时间里没有" in draft.text
    assert [quote.message_id for quote in draft.quotes] == [2]


@pytest.mark.parametrize(
    ("words", "why", "says"),
    [
        ("/recall 用户", {"words", "subject"}, "同样的词、同一件事"),
        ("/recall users", {"lens"}, "same lens"),
        ("/recall users last month", {"date"}, "from that time"),
        ("/recall users", set(), "answers a question about it"),
    ],
)
def test_every_hit_tells_why_it_came(words: str, why: set[str], says: str) -> None:
    found = replace(remembered("付费用户到四十了。", MARCH), why=frozenset(why))
    assert says in list_recalled(said(words), [found]).text


@pytest.mark.parametrize(
    ("words", "honest"),
    [("我导师叫什么来着？", ("没有",)), ("Who was my mentor again?", ("don't have", "nothing on record"))],
)
def test_nothing_stored_is_said_and_nothing_is_made_up(words: str, honest: tuple[str, ...]) -> None:
    draft = answer_recall(said(words), [])
    assert any(sign in draft.text for sign in honest)
    assert draft.quotes == ()


def test_a_note_is_called_a_note() -> None:
    found = remembered("自由不是不工作。", MARCH)
    note = type(found)(
        type(found.message)(
            **{f: getattr(found.message, f) for f in found.message.__slots__} | {"channel": Channel.IMPORT}
        ),
        0.8,
    )
    assert "笔记" in answer_recall(said("我写过什么关于自由的？"), [note]).text


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("我之前说的底线是什么？", "底线"),
        ("What did I say about my mentor?", "mentor"),
        ("我什么时候提过想离开？", "想离开"),
    ],
)
def test_the_asking_is_not_looked_for(question: str, subject: str) -> None:
    assert what_is_asked(question).replace(" ", "") == subject


def test_of_a_long_memory_the_sentence_that_was_asked_for_is_given() -> None:
    long = "今天下雨。" * 30 + "我的底线是周末不接电话。" + "后来又停了。" * 20
    assert whole_or_best(long, "我的底线是什么", 1).text == "我的底线是周末不接电话。"


@pytest.mark.parametrize("memory", ["他说“再沉淀一年”，这是第三个一年", "一行\n另一行更长一些", "「」", "  "])
def test_what_stands_between_quote_marks_has_none_of_its_own(memory: str) -> None:
    words = quotable(memory)
    assert words in memory
    if any(mark not in "「」" for mark in memory.strip()):
        assert not set("「」“”\n") & set(words)


def test_a_memory_comes_up_only_for_the_same_thing_and_never_from_today() -> None:
    turn = said("盘点小程序今天又有人来问")
    same = remembered("盘点小程序写了三分之一", MARCH, 1)
    other = remembered("今天腰疼了一天", MARCH, 2)
    today = remembered("盘点小程序又改了一行", turn.today, 3)
    assert choose_past(turn, [today, other, same], said_lately=frozenset()) == (same, False)
    assert choose_past(turn, [other], said_lately=frozenset()) == (None, False)
    assert choose_past(turn, [same], said_lately=frozenset({1})) == (None, False)


@pytest.mark.parametrize(
    ("before", "now", "otherwise"),
    [
        ("竞聘经理我是不会去的", "想了想还是去竞聘那个经理", True),
        ("I never want to be a team lead again", "I've decided to take the team lead role", True),
        ("给早餐店做了个点单的小页面", "早餐店老板问我能不能再加一个码", False),
        ("竞聘的材料写了一半", "竞聘的材料写完了", False),
        ("别人都在看竞聘", "我打算去竞聘", False),
    ],
)
def test_only_a_stance_can_be_gone_back_on(before: str, now: str, otherwise: bool) -> None:
    assert says_otherwise(before, now) is otherwise


def test_why_do_you_know_this_names_the_day_and_how_to_erase_it() -> None:
    message = remembered("三条底线：署名要有我。", MARCH, 42).message
    draft = build_why(said("你怎么知道？"), message)
    assert "3月10日" in draft.text
    assert "/forget 42" in draft.text
    assert isinstance(draft.parts[0], Past)
    assert "没有引用" in build_why(said("你怎么知道？"), None).text
