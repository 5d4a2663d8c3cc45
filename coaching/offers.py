"""The step that was offered last: yes, smaller, or another one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coaching import commitments
from coaching.effects import AddCommitment, DeclineStep
from coaching.housekeeping import info
from coaching.intent import Intent
from coaching.parts import Draft, NextStep, Question, Quote, ReplyKind, Said
from coaching.reading import read_turn
from coaching.responders.choosing import Chooser
from coaching.responders.playbook import SHORTEST, build_step, step_choices
from prompts import load_playbook, text

if TYPE_CHECKING:
    from coaching.model import OfferedStep
    from coaching.thinking import Thinking

TAPS = {"do": Intent.TAKE, "smaller": Intent.SMALLER, "not_this": Intent.NOT_THIS}


def answer_offer(thinking: Thinking, intent: Intent) -> Draft:
    """The reply to a tap or a word about the offered step."""
    offered = thinking.scene.offered
    asked_by = thinking.turn.quoting
    if offered is None or (asked_by is not None and asked_by != offered.reply_id):  # an old keyboard
        return info(thinking.turn, "step.none")
    match intent:
        case Intent.TAKE:
            return _take(thinking, offered)
        case Intent.SMALLER:
            return _smaller(thinking, offered)
        case _:
            return _another(thinking, offered)


def _take(thinking: Thinking, offered: OfferedStep) -> Draft:
    """That tap is the yes: it becomes a commitment with the playbook's if-then."""
    turn, scene = thinking.turn, thinking.scene
    if len(commitments.list_open(scene, turn.today)) >= commitments.MOST:
        item = commitments.Item(
            offered.text,
            offered.due_on,
            cue=offered.cue,
            minutes=offered.minutes,
            if_then=offered.if_then,
        )
        return commitments.ask_room(turn, scene, item)
    words = text(
        "step.taken",
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
    return Draft(ReplyKind.CHECKIN_REPLY, turn.language, (step,), choices=choices)


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
        ReplyKind.CHECKIN_REPLY,
        turn.language,
        (step,),
        choices=step_choices(turn.language),
        effects=(decline,),
    )
