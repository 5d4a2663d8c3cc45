"""What runs behind the answers: loads the embedder, opens the index, and looks after both."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

from memory.errors import StorageError
from memory.recall.embedder import LoadingStopped
from memory.recall.indexer import Indexer
from memory.recall.keeper import Keeper
from memory.recall.models import Models

_log = logging.getLogger(__name__)

_LOOK_AGAIN = 30.0  # seconds after which the index looks for changes that another process wrote


class Behind:
    """One background task, from ``start`` to ``close``.

    Attributes:
        trouble: one sentence where no embedder could be loaded, otherwise empty.
    """

    def __init__(self, models: Models, indexer: Indexer, keeper: Keeper) -> None:
        self._models = models
        self._indexer = indexer
        self._keeper = keeper
        self._task: asyncio.TaskGroup | None = None
        self._wake = asyncio.Event()
        self._ready = asyncio.Event()
        self._to_check: set[int] = set()
        self.trouble = ""

    async def start(self) -> None:
        """Begins; returns at once."""
        if self._task is None:
            self._task = asyncio.TaskGroup()
            await self._task.__aenter__()
            self._task.create_task(self._serve())

    async def ready(self) -> None:
        """Waits until the embedder is loaded and the index is open, or has given up."""
        if self._task is not None:
            await self._ready.wait()

    async def close(self) -> None:
        """Ends after the group of messages that is under way."""
        self._models.closing.set()
        self._wake.set()
        task, self._task = self._task, None
        if task is not None:
            await task.__aexit__(None, None, None)

    def wake(self, user_id: int | None) -> None:
        """Something is to be looked after: this person's vectors, or the whole index."""
        if user_id is not None:
            self._to_check.add(user_id)
        self._wake.set()

    async def _serve(self) -> None:
        try:
            await self._models.load()
            await self._quietly(self._indexer.open())
        except LoadingStopped:
            return
        except StorageError as error:
            self.trouble = f"{error} Recall goes on by words."
        finally:
            self._ready.set()
        while not self._models.closing.is_set() and self._models.wanted is not None:
            await self._quietly(self._look_after())
            self._wake.clear()
            if self._models.closing.is_set():
                return
            try:
                async with asyncio.timeout(_LOOK_AGAIN):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _look_after(self) -> None:
        """Mends the index, takes in what waits, and counts the vectors of people who asked."""
        await self._indexer.mend()
        await self._indexer.index_pending()
        await self._indexer.catch_up()
        while self._to_check and not self._models.closing.is_set():
            await self._indexer.check(self._to_check.pop())

    async def _quietly(self, work: Coroutine[object, object, None]) -> None:
        try:
            await work
        except LoadingStopped:
            return
        except Exception as error:  # noqa: BLE001  # the loop must survive; it tries again
            _log.warning("the index could not be brought up to date: %s", type(error).__name__)
            self._keeper.trouble = f"The index could not be brought up to date ({type(error).__name__})."
