"""What somebody wants: told by what they say to the coach, not by words that merely occur."""

from __future__ import annotations

from datetime import date

import pytest

from coaching.intent import Intent, read_intent, says
from coaching.model import Scene
from tests.fakes.turns import promised, said, scene

NOTHING_SET = scene()
OVERDUE = scene(
    plan=(
        promised("给阿斌发定价的三个问题", date(2026, 3, 31)),
        promised("send Okafor the grading link", date(2026, 3, 31), 2),
    )
)


@pytest.mark.parametrize("known", [NOTHING_SET, OVERDUE])
@pytest.mark.parametrize(
    "words",
    [
        "我每天写代码写到十点",
        "要是中了彩票我就辞职",
        "这事八字还没一撇",
        "我翻译成书三本了，没有一本署我名",
        "老板的目标变了三次",
        "客户叫我别催",
        "太难了",
        "以前不是这样的。",
        "今天老板把项目给了别人",
        "今天领导又说了一遍",
        "他今天都没发我需求",
        "我记得我刚来的时候什么都敢做",
        "上次我说要走，他说什么都不肯",
        "我从来没问过自己想要什么",
        "I write code all day for a product I never see.",
        "If I won the lottery I'd be gone by lunch.",
        "I can't forget that meeting",
        "And what was the point of all that?",
        "I've never asked for a raise",
        "He never sent the file he promised",
        "I wrote the whole deck and he presented it.",
        "I remember what I was like before this job",
        "too hard",
    ],
)
def test_something_on_their_mind_is_heard_as_that(words: str, known: Scene) -> None:
    assert read_intent(said(words), known)[0] is Intent.COACH


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("我之前说的底线是什么？", Intent.RECALL),
        ("上次我说想跟谁请教定价来着？", Intent.RECALL),
        ("我跟你说过我导师的名字吗？", Intent.RECALL),
        ("What's my savings target again?", Intent.RECALL),
        ("When did I talk about wanting to quit?", Intent.RECALL),
        ("你怎么知道的？", Intent.WHY_KNOW),
        ("我现在的老板是谁来着？", Intent.RECALL),
        ("我三月份说过看板什么", Intent.RECALL),
        ("我去年冬天写了什么？", Intent.RECALL),
        ("帮我写首诗", Intent.OFF_TOPIC),
        ("帮我查一下明天去杭州的高铁", Intent.OFF_TOPIC),
        ("What's a good recipe for lentil soup?", Intent.OFF_TOPIC),
        ("我的目标变了，想进博物馆", Intent.GOAL),
        ("My goal has changed", Intent.GOAL),
        ("别再催我了", Intent.PAUSE),
        ("谢谢", Intent.THANKS),
        ("唉", Intent.THIN),
        ("same as ever I guess", Intent.THIN),
        ("小一点", Intent.SMALLER),
    ],
)
def test_what_is_asked_of_the_coach_is_heard(words: str, wanted: Intent) -> None:
    assert read_intent(said(words), NOTHING_SET)[0] is wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("两件都没动", Intent.MISSED),
        ("没发", Intent.MISSED),
        ("Nothing on my list happened this week.", Intent.MISSED),
        ("阿斌定价那个只写了一半", Intent.HALF),
        ("阿斌的定价问题我问了", Intent.DONE),
        ("I sent Okafor the grading link", Intent.DONE),
    ],
)
def test_a_report_speaks_of_the_promise(words: str, wanted: Intent) -> None:
    assert read_intent(said(words), OVERDUE)[0] is wanted


@pytest.mark.parametrize("words", ["问了！老板说行", "终于把那封信发了", "I finally told him", "Sent it."])
def test_news_of_their_own_doing_is_a_report_out_of_the_blue(words: str) -> None:
    assert read_intent(said(words), NOTHING_SET)[0] is Intent.DONE


@pytest.mark.parametrize("words", ["I don't ask for much", "老板让我别问那么多", "不用问就知道他会怎么说"])
def test_a_ban_told_is_not_a_ban_on_our_questions(words: str) -> None:
    assert not says("no_questions", words)


@pytest.mark.parametrize(
    "words", ["今天别问我问题了", "No questions tonight please.", "别问了", "Don't ask me anything"]
)
def test_a_ban_on_our_questions_is_heard(words: str) -> None:
    assert says("no_questions", words)


@pytest.mark.parametrize(
    "words",
    [
        "你到底是不是真人",
        "屏幕后面是真人吗",
        "我是在跟AI聊天吗",
        "are you a real person?",
    ],
)
def test_who_asks_whether_this_is_a_person_gets_an_answer(words: str) -> None:
    assert read_intent(said(words), NOTHING_SET)[0] is Intent.WHO_ARE_YOU


@pytest.mark.parametrize(
    "words",
    [
        "你是不是觉得我很矫情",
        "我老板是个机器人",
        "和真人聊天真难",
        "are you kidding me",
        "is this a real job?",
    ],
)
def test_a_word_about_people_and_robots_is_not_that_question(words: str) -> None:
    assert read_intent(said(words), NOTHING_SET)[0] is Intent.COACH


@pytest.mark.parametrize("words", ["要不要干脆辞职？", "should I just quit?", "到底该不该裸辞"])
def test_to_quit_or_not_is_a_decision_however_short(words: str) -> None:
    assert says("decide", words)
    assert says("quitting", words)
