"""Makes a draft of what a language model filled in: quotes, dates, days and buttons are ours."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from coaching.dates import choose_slot
from coaching.errors import DraftRejected
from coaching.parts import (
    QUOTED,
    Draft,
    NextStep,
    Part,
    Past,
    Question,
    Quote,
    Reflection,
    ReplyKind,
    Section,
)
from coaching.proposals import propose
from coaching.quoting import measure
from coaching.reflecting import SECTIONS
from coaching.responders.choosing import Chooser
from coaching.responders.playbook import SHORTEST, build_heard, build_past, say_offer, step_choices
from prompts import text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from coaching.dates import Slot
    from coaching.model import Language, Lens, Scene, Turn
    from coaching.reading import Reading
    from coaching.responders.model_parts import ModelPast, ModelStep, ReflectParts, TurnParts

SHORTEST_QUOTE = 4  # on the scale of quoting.measure: less is nobody's words in particular
MARKS = {"zh": "「{}」", "en": "“{}”"}
_MARKED = re.compile(r"「([^「」]*)」|『([^『』]*)』|“([^“”]*)”|\"([^\"\n]*)\"|‘([^‘’]{2,})’")
_ENDS = "。.!！?？；;，, "


def build_turn_draft(filled: TurnParts, turn: Turn, scene: Scene, reading: Reading) -> Draft:
    """The draft of an ordinary reply, unchecked.

    Raises:
        DraftRejected: it cites a message that it was not given.
    """
    choose = Chooser(scene, turn.text, turn.language, left=reading.left)
    step = (
        None if reading.no_advice or filled.step is None else _step(filled.step, turn, scene, reading, choose)
    )
    asks = bool(filled.question) and not reading.no_questions
    parts: list[Part | None] = [
        build_heard(reading, choose, step=step is not None),
        build_reflection(filled.reflection, turn.language),
        _past(filled.past, turn, reading, choose) if filled.past else None,
        step,
        build_question(filled.question, turn.language) if asks else None,
    ]
    return Draft(
        ReplyKind.LISTEN if reading.no_questions else ReplyKind.TURN,
        turn.language,
        tuple(part for part in parts if part is not None),
        lenses=tuple(dict.fromkeys(filled.lenses))[:2] or reading.lenses,
        choices=step_choices(turn.language, smaller=bool(step.smaller)) if step else (),
        effects=propose(turn, filled.keep.words, filled.keep.place) if filled.keep else (),
    )


def build_reflect_draft(filled: ReflectParts, turn: Turn, scene: Scene, reading: Reading) -> Draft:
    """The draft of the long form, unchecked."""
    choose = Chooser(scene, turn.text, turn.language, left=reading.left)
    sections = [_section(name, getattr(filled, name), turn.language) for name in SECTIONS]
    step = _step(filled.step, turn, scene, reading, choose) if filled.step else None
    parts: list[Part | None] = [*sections, step, build_question(filled.question, turn.language)]
    return Draft(
        ReplyKind.REFLECT,
        turn.language,
        tuple(part for part in parts if part is not None),
        lenses=tuple(dict.fromkeys(filled.lenses))[:2] or reading.lenses,
        choices=step_choices(turn.language, smaller=bool(step.smaller)) if step else (),
    )


def set_marks(words: str, language: Language) -> str:
    """The same words with every pair of quote marks in the language's own kind."""
    return _MARKED.sub(lambda m: MARKS[language].format(next(filter(None, m.groups()), "")), words)


def _quoted(words: str) -> tuple[Quote, ...]:
    return tuple(Quote(_inside(match)) for match in QUOTED.finditer(words))


def _inside(match: re.Match[str]) -> str:
    """What stands between the marks."""
    return str(next(filter(None, match.groups())))


def build_reflection(words: str, language: Language) -> Reflection:
    marked = set_marks(words, language)
    return Reflection(marked, _quoted(marked), "model")


def _section(name: str, points: list[str], language: Language) -> Section:
    lines = [" ".join(set_marks(point, language).split()) for point in points]
    quotes = tuple(quote for line in lines for quote in _quoted(line))
    return Section(text(f"reflect.{name}", language), "\n".join(lines), quotes, f"reflect-{name}")


def build_question(words: str, language: Language) -> Question:
    marked = set_marks(words, language)
    return Question(marked, name_text("q", words), _quoted(marked))


def _past(past: ModelPast, turn: Turn, reading: Reading, choose: Chooser) -> Past:
    messages = {each.message.id: each.message for each in reading.recalled}
    if past.id not in messages:
        raise DraftRejected("an earlier statement with an id that was not given")
    words = past.words.strip('「」『』“”" ')
    if measure(words) < SHORTEST_QUOTE:
        raise DraftRejected("an earlier statement without its words")
    return build_past(messages[past.id], words, turn, choose, conflict=past.pulls == "against")


def _step(step: ModelStep, turn: Turn, scene: Scene, reading: Reading, choose: Chooser) -> NextStep:
    slot = choose_slot(turn.now, turn.language, low=reading.low, turn=scene.turns, here=reading.now)
    return build_model_step(
        step, slot, min(step.minutes, reading.minutes), choose, lens=reading.theme, said=turn.text
    )


def build_model_step(
    step: ModelStep, slot: Slot, minutes: int, choose: Chooser, *, lens: Lens | None, said: str = ""
) -> NextStep:
    """A model's step as an offer, at a moment that is ours; unchecked.

    What is brought out by a later tap loses its quote marks, where it stands in what was ``said``.
    """
    language = choose.language

    def later(words: str) -> str:
        return QUOTED.sub(lambda m: _inside(m) if _inside(m) in said else m[0], set_marks(words, language))

    action = set_marks(step.action, language).strip(_ENDS)
    done = set_marks(step.done, language).strip(_ENDS)
    values = {"when": slot.words, "minutes": minutes, "action": action}
    sentence = fill(choose.wording("turn.model_step"), "turn.model_step", values)
    sentence = f"{sentence}。" if language == "zh" else f"{sentence[:1].upper()}{sentence[1:]}."
    small = later(step.smaller).strip(_ENDS) if minutes > SHORTEST else ""
    return NextStep(
        text=say_offer("turn.offer", sentence, done, choose),
        key=name_text("m", action),
        body=action,
        minutes=minutes,
        when=slot.words,
        due_on=slot.on,
        cue=slot.cue,
        done=done,
        if_then=later(step.if_then).strip(),
        smaller=small,
        lens=lens,
        quotes=_quoted(action) + _quoted(done),
    )


def name_text(kind: str, words: str) -> str:
    """A key for words that are in no playbook: the same words are the same step."""
    return f"{kind}-{hashlib.blake2s(words.encode(), digest_size=6).hexdigest()}"
