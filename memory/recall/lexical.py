"""The lexical leg: BM25 over one person's own messages, the message alone and with its neighbours.

Kept in memory and not in SQLite's FTS5 or Postgres: their statistics count everybody's words, so that one
person's writing would reorder another's results, and the two databases would rank differently.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory.recall.tokens import DATE, SUBJECT
from memory.recall.windows import Timeline

# Saturation and length normalisation, chosen on LoCoMo dev from k1 .8/1.2/2 and b .2/.3/.5/.7/.8: short
# messages differ little in length, so the classic .75 costs .02 MRR.
K1 = 0.8
B = 0.3

# A subject or a date is a weaker sign than the word itself, which it often stands beside.
TERM_WEIGHT = {SUBJECT: 0.6, DATE: 0.6}

# A question that shares this many rare words' worth with a message has said enough: a long, rambling message
# never finds all of its words again.
ENOUGH_WORDS = 4.0


@dataclass(frozen=True, slots=True)
class WordScores:
    """What the lexical leg says, one number a place of the timeline.

    Attributes:
        turn: BM25 of the message alone.
        window: BM25 of the message with its neighbours.
        share: how much of what was asked stands in the message, 0 to 1, rare words counting more.
        window_share: the same for its window.
        subject: whether a subject in both languages, not only a word, is shared.
        word: whether a word is shared.
    """

    turn: NDArray[np.float32]
    window: NDArray[np.float32]
    share: NDArray[np.float32]
    window_share: NDArray[np.float32]
    subject: NDArray[np.bool_]
    word: NDArray[np.bool_]


def weigh_terms(words: Iterable[str]) -> dict[str, float]:
    """A question's tokens with their weights; a repeated word counts once."""
    return {word: TERM_WEIGHT.get(word[0], 1.0) for word in words}


class Postings:
    """Which rows hold which token, and how often. Rows are only added; the timeline says which still count."""

    def __init__(self) -> None:
        self._rows: dict[str, array[int]] = {}
        self._counts: dict[str, array[int]] = {}
        self.entries = 0

    def add(self, row: int, words: Iterable[str]) -> int:
        """Takes in a row's tokens and tells its length, to which subjects and dates add nothing."""
        length = 0
        for word, count in Counter(words).items():
            if word not in self._rows:
                self._rows[word] = array("i")
                self._counts[word] = array("i")
            self._rows[word].append(row)
            self._counts[word].append(count)
            self.entries += 1
            length += 0 if word[0] in TERM_WEIGHT else count
        return length

    @property
    def nbytes(self) -> int:
        """About how much memory this takes; 260 bytes for a word with its two arrays, measured."""
        return 8 * self.entries + 260 * len(self._rows)

    def find(self, word: str, timeline: Timeline) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The places that hold a word, and how often."""
        listed = self._rows.get(word)
        if listed is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        # copied, because an array cannot grow while numpy looks at it
        places = timeline.place[np.array(listed, dtype=np.int64)]
        counts = np.array(self._counts[word], dtype=np.float32)
        here = places >= 0
        return places[here], counts[here]


@dataclass(frozen=True, slots=True)
class Lengths:
    """BM25's length normalisation at each place, for the message alone and for its window."""

    words: NDArray[np.float32]
    turn: NDArray[np.float32]
    window: NDArray[np.float32]


def measure_lengths(words: NDArray[np.float32], timeline: Timeline) -> Lengths:
    """The normalisation for a timeline whose messages are ``words`` long."""
    n = len(timeline)
    places, spread = timeline.spread(np.arange(n), words)
    window = np.bincount(places, spread, n).astype(np.float32)
    return Lengths(words, _norm(words), _norm(window))


def _norm(lengths: NDArray[np.float32]) -> NDArray[np.float32]:
    mean = max(float(lengths.mean()), 1.0) if len(lengths) else 1.0
    return np.asarray(K1 * (1 - B + B * lengths / mean), dtype=np.float32)


def score_words(
    terms: Mapping[str, float], postings: Postings, timeline: Timeline, lengths: Lengths
) -> WordScores:
    """Scores every place of a timeline for a question's terms, which ``weigh_terms`` made."""
    n = len(timeline)
    turn, window, share, window_share = (np.zeros(n, dtype=np.float32) for _ in range(4))
    subject, word_shared = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    rarest = math.log(1 + (n + 0.5) / 0.5)
    asked = 0.0
    for word, weight in terms.items():
        held, counts = postings.find(word, timeline)
        idf = math.log(1 + (n - len(held) + 0.5) / (len(held) + 0.5))
        asked += weight * idf
        if not len(held):
            continue
        gain = np.float32(weight * idf)
        turn[held] += gain * counts * np.float32(K1 + 1) / (counts + lengths.turn[held])
        share[held] += gain
        (subject if word[0] == SUBJECT else word_shared)[held] = True
        near, values = timeline.spread(held, counts)
        heard = np.bincount(near, values, n).astype(np.float32)
        touched = np.flatnonzero(heard)
        amount = heard[touched]
        window[touched] += gain * amount * np.float32(K1 + 1) / (amount + lengths.window[touched])
        window_share[touched] += gain * np.minimum(amount, 1.0)
    whole = np.float32(max(min(asked, ENOUGH_WORDS * rarest), 1e-6))
    share, window_share = np.minimum(share / whole, 1.0), np.minimum(window_share / whole, 1.0)
    return WordScores(turn, window, share, window_share, subject, word_shared)
