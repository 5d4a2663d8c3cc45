"""What is set for the week: shown, and marked, moved, shrunk, split or dropped, by button and in words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

from coaching.effects import (
    AddCommitment,
    Effect,
    EndDialogue,
    MarkCommitment,
    MoveCommitment,
    SendCalendar,
    SetDialogue,
    ShrinkCommitment,
)
from coaching.intent import says
from coaching.model import Commitment, CommitmentStatus
from coaching.parts import Choice, Draft, Part, Question, Quote, ReplyKind, Said
from coaching.plan_lines import (
    DEFAULT_MINUTES,
    DIALOGUE,
    MOST,
    Item,
    is_only_moment,
    list_open,
    list_rivals,
    list_shown,
    next_strike,
    read_item,
    render_lines,
    say_when,
)
from coaching.recalling import quotable
from coaching.when import Moment, read_moment
from prompts import load_pattern, text

if TYPE_CHECKING:
    from coaching.model import Scene, Turn

MOVE, SPLIT = "move", "split"  # dialogues of one question
LEAST = 5  # minutes
VERBS = ("done", "half", "move", "shrink", "split", "drop")

_YES = load_pattern("commitments.whole_yes")


def _draft(
    turn: Turn, *parts: Part, effects: tuple[Effect, ...] = (), choices: tuple[Choice, ...] = ()
) -> Draft:
    return Draft(ReplyKind.PLAN, turn.language, parts, effects=effects, choices=choices)


def show_plan(turn: Turn, scene: Scene) -> Draft:
    """What is set for this week, with a button for every way it can go."""
    week = list_shown(scene, turn.today)
    shown = text("plan.show", turn.language, items=render_lines(week, turn))
    quotes = tuple(Quote(quotable(c.text), commitment_id=c.id) for c in week)
    choices = tuple(
        Choice(f"{number} {text(f'choice.{name}', turn.language)}", f"plan:{name}:{item.id}")
        for number, item in enumerate(week, 1)
        if item.status is CommitmentStatus.OPEN
        for name in VERBS
    )
    parts: list[Part] = [Said(shown, "", quotes)]
    effects: tuple[Effect, ...] = ()
    if (room := MOST - len(list_open(scene, turn.today))) > 0:
        parts.append(Said(text("plan.add", turn.language, room=room)))
        effects = (SetDialogue(DIALOGUE, {"stage": "what", "items": [], "queue": [], "shown": True}),)
    return _draft(turn, *parts, choices=choices, effects=effects)


def mark(turn: Turn, scene: Scene, name: str, wanted: str) -> Draft:
    """A tap or a word on one commitment: done, half, move, shrink, split, drop, keep. Two taps count once."""
    language = turn.language
    item = next((c for c in scene.plan if str(c.id) == wanted), None)
    if item is None:
        return _draft(turn, Said(text("plan.gone", language)))
    quote = Quote(quotable(item.text), commitment_id=item.id)
    if item.status is not CommitmentStatus.OPEN:
        status = text(f"plan.status_{item.status.value}", language)
        return _draft(
            turn, Said(text("plan.already", language, text=quote.text, status=status), "", (quote,))
        )

    def said(key: str, *effects: Effect, **values: object) -> Draft:
        words = text(key, language, text=quote.text, **values)
        part: Part = (
            Question(words, "", (quote,)) if re.search(r"[?？]", words) else Said(words, "", (quote,))
        )
        return _draft(turn, part, effects=effects)

    match name:
        case "done":
            marked = MarkCommitment(item.id, CommitmentStatus.DONE, on=turn.today)
            # what they answer is kept with it: checkins.take_result
            return said("plan.marked_done", marked, SetDialogue("result", {"id": item.id}))
        case "half":
            marked = MarkCommitment(item.id, CommitmentStatus.HALF, on=turn.today)
            return said("plan.marked_half", marked, SetDialogue(MOVE, {"id": item.id}))
        case "drop":
            return said("plan.marked_drop", MarkCommitment(item.id, CommitmentStatus.DROPPED, on=turn.today))
        case "move":
            return said("plan.ask_move", SetDialogue(MOVE, {"id": item.id}))
        case "keep" if item.due_on <= turn.today:
            return said("plan.ask_keep", SetDialogue(MOVE, {"id": item.id}))
        case "split":
            return said("plan.ask_split", SetDialogue(SPLIT, {"id": item.id}))
        case "shrink":
            minutes = max(LEAST, (item.minutes or DEFAULT_MINUTES) // 3)
            return said("plan.marked_shrink", ShrinkCommitment(item.id, item.text, minutes), minutes=minutes)
        case _:
            return show_plan(turn, scene)


def move_to(turn: Turn, scene: Scene, state: dict[str, Any]) -> Draft | None:
    """The answer to "which day instead": a moment ahead, or nothing that was understood.

    Args:
        turn: The answer.
        scene: The plan as it is.
        state: ``id`` of the commitment; ``on``, ``at``, ``cue`` of a moment that was asked about before.
    """
    item = next((c for c in scene.plan if c.id == state["id"]), None)
    if item is None:
        return _draft(turn, Said(text("plan.gone", turn.language)), effects=(EndDialogue(),))
    if item.status is CommitmentStatus.HALF and says("enough", turn.text):
        return _draft(turn, Said(text("plan.rest_closed", turn.language)), effects=(EndDialogue(),))
    if item.status not in (CommitmentStatus.OPEN, CommitmentStatus.HALF):
        return None  # it was settled since
    if "on" in state and (turn.tap == "move:sure" or _YES.match(turn.text.strip(" 。.!！"))):
        at = time.fromisoformat(state["at"]) if state["at"] else None
        return _moved(turn, item, date.fromisoformat(state["on"]), at, state["cue"])
    moment = read_moment(turn.text, turn.now)
    if (moment.on is None and moment.at is None) or not is_only_moment(turn.text, moment, item.text):
        return None
    return place_again(turn, item, moment)


def place_again(turn: Turn, item: Commitment, moment: Moment) -> Draft:
    """Gives a commitment another moment; what is over or could be two things is asked about."""
    language = turn.language
    on = moment.on or next_strike(turn, moment)
    quote = Quote(quotable(item.text), commitment_id=item.id)
    at, cue = moment.at or (None if moment.cue else item.due_time), moment.cue or item.cue
    when = say_when(Item(item.text, on, at, cue), turn.today, language)
    if moment.past or on < turn.today:
        asked = Question(text("plan.past", language, q=quote.text, when=when), "", (quote,))
        return _draft(turn, asked, effects=(SetDialogue(MOVE, {"id": item.id}),))
    if moment.ambiguous:
        asked = Question(text("plan.ambiguous", language, q=quote.text, when=when), "", (quote,))
        state = {"id": item.id, "on": on.isoformat(), "at": at.isoformat("minutes") if at else "", "cue": cue}
        return _draft(turn, asked, effects=(SetDialogue(MOVE, state),), choices=(Choice(when, "move:sure"),))
    return _moved(turn, item, on, moment.at, moment.cue)


def _moved(turn: Turn, item: Commitment, on: date, at: time | None, cue: str) -> Draft:
    kept_at = at or (None if cue else item.due_time)
    when = say_when(Item(item.text, on, kept_at, cue or item.cue), turn.today, turn.language)
    quote = Quote(quotable(item.text), commitment_id=item.id)
    key = "plan.marked_rest" if item.status is CommitmentStatus.HALF else "plan.marked_move"
    said = Said(text(key, turn.language, text=quote.text, when=when), "", (quote,))
    effect: Effect = MoveCommitment(item.id, on, at, cue)
    if item.status is CommitmentStatus.HALF:  # what is done stays done; the rest is promised anew
        minutes = max(LEAST, (item.minutes or DEFAULT_MINUTES) // 2)
        effect = _piece(item, item.text, Moment(on, kept_at, cue or item.cue), minutes)
    return _draft(turn, said, effects=(effect, EndDialogue()))


def _piece(item: Commitment, words: str, moment: Moment, minutes: int) -> AddCommitment:
    return AddCommitment(
        text=words,
        due_on=moment.on or item.due_on,
        due_time=moment.at,
        cue=moment.cue,
        minutes=minutes,
        visible_end=item.visible_end,
        if_then=item.if_then,
        lens=item.lens,
        goal_id=item.goal_id,
    )


def split_off(turn: Turn, scene: Scene, wanted: int) -> Draft | None:
    """The answer to "what is the first piece": it becomes a promise of its own, and the rest gets smaller.

    Where the week is full the rest goes to the next one, so that three stay three.
    """
    item = next((c for c in scene.plan if c.id == wanted), None)
    if item is None:
        return _draft(turn, Said(text("plan.gone", turn.language)), effects=(EndDialogue(),))
    piece, moment = read_item(turn.text, turn.now)
    if moment.past or re.search(r"[?？]", turn.text):
        return None
    if not moment.named:
        moment = replace(moment, on=item.due_on, at=item.due_time, cue=item.cue)
    on = max(moment.on or next_strike(turn, moment), turn.today)
    moment = replace(moment, on=on)
    minutes = moment.minutes or max(LEAST, (item.minutes or DEFAULT_MINUTES) // 2)
    rest: Effect = ShrinkCommitment(
        item.id, item.text, max(LEAST, (item.minutes or DEFAULT_MINUTES) - minutes)
    )
    rest_on = item.due_on
    if len(list_rivals(scene, item.due_on)) >= MOST:
        rest_on = max(item.due_on, turn.today) + timedelta(days=7)
        rest = MoveCommitment(item.id, rest_on, item.due_time, item.cue)
    said = text(
        "plan.marked_split",
        turn.language,
        text=quotable(item.text),
        piece=piece.text,
        when=say_when(Item(piece.text, on, moment.at, moment.cue), turn.today, turn.language),
        rest=say_when(Item(item.text, rest_on, item.due_time, item.cue), turn.today, turn.language),
    )
    quotes = (Quote(quotable(item.text), commitment_id=item.id), Quote(piece.text))
    effects = (_piece(item, piece.text, moment, minutes), rest, EndDialogue())
    return _draft(turn, Said(said, "", quotes), effects=effects)


def send_calendar(turn: Turn, scene: Scene) -> Draft:
    """What is open and ahead, as a file; with nothing to put in it, says so."""
    items = tuple(c for c in list_open(scene, turn.today) if c.due_on >= turn.today)
    if not items:
        return _draft(turn, Said(text("calendar.none", turn.language)))
    return Draft(ReplyKind.INFO, turn.language, (), effects=(SendCalendar(items),))
