"""One message being read, layer by layer: words, shapes, and what the classifier says of its parts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from coaching.model import Safety
from coaching.safety.learning import Classifier
from coaching.safety.normal import HAN, LATIN, Span, load_lexicon, normalise
from coaching.safety.verdict import SafetyVerdict, Why

# Log-odds of the classifier, set on benign work talk: tests/bench/safety.py prints what they cost.
DOUBT = 1.4  # from here on one plain question
ALARM = 2.6  # from here on a sign is as good as heard
OFFICE = -0.5  # below this a shape of words is office talk after all
PER_DOUBLING = 0.35  # a long message has many chances to look odd once
BREATHLESS = 0.5  # and so has a transcript without full stops
ENOUGH = 6  # Chinese characters, or half as many words: less than that is no evidence
VECTOR_WEIGHT = 0.6  # n-grams and vectors, when both speak: a little more than their mean
CLAUSE = (36, 90)  # longest stretch of their words to repeat, when it holds Chinese and when it does not
SENTENCE = re.compile(r"(?:[^。！？!?；;\n.…]|\.(?=\S))+")
CLAUSE_END = re.compile(r"[，。！？；：、,.!?;:\n「」『』“”\"()（）…—]")
QUOTING = re.compile(r"(?:说|讲|写|发|问|\b(?:says?|said|wrote|texted))[^:“\"「]{0,8}[:“\"「]")
ME = re.compile(r"我|\b(?:i|im|ive|id|ill|my|me|myself)\b")


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


class Reading:
    """One message being read."""

    def __init__(self, message: str, begins: int, classifier: Classifier | None) -> None:
        self.message = message
        self.begins = begins  # what stands before is context, heard but never repeated
        self.normal = normalise(message)
        self._tiers = load_lexicon().tiers
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
