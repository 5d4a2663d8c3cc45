"""Where the house is put together: the one place that knows every room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.drain import Drain
from bot.home import prepare_home
from bot.logs import open_log
from coaching.coach import Coach
from coaching.housekeeping import About
from coaching.lenses import LensReader
from coaching.responders.playbook import PlaybookResponder
from coaching.safety import SafetyCheck
from coaching.thinking import Team
from memory.recall import RecallIndex, open_recall
from memory.sql.engine import open_engine
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade

if TYPE_CHECKING:
    from bot.settings import Settings
    from coaching.ports import Clock


@dataclass(frozen=True, slots=True)
class House:
    """Every room, open."""

    settings: Settings
    clock: Clock
    journal: Journal
    recall: RecallIndex
    coach: Coach
    drain: Drain


@asynccontextmanager
async def open_house(
    settings: Settings, *, clock: Clock | None = None, warm: bool = True
) -> AsyncIterator[House]:
    """Opens the database (migrated), the index and the coach, and closes them again.

    With ``warm`` the embedder and the classifiers load behind the first prompt.

    Raises:
        HomeUnusable: the home folder cannot be written.
        NewerDatabase: a later Offramp wrote this database.
    """
    clock = clock or SystemClock()
    prepare_home(settings.home)
    open_log(settings.home, settings.log_level)
    engine = open_engine(settings.database)
    try:
        await upgrade(engine)
        journal = Journal(engine, clock)
        recall = open_recall(
            engine,
            settings.home,
            embedder=settings.embedder,
            chroma_url=settings.chroma_url or None,
            clock=clock,
        )
        lenses, safety = LensReader(), SafetyCheck()
        coach = Coach(
            Team(
                scenes=journal,
                recall=recall,
                responder=PlaybookResponder(),
                lenses=lenses,
                safety=safety,
                encoder=recall,
                about=About(home=str(settings.home), country=settings.country or None),
            )
        )
        drain = Drain(journal, coach, exports=settings.home / "exports")
        async with asyncio.TaskGroup() as behind:
            if warm:
                await recall.start()
                behind.create_task(asyncio.to_thread(_warm, lenses, safety))
            try:
                yield House(settings, clock, journal, recall, coach, drain)
            finally:
                await recall.close()
    finally:
        await engine.dispose()


def _warm(lenses: LensReader, safety: SafetyCheck) -> None:
    """Trains the small classifiers before the first message needs them."""
    lenses.read("你好", "zh")
    safety.assess("你好", "zh")
