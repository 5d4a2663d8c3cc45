"""Loads what is slow to load, once, behind whoever waits at the door."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from prompts import load_playbook

if TYPE_CHECKING:
    from coaching.lenses import LensReader
    from coaching.safety import SafetyCheck
    from memory.recall import RecallIndex

log = logging.getLogger(__name__)


class Warming:
    """The embedder, the classifiers, then what the classifiers learn from the embedder."""

    def __init__(
        self,
        behind: asyncio.TaskGroup,
        recall: RecallIndex,
        lenses: LensReader,
        safety: SafetyCheck,
        *,
        sense: bool,
    ) -> None:
        self._behind, self._recall, self._lenses, self._safety = behind, recall, lenses, safety
        self._sense = sense
        self._task: asyncio.Task[None] | None = None
        self._ending = False

    def begin(self) -> None:
        """Begins in the background; once is enough."""
        if self._task is None:
            self._task = self._behind.create_task(self._load())

    async def done(self) -> None:
        """Waits until the coach hears as well as it ever will."""
        self.begin()
        if self._task is not None:
            await self._task

    async def end(self) -> None:
        """Closes the recall; what is still learning gives up."""
        self._ending = True
        await self._recall.close()
        if self._task is not None:
            await self._task

    async def _load(self) -> None:
        if self._ending:
            return
        try:
            await self._recall.start()
            # the first message needs the classifiers before it needs the embedder
            await asyncio.to_thread(self._train)
            await self._recall.ready()
            await asyncio.to_thread(_spare_cores)
            if self._sense:
                await asyncio.to_thread(self._learn_sense)
        except Exception as error:  # noqa: BLE001  # nobody's conversation ends for it: they learn when first used
            log.warning("what loads behind the door did not: %s", type(error).__name__)

    def _train(self) -> None:
        self._safety.assess("你好", "zh")
        self._lenses.read("你好", "zh")
        load_playbook().warm()

    def _learn_sense(self) -> None:
        reads_han, encode = self._recall.reads_han, self._recall.encode_lessons
        # false: no model is there, or the house is being closed
        if self._safety.fit_vectors(encode, reads_han=reads_han):
            self._lenses.fit_vectors(encode, reads_han=reads_han)


def _spare_cores() -> None:
    """One thread for BLAS from now on: the second waits by spinning, 70 ms of a core for each message."""
    # sklearn's own; it sees what is loaded by now, and looks at no library that is just being loaded
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=1, user_api="blas")
