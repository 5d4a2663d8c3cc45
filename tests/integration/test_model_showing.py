"""A reply that is shown as it comes: only what holds, nothing before the verdict, nothing taken back."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.terminal.chat import _Printer
from coaching.coach import Answer as Reply
from coaching.coach import Coach
from coaching.model import Channel, Safety, Scene, Turn, User
from coaching.parts import Draft, NextStep, Question, ReplyKind, Section
from coaching.showing import Showing
from tests.conftest import FrozenClock
from tests.fakes.openai import Answer, FakeOpenAI, tell
from tests.fakes.openai.honest import answer_honestly, fill_parts, fill_reflection
from tests.fakes.openai.server import _completion
from tests.fakes.turns import SHANGHAI, said, scene
from tests.integration.test_model import BUSY, MARK, House
from tests.integration.test_model_reflect import LONG
from tests.integration.test_model_thread import chat

REFLECTION = fill_parts(BUSY)["reflection"] + "「只有bug是我的」里，好像也有一块是你想要的。"
OTHER = "「只有bug是我的」：" + REFLECTION.partition("：")[2].replace("「只有bug是我的」", "这")
PARTS = fill_parts(BUSY) | {"reflection": REFLECTION}


class Seen:
    """What a person has read so far, each time it grew."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def showing(self) -> Showing:
        return Showing(lambda draft: self.texts.append(draft.text))

    def holds_for(self, answer: Reply) -> bool:
        """Whether every text goes on from the one before, and the reply from the last."""
        texts = [*self.texts, answer.reply.text]
        return all(after.startswith(before) for before, after in itertools.pairwise(texts))


@pytest.fixture
async def model() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI(answers(PARTS)) as server:
        yield server


class Calm(House):
    """A house in which the verdict is there at once; with the model's own the answer may overtake it."""

    def __init__(self, model: FakeOpenAI, clock: FrozenClock, *, deadline: float = 5.0) -> None:
        super().__init__(model, clock, deadline=deadline)
        self.chain.listen = _hear_nothing  # type: ignore[method-assign]  # a listener by script


async def _hear_nothing(turn: Turn, scene: Scene) -> Safety:
    return Safety.NONE


@pytest.fixture
def house(model: FakeOpenAI, clock: FrozenClock) -> House:
    return Calm(model, clock)


@pytest.fixture
def seen() -> Seen:
    return Seen()


async def hears(house: House, seen: Seen, words: str = BUSY, **more: Any) -> Reply:  # noqa: ANN401  # of a Turn
    return await house.coach.reply_to(said(words, showing=seen.showing(), **more))


def answers(parts: dict[str, Any], **more: Any) -> Callable[[dict[str, Any]], Answer]:  # noqa: ANN401  # of an Answer
    """These parts, and an honest verdict."""

    def says(body: dict[str, Any]) -> Answer:
        honest = tell(body) == "CrisisParts"
        return answer_honestly(body) if honest else Answer(arguments=parts, **more)

    return says


async def test_a_reply_is_shown_part_by_part(house: House, seen: Seen) -> None:
    answer = await hears(house, seen)
    assert seen.texts[0] == REFLECTION
    assert len(seen.texts) == 3
    assert seen.texts[-1] == answer.reply.text
    assert seen.holds_for(answer)


async def test_what_is_streamed_costs_what_it_costs(house: House, seen: Seen) -> None:
    await hears(house, seen)
    pairs = zip(house.budget.used, house.budget.reserved, strict=True)
    assert all(used < reserved for used, reserved in pairs)


@pytest.mark.parametrize("wrapped", ["{}", "Sure [1]:\n```json\n{}\n```", "<think>{{no}}</think>{}"])
async def test_json_in_prose_is_shown_as_it_comes_too(
    house: House, model: FakeOpenAI, seen: Seen, wrapped: str
) -> None:
    def says(body: dict[str, Any]) -> Answer:
        return Answer(text=wrapped.replace("{}", answers(PARTS)(body).written()))

    model.says = says
    answer = await hears(house, seen)
    assert seen.texts[0] == REFLECTION
    assert MARK in answer.reply.text


async def test_a_server_that_knows_no_tools_streams_prose(
    house: House, model: FakeOpenAI, seen: Seen
) -> None:
    model.says = lambda body: replace(answers(PARTS)(body), no_tools=True)
    assert MARK in (await hears(house, seen)).reply.text
    assert seen.texts


@pytest.mark.parametrize("way", ["refuses", "answers at once"])
async def test_a_server_that_does_not_stream_is_asked_plainly(
    house: House, model: FakeOpenAI, seen: Seen, way: str
) -> None:
    def says(body: dict[str, Any]) -> Answer:
        if not body.get("stream"):
            return Answer(arguments=PARTS)
        whole = json.dumps(_completion(Answer(arguments=PARTS), body)).encode()
        return Answer(status=400) if way == "refuses" else Answer(raw=whole)

    model.says = says
    assert MARK in (await hears(house, seen)).reply.text
    assert not seen.texts
    asked = len(model.asked)
    assert MARK in (await hears(house, seen)).reply.text
    assert len(model.asked) == asked + 1  # streaming is not tried again


async def test_a_refusal_does_not_end_the_streaming(house: House, model: FakeOpenAI, seen: Seen) -> None:
    model.then(Answer(refusal="no"), Answer(text=""), Answer(text="{" * 90_000), Answer(status=500))
    while model._line:
        assert MARK not in (await hears(house, seen)).reply.text
        house.clock.passes(seconds=61)  # the breaker's rest
    await hears(house, seen)
    assert model.asked[-1].body["stream"]
    assert seen.texts


async def test_nothing_is_shown_before_the_verdict(house: House, model: FakeOpenAI, seen: Seen) -> None:
    shown_before: list[int] = []

    async def hear_late(turn: Turn, scene: Scene) -> Safety:
        while not model.of("TurnParts"):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # the whole answer is there by now
        shown_before.append(len(seen.texts))
        return Safety.NONE

    house.chain.listen = hear_late  # type: ignore[method-assign]  # a listener that is late
    answer = await hears(house, seen)
    assert shown_before == [0]
    assert MARK in answer.reply.text


async def test_a_late_yes_leaves_nothing_shown(model: FakeOpenAI, clock: FrozenClock, seen: Seen) -> None:
    house = House(model, clock)

    def says(body: dict[str, Any]) -> Answer:
        late = tell(body) == "CrisisParts"
        return Answer(arguments={"answer": "yes"}, hang=0.3) if late else Answer(arguments=PARTS)

    model.says = says
    answer = await hears(house, seen)
    assert answer.reply.kind is ReplyKind.CRISIS
    assert model.of("TurnParts")
    assert not seen.texts


async def test_a_part_that_does_not_hold_is_never_shown(house: House, model: FakeOpenAI, seen: Seen) -> None:
    lie = {"reflection": "「我受够了」，听起来上个月你也这么说过，也许是时候了，只是还没有说出口。"}
    model.says = answers(fill_parts(BUSY) | lie)
    answer = await hears(house, seen)
    assert not seen.texts
    assert "受够" not in answer.reply.text


async def test_after_a_bad_later_part_the_repair_goes_on_from_what_was_shown(
    house: House, model: FakeOpenAI, seen: Seen
) -> None:
    bad = PARTS | {"step": PARTS["step"] | {"action": "给13800138000打个电话"}}
    told = [bad, PARTS | {"reflection": OTHER}]

    def says(body: dict[str, Any]) -> Answer:
        return answer_honestly(body) if tell(body) == "CrisisParts" else Answer(arguments=told.pop(0))

    model.says = says
    answer = await hears(house, seen)
    assert seen.texts == [REFLECTION]  # and not the other one, though it holds as well
    assert seen.holds_for(answer)
    assert "138" not in answer.reply.text
    assert len(answer.reply.draft.find(NextStep)) == len(answer.reply.draft.choices) // 3 == 1
    assert REFLECTION[:9] in model.of("TurnParts")[-1].body["messages"][-1]["content"]


@pytest.mark.parametrize("way", ["cut", "drip", "bad twice"])
async def test_whatever_goes_wrong_midway_the_playbook_goes_on_from_what_was_shown(
    model: FakeOpenAI, clock: FrozenClock, seen: Seen, way: str
) -> None:
    house = Calm(model, clock, deadline=0.6 if way == "drip" else 5.0)
    parts = deepcopy(PARTS)
    if way == "bad twice":
        parts["question"] = "你上个月说过要辞职，现在还想吗？"
    elif way == "cut":  # in the middle of the step
        parts["question"] = "？" * 200
    else:
        parts["step"]["if_then"] = "如果" * 300
    model.says = answers(parts, cut=way == "cut", drip=0.03 if way == "drip" else 0.0)
    answer = await hears(house, seen)
    assert seen.texts[0] == REFLECTION
    assert seen.holds_for(answer)
    assert answer.reply.kind is ReplyKind.TURN
    assert len(answer.reply.draft.find(NextStep)) <= 1
    assert len(answer.reply.draft.find(Question)) == 1
    assert MARK not in answer.reply.text


async def test_what_comes_out_of_order_waits_for_its_place(
    house: House, model: FakeOpenAI, seen: Seen
) -> None:
    parts = PARTS
    turned = {name: parts[name] for name in ("question", "step", "reflection", "past", "lenses")}
    model.says = answers(turned)
    answer = await hears(house, seen)
    assert seen.holds_for(answer)
    assert len(answer.reply.draft.find(NextStep)) == 1
    assert MARK in answer.reply.text


async def test_late_at_night_the_first_words_wait_for_the_step(house: House, seen: Seen) -> None:
    answer = await hears(house, seen, at=datetime(2026, 4, 1, 23, 30, tzinfo=SHANGHAI))
    assert seen.texts
    assert seen.holds_for(answer)


async def test_the_playbook_alone_shows_nothing_before_it_answers(house: House, seen: Seen) -> None:
    house.scenes.scene = scene(user=User(1, model_on=False))
    answer = await hears(house, seen)
    assert not seen.texts
    assert answer.reply.kind is ReplyKind.TURN


async def test_the_long_form_is_shown_section_by_section_and_ended_by_the_playbook(
    house: House, model: FakeOpenAI, seen: Seen
) -> None:
    house.coach = Coach(replace(house.coach._team, reflector=house.responder))
    model.says = answer_honestly
    answer = await hears(house, seen, LONG, command="reflect", channel=Channel.COMMAND)
    assert len(seen.texts) >= 4
    assert seen.holds_for(answer)

    bad, half = fill_reflection(LONG), Seen()
    bad["why"] = ["「老板骂了我」，也许是因为上个月的事。"]
    model.says = answers(bad)
    answer = await hears(house, half, LONG, command="reflect", channel=Channel.COMMAND)
    assert half.texts
    assert half.holds_for(answer)
    assert len(answer.reply.draft.find(Section)) == 4
    assert len(answer.reply.draft.find(Question)) == 1


# --- at the doors -------------------------------------------------------------------------------------------


async def test_the_terminal_prints_part_by_part_and_nothing_twice(
    model: FakeOpenAI, clock: FrozenClock, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # the verdict comes first: an answer that overtakes it is printed as a whole
    model.says = lambda body: replace(answers(PARTS)(body), hang=0.0 if tell(body) == "CrisisParts" else 0.2)
    async with chat(tmp_path, clock, model) as (_, door):
        printer, printed = _Printer(), []

        def show(so_far: Draft) -> None:
            printer.begin(so_far.text)
            printed.append(capsys.readouterr().out)

        await door.accept(BUSY)
        (shown,) = [shown async for shown in door.answer(show)]
        printer.reply(shown)
        rest = capsys.readouterr().out
    assert printed[0] == REFLECTION + "\n"
    assert "".join(printed).strip() == shown.text
    assert MARK not in rest
    assert "[1]" in rest


async def test_several_lines_that_waited_are_answered_one_by_one(
    model: FakeOpenAI, clock: FrozenClock, tmp_path: Path, seen: Seen
) -> None:
    async with chat(tmp_path, clock, model) as (_, door):
        await door.accept(BUSY)
        await door.accept(LONG)
        assert len([shown async for shown in door.answer(lambda draft: seen.texts.append(draft.text))]) == 2
    assert not seen.texts
