"""What embedding models want before a question and before a stored text, by their names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What a model wants before a question and before a stored text."""

    query: str = ""
    stored: str = ""


_QWEN = "Instruct: Given a question, retrieve what the person said before that answers it\nQuery:"

# From each model's card. The first part of a name that fits decides; what stands nowhere gets none.
PREFIXES: tuple[tuple[str, Prefixes], ...] = (
    ("e5-mistral", Prefixes(_QWEN.replace("Query:", "Query: "))),
    ("-e5-large-instruct", Prefixes(_QWEN.replace("Query:", "Query: "))),
    ("e5-", Prefixes("query: ", "passage: ")),
    ("bge-m3", Prefixes()),
    ("bge-small-zh", Prefixes("为这个句子生成表示以用于检索相关文章：")),
    ("bge-base-zh", Prefixes("为这个句子生成表示以用于检索相关文章：")),
    ("bge-large-zh", Prefixes("为这个句子生成表示以用于检索相关文章：")),
    ("bge-", Prefixes("Represent this sentence for searching relevant passages: ")),
    ("qwen3-embedding", Prefixes(_QWEN)),
    ("nomic-embed", Prefixes("search_query: ", "search_document: ")),
    ("arctic-embed", Prefixes("query: ")),
)


def prefixes_for(name: str) -> Prefixes:
    """What the model of this name wants before its texts."""
    lowered = name.lower()
    return next((prefixes for part, prefixes in PREFIXES if part in lowered), Prefixes())
