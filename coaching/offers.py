"""The step that was offered last: yes, smaller, or another one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coaching import plan_lines, planning
from coaching.dates import say_day
from coaching.effects import AddCommitment, DeclineStep, MoveCommitment, ShrinkCommitment
from coaching.housekeeping import info
from coaching.intent import Intent
from coaching.model import CommitmentStatus
from coaching.parts import Draft, NextStep, Question, Quote, ReplyKind, Said
from coaching.reading import read_turn
from coaching.responders.choosing import Chooser
from coaching.responders.playbook import SHORTEST, build_step, step_choices
from prompts import load_playbook, text

if TYPE_CHECKING:
    from datetime import date

    from coaching.model import Commitment, EarlierOffer, OfferedStep, Scene, Turn
    from coaching.thinking import Thinking

TAPS = {"do": Intent.TAKE, "smaller": Intent.SMALLER, "not_this": Intent.NOT_THIS}


async def answer_offer(thinking: Thinking, intent: Intent) -> Draft:
    """The reply to a tap or a word about the offered step, or about the one of an old keyboard."""
    offered = thinking.scene.offered
    asked_by = thinking.turn.quoting
    if asked_by is not None and (offered is None or asked_by != offered.reply_id):
        earlier = await thinking.team.scenes.find_offer(thinking.turn.user_id, asked_by)
        if earlier is not None:
            if (since := _tell_since(thinking, earlier)) is not None:
                return since
            offered = earlier.step  # so long ago that it was not looked for, and still open
            thinking.scene = replace(thinking.scene, offered=offered)
    if offered is None:
        return info(thinking.turn, "step.none")
    if intent is Intent.TAKE and offered.due_on < thinking.turn.today:  # it would be missed at once
        return info(thinking.turn, "step.since_over", date=_say(thinking.turn, offered.due_on))
    match intent:
        case Intent.TAKE:
            return _take(thinking, offered)
        case Intent.SMALLER:
            return _smaller(thinking, offered)
        case _:
            return _another(thinking, offered)


def _tell_since(thinking: Thinking, earlier: EarlierOffer) -> Draft | None:
    """What happened to a step since its keyboard was shown; None when nothing did."""
    turn = thinking.turn

    def say(key: str, on: date | None = None, **more: object) -> Draft:
        return info(turn, f"step.since_{key}", date=_say(turn, on), **more)

    taken = earlier.taken
    if taken is not None:
        due, result = _say(turn, taken.due_on), _say(turn, taken.result_on or taken.due_on)
        return say(taken.status.value, earlier.taken_on, due=due, result=result)
    if earlier.declined_on is not None:
        return say("declined", earlier.declined_on)
    if earlier.replaced_on is not None:
        return say("replaced", earlier.replaced_on)
    return None


def _say(turn: Turn, on: date | None) -> str:
    return say_day(on, turn.today, turn.language) if on is not None else ""


def _take(thinking: Thinking, offered: OfferedStep) -> Draft:
    """That tap is the yes: it becomes a commitment with the playbook's if-then."""
    turn, scene = thinking.turn, thinking.scene
    if (again := _find_missed(scene, turn, offered)) is not None:
        return _take_again(turn, again, offered)
    if len(plan_lines.list_rivals(scene, offered.due_on)) >= plan_lines.MOST:
        item = plan_lines.Item(
            offered.text,
            offered.due_on,
            cue=offered.cue,
            minutes=offered.minutes,
            if_then=offered.if_then,
        )
        return planning.ask_room(planning.Planning(turn, scene), item)
    words = text(
        "step.taken" if offered.if_then else "step.taken_plain",
        turn.language,
        text=offered.text,
        when=offered.when,
        minutes=offered.minutes,
        if_then=offered.if_then,
    )
    add = AddCommitment(
        text=offered.text,
        due_on=offered.due_on,
        cue=offered.cue,
        minutes=offered.minutes,
        visible_end=offered.visible_end,
        if_then=offered.if_then,
        lens=offered.lens,
        step_key=offered.key,
        origin=f"step:{offered.reply_id}",
    )
    quote = Quote(offered.text, commitment_id=0)
    return Draft(ReplyKind.PLAN, turn.language, (Said(words, "", (quote,)),), effects=(add,))


def _find_missed(scene: Scene, turn: Turn, offered: OfferedStep) -> Commitment | None:
    """The promise that the offered step is the rest of, still open though its day came."""
    due = (c for c in scene.plan if c.status is CommitmentStatus.OPEN and c.due_on <= turn.today)
    return next((c for c in due if c.text == offered.text), None)


def _take_again(turn: Turn, again: Commitment, offered: OfferedStep) -> Draft:
    """The same promise, smaller and on another day: not a second one beside it."""
    quote = Quote(again.text, commitment_id=again.id)
    words = text(
        "step.taken_plain", turn.language, text=quote.text, when=offered.when, minutes=offered.minutes
    )
    shrink = ShrinkCommitment(again.id, again.text, offered.minutes)
    move = MoveCommitment(again.id, offered.due_on, cue=offered.cue)
    effects = (shrink, move) if offered.due_on > again.due_on else (shrink,)
    return Draft(ReplyKind.PLAN, turn.language, (Said(words, "", (quote,)),), effects=effects)


def _smaller(thinking: Thinking, offered: OfferedStep) -> Draft:
    turn = thinking.turn
    if not offered.smaller:
        return info(turn, "step.smallest")
    minutes = min(SHORTEST, offered.minutes)
    words = text("step.shrunk", turn.language, when=offered.when, body=offered.smaller)
    step = NextStep(
        text=words[:1].upper() + words[1:],
        key=offered.key,
        body=offered.smaller,
        minutes=minutes,
        when=offered.when,
        due_on=offered.due_on,
        cue=offered.cue,
        done=offered.visible_end,
        if_then=offered.if_then,
        lens=offered.lens,
    )
    choices = step_choices(turn.language, smaller=False)
    return Draft(ReplyKind.STEP, turn.language, (step,), choices=choices)


def _another(thinking: Thinking, offered: OfferedStep) -> Draft:
    """A declined step is never offered again; another one of the same lens takes its place."""
    turn = thinking.turn
    scene = replace(thinking.scene, declined=thinking.scene.declined | {offered.key})
    choose = Chooser(scene, turn.text, turn.language)
    reading = read_turn(turn, Intent.COACH, thinking.hear(offered.text))
    theme = load_playbook().themes[offered.lens or reading.theme]
    found = choose.step([theme.steps], reading.stage)
    decline = DeclineStep(offered.key)
    if found is None:
        asked = Question(text("step.declined", turn.language))
        return Draft(ReplyKind.CLARIFY, turn.language, (asked,), effects=(decline,))
    step = build_step(found, turn, reading, choose, lens=offered.lens, turns=scene.turns)
    return Draft(
        ReplyKind.STEP,
        turn.language,
        (step,),
        choices=step_choices(turn.language),
        effects=(decline,),
    )
