"""The dense index: Chroma, with vectors and ids and nothing else, a collection a person.

Everything here blocks (Chroma holds the loop without warning) and is called off the loop. No documents and no
metadata: what is deleted stays in Chroma's files. Texts come from SQL, which is also four times as fast as
asking Chroma for them.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from memory.errors import StorageError

if TYPE_CHECKING:
    import httpx
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

# A collection writes its graph to disk every so many additions. Low, so that opening one replays little (5 ms
# against 57 with the default of 1000); small writes, because a kill in the middle of a large one with a
# threshold of 100-200 bricked the collection in three runs of three, and never with single additions.
SYNC_THRESHOLD = 40
MOST_AT_ONCE = 16

# A fresh directory is only trusted once it is complete, so it may be filled in large writes: 5,000 a second.
BULK = 1000

_SERVER_SECONDS = 10.0  # for an answer of a Chroma server

_CONFIGURATION: Any = {
    "hnsw": {"space": "ip", "sync_threshold": SYNC_THRESHOLD, "batch_size": SYNC_THRESHOLD}
}


class IndexBroken(StorageError):
    """Chroma's index cannot be used; it is rebuilt from the journal."""


@contextmanager
def _answering() -> Iterator[None]:
    """Whatever Chroma raises comes out as ``IndexBroken``; a panic of its Rust half as well."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, IndexBroken):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise IndexBroken(type(error).__name__) from error


def name_of(user_id: int, message_id: int, piece: int) -> str:
    """The id of a vector; the person's own id is in it so that a mixed-up row could be seen."""
    return f"{user_id}:{message_id}:{piece}"


class VectorIndex:
    """An open Chroma: embedded in a folder, or a server by URL."""

    def __init__(
        self, client: ClientAPI, *, namespace: str = "", sessions: Sequence[httpx.Client] = ()
    ) -> None:
        self._client = client
        self._sessions = sessions  # to the server, which Chroma's own close leaves open
        self._namespace = namespace
        self._lock = RLock()  # one writer at a time, and the table of open collections
        self._open: dict[int, Collection] = {}

    def close(self) -> None:
        """Lets go of the files, or of the connection."""
        with self._lock, _answering():
            self._open.clear()
            try:
                self._client.close()  # type: ignore[attr-defined]  # both kinds of client have it
            finally:
                for session in self._sessions:
                    session.close()

    def _named(self, user_id: int) -> str:
        return f"{self._namespace}person-{user_id}"

    def _collection(self, user_id: int) -> Collection:
        with self._lock:
            held = self._open.get(user_id)
            if held is None:
                held = self._client.get_or_create_collection(
                    self._named(user_id), configuration=_CONFIGURATION, embedding_function=None
                )
                if len(self._open) >= 4096:  # handles are small; what they open is bounded by keep_open
                    self._open.clear()
                self._open[user_id] = held
            return held

    def count(self, user_id: int) -> int:
        """How many vectors are held for a person."""
        with _answering():
            return int(self._collection(user_id).count())

    def find(self, user_id: int, vector: NDArray[np.float32], limit: int) -> list[int]:
        """The ids of the messages with the nearest vectors, nearest first, each once."""
        with _answering():
            made = self._collection(user_id).query(
                query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"]
            )
        return list(dict.fromkeys(int(name.split(":")[1]) for name in made["ids"][0]))

    def look(self, user_id: int) -> None:
        """Opens a person's graph and asks it something, to see whether it still answers."""
        with _answering():
            collection = self._collection(user_id)
            held = collection.get(limit=1, include=["embeddings"])
            if held["ids"]:
                collection.query(query_embeddings=held["embeddings"], n_results=1, include=["distances"])

    def put(self, user_id: int, names: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Adds vectors or replaces them, in small writes."""
        with self._lock, _answering():
            collection = self._collection(user_id)
            for start in range(0, len(names), MOST_AT_ONCE):
                collection.upsert(
                    ids=list(names[start : start + MOST_AT_ONCE]),
                    embeddings=vectors[start : start + MOST_AT_ONCE],
                )

    def take(self, user_id: int, names: Sequence[str]) -> None:
        """Deletes vectors; those that are not there are no error."""
        if names:
            with self._lock, _answering():
                self._collection(user_id).delete(ids=list(names))

    def fill(self, user_id: int, names: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Adds vectors in one large write, to a collection that nobody would miss if it broke."""
        with self._lock, _answering():
            self._collection(user_id).upsert(ids=list(names), embeddings=vectors)

    def drop(self, user_id: int) -> None:
        """Deletes a person's collection, if there is one."""
        with self._lock, _answering():
            self._open.pop(user_id, None)
            held = {collection.name for collection in self._client.list_collections()}
            if self._named(user_id) in held:
                self._client.delete_collection(self._named(user_id))

    def list_people(self) -> tuple[int, ...]:
        """Whose collections are here."""
        lead = f"{self._namespace}person-"
        with _answering():
            named = [collection.name for collection in self._client.list_collections()]
        return tuple(int(name[len(lead) :]) for name in named if name.startswith(lead))


def _settings(**more: Any) -> Any:  # noqa: ANN401  # Chroma's own settings class
    """Chroma's settings with telemetry off, and without its habit of reading our ``.env``."""
    from chromadb.config import Settings

    logging.getLogger("chromadb").setLevel(logging.ERROR)
    return Settings(_env_file=None, anonymized_telemetry=False, **more)  # type: ignore[call-arg]  # pydantic's


def open_folder(folder: Path, *, keep_open: int) -> VectorIndex:
    """Chroma embedded in a folder, which is made when it is missing.

    Args:
        folder: where it keeps its files.
        keep_open: how many people's graphs stay in memory, about 3 MB each. Chroma's own bound follows the
            limit on file descriptors and may be thousands.

    Raises:
        IndexBroken: the folder holds something Chroma cannot open.
    """
    with _answering():
        from chromadb.api import ServerAPI
        from chromadb.api.client import Client
        from chromadb.config import System

        folder.mkdir(parents=True, exist_ok=True)
        system = System(_settings(is_persistent=True, persist_directory=str(folder)))
        server: Any = system.instance(ServerAPI)  # type: ignore[type-abstract]  # Chroma looks it up
        server.hnsw_cache_size = keep_open
        system.start()
        return VectorIndex(Client.from_system(system))


def open_server(url: str, *, namespace: str) -> VectorIndex:
    """A Chroma server by URL.

    Args:
        url: such as ``http://chroma:8000``.
        namespace: goes before every collection's name, so that an embedder never meets another's vectors.

    Raises:
        IndexBroken: nothing answers there.
    """
    from urllib.parse import urlsplit

    with _answering():
        import chromadb
        import httpx

        # Chroma waits for ever; a server that accepts and says nothing must not hold a thread
        httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=_SERVER_SECONDS).raise_for_status()
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        client = chromadb.HttpClient(
            host=parts.hostname or "localhost",
            port=parts.port or (443 if secure else 8000),
            ssl=secure,
            settings=_settings(),
        )
        inside: Any = client  # its two connections are only to be had this way
        sessions = (inside._server._session, inside._admin_client._server._session)
        for session in sessions:
            session.timeout = httpx.Timeout(_SERVER_SECONDS)
        return VectorIndex(client, namespace=namespace, sessions=sessions)


def remove_folder(folder: Path) -> None:
    """Deletes a directory of Chroma's that is not open any more; a missing one is fine."""
    shutil.rmtree(folder, ignore_errors=True)
