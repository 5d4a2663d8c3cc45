"""Lying answers: every lie of a file in every scene of its language, and lies about memories."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from coaching.errors import DraftRejected
from coaching.intent import Intent
from coaching.lenses import LensReader
from coaching.model import Recalled, Scene, Turn, User
from coaching.parts import Sources, find_faults
from coaching.reading import Reading, read_turn
from coaching.responders.drafting import build_turn_draft
from coaching.responders.inventions import find_inventions
from coaching.responders.model_parts import TurnParts
from tests.fakes.openai.honest import fill_parts, first_clause
from tests.fakes.turns import remembered, said

HERE = Path(__file__).parent
OWN, ANOTHER = 11, 77  # ids of this person's memory, and of somebody else's message
ANOTHERS_WORDS = {"zh": "我下个月就去竞争对手那边上班", "en": "I start at the competitor next month"}


@dataclass(frozen=True)
class Lie:
    """One lying answer to one message."""

    kind: str
    turn: Turn
    memory: Recalled
    parts: dict[str, Any]
    words: str = ""  # as they stand in the file


def list_lies(name: str = "lies.toml") -> tuple[Lie, ...]:
    """Every lie of a file in every scene; a scene with ``only`` is for one class, which has no other."""
    data = tomllib.loads((HERE / name).read_text("utf-8"))
    scenes = data.get("scenes") or tomllib.loads((HERE / "lies.toml").read_text("utf-8"))["scenes"]
    apart = {scene["only"] for scene in scenes if "only" in scene}
    return tuple(
        lie
        for scene in scenes
        for lie in _in_scene(
            scene,
            [g for g in data["lies"] if scene.get("only") == (g["class"] if g["class"] in apart else None)],
        )
    )


def list_honest(name: str = "honest.toml") -> tuple[Lie, ...]:
    """Answers that are no lies, in the same form."""
    found = []
    for raw in tomllib.loads((HERE / name).read_text("utf-8"))["answers"]:
        step = {name: raw.get(name, "") for name in ("action", "done", "if_then", "smaller")}
        parts = {
            "reflection": raw["reflection"],
            "past": None,
            "step": {"minutes": 10, **step},
            "question": raw["question"],
            "lenses": ["ownership"],
        }
        memory = remembered(raw["said"], date(2026, 3, 2), OWN)
        found.append(Lie("honest", said(raw["said"]), memory, parts))
    return tuple(found)


@cache
def read(turn: Turn) -> Reading:
    """What the coach reads in the message, with time enough so that no part is left out."""
    return replace(read_turn(turn, Intent.COACH, _lenses().read(turn.text, turn.language)), minutes=30)


@cache
def _lenses() -> LensReader:
    return LensReader()


def faults_of(lie: Lie) -> tuple[str, ...]:
    """Why an answer is turned away; nothing when a person would read it."""
    reading = replace(read(lie.turn), recalled=(lie.memory,))
    try:
        draft = build_turn_draft(TurnParts.model_validate(lie.parts), lie.turn, Scene(User(1)), reading)
    except DraftRejected as error:
        return (str(error),)
    sources = Sources(lie.turn.text, {OWN: lie.memory.message.text})
    return find_faults(draft, sources) + find_inventions(draft, sources)


def _in_scene(scene: dict[str, str], lies: list[dict[str, Any]]) -> Iterator[Lie]:
    turn = said(scene["said"])
    memory = remembered(scene["memory"], date(2026, 3, 2), OWN)
    for group in lies:
        for words in group.get(scene["lang"], ()):
            parts = fill_parts(scene["said"])
            text = words.replace("{q}", first_clause(scene["said"]))
            if group["at"] in parts:
                parts[group["at"]] = text
            else:
                parts["step"][group["at"]] = text
            yield Lie(group["class"], turn, memory, parts, words)
    for past in _pasts(scene):
        yield Lie("invented memory", turn, memory, fill_parts(scene["said"]) | {"past": past}, str(past))


def _pasts(scene: dict[str, str]) -> Iterator[dict[str, Any]]:
    memory, another = scene["memory"], ANOTHERS_WORDS[scene["lang"]]
    yield {"id": OWN, "words": another}
    yield {"id": OWN, "words": memory[::-1]}
    yield {"id": OWN, "words": memory[: len(memory) // 2] + another}
    yield {"id": OWN, "words": scene["said"]}
    yield {"id": OWN, "words": ""}
    yield {"id": ANOTHER, "words": another}
    yield {"id": ANOTHER, "words": memory}
    yield {"id": 0, "words": memory}
    yield {"id": -1, "words": another}
    yield {"id": 10**12, "words": another}


def list_plain(name: str = "lies.toml") -> tuple[Lie, ...]:
    """What every lie is built on, before the lie: if one of these is turned away, the count says nothing."""
    scenes = tomllib.loads((HERE / name).read_text("utf-8"))["scenes"]
    return tuple(
        Lie("plain", said(s["said"]), remembered(s["memory"], date(2026, 3, 2), OWN), fill_parts(s["said"]))
        for s in scenes
    )
