"""The evening's question, and its answer: no praise, no guilt, and nothing more late at night."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from coaching.checkins import (
    answer_heard,
    answer_report,
    build_checkin,
    choose_item,
    choose_reported,
    leave_tonight,
    take_choice,
    take_result,
)
from coaching.effects import (
    EndDialogue,
    MarkCommitment,
    MoveCommitment,
    SetDialogue,
    ShrinkCommitment,
    SkipTonight,
    Snooze,
)
from coaching.intent import Intent, read_intent
from coaching.language import read_language
from coaching.model import CommitmentStatus, Event, Message, Role, Scene, Turn, Used
from coaching.parts import Draft, NextStep, Question, find_faults
from coaching.responders.choosing import Chooser
from coaching.thinking import list_sources
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
    assert draft.effects == (SetDialogue("missed", {"id": draft.quotes[0].commitment_id}),)
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


def test_a_report_out_of_the_blue_never_marks_what_is_still_ahead() -> None:
    known = scene(plan=(promised("周六录讲稿", date(2026, 4, 4), 3),))
    assert choose_reported(known, said("搞定了")) is None
    assert choose_reported(known, said("周六的讲稿录完了")) is not None


def test_the_next_morning_the_answer_is_about_what_was_asked_last_night() -> None:
    last_night = datetime(2026, 3, 31, 21, 0, tzinfo=SHANGHAI)
    asked = Message(
        9, 1, Role.COACH, "今天定的是「录讲稿」。", "zh", last_night, last_night.date(), kind="checkin"
    )
    known = scene(plan=(promised("录讲稿", date(2026, 3, 31), 1), ZH), recent=(asked,))
    morning = said("做完了", at=datetime(2026, 4, 1, 8, 30, tzinfo=SHANGHAI))
    assert read_intent(morning, known)[0] is Intent.DONE
    found = choose_reported(known, morning)
    assert found is not None
    assert found.text == "录讲稿"
    noon = said("做完了", at=datetime(2026, 4, 1, 13, 0, tzinfo=SHANGHAI))
    assert choose_reported(known, noon) is not found


def test_done_in_one_word_is_asked_what_came_back_and_the_answer_is_its_result() -> None:
    first = report(said("done"), scene(plan=(EN,)), Intent.DONE)
    assert SetDialogue("result", {"id": 2}) in first.effects
    marked = replace(EN, status=CommitmentStatus.DONE, result_on=TODAY)
    words = "she wants to try it with her class"
    turn, known = said(words), scene(plan=(marked,))
    draft = take_result(turn, known, 2, Chooser(known, words, "en"))
    assert draft is not None
    assert draft.effects == (MarkCommitment(2, CommitmentStatus.DONE, words, TODAY), EndDialogue())
    assert questions(draft) == 0


@pytest.mark.parametrize("words", ["what should I do next?", "今晚不了", "x" * 201])
def test_what_is_no_result_is_not_kept_as_one(words: str) -> None:
    known = scene(plan=(replace(EN, status=CommitmentStatus.DONE),))
    assert take_result(said(words), known, 2, Chooser(known, words, "en")) is None


@pytest.mark.parametrize(
    ("words", "effect"),
    [
        ("drop it", MarkCommitment(2, CommitmentStatus.DROPPED, on=TODAY)),
        ("放掉吧", MarkCommitment(2, CommitmentStatus.DROPPED, on=TODAY)),
        ("smaller", ShrinkCommitment(2, EN.text, 6)),
        ("缩小一点", ShrinkCommitment(2, EN.text, 6)),
        ("keep it", SetDialogue("move", {"id": 2})),
        ("留着吧", SetDialogue("move", {"id": 2})),
        ("周五", MoveCommitment(2, date(2026, 4, 3))),
    ],
)
def test_what_becomes_of_a_missed_one_can_be_said(words: str, effect: object) -> None:
    draft = take_choice(said(words), scene(plan=(EN,)), 2)
    assert draft is not None
    assert effect in draft.effects


def test_missed_three_evenings_in_a_row_without_moving_changes_the_question_as_well() -> None:
    used = tuple(Used("reflection", "missed", turn, date(2026, 3, 32 - turn)) for turn in (1, 2))
    old = promised(ZH.text, date(2026, 3, 30), 1)
    draft = report(said("没发"), scene(plan=(old,), used=used), Intent.MISSED)
    assert [part.key for part in draft.find(Question)] == ["missed_three"]


def test_later_and_not_tonight_are_offered_with_nothing_due_and_say_nothing_themselves() -> None:
    draft = ask(scene())
    assert [choice.data for choice in draft.choices] == ["plan:snooze:0", "plan:not_tonight:0"]
    tap = replace(said(""), tap="plan:snooze:0", quoting=5)
    later = leave_tonight(tap, scene(), "snooze", "0")
    assert (later.parts, later.effects) == ((), (Snooze(5),))
    assert leave_tonight(tap, scene(), "not_tonight").effects == (SkipTonight(5),)


def test_what_has_its_result_is_not_put_off() -> None:
    known = scene(plan=(replace(ZH, status=CommitmentStatus.DONE),))
    draft = leave_tonight(said(""), known, "snooze", "1")
    assert draft.effects == ()
    assert ZH.text in draft.text


@pytest.mark.parametrize(
    "words", ["给阿斌发定价的三个问题，" * 30, "把讲稿" * 60, "send Okafor the grading link and then " * 20]
)
@pytest.mark.parametrize("event", [Event.EVENING_CHECKIN, Event.EVENING_CHECKIN_UNANSWERED_4])
def test_a_long_promise_is_asked_after_by_how_it_begins(words: str, event: Event) -> None:
    known = scene(plan=(promised(words.strip(), TODAY),))
    turn = replace(said("", event=event), language=read_language(words, fallback="zh"))
    draft = build_checkin(turn, known, Chooser(known, "", turn.language))
    assert find_faults(draft, list_sources(turn, known, {})) == ()
