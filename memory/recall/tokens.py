"""Cuts text into the tokens of the lexical leg: one tokenizer, whatever database holds them.

Latin script becomes stemmed words, Chinese overlapping pairs of characters (R@10 on MemDaily: .703 for pairs
without stop pairs, .638 for jieba, .030 for whole runs; shared trial run). Dates become tokens that both
languages share (``@m3``), and so do subjects (``=promotion``).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b
from itertools import pairwise
from threading import Lock

import snowballstemmer

from memory.recall.dates import find_dates, month_names
from memory.recall.lexicon import chinese, concepts, english

# Raised whenever the same text gives other tokens: stored tokens of another version are made anew.
TOKENIZER_VERSION = 1

SUBJECT = "="  # what a subject's token begins with
DATE = "@"  # what a date's token begins with

# Scripts that are written without spaces, cut into pairs: Han, kana, hangul.
_UNSPACED = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3040-\u30ff\uac00-\ud7af\U00020000-\U0003134f"
_SCAN = re.compile(
    rf"(?P<run>[{_UNSPACED}]+)|(?P<number>\d+(?:[.,]\d+)+)|(?P<word>[^\W_{_UNSPACED}]+(?:'[^\W_{_UNSPACED}]+)*)"
)
_QUOTES = str.maketrans({"’": "'", "‘": "'", "＇": "'", "`": "'"})
_SUFFIXES = frozenset(("s", "t", "re", "ve", "ll", "d", "m"))
_TAIL = re.compile(r"\s*(?:[\[(（【][^\])）】]*[\])）】])\s*$")
_ASKING_END = re.compile(r"[?？](?:[^\w?？]*)$|[吗呢么]\s*[。.!！~～…]*$")
_LONGEST_WORD = 40  # what is longer is a key, a link or noise; it is cut so that the table stays small


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the lexical leg keeps of a text.

    Attributes:
        words: tokens in their order, subjects and dates behind them; a token never holds a space.
        asks: 0 for no question, 1 for a question somewhere, 2 when it ends in one.
        named: each subject's token with the words that name it here.
    """

    words: tuple[str, ...]
    asks: int
    named: tuple[tuple[str, frozenset[str]], ...] = ()


def normalise(text: str) -> str:
    """Case and width folded, accents and piled-up marks taken off, apostrophes straight."""
    if text.isascii():
        return text.casefold()
    folded = unicodedata.normalize("NFKC", text.translate(_QUOTES)).casefold()
    if any("\u00c0" <= char <= "\u036f" or "\u1e00" <= char <= "\u1eff" for char in folded):
        bare = (char for char in unicodedata.normalize("NFD", folded) if not "\u0300" <= char <= "\u036f")
        folded = unicodedata.normalize("NFC", "".join(bare))
    return folded


_stemmer_lock = Lock()


@cache
def _stemmer() -> snowballstemmer.stemmer:
    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of a lower-case word, its irregular form resolved first. Other scripts come back unchanged."""
    base = english().forms.get(word, word)
    if not base.isascii() or base.isdigit():
        return base
    with _stemmer_lock:  # the stemmer keeps its word in itself
        return str(_stemmer().stemWord(base))


def _word(raw: str) -> str | None:
    """The stem of a raw word, or None when it says nothing."""
    base, quote, rest = raw.partition("'")
    if quote:
        raw = base if rest in _SUFFIXES and len(base) > 1 else raw.replace("'", "")
        if len(base) <= 1 and rest in _SUFFIXES:
            return None  # i'm, i'd, i'll
    if raw in english().stop or raw in month_names():
        return None
    if len(raw) == 1 and raw.isalpha() and raw.isascii():
        return None
    return stem(raw[:_LONGEST_WORD])


def _pairs(run: str) -> list[str]:
    """A run's overlapping pairs, without those that say nothing; a lone character stays."""
    known = chinese()
    found: list[str] = []
    for part in known.cuts.split(run):
        if len(part) == 1 and part not in known.particles and part not in known.function:
            found.append(part)
        found += [pair for pair in map("".join, pairwise(part)) if not known.says_nothing(pair)]
    return found


@cache
def _english_subjects() -> tuple[dict[str, tuple[str, ...]], dict[tuple[str, str], tuple[str, ...]]]:
    """Stems and pairs of stems that name a subject.

    Raises:
        ValueError: an entry cannot be matched, because a word of it is a stop word.
    """
    single: dict[str, tuple[str, ...]] = {}
    double: dict[tuple[str, str], tuple[str, ...]] = {}
    for entry, subject in concepts().english:
        stems = [_word(raw) for raw in entry.split()]
        if None in stems or len(stems) > 2:
            raise ValueError(f"concepts.toml: {subject}: {entry!r} can never match")
        named = [found for found in stems if found is not None]
        if len(named) == 1:
            single[named[0]] = (*single.get(named[0], ()), subject)
        else:
            pair = (named[0], named[1])
            double[pair] = (*double.get(pair, ()), subject)
    return single, double


def _subjects(words: list[str], runs: list[str]) -> dict[str, set[str]]:
    """The subjects that are named, each with the words that name it."""
    single, double = _english_subjects()
    found: dict[str, set[str]] = {}
    for word in words:
        for subject in single.get(word, ()):
            found.setdefault(subject, set()).add(word)
    for pair in pairwise(words):
        for subject in double.get(pair, ()):
            found.setdefault(subject, set()).update(pair)
    known = concepts()
    for run in runs:
        for match in known.chinese.finditer(run):
            for subject in known.subjects[match[0]]:
                found.setdefault(subject, set()).update(_pairs(match[0]))
    return found


def asks(text: str) -> int:
    """0 for no question in ``text``, 1 for a question somewhere, 2 when it ends in one."""
    bare = _TAIL.sub("", text)
    if _ASKING_END.search(bare):
        return 2
    return 1 if "?" in bare or "？" in bare else 0


def cut(text: str) -> Tokens:
    """The tokens of a text, in any mix of languages."""
    folded = normalise(text)
    words: list[str] = []
    latin: list[str] = []
    runs: list[str] = []
    number_until = -1
    number = ""
    for match in _SCAN.finditer(folded):
        kind, found = match.lastgroup, match[0]
        if kind == "run":
            runs.append(found)
            if match.start() == number_until:
                words.append(number + found[0])  # 30万, 3月, 8号
            words += _pairs(found)
            continue
        if kind == "number" or found.isdigit():
            number, number_until = found, match.end()
            words.append(found[:_LONGEST_WORD])
            continue
        if (kept := _word(found)) is not None:
            words.append(kept)
            latin.append(kept)
    subjects = sorted(_subjects(latin, runs).items())
    words += [SUBJECT + subject for subject, _ in subjects]
    words += [token for mention in find_dates(folded) for token in mention.tokens()]
    named = tuple((SUBJECT + subject, frozenset(naming)) for subject, naming in subjects)
    return Tokens(tuple(words), asks(text), named)


_FILE = re.compile(
    r"[^\s/\\]*[/\\]|\S+\.(?:md|markdown|txt|text|zip|json|html?|docx?|org|csv)\b", re.IGNORECASE
)


def heading(source: str) -> str:
    """What an imported entry's source says about it: its headings without folders and file names."""
    return _FILE.sub(" ", source).strip(" \t·#>|-—:/") if source else ""


@lru_cache(maxsize=10_000)
def heading_words(source: str) -> frozenset[str]:
    """The words of a heading, by which a question may name it; the speaker's name in an imported chat."""
    return frozenset(word for word in cut(heading(source)).words if word[0] not in (SUBJECT, DATE))


def indexed_text(text: str, source: str) -> str:
    """A message as it is indexed: with its heading, which for an imported chat names the speaker."""
    head = heading(source)
    return f"{head}: {text}" if head else text


def digest(text: str, source: str) -> str:
    """Names the indexed text and the tokenizer: equal digests need no new tokens and no new vector."""
    named = blake2b(f"{source}\0{text}".encode("utf-8", "surrogatepass"), digest_size=10).hexdigest()
    return f"{TOKENIZER_VERSION}.{named}"


def is_current(named: str) -> bool:
    """Whether a digest was made by this tokenizer."""
    return named.startswith(f"{TOKENIZER_VERSION}.")
