"""Answers a question from one person's shelf and Chroma: read it, hear its words, search, settle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from coaching.model import Lens
from coaching.ports import Clock
from memory.chroma.vectors import IndexBroken
from memory.recall.asking import measure_reading, read_question
from memory.recall.encoding import EncodeQueue, QueueClosed
from memory.recall.events import find_event
from memory.recall.fitting import FLOOR, Question
from memory.recall.fusion import Heard, Hit, hear, search
from memory.recall.keeper import Keeper
from memory.recall.models import Models
from memory.recall.settling import Answer, settle
from memory.recall.shelf import Shelf
from memory.recall.shelves import Shelves
from memory.recall.store import RecallStore
from memory.recall.times import Period
from memory.recall.tokens import normalise

_FOUND = 64  # vectors asked of Chroma
_LONGEST_QUERY = 2000  # letters: beyond it an embedder reads nothing and every word is common
_MOMENT = 0.25  # seconds from ``prepare`` to the question: one turn


@dataclass(frozen=True, slots=True)
class Asked:
    """What limits a question, beside its words; see ``RecallIndex.recall``."""

    since: date | None = None
    until: date | None = None
    only_user: bool = False
    exclude: Sequence[int] = ()


class Finder:
    """Looks for what fits a question.

    Args:
        store: the journal's side.
        shelves: everybody's messages in memory.
        keeper: Chroma.
        models: the embedding models.
        clock: tells what "last month" means.
        look_after: called with a person whose vectors in Chroma nobody has counted yet, or with None when
            Chroma broke.
    """

    def __init__(
        self,
        store: RecallStore,
        shelves: Shelves,
        keeper: Keeper,
        models: Models,
        clock: Clock,
        look_after: Callable[[int | None], None],
    ) -> None:
        self._store = store
        self._shelves = shelves
        self._keeper = keeper
        self._models = models
        self._clock = clock
        self._look_after = look_after

    async def prepare(self, user_id: int) -> None:
        """Brings a person's messages to hand, while somebody is busy encoding the question."""
        queue = self._models.answering
        await self._shelves.prepare(user_id, queue.model.name if queue is not None else None)

    async def find(
        self,
        user_id: int,
        query: str,
        *,
        limit: int,
        asked: Asked,
        lenses: tuple[Lens, ...],
        vector: NDArray[np.float32] | None,
        floor: float,
    ) -> tuple[Answer, ...]:
        """The answers in their order; see ``RecallIndex.recall`` for what is handed in."""
        query = query[:_LONGEST_QUERY]
        queue = self._models.answering
        reads = measure_reading(queue.model, query) if queue is not None else 0.0
        if queue is not self._models.wanted:
            vector = None  # the wanted model made it, and the one before it answers
        coming = None
        if queue is not None and vector is None and reads > 0:
            coming = asyncio.wrap_future(queue.submit([query], query=True))
        shelf = await self._shelves.get(user_id, queue.model.name if queue is not None else None, age=_MOMENT)
        question = await self._read(user_id, shelf, queue, query, lenses)
        heard = await self._keeper.off(lambda: _hear(shelf, question))  # while the question is encoded
        if coming is not None:
            with suppress(
                QueueClosed
            ):  # the model before answered until a moment ago; words do for this once
                vector = (await coming)[0]
        if vector is not None and reads > 0:
            question = replace(question, vector=vector, reads=reads)
        hits = await self._search(user_id, shelf, question, heard, asked, 3 * limit)
        fitting = [hit for hit in hits if hit.fit >= floor]
        messages = await self._store.load_messages(user_id, [hit.message_id for hit in fitting])
        return tuple(settle(fitting, messages, limit=limit))

    async def _read(
        self, user_id: int, shelf: Shelf, queue: EncodeQueue | None, query: str, lenses: tuple[Lens, ...]
    ) -> Question:
        """The question; "before I quit" looks at the days before the one on which that was told."""
        today = self._clock.now().date()
        question = read_question(query, today=today, lenses=lenses)
        event = find_event(normalise(query)) if question.period is None else None
        if event is None:
            return question
        about = read_question(event.words, today=today)
        if queue is not None and (reads := measure_reading(queue.model, event.words)) > 0:
            try:
                vectors = await asyncio.wrap_future(queue.submit([event.words], query=True))
            except QueueClosed:
                return question  # the model before answered until a moment ago
            about = replace(about, vector=vectors[0], reads=reads)
        told = await self._search(user_id, shelf, about, None, Asked(only_user=True), 1)
        days = [_day_of(shelf, hit.message_id) for hit in told if hit.fit >= FLOOR]
        if not days:
            return question
        period = Period((), (event.span(days[0]),))
        return read_question(event.rest or query, today=today, lenses=lenses, period=period)

    async def _search(
        self, user_id: int, shelf: Shelf, question: Question, heard: Heard | None, asked: Asked, limit: int
    ) -> list[Hit]:
        # a shelf of another embedder than Chroma's, for a moment after a change, is scanned
        index = self._keeper.index if self._keeper.embedder == shelf.embedder else None
        usable = index if self._keeper.is_checked(user_id) else None
        if usable is None and index is not None:
            self._look_after(user_id)
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
            self._look_after(None)
        return hits


def _hear(shelf: Shelf, question: Question) -> Heard:
    with shelf.lock:
        return hear(shelf, question.terms)


def _day_of(shelf: Shelf, message_id: int) -> date:
    with shelf.lock:
        places = shelf.places()
        return date.fromordinal(int(places.days[shelf.places_of([message_id])[0]]))


def _allowed(shelf: Shelf, asked: Asked) -> NDArray[np.bool_]:
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
