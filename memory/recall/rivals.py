"""What else finds sentences, measured in the same run with the same embedder where it is installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from memory.recall.index import RecallIndex

_BATCH = 64


class Rival(Protocol):
    """Another way to find a text."""

    @property
    def name(self) -> str:
        """How its line begins."""
        ...

    def take_in(self, texts: Sequence[str]) -> Callable[[str, int], list[int]]:
        """Indexes texts; what comes back finds the rows of the best ones for a question."""
        ...


class _Exact:
    """Exact cosines of single messages: the floor of every dense search."""

    name = "numpy, exact cosine"

    def __init__(self, recall: RecallIndex) -> None:
        self._recall = recall
        self._known: dict[int, NDArray[np.float32]] = {}

    def encode_all(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of many texts, made once for all rivals."""
        asked = hash(tuple(texts))
        if asked not in self._known:
            starts = range(0, len(texts), _BATCH)
            parts = [self._recall.encode(list(texts[start : start + _BATCH])) for start in starts]
            self._known[asked] = np.concatenate([part for part in parts if part is not None])
        return self._known[asked]

    def encode_one(self, text: str) -> NDArray[np.float32]:
        """The vector of a question, made anew each time, for its time counts."""
        made = self._recall.encode([text])
        if made is None:
            raise ValueError("no embedder is loaded")
        return np.asarray(made[0], dtype=np.float32)

    def take_in(self, texts: Sequence[str]) -> Callable[[str, int], list[int]]:
        vectors = self.encode_all(texts)

        def ask(question: str, limit: int) -> list[int]:
            return [int(row) for row in np.argsort(-(vectors @ self.encode_one(question)))[:limit]]

        return ask


class _LangChainChroma:
    """``langchain-chroma`` as its quick start shows it."""

    name = "langchain-chroma"

    def __init__(self, exact: _Exact) -> None:
        self._exact = exact
        self._chroma = importlib.import_module("langchain_chroma").Chroma
        self._made = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's name for encoding stored texts."""
        made: list[list[float]] = self._exact.encode_all(texts).tolist()
        return made

    def embed_query(self, text: str) -> list[float]:
        """LangChain's name for encoding a question."""
        made: list[float] = self._exact.encode_one(text).tolist()
        return made

    def take_in(self, texts: Sequence[str]) -> Callable[[str, int], list[int]]:
        self._made += 1
        store = self._chroma(collection_name=f"rival-{self._made}", embedding_function=self)
        store.add_texts(list(texts), ids=[str(row) for row in range(len(texts))])

        def ask(question: str, limit: int) -> list[int]:
            return [int(found.id) for found in store.similarity_search(question, k=limit)]

        return ask


def list_rivals(recall: RecallIndex) -> tuple[Rival, ...]:
    """The rivals that are installed; they encode with the same embedder."""
    exact = _Exact(recall)
    found: list[Rival] = [exact]
    with suppress(ImportError):
        found.append(_LangChainChroma(exact))
    return tuple(found)
