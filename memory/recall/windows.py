"""A message and its neighbours: what was said just before and after it, in the same session.

A window is never stored. It is read off the order of the messages each time, so it is right by itself when a
neighbour is added, edited or forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

# Two messages belong to one session when both came with the same import, or both were said here, and no
# more than this lies between them.
SESSION_GAP = timedelta(hours=6)

# What a neighbour's words count, by distance, beside 1 for the message's own. Four on either side, fading, do
# the work of a session prior as well (LoCoMo dev, R@5: .734 for two, .745 for four).
NEIGHBOURS = (0.8, 0.5, 0.3, 0.15)


@dataclass(frozen=True, slots=True)
class Timeline:
    """One person's messages in the order they were said.

    Attributes:
        rows: the row of the message at each place.
        place: the place of each row, -1 for a row that is gone.
        session: the number of the session at each place.
    """

    rows: NDArray[np.int64]
    place: NDArray[np.int64]
    session: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def neighbours(
        self, places: NDArray[np.int64], offset: int
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The places ``offset`` further on, and which of them lie in the same session."""
        beside = places + offset
        inside = (beside >= 0) & (beside < len(self.rows))
        beside = np.where(inside, beside, places)
        return beside, inside & (self.session[beside] == self.session[places])

    def spread(
        self, places: NDArray[np.int64], values: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Hands every value on to its neighbours, weaker with distance; places may come up several times."""
        all_places, all_values = [places], [values]
        for distance, weight in enumerate(NEIGHBOURS, 1):
            for offset in (-distance, distance):
                beside, same = self.neighbours(places, offset)
                all_places.append(beside[same])
                all_values.append(values[same] * np.float32(weight))
        return np.concatenate(all_places), np.concatenate(all_values)

    def with_neighbours(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """``places`` and everything in their windows, each once, in order."""
        spread, _ = self.spread(places, np.ones(len(places), dtype=np.float32))
        return np.unique(spread)


def lay_out(
    said_at: NDArray[np.int64], ids: NDArray[np.int64], groups: NDArray[np.int64], alive: NDArray[np.bool_]
) -> Timeline:
    """Orders the living rows by when they were said and cuts the order into sessions.

    Args:
        said_at: microseconds since 1970, a row each.
        ids: the messages' ids, which decide between equal moments.
        groups: 0 for what was said here, otherwise the import it came with.
        alive: which rows still stand for a message.
    """
    rows = np.flatnonzero(alive)
    rows = rows[np.lexsort((ids[rows], said_at[rows]))]
    place = np.full(len(ids), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    if not len(rows):
        return Timeline(rows, place, rows.copy())
    gap = np.diff(said_at[rows]) > SESSION_GAP / timedelta(microseconds=1)
    starts = np.concatenate(([False], gap | (np.diff(groups[rows]) != 0)))
    return Timeline(rows, place, np.cumsum(starts))
