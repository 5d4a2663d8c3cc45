"""Brings the index up to what the journal says: one writer a home, small groups, every step repeatable.

A change stays in ``index_ops`` until tokens and vectors are in SQL and Chroma has the vectors. A kill at any
point leaves it there, and doing it again gives the same: the journal says what a message is now, the change
only says that somebody should look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from memory.recall.encoding import EncodeQueue
from memory.recall.index_store import IndexStore
from memory.recall.keeper import Keeper, Progress
from memory.recall.models import Models
from memory.recall.rows import FORGET, Pending
from memory.recall.shelves import Shelves
from memory.recall.writer import GROUP, Writer

_AWAY = "waiting for the Chroma server"
_ANEW = 256  # messages looked up at once when everything is gone through


class Indexer:
    """Writes the index. One at a time, whoever calls."""

    def __init__(self, store: IndexStore, shelves: Shelves, keeper: Keeper, models: Models) -> None:
        self._store = store
        self._shelves = shelves
        self._keeper = keeper
        self._models = models
        self._writer = Writer(store, shelves, keeper)
        self._writing = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._complete = False  # every message was seen to have tokens and vectors since the index was opened
        self.doing = "waiting for the embedder"

    @property
    def _embedder(self) -> str:
        """Whose vectors Chroma holds."""
        queue = self._models.answering
        return queue.model.name if queue is not None else ""

    async def open(self) -> None:
        """Opens the index; one that cannot be used is filled anew.

        After a change of embedder the old one's index is opened with the old one, where that can be loaded:
        it answers until everything is encoded anew.
        """
        async with self._opening:
            if self._keeper.index is not None:
                return
            if not await self._keeper.claim():
                self.doing = "read only: another process writes the index"
                return
            self.doing = "opening"
            self._complete = False
            await self._find_former()
            if not await self._keeper.open(self._embedder):
                self.doing = "rebuilding"
                async with self._writing:
                    await self._keeper.refill(self._embedder)
            self._say_ready()

    async def _find_former(self) -> None:
        wanted = self._models.wanted
        if wanted is None or self._models.former is not None:
            return
        former = await self._keeper.find_former(wanted.model.name, self._models.setting)
        # what is encoded in about a second is not worth the seconds in which a model loads
        if former is not None and await self._store.count_unready(wanted.model.name) > GROUP:
            await self._models.load_former(*former)

    def _say_ready(self) -> None:
        self.doing = "ready" if self._keeper.index is not None else _AWAY

    async def mend(self) -> None:
        """Opens or rebuilds an index that is not there, or takes over from a writer that is gone."""
        if self._models.wanted is not None and self._keeper.index is None:
            await self.open()

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
        if self._models.wanted is None:
            return await self._take_out_pending(user_id)
        if not self._keeper.remote:
            await self.mend()  # it just took over, or the index broke
        settled = 0
        while True:
            async with self._writing:
                queue = self._models.answering  # looked at here: while one writes, it does not change
                if queue is None or self._models.closing.is_set():
                    return settled  # it is being closed
                waiting = await self._store.list_pending(user_id, GROUP)
                done = await self._take_in(queue, waiting)
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
            elif not await self._writer.index(queue, user_id, [each.message_id for each in mine], mine):
                if self.doing != _AWAY:
                    self.doing = "out of order: words and stored vectors answer"
                return done
            done += len(mine)
        return done

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
        if not await self._writer.write_vectors(user_id, (), {}, [each.message_id for each in gone]):
            return False
        await self._store.settle(user_id, gone)
        return True

    # --- everything anew ----------------------------------------------------------------------------------

    async def rebuild(self, on_progress: Progress | None = None) -> None:
        """Encodes what has no vector yet and fills a fresh index; answers go on from the old one meanwhile.

        Args:
            on_progress: told how many messages are done, and how many there are.
        """
        if self._models.wanted is None or not await self._keeper.claim():
            return
        self._complete = False
        await self.catch_up(on_progress)
        self.doing = "rebuilding"
        async with self._writing:
            await self._keeper.refill(self._embedder)
        self._say_ready()

    async def catch_up(self, on_progress: Progress | None = None) -> None:
        """Tokens and vectors for every message that lacks them, after a change of embedder or tokenizer.

        Goes on where it was interrupted; once they are all there, they are not looked for again. Where the
        embedder before has answered meanwhile, the wanted one answers from then on.
        """
        queue = self._models.wanted
        if queue is None or self._complete or not await self._keeper.claim():
            return
        total = left = await self._store.count_unready(queue.model.name)
        while True:
            await self._encode_unready(queue, total, on_progress)
            if self._models.closing.is_set():
                return
            async with self._writing:
                if self._models.former is None:
                    break
                before, left = left, await self._store.count_unready(queue.model.name)
                if not 0 < left < before:
                    await self._change_over(queue)
                    break
                # the embedder before has taken in what was said meanwhile: once more
        self._complete = True
        self._say_ready()
        if on_progress is not None:
            on_progress(total, total)

    async def _encode_unready(self, queue: EncodeQueue, total: int, on_progress: Progress | None) -> None:
        after, done = 0, 0
        while unready := await self._store.list_unready(queue.model.name, _ANEW, after):
            for user_id in dict.fromkeys(owner for owner, _ in unready):
                ids = [message_id for owner, message_id in unready if owner == user_id]
                for start in range(0, len(ids), GROUP):
                    async with self._writing:
                        if self._models.closing.is_set():
                            return
                        if self._models.former is None:
                            await self._writer.index(queue, user_id, ids[start : start + GROUP], ())
                        else:  # Chroma and the shelves keep to the embedder before
                            await self._writer.record(queue, user_id, ids[start : start + GROUP])
                    done += len(ids[start : start + GROUP])
                    self._say_how_far(min(done, total), total)
                    if on_progress is not None:
                        on_progress(min(done, total), total)
            after = unready[-1][1]

    def _say_how_far(self, done: int, total: int) -> None:
        former = self._models.former
        meanwhile = f"; {former.model.name} answers meanwhile" if former is not None else ""
        self.doing = f"encoding, {done} of {total} messages{meanwhile}"

    async def _change_over(self, wanted: EncodeQueue) -> None:
        """A fresh index of the wanted embedder's vectors takes the place of the one before."""
        self.doing = "rebuilding"
        await self._keeper.refill(wanted.model.name)
        await self._models.let_former_go()

    # --- forgetting ---------------------------------------------------------------------------------------

    async def forget(self, user_id: int, message_ids: Sequence[int]) -> None:
        """Takes messages out now, rather than when their change comes up."""
        self._shelves.drop(user_id)
        if self._models.wanted is not None and await self._keeper.claim():
            async with self._writing:
                if (queue := self._models.answering) is not None:
                    await self._writer.index(queue, user_id, message_ids, ())

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
