"""``/reflect``: a long text as what you want · where it sticks · why, as a guess · what you could do.

Every point is tied to a verbatim quote; one step and one question close it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coaching.model import Lens
from coaching.parts import Draft, Part, Question, Quote, ReplyKind, Section
from coaching.quoting import GARBLED, Clause, list_clauses, measure
from coaching.responders.choosing import Chooser
from coaching.responders.playbook import build_step, step_choices
from prompts import load_pattern, load_playbook, load_reflect_points, text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coaching.lenses import LensReading
    from coaching.model import Language, Scene, Turn
    from coaching.reading import Reading

SECTIONS = ("want", "stuck", "why", "could")
POINTS = {"want": 2, "stuck": 2, "why": 1, "could": 2}
SHORTEST = 40  # on the scale of quoting.measure: below this there are no four layers to find
LEAD = 4  # characters in front of a clause that may have led it in
CANDIDATES = 40  # clauses whose lens is read; each costs about a millisecond

_CUES = {name: load_pattern(f"reflecting.{name}") for name in SECTIONS}

_TO_YOU = re.compile(r"你|\byou(?:r|'re)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Heard:
    clause: Clause
    lens: Lens
    scores: dict[str, float]


def build_reflection(
    turn: Turn, scene: Scene, words: str, reading: Reading, hear: Callable[[str], LensReading]
) -> Draft:
    """The long form of one text."""
    language = turn.language
    if measure(words) < SHORTEST:
        return Draft(ReplyKind.CLARIFY, language, (Question(text("reflect.short", language)),))
    choose = Chooser(scene, words, language)
    heard = _listen(words, hear)
    sections: list[Part] = []
    taken: set[str] = set()
    # an explanation makes the poorest obstacle, so it is looked for before the obstacles are
    found = {
        name: _points(name, heard, taken, language, choose) for name in ("want", "why", "stuck", "could")
    }
    for name in SECTIONS:
        points = found[name]
        sections.append(
            Section(
                text(f"reflect.{name}", language),
                "\n".join(words for words, _ in points),
                tuple(quote for _, quote in points),
                f"reflect-{name}",
            )
        )
    themes = load_playbook().themes
    pools = [themes[reading.theme].steps, *([themes[reading.second].steps] if reading.second else [])]
    step = choose.step(pools, reading.stage)
    if step is not None:
        sections.append(build_step(step, turn, reading, choose, lens=reading.theme, turns=scene.turns))
    question = choose.entry("question", [themes[reading.theme].questions])
    sections.append(Question(question.says(language), question.key))
    return Draft(
        ReplyKind.REFLECT,
        language,
        tuple(sections),
        lenses=reading.lenses,
        choices=step_choices(language) if step else (),
    )


def _listen(words: str, hear: Callable[[str], LensReading]) -> list[_Heard]:
    """The loaded clauses of a long text, each with its lens and how well it fits each section."""
    found: list[_Heard] = []
    clauses = [c for c in list_clauses(words) if measure(c.text) >= 6 and not GARBLED.search(c.text)]
    clauses.sort(key=lambda c: -max(c.weight + 2 * bool(cue.search(c.text)) for cue in _CUES.values()))
    seen: list[str] = []
    for clause in clauses[:CANDIDATES]:
        if any(_alike(clause.text, other) for other in seen):
            continue
        seen.append(clause.text)
        lens = hear(clause.text)
        top = lens.lenses[0] if lens.lenses else max(lens.scores, key=lens.scores.__getitem__)
        # 其实, because: the word that makes it a reason was trimmed off as a lead
        led = words[max(0, clause.at - LEAD) : clause.at + len(clause.text)]
        scores = {name: 2.0 * bool(cue.search(led)) + 0.3 * clause.weight for name, cue in _CUES.items()}
        # a certain lens makes a better point than a guessed one
        bonus = 0.8 if lens.sure else 0.0
        # words addressed to somebody are more likely an answer pasted in than the person's own
        bonus -= 2.5 * bool(_TO_YOU.search(clause.text))
        found.append(_Heard(clause, top, {name: score + bonus for name, score in scores.items()}))
    return found


def _alike(one: str, other: str) -> bool:
    if one in other or other in one:
        return True
    pieces = [set(re.findall(r"[\u4e00-\u9fff]|[a-z']+", words.lower())) for words in (one, other)]
    return len(pieces[0] & pieces[1]) > 0.8 * min(len(pieces[0]), len(pieces[1]))


def _points(
    name: str,
    heard: Sequence[_Heard],
    taken: set[str],
    language: Language,
    choose: Chooser,
) -> list[tuple[str, Quote]]:
    free = [h for h in heard if h.clause.text not in taken] or list(heard)
    chosen: list[_Heard] = []
    for each in sorted(free, key=lambda h: (-h.scores[name], h.clause.at)):
        if len(chosen) == POINTS[name]:
            break
        if any(each.lens is other.lens for other in chosen) and len(free) > len(chosen) + 4:
            continue
        if chosen and not _CUES[name].search(each.clause.text):
            continue  # one point that is there beats a second that is not
        chosen.append(each)
    points = []
    for each in sorted(chosen, key=lambda h: h.clause.at):
        taken.add(each.clause.text)
        templates = load_reflect_points(name, each.lens, language)
        template = choose.pick(f"reflect.{name}.{each.lens}", templates)
        quote = Quote(each.clause.text)
        points.append((fill(template, "reflect", {"q": quote.text}), quote))
    return points
