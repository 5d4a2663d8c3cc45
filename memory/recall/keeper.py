"""Keeps Chroma usable: opens it, notices when it is missing, damaged or another embedder's, fills it anew.

SQL holds every vector, so nothing here is precious: what is in doubt is dropped and filled again, in a fresh
folder that only counts once it is complete. A kill at any point leaves the old folder, or none.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from memory.chroma.filling import Batch, fill_apart
from memory.chroma.vectors import BULK, IndexBroken, VectorIndex, name_of, open_folder, open_server
from memory.recall.embedder import HASH, HashModel
from memory.recall.folders import Current, Folders
from memory.recall.packaged import PACKAGED, PACKAGED_NAME
from memory.recall.rows import unpack
from memory.recall.store import RecallStore
from memory.recall.tokens import digest

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

Progress = Callable[[int, int], None]  # done, total

_PROBE_SECONDS = 120

_ALWAYS_HERE = {PACKAGED_NAME: PACKAGED, HashModel.name: HASH}


class Keeper:
    """One home's Chroma. Whoever writes holds the indexer's lock."""

    def __init__(
        self, store: RecallStore, folders: Folders, pool: Executor, *, url: str | None, keep_open: int
    ) -> None:
        self._store = store
        self._folders = folders
        self._pool = pool
        self._url = url
        self._keep_open = keep_open
        self._checked: set[int] = set()
        self.index: VectorIndex | None = None
        self.embedder = ""  # whose vectors the index holds
        self.trouble = ""

    async def off(self, work: Callable[[], _T]) -> _T:
        """Runs what blocks off the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    @property
    def remote(self) -> bool:
        """Whether Chroma is a server, which is there or not and is never rebuilt from here at a stroke."""
        return self._url is not None

    async def claim(self) -> bool:
        """Becomes the one process that writes, unless another one is."""
        return await self.off(self._folders.claim)

    async def open(self, embedder: str) -> bool:
        """Opens what is there.

        Returns:
            Whether it can be used; otherwise it has to be filled anew (or the server is away).
        """
        if self._url is not None:
            return await self._open_server(self._url, embedder)
        current = await self.off(self._folders.find_current)
        if current is None or current.embedder != embedder:
            return False
        if not await self.off(lambda: self._folders.was_closed(current)) and not await _probe(current.folder):
            self.trouble = "The index was damaged and has been rebuilt from the journal."
            return False

        def opened() -> VectorIndex:
            self._folders.mark_open()
            return open_folder(current.folder, keep_open=self._keep_open)

        try:
            self.embedder, self.index = embedder, await self.off(opened)
        except IndexBroken:
            self.trouble = "The index could not be opened and has been rebuilt from the journal."
            return False
        await self.off(self._folders.sweep)
        return True

    async def find_former(self, embedder: str, setting: str) -> tuple[str, str] | None:
        """The embedder whose vectors the folder holds and how it was set, where that is another one.

        Args:
            embedder: the one that is wanted now.
            setting: how it was set, to be found here after the next change; empty where that would not help.
        """
        if self._url is not None:
            return None  # each embedder has its own collections there, and nobody knows whose came before
        current = await self.off(self._folders.find_current)
        if setting:
            await self.off(lambda: self._folders.note_setting(embedder, setting))
        if current is None or current.embedder == embedder:
            return None
        noted = await self.off(lambda: self._folders.find_setting(current.embedder))
        former = _ALWAYS_HERE.get(current.embedder) or noted
        return (current.embedder, former) if former else None

    async def open_as_it_is(self) -> None:
        """Opens the index with whatever embedder it has, to take something out of it."""
        if self._url is not None:
            return  # whose collections to open is only known with the embedder
        current = await self.off(self._folders.find_current)
        if current is not None and not await self.open(current.embedder):
            await self.off(self._folders.invalidate)  # whoever starts next fills it from the journal

    async def _open_server(self, url: str, embedder: str) -> bool:
        # an embedder never meets another's vectors: each has its own collections
        namespace = f"offramp-{digest(embedder, '').partition('.')[2][:12]}-"
        try:
            self.embedder, self.index = (
                embedder,
                await self.off(lambda: open_server(url, namespace=namespace)),
            )
        except IndexBroken:
            self.trouble = "The Chroma server does not answer; recall goes on without it."
            return False
        self.trouble = ""
        return True

    async def close(self) -> None:
        """Closes Chroma, writes down what its files look like, and lets another process write."""
        index, self.index = self.index, None
        if index is not None:
            try:
                await self.off(index.close)
            except IndexBroken:
                _log.warning("the index did not close cleanly")
            else:
                current = None if self.remote else await self.off(self._folders.find_current)
                if current is not None:
                    await self.off(lambda: self._folders.mark_closed(current))
        await self.off(self._folders.release)

    async def give_up(self) -> None:
        """Chroma failed: nothing in it is trusted any more, until it was filled anew."""
        broken, self.index = self.index, None
        self._checked.clear()
        if broken is None:
            return
        self.trouble = "The index failed and is rebuilt from the journal."
        if not self.remote:
            await self.off(self._folders.invalidate)
        try:
            await self.off(broken.close)
        except IndexBroken:
            _log.warning("the broken index did not close")

    # --- whether it is complete ---------------------------------------------------------------------------

    def is_checked(self, user_id: int) -> bool:
        """Whether a person's vectors were counted since this process started."""
        return user_id in self._checked

    async def check(self, user_id: int, embedder: str) -> None:
        """Compares how many vectors there are for a person with the journal, and puts them right."""
        index = self.index
        if index is None or user_id in self._checked:
            return
        wanted = await self._store.count_vectors(user_id, embedder)
        try:
            if await self.off(lambda: index.count(user_id)) != wanted:
                _log.warning("a person's vectors were incomplete and are put back")
                await self.off(lambda: index.drop(user_id))
                async for names, vectors in self._stream(user_id, embedder):
                    await self.off(_putting(index, user_id, names, vectors))
        except IndexBroken:
            await self.give_up()
            return
        self._checked.add(user_id)

    async def _stream(
        self, user_id: int, embedder: str
    ) -> AsyncIterator[tuple[list[str], NDArray[np.float32]]]:
        """A person's stored vectors with their names, a bulk at a time."""
        names: list[str] = []
        held: list[bytes] = []
        async for page in self._store.stream_vectors(user_id, embedder):
            for message_id, piece, packed in page:
                if packed:
                    names.append(name_of(user_id, message_id, piece))
                    held.append(packed)
            if len(held) >= BULK:
                yield names, unpack(held)
                names, held = [], []
        if held:
            yield names, unpack(held)

    # --- filling anew -------------------------------------------------------------------------------------

    async def refill(self, embedder: str | None, *, apart: bool = False) -> None:
        """Fills a fresh folder with every stored vector and switches to it; the old one is deleted.

        Args:
            embedder: whose vectors; None takes those of the folder there is.
            apart: in a process of its own, so that nothing of an erased person is in its memory.
        """
        if embedder is None:
            current = await self.off(self._folders.find_current)
            if current is None:
                await self.off(self._folders.sweep)
                return
            embedder = current.embedder
        people = await self._store.list_people()
        if self._url is not None:
            await self._refill_server(self._url, embedder, people)
            return
        folder = await self.off(self._folders.next_folder)
        if apart:
            await fill_apart(folder, self._stream_all(people, embedder))
        fresh = await self.off(lambda: open_folder(folder, keep_open=self._keep_open))
        if not apart:
            async for user_id, names, vectors in self._stream_all(people, embedder):
                await self.off(_filling(fresh, user_id, names, vectors))
        old, self.index = self.index, None
        if old is not None:
            await self.off(old.close)

        def switch() -> None:
            self._folders.mark_open()
            self._folders.commit(Current(folder, embedder))
            self._folders.sweep()

        await self.off(switch)
        self.embedder, self.index = embedder, fresh
        self._checked = set(people)

    async def _stream_all(self, people: Sequence[int], embedder: str) -> AsyncIterator[Batch]:
        """Everybody's stored vectors, a bulk at a time."""
        for user_id in people:
            async for names, vectors in self._stream(user_id, embedder):
                yield user_id, names, vectors

    async def _refill_server(self, url: str, embedder: str, people: Sequence[int]) -> None:
        self._checked.clear()
        if self.index is None and not await self._open_server(url, embedder):
            return
        index = self.index
        if index is None:
            return
        for user_id in people:
            await self.drop(user_id)
            async for names, vectors in self._stream(user_id, embedder):
                await self.off(_filling(index, user_id, names, vectors))

    async def drop(self, user_id: int) -> None:
        """Deletes a person's collection where there is one. Its bytes stay in Chroma's files."""
        index = self.index
        self._checked.discard(user_id)
        if index is not None:
            await self.off(lambda: index.drop(user_id))


def _putting(
    index: VectorIndex, user_id: int, names: list[str], vectors: NDArray[np.float32]
) -> Callable[[], None]:
    return lambda: index.put(user_id, names, vectors)


def _filling(
    index: VectorIndex, user_id: int, names: Sequence[str], vectors: NDArray[np.float32]
) -> Callable[[], None]:
    return lambda: index.fill(user_id, names, vectors)


async def _probe(folder: Path) -> bool:
    """Whether another process can open every collection in a folder without crashing."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "memory.chroma.probe",
        str(folder),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            return await child.wait() == 0
    except TimeoutError:
        child.kill()
        await child.wait()
        return False
