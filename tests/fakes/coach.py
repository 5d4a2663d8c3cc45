"""The real coach with ears that learn nothing: taps, events and plain reports need no classifier."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.coach import Coach
from coaching.lenses import LensReading
from coaching.model import Lens, Safety
from coaching.ports import Clock
from coaching.responders.playbook import PlaybookResponder
from coaching.thinking import Team
from memory.sql.journal import Journal
from tests.fakes.recall import ListRecall


class _Deaf:
    """Hears no lens and no danger; training the real ears takes nine seconds."""

    def read(self, *_: object) -> LensReading:
        return LensReading(dict.fromkeys(Lens, 0.0), 1.0, (), sure=False)

    def assess(self, *_: object) -> SimpleNamespace:
        return SimpleNamespace(level=Safety.NONE)


def make_coach(engine: AsyncEngine, clock: Clock) -> Coach:
    """A coach who reads and writes the real journal."""
    memory, deaf = ListRecall(), cast("Any", _Deaf())
    return Coach(Team(Journal(engine, clock), memory, PlaybookResponder(), deaf, deaf, memory))
