"""One turn being thought about: what is known, and how to learn more. It writes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coaching.housekeeping import About
from coaching.parts import Sources
from coaching.responders.choosing import Chooser

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from coaching.lenses import LensReader, LensReading
    from coaching.model import Language, Recalled, Scene, Turn
    from coaching.ports import Encoder, Recall, Responder, SceneReader
    from coaching.safety import SafetyCheck

RECALL_LIMIT = 8
FLOOR = 0.3  # the fit from which a memory answers a question; calibrated in memory/recall/fusion.py
LOOSE = 0.02  # a fit at which a memory is worth a second look


@dataclass(frozen=True, slots=True)
class Team:
    """Who the coach works with: where scenes come from, who recalls, who drafts, who listens."""

    scenes: SceneReader
    recall: Recall
    responder: Responder
    lenses: LensReader
    safety: SafetyCheck
    encoder: Encoder
    about: About = field(default_factory=About)


@dataclass(slots=True)
class Thinking:
    """A turn in its scene. ``messages`` grows with every memory looked at: quotes are checked against it."""

    team: Team
    turn: Turn
    scene: Scene
    vector: NDArray[np.float32] | None = None
    lens: LensReading | None = None
    messages: dict[int, str] = field(default_factory=dict)

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

    @property
    def sources(self) -> Sources:
        """Everything a quote may come from.

        Under 0 stand the words of a dialogue under way and of the offered step, under negative ids the goals.
        """
        scene = self.scene
        planned = {c.id: c.text for c in scene.plan}
        planned |= {-goal.id: f"{goal.text}\n{goal.success}" for goal in scene.goals}
        drafting = [raw["text"] for raw in scene.dialogue.state.get("items", ())] if scene.dialogue else []
        planned[0] = "\n".join([*drafting, scene.offered.text if scene.offered else ""])
        said = {message.id: message.text for message in scene.recent}
        return Sources(self.turn.text, said | self.messages, planned)
