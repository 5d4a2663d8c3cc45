"""Where a language model words, or reads, a small piece of what the program does by itself.

What was done, which day, how many and which buttons: the program says that. Whatever the model gives is
checked like any reply; where it gives nothing, what the program has stands.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coaching.effects import SetDialogue
from coaching.parts import NextStep, Question, Reflection
from coaching.quoting import is_garbled, measure
from coaching.responders.tasks import build_checkin_task, build_plan_task, build_review_task
from coaching.review import PATTERN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coaching.model import Message
    from coaching.parts import Draft, Part
    from coaching.plan_lines import Line
    from coaching.thinking import Thinking

LEAST = 8  # on the scale of quoting.measure: less leaves nothing to say that they have not said
RAMBLING = 30  # on the same scale: a line of a plan is shorter
LONGEST = 2000  # characters: more is a day told, and no plan


async def word_checkin(thinking: Thinking, draft: Draft) -> Draft:
    """The reply to an evening's answer, with a reflection and a question on just these words."""
    turn, scene, scribe = thinking.turn, thinking.scene, thinking.team.scribe
    if scribe is None or not _is_open(draft) or measure(turn.text) < LEAST or is_garbled(turn.text):
        return draft

    def put(heard: Reflection, asked: Question) -> Draft:
        parts: list[Part] = []
        for part in draft.parts:
            if isinstance(part, Reflection) and part.key == "heard":
                parts.append(heard)
            elif isinstance(part, Question):
                parts += [asked] if heard in parts else [heard, asked]
            else:
                parts.append(part)
        return replace(draft, parts=tuple(parts))

    task = build_checkin_task(turn, scene, thinking.sources, put)
    return await scribe.do(task, turn, scene) or draft


def _is_open(draft: Draft) -> bool:
    """Whether its question is only about their words: no button and no dialogue waits for the answer."""
    keys = {part.key for part in (*draft.find(Reflection), *draft.find(Question))}
    waits = any(isinstance(effect, SetDialogue) for effect in draft.effects)
    return bool(keys & {"heard", "done"}) and not waits and not draft.choices


async def word_review(thinking: Thinking, draft: Draft, said: Sequence[Message]) -> Draft:
    """The week told back, with a thread and an experiment found in just these words.

    Only where somebody asked for it: the words of a Sunday's are made while it is being sent, and a wave of
    them cannot wait for a model.
    """
    turn, scene, scribe = thinking.turn, thinking.scene, thinking.team.scribe
    if scribe is None or turn.event is not None or not draft.find(NextStep):
        return draft

    def put(thread: tuple[Part, ...], experiment: NextStep) -> Draft:
        parts: list[Part] = []
        for part in draft.parts:
            if isinstance(part, NextStep):
                parts += [*thread, experiment]
            elif not (thread and part.key == PATTERN):
                parts.append(part)
        return replace(draft, parts=tuple(parts))

    task = build_review_task(turn, scene, thinking.sources, said, put)
    return await scribe.do(task, turn, scene) or draft


async def read_plan(thinking: Thinking) -> tuple[Line, ...]:
    """The lines of a plan in something longer than one, each a piece of it; none when nobody found any."""
    turn, scribe = thinking.turn, thinking.team.scribe
    if scribe is None or measure(turn.text) <= RAMBLING or len(turn.text) > LONGEST:
        return ()
    return await scribe.do(build_plan_task(turn), turn, thinking.scene) or ()
