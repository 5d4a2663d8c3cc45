"""What a piece of writing is about, roughly: enough to say whether two pieces are about the same thing."""

from __future__ import annotations

import re
from functools import cache

from prompts import load_toml

_FUNCTION = re.compile(
    r"[的了我你他她它是在不也就都还很又没有这那把被给和跟让要会说想做个么吗呢吧啊哦着过到得]"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]{2,}")
_PAIR = re.compile(r"(?=([\u3400-\u9fff]{2}))")


@cache
def _lists() -> tuple[frozenset[str], frozenset[str]]:
    raw = load_toml("playbook/cues.toml")["common"]
    return frozenset(raw["words"]), frozenset(raw["work"])


def list_subjects(text: str) -> frozenset[str]:
    """The words that carry a subject: Han pairs without function words, English words that say something."""
    common, _ = _lists()
    pairs = {pair for pair in _PAIR.findall(text) if not _FUNCTION.search(pair)}
    words = {_stem(word) for word in _WORD.findall(text.lower())}
    return frozenset((pairs | words) - common)


def _stem(word: str) -> str:
    """Good enough to see that meeting and meetings are one."""
    word = word.replace("’", "'").removesuffix("'s")
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word


def names(text: str, item: str) -> bool:
    """Whether a message speaks of a line of the plan: most of what the line is about, or two words of it."""
    wanted = list_subjects(item)
    return bool(wanted) and len(wanted & list_subjects(text)) >= min(2, len(wanted))


def share_subject(one: str, other: str) -> bool:
    """Whether two pieces are about one thing: two words in common, or one that is not everyday work talk."""
    shared = list_subjects(one) & list_subjects(other)
    _, work = _lists()
    return len(shared) >= 2 or bool(shared - work)
