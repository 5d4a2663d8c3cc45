"""What else finds sentences, measured in the same run with the same embedder where it is installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

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

    def _encode(self, texts: Sequence[str]) -> Any:  # noqa: ANN401  # an array
        parts = [
            self._recall.encode(list(texts[start : start + _BATCH])) for start in range(0, len(texts), _BATCH)
        ]
        return np.concatenate([part for part in parts if part is not None])

    def take_in(self, texts: Sequence[str]) -> Callable[[str, int], list[int]]:
        vectors = self._encode(texts)

        def ask(question: str, limit: int) -> list[int]:
            return [int(row) for row in np.argsort(-(vectors @ self._encode([question])[0]))[:limit]]

        return ask


class _LangChainChroma:
    """``langchain-chroma`` as its quick start shows it."""

    name = "langchain-chroma"

    def __init__(self, recall: RecallIndex) -> None:
        self._exact = _Exact(recall)
        self._chroma = importlib.import_module("langchain_chroma").Chroma
        self._made = 0

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """LangChain's name for encoding stored texts."""
        made: list[list[float]] = self._exact._encode(texts).tolist()
        return made

    def embed_query(self, text: str) -> list[float]:
        """LangChain's name for encoding a question."""
        return self.embed_documents([text])[0]

    def take_in(self, texts: Sequence[str]) -> Callable[[str, int], list[int]]:
        self._made += 1
        store = self._chroma(collection_name=f"rival-{self._made}", embedding_function=self)
        store.add_texts(list(texts), ids=[str(row) for row in range(len(texts))])

        def ask(question: str, limit: int) -> list[int]:
            return [int(found.id) for found in store.similarity_search(question, k=limit)]

        return ask


def list_rivals(recall: RecallIndex) -> tuple[Rival, ...]:
    """The rivals that are installed; they encode with the same embedder."""
    found: list[Rival] = [_Exact(recall)]
    with suppress(ImportError):
        found.append(_LangChainChroma(recall))
    return tuple(found)
