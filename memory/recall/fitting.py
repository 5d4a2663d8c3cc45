"""How likely a message is about what was asked, for the floor: the order of the hits does not say it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coaching.model import Lens
from memory.recall.lexical import Terms, WordScores
from memory.recall.times import Period
from memory.recall.tokens import DATE


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for, ready for the legs.

    Attributes:
        terms: what to look for among the words.
        vector: the question's unit vector, or None while no embedder reads it.
        reads: how well the embedder reads the question, 0 to 1.
        now: whether it asks how things stand now.
    """

    terms: Terms
    vector: NDArray[np.float32] | None = None
    reads: float = 0.0
    lenses: tuple[Lens, ...] = ()
    period: Period | None = None
    now: bool = False


# The floor: below it nothing is returned. Calibrated where it is known whether there is an answer: it keeps
# 95% of LoCoMo's evidence and keeps silent on 92% of another conversation's questions; on the bilingual probe
# it answers 88% and keeps silent on all 20 absent ones (tests/bench/recall.py prints both).
FLOOR = 0.38

# How far words that only stand around a message count as its own.
NEIGHBOURS_SAY = 0.8

# What words are worth where the embedder reads both sides and hears nothing.
WORDS_ALONE = 0.8

# From which cosine on a sense is shared, and from which it is certain.
SENSE_FROM, SENSE_CERTAIN = 0.35, 0.9

# What fitting the date is worth: where nothing else was asked, and beside words.
DATE_ALONE, DATE_BESIDE = 0.5, 0.15


def measure_fit(
    question: Question,
    words: WordScores,
    cosines: NDArray[np.float32],
    chosen: NDArray[np.int64],
    in_period: NDArray[np.bool_],
    answers: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """How likely each place is about what was asked: by its words, its sense, its date, or each a little."""
    # the words around a message speak for it where it answers them, or says something of it itself
    itself = (words.share[chosen] > 0) | answers | (np.nan_to_num(cosines[chosen], nan=-1.0) > SENSE_FROM)
    around = np.where(itself, NEIGHBOURS_SAY, 0.0) * words.window_share[chosen]
    by_words = np.maximum(words.share[chosen], around)
    sense = cosines[chosen]
    by_words = by_words * np.where(np.isnan(sense), 1.0, 1.0 - question.reads * (1.0 - WORDS_ALONE))
    heard = np.clip((np.nan_to_num(sense, nan=-1.0) - SENSE_FROM) / (SENSE_CERTAIN - SENSE_FROM), 0.0, 1.0)
    by_sense = question.reads * heard
    only_date = not any(word[0] != DATE for word in question.terms.weights)
    by_date = in_period * np.float32(DATE_ALONE if only_date else DATE_BESIDE)
    return np.asarray(1.0 - (1.0 - by_words) * (1.0 - by_sense) * (1.0 - by_date), dtype=np.float32)
