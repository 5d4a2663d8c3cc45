"""The check itself: trained once, asked about every message."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from coaching.model import Language
from coaching.safety.hearing import Reading
from coaching.safety.learning import Classifier, build_regression, load_classifier, load_examples
from coaching.safety.normal import HAN
from coaching.safety.verdict import CALM, SafetyVerdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MEMORY = 160  # characters of the message before that are read together with this one
Encode = Callable[[list[str]], "NDArray[np.float32] | None"]
_training = threading.Lock()


class SafetyCheck:
    """Assesses texts. Deterministic and thread-safe; trained once, on first use, in about three seconds."""

    def __init__(self, train: Callable[[], Classifier] = load_classifier) -> None:
        self._train = train
        self._classifier: Classifier | None = None
        self._vectors: Any = None
        self._vectors_read_han = False

    def warm(self) -> None:
        """Train now, so that nobody's first message waits for it. Blocking: call off the loop."""
        self._trained()

    def fit_vectors(self, encode: Encode, *, reads_han: bool = False) -> bool:
        """Learn from the embedder's vectors too; False while it is still loading.

        Args:
            encode: the embedder. Blocking, a few seconds: call off the loop.
            reads_han: whether it reads Chinese; one that does not is trusted with English only.
        """
        examples = [example for example in load_examples() if reads_han or not HAN.search(example.text)]
        rows = encode([example.written for example in examples])
        if rows is None:
            return False
        self._vectors = build_regression(3).fit(rows, [example.risky for example in examples])
        self._vectors_read_han = reads_han
        return True

    def assess(
        self,
        text: str,
        language: Language,
        vector: NDArray[np.float32] | None = None,
        *,
        context: str | None = None,
    ) -> SafetyVerdict:
        """What this message says about a life in danger.

        Args:
            text: the whole message, of any length.
            language: the language it is mostly in.
            vector: the packaged embedder's unit vector of ``text``, when it is at hand.
            context: what the same person said just before, where a sign may be split over two messages.

        Returns:
            the verdict; its words are a substring of ``text``.
        """
        before = f"{context[-MEMORY:]}\n" if context else ""
        classifier = self._trained()
        reading = Reading(before + text, len(before), classifier)
        if verdict := reading.by_rules():
            return verdict
        return reading.by_classifier(classifier, self._vector_odds(reading, language, vector)) or CALM

    def _trained(self) -> Classifier:
        if self._classifier is None:
            with _training:  # two first messages at once train one
                if self._classifier is None:
                    self._classifier = self._train()
        return self._classifier

    def _vector_odds(
        self, reading: Reading, language: Language, vector: NDArray[np.float32] | None
    ) -> float | None:
        readable = self._vectors_read_han or (language == "en" and not HAN.search(reading.message))
        if self._vectors is None or vector is None or not readable:
            return None
        return float(self._vectors.decision_function(vector.reshape(1, -1))[0])
