"""``/tries``: try → result → lesson → next try, and what the lessons have in common."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING

from coaching.checkins import LONGEST_ITEM
from coaching.effects import AddRecord, ChangeRecord, EndDialogue, SetDialogue
from coaching.parts import Choice, Draft, Question, ReplyKind
from coaching.recalling import begin_of
from coaching.records import (
    TRY,
    answer,
    find_record,
    is_answer,
    is_skip,
    new_origin,
    piece_of,
    quote_of,
    say,
    say_on,
    skip_choice,
)
from coaching.subjects import list_subjects, share_subject
from prompts import text

if TYPE_CHECKING:
    from coaching.model import Dialogue, Record
    from coaching.parts import Part, Quote
    from coaching.thinking import Thinking

RESULT, LESSON, NEXT, NEW = "try_result", "try_lesson", "try_next", "try_new"
DIALOGUES = (RESULT, LESSON, NEXT, NEW)
LISTED = 8
BUTTONS = 3
REST = timedelta(days=3)  # between two evenings that ask about the same try
PIECES = ("result", "lesson", "next")
_NOT_YET = re.compile(
    r"^(?:还|暂时|现在)*没(?:有)?(?:呢|结果|开始|做|试|动|来得及)?$"
    r"|^(?:not yet|nothing yet|no result yet|(?:i )?haven.?t (?:tried|started|done)(?: it)?(?: yet)?)$",
    re.IGNORECASE,
)


async def open_tries(thinking: Thinking, words: str) -> Draft:
    """Begins a try, or shows all of them with a button for each that waits for its result."""
    turn = thinking.turn
    if words:
        return begin(thinking, words)
    known = _alive(await thinking.know_records(TRY))
    if not known:
        return answer(turn, Question(text("tries.none", turn.language)), effects=(SetDialogue(NEW, {}),))
    waiting = [record for record in known if record.ended_on is None][-BUTTONS:]
    numbers = {record.origin: number for number, record in enumerate(known, 1)}
    choices = tuple(
        Choice(
            text("tries.choice_result", turn.language, number=numbers[r.origin]), f"tries:result:{r.origin}"
        )
        for r in waiting
    )
    return answer(turn, *_show(thinking, known), choices=choices)


def begin(thinking: Thinking, words: str, *, after: str = "") -> Draft:
    """Keeps what is tried from now on."""
    turn = thinking.turn
    what = piece_of(turn, words)
    added = AddRecord(TRY, new_origin(TRY, turn), {"what": what}, {"after": after} if after else {})
    return answer(
        turn, say(turn, "tries.begun", quote_of(what), what=what.text), effects=(EndDialogue(), added)
    )


async def go_on(thinking: Thinking, dialogue: Dialogue) -> Draft | None:
    """The result, the lesson, or the next try; None when they speak of something else."""
    turn = thinking.turn
    skipped = is_skip(turn)
    if turn.tap or not (skipped or is_answer(turn, thinking.scene)):
        return None
    if dialogue.kind == NEW:
        if skipped:
            return answer(turn, say(turn, "tools.left"), effects=(EndDialogue(),))
        return begin(thinking, turn.text)
    record = find_record(_alive(await thinking.know_records(TRY)), dialogue.state["origin"])
    if record is None:
        return None
    if skipped:
        return _skip(thinking, record, dialogue.kind)
    if dialogue.kind == RESULT and _NOT_YET.match(turn.text.strip(" ，。,.!！")):
        return _later(thinking, record)
    return _take(thinking, record, dialogue.kind)


async def answer_tap(thinking: Thinking, rest: str) -> Draft | None:
    """The buttons: there is a result, not yet, and leaving a question open."""
    verb, _, origin = rest.partition(":")
    record = find_record(_alive(await thinking.know_records(TRY)), origin)
    if record is None:
        return answer(thinking.turn, say(thinking.turn, "tools.gone"))
    match verb:
        case "result" if record.ended_on is None:
            return _ask(thinking, record, RESULT)
        case "later" if record.ended_on is None:
            return _later(thinking, record)
        case "lesson":
            return _skip(thinking, record, LESSON)
        case "next":
            return _skip(thinking, record, NEXT)
    return answer(thinking.turn, *_show(thinking, (record,)))


async def ask_tonight(thinking: Thinking) -> Draft | None:
    """An evening with nothing due asks after the try that waits longest, at most every three days."""
    turn = thinking.turn
    for record in _alive(await thinking.know_records(TRY)):
        asked = record.facts.get("asked")
        rests = asked is not None and turn.today - date.fromisoformat(asked) < REST
        if record.ended_on is None and record.said_on < turn.today and not rests:
            what = quote_of(record.pieces["what"])
            quote = replace(what, text=begin_of(what.text, LONGEST_ITEM))
            question = Question(
                text("tries.tonight", turn.language, what=quote.text, date=say_on(record.said_on, turn)),
                "try",
                (quote,),
            )
            names = (("later", f"tries:later:{record.origin}"), ("not_tonight", "plan:not_tonight:0"))
            return Draft(
                ReplyKind.CHECKIN,
                turn.language,
                (question,),
                choices=tuple(Choice(_label(thinking, name), data) for name, data in names),
                effects=(
                    ChangeRecord(record.origin, facts={"asked": turn.today.isoformat()}),
                    SetDialogue(RESULT, {"origin": record.origin}),
                ),
            )
    return None


def _label(thinking: Thinking, name: str) -> str:
    key = "tries.choice_later" if name == "later" else f"choice.{name}"
    return text(key, thinking.language)


def _alive(records: tuple[Record, ...]) -> tuple[Record, ...]:
    return tuple(record for record in records if "what" in record.pieces)


def _ask(thinking: Thinking, record: Record, kind: str) -> Draft:
    turn, quote = thinking.turn, quote_of(record.pieces["what"])
    asked = text(f"tries.ask_{kind.removeprefix('try_')}", turn.language, what=quote.text)
    return answer(
        turn, Question(asked, "", (quote,)), effects=(SetDialogue(kind, {"origin": record.origin}),)
    )


def _later(thinking: Thinking, record: Record) -> Draft:
    turn, quote = thinking.turn, quote_of(record.pieces["what"])
    return answer(turn, say(turn, "tries.later", quote, what=quote.text), effects=(EndDialogue(),))


def _take(thinking: Thinking, record: Record, kind: str) -> Draft:
    """Keeps what was said, and asks for what follows from it."""
    turn, piece = thinking.turn, piece_of(thinking.turn)
    name = kind.removeprefix("try_")
    change = ChangeRecord(record.origin, {name: piece}, ends=kind == RESULT)
    if kind == NEXT:
        begun = begin(thinking, turn.text, after=record.origin)
        return answer(turn, *begun.parts, effects=(change, *begun.effects))
    following = LESSON if kind == RESULT else NEXT
    key = f"tries.ask_{following.removeprefix('try_')}"
    kept = say(turn, f"tries.kept_{name}", quote_of(piece), q=piece.text)
    return answer(
        turn,
        kept,
        Question(text(key, turn.language)),
        effects=(change, SetDialogue(following, {"origin": record.origin})),
        choices=(skip_choice(turn, f"tries:{following.removeprefix('try_')}:{record.origin}"),),
    )


def _skip(thinking: Thinking, record: Record, kind: str) -> Draft:
    turn = thinking.turn
    if kind == LESSON and "lesson" not in record.pieces:
        return answer(
            turn,
            Question(text("tries.ask_next", turn.language)),
            effects=(SetDialogue(NEXT, {"origin": record.origin}),),
            choices=(skip_choice(turn, f"tries:next:{record.origin}"),),
        )
    if kind == RESULT:
        return _later(thinking, record)
    return answer(turn, say(turn, "tools.left"), effects=(EndDialogue(),))


# --- all of them --------------------------------------------------------------------------------------------


def _show(thinking: Thinking, records: tuple[Record, ...]) -> tuple[Part, ...]:
    """Every try with its dates, and one thing that two lessons share."""
    turn = thinking.turn
    first = max(0, len(records) - LISTED)
    lines: list[str] = []
    quotes: list[Quote] = []
    for number, record in enumerate(records[first:], first + 1):
        quotes += map(quote_of, record.pieces.values())
        what = record.pieces["what"].text
        lines.append(
            text("tries.item", turn.language, number=number, date=say_on(record.said_on, turn), what=what)
        )
        for name in PIECES:
            if (piece := record.pieces.get(name)) is not None:
                date = say_on(piece.said_on, turn)
                lines.append(text(f"tries.item_{name}", turn.language, date=date, q=piece.text))
        if record.ended_on is None:
            lines.append(text("tries.item_waiting", turn.language))
    shown: list[Part] = [say(turn, "tries.show", *quotes, items="\n".join(lines))]
    if pair := find_common(records):
        one, other = (record.pieces["lesson"] for record in pair)
        shown.append(
            say(
                turn,
                "tries.common",
                quote_of(one),
                quote_of(other),
                date1=say_on(one.said_on, turn),
                q1=one.text,
                date2=say_on(other.said_on, turn),
                q2=other.text,
            )
        )
    return (*shown, say(turn, "tries.usage"))


def find_common(records: tuple[Record, ...]) -> tuple[Record, Record] | None:
    """Two tries whose lessons speak of the same thing, those that share most; the newer pair of equals."""
    learnt = [record for record in records if "lesson" in record.pieces]

    def shared(pair: tuple[Record, Record]) -> int:
        one, other = (list_subjects(record.pieces["lesson"].text) for record in pair)
        return len(one & other)

    pairs = [
        pair
        for pair in combinations(learnt, 2)
        if share_subject(pair[0].pieces["lesson"].text, pair[1].pieces["lesson"].text)
    ]
    return max(reversed(pairs), key=shared, default=None)
