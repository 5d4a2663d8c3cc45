"""Finds the words worth giving back: the loaded clause, its counterweight, and the nouns to build a step on.

Whatever is returned is a verbatim piece of the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from prompts import load_pattern, load_toml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coaching.model import Language

HAN = r"\u3400-\u9fff"
MAX_HAN, MAX_WORDS = 22, 14  # a quote that is still taken in at one glance
WHOLE_WORDS = 18  # an English sentence up to this long is not cut: half a sentence is harder to read

_BREAK = re.compile(
    rf"[，。！？；：、…\n\r\t,!?;:()（）\[\]【】<>《》|]+|——+|--+|~+|～+|\.(?=\s|$)"
    rf"|(?<=[{HAN}])\s+(?=[{HAN}])|\s[-–—]\s"  # but not around a Latin word: "PPT 改到第八版" is one clause
    r"|\s(?=(?:but|because|and then|so that|although|though|while|yet)\s)"
    # speech takes a breath
    r"|(?:^|(?<=\s))(?:(?:and |so |like )*(?:um+|uh+|erm*)\b)+\s?|\s(?:you know|i mean)\s"
    r"|呃+|(?<![\u3400-\u9fff])嗯+|怎么说呢"
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
_STRESS = load_pattern("quoting.stress")
_ASIDE = load_pattern("quoting.aside")
_LEAD_IN = load_pattern("quoting.lead_in")
_NUMBER = load_pattern("quoting.number")
_SELF = load_pattern("quoting.self")
_EMPTY = re.compile(r"(?:(?:and|then|so|but|or|like|just|also|well|然后|就是|所以)\W*)+", re.IGNORECASE)
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
    indent = len(piece) - len(piece.lstrip())
    piece, start = piece[indent:], start + indent
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
        if fits_whole(piece):
            cut.append((piece, at))
            continue
        corners = [m.start() for m in _TURN.finditer(piece) if m.start() > 0]
        for a, b in zip([0, *corners], [*corners, len(piece)], strict=True):
            cut.append((piece[a:b], at + a))
    return cut


def fits_whole(piece: str) -> bool:
    """Whether a piece is short enough to be given back as it stands."""
    if re.search(rf"[{HAN}]", piece):
        return measure(piece) <= MAX_HAN
    return len(re.findall(r"[A-Za-z0-9'’]+", piece)) <= WHOLE_WORDS


# where a piece may begin and still read as a sentence
_BEGINS = re.compile(
    r"(?<=[\u3400-\u9fff])(?=我|你|他|她|它|自己|孩子|老板|领导|大家|这样|那样|这个|那个|结果|就|才|也|都|还|又|从|在|被|把)"
    r"|\b(?=(?:i|i'm|i've|we|he|she|they|it|my|our|his|her|nobody|somebody|someone|everyone|every|the)\b)",
    re.IGNORECASE,
)


def _shorten(piece: str) -> str:
    """The end of a long piece: what is said last carries most, and it begins where a sentence could."""
    if fits_whole(piece):
        return piece
    tokens = re.findall(rf"[{HAN}]|[A-Za-z0-9'’$€£%.-]+|[^\S\n]+|.", piece)
    kept: list[str] = []
    for token in reversed(tokens):
        if measure("".join([token, *kept])) > MAX_HAN - 2:
            break
        kept.insert(0, token)
    end = "".join(kept).strip()
    first = len(piece.rstrip()) - len(end)
    begins = (m.start() for m in _BEGINS.finditer(piece) if m.start() >= first)
    return next((piece[at:].strip() for at in begins if measure(piece[at:]) >= MAX_HAN // 2), end)


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
        if amount < 2 or piece not in text or _EMPTY.fullmatch(piece):
            continue
        contrast = bool(_CONTRAST.search(raw.strip()))
        weight = (
            0.8 * min(2, sum(cue.lower() in piece.lower() for cue in cues))
            + 0.3 * (amount >= 7)
            + 1.5 * contrast
            + 0.6 * bool(_STRESS.search(piece))
            - 3.0 * bool(_ASIDE.search(piece))
            - 1.5 * bool(_LEAD_IN.search(piece))
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
    """The clause that pulls against the chosen one, if the message argues with itself.

    A turn (但是, but) belongs to the clause right before it; what is farther apart is another thought.
    """
    order = sorted(clauses, key=lambda clause: clause.at)
    for before, turn in pairwise(order):
        far = turn.at - before.at - len(before.text) > FAR
        if turn.contrast and chosen in (before, turn) and not far:
            other = before if chosen is turn else turn
            return other if measure(other.text) >= 4 else None
    return None


FAR = 12  # characters between two clauses of one thought: the turning word and a comma


def is_garbled(text: str) -> bool:
    """Whether speech recognition lost more of a message than it kept."""
    if not GARBLED.search(text):
        return False
    clear = sum(measure(piece) for piece, _ in _pieces(text) if not GARBLED.search(piece))
    return 2 * clear < measure(text)


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
            rf"\b(my|the|this|our|a|an|that)\s+((?:[a-z][\w-]*\s+)?(?:{alternatives(en[kind])}))(?![\w-])",
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


_MEASURE = re.compile(r"大?(?:[版份场张页套本堆批轮期沓部项家款台遍摞](?!权|景|图|单|板|门|目)|周(?=周))")
_COUNTS = re.compile(r"(?:[一两二三四五六七八九十百几\d这那每哪上下第]|好多|半)\s?$")
_BARE = re.compile(
    r"(?:^|[.,;:!?]\s+|\b(?:and|but|because|so|then)\s+)"
    r"(boss|manager|team lead|lead|client|director|recruiter)\b",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"(?:自己的?|我(?:那个|这个|的)|做(?:了|个|一)*|写(?:了|个|一)*|搭(?:了|个|一)*|想[做写搞弄开])"
    r"[^，。！？\s]{0,6}$|\bmy $"
)


def find_nouns(text: str, language: Language, *, near: str = "") -> Nouns:
    """The thing and person of their own that a step can be about.

    Args:
        text: what they wrote.
        language: of the message.
        near: the words given back to them; a noun in there comes first, then one that is their own.
    """
    things, people = _noun_patterns()[language]
    at = text.find(near) if near else -1

    def rank(match: re.Match[str]) -> tuple[bool, bool, int]:
        quoted = at >= 0 and at <= match.start() < at + len(near)
        own = bool(_OWN.search(text[: match.start()])) or match.group(0).lower().startswith("my ")
        own = own and not re.match(r"的(?:公司|部门|团队|厂|组)", text[match.end() :])
        return not quoted, not own, match.start()

    thing = min(things.finditer(text), key=rank, default=None)
    person = min(people.finditer(text), key=rank, default=None)
    if language == "zh":
        return Nouns(_unmeasured(thing) if thing else "", _unmeasured(person) if person else "")
    name = next(
        (m.group(1) for p in (_FOLLOWED, _LED) for m in p.finditer(text) if m.group(1) not in _NOT_NAMES), ""
    )
    bare = _BARE.search(text)  # "boss moved it again"
    said = _as_yours(person) if person else f"your {bare.group(1).lower()}" if bare else ""
    return Nouns(_as_yours(thing) if thing else "", name or said)


def _unmeasured(match: re.Match[str]) -> str:
    """``周报`` of ``一版周报``: a measure word counts the thing and is no part of its name."""
    noun = match.group(0)
    measure_word = _MEASURE.match(noun)
    if measure_word and _COUNTS.search(match.string[: match.start()]):
        return noun[measure_word.end() :]
    return noun


def _as_yours(match: re.Match[str]) -> str:
    """``my weekly report`` becomes ``your weekly report``; a bare ``a newsletter`` ``the newsletter``."""
    owner, noun = match.group(1).lower(), match.group(2)
    return f"{'your' if owner in ('my', 'our') else 'the'} {noun}"
