"""The recall itself: what one person said before and what matters of it now.

``open_recall`` makes it, ``start`` loads the embedder and opens Chroma behind it, ``close`` ends it. Between
opening and the embedder being there it answers from words and lenses.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.model import Lens, Recalled
from coaching.ports import Clock
from memory.errors import StorageError
from memory.recall.asking import measure_reading, read_question
from memory.recall.embedder import PACKAGED, Loaded, LoadingStopped, Model, load_model
from memory.recall.encoding import INDEX, EncodeQueue
from memory.recall.events import find_event
from memory.recall.folders import Folders
from memory.recall.fusion import FLOOR, Heard, Hit, Question, hear, search
from memory.recall.indexer import Indexer
from memory.recall.keeper import Keeper, Progress
from memory.recall.kept import KeptVectors
from memory.recall.settling import Answer, settle
from memory.recall.shelf import Shelf
from memory.recall.shelves import MEMORY, Shelves
from memory.recall.store import RecallStore
from memory.recall.times import Period
from memory.recall.tokens import normalise
from memory.recall.vectors import IndexBroken

_log = logging.getLogger(__name__)

KEEP_OPEN = 32  # graphs Chroma keeps in memory, about 3 MB each
_FOUND = 64  # vectors asked of Chroma
_LONGEST_QUERY = 2000  # letters: beyond it an embedder reads nothing and every word is common
_MOMENT = 0.25  # seconds from ``prepare`` to the question: one turn
_LOOK_AGAIN = 30.0  # seconds after which the index looks for changes that another process wrote


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What limits a question, beside its words."""

    since: date | None
    until: date | None
    only_user: bool
    exclude: Sequence[int]


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
        self._setting = embedder
        self._device = device
        self._clock = clock
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="offramp-recall")
        self._store = RecallStore(engine)
        self._shelves = Shelves(self._store, self._pool, memory)
        self._keeper = Keeper(self._store, Folders(home), self._pool, url=chroma_url, keep_open=keep_open)
        self._indexer = Indexer(self._store, self._shelves, self._keeper)
        self._queue: EncodeQueue | None = None
        self._lessons = home / "recall" / "lessons.npz"
        self._kept: KeptVectors | None = None
        self._complaint = ""
        self._behind: asyncio.TaskGroup | None = None
        self._closing = threading.Event()
        self._wake = asyncio.Event()
        self._ready = asyncio.Event()
        self._to_check: set[int] = set()

    # --- opening and closing ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Loads the embedder and opens the index in the background; returns at once."""
        if self._behind is None:
            self._behind = asyncio.TaskGroup()
            await self._behind.__aenter__()
            self._behind.create_task(self._serve())

    async def ready(self) -> None:
        """Waits until the embedder is loaded and the index is open, or has given up."""
        if self._behind is not None:
            await self._ready.wait()

    async def close(self) -> None:
        """Ends what runs in the background. What waits stays listed for the next start."""
        self._closing.set()
        self._wake.set()
        behind, self._behind = self._behind, None
        if behind is not None:
            await behind.__aexit__(None, None, None)
        await self._indexer.close()
        queue, self._queue = self._queue, None
        if queue is not None:
            await asyncio.to_thread(queue.close)
        self._pool.shutdown(wait=False)

    async def _serve(self) -> None:
        try:
            loaded = await asyncio.wrap_future(self._load())
            self._complaint = loaded.complaint
            self._queue = EncodeQueue(loaded.model)
            await self._quietly(self._indexer.open(self._queue))
        except LoadingStopped:
            return
        except StorageError as error:
            self._complaint = f"{error} Recall goes on by words."
        finally:
            self._ready.set()
        while not self._closing.is_set() and self._queue is not None:
            await self._quietly(self._look_after())
            self._wake.clear()
            if self._closing.is_set():
                return
            try:
                async with asyncio.timeout(_LOOK_AGAIN):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _load(self) -> Future[Loaded]:
        """Loads in a daemon thread: a terminal that is closed at once does not wait for torch."""
        coming: Future[Loaded] = Future()

        def load() -> None:
            try:
                setting = self._setting
                made = (
                    load_model(setting, device=self._device, going_on=lambda: not self._closing.is_set())
                    if isinstance(setting, str)
                    else Loaded(setting)
                )
            except BaseException as error:  # noqa: BLE001  # whoever waits for it gets it
                coming.set_exception(error)
            else:
                coming.set_result(made)

        threading.Thread(target=load, name="offramp-load", daemon=True).start()
        return coming

    async def _look_after(self) -> None:
        """Mends the index, takes in what waits, and counts the vectors of people who asked."""
        await self._indexer.mend()
        await self._indexer.index_pending()
        await self._indexer.catch_up()
        while self._to_check and not self._closing.is_set():
            await self._indexer.check(self._to_check.pop())

    async def _quietly(self, work: object) -> None:
        try:
            await work  # type: ignore[misc]  # a coroutine
        except Exception as error:  # noqa: BLE001  # the loop must survive; it tries again
            _log.warning("the index could not be brought up to date: %s", type(error).__name__)
            self._keeper.trouble = f"The index could not be brought up to date ({type(error).__name__})."

    # --- asking -------------------------------------------------------------------------------------------

    async def prepare(self, user_id: int) -> None:
        """Brings a person's messages to hand, while somebody is busy encoding the question."""
        queue = self._queue
        await self._shelves.prepare(user_id, queue.model.name if queue is not None else None)

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
        query = query[:_LONGEST_QUERY]
        queue = self._queue
        reads = measure_reading(queue.model, query) if queue is not None else 0.0
        coming = None
        if queue is not None and vector is None and reads > 0:
            coming = asyncio.wrap_future(queue.submit([query], query=True))
        shelf = await self._shelves.get(user_id, queue.model.name if queue is not None else None, age=_MOMENT)
        question = await self._read(user_id, shelf, query, tuple(lenses))
        heard = await self._keeper.off(lambda: _hear(shelf, question))  # while the question is encoded
        if coming is not None:
            vector = (await coming)[0]
        if vector is not None and reads > 0:
            question = replace(question, vector=vector, reads=reads)
        asked = _Asked(since, until, only_user, exclude)
        hits = await self._search(user_id, shelf, question, heard, asked, 3 * limit)
        fitting = [hit for hit in hits if hit.fit >= floor]
        messages = await self._store.load_messages(user_id, [hit.message_id for hit in fitting])
        return tuple(settle(fitting, messages, limit=limit))

    async def _read(self, user_id: int, shelf: Shelf, query: str, lenses: tuple[Lens, ...]) -> Question:
        """The question; "before I quit" looks at the days before the one on which that was told."""
        today = self._clock.now().date()
        question = read_question(query, today=today, lenses=lenses)
        event = find_event(normalise(query)) if question.period is None else None
        if event is None:
            return question
        about = read_question(event.words, today=today)
        queue = self._queue
        if queue is not None and (reads := measure_reading(queue.model, event.words)) > 0:
            vectors = await asyncio.wrap_future(queue.submit([event.words], query=True))
            about = replace(about, vector=vectors[0], reads=reads)
        mine = _Asked(since=None, until=None, only_user=True, exclude=())
        told = await self._search(user_id, shelf, about, None, mine, 1)
        days = [_day_of(shelf, hit.message_id) for hit in told if hit.fit >= FLOOR]
        if not days:
            return question
        period = Period((), (event.span(days[0]),))
        return read_question(event.rest or query, today=today, lenses=lenses, period=period)

    async def _search(
        self, user_id: int, shelf: Shelf, question: Question, heard: Heard | None, asked: _Asked, limit: int
    ) -> list[Hit]:
        usable = self._keeper.index if self._keeper.is_checked(user_id) else None
        if usable is None and self._keeper.index is not None:
            self._to_check.add(user_id)
            self._wake.set()
        broken = False

        def work() -> list[Hit]:
            nonlocal broken
            found: Sequence[int] | None = None
            if usable is not None and question.vector is not None and question.reads > 0:
                try:
                    found = usable.find(user_id, question.vector, _FOUND)
                except IndexBroken:
                    broken = True
            with shelf.lock:
                allowed = _allowed(shelf, asked)
                return search(shelf, question, found, allowed=allowed, limit=limit, heard=heard)

        hits = await self._keeper.off(work)
        if broken and self._keeper.index is usable:
            await self._keeper.give_up()
            self._wake.set()
        return hits

    def encode(self, texts: list[str]) -> NDArray[np.float32] | None:
        """Unit vectors of questions, one row a text; None while the model loads. Blocking: off the loop."""
        queue = self._queue
        return queue.submit(texts, query=True).result() if queue is not None and texts else None

    def encode_lessons(self, texts: list[str]) -> NDArray[np.float32] | None:
        """Unit vectors of texts that come with the program, behind all other work. Blocking: off the loop.

        They are kept in the home, so only the first start encodes them. None while no model is there, or when
        the index is being closed.
        """
        queue = self._queue
        if queue is None or not texts:
            return None
        if self._kept is None:
            self._kept = KeptVectors(self._lessons, queue.model.name, self._encode_behind)
        return self._kept.encode(texts)

    def _encode_behind(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        queue = self._queue
        if queue is None or self._closing.is_set():
            return None
        coming = queue.submit(texts, query=True, rank=INDEX)
        while not self._closing.is_set():
            with suppress(TimeoutError):
                return coming.result(timeout=1.0)
        return None

    @property
    def reads_han(self) -> bool:
        """Whether the embedder understands Chinese; False while none is loaded."""
        return self._queue is not None and measure_reading(self._queue.model, "这件事由我来决定") > 0.5

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
        return Status(
            embedder=self._queue.model.name if self._queue is not None else "",
            doing=self._indexer.doing,
            indexed=await self._store.count_indexed(),
            waiting=await self._store.count_pending(),
            memory=self._shelves.nbytes,
            trouble=self._complaint or self._keeper.trouble,
        )


def _hear(shelf: Shelf, question: Question) -> Heard:
    with shelf.lock:
        return hear(shelf, question.terms)


def _day_of(shelf: Shelf, message_id: int) -> date:
    with shelf.lock:
        places = shelf.places()
        return date.fromordinal(int(places.days[shelf.places_of([message_id])[0]]))


def _allowed(shelf: Shelf, asked: _Asked) -> NDArray[np.bool_]:
    places = shelf.places()
    allowed = np.ones(len(places.ids), dtype=np.bool_)
    if asked.since is not None:
        allowed &= places.days >= asked.since.toordinal()
    if asked.until is not None:
        allowed &= places.days <= asked.until.toordinal()
    if asked.only_user:
        allowed &= places.mine
    if asked.exclude:
        allowed[shelf.places_of(asked.exclude)] = False
    return allowed


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
