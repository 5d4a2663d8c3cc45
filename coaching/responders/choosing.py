"""Chooses from the playbook what fits and has not been said lately."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

from coaching.model import Stage
from prompts import PlaybookStep, load_pattern, variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coaching.model import Language, Scene
    from prompts.playbook_data import Entry

E = TypeVar("E", bound="Entry")

_JOB = load_pattern("reading.job")

# rubric.md: a question rests 10 turns and a step 14 days; frames are heard most, so they rest longest
REST_TURNS = {"reflection": 40, "question": 30, "nextstep": 40, "past": 20, "said": 12}
REST_DAYS = 14
MUCH = 3  # a step that takes this many times the time there is has to be cut down
_NEXT_STAGES = {
    Stage.CLARIFY: (Stage.CLARIFY, Stage.TEST, Stage.SHOW, Stage.LEARN),
    Stage.TEST: (Stage.TEST, Stage.CLARIFY, Stage.SHOW, Stage.LEARN),
    Stage.SHOW: (Stage.SHOW, Stage.TEST, Stage.LEARN, Stage.CLARIFY),
    Stage.LEARN: (Stage.LEARN, Stage.SHOW, Stage.TEST, Stage.CLARIFY),
}


class Chooser:
    """The choices of one reply. The same person at the same turn always gets the same."""

    def __init__(
        self, scene: Scene, message: str, language: Language, *, focus: str = "", left: bool = False
    ) -> None:
        """``focus`` are the sentences a cue has to stand in, ``left`` whether they have no job at present."""
        self._scene = scene
        self._message = focus or message
        self._left = left
        self.language = language
        self._rested: dict[tuple[str, str], int] = {}
        for used in scene.used:
            key = (used.kind, used.key)
            self._rested[key] = min(used.turn, self._rested.get(key, used.turn))
        self._recent_steps = {
            used.key
            for used in scene.used
            if used.kind == "nextstep" and self._days_since(used.on) < REST_DAYS
        }

    def _days_since(self, on: object) -> int:
        newest = self._scene.recent[-1].said_on if self._scene.recent else None
        return (newest - on).days if newest is not None else 0  # type: ignore[operator]  # both are dates

    def _shuffled(self, key: str) -> str:
        """An order that differs from person to person and is the same on a replay."""
        return hashlib.blake2s(f"{self._scene.user.id}:{key}".encode(), digest_size=8).hexdigest()

    def _age(self, kind: str, key: str) -> int:
        return self._rested.get((kind, key), 10_000)

    def _fresh(self, kind: str, entries: Iterable[E]) -> list[E]:
        return [entry for entry in entries if self._age(kind, entry.key) > REST_TURNS[kind]]

    def _sayable(self, pool: Iterable[E]) -> list[E]:
        """Without what takes a job for granted, for somebody who has none."""
        return [e for e in pool if not (self._left and _JOB.search(self._words(e)))]

    def _words(self, entry: Entry) -> str:
        """All that could be read of an entry, with the nouns it falls back on."""
        said = entry.says(self.language)
        if not isinstance(entry, PlaybookStep):
            return said
        fallen = [entry.word(name, self.language) for name in ("thing", "person") if f"{{{name}}}" in said]
        return " ".join([said, entry.word("done", self.language), *fallen])

    def entry(self, kind: str, pools: Sequence[Sequence[E]]) -> E:
        """What fits this message, else what fits anything; nothing stale while some is fresh."""
        pools = [self._sayable(pool) or pool for pool in pools]
        for pool in pools:
            fresh = self._fresh(kind, pool)
            fitting = [e for e in fresh if e.fits(self._message)]
            general = [e for e in fresh if not (e.cues_zh or e.cues_en)]
            for candidates in (fitting, general):
                if candidates:
                    return min(candidates, key=lambda e: self._shuffled(e.key))
        usable = [e for pool in pools for e in pool if not (e.cues_zh or e.cues_en) or e.fits(self._message)]
        return max(usable or pools[0], key=lambda e: (self._age(kind, e.key), self._shuffled(e.key)))

    def step(
        self, pools: Sequence[Sequence[PlaybookStep]], stage: Stage, *, minutes: int = 60
    ) -> PlaybookStep | None:
        """A step for this stage that was neither given lately nor declined, or None when all were.

        A step with cues takes something for granted, so it is given only where one of them stands; one that
        takes far longer than the ``minutes`` there are comes after those that do not.
        """
        for pool in [self._sayable(pool) for pool in pools]:
            for wanted in _NEXT_STAGES[stage]:
                free = [
                    step
                    for step in pool
                    if step.stage == wanted
                    and step.key not in self._scene.declined
                    and step.key not in self._recent_steps
                    and self._age("nextstep", step.key) > REST_TURNS["nextstep"]
                ]
                fitting = [step for step in free if step.fits(self._message)]
                for candidates in (fitting, [s for s in free if not (s.cues_zh or s.cues_en)]):
                    if candidates:
                        return min(
                            candidates, key=lambda s: (s.minutes >= MUCH * minutes, self._shuffled(s.key))
                        )
        return None

    def wording(self, key: str, *, shift: int = 0) -> str:
        """One wording of a fixed text, the next one at every turn."""
        return self.pick(key, variants(key, self.language), shift=shift)

    def pick(self, key: str, wordings: Sequence[str], *, shift: int = 0) -> str:
        """One of several wordings, the next one at every turn."""
        start = int(self._shuffled(key), 16)
        return wordings[(start + self._scene.turns + shift) % len(wordings)]
