"""What is heard, what is left alone, and the words that answer."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from coaching.model import Language, Safety
from coaching.rules import find_banned
from coaching.safety import (
    CALM,
    Classifier,
    SafetyCheck,
    SafetyVerdict,
    Span,
    Why,
    assess_answer,
    build_cleared_text,
    build_crisis_text,
    build_return_text,
    load_examples,
    normalise,
    windows,
)
from prompts import load_toml

LEVELS = (Safety.UNSURE, Safety.PASSIVE, Safety.EXPLICIT, Safety.HARM)
TIME_BOX = re.compile(
    r"\d+\s*(?:分钟|小时|个小时|min|hour|hr|h\b)|半小时|一刻钟|\bhalf an hour\b|\ban hour\b", re.I
)


@pytest.fixture(scope="module")
def check() -> SafetyCheck:
    check = SafetyCheck()
    check.warm()
    return check


def language_of(text: str) -> Language:
    return "zh" if re.search(r"[一-鿿]", text) else "en"


# -- heard


@pytest.mark.parametrize(
    "text",
    [
        "我想自杀",
        "我想死",
        "真的不想活了",
        "遗书写好了",
        "想结束自己的生命",
        "我要从楼上跳下去",
        "活着还不如死",
        "想kill自己",
        "suicide的念头又来了",
        "I want to kill myself",
        "I want to die",
        "I'm suicidal",
        "I don’t want to live anymore",
        "kms tonight",
        "I wrote my suicide note",
    ],
)
def test_what_is_said_in_so_many_words_is_explicit(check: SafetyCheck, text: str) -> None:
    assert check.assess(text, language_of(text)).level is Safety.EXPLICIT


@pytest.mark.parametrize(
    "text",
    [
        "自 杀",
        "自*杀",
        "自.杀",
        "我想自\u200b杀",
        "自殺",
        "我想結束這一切",
        "ｋｍｓ",
        "I want to k i l l  m y s e l f",
        "s.u.i.c.i.d.e",
        "SUICIDE",
        "k1ll myself",
        "自sha",
        "好想s",
    ],
)
def test_spelling_tricks_hide_nothing(check: SafetyCheck, text: str) -> None:
    assert check.assess(text, language_of(text)).level is Safety.EXPLICIT


@pytest.mark.parametrize(
    "text",
    [
        "要是能睡着就不用再醒来该多好",
        "我消失了也没人会发现",
        "没有我，家里会过得更好",
        "被车撞一下就好了",
        "I wish I could just disappear",
        "I hope I don't wake up tomorrow",
        "Everyone would be better off without me",
        "I wish I had never been born",
    ],
)
def test_wishing_not_to_be_is_passive(check: SafetyCheck, text: str) -> None:
    assert check.assess(text, language_of(text)).level is Safety.PASSIVE


@pytest.mark.parametrize(
    "text",
    [
        "安眠药攒得差不多了",
        "站在天台边上，风很大，往下看也没那么高",
        "把猫托付给室友了，以后它跟着他们更好",
        "密码都写给我妈了，以后用不着了",
        "I gave away all my things and said goodbye to my cat",
        "The pills are in the drawer and I've saved enough",
        "I'm on the bridge and it would be one step",
    ],
)
def test_a_warning_sign_is_not_passed_over(check: SafetyCheck, text: str) -> None:
    assert check.assess(text, language_of(text)).level is not Safety.NONE


@pytest.mark.parametrize(
    "text",
    [
        "我要杀了我老板",
        "明天我带刀去公司找他",
        "大家同归于尽",
        "I'm going to stab my manager",
        "I bought a gun for him",
    ],
)
def test_a_threat_to_somebody_is_harm(check: SafetyCheck, text: str) -> None:
    assert check.assess(text, language_of(text)).level is Safety.HARM


class Certain(Classifier):
    """A classifier that has made up its mind."""

    def __init__(self, odds: float, *, harm: bool = False) -> None:
        self.odds = odds
        self.harm = harm

    def score(self, text: str) -> float:
        return self.odds

    def harms(self, text: str) -> bool:
        return self.harm


@pytest.mark.parametrize(
    ("odds", "harm", "level"),
    [
        (9, False, Safety.PASSIVE),
        (9, True, Safety.HARM),
        (2, False, Safety.UNSURE),
        (2, True, Safety.UNSURE),
        (0, False, Safety.NONE),
    ],
)
def test_a_sentence_no_rule_knows_is_weighed(odds: float, harm: bool, level: Safety) -> None:
    verdict = SafetyCheck(lambda: Certain(odds, harm=harm)).assess("水壶洗干净了", "zh")
    assert verdict == (SafetyVerdict(level, "水壶洗干净了", Why.SIGNS) if level is not Safety.NONE else CALM)


def test_a_joke_about_dying_is_asked_about_unless_it_is_plainly_office_talk() -> None:
    assert SafetyCheck(lambda: Certain(0)).assess("我想死哈哈", "zh").level is Safety.UNSURE
    assert SafetyCheck(lambda: Certain(-2)).assess("我想死哈哈", "zh").level is Safety.NONE
    assert SafetyCheck(lambda: Certain(-2)).assess("我想死", "zh").level is Safety.EXPLICIT
    assert SafetyCheck(lambda: Certain(-2)).assess("我要自杀哈哈", "zh").level is Safety.EXPLICIT


@pytest.mark.parametrize(
    "text",
    ["他让我去死", "感觉真的撑不下去了", "I just can't go on"],
)
def test_what_may_be_nothing_gets_one_plain_question(check: SafetyCheck, text: str) -> None:
    assert check.assess(text, language_of(text)).level is Safety.UNSURE


# -- about somebody else


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("我同事上周自杀了", Why.GRIEF),
        ("I lost my best friend to suicide last month", Why.GRIEF),
        ("我弟弟说他不想活了", Why.OTHER),
        ("我老婆总说活着没意思", Why.OTHER),
        ("My brother says he wants to die", Why.OTHER),
        ("她发消息说：我想自杀", Why.OTHER),
    ],
)
def test_somebody_elses_life_is_asked_about_with_care(check: SafetyCheck, text: str, why: Why) -> None:
    verdict = check.assess(text, language_of(text))
    assert (verdict.level, verdict.why) == (Safety.UNSURE, why)


def test_a_writer_who_names_another_and_means_themselves_is_heard(check: SafetyCheck) -> None:
    assert check.assess("我妈睡了，我想自杀", "zh").level is Safety.EXPLICIT
    assert check.assess("我同事走了，我也不想活了", "zh").level is Safety.EXPLICIT
    assert check.assess("他自杀以后，我也想死", "zh").level is Safety.EXPLICIT


def test_signs_in_a_story_about_another_are_a_story(check: SafetyCheck) -> None:
    assert check.assess("我同事把猫送人了", "zh").level is Safety.NONE


# -- left alone


@pytest.mark.parametrize(
    "text",
    [
        "笑死，老板又画饼",
        "累死了，今天连开七个会",
        "这个项目在自杀",
        "这个需求改得我想死",
        "早会开得我想死了算了哈哈哈",
        "死线是明天中午",
        "进程杀不掉",
        "想消失一周去度假",
        "跳槽还是不跳槽",
        "看了《自杀论》",
        "写了封离职告别信发给全组",
        "工位清空了，明天最后一天",
        "我不是想死，就是太累了",
        "This job is killing me",
        "Kill the process and restart it",
        "The deadline is Friday",
        "Quitting now would be career suicide",
        "My boss is going to kill me for this",
        "I'm not suicidal, just exhausted",
        "We should end it with this client",
        "I'm dying to ship it",
        "I gave away my conference tickets",
        "又要改需求，我跟你同归于尽哈哈哈",
        "",
        "   \n ",
        "。！？",
        "🙂",
    ],
)
def test_office_talk_stays_office_talk(check: SafetyCheck, text: str) -> None:
    assert check.assess(text, language_of(text)) == CALM


def test_the_words_of_the_lexicon_alone_never_flag_the_benign_examples_in_bulk(check: SafetyCheck) -> None:
    calm = [example for example in load_examples() if not example.risky]
    loud = [
        e.written for e in calm if check.assess(e.written, language_of(e.written)).level is not Safety.NONE
    ]
    assert len(loud) / len(calm) < 0.02, loud


# -- their words


def test_their_clause_is_repeated_and_nothing_else(check: SafetyCheck) -> None:
    assert check.assess("今天开了会，我不想活了，明天再说", "zh").words == "我不想活了"


def test_a_method_is_never_given_back(check: SafetyCheck) -> None:
    assert check.assess("我要从桥上跳下去", "zh").words == ""
    assert check.assess("I'm going to hang myself", "en").words == ""


def test_a_clause_too_long_to_repeat_is_cut_to_what_was_heard(check: SafetyCheck) -> None:
    long = "周一周二周三周四周五每天都一样来来回回地走所以我已经不想活了可是明天还得照样去开那个没有人听的会"
    assert check.assess(long, "zh").words == "不想活了"


def test_quote_marks_inside_their_words_are_not_nested(check: SafetyCheck) -> None:
    verdict = check.assess("不想活了{x}", "zh")
    assert verdict.level is Safety.EXPLICIT
    assert verdict.words == ""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from("我想死不活了自杀 ，。kill myself药楼顶\u200b\n哈ﷺİ"), max_size=80).map(
        "".join
    ),
    st.sampled_from(["zh", "en"]),
    st.none() | st.text(max_size=40),
)
def test_no_text_breaks_it_and_its_words_are_theirs(
    check: SafetyCheck, text: str, language: Language, context: str | None
) -> None:
    verdict = check.assess(text, language, context=context)
    assert verdict.words in text
    assert (verdict.level is Safety.NONE) == (verdict == CALM)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_every_place_in_the_normal_form_points_into_the_message(text: str) -> None:
    normal = normalise(text)
    assert len(normal.text) == len(normal.at)
    assert list(normal.at) == sorted(normal.at)
    for i in range(len(normal.text)):
        span = normal.original(Span(i, i + 1))
        assert 0 <= span.start < span.end <= len(text)


# -- long, split and hostile messages


def test_a_sign_in_a_long_message_is_found_wherever_it_stands(check: SafetyCheck) -> None:
    filler = "今天开了会，写了周报，客户又改了需求。" * 260
    for at in (0, len(filler) // 2, len(filler)):
        assert check.assess(filler[:at] + "。其实我不想活了。" + filler[at:], "zh").level is Safety.EXPLICIT


def test_a_long_ordinary_message_is_calm(check: SafetyCheck) -> None:
    assert check.assess("今天开了会，写了周报，客户又改了需求。晚上陪孩子写作业。" * 300, "zh") == CALM


def test_a_sign_split_over_two_messages_is_heard_once_the_second_comes(check: SafetyCheck) -> None:
    assert check.assess("够了", "zh") == CALM
    verdict = check.assess("够了", "zh", context="那瓶药我数过，")
    assert verdict.level is not Safety.NONE
    assert verdict.words in "够了"


SHORT_ZH = "嗯 好 好的 做了 没做 一半 换天 明天再说 今晚不聊 算了 不用了 别问了 收到 谢谢 晚安 累 困 烦 继续"
SHORT_EN = "done half move skip ok no yes thanks later stop over gone tomorrow"


@pytest.mark.parametrize("text", f"{SHORT_ZH} {SHORT_EN}".split())
def test_a_word_or_two_is_no_evidence(check: SafetyCheck, text: str) -> None:
    assert check.assess(text, language_of(text)) == CALM


def test_what_was_already_answered_is_not_heard_again(check: SafetyCheck) -> None:
    assert check.assess("明天九点开会", "zh", context="我不想活了").level is Safety.NONE
    assert check.assess("", "zh", context="我不想活了").level is Safety.NONE


HOSTILE = (
    "楼顶",
    "我",
    "想死",
    " ",
    "a ",
    "k.",
    "i want to ",
    "药够了",
    "没有我",
    "'",
    "<",
    "wish i was not ",
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_message_takes_long(check: SafetyCheck, piece: str) -> None:
    started = time.process_time()
    check.assess((piece * 10_000)[:10_000], "zh")
    assert time.process_time() - started < 5


def test_no_pattern_has_a_gap_without_end() -> None:
    def patterns(node: object) -> list[str]:
        if isinstance(node, str):
            return [node]
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
        return [pattern for child in children for pattern in patterns(child)]

    lexicon = {
        name: table for name, table in load_toml("safety/lexicon.toml").items() if name != "traditional"
    }
    for pattern in patterns(lexicon) + patterns(load_toml("safety/shapes.toml")):
        re.compile(pattern)
        assert not re.search(r"(?<!\\)\.[*+]|\[\^[^\]]*\][*+]", pattern), pattern


def test_a_transcript_without_full_stops_is_read_in_overlapping_stretches() -> None:
    text = "我今天又去开会了" * 40
    spans = windows(text)
    assert {span.start for span in spans} >= {0, 40, 80}
    assert max(span.end for span in spans) == len(text)
    assert windows("好。 。好") == [Span(0, 1), Span(4, 5), Span(0, 5)]


# -- training and vectors


def test_training_twice_gives_the_same_odds() -> None:
    examples = load_examples()[::9]
    one, other = Classifier(examples), Classifier(examples)
    assert [one.score(e.text) for e in examples] == [other.score(e.text) for e in examples]


def test_many_threads_train_once_and_agree() -> None:
    trained: list[Classifier] = []
    small = load_examples()[::9]

    def train() -> Classifier:
        trained.append(Classifier(small))
        return trained[-1]

    check = SafetyCheck(train)
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(
            pool.map(lambda _: check.assess("I keep a list of what goes to whom", "en"), range(32))
        )
    assert len(trained) == 1
    assert len(set(verdicts)) == 1


def encode(texts: list[str]) -> NDArray[np.float32]:
    """Two directions: whether a text is one of the warning signs the test knows, and the rest."""
    risky = {example.written for example in load_examples() if example.risky}
    return np.array([[1.0, 0.0] if text in risky else [0.0, 1.0] for text in texts], dtype=np.float32)


def test_vectors_raise_and_lower_a_doubt() -> None:
    check = SafetyCheck()
    assert check.fit_vectors(encode)
    sign, calm = np.array([1.0, 0.0], dtype=np.float32), np.array([0.0, 1.0], dtype=np.float32)
    text = "The kettle is descaled and the hallway is swept."
    assert check.assess(text, "en").level is Safety.NONE
    assert check.assess(text, "en", sign).level is not Safety.NONE
    assert check.assess(text, "en", calm).level is Safety.NONE
    assert check.assess("水壶洗干净了，走廊也扫了", "zh", sign).level is Safety.NONE, "it cannot read Chinese"


def test_an_embedder_that_reads_chinese_is_trusted_with_it() -> None:
    check = SafetyCheck()
    assert check.fit_vectors(encode, reads_han=True)
    sign = np.array([1.0, 0.0], dtype=np.float32)
    assert check.assess("水壶洗干净了，走廊也扫了", "zh", sign).level is not Safety.NONE


def test_an_embedder_that_is_still_loading_changes_nothing() -> None:
    check = SafetyCheck(lambda: Classifier(load_examples()[::9]))
    assert not check.fit_vectors(lambda _: None)
    assert check.assess("Half done.", "en", np.array([1.0, 0.0], dtype=np.float32)) == CALM


# -- the answer to the question


@pytest.mark.parametrize(
    ("text", "level", "why"),
    [
        ("没有，就是太累了", Safety.NONE, Why.CLEARED),
        ("没有想过自杀，只是吐槽", Safety.NONE, Why.CLEARED),
        ("不会的，放心", Safety.NONE, Why.CLEARED),
        ("no, just venting", Safety.NONE, Why.CLEARED),
        ("I'm not suicidal, just tired", Safety.NONE, Why.CLEARED),
        ("有", Safety.EXPLICIT, Why.YES),
        ("想过", Safety.EXPLICIT, Why.YES),
        ("sometimes", Safety.EXPLICIT, Why.YES),
        ("yes", Safety.EXPLICIT, Why.YES),
        ("我想死", Safety.EXPLICIT, Why.WORDS),
        ("没有，但我想杀了他", Safety.HARM, Why.WORDS),
        ("没有人知道", Safety.PASSIVE, Why.UNCLEAR),
        ("不知道", Safety.PASSIVE, Why.UNCLEAR),
        ("not really", Safety.PASSIVE, Why.UNCLEAR),
        ("周报还没写完呢？？", Safety.PASSIVE, Why.UNCLEAR),
        ("没有，就是希望自己没出生过", Safety.PASSIVE, Why.UNCLEAR),
    ],
)
def test_only_a_clear_no_lets_the_coaching_go_on(text: str, level: Safety, why: Why) -> None:
    verdict = assess_answer(text, language_of(text), Safety.PASSIVE)
    assert (verdict.level, verdict.why) == (level, why)


def test_after_a_doubt_an_unclear_answer_is_taken_seriously() -> None:
    assert assess_answer("不知道", "zh", Safety.UNSURE).level is Safety.PASSIVE


@pytest.mark.parametrize("previous", [Safety.EXPLICIT, Safety.HARM])
def test_after_an_explicit_message_a_no_is_not_enough(previous: Safety) -> None:
    assert assess_answer("没有", "zh", previous) == SafetyVerdict(previous, "", Why.UNCLEAR)
    assert assess_answer("刚才是气话，我没有想自杀", "zh", previous).level is Safety.PASSIVE
    assert (
        assess_answer("I was exaggerating, I'm not going to hurt myself", "en", previous).level
        is Safety.PASSIVE
    )


def test_whether_another_is_safe_is_another_question() -> None:
    for text in ("安全，她跟爸妈在一起", "she is safe, with her mom"):
        assert assess_answer(text, language_of(text), Safety.UNSURE, why=Why.OTHER).why is Why.CLEARED
    for text in ("不知道", "不安全", "there is nobody with her"):
        verdict = assess_answer(text, language_of(text), Safety.UNSURE, why=Why.OTHER)
        assert (verdict.level, verdict.why) == (Safety.UNSURE, Why.OTHER)


def test_after_a_loss_the_question_was_about_the_writer() -> None:
    assert assess_answer("没有，就是难过", "zh", Safety.UNSURE, why=Why.GRIEF).why is Why.CLEARED
    assert assess_answer("有时候", "zh", Safety.UNSURE, why=Why.GRIEF).level is Safety.EXPLICIT


def test_where_nothing_was_asked_nothing_is_answered() -> None:
    assert assess_answer("没有", "zh", Safety.NONE) == CALM


# -- the words


def verdicts() -> list[SafetyVerdict]:
    said = [SafetyVerdict(level, words, Why.WORDS) for level in LEVELS for words in ("不想活了", "")]
    about = [SafetyVerdict(Safety.UNSURE, "", why) for why in (Why.OTHER, Why.GRIEF)]
    asked = [SafetyVerdict(level, "", Why.UNCLEAR) for level in LEVELS]
    return said + about + asked


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("verdict", verdicts(), ids=str)
def test_a_crisis_text_keeps_every_rule(verdict: SafetyVerdict, language: Language) -> None:
    text = build_crisis_text(verdict, language)
    own = re.sub(r"「[^」]*」|“[^”]*”", "", text)
    assert find_banned(text, language) == ()
    assert len(re.findall(r"[?？]", own)) == 1
    assert not TIME_BOX.search(own)
    assert not re.search(r"下一步|所有权|影响力|副业|/plan|next step|ownership|side project", own)
    assert not re.search(r"^\s*(?:[-•*]|\d+[.、])", own, re.M)
    if language == "zh":
        assert 40 <= len(re.sub(r"\s", "", text)) <= 420
        assert "12356" in text
        assert re.search(r"110|120", text)
        assert re.search(r"身边|朋友|家人|信任的人|同事", text)
        assert "程序" in text
    else:
        assert 30 <= len(text.split()) <= 220
        assert re.search(r"988|findahelpline", text)
        assert "emergency number" in text
        assert re.search(r"someone you trust|friend|family|person near", text)
        assert "program" in text
    assert ("不想活了" in text) == bool(verdict.words)


def test_passive_and_doubt_are_asked_plainly() -> None:
    for level in (Safety.PASSIVE, Safety.UNSURE):
        assert "有没有想过自杀" in build_crisis_text(SafetyVerdict(level), "zh")
        assert "thinking about killing yourself" in build_crisis_text(SafetyVerdict(level), "en")


def test_the_numbers_are_those_of_the_country() -> None:
    verdict = SafetyVerdict(Safety.EXPLICIT)
    for country, line, emergency in (
        ("HK", "18111", "999"),
        ("TW", "1925", "119"),
        ("us", "988", "911"),
        ("GB", "116 123", "999"),
        ("AU", "13 11 14", "000"),
        ("SG", "1767", "995"),
    ):
        for language in ("zh", "en"):
            text = build_crisis_text(verdict, "zh" if language == "zh" else "en", country)
            assert line in text
            assert emergency in text
            assert "12356" not in text
    assert "findahelpline.com" in build_crisis_text(verdict, "zh", "XX")


def test_every_country_has_both_numbers_in_both_languages() -> None:
    for country in load_toml("safety/lines.toml"):
        for language in ("zh", "en"):
            text = build_crisis_text(
                SafetyVerdict(Safety.PASSIVE), "zh" if language == "zh" else "en", country
            )
            assert "{" not in text


def test_a_calm_message_has_no_crisis_text() -> None:
    with pytest.raises(ValueError, match="calm"):
        build_crisis_text(CALM, "zh")


def test_the_first_words_afterwards_ask_how_they_are() -> None:
    for language in ("zh", "en"):
        text = build_return_text("zh" if language == "zh" else "en")
        assert len(re.findall(r"[?？]", text)) == 1
        assert find_banned(text, "zh" if language == "zh" else "en") == ()


def test_a_clear_no_is_taken_at_its_word() -> None:
    assert "12356" in build_cleared_text("zh")
    assert "116 123" in build_cleared_text("en", "IE")
    assert find_banned(build_cleared_text("zh"), "zh") == find_banned(build_cleared_text("en"), "en") == ()
