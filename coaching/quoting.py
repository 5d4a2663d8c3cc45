"""Finds the words worth giving back: the loaded clause, its counterweight, and the nouns to build a step on.

Whatever is returned is a verbatim piece of the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from prompts import load_pattern, load_toml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coaching.model import Language

HAN = r"\u3400-\u9fff"
MAX_HAN, MAX_WORDS = 22, 14  # a quote that is still taken in at one glance

_BREAK = re.compile(
    rf"[，。！？；：、…\n\r\t,!?;:()（）\[\]【】<>《》|]+|——+|--+|~+|～+|\.(?=\s|$)"
    rf"|\s+(?=[{HAN}])|(?<=[{HAN}])\s+|\s[-–—]\s"
    r"|\s(?=(?:but|because|and then|so that|although|though|while|yet)\s)"
)
# where unpunctuated speech turns a corner
_TURN = re.compile(
    r"(?=但是|可是|不过|然而|然后|所以|因为|结果|其实|就是说|而且|反正|只是|那我|如果|但(?!凡)|却)"
    r"|(?=\b(?:but|because|and then|so then|except|instead|although|then)\b)",
    re.IGNORECASE,
)
_LEAD = load_pattern("quoting.lead")
_TAIL = load_pattern("quoting.tail")
_CONTRAST = load_pattern("quoting.contrast")
_FEELING = load_pattern("quoting.feeling")
_NUMBER = load_pattern("quoting.number")
_SELF = load_pattern("quoting.self")
# speech recognition leaves masks and stray marks; words around them are not to be trusted
GARBLED = re.compile(r"\*{2,}|[□�]|\?{3,}|_{3,}|#{3,}")


@dataclass(frozen=True, slots=True)
class Clause:
    """A verbatim piece of a message with how much it carries."""

    text: str
    weight: float
    at: int  # where it starts in the message
    contrast: bool = False


@dataclass(frozen=True, slots=True)
class Nouns:
    """Their own nouns, ready to stand in a step: ``thing`` 周报自动化, ``person`` 打印店老板."""

    thing: str = ""
    person: str = ""


def measure(text: str) -> int:
    """Length on the scale of ``MAX_HAN``: Han characters, and words at the rate that fits ``MAX_WORDS``."""
    han = len(re.findall(rf"[{HAN}]", text))
    words = len(re.findall(r"[A-Za-z0-9'’]+", text))
    return han + round(words * (1.0 if han else MAX_HAN / MAX_WORDS))


def _trim(piece: str, start: int) -> tuple[str, int]:
    lead = _LEAD.match(piece)
    if lead and lead.end() < len(piece):
        piece, start = piece[lead.end() :], start + lead.end()
    piece = piece[: _TAIL.search(piece).start()] if _TAIL.search(piece) else piece  # type: ignore[union-attr]
    left = len(piece) - len(piece.lstrip(" \"'“”‘’「」『』"))
    piece, start = piece[left:], start + left
    if piece.count('"') % 2 or piece.count("“") != piece.count("”"):
        piece = re.split(r"[\"“”]", piece)[0] or piece
    return piece.rstrip(" -–—"), start


def _pieces(text: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    start = 0
    for match in [*_BREAK.finditer(text), None]:
        end = match.start() if match else len(text)
        if end > start:
            found.append((text[start:end], start))
        start = match.end() if match else end
    cut: list[tuple[str, int]] = []
    for piece, at in found:
        if measure(piece) <= MAX_HAN:
            cut.append((piece, at))
            continue
        corners = [m.start() for m in _TURN.finditer(piece) if m.start() > 0]
        for a, b in zip([0, *corners], [*corners, len(piece)], strict=True):
            cut.append((piece[a:b], at + a))
    return cut


def _shorten(piece: str) -> str:
    """The end of a long piece: what is said last carries most, and a whole word begins it."""
    if measure(piece) <= MAX_HAN:
        return piece
    tokens = re.findall(rf"[{HAN}]|[A-Za-z0-9'’$€£%.-]+|[^\S\n]+|.", piece)
    kept: list[str] = []
    for token in reversed(tokens):
        if measure("".join([token, *kept])) > MAX_HAN - 2:
            break
        kept.insert(0, token)
    return "".join(kept).strip()


def list_clauses(text: str, cues: Sequence[str] = ()) -> tuple[Clause, ...]:
    """Every clause that could be given back, most loaded first.

    ``cues`` are the words in which a lens was heard. The weights follow playbook_proposal.md, section 2.5:
    a cue counts most, then contrast, feeling, a number, the first person and standing late in the message.
    """
    clauses: list[Clause] = []
    size = max(len(text), 1)
    for raw, at in _pieces(text):
        if GARBLED.search(raw):
            continue
        piece, start = _trim(raw, at)
        piece = _shorten(piece)
        amount = measure(piece)
        if amount < 2 or piece not in text:
            continue
        contrast = bool(_CONTRAST.search(raw))
        weight = (
            0.8 * min(2, sum(cue.lower() in piece.lower() for cue in cues))
            + 0.3 * (amount >= 7)
            + 1.5 * contrast
            + 1.0 * bool(_FEELING.search(piece))
            + 0.6 * bool(_NUMBER.search(piece))
            + 0.6 * bool(_SELF.search(piece))
            + 0.8 * start / size
            - 1.2 * (amount < 5)
            - 1.0 * bool(re.search(r"[吗么]$|^(?:怎么办|what should)", piece))
        )
        clauses.append(Clause(piece, weight, start, contrast))
    return tuple(sorted(clauses, key=lambda clause: (-clause.weight, clause.at)))


def find_other_side(clauses: Sequence[Clause], chosen: Clause) -> Clause | None:
    """The clause that pulls against the chosen one, if the message argues with itself."""
    if not any(clause.contrast for clause in clauses):
        return None
    others = [
        c for c in clauses if c is not chosen and measure(c.text) >= 4 and (c.contrast or chosen.contrast)
    ]
    return min(others, key=lambda clause: abs(clause.at - chosen.at), default=None)


@cache
def _noun_patterns() -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    raw = load_toml("playbook/nouns.toml")
    made = {}
    zh, en = raw["zh"], raw["en"]
    stop = re.escape(zh["stops"])
    left = rf"(?:(?![{stop}])[{HAN}]){{0,5}}"

    def alternatives(words: list[str]) -> str:
        return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))

    made["zh"] = tuple(re.compile(rf"{left}(?:{alternatives(zh[kind])})") for kind in ("things", "people"))
    made["en"] = tuple(
        re.compile(
            rf"\b(my|the|this|our|a|an|that)\s+((?:[a-z][\w-]*\s+)?(?:{alternatives(en[kind])}))\b",
            re.IGNORECASE,
        )
        for kind in ("things", "people")
    )
    return made  # type: ignore[return-value]  # two patterns each, by construction


_FOLLOWED = re.compile(r"\b([A-Z][a-z]{2,})\s+(?:said|says|told|asked|wants|would|thinks|replied|agreed)\b")
_LED = re.compile(
    r"\b(?:with|for|to|from|ask|asked|tell|told|call|called|email|emailed|show|showed|help|helped)\s+([A-Z][a-z]{2,})\b"
)
_NOT_NAMES = frozenset(
    [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "English",
        "Chinese",
        "American",
        "Google",
        "Apple",
        "Amazon",
        "Microsoft",
        "Meta",
        "Slack",
        "Notion",
        "Excel",
        "Jira",
        "Python",
        "Java",
        "Telegram",
        "LinkedIn",
        "Twitter",
        "Instagram",
        "Everyone",
        "Nobody",
        "Someone",
        "They",
        "She",
    ]
)


def find_nouns(text: str, language: Language) -> Nouns:
    """The first thing and person of their own that a step can be about."""
    things, people = _noun_patterns()[language]
    if language == "zh":
        thing, person = things.search(text), people.search(text)
        return Nouns(thing.group(0) if thing else "", person.group(0) if person else "")
    name = next(
        (m.group(1) for p in (_FOLLOWED, _LED) for m in p.finditer(text) if m.group(1) not in _NOT_NAMES), ""
    )
    thing, person = things.search(text), people.search(text)
    return Nouns(_as_yours(thing) if thing else "", name or (_as_yours(person) if person else ""))


def _as_yours(match: re.Match[str]) -> str:
    """``my weekly report`` becomes ``your weekly report``; a bare ``a newsletter`` ``the newsletter``."""
    owner, noun = match.group(1).lower(), match.group(2)
    return f"{'your' if owner in ('my', 'our') else 'the'} {noun}"
