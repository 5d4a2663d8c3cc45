"""``/plan``: from words to at most three commitments, in at most four turns, nothing kept before a yes.

What is left over → what → when and how long → what gets in the way → read back → yes. What could be two
moments is asked about first; then the obstacle is skipped, so that four turns stay enough. The dialogue's
state is a plain dict that the journal keeps, so that leaving midway leaves a draft.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import TYPE_CHECKING

from coaching.commitments import show_plan
from coaching.effects import Effect, SetDialogue
from coaching.model import Lens
from coaching.moments.cues import is_over
from coaching.parts import Choice, Draft, Part, Question, Quote, ReplyKind, Said
from coaching.plan_lines import (
    DEFAULT_MINUTES,
    DIALOGUE,
    MOST,
    Item,
    Line,
    closes_week,
    is_vague,
    list_leftover,
    list_rivals,
    list_week,
    read_item,
    render_lines,
    say_when,
)
from coaching.quoting import measure
from coaching.recalling import quotable
from coaching.when import Moment
from prompts import load_toml, text, variants
from prompts.texts_data import fill

if TYPE_CHECKING:
    from coaching.model import Dialogue, Language, Scene, Turn
    from coaching.responders.choosing import Chooser

TURNS = 4  # of the coach, up to the one that is answered with a yes
FALLBACK_MINUTES = 5

_SPLIT = re.compile(r"[\n；;]+|(?:^|\s)(?:\d{1,2}[.、)）]|[-•*])\s*|[，,、]?\s*(?:还有|以及|另外)\s*(?=.{4})")

Hear = Callable[[str], Lens | None]


@dataclass(frozen=True, slots=True)
class Planning:
    """One turn of the dialogue: who speaks, what is known, and the how manieth turn of ours comes next."""

    turn: Turn
    scene: Scene
    number: int = 1
    hear: Hear | None = None
    just_added: int = 0  # commitments kept in this very turn, which the scene does not hold yet
    room_made: bool = False
    lines: tuple[Line, ...] = ()  # what a model found in the turn, when it was longer than a plan is

    @property
    def language(self) -> Language:
        """The language to answer in."""
        return self.turn.language

    def draft(
        self, *parts: Part, effects: tuple[Effect, ...] = (), choices: tuple[Choice, ...] = ()
    ) -> Draft:
        """A reply of the plan's kind."""
        return Draft(ReplyKind.PLAN, self.language, parts, effects=effects, choices=choices)

    def state(self, stage: str, item: Item | None = None, queue: list[str] | None = None) -> SetDialogue:
        """Where the dialogue goes on."""
        items = [item.to_state()] if item else []
        return SetDialogue(
            DIALOGUE, {"stage": stage, "items": items, "queue": queue or [], "number": self.number}
        )

    def quote(self, item: Item) -> tuple[Quote, ...]:
        """The item's words stand in this turn, or under 0 in the dialogue's own state."""
        return (Quote(item.text, commitment_id=None if item.text in self.turn.text else 0),)

    @property
    def confirm_choices(self) -> tuple[Choice, ...]:
        """Yes and not yet."""
        return (
            Choice(text("choice.yes", self.language), "plan:yes"),
            Choice(text("choice.no", self.language), "plan:no"),
        )


def open_plan(
    turn: Turn, scene: Scene, choose: Chooser, hear: Hear | None = None, lines: tuple[Line, ...] = ()
) -> Draft:
    """``/plan`` with or without words after it."""
    plan = Planning(turn, scene, hear=hear, lines=lines)
    words = turn.text.strip()
    if words:
        return take_words(plan, words, choose)
    if (kept := _kept_draft(scene)) is not None:
        return _offer_again(plan, kept)
    ahead = [c for c in list_week(scene, turn.today) if not closes_week(turn.today) or c.due_on > turn.today]
    if ahead:
        return show_plan(turn, scene)
    left = list_leftover(scene, turn.today)
    sunday = "_sunday" if closes_week(turn.today) else ""
    if left:
        asked = text(f"plan.leftover{sunday}", turn.language, items=render_lines(left, turn))
        quotes = tuple(Quote(quotable(c.text), commitment_id=c.id) for c in left)
        choices = tuple(
            Choice(f"{n} {text(f'choice.{name}', turn.language)}", f"plan:{name}:{c.id}")
            for n, c in enumerate(left[:MOST], 1)
            for name in ("done", "move", "drop")
        )
        return plan.draft(Question(asked, "", quotes), effects=(plan.state("what"),), choices=choices)
    asked = text(f"plan.empty{sunday}", turn.language)
    return plan.draft(Question(asked), effects=(plan.state("what"),))


def _kept_draft(scene: Scene) -> Item | None:
    if scene.dialogue and scene.dialogue.kind == DIALOGUE and scene.dialogue.state["items"]:
        return Item.from_state(scene.dialogue.state["items"][0])
    return None


def _offer_again(plan: Planning, kept: Item) -> Draft:
    """A draft that was left: read back while its moment is ahead, otherwise the moment is asked for."""
    moment = Moment(kept.on, kept.at, kept.cue, kept.minutes)
    if kept.placed and not _is_over(kept, plan.turn):
        again = place(plan, kept, moment, [])
        return replace(again, parts=(Said(text("plan.draft_back", plan.language)), *again.parts))
    asked = text("plan.draft_again", plan.language, text=kept.text)
    kept = replace(kept, on=None, at=None, cue="")
    return plan.draft(Question(asked, "", plan.quote(kept)), effects=(plan.state("when", kept),))


def _is_over(item: Item, turn: Turn) -> bool:
    if item.on != turn.today:
        return item.on is None or item.on < turn.today
    now = turn.now.time()
    return item.at <= now if item.at is not None else is_over(item.cue, now)


def take_words(plan: Planning, words: str, choose: Chooser) -> Draft:
    """A line of a plan, or several: the first is gone on with, the others wait."""
    if plan.lines:
        return _take_lines(plan)
    turn = plan.turn
    lines = [line.strip() for line in _SPLIT.split(words) if line and line.strip()]
    if len(lines) > MOST:
        quote = Quote(quotable(next((line for line in lines if measure(line) >= 4), lines[0])))
        asked = text("plan.too_many_quoted", plan.language, q=quote.text)
        return plan.draft(Question(asked, "too_many", (quote,)), effects=(plan.state("what"),))
    first, moment = read_item(lines[0] if lines else words, turn.now)
    if is_vague(first.text) and not (first.placed and len(first.text) > 6):
        quote = Quote(quotable(words))
        asked = fill(choose.wording("plan.vague"), "plan.vague", {"q": quote.text})
        state = plan.state("what")
        effect = replace(state, state=state.state | {"asked": True})
        return plan.draft(Question(asked, "vague", (quote,)), effects=(effect,))
    return place(plan, first, moment, lines[1:])


def _take_lines(plan: Planning) -> Draft:
    """The same with lines found in a longer message; an obstacle that was named is not asked for."""
    first, *others = plan.lines
    item, moment = first.read(plan.turn.now)
    queue = [f"{line.when} {line.what}".strip() for line in others]
    asked = place(plan, item, moment, queue)
    (state,) = (effect for effect in asked.effects if isinstance(effect, SetDialogue))
    if not first.obstacle or state.state["stage"] != "obstacle":
        return asked
    values = {"obstacle": quotable(first.obstacle), "minutes": FALLBACK_MINUTES}
    made = text("plan.if_then_made", plan.language, **values)
    return ask_yes(plan, "confirm", complete(replace(item, if_then=made), plan.language), queue)


def keep_draft(turn: Turn, dialogue: Dialogue) -> Draft:
    """Leaving midway keeps what there is, to be offered again by the next ``/plan``."""
    plan = Planning(turn, scene=None)  # type: ignore[arg-type]  # leaving looks at nothing else
    item = Item.from_state(dialogue.state["items"][0])
    said = Said(text("plan.draft_left", turn.language, text=item.text), "", plan.quote(item))
    return plan.draft(said, effects=(plan.state("draft", item),))


def ask_room(plan: Planning, item: Item, queue: list[str] | None = None) -> Draft:
    """Three are enough: asks which one goes."""
    rivals = list_rivals(plan.scene, item.on or plan.turn.today)
    asked = text("plan.full", plan.language, q=item.text)
    quotes = (*plan.quote(item), *(Quote(quotable(c.text), commitment_id=c.id) for c in rivals))
    return plan.draft(
        Said(render_lines(rivals, plan.turn), "", quotes[1:]),
        Question(asked, "", quotes[:1]),
        effects=(plan.state("room", item, queue),),
        choices=tuple(Choice(f"{n}. {c.text[:24]}", f"room:{c.id}") for n, c in enumerate(rivals, 1)),
    )


def place(plan: Planning, item: Item, moment: Moment, queue: list[str]) -> Draft:
    """Asks for what is missing or could be two things, or reads it back."""
    quotes = plan.quote(item)
    if moment.past:
        asked = text(
            "plan.past", plan.language, q=item.text, when=say_when(item, plan.turn.today, plan.language)
        )
        unplaced = replace(item, on=None, at=None, cue="")
        return plan.draft(Question(asked, "past", quotes), effects=(plan.state("when", unplaced, queue),))
    if not item.placed:
        asked = text("plan.when", plan.language, q=item.text)
        return plan.draft(Question(asked, "when", quotes), effects=(plan.state("when", item, queue),))
    rivals = list_rivals(plan.scene, item.on or plan.turn.today)
    if len(rivals) + plan.just_added >= MOST and not plan.room_made and rivals:
        return ask_room(plan, item, queue)
    if moment.ambiguous:
        return ask_sure(plan, item, moment, queue)
    return ask_yes(
        plan, "obstacle" if plan.number < TURNS else "confirm", complete(item, plan.language), queue
    )


def ask_sure(plan: Planning, item: Item, moment: Moment, queue: list[str]) -> Draft:
    """Morning or evening, this week or next: repeats what was understood, and offers the other reading."""
    when = say_when(item, plan.turn.today, plan.language)
    asked = text("plan.ambiguous", plan.language, q=item.text, when=when)
    choices = [Choice(when, "plan:sure")]
    if moment.other_time and item.at is not None:
        other = time((item.at.hour + 12) % 24, item.at.minute)
        said = say_when(replace(item, at=other), plan.turn.today, plan.language)
        choices.append(Choice(said, f"plan:at {other:%H.%M}"))
    elif item.on is not None and item.on.isoweekday() == 6:
        sunday = replace(item, on=item.on + timedelta(days=1))
        choices.append(Choice(say_when(sunday, plan.turn.today, plan.language), f"plan:on {sunday.on}"))
    return plan.draft(
        Question(asked, "ambiguous", plan.quote(item)),
        effects=(plan.state("sure", item, queue),),
        choices=tuple(choices),
    )


def _values(item: Item, plan: Planning) -> dict[str, object]:
    return {
        "text": item.text,
        "when": say_when(item, plan.turn.today, plan.language),
        "minutes": item.minutes,
        "end": say_end(item, plan.language),
        "if_then": item.if_then,
    }


def ask_yes(plan: Planning, stage: str, ready: Item, queue: list[str]) -> Draft:
    """Reads it back; a yes keeps it."""
    asked = text(f"plan.{stage}", plan.language, **_values(ready, plan))
    return plan.draft(
        Question(asked, stage, plan.quote(ready)),
        effects=(plan.state(stage, ready, queue),),
        choices=plan.confirm_choices,
    )


def complete(item: Item, language: Language) -> Item:
    """With a length, a visible end and an if-then, where nothing better was said."""
    lines = variants("plan.if_then_default", language)
    line = fill(lines[len(item.text) % len(lines)], "plan", {"minutes": FALLBACK_MINUTES})
    return replace(
        item, minutes=item.minutes or DEFAULT_MINUTES, end=item.end or "default", if_then=item.if_then or line
    )


def say_end(item: Item, language: Language) -> str:
    """How they will see that it is done."""
    known = load_toml("playbook/plan.toml")["ends"]
    return text(f"plan.end_{item.end}", language) if item.end in (*known, "default") else item.end
