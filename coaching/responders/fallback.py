"""An answer in any case: the language model's within its deadline, otherwise the playbook's."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar

from coaching.errors import BudgetSpent, DraftRejected, ModelFailed
from coaching.model import Safety
from coaching.responders.model_parts import Parts
from coaching.thinking import list_sources

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from coaching.model import Scene, Turn
    from coaching.parts import Draft
    from coaching.ports import Clock, Responder
    from coaching.reading import Reading
    from coaching.responders.task import Task

log = logging.getLogger(__name__)

P = TypeVar("P", bound=Parts)
T = TypeVar("T")

FAILURES = 3  # in a row, and the breaker opens
REST = timedelta(seconds=60)
LISTEN_SECONDS = 8.0  # for one short verdict; the deadline when that is shorter


@dataclass(slots=True)
class Tokens:
    """What calls have cost so far, as the provider counts it."""

    read: int = 0
    written: int = 0


class Model(Protocol):
    """A responder that may fail, and listens for danger too."""

    @property
    def spent(self) -> Tokens:
        """Every call of this process."""
        ...

    async def draft(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """See ``ChainResponder``."""
        ...

    async def reflect(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """See ``ChainResponder``."""
        ...

    async def do(self, task: Task[P, T], turn: Turn) -> T:
        """See ``ChainResponder``."""
        ...

    async def listen(self, turn: Turn, scene: Scene) -> Safety:
        """See ``ChainResponder``."""
        ...


@dataclass(slots=True)
class Breaker:
    """Lets a model that failed three times in a row rest for a minute; then one call tries it."""

    clock: Clock
    failures: int = 0
    open_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether nobody is to be asked now."""
        return self.open_until is not None and self.clock.now() < self.open_until

    def failed(self) -> None:
        """Counts a failure."""
        self.failures += 1
        if self.failures >= FAILURES:
            self.open_until = self.clock.now() + REST

    def answered(self) -> None:
        """It answers again."""
        self.failures = 0
        self.open_until = None


class FallbackResponder:
    """Gives a model a total deadline in seconds and a breaker; what it does not answer the playbook does.

    Implements ``Responder``, ``Reflector``, ``Scribe`` and ``SecondListener``.
    """

    def __init__(self, model: Model, playbook: Responder, clock: Clock, *, deadline: float = 20.0) -> None:
        self._model, self._playbook = model, playbook
        self._deadline = deadline
        self._breaker = Breaker(clock)

    @property
    def is_resting(self) -> bool:
        """Whether the model failed so often that it is left alone for now."""
        return self._breaker.is_open

    @property
    def spent(self) -> Tokens:
        """What the model has cost since the start."""
        return self._model.spent

    async def draft(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """The model's draft when it comes in time and holds, otherwise the playbook's."""
        # a boundary has words of its own, chosen with care
        if reading.boundary is None:
            draft = await self._try(scene, lambda: self._model.draft(turn, scene, reading))
            if draft is not None:
                return draft
        draft = await self._playbook.draft(turn, scene, reading)
        if turn.showing is None:
            return draft
        recalled = {each.message.id: each.message.text for each in reading.recalled}
        return turn.showing.settle_for(draft, list_sources(turn, scene, recalled))

    async def reflect(self, turn: Turn, scene: Scene, reading: Reading) -> Draft | None:
        """The model's long form when it comes in time and holds, otherwise None: the playbook has one."""
        return await self._try(scene, lambda: self._model.reflect(turn, scene, reading))

    async def do(self, task: Task[P, T], turn: Turn, scene: Scene) -> T | None:
        """What the model makes of a task in time, otherwise None: what the program has stands."""
        return await self._try(scene, lambda: self._model.do(task, turn))

    async def _try(self, scene: Scene, ask: Callable[[], Awaitable[T]]) -> T | None:
        if scene.user.model_on and not self._breaker.is_open:
            try:
                async with asyncio.timeout(self._deadline):
                    made = await ask()
            except DraftRejected:  # it answers; what it says does not hold
                self._breaker.answered()
            except (TimeoutError, ModelFailed) as error:
                self._fail(error)
            except BudgetSpent:
                log.info("no tokens left today; the playbook answers")
            else:
                self._breaker.answered()
                return made
        return None

    async def listen(self, turn: Turn, scene: Scene) -> Safety | None:
        """The model's verdict on danger, or None when it gave none: then the offline verdict stands."""
        if not scene.user.model_on or self._breaker.is_open:
            return None
        try:
            async with asyncio.timeout(min(self._deadline, LISTEN_SECONDS)):
                return await self._model.listen(turn, scene)
        except (TimeoutError, ModelFailed) as error:
            log.warning("no second verdict on safety: %s", type(error).__name__)
            return None
        except BudgetSpent:
            return None

    def _fail(self, error: Exception) -> None:
        log.warning("the model failed: %s", type(error).__name__)
        self._breaker.failed()
