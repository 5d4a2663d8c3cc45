"""Check-in, review and plan with a language model: it words and reads, the program decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest

from bot.terminal.door import Shown, TerminalDoor
from coaching.coach import Coach
from coaching.effects import MarkCommitment, SetDialogue
from coaching.model import Channel, CommitmentStatus, Dialogue, Event
from coaching.parts import Draft, ReplyKind
from tests.conftest import FrozenClock
from tests.fakes.openai import Answer, FakeOpenAI, tell
from tests.fakes.openai.honest import answer_honestly
from tests.fakes.turns import promised, said, scene
from tests.integration.test_model import House
from tests.integration.test_model_thread import chat

TOLD = "没做成，下午一直在等客户回话，等到最后也没等来，我好像一直在等别人。"
HEARD = {"reflection": "「一直在等别人」：好像这一天不是你在定。", "question": "今晚有哪一小块是自己能定的？"}
DONE = "做完了，把周报脚本给阿杰看了，他说下周想拿去用，我没想到。"
RAMBLING = (
    "这周其实我就想把周报脚本给阿杰看一眼，周四午休吧，就是怕他那天又被拉去开会，"
    "另外要是还有力气的话想写三行项目复盘，周五晚上八点。"
)
LINES = [
    {"what": "把周报脚本给阿杰看一眼", "when": "周四午休", "obstacle": "他那天又被拉去开会"},
    {"what": "写三行项目复盘", "when": "周五晚上八点"},
]


@pytest.fixture
def house(model: FakeOpenAI, clock: FrozenClock) -> House:
    made = House(model, clock)
    made.coach = Coach(replace(made.coach._team, scribe=made.responder))
    return made


def fills(model: FakeOpenAI, shape: str, parts: dict[str, Any]) -> None:
    """The model fills this in, and is honest in everything else."""
    model.says = lambda body: Answer(arguments=parts) if tell(body) == shape else answer_honestly(body)


async def hears(house: House, words: str, **more: Any) -> Draft:  # noqa: ANN401  # of a Turn
    return (await house.coach.reply_to(said(words, **more))).reply.draft


# --- the evening --------------------------------------------------------------------------------------------


async def test_an_evenings_answer_is_heard_in_its_own_words(house: House, model: FakeOpenAI) -> None:
    fills(model, "CheckinParts", HEARD)
    draft = await hears(house, "今天又是开了一天的会，我好像一直在等别人。", event=Event.REPLY_TO_CHECKIN)
    assert draft.kind is ReplyKind.CHECKIN_REPLY
    assert HEARD["reflection"] in draft.text
    assert draft.text.endswith(HEARD["question"])


async def test_what_was_done_is_still_the_programs_to_say(house: House, model: FakeOpenAI) -> None:
    house.scenes.scene = scene(plan=(promised("把周报脚本给阿杰看", date(2026, 4, 1)),))
    heard = {"reflection": "「我没想到」：好像有一点别的东西回来了。", "question": "哪一句是你没想到的？"}
    fills(model, "CheckinParts", heard)
    draft = await hears(house, DONE, event=Event.REPLY_TO_CHECKIN)
    (mark,) = (effect for effect in draft.effects if isinstance(effect, MarkCommitment))
    assert mark.status is CommitmentStatus.DONE
    assert draft.text.index("「把周报脚本给阿杰看」") < draft.text.index(heard["reflection"])
    assert heard["question"] in draft.text


async def test_where_buttons_wait_for_the_answer_the_model_is_not_asked(
    house: House, model: FakeOpenAI
) -> None:
    house.scenes.scene = scene(plan=(promised("把周报脚本给阿杰看", date(2026, 4, 1)),))
    draft = await hears(house, TOLD, event=Event.REPLY_TO_CHECKIN)
    assert draft.choices
    assert not model.of("CheckinParts")


@pytest.mark.parametrize(
    "bad",
    [
        {"reflection": "「我受够了」：好像早就定了。"},
        {"question": "你上个月答应过老板什么？"},
        {"reflection": "「一直在等别人」：你真棒，继续加油！"},
        {"question": "我会明晚提醒你，好吗？还有别的吗？"},
    ],
)
async def test_words_that_do_not_hold_leave_the_playbooks(
    house: House, model: FakeOpenAI, bad: dict[str, str]
) -> None:
    words = "今天又是开了一天的会，我好像一直在等别人。"
    fills(model, "CheckinParts", HEARD | bad)
    draft = await hears(house, words, event=Event.REPLY_TO_CHECKIN)
    assert len(model.of("CheckinParts")) == 2
    assert not any(words in draft.text for words in bad.values())
    model.says = lambda _: Answer(status=500)
    assert draft.text == (await hears(house, words, event=Event.REPLY_TO_CHECKIN)).text


# --- the plan -----------------------------------------------------------------------------------------------


async def plans(house: House, words: str = RAMBLING) -> Draft:
    return await hears(house, words, command="plan", channel=Channel.COMMAND)


def state_of(draft: Draft) -> dict[str, Any]:
    (effect,) = (effect for effect in draft.effects if isinstance(effect, SetDialogue))
    return effect.state


async def test_a_rambling_line_becomes_what_when_and_an_obstacle(house: House, model: FakeOpenAI) -> None:
    fills(model, "PlanParts", {"lines": LINES})
    draft = await plans(house)
    state = state_of(draft)
    (item,) = state["items"]
    assert state["stage"] == "confirm"  # the obstacle was named, so it is not asked for
    assert (item["text"], item["on"], item["cue"]) == ("把周报脚本给阿杰看一眼", "2026-04-02", "午休")
    assert "他那天又被拉去开会" in item["if_then"]
    assert state["queue"] == ["周五晚上八点 写三行项目复盘"]
    assert "把周报脚本给阿杰看一眼" in draft.text
    assert [choice.data for choice in draft.choices] == ["plan:yes", "plan:no"]


@pytest.mark.parametrize(
    "bad",
    [
        {"what": "把周报脚本发给全组"},  # nobody said that
        {"when": "周四下午三点"},  # a moment nobody said
        {"when": "有力气的话"},  # their words, and no moment
        {"obstacle": "老板不同意"},
    ],
)
async def test_a_piece_that_is_not_theirs_leaves_the_reading_to_the_program(
    house: House, model: FakeOpenAI, bad: dict[str, str]
) -> None:
    fills(model, "PlanParts", {"lines": [LINES[0] | bad]})
    draft = await plans(house)
    assert len(model.of("PlanParts")) == 2
    model.says = lambda _: Answer(status=500)
    assert draft == await plans(house)


async def test_a_line_that_is_short_is_read_without_a_model(house: House, model: FakeOpenAI) -> None:
    draft = await plans(house, "周四午休，把周报脚本给阿杰看一眼")
    assert state_of(draft)["items"][0]["cue"] == "午休"
    assert not model.of("PlanParts")


async def test_the_second_line_is_asked_about_when_the_first_is_kept(
    house: House, model: FakeOpenAI, clock: FrozenClock
) -> None:
    fills(model, "PlanParts", {"lines": LINES})
    state = state_of(await plans(house))
    house.scenes.scene = scene(dialogue=Dialogue("plan", state, clock.now()))
    draft = await hears(house, "好")
    (item,) = state_of(draft)["items"]
    assert (item["text"], item["on"]) == ("写三行项目复盘", "2026-04-03")
    assert time.fromisoformat(item["at"]) == time(20)


# --- the week -----------------------------------------------------------------------------------------------

SEEN = ("方案又被客户打回来，我改到半夜，没有一句是我自己的话。", "周会上我讲了方案，讲的全是别人定的话。")


async def enter(door: TerminalDoor, line: str) -> Shown:
    await door.accept(line)
    (shown,) = [shown async for shown in door.answer()]
    return shown


@pytest.mark.parametrize("holds", [True, False])
async def test_a_review_finds_a_thread_and_an_experiment(
    model: FakeOpenAI, tmp_path: Path, *, holds: bool
) -> None:
    clock = FrozenClock(datetime(2026, 4, 1, 2, 0, tzinfo=UTC))
    async with chat(tmp_path, clock, model) as (house, door):
        for words in SEEN:
            await enter(door, words)
            clock.passes(days=1)
        stored = await house.journal.list_messages(
            door.user.id, since=date(2026, 4, 1), until=date(2026, 4, 3)
        )
        ids = [message.id for message in stored]
        pattern = {
            "first": {"id": ids[0], "words": "没有一句是我自己的话"},
            "second": {"id": ids[1] if holds else ids[1] + 900, "words": "讲的全是别人定的话"},
            "sentence": "两处都有话，好像「没有一句是我自己的话」才是累的那一块。",
        }
        step = {
            "action": "在方案里写一句自己的话",
            "minutes": 40,
            "done": "方案里的一句话",
            "if_then": "如果改到半夜，就只写半句",
            "smaller": "写半句",
        }
        fills(model, "ReviewParts", {"pattern": pattern, "experiment": step})
        shown = await enter(door, "/review")
    assert ("4月1日「没有一句是我自己的话」，4月2日「讲的全是别人定的话」" in shown.text) is holds
    assert ("才是累的那一块" in shown.text) is holds
    assert ("15分钟，在方案里写一句自己的话" in shown.text) is holds
    assert "下周" in shown.text
    assert all(words in model.of("ReviewParts")[0].prompt for words in SEEN)
