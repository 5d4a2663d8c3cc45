"""``/plan``: from words to at most three commitments, in at most four turns, nothing kept before a yes.

What is left over → what → when and how long → what gets in the way → read back → yes. The dialogue's state
is a plain dict that the journal keeps, so that leaving midway leaves a draft.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

from coaching.dates import say_day
from coaching.effects import (
    AddCommitment,
    Effect,
    EndDialogue,
    MarkCommitment,
    MoveCommitment,
    SetDialogue,
    ShrinkCommitment,
)
from coaching.intent import Intent, says
from coaching.model import Commitment, CommitmentStatus, Lens
from coaching.parts import Choice, Draft, Part, Question, Quote, ReplyKind, Said
from coaching.quoting import measure
from coaching.recalling import quotable
from coaching.subjects import names
from coaching.when import Moment, read_moment, without_moment
from prompts import load_pattern, load_toml, text, variants
from prompts.texts_data import fill

if TYPE_CHECKING:
    from datetime import datetime

    from coaching.model import Dialogue, Language, Scene, Turn
    from coaching.responders.choosing import Chooser

DIALOGUE = "plan"
MOST = 3
DEFAULT_MINUTES = 30
FALLBACK_MINUTES = 5
AROUND = 12  # on the scale of quoting.measure: the words that stand around a moment in an answer
LONGEST_ITEM = 200  # characters; beyond this it is a story, not a line of a plan

_WHOLE_YES = load_pattern("commitments.whole_yes")
_NO = load_pattern("commitments.no")
_MAYBE = load_pattern("commitments.maybe")
_STORY = load_pattern("commitments.story")
_HAPPENED = load_pattern("commitments.happened")
_ELSEWHERE = load_pattern("commitments.elsewhere")
_EDGES = re.compile(r"^[\s，,。.！!~～…]+|[\s，,。.！!~～…]+$")
_SPLIT = re.compile(r"[\n；;]+|(?:^|\s)(?:\d{1,2}[.、)）]|[-•*])\s*|[，,、]?\s*(?:还有|以及|另外)\s*(?=.{4})")


@dataclass(frozen=True, slots=True)
class Item:
    """A commitment in the making; its text is a verbatim piece of what they wrote."""

    text: str
    on: date | None = None
    at: time | None = None
    cue: str = ""
    minutes: int | None = None
    end: str = ""
    if_then: str = ""

    @property
    def placed(self) -> bool:
        """It has a day and a moment on it."""
        return self.on is not None and (self.at is not None or bool(self.cue))

    def to_state(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self) | {
            "on": self.on.isoformat() if self.on else None,
            "at": self.at.isoformat("minutes") if self.at else None,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Item:
        """The other way round."""
        return cls(
            **state
            | {
                "on": date.fromisoformat(state["on"]) if state["on"] else None,
                "at": time.fromisoformat(state["at"]) if state["at"] else None,
            }
        )


def say_when(item: Item | Commitment, today: date, language: Language) -> str:
    """周四 12:30, Thu at lunch: the moment as it is read back."""
    on = item.on if isinstance(item, Item) else item.due_on
    at = item.at if isinstance(item, Item) else item.due_time
    day = say_day(on, today, language) if on else ""
    moment = at.strftime("%H:%M") if at else item.cue
    glue = "" if language == "zh" and not at else " "
    return f"{day}{glue}{moment}".strip()


def read_item(words: str, now: datetime) -> tuple[Item, Moment]:
    """A line of a plan: the action in their words, and the moment that was understood."""
    moment = read_moment(words, now)
    action = quotable(without_moment(words, moment))
    end = find_end(action)
    return Item(action, moment.on, moment.at, moment.cue, moment.minutes, end), moment


def find_end(action: str) -> str:
    """The visible end that the action itself names: what is sent, written, said, made. May be empty."""
    for name, pattern in load_toml("playbook/plan.toml")["ends"].items():
        if re.search(pattern, action, re.IGNORECASE):
            return str(name)
    return ""


def is_vague(action: str) -> bool:
    """Whether nobody could say on Sunday if it happened: a direction without a move."""
    raw = load_toml("playbook/plan.toml")["vague"]
    if re.search(raw["direction"], action, re.IGNORECASE) and not re.search(
        raw["concrete"], action, re.IGNORECASE
    ):
        return True
    return not re.search(raw["move"], action, re.IGNORECASE) and not re.search(
        raw["concrete"], action, re.IGNORECASE
    )


def list_open(scene: Scene, today: date) -> tuple[Commitment, ...]:
    """This ISO week's commitments that are still open."""
    return tuple(c for c in list_week(scene, today) if c.status is CommitmentStatus.OPEN)


def list_week(scene: Scene, today: date) -> tuple[Commitment, ...]:
    """This ISO week's commitments, as they were set."""
    return tuple(
        c
        for c in scene.plan
        if c.week == (today.isocalendar().year, today.isocalendar().week) or c.due_on > today
    )


def list_leftover(scene: Scene, today: date) -> tuple[Commitment, ...]:
    """Open ones from the weeks before."""
    monday = today - timedelta(days=today.isoweekday() - 1)
    return tuple(c for c in scene.plan if c.status is CommitmentStatus.OPEN and c.due_on < monday)


def _draft(
    turn: Turn, *parts: Part, effects: tuple[Effect, ...] = (), choices: tuple[Choice, ...] = ()
) -> Draft:
    return Draft(ReplyKind.PLAN, turn.language, parts, effects=effects, choices=choices)


def _state(stage: str, items: list[Item], queue: list[str] | None = None) -> SetDialogue:
    return SetDialogue(
        DIALOGUE, {"stage": stage, "items": [item.to_state() for item in items], "queue": queue or []}
    )


def open_plan(turn: Turn, scene: Scene, choose: Chooser) -> Draft:
    """``/plan`` with or without words after it."""
    words = turn.text.strip()
    if words:
        return _take_words(turn, scene, words, choose)
    if list_open(scene, turn.today) or list_week(scene, turn.today):
        return show_plan(turn, scene)
    kept = _kept_draft(scene)
    if kept is not None:
        asked = text("plan.draft_again", turn.language, text=kept.text)
        return _draft(turn, Question(asked, "", _said_quote(turn, kept)), effects=(_state("when", [kept]),))
    left = list_leftover(scene, turn.today)
    if left:
        lines = _lines(left, turn)
        asked = text("plan.leftover", turn.language, items=lines)
        quotes = tuple(Quote(quotable(c.text), commitment_id=c.id) for c in left)
        return _draft(turn, Question(asked, "", quotes), effects=(_state("what", []),))
    return _draft(turn, Question(text("plan.empty", turn.language)), effects=(_state("what", []),))


def _kept_draft(scene: Scene) -> Item | None:
    if scene.dialogue and scene.dialogue.kind == DIALOGUE and scene.dialogue.state["items"]:
        return Item.from_state(scene.dialogue.state["items"][0])
    return None


def _said_quote(turn: Turn, item: Item) -> tuple[Quote, ...]:
    """The item's words stand in this turn, or under 0 in the dialogue's own state."""
    return (Quote(item.text, commitment_id=None if item.text in turn.text else 0),)


def _take_words(turn: Turn, scene: Scene, words: str, choose: Chooser) -> Draft:
    lines = [line.strip() for line in _SPLIT.split(words) if line and line.strip()]
    if len(lines) > MOST:
        quote = Quote(quotable(next((line for line in lines if measure(line) >= 4), lines[0])))
        asked = text("plan.too_many_quoted", turn.language, q=quote.text)
        return _draft(turn, Question(asked, "too_many", (quote,)), effects=(_state("what", []),))
    items = [read_item(line, turn.now) for line in lines] or [read_item(words, turn.now)]
    first, moment = items[0]
    if is_vague(first.text) and not (first.placed and len(first.text) > 6):
        quote = Quote(quotable(words))
        asked = fill(choose.wording("plan.vague"), "plan.vague", {"q": quote.text})
        effect = SetDialogue(DIALOGUE, {"stage": "what", "items": [], "queue": [], "asked": True})
        return _draft(turn, Question(asked, "vague", (quote,)), effects=(effect,))
    if len(list_open(scene, turn.today)) >= MOST:
        return ask_room(turn, scene, first)
    return _place(turn, first, moment, lines[1:])


def keep_draft(turn: Turn, dialogue: Dialogue) -> Draft:
    """Leaving midway keeps what there is, to be offered again by the next ``/plan``."""
    item = Item.from_state(dialogue.state["items"][0])
    said = Said(text("plan.draft_left", turn.language, text=item.text), "", _said_quote(turn, item))
    return _draft(turn, said, effects=(_state("draft", [item]),))


def ask_room(turn: Turn, scene: Scene, item: Item) -> Draft:
    """Three are enough: asks which one goes."""
    opened = list_open(scene, turn.today)
    asked = text("plan.full", turn.language, q=item.text)
    quotes = (*_said_quote(turn, item), *(Quote(quotable(c.text), commitment_id=c.id) for c in opened))
    return _draft(
        turn,
        Said(_lines(opened, turn), "", quotes[1:]),
        Question(asked, "", quotes[:1]),
        effects=(_state("room", [item]),),
        choices=tuple(Choice(f"{n}. {c.text[:24]}", f"room:{c.id}") for n, c in enumerate(opened, 1)),
    )


def _place(turn: Turn, item: Item, moment: Moment, queue: list[str]) -> Draft:
    """Asks for what is missing, or reads it back with the obstacle question."""
    quotes = _said_quote(turn, item)
    if moment.past:
        day = say_when(item, turn.today, turn.language)
        asked = text("plan.past", turn.language, q=item.text, when=day)
        return _draft(
            turn,
            Question(asked, "past", quotes),
            effects=(_state("when", [replace(item, on=None, at=None)], queue),),
        )
    if not item.placed:
        asked = text("plan.when", turn.language, q=item.text)
        return _draft(turn, Question(asked, "when", quotes), effects=(_state("when", [item], queue),))
    ready = _complete(item, turn.language)
    asked = text(
        "plan.obstacle",
        turn.language,
        text=ready.text,
        when=say_when(ready, turn.today, turn.language),
        minutes=ready.minutes,
        end=_say_end(ready, turn.language),
        if_then=ready.if_then,
    )
    choices = (
        Choice(text("choice.yes", turn.language), "plan:yes"),
        Choice(text("choice.no", turn.language), "plan:no"),
    )
    return _draft(
        turn,
        Question(asked, "obstacle", quotes),
        effects=(_state("obstacle", [ready], queue),),
        choices=choices,
    )


def _complete(item: Item, language: Language) -> Item:
    lines = variants("plan.if_then_default", language)
    line = fill(lines[len(item.text) % len(lines)], "plan", {"minutes": FALLBACK_MINUTES})
    return replace(
        item, minutes=item.minutes or DEFAULT_MINUTES, end=item.end or "default", if_then=item.if_then or line
    )


def _say_end(item: Item, language: Language) -> str:
    known = load_toml("playbook/plan.toml")["ends"]
    return text(f"plan.end_{item.end}", language) if item.end in (*known, "default") else item.end


def go_on(turn: Turn, scene: Scene, dialogue: Dialogue, choose: Chooser) -> Draft | None:
    """The next turn of the dialogue, or None when what was said is not about the plan."""
    state = dialogue.state
    items = [Item.from_state(raw) for raw in state["items"]]
    said = _EDGES.sub("", turn.text)
    if turn.tap == "plan:no" or _NO.match(said):
        return _draft(turn, Said(text("plan.not_saved", turn.language)), effects=(EndDialogue(),))
    match state["stage"]:
        case "what" if turn.text and len(turn.text) <= LONGEST_ITEM:
            if _is_story(turn) or (dialogue.state.get("shown") and not _has_moment(turn)):
                return None
            draft = _take_words(turn, scene, turn.text, choose)
            # asked once and still vague: they have something else on their mind
            stays_vague = any(part.key == "vague" for part in draft.parts)
            return None if stays_vague and dialogue.state.get("asked") else draft
        case "when":
            return _answer_when(turn, items[0], state["queue"])
        case "obstacle":
            return _answer_obstacle(turn, scene, items[0], state["queue"])
        case "confirm":
            return _answer_confirm(turn, scene, items[0], state["queue"])
        case "room":
            return _answer_room(turn, scene, items[0])
    return None


def _is_story(turn: Turn) -> bool:
    """Something on their mind, not a line of a plan: news, a question, or a complaint with no moment."""
    if _HAPPENED.search(turn.text) or _ELSEWHERE.search(turn.text):
        return True
    return not _has_moment(turn) and bool(_STORY.search(turn.text))


def _has_moment(turn: Turn) -> bool:
    moment = read_moment(turn.text, turn.now)
    return moment.on is not None or moment.at is not None


def _is_only_moment(words: str, moment: Moment, item: str) -> bool:
    """Whether what was said names a moment and little else, or speaks of the item itself.

    "被客户骂了，今天" has a day in it and is no answer to "which day".
    """
    kept = [c for at, c in enumerate(words) if not any(a <= at < b for a, b in moment.spans)]
    rest = "".join(kept)
    return names(rest, item) or (measure(rest) <= AROUND and not _HAPPENED.search(words))


def _answer_when(turn: Turn, item: Item, queue: list[str]) -> Draft | None:
    moment = read_moment(turn.text, turn.now)
    if moment.spans and not _is_only_moment(turn.text, moment, item.text):
        return None
    if moment.on is None and moment.at is None and not moment.cue and moment.minutes is None:
        fresh, fresh_moment = read_item(turn.text, turn.now)
        if is_vague(fresh.text) or _is_story(turn):
            return None
        return _place(turn, fresh, fresh_moment, queue)
    # "明晚八点" alone means tomorrow; a bare hour with no day means the next time it strikes
    on = moment.on or item.on or _next_day(turn, moment)
    placed = replace(
        item,
        on=on,
        at=moment.at or item.at,
        cue=moment.cue or item.cue,
        minutes=moment.minutes or item.minutes,
    )
    return _place(turn, placed, moment, queue)


def _next_day(turn: Turn, moment: Moment) -> date:
    later = moment.at is None or moment.at > turn.now.time()
    return turn.today if later else turn.today + timedelta(days=1)


def _answer_obstacle(turn: Turn, scene: Scene, item: Item, queue: list[str]) -> Draft | None:
    said = _EDGES.sub("", turn.text)
    if turn.tap == "plan:yes" or _WHOLE_YES.match(said):
        return _save(turn, scene, item, queue)
    if says("no_advice", said) or len(said) > 120 or _ELSEWHERE.search(turn.text):
        return None
    moment = read_moment(said, turn.now)
    if moment.placed:  # they corrected the moment instead
        return _place(
            turn,
            replace(item, on=moment.on, at=moment.at, cue=moment.cue, minutes=moment.minutes or item.minutes),
            moment,
            queue,
        )
    obstacle = _MAYBE.sub("", said)
    line = text("plan.if_then_made", turn.language, obstacle=quotable(obstacle), minutes=FALLBACK_MINUTES)
    ready = replace(item, if_then=line)
    asked = text(
        "plan.confirm",
        turn.language,
        text=ready.text,
        when=say_when(ready, turn.today, turn.language),
        minutes=ready.minutes,
        end=_say_end(ready, turn.language),
        if_then=line,
    )
    choices = (
        Choice(text("choice.yes", turn.language), "plan:yes"),
        Choice(text("choice.no", turn.language), "plan:no"),
    )
    return _draft(
        turn,
        Question(asked, "confirm", _said_quote(turn, ready)),
        effects=(_state("confirm", [ready], queue),),
        choices=choices,
    )


def _answer_confirm(turn: Turn, scene: Scene, item: Item, queue: list[str]) -> Draft | None:
    said = _EDGES.sub("", turn.text)
    if turn.tap == "plan:yes" or _WHOLE_YES.match(said) or says(Intent.TAKE, said):
        return _save(turn, scene, item, queue)
    moment = read_moment(said, turn.now)
    if moment.on or moment.at or moment.minutes or moment.cue:
        return _answer_when(turn, item, queue)
    return None


def _save(turn: Turn, scene: Scene, item: Item, queue: list[str]) -> Draft:
    add = AddCommitment(
        text=item.text,
        due_on=item.on or turn.today,
        due_time=item.at,
        cue=item.cue,
        minutes=item.minutes,
        visible_end=_say_end(item, turn.language),
        if_then=item.if_then,
        lens=scene.goals[0].lens if scene.goals else None,
        goal_id=scene.goals[0].id if scene.goals else None,
    )
    saved = text("plan.saved", turn.language, text=item.text, when=say_when(item, turn.today, turn.language))
    quotes = _said_quote(turn, item)
    parts: list[Part] = [Said(saved, "", quotes)]
    effects: list[Effect] = [add, EndDialogue()]
    if queue:
        following, moment = read_item(queue[0], turn.now)
        asked = _place(turn, following, moment, queue[1:])
        return replace(asked, parts=(*parts, *asked.parts), effects=(add, *asked.effects))
    # a plan with nothing in it that is theirs to decide is shown that once, as a question
    lenses = [c.lens for c in list_open(scene, turn.today)] + [add.lens]
    if len(lenses) >= 2 and all(lens not in (Lens.OWNERSHIP, None) for lens in lenses):
        parts.append(Question(text("plan.not_mine", turn.language), "not_mine"))
    return _draft(turn, *parts, effects=tuple(effects))


def _answer_room(turn: Turn, scene: Scene, item: Item) -> Draft | None:
    opened = list_open(scene, turn.today)
    named = next((c for c in opened if turn.text and names(turn.text, c.text)), None)
    chosen = _by_tap(turn.tap, opened) or _by_number(turn.text, opened) or named
    if chosen is None:
        return None
    asked = _place(turn, item, Moment(item.on, item.at, item.cue, item.minutes), [])
    dropped = text("plan.marked_drop", turn.language, text=chosen.text)
    quote = Quote(quotable(chosen.text), commitment_id=chosen.id)
    return replace(
        asked,
        parts=(Said(dropped, "", (quote,)), *asked.parts),
        effects=(MarkCommitment(chosen.id, CommitmentStatus.DROPPED, "", turn.today), *asked.effects),
    )


def _by_number(words: str, items: tuple[Commitment, ...]) -> Commitment | None:
    match = re.search(r"\d+|第?[一二三]", words)
    if match is None or measure(words) > AROUND // 2:  # a number somewhere in a story drops nothing
        return None
    number = "一二三".find(match.group(0)[-1]) + 1 or (int(match.group(0)) if match.group(0).isdigit() else 0)
    return items[number - 1] if 1 <= number <= len(items) else None


def _by_tap(tap: str | None, items: tuple[Commitment, ...]) -> Commitment | None:
    wanted = (tap or "").rpartition(":")[2]
    return next((c for c in items if str(c.id) == wanted), None)


def _lines(commitments: tuple[Commitment, ...], turn: Turn) -> str:
    language = turn.language
    lines = []
    for number, item in enumerate(commitments, 1):
        missed = item.missed(turn.today)
        when = say_when(item, turn.today, language) + (text("plan.missed_note", language) if missed else "")
        lines.append(
            text(
                "plan.item",
                language,
                mark=text(f"plan.mark_{'missed' if missed else item.status.value}", language),
                number=number,
                text=quotable(item.text),
                when=when,
                minutes=text("plan.item_minutes", language, minutes=item.minutes) if item.minutes else "",
            )
        )
    return "\n".join(lines)


def show_plan(turn: Turn, scene: Scene) -> Draft:
    """What is set for this week, with a button for every way it can go."""
    week = list_week(scene, turn.today)
    shown = text("plan.show", turn.language, items=_lines(week, turn))
    quotes = tuple(Quote(quotable(c.text), commitment_id=c.id) for c in week)
    choices = tuple(
        Choice(f"{number} {text(f'choice.{name}', turn.language)}", f"plan:{name}:{item.id}")
        for number, item in enumerate(week, 1)
        if item.status is CommitmentStatus.OPEN
        for name in ("done", "half", "move", "shrink", "drop")
    )
    parts: list[Part] = [Said(shown, "", quotes)]
    effects: tuple[Effect, ...] = ()
    if (room := MOST - len(list_open(scene, turn.today))) > 0:
        parts.append(Said(text("plan.add", turn.language, room=room)))
        effects = (SetDialogue(DIALOGUE, {"stage": "what", "items": [], "queue": [], "shown": True}),)
    return _draft(turn, *parts, choices=choices, effects=effects)


def mark(turn: Turn, scene: Scene, name: str, wanted: str) -> Draft:
    """A tap or a word on one commitment: done, half, move, shrink, drop, keep. Two taps count once."""
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
            return said("plan.marked_done", MarkCommitment(item.id, CommitmentStatus.DONE, on=turn.today))
        case "half":
            return said("plan.marked_half", MarkCommitment(item.id, CommitmentStatus.HALF, on=turn.today))
        case "drop":
            return said("plan.marked_drop", MarkCommitment(item.id, CommitmentStatus.DROPPED, on=turn.today))
        case "move":
            return said("plan.ask_move", SetDialogue("move", {"id": item.id}))
        case "shrink":
            minutes = max(5, (item.minutes or DEFAULT_MINUTES) // 3)
            return said("plan.marked_shrink", ShrinkCommitment(item.id, item.text, minutes), minutes=minutes)
        case _:
            return show_plan(turn, scene)


def move_to(turn: Turn, scene: Scene, wanted: int) -> Draft | None:
    """The answer to "which day instead": a moment ahead, or nothing that was understood."""
    item = next((c for c in scene.plan if c.id == wanted), None)
    if item is None:
        return _draft(turn, Said(text("plan.gone", turn.language)), effects=(EndDialogue(),))
    moment = read_moment(turn.text, turn.now)
    placed = moment.on is not None or moment.at is not None
    if not placed or not _is_only_moment(turn.text, moment, item.text):
        return None
    on = moment.on or _next_day(turn, moment)
    quote = Quote(quotable(item.text), commitment_id=item.id)
    when = say_when(
        Item(item.text, on, moment.at or item.due_time, moment.cue or item.cue), turn.today, turn.language
    )
    if moment.past or on < turn.today:
        asked = text("plan.past", turn.language, q=quote.text, when=when)
        return _draft(turn, Question(asked, "", (quote,)))
    moved = text("plan.marked_move", turn.language, text=quote.text, when=when)
    return _draft(
        turn,
        Said(moved, "", (quote,)),
        effects=(MoveCommitment(item.id, on, moment.at, moment.cue), EndDialogue()),
    )
