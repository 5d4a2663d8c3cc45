"""The week told back: what was promised, what they wrote about it, what made next week different."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

from coaching.checkins import item_quote
from coaching.dates import choose_slot, say_date
from coaching.effects import RecordReview
from coaching.goals import ask_quiet
from coaching.model import Commitment, CommitmentStatus, Role, Safety
from coaching.parts import Choice, Draft, NextStep, Part, Past, Question, Quote, ReplyKind, Said
from coaching.quoting import list_clauses, measure
from coaching.recalling import quotable
from coaching.subjects import list_subjects
from prompts import load_pattern, text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coaching.effects import Effect
    from coaching.figure import Figure
    from coaching.model import Goal, Message, Scene, Turn
    from coaching.responders.choosing import Chooser

EXPERIMENT_MINUTES = 15
PATTERN = "pattern"
MONTH = 31

_OUTSIDE = load_pattern("review.outside")


def list_week_items(scene: Scene, today: date) -> tuple[Commitment, ...]:
    """The commitments of the ISO week that ``today`` closes; what moved within it stands there once."""
    iso = today.isocalendar()
    week = [c for c in scene.plan if c.week == (iso.year, iso.week)]
    later = {c.text for c in week if c.status is not CommitmentStatus.MOVED}
    return tuple(c for c in week if c.status is not CommitmentStatus.MOVED or c.text not in later)


def build_review(
    turn: Turn,
    scene: Scene,
    said: Sequence[Message],
    choose: Chooser,
    *,
    figure: Figure | None = None,
    quiet: Goal | None = None,
) -> Draft:
    """One week told back.

    Args:
        turn: Whose, and when.
        scene: What is known.
        said: Their own messages of the last month, oldest first.
        choose: Chooses wordings.
        figure: The picture that goes with it.
        quiet: A goal that has had no commitment for weeks; it is asked about instead of the week.
    """
    language, today = turn.language, turn.today
    monday = today - timedelta(days=today.isoweekday() - 1)
    items = list_week_items(scene, today)
    week = [
        m for m in said if monday <= m.said_on <= today and m.role is Role.USER and m.safety is Safety.NONE
    ]
    parts: list[Part] = [_head(items, monday, turn)]
    used: set[int] = set()
    parts.extend(_line(item, week, used, turn) for item in items)
    parts.append(_essential(items, week, turn))
    if pattern := _pattern(said, turn, exclude=used):
        parts.append(pattern)
    parts.append(_experiment(items, turn, choose))
    effects: tuple[Effect, ...] = (RecordReview(*today.isocalendar()[:2]),)
    choices: tuple[Choice, ...] = (
        Choice("/plan", "cmd:plan"),
        Choice(text("choice.post", language), "review:post"),
        Choice(text("choice.forward", language), "review:forward"),
    )
    if quiet is None:
        parts.append(Question(choose.wording("review.question"), "review"))
    else:
        asked = ask_quiet(quiet, language)
        parts.append(asked.question)
        effects, choices = (*effects, *asked.effects), (*asked.choices, *choices)
    return Draft(
        ReplyKind.REVIEW,
        language,
        tuple(parts),
        choices=choices,
        effects=effects,
        figure=figure,
    )


def _head(items: Sequence[Commitment], monday: date, turn: Turn) -> Said:
    values = {
        "since": say_date(monday, turn.today, turn.language),
        "until": say_date(turn.today, turn.today, turn.language),
    }
    if not items:
        return Said(text("review.head_none", turn.language, **values))
    counts = Counter(_status(item, turn.today) for item in items)
    rest = "".join(
        text(f"review.count_{status}", turn.language, count=counts[status])
        for status in ("half", "moved", "dropped", "missed", "open")
        if counts[status]
    )
    return Said(
        text("review.head", turn.language, **values, total=len(items), done=counts["done"], rest=rest)
    )


def _status(item: Commitment, today: date) -> str:
    return "missed" if item.missed(today) else item.status.value


def _line(item: Commitment, week: Sequence[Message], used: set[int], turn: Turn) -> Past:
    words = text(f"review.line_{_status(item, turn.today)}", turn.language, item=item_quote(item).text)
    quotes = [item_quote(item)]
    if item.status in (CommitmentStatus.DONE, CommitmentStatus.HALF):
        about = _words_about(item, week, used)
        if about is not None:
            quote = _best(about)
            used.add(about.id)
            quotes.append(quote)
            words += text(
                "review.line_words",
                turn.language,
                date=say_date(about.said_on, turn.today, turn.language),
                q=quote.text,
            )
    stop = "。" if turn.language == "zh" else "."
    return Past(words[:1].upper() + words[1:] + stop, tuple(quotes))


def _words_about(item: Commitment, week: Sequence[Message], used: set[int]) -> Message | None:
    """What they wrote about it: on its day or the day of its result, else sharing most words with it."""
    days = {item.due_on, item.result_on or item.due_on}
    if item.result and (told := [m for m in week if item.result in m.text]):
        # the same words may have been said of two things: each has its own evening
        return min(told, key=lambda m: (m.id in used, m.said_on not in days))
    free = [m for m in week if m.id not in used and not m.text.startswith("/")]
    pairs = set(re.findall(r"(?=([\u4e00-\u9fff]{2}))", item.text)) | {
        word.lower() for word in re.findall(r"[A-Za-z]{3,}", item.text)
    }

    def fit(message: Message) -> tuple[int, bool]:
        return sum(pair in message.text.lower() for pair in pairs), message.said_on in days

    best = max(free, key=fit, default=None)
    return best if best is not None and fit(best) > (0, False) else None


def _best(message: Message) -> Quote:
    whole = quotable(message.text)
    if measure(whole) <= 30:
        return Quote(whole.rstrip("。.!！"), message.id, message.said_on)
    clauses = list_clauses(message.text)
    return Quote(clauses[0].text if clauses else whole[:30], message.id, message.said_on)


def _essential(items: Sequence[Commitment], week: Sequence[Message], turn: Turn) -> Part:
    """The one thing that made next week different: something outside answered. The rest was busy."""
    language = turn.language
    outside = [m for m in week if _OUTSIDE.search(m.text) and not m.text.startswith("/")]
    for item in items:
        if item.status is CommitmentStatus.DONE and (_OUTSIDE.search(item.text) or outside):
            words = text("review.essential", language, item=item_quote(item).text)
            return Said(words, "", (item_quote(item),))
    if outside:
        quote = _best(outside[-1])
        date_said = say_date(outside[-1].said_on, turn.today, language)
        return Past(text("review.essential_words", language, date=date_said, q=quote.text), (quote,))
    return Said(text("review.essential_none", language))


def _pattern(said: Sequence[Message], turn: Turn, *, exclude: set[int]) -> Past | None:
    """Two of their own sentences on different days about the same thing, if there are any."""
    free = [m for m in said if m.id not in exclude and not m.text.startswith("/") and measure(m.text) >= 6]
    best: tuple[int, Message, Message] | None = None
    content = {m.id: list_subjects(m.text) for m in free}
    for index, one in enumerate(free):
        for other in free[index + 1 :]:
            shared = len(content[one.id] & content[other.id])
            if one.said_on != other.said_on and shared >= 2 and (best is None or shared > best[0]):
                best = (shared, one, other)
    if best is None:
        return None
    first, second = _best(best[1]), _best(best[2])
    words = text(
        "review.pattern",
        turn.language,
        date1=say_date(best[1].said_on, turn.today, turn.language),
        q1=first.text,
        date2=say_date(best[2].said_on, turn.today, turn.language),
        q2=second.text,
    )
    return Past(words, (first, second), PATTERN)


def _experiment(items: Sequence[Commitment], turn: Turn, choose: Chooser) -> NextStep:
    """One small try for the week to come, around what was left open if anything was."""
    slot = choose_slot(turn.now, turn.language, low=False, turn=0, later=True)
    left = next((i for i in items if i.status in (CommitmentStatus.OPEN, CommitmentStatus.HALF)), None)
    values: dict[str, object] = {"when": slot.words, "minutes": EXPERIMENT_MINUTES}
    quotes: tuple[Quote, ...] = ()
    if left is not None:
        quotes = (item_quote(left),)
        words = text("review.experiment_item", turn.language, **values, item=quotes[0].text)
    else:
        template = choose.wording("review.experiment")
        if "{item}" in template:
            template = choose.wording("review.experiment", shift=1)
        words = fill(template, "review.experiment", values)
    return NextStep(
        text=words,
        key="review-experiment",
        body=left.text if left else words,
        minutes=EXPERIMENT_MINUTES,
        when=slot.words,
        due_on=slot.on,
        cue=slot.cue,
        done=text("plan.end_default", turn.language),
        if_then="",
        quotes=quotes,
    )


def build_post(turn: Turn, scene: Scene, choose: Chooser) -> Draft:
    """One line fit to post in public. It is only shown: what is sent, and where, is theirs to do."""
    items = list_week_items(scene, turn.today)
    done = next((i for i in items if i.status is CommitmentStatus.DONE), None)
    item = done or next(iter(items), None)
    key = "review.post_none" if item is None else "review.post_done" if done else "review.post_open"
    values: dict[str, object] = {"item": item.text} if item is not None else {}
    line = fill(choose.wording(key), key, values)
    return _for_others(turn, line, "review.post_note")


def build_forward(turn: Turn, scene: Scene) -> Draft:
    """A few lines for a friend, with what they could ask next week."""
    language = turn.language
    items = list_week_items(scene, turn.today)
    lines = [text(f"review.forward_{'line' if items else 'none'}", language, count=len(items))]
    for item in items:
        status = text(f"review.short_{_status(item, turn.today)}", language)
        lines.append(text("review.forward_item", language, status=status, item=item.text))
    lines.append(text("review.forward_ask", language))
    return _for_others(turn, "\n".join(lines), "review.forward_note")


def _for_others(turn: Turn, words: str, note: str) -> Draft:
    words = re.sub(r"[‹›]", "", words)
    parts = (Said(f"‹{words}›"), Said(text(note, turn.language)))
    return Draft(ReplyKind.INFO, turn.language, parts)
