"""Lying answers: every lie of a file in every scene of its language, and lies about memories."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from coaching.model import Recalled, Turn
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
    """Every lie of a file in every scene."""
    data = tomllib.loads((HERE / name).read_text("utf-8"))
    scenes = tomllib.loads((HERE / "lies.toml").read_text("utf-8"))["scenes"]
    return tuple(lie for scene in scenes for lie in _in_scene(scene, data["lies"]))


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


def list_plain() -> tuple[Lie, ...]:
    """What every lie is built on, before the lie: if one of these is turned away, the count says nothing."""
    scenes = tomllib.loads((HERE / "lies.toml").read_text("utf-8"))["scenes"]
    return tuple(
        Lie("plain", said(s["said"]), remembered(s["memory"], date(2026, 3, 2), OWN), fill_parts(s["said"]))
        for s in scenes
    )
