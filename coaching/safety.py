"""One door for safety: what a message says about a life in danger, and the fixed words that answer it.

``SafetyCheck.assess`` reads every inbound text before anything else. Its layers, each weaker and wider than
the one before: a normal form that undoes spelling tricks; idioms and denials covered; a lexicon; shapes of
sentences; a classifier over character n-grams and families of words, trained on first use from sentences
written for this project; and, where the embedder can read the message, its vector. All words stand in
``prompts/safety``. What each layer reaches is measured in ``tests/bench/safety.py``.

The texts follow the project's notes on crisis handling, which condense what 988 and Samaritans advise: ask
plainly, repeat their words once, never a method, a lecture or a contract, people before numbers.
"""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from coaching import lens_data
from coaching.model import Language, Safety
from prompts import load_toml

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Encode = Callable[[list[str]], "NDArray[np.float32] | None"]

# Log-odds of the classifier, set on benign work talk: tests/bench/safety.py prints what they cost.
DOUBT = 1.4  # from here on one plain question
ALARM = 2.6  # from here on a sign is as good as heard
OFFICE = -0.5  # below this a shape of words is office talk after all
PER_DOUBLING = 0.35  # a long message has many chances to look odd once
BREATHLESS = 0.5  # and so has a transcript without full stops
ENOUGH = 6  # Chinese characters, or half as many words: less than that is no evidence
VECTOR_WEIGHT = 0.6  # n-grams and vectors, when both speak: a little more than their mean

MEMORY = 160  # characters of the message before that are read together with this one
CLAUSE = (36, 90)  # longest stretch of their words to repeat, when it holds Chinese and when it does not

HAN = re.compile(r"[㐀-鿿]")
LATIN = re.compile(r"[a-z0-9]+")
HAN_RUN = re.compile(r"[㐀-鿿]+")
SENTENCE = re.compile(r"(?:[^。！？!?；;\n.…]|\.(?=\S))+")
SPELLED = re.compile(r"(?<![a-z])(?:[a-z][ .\-_*]){3,}[a-z](?![a-z])")
FILLER = re.compile(
    r"(?<=[㐀-鿿]) ?[*·\-_/|~+^.•・]? ?(?=[㐀-鿿])|(?<=[㐀-鿿]) (?=\d)|(?<=\d) (?=[㐀-鿿])"
    r"|(?<=[a-z])['’‘`´ʼ](?=[a-z])"
)
BORDER = re.compile(r"(?<=[㐀-鿿])(?=[a-z])|(?<=[a-z])(?=[㐀-鿿])")
CLAUSE_END = re.compile(r"[，。！？；：、,.!?;:\n「」『』“”\"()（）…—]")
QUOTING = re.compile(r"(?:说|讲|写|发|问|\b(?:says?|said|wrote|texted))[^:“\"「]{0,8}[:“\"「]")
ME = re.compile(r"我|\b(?:i|im|ive|id|ill|my|me|myself)\b")


class Why(StrEnum):
    """What made the check speak."""

    NOTHING = "nothing"
    WORDS = "words"  # said in so many words
    SIGNS = "signs"  # a shape of words, or the classifier
    OTHER = "other"  # somebody else's life is in danger
    GRIEF = "grief"  # somebody took their life
    YES = "yes"  # the answer to the plain question
    UNCLEAR = "unclear"  # the question was asked and not answered
    CLEARED = "cleared"  # a clear no


@dataclass(frozen=True, slots=True)
class SafetyVerdict:
    """What was heard.

    Attributes:
        level: what it asks of the coach.
        words: their own words to repeat once, verbatim, or empty when repeating would give a method back.
        why: which layer spoke, and about whom.
    """

    level: Safety
    words: str = ""
    why: Why = Why.NOTHING


CALM = SafetyVerdict(Safety.NONE)


class Span(NamedTuple):
    """A stretch of the normal form."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Normal:
    """A message in the form the patterns are written for, with the way back to the original."""

    text: str
    at: tuple[int, ...]

    def original(self, span: Span) -> Span:
        """Where ``span`` stood in the message as it was typed."""
        return Span(self.at[span.start], self.at[span.end - 1] + 1)


def normalise(message: str) -> Normal:
    """NFKC, lower case, simplified, unseen characters and letter-spacing tricks undone.

    自 杀, 自*杀, ｋｍｓ, s u i c i d e, zero-width joiners and 自殺 all end up as what they say.
    """
    simplified = _lexicon().simplified
    chars: list[str] = []
    at: list[int] = []
    for position, raw in enumerate(message):
        for char in unicodedata.normalize("NFKC", raw).lower():
            if char in " \t\u3000" or (char.isspace() and char != "\n"):
                if not chars or chars[-1] in " \n":
                    continue
                char = " "
            elif char != "\n" and unicodedata.category(char) in ("Cf", "Mn", "Cc"):
                continue
            chars.append(simplified.get(char, char))
            at.append(position)
    for pattern in (FILLER, SPELLED):
        text = "".join(chars)
        drop: set[int] = set()
        for match in pattern.finditer(text):
            span = range(match.start(), match.end())
            drop.update(i for i in span if pattern is FILLER or not text[i].isalpha())
        chars = [char for i, char in enumerate(chars) if i not in drop]
        at = [position for i, position in enumerate(at) if i not in drop]
    borders = {match.start() for match in BORDER.finditer("".join(chars))}
    spaced = [
        pair for i, pair in enumerate(zip(chars, at, strict=True)) for pair in _with_space(pair, i in borders)
    ]
    return Normal("".join(char for char, _ in spaced), tuple(position for _, position in spaced))


def _with_space(pair: tuple[str, int], border: bool) -> tuple[tuple[str, int], ...]:
    return ((" ", pair[1]), pair) if border else (pair,)


@dataclass(frozen=True)
class Lexicon:
    """``prompts/safety/lexicon.toml`` and ``shapes.toml``, compiled."""

    simplified: dict[str, str]
    tiers: dict[str, re.Pattern[str]]
    families: dict[str, re.Pattern[str]]


@cache
def _lexicon() -> Lexicon:
    words, shapes = load_toml("safety/lexicon.toml"), load_toml("safety/shapes.toml")
    pairs = "".join(words["traditional"].split())
    tiers = {name: _any(words[name]) for name in ("means", "joking")}
    for name in ("idioms", "denials", "explicit", "soft", "harm", "passive", "ask"):
        tiers[name] = _any(words[name]["zh"] + words[name]["en"])
    for name in ("signs", "heads"):
        groups = [group for language in ("zh", "en") for group in shapes[name][language].items()]
        tiers[name] = _any([p for group, patterns in groups if group != "harm" for p in patterns])
        tiers[f"{name}_harm"] = _any([p for group, patterns in groups if group == "harm" for p in patterns])
    tiers["reasons"] = _any(shapes["heads"]["reasons"])
    for name in ("own", "other", "lost", "theirs"):
        tiers[name] = _any(words["persons"][name])
    for name, patterns in words["answers"].items():
        tiers[name] = _any(patterns)
    families = {name: re.compile(pattern) for name, pattern in shapes["concepts"].items()}
    return Lexicon(dict(zip(pairs[::2], pairs[1::2], strict=True)), tiers, families)


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


# ---------------------------------------------------------------- the classifier


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
    families = [name for name, pattern in _lexicon().families.items() if pattern.search(text)]
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
        risk = _regression(5).fit(rows, [example.risky for example in examples])
        harm = _regression(5).fit(rows[risky], [examples[i].harm for i in risky])
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


def _regression(strength: float) -> Any:  # noqa: ANN401  # sklearn has no types
    """Liblinear with a fixed seed gives the same weights everywhere; ``tol`` costs no recall."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=strength, class_weight="balanced", solver="liblinear", tol=0.01, random_state=0
    )


def windows(text: str) -> list[Span]:
    """Sentences and neighbouring pairs of them; a sentence without end is cut into overlapping stretches."""
    size = 80 if HAN.search(text) else 240
    spans: list[Span] = []
    for match in SENTENCE.finditer(text):
        if not match.group().strip():
            continue
        starts = range(match.start(), max(match.start() + 1, match.end() - size // 2), size // 2)
        spans += [Span(start, min(start + size, match.end())) for start in starts]
    pairs = [Span(one.start, two.end) for one, two in pairwise(spans) if two.end - one.start <= 2 * size]
    return spans + pairs


def _says_enough(text: str) -> bool:
    return len(HAN.findall(text)) + 2 * len(LATIN.findall(text)) >= ENOUGH


# ---------------------------------------------------------------- the door


_training = threading.Lock()


@cache
def load_classifier() -> Classifier:
    """What was learned from the packaged examples; every check of a program shares it."""
    return Classifier(load_examples() + load_everyday())


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
        self._vectors = _regression(3).fit(rows, [example.risky for example in examples])
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


class Reading:
    """One message being read."""

    def __init__(self, message: str, begins: int, classifier: Classifier | None) -> None:
        self.message = message
        self.begins = begins  # what stands before is context, heard but never repeated
        self.normal = normalise(message)
        self._tiers = _lexicon().tiers
        self._covered = self._cover("idioms", self._cover("denials", self.normal.text))
        self._classifier = classifier

    def _cover(self, tier: str, text: str) -> str:
        return self._tiers[tier].sub(lambda match: "〇" * len(match.group()), text)

    # -- rules

    def by_rules(self) -> SafetyVerdict | None:
        """The lexicon and the shapes."""
        return self._plain() or self._shaped()

    def _plain(self) -> SafetyVerdict | None:
        about_other: SafetyVerdict | None = None
        for tier, level in (("harm", Safety.HARM), ("explicit", Safety.EXPLICIT), ("soft", Safety.EXPLICIT)):
            for span in self._hits(tier):
                if self._is_about_other(span):
                    about_other = about_other or self._other(span)
                    continue
                verdict = SafetyVerdict(level, self._words(span), Why.WORDS)
                softened = verdict if tier == "explicit" else self._soften(span, verdict)
                if softened is not None:
                    return softened
        for span in self._hits("theirs"):
            return self._other(span)
        return about_other

    def _soften(self, span: Span, verdict: SafetyVerdict) -> SafetyVerdict | None:
        """想死, 同归于尽 and "want to die" belong to despair and to Monday meetings: ask where they joke."""
        if not self._tiers["joking"].search(self._sentence(span)):
            return verdict
        if self._odds(span) < OFFICE:
            return None
        return SafetyVerdict(Safety.UNSURE, verdict.words, verdict.why)

    def _shaped(self) -> SafetyVerdict | None:
        reason = self._tiers["reasons"]
        for tier, level in (
            ("signs_harm", Safety.HARM),
            ("passive", Safety.PASSIVE),
            ("signs", Safety.PASSIVE),
            ("heads_harm", Safety.HARM),
            ("heads", Safety.UNSURE),
            ("ask", Safety.UNSURE),
        ):
            for span in self._hits(tier):
                if tier.startswith("heads") and reason.search(self._around(span)):
                    continue
                if self._is_about_other(span):
                    if tier == "passive":
                        return self._other(span)
                    continue
                if self._odds(span) >= OFFICE:
                    why = Why.WORDS if tier in ("passive", "ask") else Why.SIGNS
                    return SafetyVerdict(level, self._words(span), why)
        return None

    def _hits(self, tier: str) -> Iterator[Span]:
        for match in self._tiers[tier].finditer(self._covered):
            span = Span(*match.span())
            if span.end > span.start and self.normal.original(span).end > self.begins:
                yield span

    def _is_about_other(self, span: Span) -> bool:
        """The nearest person before the words, in their clause, decides; nobody named means the writer."""
        clause = re.split(r"[，。！？,.!?；;\n]", self.normal.text[: span.start])[-1][-60:]
        own = [match.start() for match in self._tiers["own"].finditer(clause)]
        other = [match.start() for match in self._tiers["other"].finditer(clause)]
        if other and QUOTING.search(clause, other[0]):
            return True
        if not other or (own and own[-1] > other[-1]):
            return False
        return not ME.search(self.normal.text[span.start : span.end])

    def _other(self, span: Span) -> SafetyVerdict:
        grief = self._tiers["lost"].search(self._sentence(span))
        return SafetyVerdict(Safety.UNSURE, self._words(span), Why.GRIEF if grief else Why.OTHER)

    # -- statistics

    def by_classifier(self, classifier: Classifier, vector_odds: float | None) -> SafetyVerdict | None:
        """The classifier over all windows; a vector of the whole message joins in when there is one."""
        text = self._covered
        spans = [
            span
            for span in windows(text)
            if self.normal.original(span).end > self.begins and _says_enough(text[span.start : span.end])
        ]
        if not spans:
            return None
        long = 60 if HAN.search(text) else 180
        odds = [classifier.score(text[start:end]) - BREATHLESS * (end - start > long) for start, end in spans]
        best = max(range(len(spans)), key=odds.__getitem__)
        score = odds[best] if vector_odds is None else (odds[best] + vector_odds) * VECTOR_WEIGHT
        score -= PER_DOUBLING * math.log2(max(1, len(spans) / 3))
        if score < DOUBT:
            return None
        sure = score >= ALARM
        if sure and classifier.harms(text[spans[best].start : spans[best].end]):
            return SafetyVerdict(Safety.HARM, self._words(spans[best]), Why.SIGNS)
        return SafetyVerdict(Safety.PASSIVE if sure else Safety.UNSURE, self._words(spans[best]), Why.SIGNS)

    def _odds(self, span: Span) -> float:
        """How much the sentence around ``span`` sounds like a warning sign rather than like work."""
        if self._classifier is None:
            return math.inf
        return max(self._classifier.score(self._sentence(span)), self._classifier.score(self._around(span)))

    # -- pieces of the message

    def _sentence(self, span: Span) -> str:
        text = self._covered
        start = max((text.rfind(mark, 0, span.start) for mark in "。！？!?\n;；"), default=-1) + 1
        ends = [end for mark in "。！？!?\n;；" if (end := text.find(mark, span.end)) >= 0]
        return text[max(start, span.start - 160) : min([*ends, span.end + 160, len(text)])]

    def _around(self, span: Span) -> str:
        return self._covered[max(0, span.start - 60) : span.end + 60]

    def _words(self, span: Span) -> str:
        """Their clause around ``span``, verbatim; empty when it names a means or stands in the context."""
        start, end = self.normal.original(span)
        start = max(start, self.begins)
        limit = CLAUSE[0] if HAN.search(self.message[start:end]) else CLAUSE[1]
        left, right = start, end
        while left > self.begins and not CLAUSE_END.match(self.message[left - 1]):
            left -= 1
        while right < len(self.message) and not CLAUSE_END.match(self.message[right]):
            right += 1
        clause = self.message[left:right] if right - left <= limit else self.message[start:end]
        clause = clause.strip()
        unfit = len(clause) > limit or any(mark in clause for mark in '「」『』“”"\n{}')
        return "" if unfit or self._tiers["means"].search(normalise(clause).text) else clause


# ---------------------------------------------------------------- the answer to the plain question


def assess_answer(text: str, language: Language, previous: Safety, *, why: Why = Why.WORDS) -> SafetyVerdict:
    """What the person's next message says to the question a crisis text asked. Rules only, no classifier.

    Args:
        text: the answer.
        language: the language it is in.
        previous: the level of the message before; ``NONE`` when nothing was asked.
        why: what that verdict said; ``OTHER`` asked whether somebody else is safe.

    Returns:
        ``NONE`` with ``CLEARED`` after a clear no, and coaching may go on, softly. A yes is ``EXPLICIT``.
        Anything else keeps the crisis text: ``UNCLEAR``. After ``EXPLICIT`` or ``HARM`` a clear taking-back
        leads to the plain question once more, never straight back to coaching.
    """
    if previous is Safety.NONE:
        return CALM
    reading = Reading(text, 0, None)
    heard = reading.by_rules()
    if heard and heard.level in (Safety.EXPLICIT, Safety.HARM):
        return heard
    said = reading.normal.text
    says = _answers(language)
    if why is Why.OTHER:
        safe = says("safe", said) and not says("unclear", said)
        return SafetyVerdict(Safety.NONE, "", Why.CLEARED) if safe else SafetyVerdict(Safety.UNSURE, "", why)
    taken_back = bool(_lexicon().tiers["denials"].search(said)) or says("back", said)
    refuses = says("no", said) or taken_back
    if heard or says("unclear", said) or not (refuses or says("yes", said)):
        level = Safety.PASSIVE if previous is Safety.UNSURE else previous
        return SafetyVerdict(level, heard.words if heard else "", Why.UNCLEAR)
    if says("yes", said) and not taken_back:
        return SafetyVerdict(Safety.EXPLICIT, "", Why.YES)
    if previous in (Safety.EXPLICIT, Safety.HARM):
        # a no to the question that was put plainly once more is a step down as well, not yet the end of it
        step_down = taken_back or why is Why.UNCLEAR
        return SafetyVerdict(Safety.PASSIVE if step_down else previous, "", Why.UNCLEAR)
    return SafetyVerdict(Safety.NONE, "", Why.CLEARED)


def _answers(language: Language) -> Callable[[str, str], bool]:
    """Answers in Chinese come with English words in them, the other way round they do not."""
    languages = ("zh", "en") if language == "zh" else ("en",)

    def says(name: str, text: str) -> bool:
        return any(_lexicon().tiers[f"{name}_{language}"].search(text) for language in languages)

    return says


# ---------------------------------------------------------------- the words


def build_crisis_text(verdict: SafetyVerdict, language: Language, country: str | None = None) -> str:
    """The fixed text for a verdict, with the numbers of a country.

    Args:
        verdict: what was heard.
        language: the language to answer in.
        country: ISO 3166 code, or None when it is unknown.

    Raises:
        ValueError: the verdict heard nothing, so there is nothing to say.
    """
    if verdict.level is Safety.NONE:
        raise ValueError("a calm message needs no crisis text")
    texts = load_toml("safety/texts.toml")[language]
    heard = texts["heard"].format(words=verdict.words) if verdict.words else texts["heard_nothing"]
    return str(texts[_text_key(verdict)]).format(heard=heard, **_numbers(language, country)).strip()


def build_return_text(language: Language) -> str:
    """The first words when the person writes again after a crisis message: how they are, and nothing else."""
    return str(load_toml("safety/texts.toml")[language]["back"]).strip()


def build_cleared_text(language: Language, country: str | None = None) -> str:
    """What is said after a clear no, before coaching goes on softly."""
    return (
        str(load_toml("safety/texts.toml")[language]["cleared"]).format(**_numbers(language, country)).strip()
    )


def _text_key(verdict: SafetyVerdict) -> str:
    if verdict.why in (Why.OTHER, Why.GRIEF):
        return verdict.why.value
    if verdict.why is Why.UNCLEAR and verdict.level is not Safety.HARM:
        return "again"
    return verdict.level.value


def _numbers(language: Language, country: str | None) -> dict[str, str]:
    lines = load_toml("safety/lines.toml")
    place = lines.get((country or "").upper()) or lines["unknown"][language]
    return {name: str(place.get(f"{name}_{language}") or place[name]) for name in ("line", "emergency")}
