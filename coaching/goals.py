"""``/goals``: what somebody works toward, in their terms of success. A changed goal keeps its history."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from coaching.dates import say_date
from coaching.effects import AddGoal, DeclineStep, Effect, EndDialogue, EndGoal, SetDialogue
from coaching.intent import says
from coaching.parts import Choice, Draft, Question, Quote, ReplyKind, Said
from coaching.recalling import quotable
from coaching.subjects import names
from prompts import load_pattern, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coaching.model import Commitment, Dialogue, Goal, Language, Lens, Scene, Turn

DIALOGUE, NEW, HORIZON, QUIET = "goal", "new_goal", "goal_horizon", "goal_quiet"
QUIET_DAYS = 21  # without a commitment that serves it
LONGEST_HISTORY = 5  # earlier goals that are shown
LONGEST = 120  # characters: beyond this it is something on their mind, not a line to live by
_HAPPENED = load_pattern("commitments.happened")
_CHANGE = re.compile(r"^(change|换|改)\s*(\d+)?\s*[:：]?\s*(.+)$", re.IGNORECASE | re.DOTALL)
_SKIP = re.compile(
    r"^(?:跳过|不定|不想定|没有|先不|不知道|skip|no|none|not now|later)(?:了|吧)?$", re.IGNORECASE
)
_KEEP = re.compile(r"^(?:还?在|还是|留着|要|没变|keep(?: it)?|yes|still)(?:的|是它)?$", re.IGNORECASE)
_LET_GO = re.compile(
    r"^(?:不在了|不要了|放下|收起来|算了|结束|drop(?: it)?|no|let it go|put it away)$", re.IGNORECASE
)
_CHANGED = re.compile(
    r"^(?:变成|换成|改成|变了[，,]?(?:是|成)?|change(?:d)?(?: it)? to|it is now|now)\s*(.{3,})$",
    re.IGNORECASE | re.DOTALL,
)
_END = re.compile(r"^(?:end|done|drop|收|结束|放下)\s*(\d+)$", re.IGNORECASE)


def open_goals(turn: Turn, scene: Scene, lens: Lens | None, history: Sequence[Goal] = ()) -> Draft:
    """``/goals`` alone shows them and what was before; with words it adds, changes or puts one away."""
    words = turn.text.strip()
    if not words:
        return _show(turn, scene.goals, history)
    if match := _END.match(words):
        goal = _numbered(scene.goals, int(match.group(1)))
        if goal is None:
            return _info(turn, "goals.unknown", number=match.group(1))
        return _ended(turn, goal)
    if match := _CHANGE.match(words):
        goal = _numbered(scene.goals, int(match.group(2) or 1))
        if goal is None:
            return _info(turn, "goals.unknown", number=match.group(2) or 1)
        return add_goal(turn, match.group(3).strip(), lens, replaces=goal.id)
    return add_goal(turn, words, lens)


def choose_goal(goals: tuple[Goal, ...], words: str, lens: Lens | None) -> Goal | None:
    """The goal that a commitment serves: the one it speaks of, else of its lens, else the only one."""
    for goal in goals:
        if names(words, goal.text) or (goal.success and names(words, goal.success)):
            return goal
    same = next((goal for goal in goals if lens is not None and goal.lens is lens), None)
    return same or (goals[0] if len(goals) == 1 else None)


def is_line(words: str) -> bool:
    """Whether an answer could be a goal or its sign: no question, no news, no "don't know"."""
    return len(words) <= LONGEST and not (
        re.search(r"[?？]", words) or _HAPPENED.search(words) or says("thin", words)
    )


def add_goal(turn: Turn, words: str, lens: Lens | None, *, replaces: int | None = None) -> Draft:
    """Stores the goal at once and asks what success looks like to them."""
    goal = quotable(words)
    asked = text("goals.replaced" if replaces else "goals.ask_success", turn.language, text=goal)
    return Draft(
        ReplyKind.INFO,
        turn.language,
        (Question(asked, "", (Quote(goal),)),),
        effects=(AddGoal(goal, lens=lens, replaces=replaces), SetDialogue(DIALOGUE, {"text": goal})),
    )


def take_success(turn: Turn, scene: Scene, dialogue: Dialogue) -> Draft:
    """The answer to "what would you see?"."""
    goal = next((g for g in scene.goals if g.text == dialogue.state["text"]), None)
    if goal is None:
        return _show(turn, scene.goals)
    success = quotable(turn.text)
    words = text("goals.success_kept", turn.language, text=goal.text, success=success)
    return Draft(
        ReplyKind.INFO,
        turn.language,
        (
            Said(words, "", (Quote(goal.text, commitment_id=-goal.id), Quote(success))),
            Question(text("goals.ask_horizon", turn.language)),
        ),
        effects=(
            AddGoal(goal.text, success=success, lens=goal.lens, replaces=goal.id),
            SetDialogue(HORIZON, {"text": goal.text}),
        ),
        choices=(Choice(text("onboarding.skip", turn.language), "goal:skip"),),
    )


def take_horizon(turn: Turn, scene: Scene, dialogue: Dialogue) -> Draft:
    """The answer to "by when would you look at it again?", as they say it; it may be skipped."""
    goal = next((g for g in scene.goals if g.text == dialogue.state["text"]), None)
    if goal is None:
        return _show(turn, scene.goals)
    if turn.tap == "goal:skip" or _SKIP.match(turn.text.strip()):
        said = Said(text("goals.no_horizon", turn.language))
        return Draft(ReplyKind.INFO, turn.language, (said,), effects=(EndDialogue(),))
    horizon = quotable(turn.text)
    words = text("goals.horizon_kept", turn.language, text=goal.text, horizon=horizon)
    kept = AddGoal(goal.text, success=goal.success, lens=goal.lens, horizon=horizon, replaces=goal.id)
    quotes = (Quote(goal.text, commitment_id=-goal.id), Quote(horizon))
    return Draft(ReplyKind.INFO, turn.language, (Said(words, "", quotes),), effects=(kept, EndDialogue()))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what goes with it."""

    question: Question
    effects: tuple[Effect, ...]
    choices: tuple[Choice, ...]


def find_quiet(scene: Scene, lately: Sequence[Commitment], today: date) -> Goal | None:
    """A goal that no commitment served for three weeks and that was not asked about yet.

    Args:
        scene: The goals, and what was asked before.
        lately: The commitments of at least the last three weeks.
        today: The person's date.
    """
    since = today - timedelta(days=QUIET_DAYS)
    served = {c.goal_id for c in (*lately, *scene.plan) if c.due_on > since}
    for goal in scene.goals:
        old = goal.created_at is not None and goal.created_at.date() <= since
        if old and goal.id not in served and _quiet_key(goal) not in scene.declined:
            return goal
    return None


def _quiet_key(goal: Goal) -> str:
    return f"goal-quiet-{goal.id}"


def ask_quiet(goal: Goal, language: Language) -> Asked:
    """Is it still yours? Asked once: the key is kept with what is not offered again."""
    quote = Quote(goal.text, commitment_id=-goal.id)
    question = Question(text("goals.quiet", language, text=goal.text), "quiet", (quote,))
    choices = tuple(Choice(text(f"choice.goal_{name}", language), f"goal:{name}") for name in ("keep", "end"))
    return Asked(question, (DeclineStep(_quiet_key(goal)), SetDialogue(QUIET, {"id": goal.id})), choices)


def answer_quiet(turn: Turn, scene: Scene, dialogue: Dialogue, lens: Lens | None) -> Draft | None:
    """Kept, put away, or changed into what they say now."""
    goal = next((g for g in scene.goals if g.id == dialogue.state["id"]), None)
    if goal is None:
        return None
    words = turn.text.strip(" ，。,.!！")
    if turn.tap == "goal:keep" or _KEEP.match(words):
        kept = text("goals.quiet_kept", turn.language, text=goal.text)
        said = Said(kept, "", (Quote(goal.text, commitment_id=-goal.id),))
        return Draft(ReplyKind.INFO, turn.language, (said,), effects=(EndDialogue(),))
    if turn.tap == "goal:end" or _LET_GO.match(words):
        ended = _ended(turn, goal)
        return replace(ended, effects=(*ended.effects, EndDialogue()))
    if match := _CHANGED.match(words):
        return add_goal(turn, match.group(1).strip(), lens, replaces=goal.id)
    return None


def _numbered(goals: tuple[Goal, ...], number: int) -> Goal | None:
    return goals[number - 1] if 1 <= number <= len(goals) else None


def _show(turn: Turn, goals: tuple[Goal, ...], history: Sequence[Goal] = ()) -> Draft:
    language = turn.language
    if not goals:
        asked = Question(text("goals.none", language))
        return Draft(ReplyKind.INFO, language, (asked,), effects=(SetDialogue(NEW, {}),))
    lines, quotes = [], []
    for number, goal in enumerate(goals, 1):
        success = text("goals.success", language, success=goal.success) if goal.success else ""
        if goal.horizon:
            success += text("goals.horizon", language, horizon=goal.horizon)
            quotes.append(Quote(goal.horizon, commitment_id=-goal.id))
        since = goal.created_at.astimezone(turn.now.tzinfo).date() if goal.created_at else turn.today
        lines.append(
            text(
                "goals.item",
                language,
                number=number,
                text=goal.text,
                date=say_date(since, turn.today, language),
                success=success,
            )
        )
        quotes.append(Quote(goal.text, commitment_id=-goal.id))
        if goal.success:
            quotes.append(Quote(goal.success, commitment_id=-goal.id))
    shown = text("goals.show", language, items="\n".join(lines))
    if before := [_before(turn, goal) for goal in history if goal.ended_at is not None]:
        shown += "\n\n" + text("goals.before", language, items="\n".join(before[-LONGEST_HISTORY:]))
        quotes += [Quote(goal.text, commitment_id=-goal.id) for goal in history if goal.ended_at is not None]
    return Draft(
        ReplyKind.INFO, language, (Said(shown, "", tuple(quotes)), Said(text("goals.usage", language)))
    )


def _before(turn: Turn, goal: Goal) -> str:
    days = [
        say_date(at.astimezone(turn.now.tzinfo).date(), turn.today, turn.language) if at else ""
        for at in (goal.created_at, goal.ended_at)
    ]
    return text("goals.item_before", turn.language, text=goal.text, since=days[0], until=days[1])


def _info(turn: Turn, key: str, **values: object) -> Draft:
    return Draft(ReplyKind.INFO, turn.language, (Said(text(key, turn.language, **values)),))


def _ended(turn: Turn, goal: Goal) -> Draft:
    quote = Quote(goal.text, commitment_id=-goal.id)
    said = Said(text("goals.ended", turn.language, text=goal.text), "", (quote,))
    return Draft(ReplyKind.INFO, turn.language, (said,), effects=(EndGoal(goal.id),))
