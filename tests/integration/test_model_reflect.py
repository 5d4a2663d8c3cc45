"""``/reflect`` with a language model: four sections, each point on words of theirs, or the playbook's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from coaching.coach import Coach
from coaching.model import Channel, User
from coaching.parts import NextStep, Question, ReplyKind, Section
from tests.conftest import FrozenClock
from tests.fakes.openai import Answer, FakeOpenAI
from tests.fakes.openai.honest import answer_honestly, fill_reflection
from tests.fakes.turns import said, scene
from tests.integration.test_model import MARK, House

LONG = (
    "这周又是改方案改到半夜，其实我最想做的是把那个对账的小工具做完。可是每天一开电脑就有人拉群，"
    "一拉就是半天。我也说不清是不敢拒绝还是真的走不开，反正最后做的都是别人的事。"
    "有一次我把工具给仓库的人看，他们当场就问能不能留着用，那一下我特别清醒。"
)


@pytest.fixture
def coach(model: FakeOpenAI, clock: FrozenClock) -> Coach:
    house = House(model, clock)
    return Coach(replace(house.coach._team, reflector=house.responder))


async def reflect(coach: Coach, words: str = LONG) -> Any:  # noqa: ANN401  # a reply
    turn = replace(said(words), command="reflect", channel=Channel.COMMAND)
    return (await coach.reply_to(turn)).reply


async def test_four_sections_each_on_their_words_then_a_step_and_a_question(coach: Coach) -> None:
    reply = await reflect(coach)
    sections = reply.draft.find(Section)
    assert reply.kind is ReplyKind.REFLECT
    assert [part.key for part in sections] == [
        "reflect-want",
        "reflect-stuck",
        "reflect-why",
        "reflect-could",
    ]
    assert all(quote.text in LONG for part in sections for quote in part.quotes)
    assert len(reply.draft.find(NextStep)) == len(reply.draft.find(Question)) == 1
    assert MARK in reply.text


LIES: dict[str, dict[str, Any]] = {
    "no words of theirs": {"why": ["也许是因为一直没有人接过去，这只是猜。"]},
    "words that are not theirs": {"stuck": ["卡住的地方，听起来就在「我受够这家公司了」这里。"]},
    "the same words twice": {"want": ["「一拉就是半天」里好像有你想要的。"], "stuck": ["「一拉就是半天」。"]},
    "a fact nobody brought": {"why": ["也许是因为「一拉就是半天」，而你太太从去年就在提醒你。"]},
    "a verdict": {"could": ["「一拉就是半天」，是时候离开这家公司了。"]},
    "an empty section": {"could": []},
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_long_form_that_lies_is_not_shown(coach: Coach, model: FakeOpenAI, lie: str) -> None:
    def says(body: dict[str, Any]) -> Answer:
        honest = answer_honestly(body)
        return honest if "want" not in (honest.arguments or {}) else Answer(arguments=told)

    told = fill_reflection(LONG) | LIES[lie]
    model.says = says
    reply = await reflect(coach)
    assert reply.kind is ReplyKind.REFLECT
    assert MARK not in reply.text
    assert len(reply.draft.find(Section)) == 4  # the playbook's


async def test_too_little_to_sort_is_not_sent(coach: Coach, model: FakeOpenAI) -> None:
    assert (await reflect(coach, "就是累。")).kind is ReplyKind.CLARIFY
    assert not model.of("ReflectParts")


async def test_who_switched_the_model_off_has_the_playbooks(model: FakeOpenAI, clock: FrozenClock) -> None:
    house = House(model, clock)
    house.scenes.scene = scene(user=User(1, model_on=False))
    coach = Coach(replace(house.coach._team, reflector=house.responder))
    assert MARK not in (await reflect(coach)).text
    assert not model.asked
