"""Where the house is put together: the one place that knows every room."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.clock import SystemClock
from bot.drain import Drain
from bot.home import prepare_home
from bot.listening import Listen, make_listener
from bot.logs import open_log
from bot.metrics import CountedModel
from bot.settings import silence_tracing
from bot.transcribing import Transcriber, open_transcriber
from bot.warming import Warming
from bot.wiping import Wiper
from coaching.coach import Coach
from coaching.errors import ModelFailed
from coaching.housekeeping import About
from coaching.lenses import LensReader
from coaching.responders.fallback import FallbackResponder
from coaching.responders.playbook import PlaybookResponder
from coaching.safety import SafetyCheck
from coaching.thinking import Team
from memory.recall import RecallIndex, open_recall
from memory.sql.budget import TokenBudget
from memory.sql.engine import open_engine
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade

if TYPE_CHECKING:
    from bot.settings import Settings
    from coaching.ports import Clock

log = logging.getLogger(__name__)


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
    transcriber: Transcriber | None
    learned: Callable[[], Awaitable[None]]  # waits until the coach hears as well as it ever will
    model: FallbackResponder | None = None  # the language model with its breaker

    async def take_in(self, user_id: int) -> None:
        """Writes the index, behind an answer. What fails waits for the next look; words answer meanwhile."""
        try:
            await self.recall.index_pending(user_id)
        except Exception as error:  # noqa: BLE001  # the conversation survives whatever happens to an index
            log.warning("the index was not written: %s", type(error).__name__)

    async def ready(self) -> None:
        """Waits until the embedder is loaded, or has given up."""
        await self.recall.start()
        await self.recall.ready()


@asynccontextmanager
async def open_house(
    settings: Settings, *, clock: Clock | None = None, warm: bool = True, sense: bool = True
) -> AsyncIterator[House]:
    """Opens the database (migrated), the index and the coach, and closes them again.

    With ``warm`` the embedder and the classifiers load at once, in the background; loading them takes seconds
    of a core, so a door with somebody waiting in front of it calls ``warm_up`` when its prompt is there.
    Without ``sense`` the classifiers go by words alone, as they do until they have learned more.

    Raises:
        HomeUnusable: the home folder cannot be written.
        NewerDatabase: a later Offramp wrote this database.
    """
    clock = clock or SystemClock()
    prepare_home(settings.home)
    open_log(settings.home, settings.log_level, settings.log_format)
    engine = open_engine(settings.database)
    try:
        await upgrade(engine)
        if settings.workers:
            from memory.sql.waking import prepare_queue  # procrastinate, for who has workers

            await prepare_queue(engine)
        journal = Journal(engine, clock)
        recall = open_recall(
            engine,
            settings.home,
            embedder=settings.embedder,
            device=settings.device,
            chroma_url=settings.chroma_url or None,
            clock=clock,
        )
        lenses, safety = LensReader(), SafetyCheck()
        budget = open_budget(settings, journal, clock)
        modelled = open_responder(settings, budget, clock)
        coach = Coach(
            Team(
                scenes=journal,
                recall=recall,
                responder=modelled or PlaybookResponder(),
                lenses=lenses,
                safety=safety,
                encoder=recall,
                about=About(
                    home=str(settings.home),
                    model=settings.model if modelled else "",
                    country=settings.country or None,
                ),
                second=modelled,
                reflector=modelled,
                scribe=modelled,
                budget=budget,
            )
        )
        drain = Drain(
            journal, coach, exports=settings.home / "exports", wipe=Wiper(journal, recall, settings.home)
        )
        async with asyncio.TaskGroup() as behind:
            warming = Warming(behind, recall, lenses, safety, sense=sense)
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
                    open_transcriber(settings),
                    warming.done,
                    modelled,
                )
            finally:
                await warming.end()
    finally:
        await engine.dispose()


def open_budget(settings: Settings, journal: Journal, clock: Clock) -> TokenBudget:
    """What a language model may cost."""
    return TokenBudget(journal, clock, each=settings.tokens_per_day, everyone=settings.tokens_per_day_all)


def open_responder(settings: Settings, budget: TokenBudget, clock: Clock) -> FallbackResponder | None:
    """The coach with a language model, or None where none is set or it cannot be opened; the log says why."""
    if not settings.model:
        return None
    if not settings.tracing:
        silence_tracing()
    from coaching.responders.chain import ChainResponder, open_model  # a second of imports, for who wants it

    try:
        model = open_model(
            settings.model,
            base_url=settings.model_base_url,
            api_key=settings.model_api_key.get_secret_value(),
            deadline=settings.model_deadline,
        )
    except ModelFailed as error:
        log.error("%s; the playbook answers", error)  # noqa: TRY400  # a sentence, no stack
        return None
    return FallbackResponder(
        CountedModel(ChainResponder(model, budget)),
        PlaybookResponder(),
        clock,
        deadline=settings.model_deadline,
    )
