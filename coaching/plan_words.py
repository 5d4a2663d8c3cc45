"""The plan changed in words: "move the first one to Friday 6pm", 把第二件缩小, 放掉3, 1做完了."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from coaching.commitments import mark, place_again
from coaching.effects import SetDialogue
from coaching.model import Commitment, CommitmentStatus
from coaching.parts import Choice, Draft, Question, Quote, ReplyKind
from coaching.plan_lines import list_leftover, list_open, list_shown, render_lines
from coaching.recalling import quotable
from coaching.subjects import names
from coaching.when import Moment, read_moment
from prompts import load_pattern, text

if TYPE_CHECKING:
    from coaching.model import Dialogue, Scene, Turn

WHICH = "which"  # the dialogue in which we asked which one was meant
LONGEST = 80  # characters: beyond this it is a story
_VERBS = {
    name: load_pattern(f"plan_words.{name}") for name in ("move", "shrink", "split", "drop", "half", "done")
}
_IT = load_pattern("plan_words.it")
_LOOSE = load_pattern("plan_words.loose")
# a number that stands for a line of the plan, and not for three meetings or a second draft
_ORDINAL = re.compile(
    r"第\s*(?P<zh>[一二三四五六1-6])\s*[件个条项](?:事)?(?:已经|也|都|就|先|给我)?(?=\s*(?:$|[\0，,。.!！]))"
    r"|(?:^|[#\0把])\s*(?P<digit>[1-6])(?=\s*(?:$|[\0.:、，,号]))"
    r"|\b(?P<en>first|second|third|fourth|1st|2nd|3rd)\b(?: (?:one|item|thing|line))?"
    r"(?=\s*(?:$|[\0.,!]|to\b|until\b))",
    re.IGNORECASE,
)
_NUMBERS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4} | dict(
    zip("一二三四五六", range(1, 7), strict=True)
)
_NUMBERED_ONLY = ("done", "half")  # without a number they are reports with a result, and heard elsewhere


def answer_words(turn: Turn, scene: Scene, *, amid: bool = False) -> Draft | None:
    """What words do to a line of the plan, or None when they are about something else.

    ``amid`` a question about another line only a number or the line's own words are heard, and no moment.
    """
    if not turn.text or len(turn.text) > LONGEST or re.search(r"[?？]\s*$", turn.text):
        return None
    verb = next((name for name, pattern in _VERBS.items() if pattern.search(turn.text)), None)
    if verb is None or (amid and verb == "move"):
        return None
    opened = (*list_leftover(scene, turn.today), *list_open(scene, turn.today))
    if not opened:
        return None
    moment = read_moment(_VERBS["move"].sub(_blank, turn.text), turn.now) if verb == "move" else Moment()
    rest = _without(_VERBS[verb].sub(_blank, turn.text), moment)
    if verb in _NUMBERED_ONLY and not _ORDINAL.search(rest):
        return None
    shown = list_shown(scene, turn.today) or opened
    item = _find(rest, shown, opened)
    if item is not None:
        return _apply(turn, scene, verb, item, moment)
    if _ORDINAL.search(rest):
        return mark(turn, scene, verb, "")  # there is no such line, and it says so
    if amid:
        return None
    pointed = bool(_IT.search(rest)) or (verb == "move" and not _LOOSE.sub("", rest))
    if not pointed or (scene.offered is not None and verb != "move"):  # a step on the table is meant
        return None
    if len(opened) == 1:
        return _apply(turn, scene, verb, opened[0], moment)
    return _ask_which(turn, verb, opened)


def answer_which(turn: Turn, scene: Scene, dialogue: Dialogue) -> Draft | None:
    """The number of the one that was meant; what was said about it stands in the dialogue."""
    verb, ids, words = (dialogue.state[name] for name in ("verb", "ids", "words"))
    opened = tuple(c for c in scene.plan if c.id in ids)
    item = _find(turn.text, opened, opened)
    if item is None:
        return None
    moment = read_moment(_VERBS["move"].sub(_blank, words), turn.now) if verb == "move" else Moment()
    return _apply(turn, scene, verb, item, moment)


def _blank(match: re.Match[str]) -> str:
    return "\0" * len(match.group(0))


def _without(words: str, moment: Moment) -> str:
    for start, end in moment.spans:
        words = words[:start] + "\0" * (end - start) + words[end:]
    return words


def _find(rest: str, shown: tuple[Commitment, ...], opened: tuple[Commitment, ...]) -> Commitment | None:
    if match := _ORDINAL.search(rest):
        found = next(value for value in match.groups() if value)
        number = int(found) if found.isdigit() else _NUMBERS[found.lower()]
        return shown[number - 1] if number <= len(shown) else None
    named = [item for item in opened if names(rest.replace("\0", " "), item.text)]
    return named[0] if len(named) == 1 else None


def _apply(turn: Turn, scene: Scene, verb: str, item: Commitment, moment: Moment) -> Draft:
    if verb == "move" and item.status is CommitmentStatus.OPEN and (moment.on or moment.at):
        return place_again(turn, item, moment)
    return mark(replace(turn, text=""), scene, verb, str(item.id))


def _ask_which(turn: Turn, verb: str, opened: tuple[Commitment, ...]) -> Draft:
    asked = text("plan.which", turn.language, items=render_lines(opened, turn))
    quotes = tuple(Quote(quotable(item.text), commitment_id=item.id) for item in opened)
    state = {"verb": verb, "ids": [item.id for item in opened], "words": turn.text}
    return Draft(
        ReplyKind.PLAN,
        turn.language,
        (Question(asked, "", quotes),),
        effects=(SetDialogue(WHICH, state),),
        choices=tuple(
            Choice(f"{n}. {item.text[:24]}", f"plan:{verb}:{item.id}") for n, item in enumerate(opened, 1)
        ),
    )
