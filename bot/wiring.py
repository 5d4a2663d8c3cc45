"""Where the house is put together: the one place that knows every room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.drain import Drain
from bot.home import prepare_home
from bot.listening import Listen, make_listener
from bot.logs import open_log
from bot.wiping import Wiper
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
    listen: Listen
    warm_up: Callable[[], None]  # loads the embedder and the classifiers in the background; once is enough

    async def ready(self) -> None:
        """Waits until the embedder is loaded, or has given up."""
        await self.recall.start()
        await self.recall.ready()


@asynccontextmanager
async def open_house(
    settings: Settings, *, clock: Clock | None = None, warm: bool = True
) -> AsyncIterator[House]:
    """Opens the database (migrated), the index and the coach, and closes them again.

    With ``warm`` the embedder and the classifiers load at once, in the background; loading them takes seconds
    of a core, so a door with somebody waiting in front of it calls ``warm_up`` when its prompt is there.

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
        drain = Drain(
            journal, coach, exports=settings.home / "exports", wipe=Wiper(journal, recall, settings.home)
        )
        async with asyncio.TaskGroup() as behind:
            warming = _Warming(behind, recall, lenses, safety)
            if warm:
                warming.begin()
            try:
                yield House(
                    settings,
                    clock,
                    journal,
                    recall,
                    coach,
                    drain,
                    make_listener(lenses, safety),
                    warming.begin,
                )
            finally:
                await warming.end()
    finally:
        await engine.dispose()


class _Warming:
    """Loads what is slow to load, once."""

    def __init__(
        self, behind: asyncio.TaskGroup, recall: RecallIndex, lenses: LensReader, safety: SafetyCheck
    ) -> None:
        self._behind, self._recall, self._lenses, self._safety = behind, recall, lenses, safety
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        if self._task is None:
            self._task = self._behind.create_task(self._load())

    async def _load(self) -> None:
        await self._recall.start()
        # the first message needs the classifiers before it needs the embedder
        await asyncio.to_thread(self._train)

    def _train(self) -> None:
        self._lenses.read("你好", "zh")
        self._safety.assess("你好", "zh")

    async def end(self) -> None:
        if self._task is not None:
            await self._task
        await self._recall.close()
