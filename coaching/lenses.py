"""What a message is really about: the lens reader.

Three kinds of evidence, each a similarity between a message and the examples in ``prompts/lenses``:

* **words**: shared character n-grams (Chinese 1-3) and words (English 1-2, and 3-5 letters inside them);
* **cues**: shared word fields. One field holds the Chinese and the English words for one thing ("sleep",
  睡), so what was written in one language teaches the other, and what a field speaks for is learned;
* **sense**: nearness of the sentence vectors, for English only, once ``fit_vectors`` was called: the
  packaged model reads Chinese as unknown tokens.

Their sum is a kernel, and ridge regression on it has a closed form: nothing random, nothing iterative.
``tests/bench/lenses.py`` measures each kind alone and together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from coaching.model import Language, Lens
from prompts import PromptError, load_toml

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

LENSES = tuple(Lens)
NONE = "none"
STAKEHOLDER_IS_ONE_OF = (Lens.RECOGNITION, Lens.OWNERSHIP, Lens.IMPACT)

# Flat around these values: halving or doubling any of them moves the figures of tests/bench/lenses.py by
# less than a point.
SENSE_WEIGHT = 3.0  # the sense kernel is small in value (most pairs are near 0.1) and decides most in English
SENSE_WIDTH = 3.0
RIDGE = 1.0
ALSO = 0.5  # how much an example speaks for its second lens, against 1 for its first
SHARPNESS = 7.0  # softmax of the ridge scores; here the mean certainty equals the share of right readings
SURE = 0.35  # below, fewer than half of the first lenses were right
SECOND = 0.06  # a second lens weaker than this is noise
ENCODE_AT_ONCE = 32  # a message that arrives while the examples are being encoded waits for one such batch

_HAN_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_WORD = re.compile(r"[a-z][a-z']*|\d+")


@dataclass(frozen=True, slots=True)
class Example:
    """A message whose lens is known. ``lens`` is None where there is none; ``also`` are acceptable seconds."""

    text: str
    language: Literal["zh", "en", "mixed"]
    lens: Lens | None
    also: tuple[Lens, ...] = ()


@dataclass(frozen=True, slots=True)
class Cue:
    """A word field: the words of both languages for one thing, kept with the lens they mostly speak for."""

    name: str
    lens: Lens | None
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class LensReading:
    """What was heard in one message.

    Attributes:
        scores: a probability for each lens; they and ``none`` add up to one.
        none: how likely it is that there is no lens at all: a greeting, a command, a thin line.
        lenses: none, one or two, best first.
        sure: whether the first may be named; otherwise the coach asks what the message is about.
        cues: the words in which the lenses were heard, as they stand in the message.
    """

    scores: dict[Lens, float]
    none: float
    lenses: tuple[Lens, ...]
    sure: bool
    cues: tuple[str, ...] = ()

    def reported(self) -> tuple[Lens, ...]:
        """The lenses as told to a person: the deciders' minds are a matter of recognition, ownership or impact.

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


class LensReader:
    """Reads lenses. Trained from the packaged examples when first used, in about a second; thread-safe."""

    def __init__(self, examples: Sequence[Example] | None = None) -> None:
        self._examples = None if examples is None else tuple(examples)
        self._training = Lock()
        self._plain: _Model | None = None
        self._sensing: _Model | None = None

    def read(self, text: str, language: Language, vector: Matrix | None = None) -> LensReading:
        """Reads one message; about a millisecond once trained.

        Args:
            text: what they said.
            language: of the message; a vector counts for English only.
            vector: the message's unit sentence vector, shape (384,), from the encoder given to ``fit_vectors``.
        """
        sensing = self._sensing if language == "en" and vector is not None else None
        model = sensing or self._trained()
        *each, none = model.weigh(text, vector if sensing else None)
        scores = dict(zip(LENSES, each, strict=True))
        best = _best(scores)
        lenses = best if scores[best[0]] > none else ()
        return LensReading(
            scores, none, lenses, bool(lenses) and scores[best[0]] >= SURE, _heard_in(text, lenses)
        )

    def fit_vectors(self, encode: Callable[[list[str]], Matrix | None]) -> bool:
        """Learns the sense of the English examples. Slow (minutes of one core at worst): call it off the loop.

        Args:
            encode: unit vectors for texts, one row each, or None while the model is not there. The caller may
                cache by text.

        Returns:
            Whether it was done; until then, and without a vector, words and cues decide alone.
        """
        import numpy as np

        self._trained()
        examples = self._known()
        english = [n for n, example in enumerate(examples) if example.language == "en"]
        rows: list[Matrix] = []
        for start in range(0, len(english), ENCODE_AT_ONCE):
            made = encode([examples[n].text for n in english[start : start + ENCODE_AT_ONCE]])
            if made is None:
                return False
            rows.append(made)
        senses = np.zeros((len(examples), rows[0].shape[1]), dtype=np.float32)
        senses[english] = np.concatenate(rows)
        with self._training:
            self._sensing = _Model(examples, senses)
        return True

    def _known(self) -> tuple[Example, ...]:
        return load_examples() if self._examples is None else self._examples

    def _trained(self) -> _Model:
        if self._plain is None:
            with self._training:
                if self._plain is None:
                    self._plain = _Model(self._known())
        return self._plain


class _Model:
    """Kernel ridge regression over the examples."""

    def __init__(self, examples: Sequence[Example], senses: Matrix | None = None) -> None:
        import numpy as np
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = [example.text for example in examples]
        self._words = TfidfVectorizer(analyzer=_grams, sublinear_tf=True, dtype=np.float32)
        self._grams = self._words.fit_transform(texts)
        found = np.array([_find_cues(text) for text in texts], dtype=np.float32)
        self._rarity = np.log(len(texts) / (1 + found.sum(axis=0))) + 1
        self._cues = _unit_rows(found * self._rarity)
        self._senses = senses
        targets = np.array([_target(example) for example in examples], dtype=np.float32)
        self._prior = targets.mean(axis=0)
        kernel = self._kernel(self._grams, self._cues, senses)
        kernel[np.diag_indices_from(kernel)] += RIDGE
        self._weights = np.linalg.solve(kernel, targets - self._prior)

    def weigh(self, text: str, vector: Matrix | None) -> list[float]:
        """Probabilities for the lenses in their order, then for none."""
        import numpy as np

        if not _grams(text):  # an emoji, a row of dots
            return [0.0] * len(LENSES) + [1.0]
        cues = _unit_rows(np.array([_find_cues(text)], dtype=np.float32) * self._rarity)
        senses = None if vector is None else np.asarray(vector, dtype=np.float32).reshape(1, -1)
        kernel = self._kernel(self._words.transform([text]), cues, senses)
        raised = np.exp(SHARPNESS * (kernel @ self._weights + self._prior)[0])
        return [float(value) for value in raised / raised.sum()]

    def _kernel(self, grams: Any, cues: Matrix, senses: Matrix | None) -> Matrix:
        """Likeness of every given text to every example, one row a text."""
        import numpy as np

        kernel = (grams @ self._grams.T).toarray()
        # Squared, so that two fields together say more than each alone; the half keeps "no cue at all" a sign.
        kernel += ((cues @ self._cues.T + 0.5) / 1.5) ** 2
        if senses is not None and self._senses is not None:
            both = senses.any(axis=1)[:, None] & self._senses.any(axis=1)[None, :]
            kernel += SENSE_WEIGHT * both * np.exp(SENSE_WIDTH * (senses @ self._senses.T - 1))
        return kernel.astype(np.float32, copy=False)  # type: ignore[no-any-return]  # scipy is untyped


def _unit_rows(rows: Matrix) -> Matrix:
    import numpy as np

    unit: Matrix = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit


def _target(example: Example) -> list[float]:
    """What an example speaks for, adding up to one; the last column is none."""
    row = [0.0] * (len(LENSES) + 1)
    for lens in example.also:
        row[LENSES.index(lens)] = ALSO
    row[LENSES.index(example.lens) if example.lens else -1] = 1.0
    return [value / sum(row) for value in row]


def _grams(text: str) -> list[str]:
    """The n-grams of a text: Han characters by position, Latin words whole, in pairs and in pieces."""
    low = text.lower().replace("’", "'")
    found = [
        run[at : at + size]
        for run in _HAN_RUN.findall(low)
        for size in (1, 2, 3)
        for at in range(len(run) - size + 1)
    ]
    words = _WORD.findall(low)
    found += [f"w:{word}" for word in words]
    found += [f"w:{one} {two}" for one, two in zip(words, words[1:], strict=False)]
    for word in words:
        padded = f" {word} "
        found += [f"c:{padded[at : at + size]}" for size in (3, 4, 5) for at in range(len(padded) - size + 1)]
    return found


def _find_cues(text: str) -> list[bool]:
    return [bool(cue.pattern.search(text)) for cue in load_cues()]


def _heard_in(text: str, lenses: tuple[Lens, ...]) -> tuple[str, ...]:
    """The words of these lenses' own fields, in the order in which they stand."""
    spans = {m.span() for cue in load_cues() if cue.lens in lenses for m in cue.pattern.finditer(text)}
    return tuple(dict.fromkeys(text[start:end].strip() for start, end in sorted(spans) if end > start))


def _files() -> list[tuple[Lens | None, dict[str, Any]]]:
    return [(lens, load_toml(f"lenses/{lens.value if lens else NONE}.toml")) for lens in (*LENSES, None)]


@cache
def load_examples() -> tuple[Example, ...]:
    """The packaged examples of all lenses and of none.

    Raises:
        PromptError: an example names a lens that does not exist.
    """
    made = []
    for lens, raw in _files():
        for language in ("zh", "en", "mixed"):
            for row in raw[f"examples_{language}"]:
                entry = {"text": row} if isinstance(row, str) else row
                try:
                    also = tuple(Lens(name) for name in entry.get("also", ()))
                except ValueError as error:
                    raise PromptError(f"prompts/lenses, {entry['text']!r}: {error}") from error
                made.append(Example(entry["text"], language, lens, also))  # type: ignore[arg-type]  # one of the three
    return tuple(made)


@cache
def load_cues() -> tuple[Cue, ...]:
    """The packaged word fields. An English word is matched from its beginning, so "decid" finds "decided".

    Raises:
        PromptError: a field is not a regex; the message names it.
    """
    made = []
    for lens, raw in _files():
        for name, zh in raw["cues_zh"].items():
            words = [*zh, *(rf"(?<![a-z]){word}" for word in raw["cues_en"][name])]
            try:
                # ASCII, so that a Han character ends an English word: "做PM了".
                pattern = re.compile("|".join(words), re.IGNORECASE | re.ASCII)
            except re.error as error:
                raise PromptError(
                    f"prompts/lenses/{lens.value if lens else NONE}.toml, {name}: {error}"
                ) from error
            made.append(Cue(name, lens, pattern))
    return tuple(made)
