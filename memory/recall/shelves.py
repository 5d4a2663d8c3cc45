"""Keeps the shelves of the people who talk.

Loaded from SQL when first asked for, brought up to date before every question, and put away when memory gets
short.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor

from coaching.model import Lens
from memory.recall.rows import Line, Pending, unpack
from memory.recall.shelf import Entry, Shelf
from memory.recall.store import RecallStore
from memory.recall.tokens import cut, digest, heading_words, indexed_text, is_current

MEMORY = 256 * 2**20  # bytes for all shelves together; about 100,000 messages with the packaged embedder


def entry_from(line: Line, lenses: Sequence[tuple[Lens, float]], vectors: Sequence[bytes] | None) -> Entry:
    """What a shelf takes in: stored tokens and vectors while they are the text's, otherwise new tokens."""
    named, words, asks = line.digest or "", tuple(line.words.split()), line.asks
    if line.text is not None:
        fresh = digest(line.text, line.source)
        if fresh != named:
            made = cut(indexed_text(line.text, line.source))
            named, words, asks, vectors = fresh, made.words, made.asks, None
    return Entry(
        message_id=line.message_id,
        said_at=line.said_at,
        said_on=line.said_on,
        dated=line.dated,
        group=line.group,
        mine=line.mine,
        digest=named,
        words=words,
        asks=asks,
        heading=heading_words(line.source),
        lenses=tuple(lenses),
        vectors=None if vectors is None else unpack(vectors),
    )


class Shelves:
    """The shelves in memory, the least lately used one first to go."""

    def __init__(self, store: RecallStore, pool: Executor, memory: int = MEMORY) -> None:
        self._store = store
        self._pool = pool
        self._memory = memory
        self._held: OrderedDict[int, Shelf] = OrderedDict()
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, user_id: int, embedder: str | None, *, age: float = 0.0) -> Shelf:
        """A person's shelf, with everything that was said until now.

        Args:
            user_id: whose.
            embedder: whose vectors it should hold; None while no embedder is loaded.
            age: seconds since ``prepare`` within which the shelf is taken as it is.
        """
        async with self._turns[user_id]:
            shelf = self._held.get(user_id)
            now = asyncio.get_running_loop().time()
            if shelf is not None and shelf.embedder == embedder and now - shelf.prepared_at < age:
                return shelf
            since = shelf.newest if shelf is not None else None
            mark, pending, newer = await self._store.load_state(user_id, since)
            if shelf is None or not _still_good(shelf, mark, embedder):
                shelf = await self._load(user_id, embedder, mark)
                shelf.settled = _pairs(pending)
                self._keep(user_id, shelf)
            else:
                await self._refresh(user_id, shelf, pending, newer)
            self._held.move_to_end(user_id)
        return shelf

    async def prepare(self, user_id: int, embedder: str | None) -> None:
        """Brings a shelf up to date for a question that is about to be asked."""
        began = asyncio.get_running_loop().time()
        (await self.get(user_id, embedder)).prepared_at = began

    def _keep(self, user_id: int, shelf: Shelf) -> None:
        self._held[user_id] = shelf
        self._held.move_to_end(user_id)
        total = sum(each.nbytes for each in self._held.values())
        while total > self._memory and len(self._held) > 1:
            gone_id, gone = self._held.popitem(last=False)
            total -= gone.nbytes
            if not self._turns[gone_id].locked():
                del self._turns[gone_id]

    async def _load(self, user_id: int, embedder: str | None, mark: int) -> Shelf:
        lines = [line async for page in self._store.stream_lines(user_id) for line in page]
        old = [line.message_id for line in lines if line.text is None and not is_current(line.digest or "")]
        if old:  # another version's tokens: the texts are needed after all
            texts = {line.message_id: line for line in await self._store.load_lines(user_id, old)}
            lines = [texts.get(line.message_id, line) for line in lines]
        vectors: dict[int, list[bytes]] = {}
        if embedder is not None:
            async for page in self._store.stream_vectors(user_id, embedder):
                for message_id, _, packed in page:
                    vectors.setdefault(message_id, []).append(packed)
        lenses = await self._store.load_lenses(user_id)

        def build() -> Shelf:
            shelf = Shelf(embedder=embedder, mark=mark)
            for line in lines:
                shelf.put(entry_from(line, lenses.get(line.message_id, ()), vectors.get(line.message_id)))
            return shelf

        return await asyncio.get_running_loop().run_in_executor(self._pool, build)

    async def _refresh(
        self, user_id: int, shelf: Shelf, pending: Sequence[Pending], newer: Sequence[int]
    ) -> None:
        changed = {each.message_id for each in pending if (each.id, each.message_id) not in shelf.settled}
        unheard = {
            message_id for message_id in newer if message_id not in shelf and message_id not in shelf.passed
        }
        if changed or unheard:
            asked = changed | unheard
            lines = await self._store.load_lines(user_id, asked)
            lenses = await self._store.load_lenses(user_id, asked)
            gone = asked - {line.message_id for line in lines}
            await asyncio.get_running_loop().run_in_executor(self._pool, _put, shelf, lines, lenses, gone)
            shelf.passed |= gone
        shelf.settled = _pairs(pending)

    def apply(
        self,
        user_id: int,
        entries: Iterable[Entry],
        gone: Iterable[int],
        marks: tuple[int, int],
        *,
        embedder: str,
    ) -> None:
        """Takes in what was just indexed, so that this process need not read it again. Blocking, briefly.

        Args:
            user_id: whose.
            entries: the messages with their vectors.
            gone: the messages that were taken out.
            marks: the mark before and after they were written.
            embedder: whose vectors they have.
        """
        shelf = self._held.get(user_id)
        if shelf is None or shelf.embedder != embedder:
            return  # its mark stays behind, so that it is read anew
        before, after = marks
        with shelf.lock:
            if shelf.mark != before:
                return  # somebody else wrote as well: it is read anew
            for message_id in gone:
                shelf.take(message_id)
            for entry in entries:
                shelf.put(entry)
            shelf.mark = after

    def drop(self, user_id: int | None = None) -> None:
        """Puts a person's shelf away, or all of them."""
        if user_id is None:
            self._held.clear()
        else:
            self._held.pop(user_id, None)

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        return sum(shelf.nbytes for shelf in self._held.values())


def _pairs(pending: Sequence[Pending]) -> frozenset[tuple[int, int]]:
    return frozenset((each.id, each.message_id) for each in pending)


def _still_good(shelf: Shelf, mark: int, embedder: str | None) -> bool:
    """Whether a copy can be brought up to date instead of being read anew."""
    if shelf.mark != mark or shelf.gone > 64 + len(shelf) // 3:
        return False
    return embedder is None or shelf.embedder == embedder


def _put(
    shelf: Shelf,
    lines: Sequence[Line],
    lenses: Mapping[int, Sequence[tuple[Lens, float]]],
    gone: Iterable[int],
) -> None:
    with shelf.lock:
        for message_id in gone:
            shelf.take(message_id)
        for line in lines:
            shelf.put(entry_from(line, lenses.get(line.message_id, ()), None))
