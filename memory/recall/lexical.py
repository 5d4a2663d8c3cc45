"""The lexical leg: BM25 over one person's own messages, the message alone and with its neighbours.

Kept in memory and not in SQLite's FTS5 or Postgres: their statistics count everybody's words, so that one
person's writing would reorder another's results, and the two databases would rank differently.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from memory.recall.tokens import DATE, SUBJECT, Tokens
from memory.recall.windows import Timeline

# Saturation and length normalisation, chosen on LoCoMo dev from k1 .8/1.2/2 and b .2/.3/.5/.7/.8: short
# messages differ little in length, so the classic .75 costs .02 MRR.
K1 = 0.8
B = 0.3

# A subject or a date is a weaker sign than the word itself, which it often stands beside.
TERM_WEIGHT = {SUBJECT: 0.6, DATE: 0.6}

# In how far a message that only shares a subject says the words that named it: 升职 for "promotion".
SUBJECT_STANDS_FOR = 0.85

# About every other pair of characters reaches from one word into the next and will never be found again.
PAIR_COUNTS = 0.4
UNSPACED = "\u3040"  # the first character of the scripts that are cut into pairs

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


@dataclass(frozen=True, slots=True)
class Terms:
    """A question's tokens with their weights, and the words behind each subject."""

    weights: Mapping[str, float]
    named: Sequence[tuple[str, frozenset[str]]] = ()


def weigh_terms(tokens: Tokens) -> Terms:
    """What a question looks for; a repeated word counts once."""
    return Terms({word: TERM_WEIGHT.get(word[0], 1.0) for word in tokens.words}, tokens.named)


class Postings:
    """Which rows hold which token, and how often. Rows are only added: the timeline says which count."""

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


def score_words(terms: Terms, postings: Postings, timeline: Timeline, lengths: Lengths) -> WordScores:
    """Scores every place of a timeline for a question's terms."""
    n = len(timeline)
    turn, window, window_share = (np.zeros(n, dtype=np.float32) for _ in range(3))
    held: dict[str, tuple[NDArray[np.int64], float]] = {}
    for word, weight in terms.weights.items():
        places, counts = postings.find(word, timeline)
        idf = math.log(1 + (n - len(places) + 0.5) / (len(places) + 0.5))
        held[word] = (places, idf)
        if not len(places):
            continue
        gain = np.float32(weight * idf)
        turn[places] += gain * counts * np.float32(K1 + 1) / (counts + lengths.turn[places])
        near, values = timeline.spread(places, counts)
        heard = np.bincount(near, values, n).astype(np.float32)
        touched = np.flatnonzero(heard)
        amount = heard[touched]
        window[touched] += gain * amount * np.float32(K1 + 1) / (amount + lengths.window[touched])
        if word[0] not in TERM_WEIGHT:
            window_share[touched] += np.float32(idf) * np.minimum(amount, 1.0)
    return _shared(terms, held, turn, window, window_share)


def _shared(
    terms: Terms,
    held: Mapping[str, tuple[NDArray[np.int64], float]],
    turn: NDArray[np.float32],
    window: NDArray[np.float32],
    window_share: NDArray[np.float32],
) -> WordScores:
    """How much of what was asked stands where: by its words, and by subjects where the words are missing."""
    n = len(turn)
    share = np.zeros(n, dtype=np.float32)
    by_word, by_subject = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    asked = 0.0
    for word, (places, idf) in held.items():
        if word[0] not in TERM_WEIGHT:
            asked += idf * (PAIR_COUNTS if word[0] >= UNSPACED else 1.0)
            share[places] += np.float32(idf)
            by_word[places] = True
    for subject, naming in terms.named:
        behind = [held[word] for word in naming if word in held]
        worth = SUBJECT_STANDS_FOR * sum(idf for _, idf in behind)
        already = np.zeros(n, dtype=np.float32)
        for places, idf in behind:
            already[places] += np.float32(idf)
        places, _ = held[subject]
        share[places] += np.maximum(np.float32(worth) - already[places], 0.0)
        by_subject[places] = True
    rarest = math.log(1 + (n + 0.5) / 0.5)
    whole = np.float32(max(min(asked, ENOUGH_WORDS * rarest), 1e-6))
    return WordScores(
        turn=turn,
        window=window,
        share=np.minimum(share / whole, 1.0),
        window_share=np.minimum(window_share / whole, 1.0),
        subject=by_subject,
        word=by_word,
    )
