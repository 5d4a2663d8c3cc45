"""One message, read: what it wants, which lens it is about, and which of its words are worth giving back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coaching.intent import Intent, says
from coaching.model import Lens, Recalled, Stage
from coaching.parts import Quote
from coaching.quoting import Clause, Nouns, find_nouns, find_other_side, list_clauses, measure
from prompts import load_pattern

if TYPE_CHECKING:
    from coaching.boundaries import Boundary
    from coaching.lenses import LensReading
    from coaching.model import Turn

LOW_MINUTES = 5
EVENING_ENDS = 22  # from this hour on there is nothing more tonight
MORNING = 5

_LEARN = load_pattern("reading.learn")
_SHOW = load_pattern("reading.show")
_TEST = load_pattern("reading.test")
_LOW = load_pattern("reading.low")
_LEFT = load_pattern("reading.left")
# the time there is now, not the time something took
_MINUTES = re.compile(
    r"(?:只有|就有|(?<![成早])就|还有|只剩|还剩|剩下|能挤出|我有)\s*(\d{1,3}|[一二两三四五六七八九十]{1,3}|半)\s*(?:个)?(分钟|小时|钟头)"
    r"|\b(?:i have|i(?:'ve|’ve)(?: only)? got|only have|have only|i got|only got"
    r"|there(?:'s| is| are)(?: only)?)(?: only| just| about| maybe)*\s+"
    r"(\d{1,3}|an|one|half an|two|five|ten|fifteen|twenty|thirty|forty)\s*(?:-|\s)?(min(?:ute)?s?|hours?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a responder needs to know about a message.

    Attributes:
        theme: the lens to speak about.
        lenses: as reported, at most two, most certain first; ``sure`` whether the first may be named.
        quote: the loaded clause; ``other`` the one that pulls against it.
        past: an earlier statement about the same thing, and whether it says otherwise; ``recalled`` all that
            came back, best first.
        minutes: at most this long a step; ``now`` whether that is the time they have at this moment.
        left: they have no job at present, so nothing is said of a boss or a meeting.
    """

    intent: Intent
    theme: Lens
    second: Lens | None
    lenses: tuple[Lens, ...]
    sure: bool
    quote: Quote | None
    other: Quote | None
    nouns: Nouns
    stage: Stage
    low: bool
    late: bool
    no_questions: bool
    no_advice: bool
    quarrel: bool
    decide: bool
    minutes: int
    now: bool = False
    left: bool = False
    boundary: Boundary | None = None
    past: Recalled | None = None
    conflict: bool = False
    recalled: tuple[Recalled, ...] = ()


def read_turn(turn: Turn, intent: Intent, lens: LensReading, boundary: Boundary | None = None) -> Reading:
    """Reads one message. ``lens`` is what the lens reader heard in it."""
    text = turn.text
    clauses = list_clauses(text, lens.cues)
    chosen = _choose(clauses)
    other = find_other_side(clauses, chosen) if chosen else None
    late = turn.now.hour >= EVENING_ENDS or turn.now.hour < MORNING
    stated = read_minutes(text)
    stage = read_stage(text)
    tired = bool(_LOW.search(text))
    heard = lens.lenses or (max(lens.scores, key=lens.scores.__getitem__),)
    if heard[0] is Lens.ENERGY and not tired and stated and stage is not Stage.CLARIFY:
        # short of time is not short of strength: they want to move something
        rest = {each: score for each, score in lens.scores.items() if each is not Lens.ENERGY}
        heard = (*heard[1:], max(rest, key=rest.__getitem__))
    quarrel = says("quarrel", text)  # heat is not tiredness
    low = tired or (bool(lens.lenses) and heard[0] is Lens.ENERGY and not quarrel)
    return Reading(
        intent=intent,
        theme=heard[0],
        second=heard[1] if len(heard) > 1 and heard[1] is not heard[0] else None,
        lenses=lens.reported(),
        sure=lens.sure,
        quote=Quote(chosen.text) if chosen else None,
        other=Quote(other.text) if other else None,
        nouns=find_nouns(text, turn.language, near=chosen.text if chosen else ""),
        stage=stage,
        low=low,
        late=late,
        no_questions=says("no_questions", text),
        no_advice=says("no_advice", text),
        quarrel=quarrel,
        decide=says("decide", text),
        minutes=LOW_MINUTES if low else (turn.minutes or stated or 15),
        now=not late and bool(turn.minutes or stated),
        left=bool(_LEFT.search(text)),
        boundary=boundary,
    )


def _choose(clauses: tuple[Clause, ...]) -> Clause | None:
    """The heaviest clause long enough to be a quote, or the heaviest there is."""
    return next((c for c in clauses if measure(c.text) >= 4), clauses[0] if clauses else None)


def read_stage(text: str) -> Stage:
    """How far their own thing has come, by what the message says exists."""
    for stage, pattern in ((Stage.LEARN, _LEARN), (Stage.SHOW, _SHOW), (Stage.TEST, _TEST)):
        if pattern.search(text):
            return stage
    return Stage.CLARIFY


_DIGITS = {
    "半": 0.5, "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
    "十": 10, "an": 1, "one": 1, "half an": 0.5, "two": 2, "five": 5, "ten": 10, "fifteen": 15, "twenty": 20,
    "thirty": 30, "forty": 40,
}  # fmt: skip


def read_minutes(text: str) -> int | None:
    """The time they say they have, in minutes, when the message names a short one."""
    for match in _MINUTES.finditer(text):
        number = (match.group(1) or match.group(3)).lower()
        unit = (match.group(2) or match.group(4)).lower()
        if number.isdigit():
            value = float(number)
        elif len(number) > 1 and "十" in number:
            tens, _, ones = number.partition("十")
            value = _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)
        else:
            value = _DIGITS.get(number, 0)
        minutes = round(value * (60 if unit[0] in "小钟h" else 1))
        if 1 <= minutes <= 60:
            return minutes
    return None
