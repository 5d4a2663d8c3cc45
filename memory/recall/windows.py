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


_OFFSETS = [sign * distance for distance in range(1, len(NEIGHBOURS) + 1) for sign in (-1, 1)]
_WEIGHTS = np.array([NEIGHBOURS[abs(offset) - 1] for offset in _OFFSETS], dtype=np.float32)[:, np.newaxis]


@dataclass(frozen=True, slots=True)
class Timeline:
    """One person's messages in the order they were said.

    Attributes:
        rows: the row of the message at each place.
        place: the place of each row, -1 for a row that is gone.
        session: the number of the session at each place.
        near: the places beside each place in its session, a row for every offset, -1 where there is none.
    """

    rows: NDArray[np.int64]
    place: NDArray[np.int64]
    session: NDArray[np.int64]
    near: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def before(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """What was said just before each place, and whether anything was in its session."""
        beside = self.near[0, places]
        return beside, beside >= 0

    def spread(
        self, places: NDArray[np.int64], values: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Hands every value on to its neighbours, weaker with distance; places may come up several times."""
        beside = self.near[:, places]
        there = beside >= 0
        handed = (values * _WEIGHTS)[there]
        return np.concatenate((places, beside[there])), np.concatenate((values, handed))

    def with_neighbours(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """``places`` and everything in their windows; some may come up several times."""
        beside = self.near[:, places].ravel()
        return np.concatenate((places, beside[beside >= 0]))

    def mean_around(self, values: NDArray[np.float32], places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The mean over each place's window, the closer the heavier; what is NaN is left out of it."""
        beside = self.near[:, places]
        heard = np.vstack((values[places], np.where(beside >= 0, values[beside], np.nan)))
        weights = np.vstack(
            (np.ones((1, len(places)), dtype=np.float32), np.broadcast_to(_WEIGHTS, beside.shape))
        )
        weights = np.where(np.isnan(heard), np.float32(0.0), weights)
        total = weights.sum(axis=0)
        summed = (np.where(np.isnan(heard), np.float32(0.0), heard) * weights).sum(axis=0)
        return np.asarray(np.where(total > 0, summed / np.maximum(total, 1e-9), np.nan), dtype=np.float32)


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
    n = len(rows)
    place = np.full(len(ids), -1, dtype=np.int64)
    place[rows] = np.arange(n)
    near = np.full((len(_OFFSETS), n), -1, dtype=np.int64)
    if not n:
        return Timeline(rows, place, rows.copy(), near)
    gap = np.diff(said_at[rows]) > SESSION_GAP / timedelta(microseconds=1)
    session = np.cumsum(np.concatenate(([False], gap | (np.diff(groups[rows]) != 0))))
    for row, offset in zip(near, _OFFSETS, strict=True):
        here = np.arange(max(0, -offset), min(n, n - offset))
        together = here[session[here] == session[here + offset]]
        row[together] = together + offset
    return Timeline(rows, place, session, near)
