"""The next turn of ``/plan``: what somebody answered, or None when it was about something else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

from coaching.effects import AddCommitment, EndDialogue, MarkCommitment
from coaching.goals import choose_goal
from coaching.intent import Intent, says
from coaching.model import Commitment, CommitmentStatus
from coaching.parts import Draft, Part, Question, Quote, Said
from coaching.plan_lines import (
    LONGEST_ITEM,
    Item,
    Line,
    find_by_number,
    is_only_moment,
    is_vague,
    list_rivals,
    next_strike,
    read_item,
    say_when,
)
from coaching.planning import (
    FALLBACK_MINUTES,
    Planning,
    ask_yes,
    complete,
    place,
    say_end,
    take_words,
)
from coaching.recalling import quotable
from coaching.subjects import names
from coaching.when import Moment, read_moment
from prompts import load_pattern, text

if TYPE_CHECKING:
    from coaching.model import Dialogue, Scene, Turn
    from coaching.planning import Hear
    from coaching.responders.choosing import Chooser

LONGEST_OBSTACLE = 120  # characters

_WHOLE_YES = load_pattern("commitments.whole_yes")
_NO = load_pattern("commitments.no")
_MAYBE = load_pattern("commitments.maybe")
_STORY = load_pattern("commitments.story")
_HAPPENED = load_pattern("commitments.happened")
_ELSEWHERE = load_pattern("commitments.elsewhere")
_EVENING = load_pattern("commitments.evening")
_OTHERS = load_pattern("commitments.others")
_MORNING = load_pattern("commitments.morning")
_EDGES = re.compile(r"^[\s，,。.！!~～…]+|[\s，,。.！!~～…]+$")


def go_on(
    turn: Turn,
    scene: Scene,
    dialogue: Dialogue,
    choose: Chooser,
    hear: Hear | None = None,
    lines: tuple[Line, ...] = (),
) -> Draft | None:
    """The next turn of the dialogue, or None when what was said is not about the plan."""
    state = dialogue.state
    items = [Item.from_state(raw) for raw in state["items"]]
    queue = state["queue"]
    plan = Planning(turn, scene, state.get("number", 1) + 1, hear, lines=lines)
    said = _EDGES.sub("", turn.text)
    if turn.tap == "plan:no" or _NO.match(said):
        return plan.draft(Said(text("plan.not_saved", turn.language)), effects=(EndDialogue(),))
    match state["stage"]:
        case "what" if lines:
            return take_words(plan, turn.text, choose)
        case "what" if turn.text and len(turn.text) <= LONGEST_ITEM:
            if _is_story(turn) or (state.get("shown") and not _has_moment(turn)):
                return None
            draft = take_words(plan, turn.text, choose)
            # asked once and still vague: they have something else on their mind
            stays_vague = any(part.key == "vague" for part in draft.parts)
            return None if stays_vague and state.get("asked") else draft
        case "when":
            return _answer_when(plan, items[0], queue)
        case "sure":
            return _answer_sure(plan, items[0], queue)
        case "obstacle":
            return _answer_obstacle(plan, items[0], queue)
        case "confirm":
            return _answer_confirm(plan, items[0], queue)
        case "room":
            return _answer_room(plan, items[0], queue)
    return None


def _is_story(turn: Turn) -> bool:
    """Something on their mind, not a line of a plan: news, a question, or a complaint with no moment."""
    if _HAPPENED.search(turn.text) or _ELSEWHERE.search(turn.text):
        return True
    return not _has_moment(turn) and bool(_STORY.search(turn.text))


def _has_moment(turn: Turn) -> bool:
    moment = read_moment(turn.text, turn.now)
    return moment.on is not None or moment.at is not None


def _answer_when(plan: Planning, item: Item, queue: list[str]) -> Draft | None:
    turn = plan.turn
    moment = read_moment(turn.text, turn.now, week=item.week)
    if not moment.named and moment.minutes is None:
        if _WHOLE_YES.match(_EDGES.sub("", turn.text)):
            return place(plan, item, Moment(item.on), queue)
        fresh, fresh_moment = read_item(turn.text, turn.now)
        if is_vague(fresh.text) or _is_story(turn):
            return None
        return place(plan, fresh, fresh_moment, queue)
    if moment.spans and not is_only_moment(turn.text, moment, item.text):
        return None
    week = moment.week or item.week
    # "明晚八点" alone means tomorrow; a bare hour with no day means the next time it strikes, but not in a
    # week that was named
    on = moment.on or item.on or (None if week or moment.ambiguous else next_strike(turn, moment))
    if on is None and week is None and (moment.at or moment.cue):
        on = next_strike(turn, moment)
    placed = replace(
        item,
        on=on,
        at=moment.at or item.at,
        cue=moment.cue or item.cue,
        minutes=moment.minutes or item.minutes,
        week=week,
    )
    return place(plan, placed, moment, queue)


def _answer_sure(plan: Planning, item: Item, queue: list[str]) -> Draft | None:
    """Which of the readings: by button, by yes, by "in the evening", or by saying it anew."""
    turn = plan.turn
    said, tap = _EDGES.sub("", turn.text), turn.tap or ""
    if tap.startswith("plan:at "):
        item = replace(item, at=time.fromisoformat(tap.removeprefix("plan:at ").replace(".", ":")))
    elif tap.startswith("plan:on "):
        item = replace(item, on=date.fromisoformat(tap.removeprefix("plan:on ")))
    elif tap != "plan:sure" and not _WHOLE_YES.match(said):
        half = 12 if _EVENING.match(said) else 0 if _MORNING.match(said) else None
        if half is None or item.at is None:
            return _answer_when(plan, item, queue)
        item = replace(item, at=item.at.replace(hour=item.at.hour % 12 + half))
    moment = Moment(item.on, item.at, item.cue, item.minutes)
    return place(plan, item, replace(moment, past=_is_past(turn, item)), queue)


def _is_past(turn: Turn, item: Item) -> bool:
    return item.on == turn.today and item.at is not None and item.at <= turn.now.time()


def _answer_obstacle(plan: Planning, item: Item, queue: list[str]) -> Draft | None:
    turn = plan.turn
    said = _EDGES.sub("", turn.text)
    if turn.tap == "plan:yes" or _WHOLE_YES.match(said):
        return _save(plan, item, queue)
    if not said or says("no_advice", said) or len(said) > LONGEST_OBSTACLE or _ELSEWHERE.search(turn.text):
        return None
    moment = read_moment(said, turn.now)
    if moment.placed and is_only_moment(said, moment, item.text):  # they corrected the moment instead
        return _answer_when(plan, replace(item, on=None, at=None, cue=""), queue)
    obstacle = quotable(_MAYBE.sub("", said))
    line = text("plan.if_then_made", turn.language, obstacle=obstacle, minutes=FALLBACK_MINUTES)
    return ask_yes(plan, "confirm", replace(item, if_then=line), queue)


def _answer_confirm(plan: Planning, item: Item, queue: list[str]) -> Draft | None:
    turn = plan.turn
    said = _EDGES.sub("", turn.text)
    if turn.tap == "plan:yes" or _WHOLE_YES.match(said) or says(Intent.TAKE, said):
        return _save(plan, item, queue)
    moment = read_moment(said, turn.now)
    if moment.minutes and not moment.named:
        return ask_yes(plan, "confirm", replace(item, minutes=moment.minutes), queue)
    if moment.named:
        return _answer_when(plan, replace(item, at=None, cue=""), queue)
    return None


def _save(plan: Planning, item: Item, queue: list[str]) -> Draft:
    turn, scene = plan.turn, plan.scene
    lens = plan.hear(item.text) if plan.hear else None
    goal = choose_goal(scene.goals, item.text, lens)
    ready = complete(item, turn.language)
    add = AddCommitment(
        text=ready.text,
        due_on=ready.on or turn.today,
        due_time=ready.at,
        cue=ready.cue,
        minutes=ready.minutes,
        visible_end=say_end(ready, turn.language),
        if_then=ready.if_then,
        lens=lens,
        goal_id=goal.id if goal else None,
    )
    saved = text("plan.saved", turn.language, text=item.text, when=say_when(item, turn.today, turn.language))
    parts: list[Part] = [Said(saved, "", plan.quote(item))]
    if queue:
        following, moment = read_item(queue[0], turn.now)
        # the words of the next line are not this turn's: they wait in the dialogue
        asked = place(replace(plan, number=2, just_added=1), following, moment, queue[1:])
        return replace(asked, parts=(*parts, *asked.parts), effects=(add, *asked.effects))
    if _nothing_is_theirs(plan, add):
        parts.append(Question(text("plan.not_mine", turn.language), "not_mine"))
    return plan.draft(*parts, effects=(add, EndDialogue()))


def _nothing_is_theirs(plan: Planning, add: AddCommitment) -> bool:
    """Whether to show, once a week, that every line of the plan is work that somebody else set."""
    monday = add.due_on - timedelta(days=add.due_on.weekday())
    if any(used.key == "not_mine" and used.on > monday - timedelta(days=3) for used in plan.scene.used):
        return False
    lines = [*(c.text for c in list_rivals(plan.scene, add.due_on)), add.text]
    return len(lines) >= 2 and all(_OTHERS.search(line) for line in lines)


def _answer_room(plan: Planning, item: Item, queue: list[str]) -> Draft | None:
    turn = plan.turn
    opened = list_rivals(plan.scene, item.on or turn.today)
    named = next((c for c in opened if turn.text and names(turn.text, c.text)), None)
    chosen = _find_tapped(turn.tap, opened) or find_by_number(turn.text, opened) or named
    if chosen is None:
        return None
    plan = replace(plan, room_made=True)
    asked = place(plan, item, Moment(item.on, item.at, item.cue, item.minutes), queue)
    dropped = text("plan.marked_drop", turn.language, text=chosen.text)
    quote = Quote(quotable(chosen.text), commitment_id=chosen.id)
    return replace(
        asked,
        parts=(Said(dropped, "", (quote,)), *asked.parts),
        effects=(MarkCommitment(chosen.id, CommitmentStatus.DROPPED, "", turn.today), *asked.effects),
    )


def _find_tapped(tap: str | None, items: tuple[Commitment, ...]) -> Commitment | None:
    wanted = (tap or "").rpartition(":")[2]
    return next((c for c in items if str(c.id) == wanted), None)
