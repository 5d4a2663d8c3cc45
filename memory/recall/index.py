"""The recall itself: what one person said before and what matters of it now.

``open_recall`` makes it, ``start`` loads the embedder and opens Chroma behind it, ``close`` ends it. Between
opening and the embedder being there it answers from words and lenses.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.model import Lens, Recalled
from coaching.ports import Clock
from memory.recall.behind import Behind
from memory.recall.embedder import Model
from memory.recall.finding import Asked, Finder
from memory.recall.fitting import FLOOR
from memory.recall.folders import Folders
from memory.recall.index_store import IndexStore
from memory.recall.indexer import Indexer
from memory.recall.keeper import Keeper, Progress
from memory.recall.models import Models
from memory.recall.packaged import PACKAGED
from memory.recall.settling import Answer
from memory.recall.shelves import MEMORY, Shelves

KEEP_OPEN = 32  # graphs Chroma keeps in memory, about 3 MB each


@dataclass(frozen=True, slots=True)
class Status:
    """How the recall is doing, for ``doctor``.

    Attributes:
        embedder: the model whose vectors are used; empty while none is loaded.
        doing: what it is at, in a few words.
        indexed: messages with tokens.
        waiting: changes not yet taken in.
        memory: bytes used by the people who talk.
        trouble: one sentence about the last thing that went wrong; empty when nothing did.
    """

    embedder: str
    doing: str
    indexed: int
    waiting: int
    memory: int
    trouble: str


class RecallIndex:
    """Finds what one person said before. Implements ``coaching.ports.Recall`` and ``Encoder``."""

    def __init__(
        self,
        engine: AsyncEngine,
        home: Path,
        *,
        embedder: str | Model,
        device: str,
        chroma_url: str | None,
        clock: Clock,
        keep_open: int,
        memory: int,
    ) -> None:
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="offramp-recall")
        self._store = IndexStore(engine)
        self._models = Models(embedder, device, home / "recall" / "lessons.npz")
        self._shelves = Shelves(self._store, self._pool, memory)
        self._keeper = Keeper(self._store, Folders(home), self._pool, url=chroma_url, keep_open=keep_open)
        self._indexer = Indexer(self._store, self._shelves, self._keeper, self._models)
        self._behind = Behind(self._models, self._indexer, self._keeper)
        self._finder = Finder(
            self._store, self._shelves, self._keeper, self._models, clock, self._behind.wake
        )

    # --- opening and closing ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Loads the embedder and opens the index in the background; returns at once."""
        await self._behind.start()

    async def ready(self) -> None:
        """Waits until the embedder is loaded and the index is open, or has given up."""
        await self._behind.ready()

    async def close(self) -> None:
        """Ends what runs in the background. What waits stays listed for the next start."""
        await self._behind.close()
        await self._indexer.close()
        await self._models.close()
        self._pool.shutdown(wait=False)

    # --- asking -------------------------------------------------------------------------------------------

    async def prepare(self, user_id: int) -> None:
        """Brings a person's messages to hand, while somebody is busy encoding the question."""
        await self._finder.prepare(user_id)

    async def recall(
        self,
        user_id: int,
        query: str,
        *,
        limit: int = 6,
        since: date | None = None,
        until: date | None = None,
        only_user: bool = False,
        exclude: Sequence[int] = (),
        lenses: Sequence[Lens] = (),
        vector: NDArray[np.float32] | None = None,
        floor: float = FLOOR,
    ) -> tuple[Recalled, ...]:
        """The memories that fit the query, best first; empty when nothing fits. Never a crisis message.

        Args:
            user_id: whose memories; never taken from text.
            query: what is looked for.
            limit: how many at most.
            since: the first local date that counts.
            until: the last one.
            only_user: leaves out what the coach said.
            exclude: ids that must not come back, such as the message being answered.
            lenses: through which the moment is heard; memories heard the same way come up a little.
            vector: the query's own, as ``encode`` made it: a turn costs one embedding.
            floor: the fit below which nothing comes back.
        """
        answers = await self.explain(
            user_id,
            query,
            limit=limit,
            since=since,
            until=until,
            only_user=only_user,
            exclude=exclude,
            lenses=lenses,
            vector=vector,
            floor=floor,
        )
        found: list[Recalled] = []
        best = 1.0
        for answer in answers:
            best = min(best, answer.hit.fit)  # in the order given, a score never rises
            found.append(Recalled(answer.message, round(best, 4), answer.hit.why))
        return tuple(found)

    async def explain(
        self,
        user_id: int,
        query: str,
        *,
        limit: int = 6,
        since: date | None = None,
        until: date | None = None,
        only_user: bool = False,
        exclude: Sequence[int] = (),
        lenses: Sequence[Lens] = (),
        vector: NDArray[np.float32] | None = None,
        floor: float = FLOOR,
    ) -> tuple[Answer, ...]:
        """As ``recall``, with what each leg added."""
        return await self._finder.find(
            user_id,
            query,
            limit=limit,
            asked=Asked(since, until, only_user, exclude),
            lenses=tuple(lenses),
            vector=vector,
            floor=floor,
        )

    def encode(self, texts: list[str]) -> NDArray[np.float32] | None:
        """Unit vectors of questions, one row a text; None while the model loads. Blocking: off the loop."""
        return self._models.encode(texts)

    def encode_lessons(self, texts: list[str]) -> NDArray[np.float32] | None:
        """Unit vectors of texts that come with the program, behind all other work. Blocking: off the loop.

        They are kept in the home, so only the first start encodes them. None while no model is there, or when
        the index is being closed.
        """
        return self._models.encode_lessons(texts)

    @property
    def reads_han(self) -> bool:
        """Whether the embedder understands Chinese; False while none is loaded."""
        return self._models.reads_han

    # --- writing ------------------------------------------------------------------------------------------

    async def index_pending(self, user_id: int | None = None, on_progress: Progress | None = None) -> int:
        """Takes in what waits; see ``Indexer.index_pending``. Call it behind the answer."""
        return await self._indexer.index_pending(user_id, on_progress)

    async def reindex(self, on_progress: Progress | None = None) -> None:
        """Builds everything anew: tokens and vectors that are missing, and Chroma from the stored vectors.

        Waits for the embedder. Where another process writes the index, nothing is done.
        """
        await self.ready()
        await self._indexer.index_pending(None)
        await self._indexer.rebuild(on_progress)

    async def forget(self, user_id: int, message_ids: Sequence[int]) -> None:
        """Takes messages out at once. Call it after the journal has forgotten them."""
        await self._indexer.forget(user_id, message_ids)

    async def forget_user(self, user_id: int) -> bool:
        """Leaves no byte of a person in the index. Call it after the journal has forgotten them.

        Returns:
            False where another process writes the index: it has been told, and does it when it looks next.
        """
        return await self._indexer.forget_user(user_id)

    async def status(self) -> Status:
        """How it is doing."""
        queue = self._models.answering
        return Status(
            embedder=queue.model.name if queue is not None else "",
            doing=self._indexer.doing,
            indexed=await self._store.count_indexed(),
            waiting=await self._store.count_pending(),
            memory=self._shelves.nbytes,
            trouble=self._behind.trouble or self._models.complaint or self._keeper.trouble,
        )


def open_recall(
    engine: AsyncEngine,
    home: Path,
    *,
    clock: Clock,
    embedder: str | Model = PACKAGED,
    device: str = "",
    chroma_url: str | None = None,
    keep_open: int = KEEP_OPEN,
    memory: int = MEMORY,
) -> RecallIndex:
    """The recall over one database and one home. Loads nothing and opens nothing yet; see ``start``.

    Args:
        engine: the journal's, migrated.
        home: the folder in which ``recall/`` is kept.
        clock: tells what "last month" means.
        embedder: ``packaged``, ``hash``, a sentence-transformers model by name or folder, or a model.
        device: what it runs on; see ``load_model``.
        chroma_url: a Chroma server instead of the embedded one.
        keep_open: how many people's graphs Chroma keeps in memory, about 3 MB each.
        memory: bytes for the messages of the people who talk.
    """
    return RecallIndex(
        engine,
        home,
        embedder=embedder,
        device=device,
        chroma_url=chroma_url,
        clock=clock,
        keep_open=keep_open,
        memory=memory,
    )
