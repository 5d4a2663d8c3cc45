"""The evening's question, and its answer: no praise, no guilt, and nothing more late at night."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from coaching.checkins import answer_heard, answer_report, build_checkin, choose_item
from coaching.effects import MarkCommitment
from coaching.intent import Intent
from coaching.model import CommitmentStatus, Event, Scene, Turn
from coaching.parts import Draft, NextStep, Question
from coaching.responders.choosing import Chooser
from tests.fakes.turns import SHANGHAI, WEDNESDAY, promised, said, scene

TODAY = date(2026, 4, 1)
LATE = datetime(2026, 4, 1, 22, 30, tzinfo=SHANGHAI)
ZH = promised("给阿斌发定价的三个问题", TODAY, 1, minutes=20)
EN = promised("send Okafor the grading link", TODAY, 2, minutes=20)


def report(turn: Turn, known: Scene, intent: Intent) -> Draft:
    return answer_report(turn, known, intent, Chooser(known, turn.text, turn.language))


def ask(known: Scene, *, event: Event = Event.EVENING_CHECKIN, at: datetime = WEDNESDAY) -> Draft:
    turn = said("", at=at, event=event)
    return build_checkin(turn, known, Chooser(known, "", "zh"))


def questions(draft: Draft) -> int:
    return draft.text.count("？") + draft.text.count("?")


def test_one_item_is_named_in_their_words() -> None:
    draft = ask(scene(plan=(ZH, promised("周六录讲稿", date(2026, 4, 4), 3))))
    assert "「给阿斌发定价的三个问题」" in draft.text
    assert "讲稿" not in draft.text
    assert questions(draft) == 1
    assert [choice.data for choice in draft.choices] == [
        f"plan:{name}:1" for name in ("done", "half", "move", "snooze", "not_tonight")
    ]


def test_what_was_due_yesterday_is_asked_after_with_its_day() -> None:
    assert "昨天" in ask(scene(plan=(promised("录讲稿", date(2026, 3, 31)),))).text


def test_with_nothing_due_the_day_is_asked_about() -> None:
    draft = ask(scene(plan=(promised("周六录讲稿", date(2026, 4, 4)),)))
    assert questions(draft) == 1
    assert "讲稿" not in draft.text


def test_the_fourth_silent_evening_offers_a_pause_and_blames_nobody() -> None:
    draft = ask(scene(plan=(ZH,)), event=Event.EVENING_CHECKIN_UNANSWERED_4)
    assert [choice.data for choice in draft.choices] == ["rhythm:weekly", "rhythm:pause", "rhythm:keep"]
    assert questions(draft) == 1


def test_the_item_they_speak_of_is_the_one_that_counts() -> None:
    known = scene(
        plan=(promised("周五录讲稿", TODAY, 1), promised("给阿斌发定价的问题", date(2026, 4, 3), 2))
    )
    found = choose_item(known, said("阿斌的定价我问了"))
    assert found is not None
    assert found.id == 2


def test_done_quotes_the_result_and_marks_it_with_their_words() -> None:
    words = "发了，他十分钟就回，说他自己也是瞎定的"
    draft = report(said(words), scene(plan=(ZH,)), Intent.DONE)
    assert any(quote.text in words for quote in draft.quotes)
    assert draft.effects == (MarkCommitment(1, CommitmentStatus.DONE, words, TODAY),)
    assert questions(draft) == 1
    assert not draft.find(NextStep)


def test_done_in_one_word_quotes_the_item() -> None:
    draft = report(said("done"), scene(plan=(EN,)), Intent.DONE)
    assert "send Okafor the grading link" in draft.text


@pytest.mark.parametrize(("words", "item"), [("只写了一半", ZH), ("halfway there", EN)])
def test_half_is_credited_and_offers_ten_minutes_at_most(words: str, item: object) -> None:
    draft = report(said(words), scene(plan=(item,)), Intent.HALF)
    (step,) = draft.find(NextStep)
    assert step.minutes <= 10
    assert questions(draft) == 1
    assert isinstance(draft.effects[0], MarkCommitment)
    assert draft.effects[0].status is CommitmentStatus.HALF


@pytest.mark.parametrize(("words", "item"), [("没发，被拉去陪客户了", ZH), ("didn't get to it", EN)])
def test_missed_may_be_kept_shrunk_or_dropped_and_marks_nothing(words: str, item: object) -> None:
    draft = report(said(words), scene(plan=(item,)), Intent.MISSED)
    (step,) = draft.find(NextStep)
    assert step.minutes <= 10
    assert draft.effects == ()
    assert [choice.data.split(":")[1] for choice in draft.choices] == ["keep", "shrink", "drop"]


@pytest.mark.parametrize("intent", [Intent.DONE, Intent.HALF, Intent.MISSED])
def test_late_at_night_nothing_is_added(intent: Intent) -> None:
    draft = report(said("刚到家", at=LATE), scene(plan=(ZH,)), intent)
    assert not draft.find(NextStep)
    assert "今晚就到这儿" in draft.text


def test_a_third_miss_changes_the_question_and_not_the_pressure() -> None:
    moved = [promised(ZH.text, date(2026, 3, day), day, status=CommitmentStatus.MOVED) for day in (18, 25)]
    draft = report(said("没发"), scene(plan=(*moved, ZH)), Intent.MISSED)
    assert [part.key for part in draft.find(Question)] == ["missed_three"]


def test_a_failed_week_picks_the_smallest_and_lets_the_others_rest() -> None:
    plan = (
        promised("周二晚写完首页和定价两个部分", date(2026, 3, 30), 1, minutes=60),
        promised("周三给阿斌发问卷", date(2026, 3, 31), 2, minutes=10),
    )
    draft = report(said("两件都没动，天天在改标书"), scene(plan=plan), Intent.MISSED)
    (step,) = draft.find(NextStep)
    assert step.body == "周三给阿斌发问卷"
    assert questions(draft) == 1


def test_an_answer_that_reports_nothing_is_heard() -> None:
    turn = said("今天在路上听完了一整集播客")
    draft = answer_heard(turn, Chooser(scene(), turn.text, "zh"))
    assert "「今天在路上听完了一整集播客」" in draft.text
    assert questions(draft) == 1
