"""Whether a model's words have an origin: the person's own, the coach's plain vocabulary, or nowhere.

Lists of what must not be said never end. What a reflection needs is small: the person's words, and plain
abstract ones. A fact that nobody brought (a wife, a contract, an alarm) needs a word that is in neither.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import snowballstemmer

from prompts import load_playbook, load_reflect_points, load_toml, variants

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_WORD = re.compile(r"[a-z]+")
_TEXTS = ("turn.two_sided", "turn.quarrel", "turn.quarrel_question", "turn.decide", "turn.decide_question")
_STEM = snowballstemmer.stemmer("english")


def count_strange(own: str, known: str) -> int:
    """How many words, or Han characters, of ``own`` come from nowhere.

    Args:
        own: the model's words, without what it quotes.
        known: everything this person said that is at hand.
    """
    return len(find_strange(own, known))


def find_strange(own: str, known: str) -> tuple[str, ...]:
    """The words and characters that come from nowhere, in order."""
    words, pairs, single = _vocabulary()
    theirs = set(_pairs(known))
    strange: list[str] = []
    for run in _HAN_RUN.findall(own):
        strange += _uncovered(run, lambda pair: pair in pairs or pair in theirs, single)
    heard = set(_stems(known)) if _WORD.search(own.lower()) else set()
    stems = ((word, _STEM.stemWord(word)) for word in _WORD.findall(own.lower()))
    strange += [word for word, stem in stems if stem not in words and stem not in heard]
    return tuple(strange)


def _uncovered(run: str, known: Callable[[str], bool], single: frozenset[str]) -> list[str]:
    """The characters left when a run is laid out with all the known pairs and single characters that go."""
    best: list[tuple[int, ...]] = [()]
    for at, char in enumerate(run):
        left = best[at] if char in single else (*best[at], at)
        if at and known(run[at - 1 : at + 1]) and len(best[at - 1]) < len(left):
            left = best[at - 1]
        best.append(left)
    return [run[at] for at in best[-1]]


@cache
def _vocabulary() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """English stems, Han pairs, and single Han characters that carry no fact."""
    plain = load_toml("safety/plain_words.toml")
    texts = [plain["zh"], plain["en"], *load_toml("safety/inventions.toml")["words"].values()]
    for theme in load_playbook().themes.values():
        for entry in (*theme.frames, *theme.questions):
            texts += [entry.says("zh"), entry.says("en")]
        for step in theme.steps:
            for language in ("zh", "en"):
                names = ("done", "if_then", "smaller", "thing", "person")
                texts += [step.says(language), *(step.word(name, language) for name in names)]
    for language in ("zh", "en"):
        texts += [wording for key in _TEXTS for wording in variants(key, language)]
        for name in ("want", "stuck", "why", "could"):
            texts += _points(name, language)
    single = frozenset(word for word in plain["zh"].split() if len(word) == 1)
    together = "\n".join(texts)
    return frozenset(_stems(together)), frozenset(_pairs(together)), single


def _points(name: str, language: str) -> list[str]:
    """Every sentence of the long form for one section."""
    return [words for lens in load_playbook().themes for words in load_reflect_points(name, lens, language)]


def _pairs(text: str) -> list[str]:
    return [run[at : at + 2] for run in _HAN_RUN.findall(text) for at in range(len(run) - 1)]


def _stems(text: str) -> list[str]:
    return list(
        _STEM.stemWords(list(dict.fromkeys(_WORD.findall(text.lower()))))
    )  # each word once: it is slow
