"""``/reflect``: a long stretch of text as what you want · where it sticks · why, as a guess · what you could do.

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
from prompts import load_playbook, load_reflect_points, text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coaching.lenses import LensReading
    from coaching.model import Language, Scene, Turn
    from coaching.reading import Reading

SECTIONS = ("want", "stuck", "why", "could")
POINTS = {"want": 2, "stuck": 2, "why": 1, "could": 2}
SHORTEST = 40  # on the scale of quoting.measure: below this there are no four layers to find
CANDIDATES = 40  # clauses whose lens is read; each costs about a millisecond

_CUES = {
    "want": re.compile(
        r"想(?!不|起|必|象)|希望|要(?=有|做|是自己)|渴望|期待|自由|梦想|打算|愿意|追求|最好是|有意义"
        r"|\b(?:want|wish|hope|would (?:like|love)|dream|looking for|long(?:ing)? (?:for|to)|aim|goal|rather|matters to me|care about)\b",
        re.IGNORECASE,
    ),
    "stuck": re.compile(
        r"但|可是|不过|没(?:有)?(?:办法|机会|时间|权|人|用|变化|意义|意思)|不能|不敢|怕|风险|尴尬|头疼|怀疑|卡|难|累|被|无奈|失败|来不及|不知道|做不了|上不去"
        r"|\b(?:but|can.?t|cannot|no (?:time|one|way|say|budget)|afraid|scared|stuck|hard|tired|never|nobody|doubt|risk|blocked|keep(?:s)? (?:getting|being)|don.?t know|not (?:sure|enough|mine|allowed)|waiting)\b",
        re.IGNORECASE,
    ),
    "why": re.compile(
        r"因为|所以|其实|无非|只是|本质|说明|原因|早晚|一直|总是|每天|觉得|好像"
        r"|\b(?:because|since|always|every (?:day|week|time)|really|the truth|actually|i think|maybe|it seems|the thing is|somehow|again)\b",
        re.IGNORECASE,
    ),
    "could": re.compile(
        r"可以|能(?!不)|试|开始|做(?:点|个|出)|解决|自动化|问题|用户|机会|帮|写|学|资源|合力|下一个|一次"
        r"|\b(?:could|can|try|start(?:ed|ing)?|build|make|ask|show|help|solve|problem|idea|small|one|script|draft|project|chance|learn)\b",
        re.IGNORECASE,
    ),
}


@dataclass(frozen=True, slots=True)
class _Heard:
    clause: Clause
    lens: Lens
    scores: dict[str, float]


def build_reflection(
    turn: Turn, scene: Scene, words: str, reading: Reading, hear: Callable[[str], LensReading], source: Quote | None
) -> Draft:
    """The long form of one text. ``source`` names the stored message the words stand in, if not this turn."""
    language = turn.language
    if measure(words) < SHORTEST:
        return Draft(ReplyKind.CLARIFY, language, (Question(text("reflect.short", language)),))
    choose = Chooser(scene, words, language)
    heard = _listen(words, hear)
    sections: list[Part] = []
    taken: set[str] = set()
    for name in SECTIONS:
        points = _points(name, heard, taken, language, choose, source)
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
        scores = {name: 2.0 * bool(cue.search(clause.text)) + 0.3 * clause.weight for name, cue in _CUES.items()}
        # a certain lens makes a better point than a guessed one
        bonus = 0.8 if lens.sure else 0.0
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
    source: Quote | None,
) -> list[tuple[str, Quote]]:
    free = [h for h in heard if h.clause.text not in taken] or list(heard)
    chosen: list[_Heard] = []
    for each in sorted(free, key=lambda h: (-h.scores[name], h.clause.at)):
        if len(chosen) == POINTS[name]:
            break
        if any(each.lens is other.lens for other in chosen) and len(free) > len(chosen) + 4:
            continue
        chosen.append(each)
    points = []
    for each in sorted(chosen, key=lambda h: h.clause.at):
        taken.add(each.clause.text)
        templates = load_reflect_points(name, each.lens, language)
        template = choose.pick(f"reflect.{name}.{each.lens}", templates)
        quote = Quote(each.clause.text) if source is None else Quote(each.clause.text, source.message_id, source.said_on)
        points.append((fill(template, "reflect", {"q": quote.text}), quote))
    return points
