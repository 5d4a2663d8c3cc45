"""Writes what the index keeps of a few messages: tokens and vectors into SQL, vectors into Chroma.

Every step can be done again: a kill in between leaves the change listed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import numpy as np

from memory.chroma.vectors import IndexBroken, name_of
from memory.recall.encoding import EncodeQueue
from memory.recall.index_store import IndexStore
from memory.recall.keeper import Keeper
from memory.recall.making import Made, make
from memory.recall.pieces import MOST_PIECES
from memory.recall.rows import Pending
from memory.recall.shelves import Shelves

GROUP = 64  # messages indexed at once: about a second of encoding, and what a kill has to do again


class Writer:
    """Writes for one person at a time; whoever calls holds the indexer's lock."""

    def __init__(self, store: IndexStore, shelves: Shelves, keeper: Keeper) -> None:
        self._store = store
        self._shelves = shelves
        self._keeper = keeper

    async def index(
        self, queue: EncodeQueue, user_id: int, message_ids: Sequence[int], waiting: Sequence[Pending]
    ) -> bool:
        """Tokens, vectors and Chroma for these messages of one person.

        Returns:
            False where Chroma could not be written and the change has to stay listed.
        """
        # the coach's lines: nobody lists them, they belong to the window of what was answered
        asked = {*message_ids, *await self._store.list_without_tokens(user_id, GROUP)}
        made, held = await self.record(queue, user_id, asked)
        here = {each.entry.message_id for each in made}
        gone = sorted(set(message_ids) - here)
        if not await self.write_vectors(user_id, made, held, gone):
            return False
        marks = await self._store.settle(user_id, waiting)
        entries = [each.entry for each in made]
        await asyncio.to_thread(self._shelves.apply, user_id, entries, gone, marks, embedder=queue.model.name)
        return True

    async def record(
        self, queue: EncodeQueue, user_id: int, message_ids: Collection[int]
    ) -> tuple[Sequence[Made], dict[int, int]]:
        """Tokens and vectors for these messages of one person, into SQL; out of it for those that are gone.

        Returns:
            What was made, and how many vectors each message had before.
        """
        lines = await self._store.load_lines(user_id, message_ids)
        found = [line.message_id for line in lines]
        stored = await self._store.load_vectors(user_id, found, queue.model.name)
        made = await make(queue, lines, stored, await self._store.load_lenses(user_id, found))
        await self._store.record_index(
            user_id,
            {
                each.entry.message_id: (each.entry.digest, each.entry.asks, " ".join(each.entry.words))
                for each in made
                if each.tokens
            },
            {each.entry.message_id: each.vectors for each in made if each.vectors is not None},
            embedder=queue.model.name,
            gone=sorted(set(message_ids).difference(found)),
        )
        return made, {message_id: len(pieces) for message_id, pieces in stored.items()}

    async def write_vectors(
        self, user_id: int, made: Sequence[Made], held: dict[int, int], gone: Sequence[int]
    ) -> bool:
        index = self._keeper.index
        if index is None:
            return not self._keeper.remote  # a folder is filled anew; a server is not
        names, rows = [], []
        surplus = [name_of(user_id, message_id, piece) for message_id in gone for piece in range(MOST_PIECES)]
        for each in made:
            message_id, vectors = each.entry.message_id, each.entry.vectors
            if vectors is None:
                continue
            names += [name_of(user_id, message_id, piece) for piece in range(len(vectors))]
            rows += list(vectors)
            surplus += [
                name_of(user_id, message_id, piece)
                for piece in range(len(vectors), held.get(message_id, len(vectors)))
            ]

        def write() -> None:
            index.take(user_id, surplus)
            if names:
                index.put(user_id, names, np.stack(rows))

        try:
            await self._keeper.off(write)
        except IndexBroken:
            await self._keeper.give_up()
            return False
        return True
