"""Brings the index up to what the journal says: one writer a home, small groups, every step repeatable.

A change stays in ``index_ops`` until tokens and vectors are in SQL and Chroma has the vectors. A kill at any
point leaves it there, and doing it again gives the same: the journal says what a message is now, the change
only says that somebody should look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np

from memory.recall.encoding import EncodeQueue
from memory.recall.keeper import Keeper, Progress
from memory.recall.making import Made, make
from memory.recall.pieces import MOST_PIECES
from memory.recall.shelves import Shelves
from memory.recall.store import FORGET, Pending, RecallStore
from memory.recall.vectors import IndexBroken, name_of

GROUP = 64  # messages indexed at once: about a second of encoding, and what a kill has to do again
_ANEW = 256  # messages looked up at once when everything is gone through


class Indexer:
    """Writes the index. One at a time, whoever calls."""

    def __init__(self, store: RecallStore, shelves: Shelves, keeper: Keeper) -> None:
        self._store = store
        self._shelves = shelves
        self._keeper = keeper
        self._queue: EncodeQueue | None = None
        self._writing = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._complete = False  # every message was seen to have tokens and vectors since the index was opened
        self.doing = "waiting for the embedder"

    @property
    def _embedder(self) -> str:
        return self._queue.model.name if self._queue is not None else ""

    async def open(self, queue: EncodeQueue) -> None:
        """Opens the index with this embedder's vectors; one that cannot be used is filled anew."""
        self._queue = queue
        async with self._opening:
            if self._keeper.index is not None:
                return
            if not await self._keeper.claim():
                self.doing = "read only: another process writes the index"
                return
            self.doing = "opening"
            self._complete = False
            if not await self._keeper.open(self._embedder):
                self.doing = "rebuilding"
                async with self._writing:
                    await self._keeper.refill(self._embedder)
            self._say_ready()

    def _say_ready(self) -> None:
        self.doing = "ready" if self._keeper.index is not None else "waiting for the Chroma server"

    async def mend(self) -> None:
        """Opens or rebuilds an index that is not there, or takes over from a writer that is gone."""
        if self._queue is not None and self._keeper.index is None:
            await self.open(self._queue)

    async def close(self) -> None:
        """Finishes what is under way and closes the index."""
        async with self._writing:
            await self._keeper.close()

    async def check(self, user_id: int) -> None:
        """Puts a person's vectors right where Chroma holds another number of them than the journal."""
        async with self._writing:
            # what waits would be counted as missing
            if not await self._store.list_pending(user_id, 1):
                await self._keeper.check(user_id, self._embedder)

    # --- what waits ---------------------------------------------------------------------------------------

    async def index_pending(self, user_id: int | None = None, on_progress: Progress | None = None) -> int:
        """Takes in what waits, oldest first, in small groups.

        Args:
            user_id: only what this person changed; None takes everybody's.
            on_progress: told how many are done, and how many there are.

        Returns:
            How many changes were settled. Without an embedder only what was erased is taken out; where
            another process writes, nothing is done.
        """
        if not await self._keeper.claim():
            return 0
        if self._queue is None:
            return await self._take_out_pending(user_id)
        if not self._keeper.remote:
            await self.mend()  # it just took over, or the index broke
        settled = 0
        while True:
            async with self._writing:
                waiting = await self._store.list_pending(user_id, GROUP)
                done = await self._take_in(self._queue, waiting)
            settled += done
            if on_progress is not None and waiting:
                on_progress(settled, settled + await self._store.count_pending(user_id))
            if not waiting or done < len(waiting):
                return settled  # nothing is left, or Chroma is away and the rest stays listed

    async def _take_in(self, queue: EncodeQueue, waiting: Sequence[Pending]) -> int:
        done = 0
        for user_id in dict.fromkeys(each.user_id for each in waiting):
            mine = [each for each in waiting if each.user_id == user_id]
            if any(each.op == FORGET for each in mine):
                await self._forget_user(user_id)
            elif not await self._index(queue, user_id, [each.message_id for each in mine], mine):
                return done
            done += len(mine)
        return done

    async def _index(
        self, queue: EncodeQueue, user_id: int, message_ids: Sequence[int], waiting: Sequence[Pending]
    ) -> bool:
        """Tokens, vectors and Chroma for these messages of one person.

        Returns:
            False where Chroma could not be written and the change has to stay listed.
        """
        ids = set(message_ids)
        # the coach's lines: nobody lists them, they belong to the window of what was answered
        asked = ids | set(await self._store.list_without_tokens(user_id, GROUP))
        lines = await self._store.load_lines(user_id, asked)
        found = [line.message_id for line in lines]
        gone = sorted(ids.difference(found))
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
            gone=gone,
        )
        held = {message_id: len(pieces) for message_id, pieces in stored.items()}
        if not await self._write_vectors(user_id, made, held, gone):
            return False
        marks = await self._store.settle(user_id, waiting)
        await asyncio.to_thread(self._shelves.apply, user_id, [each.entry for each in made], gone, marks)
        return True

    async def _take_out_pending(self, user_id: int | None) -> int:
        """Takes out what the journal has forgotten, which needs no embedder; the rest stays listed."""
        settled = 0
        async with self._writing:
            waiting = await self._store.list_pending(user_id, None)
            for owner in dict.fromkeys(each.user_id for each in waiting):
                mine = [each for each in waiting if each.user_id == owner]
                if any(each.op == FORGET for each in mine):
                    await self._forget_user(owner)
                    settled += len(mine)
                    continue
                here = await self._store.list_indexable(owner, [each.message_id for each in mine])
                gone = [each for each in mine if each.message_id not in here]
                if gone and await self._take_out(owner, gone):
                    settled += len(gone)
        return settled

    async def _take_out(self, user_id: int, gone: Sequence[Pending]) -> bool:
        self._shelves.drop(user_id)
        if self._keeper.index is None:
            await self._keeper.open_as_it_is()
        if not await self._write_vectors(user_id, (), {}, [each.message_id for each in gone]):
            return False
        await self._store.settle(user_id, gone)
        return True

    async def _write_vectors(
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
            self.doing = "out of order: words and stored vectors answer"
            return False
        return True

    # --- everything anew ----------------------------------------------------------------------------------

    async def rebuild(self, on_progress: Progress | None = None) -> None:
        """Encodes what has no vector yet and fills a fresh index; answers go on from the old one meanwhile.

        Args:
            on_progress: told how many messages are done, and how many there are.
        """
        if self._queue is None or not await self._keeper.claim():
            return
        self._complete = False
        await self.catch_up(on_progress)
        self.doing = "rebuilding"
        async with self._writing:
            await self._keeper.refill(self._embedder)
        self._say_ready()

    async def catch_up(self, on_progress: Progress | None = None) -> None:
        """Tokens and vectors for every message that lacks them, after a change of embedder or tokenizer.

        Goes on where it was interrupted; once they are all there, they are not looked for again.
        """
        queue = self._queue
        if queue is None or self._complete or not await self._keeper.claim():
            return
        after, done = 0, 0
        total = await self._store.count_unready(queue.model.name)
        while unready := await self._store.list_unready(queue.model.name, _ANEW, after):
            for user_id in dict.fromkeys(owner for owner, _ in unready):
                ids = [message_id for owner, message_id in unready if owner == user_id]
                for start in range(0, len(ids), GROUP):
                    async with self._writing:
                        await self._index(queue, user_id, ids[start : start + GROUP], ())
                    done += len(ids[start : start + GROUP])
                    self.doing = f"encoding, {min(done, total)} of {total} messages"
                    if on_progress is not None:
                        on_progress(min(done, total), total)
            after = unready[-1][1]
        self._complete = True
        self._say_ready()
        if on_progress is not None:
            on_progress(total, total)

    # --- forgetting ---------------------------------------------------------------------------------------

    async def forget(self, user_id: int, message_ids: Sequence[int]) -> None:
        """Takes messages out now, rather than when their change comes up."""
        self._shelves.drop(user_id)
        if self._queue is not None and await self._keeper.claim():
            async with self._writing:
                await self._index(self._queue, user_id, message_ids, ())

    async def forget_user(self, user_id: int) -> bool:
        """Leaves nothing of a person in the index: deleted vectors stay in Chroma's files, so it moves.

        Returns:
            False where another process writes the index; it has been told and will do it.
        """
        if not await self._keeper.claim():
            self._shelves.drop(user_id)
            await self._store.ask_to_forget(user_id)
            return False
        async with self._writing:
            await self._forget_user(user_id)
        return True

    async def _forget_user(self, user_id: int) -> None:
        self._shelves.drop(user_id)
        if self._keeper.remote:
            await self._keeper.drop(user_id)
        else:
            await self._keeper.refill(self._embedder or None, apart=True)
        await self._store.clear_pending(user_id)
