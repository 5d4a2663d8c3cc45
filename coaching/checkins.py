"""The evening: asking after one thing, and taking the answer without praise, guilt or pressure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from coaching.commitments import mark, move_to
from coaching.dates import choose_slot, say_day
from coaching.effects import EndDialogue, MarkCommitment, SetDialogue, SkipTonight, Snooze
from coaching.intent import Intent, find_asked, read_intent, says
from coaching.model import Commitment, CommitmentStatus, Event
from coaching.parts import Choice, Draft, NextStep, Part, Question, Quote, Reflection, ReplyKind, Said
from coaching.quoting import list_clauses, measure
from coaching.reading import EVENING_ENDS, MORNING
from coaching.recalling import begin_of, quotable
from coaching.subjects import names
from prompts import load_pattern, text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from coaching.effects import Effect
    from coaching.model import Language, Scene, Turn
    from coaching.responders.choosing import Chooser

RESULT = "result"  # the dialogue in which they tell what came back
LONGEST_RESULT = 200  # characters; more is about their day
LONGEST_QUOTE = 20
LONGEST_ITEM = 40  # as ``measure`` counts: a question with more of it in is none
MISSED = "missed"  # the dialogue in which they say what becomes of it
CHOICES = ("keep", "shrink", "drop")
_SEVERAL = load_pattern("checkins.several")
LATER = ("snooze", "not_tonight")
SMALLEST_STEP = 10  # minutes; a missed or half thing is never answered with more


def choose_item(scene: Scene, turn: Turn) -> Commitment | None:
    """The one commitment to talk about: today's, else the one whose day was last, else the next."""
    opened = [c for c in scene.plan if c.status is CommitmentStatus.OPEN]
    if opened:
        named = [c for c in opened if names(turn.text, c.text)]
        pool = named or opened
        return min(pool, key=lambda c: (c.due_on > turn.today, abs((turn.today - c.due_on).days), c.id))
    return None


def choose_reported(scene: Scene, turn: Turn) -> Commitment | None:
    """The one commitment a report is about: named in it, else the one asked about, else one that is due."""
    opened = [c for c in scene.plan if c.status is CommitmentStatus.OPEN]
    named = [c for c in opened if names(turn.text, c.text)]
    asked = find_asked(turn, scene)
    asked_about = [c for c in opened if asked is not None and item_quote(c).text in asked.text]
    due = [c for c in opened if c.due_on <= turn.today]
    pool = named or asked_about or due
    return min(pool, key=lambda c: (c.due_on > turn.today, -c.due_on.toordinal(), c.id), default=None)


def item_quote(item: Commitment) -> Quote:
    """The commitment in the person's own words; of a long one, how it begins."""
    return Quote(begin_of(quotable(item.text), LONGEST_ITEM), commitment_id=item.id)


def is_due(scene: Scene, turn: Turn) -> bool:
    """Whether there is a commitment to ask about."""
    item = choose_item(scene, turn)
    return item is not None and item.due_on <= turn.today


def build_checkin(turn: Turn, scene: Scene, choose: Chooser) -> Draft:
    """What is asked in the evening, one item by name; with nothing due, one question about the day."""
    language = turn.language
    item = choose_item(scene, turn)
    if turn.event is Event.EVENING_CHECKIN_UNANSWERED_4:
        return _silent(item, language)
    if item is None or item.due_on > turn.today:
        asked = Question(choose.wording("checkin.nothing"), "nothing")
        return Draft(ReplyKind.CHECKIN, language, (asked,), choices=_choices(language, LATER, 0))
    quote = item_quote(item)
    if item.due_on == turn.today:
        words = fill(choose.wording("checkin.today"), "checkin", {"item": quote.text})
    else:
        words = text(
            "checkin.yesterday", language, item=quote.text, day=say_day(item.due_on, turn.today, language)
        )
    choices = _choices(language, ("done", "half", "move", *LATER), item.id)
    return Draft(ReplyKind.CHECKIN, language, (Question(words, "checkin", (quote,)),), choices=choices)


def _choices(language: Language, names: tuple[str, ...], item_id: int) -> tuple[Choice, ...]:
    return tuple(Choice(text(f"choice.{name}", language), f"plan:{name}:{item_id}") for name in names)


def leave_tonight(turn: Turn, scene: Scene, verb: str, wanted: str = "0") -> Draft:
    """Asks later or not tonight, by a tap or in words. What has its result already is said to have it."""
    item = next((c for c in scene.plan if str(c.id) == wanted), None)
    if item is not None and item.status is not CommitmentStatus.OPEN:
        return mark(turn, scene, verb, wanted)
    effect = Snooze(turn.quoting) if verb == "snooze" else SkipTonight(turn.quoting)
    return Draft(ReplyKind.INFO, turn.language, (), effects=(effect,))


def _silent(item: Commitment | None, language: Language) -> Draft:
    names = ("weekly", "pause", "keep")
    choices = tuple(Choice(text(f"choice.{name}", language), f"rhythm:{name}") for name in names)
    if item is None:
        parts: tuple[Part, ...] = (Question(text("checkin.unanswered_plain", language)),)
    else:
        quote = item_quote(item)
        parts = (Question(text("checkin.unanswered", language, item=quote.text), "", (quote,)),)
    return Draft(ReplyKind.CHECKIN, language, parts, choices=choices)


def answer_report(turn: Turn, scene: Scene, intent: Intent, choose: Chooser) -> Draft:
    """The reply to "done", "half" or "did not happen" in words."""
    item = choose_reported(scene, turn)
    match intent:
        case Intent.DONE:
            return _done(turn, item, choose)
        case Intent.HALF:
            return _half(turn, item, choose)
        case _:
            return _missed(turn, scene, item, choose)


def _late(turn: Turn) -> bool:
    return turn.now.hour >= EVENING_ENDS or turn.now.hour < MORNING


def _their_words(turn: Turn) -> Quote | None:
    """The loaded clause of the answer, if it says more than that it is done."""
    clauses = list_clauses(turn.text)
    best = next((c for c in clauses if measure(c.text) >= 4), None)
    return Quote(best.text) if best else None


def _done(turn: Turn, item: Commitment | None, choose: Chooser) -> Draft:
    language = turn.language
    words = _their_words(turn)
    said_more = words is not None
    parts: list[Part] = []
    if item is not None:
        quote = item_quote(item)
        parts.append(Reflection(text("checkin.done_item", language, item=quote.text), (quote,), "done_item"))
    if words is None and item is not None:
        words = item_quote(item)
        parts = []
    elif words is None:
        words = Quote(turn.text.strip(" ！!。.")[:LONGEST_QUOTE])
    asked = fill(choose.wording("checkin.done"), "checkin", {"q": words.text})
    parts.append(Question(asked, "done", (words,)))
    parts.append(
        Said(text("checkin.night", language) if _late(turn) else choose.wording("checkin.size_up"), "size_up")
    )
    effects: tuple[Effect, ...] = ()
    if item is not None:
        effects = (MarkCommitment(item.id, CommitmentStatus.DONE, turn.text, turn.today),)
        if not said_more:  # what came back is told next
            effects += (SetDialogue(RESULT, {"id": item.id}),)
    return Draft(ReplyKind.CHECKIN_REPLY, language, tuple(parts), effects=effects)


def take_result(turn: Turn, scene: Scene, wanted: int, choose: Chooser) -> Draft | None:
    """What came back of something that was marked as done: kept in their words, and one size up.

    None when they speak of something else.
    """
    item = next((c for c in scene.plan if c.id == wanted), None)
    if item is None or not turn.text or len(turn.text) > LONGEST_RESULT or re.search(r"[?？]", turn.text):
        return None
    intent, boundary = read_intent(turn, scene)
    if boundary is not None or intent not in (Intent.COACH, Intent.DONE):
        return None
    words = _their_words(turn) or Quote(turn.text.strip(" ！!。.")[:LONGEST_QUOTE])
    heard = text("checkin.result", turn.language, q=words.text)
    size_up = text("checkin.night", turn.language) if _late(turn) else choose.wording("checkin.size_up")
    return Draft(
        ReplyKind.CHECKIN_REPLY,
        turn.language,
        (Reflection(heard, (words,), "result"), Said(size_up, "size_up")),
        effects=(MarkCommitment(item.id, item.status, turn.text, item.result_on), EndDialogue()),
    )


def _half(turn: Turn, item: Commitment | None, choose: Chooser) -> Draft:
    language = turn.language
    quote = item_quote(item) if item else (_their_words(turn) or Quote(turn.text.strip()))
    parts: list[Part] = [Reflection(text("checkin.half", language, item=quote.text), (quote,), "half")]
    if _late(turn):
        parts.append(Said(text("checkin.night", language)))
    else:
        parts.append(_small_step("checkin.half_step", turn, item))
    parts.append(Question(choose.wording("checkin.half_question"), "half"))
    effects: tuple[Effect, ...] = ()
    if item is not None:
        half = MarkCommitment(item.id, CommitmentStatus.HALF, turn.text, turn.today)
        effects = (half, SetDialogue("move", {"id": item.id}))
    return Draft(ReplyKind.CHECKIN_REPLY, language, tuple(parts), effects=effects)


def _missed(turn: Turn, scene: Scene, item: Commitment | None, choose: Chooser) -> Draft:
    language = turn.language
    overdue = [
        c
        for c in scene.plan
        if c.missed(turn.today) or (c.status is CommitmentStatus.OPEN and c.due_on == turn.today)
    ]
    one = turn.event is Event.REPLY_TO_CHECKIN or (find_asked(turn, scene) and not _SEVERAL.search(turn.text))
    if len(overdue) > 1 and not one:
        return _week_failed(turn, overdue, choose)
    quote = item_quote(item) if item else (_their_words(turn) or Quote(turn.text.strip()[:LONGEST_QUOTE]))
    said = fill(choose.wording("checkin.missed"), "checkin", {"item": quote.text})
    parts: list[Part] = [Reflection(said, (quote,), "missed")]
    if _late(turn):
        parts.append(Said(text("checkin.night", language)))
    else:
        parts.append(_small_step("checkin.missed_step", turn, item))
    # three misses in a row change the question, not the pressure
    if item is not None and _misses(scene, item) >= 3:
        parts.append(Question(text("checkin.missed_three", language), "missed_three"))
    else:
        parts.append(Question(choose.wording("checkin.missed_question"), "missed"))
    if item is None:
        return Draft(ReplyKind.CHECKIN_REPLY, language, tuple(parts))
    return Draft(
        ReplyKind.CHECKIN_REPLY,
        language,
        tuple(parts),
        choices=_choices(language, CHOICES, item.id),
        effects=(SetDialogue(MISSED, {"id": item.id}),),
    )


def take_choice(turn: Turn, scene: Scene, wanted: int) -> Draft | None:
    """Keep it, shrink it, drop it, or another day: what they want of something that did not happen."""
    if verb := next((name for name in CHOICES if says(name, turn.text)), None):
        draft = mark(turn, scene, verb, str(wanted))
        return draft if verb == "keep" else replace(draft, effects=(*draft.effects, EndDialogue()))
    return move_to(turn, scene, {"id": wanted})


def _misses(scene: Scene, item: Commitment) -> int:
    """How often it did not get its turn, this time included: moved on, or said so on an evening."""
    unlucky = (CommitmentStatus.MOVED, CommitmentStatus.OPEN)
    moved = sum(c.text == item.text and c.status in unlucky for c in scene.plan)
    said = {u.on for u in scene.used if (u.kind, u.key) == ("reflection", "missed") and u.on >= item.due_on}
    return moved + len(said)


def _week_failed(turn: Turn, overdue: list[Commitment], choose: Chooser) -> Draft:
    words = _their_words(turn) or Quote(turn.text.strip())
    smallest = min(overdue, key=lambda c: (c.minutes or 30, len(c.text)))
    quote = item_quote(smallest)
    step = replace(
        _small_step("checkin.week_failed_step", turn, smallest, item_words=quote.text), quotes=(quote,)
    )
    reflection = fill(choose.wording("checkin.week_failed"), "checkin", {"q": words.text})
    return Draft(
        ReplyKind.CHECKIN_REPLY,
        turn.language,
        (
            Reflection(reflection, (words,), "week_failed"),
            step,
            Question(choose.wording("checkin.week_failed_question"), "week_failed"),
        ),
    )


def _small_step(key: str, turn: Turn, item: Commitment | None, *, item_words: str = "") -> NextStep:
    slot = choose_slot(turn.now, turn.language, low=False, turn=0)
    minutes = min(SMALLEST_STEP, item.minutes or SMALLEST_STEP) if item else SMALLEST_STEP
    values = {"when": slot.words, "minutes": minutes} | ({"item": item_words} if item_words else {})
    words = text(key, turn.language, **values)
    return NextStep(
        text=words,
        key=key.replace(".", "-"),
        body=item.text if item else words,
        minutes=minutes,
        when=slot.words,
        due_on=slot.on,
        cue=slot.cue,
        done=item.visible_end if item and item.visible_end else text("plan.end_default", turn.language),
        if_then=item.if_then if item else "",
    )


def answer_heard(turn: Turn, choose: Chooser) -> Draft:
    """The reply to an evening's answer that reports nothing: heard, and one question."""
    words = _their_words(turn) or Quote(turn.text.strip())
    said = fill(choose.wording("checkin.heard"), "checkin", {"q": words.text})
    parts: list[Part] = [Reflection(said, (words,), "heard")]
    if _late(turn):
        parts.append(Said(text("checkin.night", turn.language)))
    parts.append(Question(choose.wording("checkin.heard_question"), "heard"))
    return Draft(ReplyKind.CHECKIN_REPLY, turn.language, tuple(parts))
