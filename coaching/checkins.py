"""The evening: asking after one thing, and taking the answer without praise, guilt or pressure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coaching.dates import choose_slot, say_day
from coaching.effects import MarkCommitment
from coaching.intent import Intent
from coaching.model import Commitment, CommitmentStatus, Event
from coaching.parts import Choice, Draft, NextStep, Part, Question, Quote, Reflection, ReplyKind, Said
from coaching.quoting import list_clauses, measure
from coaching.reading import EVENING_ENDS, MORNING
from coaching.recalling import quotable
from coaching.subjects import names
from prompts import text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from coaching.model import Language, Scene, Turn
    from coaching.responders.choosing import Chooser

SMALLEST_STEP = 10  # minutes; a missed or half thing is never answered with more


def choose_item(scene: Scene, turn: Turn) -> Commitment | None:
    """The one commitment to talk about: today's, else the one whose day was last, else the next."""
    opened = [c for c in scene.plan if c.status is CommitmentStatus.OPEN]
    if opened:
        named = [c for c in opened if names(turn.text, c.text)]
        pool = named or opened
        return min(pool, key=lambda c: (c.due_on > turn.today, abs((turn.today - c.due_on).days), c.id))
    return None


def item_quote(item: Commitment) -> Quote:
    """The commitment in the person's own words."""
    return Quote(quotable(item.text), commitment_id=item.id)


def build_checkin(turn: Turn, scene: Scene, choose: Chooser) -> Draft:
    """What is asked in the evening, one item by name; with nothing due, one question about the day."""
    language = turn.language
    item = choose_item(scene, turn)
    if turn.event is Event.EVENING_CHECKIN_UNANSWERED_4:
        return _silent(item, language)
    if item is None or item.due_on > turn.today:
        return Draft(ReplyKind.CHECKIN, language, (Question(choose.wording("checkin.nothing"), "nothing"),))
    quote = item_quote(item)
    if item.due_on == turn.today:
        words = fill(choose.wording("checkin.today"), "checkin", {"item": quote.text})
    else:
        words = text(
            "checkin.yesterday", language, item=quote.text, day=say_day(item.due_on, turn.today, language)
        )
    names = ("done", "half", "move", "snooze", "not_tonight")
    choices = tuple(Choice(text(f"choice.{name}", language), f"plan:{name}:{item.id}") for name in names)
    return Draft(ReplyKind.CHECKIN, language, (Question(words, "checkin", (quote,)),), choices=choices)


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
    """The reply to "done", "half" or "did not happen", in words or by a tap."""
    item = choose_item(scene, turn)
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
    parts: list[Part] = []
    if item is not None:
        quote = item_quote(item)
        parts.append(Reflection(text("checkin.done_item", language, item=quote.text), (quote,), "done_item"))
    if words is None and item is not None:
        words = item_quote(item)
        parts = []
    elif words is None:
        words = Quote(turn.text.strip(" ！!。.")[:20])
    asked = fill(choose.wording("checkin.done"), "checkin", {"q": words.text})
    parts.append(Question(asked, "done", (words,)))
    parts.append(
        Said(text("checkin.night", language) if _late(turn) else choose.wording("checkin.size_up"), "size_up")
    )
    effects = (
        (MarkCommitment(item.id, CommitmentStatus.DONE, turn.text, turn.today),) if item is not None else ()
    )
    return Draft(ReplyKind.CHECKIN_REPLY, language, tuple(parts), effects=effects)


def _half(turn: Turn, item: Commitment | None, choose: Chooser) -> Draft:
    language = turn.language
    quote = item_quote(item) if item else (_their_words(turn) or Quote(turn.text.strip()))
    parts: list[Part] = [Reflection(text("checkin.half", language, item=quote.text), (quote,), "half")]
    if _late(turn):
        parts.append(Said(text("checkin.night", language)))
    else:
        parts.append(_small_step("checkin.half_step", turn, item))
    parts.append(Question(choose.wording("checkin.half_question"), "half"))
    effects = (
        (MarkCommitment(item.id, CommitmentStatus.HALF, turn.text, turn.today),) if item is not None else ()
    )
    return Draft(ReplyKind.CHECKIN_REPLY, language, tuple(parts), effects=effects)


def _missed(turn: Turn, scene: Scene, item: Commitment | None, choose: Chooser) -> Draft:
    language = turn.language
    overdue = [
        c
        for c in scene.plan
        if c.missed(turn.today) or (c.status is CommitmentStatus.OPEN and c.due_on == turn.today)
    ]
    if len(overdue) > 1 and turn.event is not Event.REPLY_TO_CHECKIN:
        return _week_failed(turn, overdue, choose)
    quote = item_quote(item) if item else (_their_words(turn) or Quote(turn.text.strip()[:20]))
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
    choices: tuple[Choice, ...] = ()
    if item is not None:
        names = ("keep", "shrink", "drop")
        choices = tuple(Choice(text(f"choice.{name}", language), f"plan:{name}:{item.id}") for name in names)
    return Draft(ReplyKind.CHECKIN_REPLY, language, tuple(parts), choices=choices)


def _misses(scene: Scene, item: Commitment) -> int:
    return sum(
        c.text == item.text and c.status in (CommitmentStatus.MOVED, CommitmentStatus.OPEN)
        for c in scene.plan
    )


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
