"""``/goals``: what somebody works toward, in their terms of success. A changed goal keeps its history."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from coaching.dates import say_date
from coaching.effects import AddGoal, EndDialogue, EndGoal, SetDialogue
from coaching.intent import says
from coaching.parts import Draft, Question, Quote, ReplyKind, Said
from coaching.recalling import quotable
from prompts import load_pattern, text

if TYPE_CHECKING:
    from coaching.model import Dialogue, Goal, Lens, Scene, Turn

DIALOGUE, NEW = "goal", "new_goal"
LONGEST = 120  # characters: beyond this it is something on their mind, not a line to live by
_HAPPENED = load_pattern("commitments.happened")
_CHANGE = re.compile(r"^(change|换|改)\s*(\d+)?\s*[:：]?\s*(.+)$", re.IGNORECASE | re.DOTALL)
_END = re.compile(r"^(?:end|done|drop|收|结束|放下)\s*(\d+)$", re.IGNORECASE)


def open_goals(turn: Turn, scene: Scene, lens: Lens | None) -> Draft:
    """``/goals`` alone shows them; with words it adds, changes or puts one away."""
    words = turn.text.strip()
    if not words:
        return _show(turn, scene.goals)
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
        (Said(words, "", (Quote(goal.text, commitment_id=-goal.id), Quote(success))),),
        effects=(AddGoal(goal.text, success=success, lens=goal.lens, replaces=goal.id), EndDialogue()),
    )


def _numbered(goals: tuple[Goal, ...], number: int) -> Goal | None:
    return goals[number - 1] if 1 <= number <= len(goals) else None


def _show(turn: Turn, goals: tuple[Goal, ...]) -> Draft:
    language = turn.language
    if not goals:
        asked = Question(text("goals.none", language))
        return Draft(ReplyKind.INFO, language, (asked,), effects=(SetDialogue(NEW, {}),))
    lines, quotes = [], []
    for number, goal in enumerate(goals, 1):
        success = text("goals.success", language, success=goal.success) if goal.success else ""
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
    return Draft(
        ReplyKind.INFO, language, (Said(shown, "", tuple(quotes)), Said(text("goals.usage", language)))
    )


def _info(turn: Turn, key: str, **values: object) -> Draft:
    return Draft(ReplyKind.INFO, turn.language, (Said(text(key, turn.language, **values)),))


def _ended(turn: Turn, goal: Goal) -> Draft:
    quote = Quote(goal.text, commitment_id=-goal.id)
    said = Said(text("goals.ended", turn.language, text=goal.text), "", (quote,))
    return Draft(ReplyKind.INFO, turn.language, (said,), effects=(EndGoal(goal.id),))
