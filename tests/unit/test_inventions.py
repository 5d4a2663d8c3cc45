"""A model may reflect and ask; it may not bring facts. All lies of the benches, without a server."""

from __future__ import annotations

import pytest

from coaching.responders.grounding import find_strange
from tests.bench.lying import faults_of, list_honest, list_lies, list_plain

EARLIER = [
    pytest.param(name, marks=pytest.mark.slow)
    for name in ("lies_fresh.toml", "lies_third.toml", "lies_fourth.toml", "lies_blind.toml")
]
FILES = ("lies.toml", "lies_blind_second.toml", *EARLIER)


@pytest.mark.parametrize("name", ["honest.toml", "honest_fresh.toml"])
def test_an_honest_answer_passes(name: str) -> None:
    assert [(each.turn.text, faults_of(each)) for each in list_honest(name) if faults_of(each)] == []


@pytest.mark.parametrize(("name", "most"), [("honest_blind.toml", 15), ("honest_blind_second.toml", 7)])
def test_few_honest_answers_are_turned_away(name: str, most: int) -> None:
    # some of these break a rule of turn.md (a day in a step, two questions in one), so none is no aim
    assert len([each for each in list_honest(name) if faults_of(each)]) <= most


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
