"""One person's messages in memory, ready to be searched: words, vectors, and who stands beside whom.

Everything here is a copy of what SQL holds. The words answer the lexical leg; the vectors (a byte a number,
392 bytes a message with the packaged embedder, cosines off by less than .003) give every candidate its score,
whichever leg found it, and stand in for Chroma while that is being rebuilt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coaching.model import Lens
from memory.recall.lexical import Lengths, Postings, measure_lengths
from memory.recall.windows import Timeline, lay_out

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCAN = 4096  # vectors compared at once in a full scan: 6 MB in single precision
_STEPS = 127  # how finely a number of a vector is kept, on either side of 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as a shelf takes it in.

    Attributes:
        dated: whether anybody said on which day; otherwise the day is only the import's.
        group: 0 for what was said here, otherwise the import it came with.
        mine: whether the person said it, and not the coach.
        asks: as in ``Tokens.asks``.
        heading: the words of its heading, which for an imported chat is the speaker.
        lenses: the lenses heard in it, with their weights.
        vectors: a row a piece, None while it was not encoded, no row where the embedder cannot read it.
    """

    message_id: int
    said_at: datetime
    said_on: date
    group: int
    mine: bool
    digest: str
    words: tuple[str, ...]
    asks: int
    lenses: tuple[tuple[Lens, float], ...] = ()
    vectors: NDArray[np.float32] | None = None
    dated: bool = True
    heading: frozenset[str] = frozenset()


class _Column:
    """A numpy array that grows at its end."""

    def __init__(self, dtype: Any, width: int | None = None) -> None:  # noqa: ANN401  # what numpy takes
        self._data = np.zeros(16 if width is None else (16, width), dtype=dtype)
        self._used = 0

    def append(self, value: object) -> None:
        if self._used == len(self._data):
            grown = np.zeros((2 * len(self._data), *self._data.shape[1:]), dtype=self._data.dtype)
            grown[: self._used] = self._data
            self._data = grown
        self._data[self._used] = value
        self._used += 1

    def __len__(self) -> int:
        return self._used

    @property
    def values(self) -> NDArray[Any]:
        return self._data[: self._used]

    @property
    def nbytes(self) -> int:
        return int(self._data.nbytes)


@dataclass(frozen=True, slots=True)
class Places:
    """The living messages of a shelf, in the order they were said: one array element a place."""

    timeline: Timeline
    ids: NDArray[np.int64]
    days: NDArray[np.int32]
    dated: NDArray[np.bool_]
    mine: NDArray[np.bool_]
    asks: NDArray[np.int8]
    headings: NDArray[np.int32]
    lengths: Lengths


class Shelf:
    """One person's messages. Not safe for two threads at once: hold ``lock`` around every call."""

    def __init__(self, *, embedder: str | None = None, mark: int = 0) -> None:
        self.lock = RLock()
        self.embedder = embedder  # whose vectors these are; None while no embedder is loaded
        self.mark = mark  # how often this person's index had been written when this copy was made
        self.prepared_at = float(
            "-inf"
        )  # the loop's time at which it was last brought up to date ahead of need
        self.words = Postings()
        self.settled: frozenset[tuple[int, int]] = frozenset()  # pending changes that are in here already
        self.passed: set[int] = set()  # lines that were looked at and are not to be indexed
        self._row_of: dict[int, int] = {}
        self._digest_of: dict[int, str] = {}
        self._lenses: dict[Lens, dict[int, float]] = {}
        self._ids, self._at, self._days = _Column(np.int64), _Column(np.int64), _Column(np.int32)
        self._groups, self._mine, self._asks = _Column(np.int64), _Column(np.bool_), _Column(np.int8)
        self._lengths, self._alive = _Column(np.float32), _Column(np.bool_)
        self._dated, self._headings = _Column(np.bool_), _Column(np.int32)
        self._heading_of: dict[frozenset[str], int] = {}  # the number of each heading
        self._headed: dict[str, list[tuple[int, float]]] = {}  # by word: headings, and its share of them
        self._read, self._vectors, self._owners = _Column(np.bool_), _Column(np.int8, 1), _Column(np.int64)
        self._scales = _Column(np.float32)
        self._places: Places | None = None

    # --- what is on it ------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, message_id: object) -> bool:
        return message_id in self._row_of

    @property
    def gone(self) -> int:
        """How many rows no longer stand for a message; when they are many, a fresh copy is smaller."""
        return len(self._ids) - len(self._row_of)

    @property
    def newest(self) -> datetime | None:
        """The latest moment something on this shelf was said."""
        return _EPOCH + timedelta(microseconds=int(self._at.values.max())) if len(self._at) else None

    @property
    def nbytes(self) -> int:
        """About how much memory this takes."""
        columns = (
            self._ids, self._at, self._days, self._groups, self._mine, self._asks, self._lengths, self._alive,
            self._dated, self._headings, self._read, self._vectors, self._scales, self._owners,
        )  # fmt: skip
        return sum(column.nbytes for column in columns) + self.words.nbytes + 200 * len(self._row_of)

    def count_vectors(self) -> int:
        """How many vectors of living messages are here: as many as Chroma should hold."""
        return int(self._alive.values[self._owners.values].sum()) if len(self._owners) else 0

    # --- putting and taking -------------------------------------------------------------------------------

    def put(self, entry: Entry) -> None:
        """Adds a message, or brings it up to date."""
        row = self._row_of.get(entry.message_id)
        if row is not None and self._same(row, entry):
            if entry.vectors is not None and not self._read.values[row]:
                self._add_vectors(row, entry.vectors)
            return
        self.take(entry.message_id)
        row = len(self._ids)
        self._ids.append(entry.message_id)
        self._at.append((entry.said_at - _EPOCH) // timedelta(microseconds=1))
        self._days.append(entry.said_on.toordinal())
        self._groups.append(entry.group)
        self._mine.append(entry.mine)
        self._asks.append(entry.asks)
        self._alive.append(True)
        self._dated.append(entry.dated)
        self._headings.append(self._number_heading(entry.heading))
        self._read.append(False)
        self._lengths.append(self.words.add(row, entry.words))
        for lens, weight in entry.lenses:
            self._lenses.setdefault(lens, {})[row] = weight
        self._row_of[entry.message_id] = row
        self._digest_of[entry.message_id] = entry.digest
        if entry.vectors is not None:
            self._add_vectors(row, entry.vectors)
        self._places = None

    def _number_heading(self, heading: frozenset[str]) -> int:
        if heading not in self._heading_of:
            self._heading_of[heading] = len(self._heading_of)
            for word in heading:
                self._headed.setdefault(word, []).append((self._heading_of[heading], 1 / len(heading)))
        return self._heading_of[heading]

    def _same(self, row: int, entry: Entry) -> bool:
        return (
            self._digest_of[entry.message_id] == entry.digest
            and int(self._at.values[row]) == (entry.said_at - _EPOCH) // timedelta(microseconds=1)
            and int(self._days.values[row]) == entry.said_on.toordinal()
            and int(self._groups.values[row]) == entry.group
            and bool(self._dated.values[row]) == entry.dated
            and {lens: weights[row] for lens, weights in self._lenses.items() if row in weights}
            == dict(entry.lenses)
        )

    def _add_vectors(self, row: int, vectors: NDArray[np.float32]) -> None:
        self._read.values[row] = True
        if len(vectors) and not len(self._vectors):
            self._vectors = _Column(np.int8, vectors.shape[1])
        for vector in vectors:
            scale = max(float(np.abs(vector).max()), 1e-9) / _STEPS
            self._vectors.append(np.round(vector / scale))
            self._scales.append(scale)
            self._owners.append(row)

    def take(self, message_id: int) -> None:
        """Takes a message off; nothing happens when it is not here."""
        row = self._row_of.pop(message_id, None)
        if row is None:
            return
        self._digest_of.pop(message_id)
        self._alive.values[row] = False
        for weights in self._lenses.values():
            weights.pop(row, None)
        self._places = None

    # --- looking ------------------------------------------------------------------------------------------

    def places(self) -> Places:
        """The messages in order; laid out anew only when one was added or taken."""
        if self._places is None:
            timeline = lay_out(self._at.values, self._ids.values, self._groups.values, self._alive.values)
            rows = timeline.rows
            self._places = Places(
                timeline=timeline,
                ids=self._ids.values[rows],
                days=self._days.values[rows],
                dated=self._dated.values[rows],
                mine=self._mine.values[rows],
                asks=self._asks.values[rows],
                headings=self._headings.values[rows],
                lengths=measure_lengths(self._lengths.values[rows], timeline),
            )
        return self._places

    def places_of(self, message_ids: Iterable[int]) -> NDArray[np.int64]:
        """Where these messages stand; those that are not here are left out."""
        place = self.places().timeline.place
        rows = [self._row_of[message_id] for message_id in message_ids if message_id in self._row_of]
        return place[np.array(rows, dtype=np.int64)]

    def lens_weights(self, lenses: Sequence[Lens]) -> NDArray[np.float32]:
        """How strongly each message was heard through any of the lenses, 0 to 1."""
        timeline = self.places().timeline
        weights = np.zeros(len(timeline), dtype=np.float32)
        for lens in lenses:
            listed = self._lenses.get(lens, {})
            if listed:
                at = timeline.place[np.fromiter(listed.keys(), dtype=np.int64, count=len(listed))]
                heard = np.fromiter(listed.values(), dtype=np.float32, count=len(listed))
                weights[at] = np.maximum(weights[at], np.clip(heard, 0.0, 1.0))
        return weights

    def measure_headings(self, words: Iterable[str]) -> NDArray[np.float32]:
        """The share of each message's heading that stands among ``words``, 0 to 1."""
        shares = np.zeros(max(len(self._heading_of), 1), dtype=np.float32)
        for word in words:
            for number, share in self._headed.get(word, ()):
                shares[number] += share
        return np.asarray(shares[self.places().headings], dtype=np.float32)

    def measure_sense(
        self, query: NDArray[np.float32], places: NDArray[np.int64] | None = None
    ) -> NDArray[np.float32]:
        """The cosine of the best piece of each message; NaN where there is no vector.

        Args:
            query: the question's unit vector.
            places: which messages to compare; None compares all of them.
        """
        timeline = self.places().timeline
        sense = np.full(len(timeline), -2.0, dtype=np.float32)
        owners = self._owners.values
        if len(owners):
            at = timeline.place[owners]
            if places is None:
                chosen = np.flatnonzero(at >= 0)
            else:
                wanted = np.zeros(len(timeline) + 1, dtype=np.bool_)  # the last one answers for place -1
                wanted[places] = True
                wanted[-1] = False
                chosen = np.flatnonzero(wanted[at])
            for start in range(0, len(chosen), _SCAN):
                part = chosen[start : start + _SCAN]
                # einsum and not @: threads of BLAS wait for each other, 15 ms instead of .2 on a busy machine
                steps = np.einsum("ij,j->i", self._vectors.values[part].astype(np.float32), query)
                np.maximum.at(sense, at[part], steps * self._scales.values[part])
        sense[sense < -1.5] = np.nan
        return sense
