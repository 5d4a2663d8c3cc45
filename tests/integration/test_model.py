"""The coach with a language model: a real client, a server on loopback, every way to go wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from langsmith import utils

from bot.settings import TRACING, silence_tracing
from coaching.coach import Answer as Reply
from coaching.coach import Coach
from coaching.intent import Intent
from coaching.lenses import LensReader
from coaching.model import Safety, Scene, Turn, User
from coaching.parts import NextStep, Past, ReplyKind
from coaching.reading import read_turn
from coaching.responders.chain import ChainResponder, open_model
from coaching.responders.fallback import FallbackResponder
from coaching.responders.playbook import PlaybookResponder
from coaching.safety import SafetyCheck
from coaching.thinking import Team
from tests.conftest import FrozenClock
from tests.fakes.openai import Answer, FakeOpenAI
from tests.fakes.openai.budget import NoLimit, Spent
from tests.fakes.openai.honest import answer_honestly, fill_parts
from tests.fakes.recall import ListRecall
from tests.fakes.turns import remembered, said, scene

LENSES, SAFETY = LensReader(), SafetyCheck()
BUSY = "需求是产品的，排期是项目经理的，只有bug是我的。"
MARK = "这里面哪一块，你说了就算？"  # the honest model's question: only it asks that


class OneScene:
    """A journal that knows one person."""

    def __init__(self) -> None:
        self.scene = scene()

    async def load_scene(self, user_id: int, now: object) -> Scene:
        return self.scene


class House:
    """A coach whose model is the fake."""

    def __init__(self, model: FakeOpenAI, clock: FrozenClock, *, deadline: float = 5.0) -> None:
        self.clock, self.scenes, self.memory, self.budget = clock, OneScene(), ListRecall(), NoLimit()
        chat = open_model("openai:fake", base_url=model.base_url, deadline=deadline)
        self.chain = ChainResponder(chat, self.budget)
        self.responder = FallbackResponder(self.chain, PlaybookResponder(), clock, deadline=deadline)
        self.coach = Coach(
            Team(
                scenes=self.scenes,  # type: ignore[arg-type]  # as much of a journal as a turn reads
                recall=self.memory,
                responder=self.responder,
                lenses=LENSES,
                safety=SAFETY,
                encoder=self.memory,
                second=self.responder,
            )
        )

    async def hears(self, words: str) -> Reply:
        return await self.coach.reply_to(said(words))


@pytest.fixture
def house(model: FakeOpenAI, clock: FrozenClock) -> House:
    return House(model, clock)


def spoke(answer: Reply) -> str:
    """Who made the reply."""
    return "model" if MARK in answer.reply.text else "playbook"


async def test_an_honest_model_speaks_in_parts_of_ours(house: House) -> None:
    answer = await house.hears(BUSY)
    (step,) = answer.reply.draft.find(NextStep)
    assert spoke(answer) == "model"
    assert "「排期是项目经理的」" in answer.reply.text
    assert step.minutes == 10
    assert step.if_then
    assert [choice.data for choice in answer.reply.draft.choices] == [
        "step:do",
        "step:smaller",
        "step:not_this",
    ]


async def test_a_model_without_tools_writes_json_instead(house: House, model: FakeOpenAI) -> None:
    model.says = lambda body: replace(answer_honestly(body), no_tools=True)
    assert spoke(await house.hears(BUSY)) == "model"
    asked = len(model.asked)
    assert spoke(await house.hears(BUSY)) == "model"
    assert len(model.asked) == asked + 2  # the tools are not tried again


FENCED = "Sure!\n```json\n{}\n```\nAnything else?"


@pytest.mark.parametrize("wrapped", ["{}", FENCED, "<think>{{no}}</think>{}"])
async def test_json_in_text_is_read(house: House, model: FakeOpenAI, wrapped: str) -> None:
    def says(body: dict[str, object]) -> Answer:
        return Answer(text=wrapped.replace("{}", answer_honestly(body).written()))

    model.says = says
    assert spoke(await house.hears(BUSY)) == "model"


FAULTS = {
    "prose": Answer(text="That sounds hard. Have you thought about talking to someone?"),
    "empty": Answer(text=""),
    "half an object": Answer(arguments_text='{"reflection": "「只有bug'),
    "wrong types": Answer(arguments={"reflection": 7, "step": "soon"}),
    "refusal": Answer(refusal="I cannot help with that."),
    "429": Answer(status=429, retry_after=30),
    "500": Answer(status=500),
    "401": Answer(status=401, text="no such key"),
    "cut": Answer(arguments=fill_parts(BUSY), cut=True),
    "no json at all": Answer(raw=b"\x00\xff<html>\xe4\xb8"),
    "huge": Answer(text="{" * 3_000_000),
    "garbage": Answer(arguments=fill_parts(BUSY) | {"reflection": "\u202e\ufffd\u0336" * 90}),
    "hang": Answer(hang=60),
    "drip": Answer(arguments=fill_parts(BUSY), drip=0.2),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_goes_wrong_the_playbook_answers(
    model: FakeOpenAI, clock: FrozenClock, fault: str
) -> None:
    house = House(model, clock, deadline=0.4 if fault in ("hang", "drip") else 5.0)
    model.says = lambda _: FAULTS[fault]
    answer = await house.hears(BUSY)
    assert spoke(answer) == "playbook"
    assert answer.reply.kind is ReplyKind.TURN
    assert len(answer.reply.text) > 40


async def test_a_server_that_is_not_there_costs_an_answer_nothing(
    model: FakeOpenAI, clock: FrozenClock
) -> None:
    house = House(model, clock)
    await model.stop()
    assert spoke(await house.hears(BUSY)) == "playbook"


async def test_after_three_failures_the_model_is_left_alone_for_a_minute(
    house: House, model: FakeOpenAI, clock: FrozenClock
) -> None:
    model.says = lambda _: Answer(status=500)
    for _ in range(3):
        await house.hears(BUSY)
    asked = len(model.asked)
    model.says = answer_honestly
    assert spoke(await house.hears(BUSY)) == "playbook"
    assert len(model.asked) == asked
    clock.passes(seconds=61)
    assert spoke(await house.hears(BUSY)) == "model"


async def test_a_draft_that_lies_is_repaired_once(house: House, model: FakeOpenAI) -> None:
    lie = fill_parts(BUSY) | {"reflection": "「我受够了」，听起来你上个月也这么说过，也许是时候了。"}
    told = [lie]

    def says(body: dict[str, object]) -> Answer:
        if answer_honestly(body).arguments == {"answer": "no"} or not told:
            return answer_honestly(body)
        return Answer(arguments=told.pop())

    model.says = says
    assert spoke(await house.hears(BUSY)) == "model"
    first, second = model.of("TurnParts")
    assert "quote not said" in second.prompt
    assert first.prompt in second.prompt


async def test_a_model_that_insists_on_its_lie_is_not_heard(house: House, model: FakeOpenAI) -> None:
    lie = Answer(
        arguments=fill_parts(BUSY) | {"reflection": "「我受够了」，听起来早就定了，只是还没说出口。"}
    )
    model.says = lambda _: lie
    answer = await house.hears(BUSY)
    assert spoke(answer) == "playbook"
    assert "受够" not in answer.reply.text
    assert len(model.of("TurnParts")) == 2


async def test_the_past_is_rendered_by_us_from_an_id_and_their_words(house: House, model: FakeOpenAI) -> None:
    memory = remembered("排期是项目经理的，我说了不算，问了也没用。", date(2026, 3, 2), 11).message
    house.memory.stored.append(memory)

    def says(body: dict[str, object]) -> Answer:
        honest = answer_honestly(body)
        past = {"id": 11, "words": "我说了不算", "pulls": "same"}
        return (
            honest
            if "answer" in (honest.arguments or {})
            else Answer(arguments=(honest.arguments or {}) | {"past": past})
        )

    model.says = says
    answer = await house.hears(BUSY)
    (past,) = answer.reply.draft.find(Past)
    assert "3月2日" in past.text
    assert answer.reply.cited == (11,)


@pytest.mark.parametrize("verdict", ["yes", "unsure"])
async def test_what_the_first_check_missed_the_second_asks_about(
    house: House, model: FakeOpenAI, verdict: str
) -> None:
    def says(body: dict[str, object]) -> Answer:
        honest = answer_honestly(body)
        return Answer(arguments={"answer": verdict}) if "answer" in (honest.arguments or {}) else honest

    model.says = says
    answer = await house.hears(BUSY)
    assert answer.safety is (Safety.PASSIVE if verdict == "yes" else Safety.UNSURE)
    assert answer.reply.kind is ReplyKind.CRISIS
    assert MARK not in answer.reply.text


async def test_a_verdict_is_not_kept_waiting_by_the_answer(house: House, model: FakeOpenAI) -> None:
    def says(body: dict[str, object]) -> Answer:
        honest = answer_honestly(body)
        return (
            Answer(arguments={"answer": "yes"}) if "answer" in (honest.arguments or {}) else Answer(hang=60)
        )

    model.says = says
    assert (await house.hears(BUSY)).reply.kind is ReplyKind.CRISIS


async def test_a_second_check_that_fails_leaves_the_first_verdict(house: House, model: FakeOpenAI) -> None:
    def says(body: dict[str, object]) -> Answer:
        honest = answer_honestly(body)
        return Answer(status=500) if "answer" in (honest.arguments or {}) else honest

    model.says = says
    answer = await house.hears(BUSY)
    assert answer.safety is Safety.NONE
    assert spoke(answer) == "model"


async def test_the_model_is_not_asked_where_the_first_check_has_decided(
    house: House, model: FakeOpenAI
) -> None:
    answer = await house.hears("我不想活了")
    assert answer.reply.kind is ReplyKind.CRISIS
    assert not model.asked


async def test_nothing_is_sent_for_somebody_who_switched_the_model_off(
    house: House, model: FakeOpenAI
) -> None:
    house.scenes.scene = scene(user=User(1, model_on=False))
    assert spoke(await house.hears(BUSY)) == "playbook"
    assert not model.asked
    house.scenes.scene = scene(user=User(1))
    assert spoke(await house.hears(BUSY)) == "model"


async def test_a_tracing_service_hears_nothing(
    house: House, model: FakeOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeOpenAI() as service:
        monkeypatch.setenv("LANGSMITH_ENDPOINT", service.base_url)
        monkeypatch.setenv("LANGSMITH_API_KEY", "canary")
        for name in TRACING:  # set by whoever set up the machine
            monkeypatch.setenv(name, "true")
        silence_tracing()
        utils.get_env_var.cache_clear()  # type: ignore[attr-defined]  # an lru_cache under an overload
        assert not utils.tracing_is_enabled()
        assert spoke(await house.hears(BUSY)) == "model"
        assert not service.asked


async def test_without_tokens_nothing_is_sent(model: FakeOpenAI, clock: FrozenClock) -> None:
    house = House(model, clock)
    house.chain._budget = Spent()
    assert spoke(await house.hears(BUSY)) == "playbook"
    assert not model.asked


async def test_every_call_is_reserved_and_settled_with_what_it_cost(house: House, model: FakeOpenAI) -> None:
    await house.hears(BUSY)
    assert len(house.budget.reserved) == len(house.budget.used) == len(model.asked) == 2
    assert all(
        used < reserved for used, reserved in zip(house.budget.used, house.budget.reserved, strict=True)
    )


async def test_a_boundary_keeps_its_own_words(house: House, model: FakeOpenAI) -> None:
    answer = await house.hears("公司让我签离职协议，签了算不算自愿离职，能拿赔偿吗？")
    assert answer.reply.kind is ReplyKind.BOUNDARY
    assert not model.of("TurnParts")


async def test_no_advice_means_no_step_whatever_the_model_says(model: FakeOpenAI, clock: FrozenClock) -> None:
    house = House(model, clock)
    turn: Turn = said(BUSY)
    reading = read_turn(turn, Intent.COACH, LENSES.read(turn.text, turn.language))
    draft = await house.responder.draft(turn, scene(), replace(reading, no_advice=True))
    assert not draft.find(NextStep)
    assert MARK in draft.text
