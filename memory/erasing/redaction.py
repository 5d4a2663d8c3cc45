"""Puts ``…`` where forgotten words were, in a text or at any depth of a JSON value; the rest stays readable.

Three things are taken out of a text:

1. the phrases known to be quoted from a forgotten message, wherever they stand;
2. what stands between quote marks and also in a forgotten message, whether the quote was noted down or not;
3. runs of a forgotten message around words that the house does not write by itself: a name that a step was
   built on, an obstacle repeated in the coach's own sentence.

For 2 and 3, words that something else still stored vouches for (``Kept``) stay.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coaching.parts import QUOTED
from memory.erasing.words import (
    RUN_HAN,
    WORD,
    flatten,
    grams,
    house_units,
    join_runs,
    locate_units,
    plain,
    read_tokens,
    read_units,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

GONE = "…"

# A quote as a reply's parts hold it; a door's own quotes carry the door's own numbers.
_QUOTE = frozenset({"text", "message_id", "commitment_id"})

# Names, dates and codes in a reply's JSON: never words, and other code reads them.
_STRUCTURE = frozenset(
    {"type", "key", "kind", "stage", "lens", "lenses", "data", "due_on", "said_on", "parse_mode"}
)
_WORD = re.compile(WORD)
_LONG_ENOUGH = 10  # characters; a shorter phrase of everybody's words is taken out only between quote marks
_HARDLY_BY_CHANCE = 5  # characters; a shorter phrase inside a longer word is another word

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Kept:
    """Words that are still somebody's: said in a message that stays, or promised in a plan that stays."""

    plain: str = ""
    units: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Iterable[str]) -> Kept:
        """What these texts vouch for."""
        texts = tuple(texts)
        return cls("\0".join(map(plain, texts)), frozenset().union(*map(read_units, texts)))

    def __add__(self, other: Kept) -> Kept:
        return Kept(f"{self.plain}\0{other.plain}", self.units | other.units)

    def vouches(self, words: str) -> bool:
        """Whether these words stand in one of the texts."""
        return plain(words) in self.plain


class Traces:
    """What forgotten texts can be recognised by."""

    def __init__(self, texts: Iterable[str]) -> None:
        texts = tuple(texts)
        self.plain = "\0".join(map(plain, texts))
        self.own = frozenset().union(*map(read_units, texts)) - house_units()
        self._pairs = frozenset(grams(self.plain, 2))

    def holds(self, words: str) -> bool:
        """Whether these words stand in one of the texts."""
        wanted = plain(words)
        return bool(wanted) and self._pairs.issuperset(grams(wanted, 2)) and wanted in self.plain

    def find_own(self, words: str) -> frozenset[str]:
        """Which of their own units may stand in the words. Quick, and at worst too many."""
        listed = [word.casefold() for word in _WORD.findall(words)]
        pieces = (listed, join_runs(listed), grams(words, 2), grams(words, RUN_HAN))
        return frozenset().union(*map(self.own.intersection, pieces))

    def may_touch(self, texts: Sequence[str], *kept: Kept) -> bool:
        """Whether there may be anything to take out: an own unit, or a quote, that nothing vouches for."""
        joined = "\n".join(texts)
        own = self.find_own(joined)
        for each in kept:
            own -= each.units
        if own:
            return True
        quoted = (joined[start:end] for start, end in find_marked(joined))
        return any(
            self.holds(words) and not any(each.vouches(words) for each in kept) for words in (*texts, *quoted)
        )


def list_strings(value: Any) -> Iterator[str]:  # noqa: ANN401  # JSON
    """Every string in a JSON value but the names."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from list_strings(inner)


def find_marked(words: str) -> list[Span]:
    """Where quoted words stand, without their marks."""
    return [match.span(1 if match.group(1) is not None else 2) for match in QUOTED.finditer(words)]


class Redaction:
    """Redacts the texts of one stored thing, such as a reply with its parts and what was sent of it.

    Args:
        traces: the forgotten texts.
        phrases: quotes known to be theirs.
        kept: what stays vouched for.
        gone: ids of the forgotten messages; references to them are cut, because an id may be given again.
    """

    def __init__(
        self,
        traces: Traces,
        *,
        phrases: Collection[str] = (),
        kept: Kept | None = None,
        gone: Collection[int] = (),
    ) -> None:
        self._traces = traces
        self._kept = kept or Kept()
        self._gone = frozenset(gone)
        # as they were said, and as a door may have escaped them
        known = {words for phrase in phrases for words in (phrase, html.escape(phrase)) if plain(words)}
        self._known = frozenset(map(plain, known))
        self._strong = tuple(sorted(map(plain, filter(_is_strong, known))))

    def find(self, words: str, *, marked: bool = False) -> tuple[Span, ...]:
        """Where forgotten words stand, in order, apart from each other.

        Args:
            words: any text.
            marked: the whole text is a quote, with no marks around it.
        """
        spans = [*self._phrases(words), *self._quotes(words, marked=marked), *self._runs(words)]
        merged: list[Span] = []
        for start, end in sorted(spans):
            if merged and not words[merged[-1][1] : start].strip():
                merged[-1] = (merged[-1][0], max(merged[-1][1], end))
            else:
                merged.append((start, end))
        return tuple(merged)

    def of_text(self, words: str, *, marked: bool = False) -> str:
        """The text with ``…`` where forgotten words stood."""
        for start, end in reversed(self.find(words, marked=marked)):
            words = f"{words[:start]}{GONE}{words[end:]}"
        return words

    def of_json(self, value: Any, *, quotes: Collection[str] = ("body", "quote", "source")) -> Any:  # noqa: ANN401  # JSON
        """The value with ``…`` where forgotten words stood, and without references to what is gone.

        Args:
            value: parsed JSON.
            quotes: names under which a string is a quote as a whole.
        """
        return self._walk(value, frozenset(quotes), marked=False)

    def _walk(self, value: Any, quotes: frozenset[str], *, marked: bool) -> Any:  # noqa: ANN401  # JSON
        if isinstance(value, str):
            return self.of_text(value, marked=marked)
        if isinstance(value, list):
            return [self._walk(item, quotes, marked=marked) for item in value]
        if not isinstance(value, dict):
            return value
        is_quote = value.keys() >= _QUOTE
        names = quotes | {"text"} if is_quote or "source" in value else quotes
        walked = {
            name: inner if name in _STRUCTURE else self._walk(inner, quotes, marked=name in names)
            for name, inner in value.items()
        }
        if is_quote and value["message_id"] in self._gone:
            walked |= {"text": GONE, "message_id": None, "said_on": None}
        key = str(value.get("key", ""))
        if key[:1] == "m" and key[1:].isdigit() and int(key[1:]) in self._gone:
            walked["key"] = ""
        return walked

    def _phrases(self, words: str) -> Iterator[Span]:
        flat, at = flatten(words) if self._strong else ("", [])
        for phrase in self._strong:
            found = flat.find(phrase)
            while found >= 0:
                start, end = at[found], at[found + len(phrase) - 1] + 1
                if len(phrase) >= _HARDLY_BY_CHANCE or not (_cuts(words, start) or _cuts(words, end)):
                    yield start, end
                found = flat.find(phrase, found + 1)

    def _quotes(self, words: str, *, marked: bool) -> Iterator[Span]:
        for start, end in [(0, len(words))] if marked else find_marked(words):
            inside = words[start:end]
            if plain(inside) in self._known or (
                self._traces.holds(inside) and not self._kept.vouches(inside)
            ):
                yield start, end

    def _runs(self, words: str) -> Iterator[Span]:
        own = self._traces.find_own(words) - self._kept.units
        tokens = read_tokens(words) if own else []
        for start, end in locate_units(words, own) if own else ():
            yield self._widen(words, tokens, start, end)

    def _widen(self, words: str, tokens: list[Span], start: int, end: int) -> Span:
        """The longest run of tokens around an own unit that stands in a forgotten text as it stands here."""
        for first, last in reversed([span for span in tokens if span[1] <= start]):
            if words[last:start].strip() or not self._traces.holds(words[first:end]):
                break
            start = first
        for first, last in [span for span in tokens if span[0] >= end]:
            if words[end:first].strip() or not self._traces.holds(words[start:last]):
                break
            end = last
        return start, end


def _is_strong(phrase: str) -> bool:
    """Whether a phrase says enough to be taken out where no quote marks stand around it."""
    return len(plain(phrase)) >= _LONG_ENOUGH or not read_units(phrase) <= house_units()


def _cuts(words: str, at: int) -> bool:
    """Whether a place lies inside a word of a script that writes words apart."""
    return 0 < at < len(words) and bool(_WORD.fullmatch(words[at - 1 : at + 1]))
