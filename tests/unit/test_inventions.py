"""A model may reflect and ask; it may not bring facts. All lies of the benches, without a server."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from coaching.errors import DraftRejected
from coaching.intent import Intent
from coaching.lenses import LensReader
from coaching.model import Scene, Turn, User
from coaching.parts import Sources, find_faults
from coaching.reading import Reading, read_turn
from coaching.responders.drafting import build_turn_draft
from coaching.responders.grounding import find_strange
from coaching.responders.inventions import find_inventions
from coaching.responders.model_parts import TurnParts
from tests.bench.lying import OWN, Lie, list_honest, list_lies, list_plain

LENSES = LensReader()
FILES = ("lies.toml", "lies_fresh.toml", "lies_third.toml", "lies_fourth.toml")


@cache
def read(turn: Turn) -> Reading:
    # with time enough, so that no part is left out
    return replace(read_turn(turn, Intent.COACH, LENSES.read(turn.text, turn.language)), minutes=30)


def faults_of(lie: Lie) -> tuple[str, ...]:
    reading = replace(read(lie.turn), recalled=(lie.memory,))
    try:
        draft = build_turn_draft(TurnParts.model_validate(lie.parts), lie.turn, Scene(User(1)), reading)
    except DraftRejected as error:
        return (str(error),)
    sources = Sources(lie.turn.text, {OWN: lie.memory.message.text})
    return find_faults(draft, sources) + find_inventions(draft, sources)


@pytest.mark.parametrize("name", ["honest.toml", "honest_fresh.toml"])
def test_an_honest_answer_passes(name: str) -> None:
    assert [(each.turn.text, faults_of(each)) for each in list_honest(name) if faults_of(each)] == []


def test_what_the_lies_are_told_into_is_itself_honest() -> None:
    assert [(each.turn.text, faults_of(each)) for each in list_plain() if faults_of(each)] == []


@pytest.mark.parametrize("name", FILES)
def test_no_lie_passes(name: str) -> None:
    # each lie in one scene; the bench tells it in all of them
    once = {(lie.kind, lie.words): lie for lie in list_lies(name)}
    assert len(once) > 70
    assert [lie.words for lie in once.values() if not faults_of(lie)] == []


def test_their_own_word_is_no_strange_word() -> None:
    assert find_strange("maybe the warehouse", "the warehouse people love it") == ()
    assert find_strange("maybe the bakery", "the warehouse people love it") == ("bakery",)
