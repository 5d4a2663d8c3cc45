"""Makes what the index keeps of a message: tokens, and the vectors of its pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from coaching.model import Lens
from memory.recall.encoding import INDEX, EncodeQueue
from memory.recall.pieces import cut_pieces
from memory.recall.rows import Line, pack, unpack
from memory.recall.shelf import Entry
from memory.recall.shelves import entry_from
from memory.recall.tokens import heading

_ENCODE = 8  # texts encoded at once: a question waits no longer than for these

# A text of which the embedder reads less than this share gets no vector: what it would say is noise.
READABLE = 0.5


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a message.

    Attributes:
        entry: for the shelf, with vectors where there are any by now.
        tokens: whether its tokens are new and have to be stored.
        vectors: new packed vectors to be stored, one empty one where the embedder cannot read it; None where
            those that are stored still hold.
    """

    entry: Entry
    tokens: bool
    vectors: tuple[bytes, ...] | None


async def make(
    queue: EncodeQueue,
    lines: Sequence[Line],
    stored: dict[int, list[bytes]],
    lenses: dict[int, tuple[tuple[Lens, float], ...]],
) -> tuple[Made, ...]:
    """New tokens where the text changed; new vectors where it did, or where there are none. Off the loop.

    The coach's own lines have words and no vectors: they stand beside what the person said, and are not
    looked for.

    Args:
        queue: encodes.
        lines: with their texts.
        stored: the vectors there are, by message.
        lenses: what was heard, by message.
    """
    entries = await asyncio.to_thread(
        lambda: [
            entry_from(line, lenses.get(line.message_id, ()), stored.get(line.message_id)) for line in lines
        ]
    )
    changed = {
        entry.message_id for line, entry in zip(lines, entries, strict=True) if entry.digest != line.digest
    }
    wanted = [
        line for line in lines if line.mine and (line.message_id in changed or line.message_id not in stored)
    ]
    vectors = await _encode(queue, wanted)
    return tuple(_made(entry, changed, vectors.get(entry.message_id)) for entry in entries)


def _made(entry: Entry, changed: Collection[int], vectors: tuple[bytes, ...] | None) -> Made:
    if vectors is not None:
        entry = replace(entry, vectors=unpack(vectors))
    return Made(entry, entry.message_id in changed, vectors)


async def _encode(queue: EncodeQueue, lines: Sequence[Line]) -> dict[int, tuple[bytes, ...]]:
    """The packed vectors of these messages, in the order of their pieces."""

    def cut() -> list[tuple[int, int, str]]:
        return [
            (line.message_id, number, piece)
            for line in lines
            for number, piece in enumerate(cut_pieces(line.text or "", heading(line.source)))
            if 1.0 - queue.model.unreadable(piece) >= READABLE
        ]

    pieces = await asyncio.to_thread(cut)
    pieces.sort(key=lambda piece: len(piece[2]))  # texts of one length share a batch without padding
    made: dict[int, dict[int, bytes]] = {line.message_id: {} for line in lines}
    for start in range(0, len(pieces), _ENCODE):
        part = pieces[start : start + _ENCODE]
        vectors = await asyncio.wrap_future(
            queue.submit([text for _, _, text in part], query=False, rank=INDEX)
        )
        for (message_id, number, _), vector in zip(part, vectors, strict=True):
            made[message_id][number] = pack(vector)
    return {
        message_id: tuple(packed for _, packed in sorted(numbered.items())) or (b"",)
        for message_id, numbered in made.items()
    }
