"""From hits to answers: what was said twice comes once, and an update comes before what it updates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coaching.model import Message
from memory.recall.fusion import Hit
from memory.recall.lexicon import chinese, english
from memory.recall.tokens import normalise

# Share of common words from which two messages are one message said twice, or say something about one thing.
TWICE = 0.85
SAME_THING = 0.5

# An update may stand before an older statement that fits up to this much better.
CLOSE = 0.75

_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_\u3040-\u9fff]+|[\u3040-\u9fff]+")
_RUN = re.compile(r"[\u3040-\u9fff]")


@dataclass(frozen=True, slots=True)
class Answer:
    """A hit with its message."""

    hit: Hit
    message: Message


@dataclass(frozen=True, slots=True)
class _Look:
    everything: frozenset[str]  # every word, so that a "not" makes a difference
    telling: frozenset[str]  # without what says nothing
    numbers: frozenset[str]


def _look_at(text: str) -> _Look:
    everything: set[str] = set()
    numbers: set[str] = set()
    for word in _WORD.findall(normalise(text)):
        if word[0].isdigit():
            numbers.add(word)
        elif _RUN.match(word):
            everything |= {word[at : at + 2] for at in range(max(1, len(word) - 1))}
        else:
            everything.add(word)
    stop, says_nothing = english().stop, chinese().says_nothing
    telling = {
        word for word in everything if word not in stop and not (_RUN.match(word) and says_nothing(word))
    }
    return _Look(frozenset(everything), frozenset(telling), frozenset(numbers))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one | other)
    return len(one & other) / both if both else 0.0


def settle(hits: Sequence[Hit], messages: Mapping[int, Message], *, limit: int) -> list[Answer]:
    """The answers in the order they are given, at most ``limit``.

    Args:
        hits: best first.
        messages: what is shown, by id; a hit without one is left out.
        limit: how many.
    """
    kept: list[tuple[Answer, _Look]] = []
    for hit in hits:
        message = messages.get(hit.message_id)
        if message is None:
            continue
        answer, look = Answer(hit, message), _look_at(message.text)
        twin = next((at for at, (_, seen) in enumerate(kept) if _is_twin(look, seen)), None)
        if twin is None:
            kept.append((answer, look))
        elif _later(message, kept[twin][0].message):
            kept[twin] = (answer, look)
        if len(kept) >= 2 * limit:
            break
    return [answer for answer, _ in _newest_first(kept)][:limit]


def _is_twin(one: _Look, other: _Look) -> bool:
    return one.numbers == other.numbers and _share(one.everything, other.everything) >= TWICE


def _later(one: Message, other: Message) -> bool:
    return (one.said_at, one.id) > (other.said_at, other.id)


def _newest_first(kept: list[tuple[Answer, _Look]]) -> list[tuple[Answer, _Look]]:
    """Moves an update before the older statement about the same thing, where it fits nearly as well."""
    placed: list[tuple[Answer, _Look]] = []
    for answer, look in kept:
        at = len(placed)
        for earlier, (other, seen) in enumerate(placed):
            if (
                _later(answer.message, other.message)
                and answer.message.dated
                and answer.hit.score >= CLOSE * other.hit.score
                and _share(look.telling, seen.telling) >= SAME_THING
            ):
                at = earlier
                break
        placed.insert(at, (answer, look))
    return placed
