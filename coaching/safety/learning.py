"""What the packaged sentences teach: a classifier over letters and families of words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import combinations, pairwise
from typing import Any, NamedTuple

from coaching import lens_data
from coaching.safety.normal import LATIN, load_lexicon, normalise
from prompts import load_toml

HAN_RUN = re.compile(r"[㐀-鿿]+")


def _features(text: str) -> list[str]:
    """Character n-grams of Chinese, words and their pieces in Latin script, and families with their pairs."""
    found: list[str] = []
    for run in HAN_RUN.findall(text):
        found += [run[i : i + size] for size in (1, 2, 3) for i in range(len(run) - size + 1)]
    words = LATIN.findall(text)
    found += words
    found += [f"{one} {two}" for one, two in pairwise(words)]
    for word in words:
        marked = f"<{word}>"
        found += [f"#{marked[i : i + size]}" for size in (3, 4) for i in range(len(marked) - size + 1)]
    families = [name for name, pattern in load_lexicon().families.items() if pattern.search(text)]
    found += [
        f"§{name}" for name in families
    ] * 3  # three times: a family outweighs the letters that spell it
    return found + [f"§{one}+{two}" for one, two in combinations(families, 2)]


class Example(NamedTuple):
    """A sentence of ``prompts/safety/signs.toml``, as written and in normal form."""

    written: str
    text: str
    risky: bool
    harm: bool


@cache
def load_examples() -> tuple[Example, ...]:
    """Warning signs and ordinary talk, in the file's order."""
    signs = load_toml("safety/signs.toml")
    return tuple(
        Example(sentence, normalise(sentence).text, side == "risk", group == "harm")
        for side in ("risk", "benign")
        for language in ("zh", "en")
        for group, sentences in signs[side][language].items()
        for sentence in sentences
    )


@cache
def load_everyday() -> tuple[Example, ...]:
    """The messages written to teach the lenses: four thousand lines of ordinary work talk.

    Trained without them the check takes one such line in twenty for a sign, with them one in forty, and the
    signs it hears fall from 70 to 67 of a hundred (halves held out in turn).
    """
    return tuple(
        Example(example.text, normalise(example.text).text, risky=False, harm=False)
        for example in lens_data.load_examples()
    )


class Weight(NamedTuple):
    """What one feature counts: its inverse document frequency, towards risk, and towards harm of others."""

    idf: float
    risk: float
    harm: float


class Classifier:
    """Logistic regression over ``_features``; what it says is a log-odds, positive for a warning sign.

    Trained with sklearn, then kept as plain weights: a short message costs well under a millisecond.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        # sklearn takes seconds to import and is needed by no command that only prints help
        from sklearn.feature_extraction.text import TfidfVectorizer

        vectorizer: Any = TfidfVectorizer(analyzer=_features, sublinear_tf=True, min_df=2)
        rows = vectorizer.fit_transform([example.text for example in examples])
        risky = [i for i, example in enumerate(examples) if example.risky]
        risk = build_regression(5).fit(rows, [example.risky for example in examples])
        harm = build_regression(5).fit(rows[risky], [examples[i].harm for i in risky])
        names = vectorizer.get_feature_names_out()
        columns = zip(names, vectorizer.idf_, risk.coef_[0], harm.coef_[0], strict=True)
        self._weights = {str(name): Weight(*map(float, numbers)) for name, *numbers in columns}
        self._bias = Weight(0.0, float(risk.intercept_[0]), float(harm.intercept_[0]))

    def score(self, text: str) -> float:
        """The log-odds that ``text`` is a warning sign."""
        return self._odds(text).risk

    def harms(self, text: str) -> bool:
        """Whether a risky sentence is rather about hurting somebody else."""
        return self._odds(text).harm > 0

    def _odds(self, text: str) -> Weight:
        length = risk = harm = 0.0
        for name, count in Counter(_features(text)).items():
            if weight := self._weights.get(name):
                value = (1 + math.log(count)) * weight.idf
                length += value * value
                risk += value * weight.risk
                harm += value * weight.harm
        norm = math.sqrt(length) or 1.0
        return Weight(0.0, risk / norm + self._bias.risk, harm / norm + self._bias.harm)


def build_regression(strength: float) -> Any:  # noqa: ANN401  # sklearn has no types
    """Liblinear with a fixed seed gives the same weights everywhere; ``tol`` costs no recall."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=strength, class_weight="balanced", solver="liblinear", tol=0.01, random_state=0
    )


@cache
def load_classifier() -> Classifier:
    """What was learned from the packaged examples; every check of a program shares it."""
    return Classifier(load_examples() + load_everyday())
