"""``/runway``: their own savings, costs and "enough" as months. A division, said as one, and nothing more."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from coaching.amounts import list_amounts, say_amount
from coaching.effects import AddRecord, ChangeRecord, EndDialogue, SetDialogue
from coaching.model import Record
from coaching.parts import Draft, Question
from coaching.records import (
    RUNWAY,
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
from prompts import text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from coaching.effects import Effect
    from coaching.model import Dialogue, Piece
    from coaching.parts import Part, Quote
    from coaching.thinking import Thinking

ASKED = "runway"
FIGURES = ("savings", "costs", "enough")
NEEDED = ("savings", "costs")
_NONE = re.compile(
    r"^(?:(?:现在|还|几乎)*没(?:有)?(?:什么)?(?:存款|积蓄|钱)?|none|nothing|no savings)$", re.IGNORECASE
)
_UNKNOWN = re.compile(r"^(?:不知道|不清楚|没想过|说不好|not sure|no idea|(?:i )?don.?t know)$", re.IGNORECASE)


async def open_runway(thinking: Thinking, words: str) -> Draft:
    """Takes the figures given with the command in their order; asks for those that are missing."""
    turn = thinking.turn
    records = await thinking.know_records(RUNWAY)
    amounts = list_amounts(words)[: len(FIGURES)]
    origin = new_origin(RUNWAY, turn)
    given = Record(RUNWAY, origin, turn.today, {}, {"at": str(len(amounts))})
    if 0.0 in amounts[1:]:
        return _ask(thinking, given, 0, records, say(turn, "runway.zero"))
    for name, number in zip(FIGURES, amounts, strict=False):
        given.pieces[name] = piece_of(turn, words, number=number)
    added = (AddRecord(RUNWAY, origin, given.pieces, given.facts),) if amounts else ()
    if len(amounts) == len(FIGURES):
        return _finish(thinking, records, given, *added, ChangeRecord(origin, ends=True))
    former = find_last(records)
    shown = _show(thinking, former, None) if former is not None and not amounts else ()
    return _ask(thinking, given, len(amounts), records, *shown, effects=added)


async def go_on(thinking: Thinking, dialogue: Dialogue) -> Draft | None:
    """One figure, as they write it; None when they speak of something else."""
    turn, at = thinking.turn, int(dialogue.state["at"])
    words = turn.text.strip(" ，。,.!！")
    if turn.tap or not words:
        return None
    records = await thinking.know_records(RUNWAY)
    record = find_record(records, dialogue.state["origin"]) or Record(
        RUNWAY, dialogue.state["origin"], turn.today, {}, {}
    )
    if is_skip(turn) or _UNKNOWN.match(words):
        return _skip(thinking, records, record, at)
    if not is_answer(turn, thinking.scene):
        return None
    amounts = (0.0,) if at == 0 and _NONE.match(words) else list_amounts(words)
    if not amounts:
        return None
    if len(amounts) > 1:
        return _ask(thinking, record, at, records, say(turn, "runway.one"))
    if amounts[0] == 0 and at > 0:
        return _ask(thinking, record, at, records, say(turn, "runway.zero"))
    return _take(thinking, records, record, at, piece_of(turn, number=amounts[0]))


async def answer_tap(thinking: Thinking, rest: str) -> Draft | None:
    """The button that skips a figure; an old one shows the last figures."""
    at, _, origin = rest.partition(":")
    dialogue, records = thinking.scene.dialogue, await thinking.know_records(RUNWAY)
    if dialogue is None or dialogue.kind != ASKED or dialogue.state != {"origin": origin, "at": at}:
        last = find_last(records)
        return None if last is None else answer(thinking.turn, *_show(thinking, last, None))
    record = find_record(records, origin) or Record(RUNWAY, origin, thinking.turn.today, {}, {})
    return _skip(thinking, records, record, int(at))


def find_last(records: tuple[Record, ...], *, before: str = "") -> Record | None:
    """The newest record that can be divided; ``before`` leaves one out."""
    able = [r for r in records if r.origin != before and all(_number(r, name) is not None for name in NEEDED)]
    return able[-1] if able else None


def _number(record: Record, name: str) -> float | None:
    piece = record.pieces.get(name)
    return None if piece is None else piece.number


def _ask(
    thinking: Thinking,
    record: Record,
    at: int,
    records: tuple[Record, ...],
    *before: Part,
    effects: tuple[Effect, ...] = (),
) -> Draft:
    turn, name = thinking.turn, FIGURES[at]
    former = find_last(records, before=record.origin)
    number = None if former is None else _number(former, name)
    if former is not None and number is not None:
        on = say_on(former.pieces[name].said_on, turn)
        asked = text(f"runway.again_{name}", turn.language, number=say_amount(number), date=on)
        question = Question(asked, "", (quote_of(former.pieces[name]),))
    else:
        question = Question(text(f"runway.ask_{name}", turn.language))
    return answer(
        turn,
        *before,
        question,
        effects=(*effects, SetDialogue(ASKED, {"origin": record.origin, "at": str(at)})),
        choices=(skip_choice(turn, f"runway:{at}:{record.origin}"),),
    )


def _skip(thinking: Thinking, records: tuple[Record, ...], record: Record, at: int) -> Draft:
    """The figure of last time stands; without one, a number that is needed ends it."""
    turn, name = thinking.turn, FIGURES[at]
    former = find_last(records, before=record.origin)
    piece = None if former is None else former.pieces.get(name)
    if piece is None and name in NEEDED:
        return answer(turn, say(turn, "runway.missing"), effects=(EndDialogue(),))
    return _take(thinking, records, record, at, piece)


def _take(
    thinking: Thinking, records: tuple[Record, ...], record: Record, at: int, piece: Piece | None
) -> Draft:
    following = at + 1
    pieces = {FIGURES[at]: piece} if piece is not None else {}
    facts = {"at": str(following)}
    last = following == len(FIGURES)
    effect: Effect = (
        ChangeRecord(record.origin, pieces, facts, ends=last)
        if at
        else AddRecord(RUNWAY, record.origin, pieces, facts)
    )
    record = replace(record, pieces=record.pieces | pieces)
    if not last:
        return _ask(thinking, record, following, records, effects=(effect,))
    return _finish(thinking, records, record, effect)


def _finish(thinking: Thinking, records: tuple[Record, ...], record: Record, *effects: Effect) -> Draft:
    turn = thinking.turn
    if find_last((record,)) is None:  # a figure was forgotten on the way
        return answer(turn, say(turn, "runway.missing"), effects=(*effects, EndDialogue()))
    shown = _show(thinking, record, find_last(records, before=record.origin))
    asked = Question(fill(thinking.choose.wording("runway.question"), "runway", {}), "runway")
    return answer(turn, *shown, asked, effects=(*effects, EndDialogue()))


# --- the division -------------------------------------------------------------------------------------------


def _show(thinking: Thinking, record: Record, former: Record | None) -> tuple[Part, ...]:
    """How the figures were read, the divisions, what changed since last time, and what is not in it."""
    turn = thinking.turn
    lines: list[str] = []
    quotes: list[Quote] = []
    for name in FIGURES:
        if (piece := record.pieces.get(name)) is not None and piece.number is not None:
            quotes.append(quote_of(piece))
            values = {"name": text(f"tools.piece.{name}", turn.language), "number": say_amount(piece.number)}
            date = say_on(piece.said_on, turn)
            lines.append(text("runway.figure", turn.language, **values, q=piece.text, date=date))
    lines += [text("runway.division", turn.language, **values) for values in _divide(record, turn.language)]
    parts: list[Part] = [say(turn, "runway.result", *quotes, items="\n".join(lines))]
    if former is not None:
        parts.append(_change(thinking, record, former))
    return (*parts, say(turn, "runway.not_in_it"))


def _divide(record: Record, language: str) -> list[dict[str, str]]:
    savings = _number(record, "savings")
    found = []
    for name in ("costs", "enough"):
        number = _number(record, name)
        if savings is not None and number:
            months = say_amount(round(savings / number, 1))
            how = text(f"runway.by_{name}", language)
            found.append(
                {"savings": say_amount(savings), "number": say_amount(number), "months": months, "how": how}
            )
    return found


def _months(record: Record) -> float:
    savings, costs = _number(record, "savings"), _number(record, "costs")
    return round(savings / costs, 1) if savings is not None and costs else 0.0


def _change(thinking: Thinking, record: Record, former: Record) -> Part:
    """Last time and this time beside each other, with the difference as a number."""
    turn = thinking.turn
    before, now = _months(former), _months(record)
    key = "same" if before == now else "more" if now > before else "fewer"
    moved = [
        text(
            "runway.moved",
            turn.language,
            name=text(f"tools.piece.{name}", turn.language),
            before=say_amount(one),
            now=say_amount(other),
        )
        for name in FIGURES
        if (one := _number(former, name)) is not None
        and (other := _number(record, name)) is not None
        and one != other
    ]
    return say(
        turn,
        f"runway.{key}",
        *map(quote_of, former.pieces.values()),
        date=say_on(former.said_on, turn),
        before=say_amount(before),
        now=say_amount(now),
        difference=say_amount(abs(round(now - before, 1))),
        moved="\n".join(("", *moved)),
    )
