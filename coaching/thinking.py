"""One turn being thought about: what is known, and how to learn more. It writes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from coaching.housekeeping import About
from coaching.parts import Sources
from coaching.responders.choosing import Chooser

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from coaching.lenses import LensReader, LensReading
    from coaching.model import Goal, Language, Piece, Recalled, Record, Scene, Turn
    from coaching.ports import (
        Budget,
        Encoder,
        Recall,
        Reflector,
        Responder,
        SceneReader,
        Scribe,
        SecondListener,
    )
    from coaching.safety import SafetyCheck

RECALL_LIMIT = 8
FLOOR = 0.38  # the fit from which a memory answers a question; calibrated in memory/recall/fitting.py
LOOSE = 0.02  # a fit at which a memory is worth a second look


@dataclass(frozen=True, slots=True)
class Team:
    """Who the coach works with: where scenes come from, who recalls, drafts, listens, and listens again."""

    scenes: SceneReader
    recall: Recall
    responder: Responder
    lenses: LensReader
    safety: SafetyCheck
    encoder: Encoder
    about: About = field(default_factory=About)
    second: SecondListener | None = None
    reflector: Reflector | None = None
    scribe: Scribe | None = None
    budget: Budget | None = None


@dataclass(slots=True)
class Thinking:
    """A turn in its scene. ``messages`` grows with every memory looked at: quotes are checked against it."""

    team: Team
    turn: Turn
    scene: Scene
    vector: NDArray[np.float32] | None = None
    lens: LensReading | None = None
    messages: dict[int, str] = field(default_factory=dict)
    goals_before: dict[int, str] = field(default_factory=dict)
    promised: dict[int, str] = field(default_factory=dict)

    @property
    def language(self) -> Language:
        """The language to answer in."""
        return self.turn.language

    @property
    def choose(self) -> Chooser:
        """Chooses texts for this turn."""
        return Chooser(self.scene, self.turn.text, self.turn.language)

    def hear(self, words: str) -> LensReading:
        """The lens of some words. Blocking, about a millisecond."""
        vector = self.vector if words == self.turn.text else None
        return self.team.lenses.read(words, self.language, vector)

    async def listen(self, words: str) -> LensReading:
        """The lens of the whole turn, kept for the answer."""
        self.lens = await asyncio.to_thread(self.hear, words)
        return self.lens

    async def recall(
        self, query: str, *, limit: int = RECALL_LIMIT, loosely: bool = False
    ) -> tuple[Recalled, ...]:
        """The person's own statements that fit; ``loosely`` where the caller looks again at what comes."""
        found = await self.team.recall.recall(
            self.turn.user_id,
            query,
            limit=limit,
            only_user=True,
            lenses=self.lens.lenses if self.lens else (),
            vector=self.vector if query == self.turn.text else None,
            floor=LOOSE if loosely else FLOOR,
        )
        self.messages |= {each.message.id: each.message.text for each in found}
        return found

    async def know_goals(self) -> tuple[Goal, ...]:
        """Every goal there was; their words may be quoted from then on."""
        history = await self.team.scenes.list_goals(self.turn.user_id, ended=True)
        self.goals_before |= {-goal.id: f"{goal.text}\n{goal.success}" for goal in history}
        return history

    async def know_records(self, *kinds: str) -> tuple[Record, ...]:
        """What the tools keep, oldest first; the messages behind it may be quoted from then on.

        Words that stand in no message any more, because it was edited, are left out.
        """
        scenes, user_id = self.team.scenes, self.turn.user_id
        records = await scenes.list_records(user_id, *kinds)
        pieces = [piece for record in records for piece in record.pieces.values()]
        ids = {piece.message_id for piece in pieces if piece.message_id is not None}
        said = {m.id: m.text for m in await scenes.list_said(user_id, tuple(sorted(ids)))}
        self.messages |= said
        for piece in pieces:
            if piece.commitment_id is not None:
                self.vouch(piece.commitment_id, piece.text)

        def stands(piece: Piece) -> bool:
            return piece.commitment_id is not None or piece.text in said.get(piece.message_id or 0, "")

        return tuple(
            replace(record, pieces={name: p for name, p in record.pieces.items() if stands(p)})
            for record in records
        )

    def vouch(self, commitment_id: int, words: str) -> None:
        """These words of an earlier promise may be quoted."""
        self.promised[commitment_id] = f"{self.promised.get(commitment_id, '')}\n{words}"

    @property
    def sources(self) -> Sources:
        """Everything a quote may come from.

        Under 0 stand the words of a dialogue under way and of the offered step, under negative ids the goals.
        """
        known = list_sources(self.turn, self.scene, self.messages)
        planned = self.goals_before | dict(known.commitments)
        earlier = {n: f"{planned.get(n, '')}\n{words}" for n, words in self.promised.items()}
        return replace(known, commitments=planned | earlier)


def list_sources(turn: Turn, scene: Scene, messages: Mapping[int, str]) -> Sources:
    """What is known in a scene, and the stored messages that were looked at for it."""
    planned = {c.id: c.text for c in scene.plan}
    planned |= {-goal.id: f"{goal.text}\n{goal.success}\n{goal.horizon}" for goal in scene.goals}
    state = scene.dialogue.state if scene.dialogue else {}
    drafting = [*(raw["text"] for raw in state.get("items", ())), *state.get("queue", ())]
    planned[0] = "\n".join([*drafting, scene.offered.text if scene.offered else ""])
    said = {message.id: message.text for message in scene.recent}
    return Sources(turn.text, said | dict(messages), planned)
