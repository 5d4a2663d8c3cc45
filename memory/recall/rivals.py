"""What else finds sentences, measured in the same run with the same embedder where it is installed.

``pip install -e '.[bench]'`` brings them. Each is used as its own first page shows it, on the same texts. The
vectors of stored texts are made once for all; a question is encoded anew each time, for that time counts.
"""

from __future__ import annotations

import importlib
import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from memory.recall.index import RecallIndex

Ask = Callable[[str, int], list[int]]  # a question and how many; the rows found, best first

_BATCH = 64


class Rival(Protocol):
    """Another way to find a text."""

    @property
    def name(self) -> str:
        """How its line begins."""
        ...

    def take_in(self, texts: Sequence[str]) -> Ask:
        """Indexes texts; what comes back finds the rows of the best ones for a question."""
        ...


class _Encoder:
    """The embedder under the names that LangChain, mem0 and Chroma call it by."""

    def __init__(self, recall: RecallIndex) -> None:
        self._recall = recall
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode_all(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of stored texts, a row each; made once."""
        missing = list(dict.fromkeys(text for text in texts if text not in self._known))
        for start in range(0, len(missing), _BATCH):
            part = missing[start : start + _BATCH]
            self._known.update(zip(part, self._encode(part), strict=True))
        return np.stack([self._known[text] for text in texts])

    def encode_one(self, text: str) -> NDArray[np.float32]:
        """The vector of a question, made anew; of a stored text, the one there is."""
        known = self._known.get(text)
        return self._encode([text])[0] if known is None else known

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        made = self._recall.encode(texts)
        if made is None:
            raise ValueError("no embedder is loaded")
        return np.asarray(made, dtype=np.float32)


def _as_langchain(encoder: _Encoder) -> Any:  # noqa: ANN401  # a class of a library that may be missing
    class Embeddings(importlib.import_module("langchain_core.embeddings").Embeddings):  # type: ignore[misc]
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return encoder.encode_all(texts).tolist()  # type: ignore[no-any-return]

        def embed_query(self, text: str) -> list[float]:
            return encoder.encode_one(text).tolist()  # type: ignore[no-any-return]

    return Embeddings()


class _Exact:
    """Exact cosines of single messages: the floor of every dense search."""

    name = "numpy, exact cosine"

    def __init__(self, encoder: _Encoder) -> None:
        self._encoder = encoder

    def take_in(self, texts: Sequence[str]) -> Ask:
        vectors = self._encoder.encode_all(texts)

        def ask(question: str, limit: int) -> list[int]:
            return [int(row) for row in np.argsort(-(vectors @ self._encoder.encode_one(question)))[:limit]]

        return ask


class _LangChainChroma:
    """``langchain-chroma`` as its quick start shows it."""

    name = "langchain-chroma"

    def __init__(self, encoder: _Encoder) -> None:
        self._chroma = importlib.import_module("langchain_chroma").Chroma
        self._embeddings = _as_langchain(encoder)
        self._made = 0

    def store(self, texts: Sequence[str]) -> Any:  # noqa: ANN401  # a library's
        """A collection with the texts in it."""
        self._made += 1
        store = self._chroma(
            collection_name=f"rival-{id(self)}-{self._made}", embedding_function=self._embeddings
        )
        rows = [str(row) for row in range(len(texts))]
        store.add_texts(list(texts), ids=rows, metadatas=[{"row": row} for row in rows])
        return store

    def take_in(self, texts: Sequence[str]) -> Ask:
        store = self.store(texts)

        def ask(question: str, limit: int) -> list[int]:
            return [int(found.id) for found in store.similarity_search(question, k=limit)]

        return ask


class _LangChainEnsemble:
    """LangChain's EnsembleRetriever over its BM25Retriever and Chroma, half and half."""

    name = "langchain ensemble"

    def __init__(self, encoder: _Encoder) -> None:
        self._ensemble = importlib.import_module("langchain_classic.retrievers").EnsembleRetriever
        self._bm25 = importlib.import_module("langchain_community.retrievers").BM25Retriever
        importlib.import_module("rank_bm25")
        self._chroma = _LangChainChroma(encoder)

    def take_in(self, texts: Sequence[str]) -> Ask:
        store = self._chroma.store(texts)
        lexical = self._bm25.from_texts(
            list(texts), metadatas=[{"row": str(row)} for row in range(len(texts))]
        )

        def ask(question: str, limit: int) -> list[int]:
            lexical.k = limit
            dense = store.as_retriever(search_kwargs={"k": limit})
            both = self._ensemble(retrievers=[lexical, dense], weights=[0.5, 0.5], id_key="row")
            return [int(found.metadata["row"]) for found in both.invoke(question)[:limit]]

        return ask


class _Mem0:
    """mem0 without a language model (``infer=False``), over Chroma."""

    name = "mem0 (infer=False)"

    def __init__(self, encoder: _Encoder, folder: Path) -> None:
        # it reads these when it is imported: where it keeps its own files, and that it reports to nobody
        os.environ.update({"MEM0_DIR": str(folder / "mem0"), "MEM0_TELEMETRY": "False"})  # noqa: TID251
        self._memory = importlib.import_module("mem0").Memory
        self._embeddings = _as_langchain(encoder)
        self._encoder = encoder
        self._folder = folder
        self._made = 0

    def take_in(self, texts: Sequence[str]) -> Ask:
        self._made += 1
        here = self._folder / f"mem0-{self._made}"
        self._encoder.encode_all(texts)
        memory = self._memory.from_config(
            {
                "embedder": {"provider": "langchain", "config": {"model": self._embeddings}},
                "vector_store": {"provider": "chroma", "config": {"path": str(here)}},
                "llm": {"provider": "openai", "config": {"api_key": "never used"}},  # it insists on one
                "history_db_path": str(self._folder / f"mem0-{self._made}.db"),
                "version": "v1.1",
            }
        )
        for row, text in enumerate(texts):
            memory.add(text, user_id="rival", metadata={"row": row}, infer=False)

        def ask(question: str, limit: int) -> list[int]:
            found = memory.search(question, user_id="rival", limit=limit)["results"]
            return [int(each["metadata"]["row"]) for each in found]

        return ask


class _Mempalace:
    """mempalace's own search (vectors, ranked again by its BM25), with this embedder in place of its own."""

    name = "mempalace"

    def __init__(self, encoder: _Encoder, folder: Path) -> None:
        # read when it is imported: its configuration, and the model whose place the embedder takes
        os.environ.update(  # noqa: TID251
            {"MEMPALACE_EMBEDDING_MODEL": "minilm", "MEMPALACE_CONFIG_DIR": str(folder / "mempalace")}
        )
        embedding = importlib.import_module("mempalace.embedding")
        base = importlib.import_module("chromadb.api.types").EmbeddingFunction

        class Function(base):  # type: ignore[misc, valid-type]
            def __init__(self) -> None: ...

            @staticmethod
            def name() -> str:
                return "default"  # what it takes its own MiniLM for

            def get_config(self) -> dict[str, object]:
                return {}

            def __call__(self, input: list[str]) -> list[NDArray[np.float32]]:  # noqa: A002  # Chroma's name
                return list(encoder.encode_all(input))

            def embed_query(self, input: list[str]) -> list[NDArray[np.float32]]:  # noqa: A002
                return [encoder.encode_one(text) for text in input]

        function = Function()
        embedding.get_embedding_function = lambda *_, **__: function  # type: ignore[attr-defined]
        self._search = importlib.import_module("mempalace.searcher").search_memories
        self._open = importlib.import_module("mempalace.palace").get_collection
        self._folder = folder
        self._made = 0

    def take_in(self, texts: Sequence[str]) -> Ask:
        self._made += 1
        palace = str(self._folder / f"palace-{self._made}")
        drawers = self._open(palace, create=True)
        for start in range(0, len(texts), _BATCH):
            rows = range(start, min(start + _BATCH, len(texts)))
            drawers.upsert(
                ids=[f"d{row}" for row in rows],
                documents=[texts[row] for row in rows],
                metadatas=[
                    {"wing": "w", "room": "r", "source_file": f"{row}.txt", "chunk_index": 0} for row in rows
                ],
            )

        def ask(question: str, limit: int) -> list[int]:
            found = self._search(question, palace, n_results=limit)["results"]
            return [int(each["source_file"].removesuffix(".txt")) for each in found]

        return ask


class Rivals:
    """The rivals that are installed; a context manager, for some keep files."""

    def __init__(self, recall: RecallIndex) -> None:
        self._encoder = _Encoder(recall)
        self._open = ExitStack()

    def __enter__(self) -> tuple[Rival, ...]:
        self._open.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # what they say of their own age
        folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="offramp-rivals-")))
        found: list[Rival] = [_Exact(self._encoder)]
        with suppress(ImportError):
            found.append(_LangChainChroma(self._encoder))
        with suppress(ImportError):
            found.append(_LangChainEnsemble(self._encoder))
        with suppress(ImportError):
            found.append(_Mem0(self._encoder, folder))
        with suppress(ImportError):
            found.append(_Mempalace(self._encoder, folder))
        warnings.simplefilter("ignore")  # again: importing them put filters before ours
        return tuple(found)

    def __exit__(self, *_: object) -> None:
        self._open.close()
