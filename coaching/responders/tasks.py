"""The small tasks of a language model: words for a check-in and a review, and lines of a plan, read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from coaching.dates import choose_slot, say_date
from coaching.errors import DraftRejected
from coaching.intent import find_asked
from coaching.model import Role, Safety
from coaching.parts import Draft, NextStep, Past, Quote, Reflection, Sources, find_faults
from coaching.plan_lines import LONGEST_ITEM, Line
from coaching.quoting import measure
from coaching.responders.choosing import Chooser
from coaching.responders.context import (
    LINE_MOST,
    MESSAGE_MOST,
    MOST,
    NAMES,
    Prompt,
    as_block,
    as_data,
    count_tokens,
    cut,
    list_known,
)
from coaching.responders.drafting import (
    SHORTEST_QUOTE,
    build_model_step,
    build_question,
    build_reflection,
)
from coaching.responders.inventions import find_inventions
from coaching.responders.model_parts import CheckinParts, PlanParts, ReviewParts
from coaching.responders.task import Task
from coaching.review import EXPERIMENT_MINUTES, PATTERN
from coaching.when import read_moment
from prompts import fill_fact, load_template, text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coaching.model import Message, Scene, Turn
    from coaching.parts import Part, Question
    from coaching.responders.model_parts import ModelPattern, ModelPiece

L = TypeVar("L", Reflection, NextStep)


def build_checkin_task(
    turn: Turn, scene: Scene, sources: Sources, put: Callable[[Reflection, Question], Draft]
) -> Task[CheckinParts, Draft]:
    """A reflection and a question on an evening's answer; ``put`` makes the whole reply of them."""

    def build(filled: CheckinParts) -> Draft:
        heard = build_reflection(filled.reflection, turn.language)
        return put(heard, build_question(filled.question, turn.language))

    return Task(CheckinParts, build_checkin_prompt(turn, scene), build, _faults(sources, sources))


def build_checkin_prompt(turn: Turn, scene: Scene) -> Prompt:
    """What the model is told of an evening's answer."""
    template = load_template("checkin")
    asked = find_asked(turn, scene)
    message = as_block("message", [as_data(text=cut(turn.text, MESSAGE_MOST))])
    spare = MOST - count_tokens(template.stable + template.changing + message)
    changing = template.fill(
        known="\n\n".join(list_known(turn, scene, (), spare)) or "Nothing yet.",
        language=NAMES[turn.language],
        today=say_today(turn),
        facts=fill_fact("asked", words=as_data(text=asked.text)) if asked else "",
        message=message,
    )
    return Prompt(template.stable, changing)


def say_today(turn: Turn) -> str:
    """The person's day and hour."""
    return f"{turn.today:%A} {turn.today.isoformat()}, {turn.now:%H:%M}"


def build_review_task(
    turn: Turn,
    scene: Scene,
    sources: Sources,
    said: Sequence[Message],
    put: Callable[[tuple[Part, ...], NextStep], Draft],
) -> Task[ReviewParts, Draft]:
    """A thread and an experiment found in a week; ``put`` makes the whole review of them."""
    theirs = [m for m in said if m.role is Role.USER and m.safety is Safety.NONE and m.text[:1] != "/"]
    known = {m.id: m for m in theirs}
    choose = Chooser(scene, turn.text, turn.language)
    slot = choose_slot(turn.now, turn.language, low=False, turn=0, later=True)

    def build(filled: ReviewParts) -> Draft:
        step = filled.experiment
        made = build_model_step(step, slot, min(step.minutes, EXPERIMENT_MINUTES), choose, lens=None)
        values = {"when": made.when, "minutes": made.minutes, "action": made.body, "done": made.done}
        words = text("review.own_experiment", turn.language, **values)
        thread = _build_thread(filled.pattern, known, turn) if filled.pattern else ()
        return put(thread, _locate(replace(made, text=words), known))

    # the week is what was said to it, as the message is in an ordinary reply
    week = Sources("\n".join(m.text for m in theirs), sources.messages, sources.commitments)
    return Task(ReviewParts, build_review_prompt(turn, scene, theirs), build, _faults(sources, week))


def build_review_prompt(turn: Turn, scene: Scene, said: Sequence[Message]) -> Prompt:
    """What the model is told of a week: where there is too much, the newest statements."""
    template = load_template("review")
    known = list_known(turn, replace(scene, recent=()), (), MOST // 3)
    spare = MOST - count_tokens(template.stable + template.changing + "\n\n".join(known))
    lines: list[str] = []
    for message in reversed(said):
        line = as_data(id=message.id, day=message.said_on.isoformat(), text=cut(message.text, LINE_MOST))
        spare -= count_tokens(line) + 1
        if spare < 0:
            break
        lines.insert(0, line)
    changing = template.fill(
        known="\n\n".join(known) or "Nothing yet.",
        statements=as_block("statements", lines),
        language=NAMES[turn.language],
        today=say_today(turn),
    )
    return Prompt(template.stable, changing)


def _build_thread(pattern: ModelPattern, known: dict[int, Message], turn: Turn) -> tuple[Part, ...]:
    """Two statements with their dates, which we render, and the model's sentence on them."""
    first, second = (_cite(piece, known) for piece in (pattern.first, pattern.second))
    if first.said_on is None or second.said_on is None or first.said_on == second.said_on:
        raise DraftRejected("a pattern of one day")
    values = {
        "date1": say_date(first.said_on, turn.today, turn.language),
        "q1": first.text,
        "date2": say_date(second.said_on, turn.today, turn.language),
        "q2": second.text,
    }
    thread = Past(text("review.thread", turn.language, **values), (first, second), PATTERN)
    return thread, _locate(build_reflection(pattern.sentence, turn.language), known)


def _cite(piece: ModelPiece, known: dict[int, Message]) -> Quote:
    if piece.id not in known:
        raise DraftRejected("a statement with an id that was not given")
    words = piece.words.strip('「」『』“”" ')
    if measure(words) < SHORTEST_QUOTE:
        raise DraftRejected("a statement without its words")
    return Quote(words, piece.id, known[piece.id].said_on)


def _locate(part: L, known: dict[int, Message]) -> L:
    """The same part, each quote with the message it stands in."""

    def locate(quote: Quote) -> Quote:
        found = next((m for m in known.values() if quote.text in m.text), None)
        return quote if found is None else Quote(quote.text, found.id, found.said_on)

    return replace(part, quotes=tuple(locate(quote) for quote in part.quotes))


def _faults(sources: Sources, theirs: Sources) -> Callable[[Draft], tuple[str, ...]]:
    """The check of a whole reply against ``sources``, and of the model's parts in it against ``theirs``."""

    def find(draft: Draft) -> tuple[str, ...]:
        parts = tuple(part for part in draft.parts if part.key.startswith(("model", "m-", "q-")))
        return find_faults(draft, sources) + find_inventions(replace(draft, parts=parts), theirs)

    return find


def build_plan_task(turn: Turn) -> Task[PlanParts, tuple[Line, ...]]:
    """The lines of a plan in a long message: pieces of it, whose days our own grammar reads."""

    def find(lines: tuple[Line, ...]) -> tuple[str, ...]:
        faults = []
        for line in lines:
            if any(piece not in turn.text for piece in (line.what, line.when, line.obstacle)):
                faults.append("a piece that does not stand in the message")
            if measure(line.what) < SHORTEST_QUOTE or len(line.what) > LONGEST_ITEM:
                faults.append("what is to be done, too short or too long")
            if line.when and not read_moment(line.when, turn.now).named:
                faults.append("a moment that is none: leave it empty")
        return tuple(dict.fromkeys(faults))

    def build(filled: PlanParts) -> tuple[Line, ...]:
        return tuple(Line(line.what, line.when, line.obstacle) for line in filled.lines)

    return Task(PlanParts, build_plan_prompt(turn), build, find)


def build_plan_prompt(turn: Turn) -> Prompt:
    """What the model is told of a plan said at length."""
    template = load_template("plan")
    message = as_block("message", [as_data(text=cut(turn.text, MESSAGE_MOST))])
    return Prompt(template.stable, template.fill(today=say_today(turn), message=message))
