"""What a message is really about: the lens reader.

Three kinds of evidence, each a likeness between a message and the examples in ``prompts/lenses``:

* **words**: shared character n-grams (Chinese 1-3) and words (English 1-2, and 3-5 letters inside them);
* **cues**: shared word fields (``lens_data.py``). Because a field is bilingual, what was learned in one
  language helps the other, and what a field speaks for is learned, not decreed;
* **sense**: nearness of the sentence vectors, once ``fit_vectors`` was called; for English only, unless the
  embedder reads Chinese too: the packaged one takes it for unknown tokens.

Cues and sense count the more the nearer two texts are in length: with no cue in it, a short line is read by
what was learned from short lines. Their sum is a kernel; ridge regression on it has a closed form: nothing
random, nothing iterative. ``tests/bench/lenses.py`` measures each kind.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

from coaching.lens_data import HAN, Example, WordFields, load_examples, load_fields
from coaching.model import Language, Lens
from coaching.quoting import measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

LENSES = tuple(Lens)
STAKEHOLDER_IS_ONE_OF = (Lens.RECOGNITION, Lens.OWNERSHIP, Lens.IMPACT)

FULL_CUES = 13.0  # in rarity, about 4.5 a field: eight fields that agree count in full, one for a third
SENSE_WIDTH = 3.0
LENGTH_WIDTH = 1.2  # of the logarithm: a text three times as long is two thirds as alike
RIDGE = 1.0
ALSO = 0.4  # how much an example speaks for its second lens, against 1 for its first
SHARPNESS = 7.0  # softmax of the ridge scores: a certainty of 0.5-0.7 was right in 0.75 of the readings
SURE = 0.3  # below, at most half of the first lenses were right
LIKELIER_THAN_NOT = 0.5
SECOND = 0.03  # a second lens weaker than a third of an even share is noise
ENCODE_AT_ONCE = 32  # a message that arrives while the examples are encoded waits for one such batch

_HAN_RUN = re.compile(rf"[{HAN}]+")
_WORD = re.compile(r"[a-z][a-z']*|\d+")


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each kind of evidence counts; ``tests/bench/lenses.py`` sets one or two to zero.

    Flat around these values: halving or doubling one moves the fresh figures by one to three messages in
    120. Sense likenesses are small (most pairs near 0.1), hence the larger weight.
    """

    words: float = 1.5
    cues: float = 1.0
    sense: float = 3.0


@dataclass(frozen=True, slots=True)
class LensReading:
    """What was heard in one message.

    Attributes:
        scores: a probability for each lens; with ``none`` they add up to one.
        none: how likely it is that there is no lens at all: a greeting, a command, a thin line.
        lenses: none, one or two, best first.
        sure: whether the first may be named; otherwise the coach asks what the message is about.
        cues: the words in which these lenses were heard, as they stand in the message.
    """

    scores: dict[Lens, float]
    none: float
    lenses: tuple[Lens, ...]
    sure: bool
    cues: tuple[str, ...] = ()

    def reported(self) -> tuple[Lens, ...]:
        """The lenses as told to a person, where stakeholder is recognition, ownership or impact.

        What was heard as stakeholder is shared out among the three in proportion to their own scores.
        """
        if not self.lenses:
            return ()
        shared = dict(self.scores)
        stakeholder = shared.pop(Lens.STAKEHOLDER)
        whole = sum(shared[lens] for lens in STAKEHOLDER_IS_ONE_OF) or 1.0
        for lens in STAKEHOLDER_IS_ONE_OF:
            shared[lens] *= 1 + stakeholder / whole
        return _best(shared)


def _best(scores: dict[Lens, float]) -> tuple[Lens, ...]:
    first, second = sorted(scores, key=lambda lens: -scores[lens])[:2]
    return (first, second) if scores[second] >= SECOND else (first,)


def _leading(scores: dict[Lens, float]) -> tuple[Lens, ...]:
    """The best, where what is told apart only as stakeholder or one of its three counts as one voice."""
    best = _best(scores)
    told = LensReading(scores, 0.0, best, sure=False).reported()[0]
    if best[0] in (told, Lens.STAKEHOLDER):
        return best
    return max(told, Lens.STAKEHOLDER, key=lambda lens: scores[lens]), best[0]


_learning = Lock()


@cache
def _packaged(weights: Weights) -> _Model:
    """What was learned from the packaged examples; every reader of a program shares it."""
    return _Model(load_examples(), weights)


class LensReader:
    """Reads lenses. Learns from the packaged examples when first used, in one to two seconds; thread-safe."""

    def __init__(self, examples: Sequence[Example] | None = None, *, weights: Weights | None = None) -> None:
        self._given = examples
        self._weigh = weights or Weights()
        self._plain: _Model | None = None
        self._sensing: _Model | None = None
        self._senses_han = False

    def read(self, text: str, language: Language, vector: Matrix | None = None) -> LensReading:
        """Reads one message; about a millisecond once it has learned.

        Args:
            text: what they said.
            language: of the message. A vector of Chinese counts only if the embedder reads it.
            vector: its unit sentence vector, shape (384,), from the encoder that ``fit_vectors`` was given.
        """
        sensing = self._sensing if vector is not None and (language == "en" or self._senses_han) else None
        model = sensing or self._learned()
        *each, none = model.weigh(text, vector if sensing else None)
        scores = dict(zip(LENSES, each, strict=True))
        best = _leading(scores)
        lenses = best if none <= LIKELIER_THAN_NOT else ()
        sure = bool(lenses) and scores[best[0]] >= SURE
        return LensReading(scores, none, lenses, sure, _heard_in(text, lenses))

    def fit_vectors(self, encode: Callable[[list[str]], Matrix | None], *, reads_han: bool = False) -> bool:
        """Learns the sense of the examples. Takes their encoding time: call it off the loop.

        Args:
            encode: unit vectors for texts, one row each, or None while the model is not there. The caller
                may cache by text: the texts are the same until a new version is installed.
            reads_han: whether it reads Chinese; one that does not is asked about English only.

        Returns:
            Whether it was done. Until then, and for a message without a vector, words and cues decide.
        """
        import numpy as np

        examples = load_examples() if self._given is None else self._given
        readable = [n for n, example in enumerate(examples) if reads_han or example.language == "en"]
        rows: list[Matrix] = []
        for start in range(0, len(readable), ENCODE_AT_ONCE):
            made = encode([examples[n].text for n in readable[start : start + ENCODE_AT_ONCE]])
            if made is None:
                return False
            rows.append(made)
        senses = np.zeros((len(examples), rows[0].shape[1]), dtype=np.float32)
        senses[readable] = np.concatenate(rows)
        model = _Model(examples, self._weigh, senses)
        with _learning:
            self._sensing, self._senses_han = model, reads_han
        return True

    def _learned(self) -> _Model:
        if self._plain is None:
            with _learning:  # two first messages at once learn once
                if self._plain is None:
                    given = self._given
                    self._plain = _packaged(self._weigh) if given is None else _Model(given, self._weigh)
        return self._plain


class _Model:
    """Kernel ridge regression over the examples."""

    def __init__(self, examples: Sequence[Example], weigh: Weights, senses: Matrix | None = None) -> None:
        import numpy as np
        from scipy.linalg import cho_factor, cho_solve
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._weigh = weigh
        texts = [example.text for example in examples]
        tfidf = TfidfVectorizer(analyzer=_grams, sublinear_tf=True, dtype=np.float32)
        grams = tfidf.fit_transform(texts)
        self._place: dict[str, int] = tfidf.vocabulary_
        self._gram_rarity: Matrix = tfidf.idf_.astype(np.float32)

        self._fields = load_fields()
        found = np.array([_active(self._fields, text) for text in texts], dtype=np.float32)
        self._rarity = (np.log(len(texts) / (1 + found.sum(axis=0))) + 1).astype(np.float32)
        self._cues = _scale(found * self._rarity)
        self._lengths = _lengths(texts)
        self._senses = senses
        self._sensed = None if senses is None else senses.any(axis=1)  # which examples the embedder reads

        targets = np.array([_target(example) for example in examples], dtype=np.float32)
        self._prior = targets.mean(axis=0)
        kernel = self._likeness(self._cues, senses, self._lengths)
        kernel += (weigh.words * (grams @ grams.T)).toarray()
        kernel.flat[:: len(texts) + 1] += RIDGE
        # half the time of sklearn's KernelRidge, which asks for the matrix's condition as well
        factor = cho_factor(kernel, overwrite_a=True, check_finite=False)
        self._weights: Matrix = cho_solve(factor, targets - self._prior, check_finite=False)
        self._gram_weights: Matrix = np.ascontiguousarray(weigh.words * (grams.T @ self._weights))

    def weigh(self, text: str, vector: Matrix | None) -> list[float]:
        """Probabilities for the lenses in their order, then for none."""
        import numpy as np

        grams = _grams(text)
        if not grams:  # an emoji, a row of dots
            return [0.0] * len(LENSES) + [1.0]
        cues = _scale(np.array([_active(self._fields, text)], dtype=np.float32) * self._rarity)
        senses = None if vector is None else vector.reshape(1, -1)
        like = self._likeness(cues, senses, _lengths([text]))
        scores = (like @ self._weights)[0] + self._score_grams(grams) + self._prior
        raised = np.exp(SHARPNESS * scores)
        return [float(share) for share in raised / raised.sum()]

    def _score_grams(self, grams: list[str]) -> Any:  # noqa: ANN401  # a row of scores, or 0.0
        """What the n-grams of one text speak for; the vectorizer would spend a millisecond on checks."""
        import numpy as np

        counts = Counter(gram for gram in grams if gram in self._place)
        if not counts:
            return 0.0
        places = [self._place[gram] for gram in counts]
        row = (1 + np.log(np.array(list(counts.values()), dtype=np.float32))) * self._gram_rarity[places]
        return (row / np.linalg.norm(row)) @ self._gram_weights[places]

    def _likeness(self, cues: Matrix, senses: Matrix | None, lengths: Matrix) -> Matrix:
        """Likeness in cues, sense and length of every given text to every example, one row a text."""
        import numpy as np

        # Squared, so that two fields together say more than each alone; the half makes "no cue" a sign, too.
        like: Matrix = (cues @ self._cues.T + 0.5) / 1.5
        like *= like
        like *= self._weigh.cues
        if senses is not None and self._senses is not None and self._sensed is not None:
            both = np.outer(senses.any(axis=1), self._sensed)
            near = np.exp(SENSE_WIDTH * (senses @ self._senses.T - 1))
            near *= both
            near *= self._weigh.sense
            like += near
        like *= np.exp(-0.5 * np.square((lengths[:, None] - self._lengths) / LENGTH_WIDTH))
        return like


def _scale(rows: Matrix) -> Matrix:
    """Rows of length one, or shorter: a lone cue is a weaker sign than several that agree."""
    import numpy as np

    scaled: Matrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), FULL_CUES)
    return scaled


def _lengths(texts: Sequence[str]) -> Matrix:
    """How long texts are, as logarithms, shape (texts,)."""
    import numpy as np

    return np.log(np.array([2 + measure(text) for text in texts], dtype=np.float32))


def _target(example: Example) -> list[float]:
    """What an example speaks for, adding up to one; the last column is none."""
    row = [0.0] * (len(LENSES) + 1)
    for lens in example.also:
        row[LENSES.index(lens)] = ALSO
    row[LENSES.index(example.lens) if example.lens else -1] = 1.0
    return [value / sum(row) for value in row]


def _grams(text: str) -> list[str]:
    """The n-grams of a text: runs of Han characters; Latin words whole, in pairs and in pieces."""
    low = text.lower().replace("’", "'")
    found: list[str] = []
    for run in _HAN_RUN.findall(low):
        found += [run[at : at + size] for size in (1, 2, 3) for at in range(len(run) - size + 1)]
    words = _WORD.findall(low)
    found += [f"w:{word}" for word in words]
    found += [f"w:{one} {two}" for one, two in pairwise(words)]
    for word in words:
        padded = f" {word} "
        found += [f"c:{padded[at : at + size]}" for size in (3, 4, 5) for at in range(len(padded) - size + 1)]
    return found


def _active(fields: WordFields, text: str) -> list[bool]:
    hits = {hit.field for hit in fields.find(text)}
    return [number in hits for number in range(len(fields.names))]


def _heard_in(text: str, lenses: tuple[Lens, ...]) -> tuple[str, ...]:
    """The words of these lenses' own fields, in the order in which they stand."""
    fields = load_fields()
    spans = sorted({hit[1:] for hit in fields.find(text) if fields.lenses[hit.field] in lenses})
    return tuple(dict.fromkeys(text[start:end].strip() for start, end in spans))
