"""``/plan``: at most four turns to a saved line, nothing kept before a yes, and nobody trapped in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import TYPE_CHECKING

import pytest

from coaching.commitments import mark, move_to
from coaching.effects import (
    AddCommitment,
    EndDialogue,
    MarkCommitment,
    MoveCommitment,
    SetDialogue,
    ShrinkCommitment,
)
from coaching.model import CommitmentStatus, Dialogue, Lens, Scene
from coaching.plan_answers import go_on
from coaching.planning import open_plan
from coaching.responders.choosing import Chooser
from tests.fakes.turns import WEDNESDAY, promised, said, scene

if TYPE_CHECKING:
    from coaching.model import Commitment
    from coaching.parts import Draft

FULL = tuple(promised(f"第{name}件事写一页", date(2026, 4, 3), at) for at, name in enumerate("一二三", 1))


@dataclass
class Planner:
    """Somebody planning: keeps the dialogue as the journal would."""

    scene: Scene = field(default_factory=scene)
    kept: list[AddCommitment] = field(default_factory=list)
    last: Draft | None = None

    def opens(self, words: str = "") -> Draft:
        draft = open_plan(said(words), self.scene, Chooser(self.scene, words, "zh"))
        return self._settle(draft)

    def answers(self, words: str = "", *, tap: str | None = None) -> Draft | None:
        assert self.scene.dialogue is not None
        turn = replace(said(words), tap=tap)
        draft = go_on(turn, self.scene, self.scene.dialogue, Chooser(self.scene, words, turn.language))
        return self._settle(draft) if draft is not None else None

    def _settle(self, draft: Draft) -> Draft:
        for effect in draft.effects:
            if isinstance(effect, SetDialogue):
                self.scene = replace(self.scene, dialogue=Dialogue(effect.kind, effect.state, WEDNESDAY))
            elif isinstance(effect, EndDialogue):
                self.scene = replace(self.scene, dialogue=None)
            elif isinstance(effect, AddCommitment):
                self.kept.append(effect)
        self.last = draft
        return draft


def test_a_clear_line_is_read_back_and_kept_after_a_yes() -> None:
    planner = Planner()
    draft = planner.opens("周四晚上九点给阿斌发定价的三个问题，20分钟")
    assert planner.kept == []
    assert "「给阿斌发定价的三个问题」" in draft.text
    assert "如果" in draft.text
    assert draft.text.count("？") == 1
    planner.answers("好")
    (kept,) = planner.kept
    assert (kept.text, kept.due_on, kept.due_time, kept.minutes) == (
        "给阿斌发定价的三个问题",
        date(2026, 4, 2),
        time(21, 0),
        20,
    )
    assert kept.if_then
    assert kept.visible_end
    assert planner.scene.dialogue is None


@pytest.mark.parametrize(
    "words",
    ["没什么会挡", "应该没什么会拦住它", "没啥问题", "nothing comes to mind", "Probably nothing will."],
)
def test_nothing_in_its_way_is_no_obstacle_but_a_yes(words: str) -> None:
    lin = Planner()
    lin.opens("周四午休给Dana看报价页，20分钟")
    lin.answers(words)
    assert [kept.text for kept in lin.kept] == ["给Dana看报价页"]


@pytest.mark.parametrize("words", ["没时间", "没有动力", "孩子生病没办法"])
def test_what_is_missing_is_an_obstacle(words: str) -> None:
    lin = Planner()
    lin.opens("周四午休给Dana看报价页，20分钟")
    lin.answers(words)
    assert lin.kept == []


def test_the_same_in_english() -> None:
    planner = Planner()
    planner.opens("Thursday 7pm draft the first page, 25 minutes")
    planner.answers("yes please")
    assert [(kept.text, kept.due_on, kept.due_time) for kept in planner.kept] == [
        ("draft the first page", date(2026, 4, 2), time(19, 0))
    ]


def test_four_turns_are_enough_for_somebody_who_says_one_thing_at_a_time() -> None:
    planner = Planner()
    turns = [planner.opens(), planner.answers("给阿斌发定价的三个问题"), planner.answers("周四午休，20分钟")]
    turns.append(planner.answers("可能临时开会"))
    assert len(turns) == 4
    assert planner.kept == []
    planner.answers("好")
    (kept,) = planner.kept
    assert (kept.cue, kept.minutes) == ("午休", 20)
    assert "临时开会" in kept.if_then


@pytest.mark.parametrize(
    "words", ["这周要有突破", "多花时间在自己的事情上", "be more visible", "work on the portfolio"]
)
def test_a_direction_is_asked_about_and_not_kept(words: str) -> None:
    planner = Planner()
    draft = planner.opens(words)
    assert words in draft.text
    assert len([mark for mark in draft.text if mark in "?？"]) == 1
    planner.answers("好")
    assert planner.kept == []


def test_who_stays_vague_twice_is_let_go() -> None:
    planner = Planner()
    planner.opens("这周要有突破")
    assert planner.answers("就是想变得更好") is None


def test_more_than_three_lines_are_too_many() -> None:
    draft = Planner().opens("写博客；跑步三次；学英语；整理简历；约两个人聊")
    assert "三件" in draft.text
    assert "「跑步三次」" in draft.text


def test_a_moment_that_is_over_is_not_kept() -> None:
    planner = Planner()
    draft = planner.opens("今天早上八点写一页提纲")
    assert "过" in draft.text
    planner.answers("好")
    assert planner.kept == []


def test_two_lines_are_asked_about_one_after_the_other() -> None:
    planner = Planner()
    planner.opens("周四午休给阿斌发三个问题；周五晚上八点录一遍讲稿")
    draft = planner.answers("好")
    assert draft is not None
    assert "录一遍讲稿" in draft.text
    planner.answers("好")
    assert [kept.text for kept in planner.kept] == ["给阿斌发三个问题", "录一遍讲稿"]


@pytest.mark.parametrize("words", ["算了", "先不存", "no", "never mind"])
def test_a_no_keeps_nothing_and_is_over(words: str) -> None:
    planner = Planner()
    planner.opens("周四午休给阿斌发三个问题")
    planner.answers(words)
    assert planner.kept == []
    assert planner.scene.dialogue is None


@pytest.mark.parametrize(
    "words",
    [
        "今天被客户骂了一顿",
        "今天领导又说我没有大局观，我到底该怎么办？",
        "my boss yelled at me today and I just sat there",
    ],
)
@pytest.mark.parametrize("opening", ["给阿斌发定价的三个问题", "周四午休给阿斌发定价的三个问题", ""])
def test_somebody_with_something_on_their_mind_is_not_held_to_the_plan(opening: str, words: str) -> None:
    planner = Planner()
    planner.opens(opening)
    assert planner.answers(words) is None
    assert planner.kept == []


def test_a_moment_can_be_corrected_before_the_yes() -> None:
    planner = Planner()
    planner.opens("周四午休给阿斌发三个问题")
    planner.answers("改成周五晚上八点")
    planner.answers("好")
    assert [(kept.due_on, kept.due_time) for kept in planner.kept] == [(date(2026, 4, 3), time(20, 0))]


def test_a_fourth_line_asks_which_one_goes() -> None:
    planner = Planner(scene(plan=FULL))
    draft = planner.opens("周四午休给阿斌发三个问题")
    assert [choice.data for choice in draft.choices] == ["room:1", "room:2", "room:3"]
    draft_after = planner.answers("2")
    assert draft_after is not None
    assert MarkCommitment(2, CommitmentStatus.DROPPED, "", date(2026, 4, 1)) in draft_after.effects
    planner.answers("好")
    assert len(planner.kept) == 1


def test_a_number_somewhere_in_a_story_drops_nothing() -> None:
    planner = Planner(scene(plan=FULL))
    planner.opens("周四午休给阿斌发三个问题")
    assert planner.answers("今天开了3个会，一句话都没说上") is None


def test_the_plan_is_shown_with_a_button_for_every_way_it_can_go() -> None:
    draft = Planner(scene(plan=FULL)).opens()
    assert [choice.data for choice in draft.choices[:6]] == [
        f"plan:{name}:1" for name in ("done", "half", "move", "shrink", "split", "drop")
    ]
    assert all(item.text in draft.text for item in FULL)


def test_a_plan_with_nothing_of_their_own_is_shown_that_once_as_a_question() -> None:
    planner = Planner(scene(plan=(replace(FULL[0], lens=Lens.SKILLS), replace(FULL[1], lens=Lens.MONEY))))
    planner.opens("周四午休给阿斌发三个问题")
    draft = planner.answers("好")
    assert draft is not None
    assert "归你" not in draft.text  # the new line's lens is not known, so nothing is claimed


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("done", MarkCommitment(1, CommitmentStatus.DONE, on=date(2026, 4, 1))),
        ("drop", MarkCommitment(1, CommitmentStatus.DROPPED, on=date(2026, 4, 1))),
        ("move", SetDialogue("move", {"id": 1})),
        ("split", SetDialogue("split", {"id": 1})),
        ("shrink", ShrinkCommitment(1, FULL[0].text, 10)),
    ],
)
def test_every_button_does_what_it_says(name: str, effect: object) -> None:
    assert mark(said(""), scene(plan=FULL), name, "1").effects[0] == effect


def test_a_second_tap_says_what_happened_and_changes_nothing() -> None:
    done: Commitment = replace(FULL[0], status=CommitmentStatus.DONE)
    draft = mark(said(""), scene(plan=(done,)), "done", "1")
    assert draft.effects == ()
    assert done.text in draft.text


def test_an_old_keyboard_of_something_gone_says_so() -> None:
    assert mark(said(""), scene(), "done", "1").effects == ()


def test_another_day_moves_it() -> None:
    draft = move_to(said("周五晚上八点"), scene(plan=FULL), {"id": 1})
    assert draft is not None
    assert draft.effects == (MoveCommitment(1, date(2026, 4, 3), time(20, 0), ""), EndDialogue())


@pytest.mark.parametrize("words", ["今天被客户骂了一顿", "我不知道", "昨天上午说好的又变了"])
def test_what_is_no_day_moves_nothing(words: str) -> None:
    draft = move_to(said(words), scene(plan=FULL), {"id": 1})
    assert draft is None or not any(isinstance(effect, MoveCommitment) for effect in draft.effects)
