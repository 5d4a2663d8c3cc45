"""``/me``: who I am, where I do well, what I have achieved; every line in their words, with its source."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from babel.dates import format_skeleton

from coaching.effects import AddRecord, ChangeRecord, DeclineStep, EndDialogue, SetDialogue
from coaching.model import Channel, CommitmentStatus, Piece, Record
from coaching.parts import Choice, Draft, Past, Question
from coaching.recalling import begin_of, quotable
from coaching.records import (
    LONGEST_PIECE,
    ME,
    answer,
    find_record,
    is_answer,
    new_origin,
    piece_of,
    quote_of,
    say,
    say_on,
)
from prompts import text

if TYPE_CHECKING:
    from coaching.model import Commitment, Dialogue, Message, Turn
    from coaching.parts import Part, Quote
    from coaching.thinking import Thinking

SORT, NEW, OFFER = "me_sort", "me_new", "me_offer"
DIALOGUES = (SORT, NEW, OFFER)
PARTS = ("who", "well", "done")
LATELY = timedelta(days=90)  # how far back a promise that was kept is looked for
_PART = {
    "who": re.compile(r"^(?:1|我是谁|是谁|第一个|who i am|who|the first)$", re.IGNORECASE),
    "well": re.compile(
        r"^(?:2|(?:我)?(?:擅长|做得好|在哪做得好)的?|第二个|where i do well|do well|the second)$",
        re.IGNORECASE,
    ),
    "done": re.compile(
        r"^(?:3|(?:我)?(?:做成|成就|做到)(?:了)?的?|第三个|(?:what )?(?:i )?(?:have )?achieved|the third)$",
        re.IGNORECASE,
    ),
}
_ORDER = re.compile(r"^(?P<verb>why|drop|为什么|怎么知道|去掉)\s*(?P<number>\d{1,3})$", re.IGNORECASE)
_REVIEW = re.compile(r"^(?:review|自评|述职)$", re.IGNORECASE)
_CV = re.compile(r"^(?:cv|resume|résumé|简历)$", re.IGNORECASE)
_YES = re.compile(r"^(?:好(?:的|啊)?|要|放进去|行|可以|yes|yep|ok(?:ay)?|sure|add it)$", re.IGNORECASE)
_NO = re.compile(r"^(?:不要?|不用|不放|no|nope|not that)(?:了)?$", re.IGNORECASE)


async def open_me(thinking: Thinking, words: str) -> Draft:
    """Shows the lines, adds one, tells where one comes from, drops one, or gives them as text."""
    turn = thinking.turn
    known = _alive(await thinking.know_records(ME))
    ours = replace(turn, language=thinking.scene.user.language)  # "cv" and "why 2" are no language
    if _REVIEW.match(words) or _CV.match(words):
        return export(ours, known, cv=bool(_CV.match(words)))
    if match := _ORDER.match(words):
        return _about(ours, known, int(match["number"]), drop=match["verb"].lower() in ("drop", "去掉"))
    if words:
        return add(turn, words)
    offer = await _find_offer(thinking)
    if not known and offer is None:
        return answer(turn, Question(text("me.none", turn.language)), effects=(SetDialogue(NEW, {}),))
    shown = _show(turn, known) if known else ()
    if offer is None:
        open_line = next((record for record in known if "part" not in record.facts), None)
        return (
            _ask_part(turn, open_line, *shown) if open_line else answer(turn, *shown, say(turn, "me.usage"))
        )
    return _offer(thinking, shown, *offer)


def add(turn: Turn, words: str) -> Draft:
    """Keeps the line, and asks which of the three it belongs to."""
    origin, what = new_origin(ME, turn), piece_of(turn, words)
    draft = _ask_part(turn, Record(ME, origin, turn.today, {"what": what}, {}))
    return replace(draft, effects=(AddRecord(ME, origin, {"what": what}), *draft.effects))


def _ask_part(turn: Turn, record: Record, *before: Part) -> Draft:
    what = record.pieces["what"]
    return answer(
        turn,
        *before,
        Question(text("me.ask_part", turn.language, what=what.text), "", (quote_of(what),)),
        effects=(SetDialogue(SORT, {"origin": record.origin}),),
        choices=_part_choices(turn, record.origin),
    )


async def go_on(thinking: Thinking, dialogue: Dialogue) -> Draft | None:
    """Which of the three, a first line, or whether a proposed one goes in."""
    turn = thinking.turn
    words = turn.text.strip(" ，。,.!！")
    if turn.tap or not words:
        return None
    if dialogue.kind == NEW:
        return add(turn, turn.text) if is_answer(turn, thinking.scene) else None
    if dialogue.kind == OFFER:
        verb = "add" if _YES.match(words) else "skip" if _NO.match(words) else ""
        return await answer_tap(thinking, f"{verb}:{dialogue.state['id']}") if verb else None
    part = next((name for name, pattern in _PART.items() if pattern.match(words)), None)
    return await answer_tap(thinking, f"{part}:{dialogue.state['origin']}") if part else None


async def answer_tap(thinking: Thinking, rest: str) -> Draft | None:
    """Sorts a line, or takes a proposed one in. A second tap changes nothing and says what holds."""
    turn = thinking.turn
    verb, _, wanted = rest.partition(":")
    if verb in ("add", "skip") and wanted.isdigit():
        return await _settle_offer(thinking, int(wanted), yes=verb == "add")
    record = find_record(_alive(await thinking.know_records(ME)), wanted)
    if record is None or verb not in PARTS:
        return answer(turn, say(turn, "tools.gone"))
    quote = quote_of(record.pieces["what"])
    kept = say(turn, "me.kept", quote, what=quote.text, part=text(f"me.part_{verb}", turn.language))
    return answer(turn, kept, effects=(ChangeRecord(record.origin, facts={"part": verb}), EndDialogue()))


def _part_choices(turn: Turn, origin: str) -> tuple[Choice, ...]:
    return tuple(Choice(text(f"me.part_{part}", turn.language), f"me:{part}:{origin}") for part in PARTS)


# --- proposed from what was done ----------------------------------------------------------------------------


async def _find_offer(thinking: Thinking) -> tuple[Commitment, Piece] | None:
    """The newest promise that was kept and written about, and is neither in nor refused."""
    turn, scenes = thinking.turn, thinking.team.scenes
    plan = await scenes.list_commitments(turn.user_id, since=turn.today - LATELY, until=turn.today)
    taken = {record.origin for record in await scenes.list_records(turn.user_id, ME)}
    for item in reversed(plan):
        if item.status is not CommitmentStatus.DONE or not item.result:
            continue
        if _origin(item.id) in taken or _key(item.id) in thinking.scene.declined:
            continue
        if (result := await _find_result(thinking, item)) is not None:
            return item, result
    return None


async def _find_result(thinking: Thinking, item: Commitment) -> Piece | None:
    """What they wrote about it, with the message it stands in; None where no message holds it."""
    turn, on = thinking.turn, item.result_on or item.due_on
    said: tuple[Message, ...] = await thinking.team.scenes.list_messages(turn.user_id, since=on, until=on)
    words = begin_of(quotable(item.result), LONGEST_PIECE)
    source = next((m for m in said if words in m.text and m.channel is not Channel.IMPORT), None)
    if source is None:
        return None
    thinking.messages[source.id] = source.text
    return Piece(words, source.said_on, source.id)


def _what(thinking: Thinking, item: Commitment) -> Piece:
    words = begin_of(quotable(item.text), LONGEST_PIECE)
    thinking.vouch(item.id, words)
    return Piece(words, item.result_on or item.due_on, commitment_id=item.id)


def _offer(thinking: Thinking, shown: tuple[Part, ...], item: Commitment, result: Piece) -> Draft:
    turn, what = thinking.turn, _what(thinking, item)
    date = say_on(result.said_on, turn)
    asked = text("me.offer", turn.language, what=what.text, date=date, q=result.text)
    return answer(
        turn,
        *shown,
        Question(asked, "", (quote_of(what), quote_of(result))),
        effects=(SetDialogue(OFFER, {"id": item.id}),),
        choices=tuple(
            Choice(text(f"me.choice_{verb}", turn.language), f"me:{verb}:{item.id}")
            for verb in ("add", "skip")
        ),
    )


async def _settle_offer(thinking: Thinking, wanted: int, *, yes: bool) -> Draft:
    turn, scenes = thinking.turn, thinking.team.scenes
    if not yes:
        return answer(turn, say(turn, "me.not_added"), effects=(DeclineStep(_key(wanted)), EndDialogue()))
    plan = await scenes.list_commitments(turn.user_id, since=turn.today - LATELY, until=turn.today)
    item = next((c for c in plan if c.id == wanted and c.status is CommitmentStatus.DONE), None)
    result = await _find_result(thinking, item) if item is not None else None
    if item is None or result is None:
        return answer(turn, say(turn, "tools.gone"))
    what = _what(thinking, item)
    added = AddRecord(ME, _origin(item.id), {"what": what, "result": result}, {"part": "done"})
    kept = say(turn, "me.kept", quote_of(what), what=what.text, part=text("me.part_done", turn.language))
    return answer(turn, kept, effects=(added, EndDialogue()))


def _origin(commitment_id: int) -> str:
    return f"{ME}:c{commitment_id}"


def _key(commitment_id: int) -> str:
    return f"me-c{commitment_id}"


# --- shown, explained, given away ---------------------------------------------------------------------------


def _alive(records: tuple[Record, ...]) -> tuple[Record, ...]:
    return tuple(record for record in records if "what" in record.pieces and record.ended_on is None)


def _ordered(known: tuple[Record, ...]) -> list[tuple[str, list[Record]]]:
    """The lines under their headings, what is not sorted yet last."""
    groups = [(part, [r for r in known if r.facts.get("part", "") == part]) for part in (*PARTS, "")]
    return [(part, records) for part, records in groups if records]


def _show(turn: Turn, known: tuple[Record, ...]) -> tuple[Part, ...]:
    lines: list[str] = []
    quotes: list[Quote] = []
    number = 0
    for part, records in _ordered(known):
        lines.append(text(f"me.head_{part or 'open'}", turn.language))
        for record in records:
            number += 1
            what, result = record.pieces["what"], record.pieces.get("result")
            quotes += map(quote_of, record.pieces.values())
            values = {"number": number, "date": say_on(what.said_on, turn), "what": what.text}
            if result is None:
                lines.append(text("me.item", turn.language, **values))
            else:
                lines.append(text("me.item_result", turn.language, **values, q=result.text))
    return (say(turn, "me.show", *quotes, items="\n".join(lines)),)


def _about(turn: Turn, known: tuple[Record, ...], number: int, *, drop: bool) -> Draft:
    """Where the line with this number comes from, or that it is taken out."""
    lines = [record for _, records in _ordered(known) for record in records]
    if not 1 <= number <= len(lines):
        return answer(turn, say(turn, "me.unknown", number=number))
    record = lines[number - 1]
    what = record.pieces["what"]
    if drop:
        dropped = say(turn, "me.dropped", quote_of(what), what=what.text)
        return answer(turn, dropped, effects=(ChangeRecord(record.origin, ends=True),))
    parts: list[Part] = []
    for piece in record.pieces.values():
        date = say_on(piece.said_on, turn)
        if piece.message_id is None:
            parts.append(say(turn, "me.why_plan", quote_of(piece), date=date, q=piece.text))
        else:
            words = text("recall.why", turn.language, date=date, q=piece.text, id=piece.message_id)
            parts.append(Past(words, (quote_of(piece),)))
    return answer(turn, *parts)


def export(turn: Turn, known: tuple[Record, ...], *, cv: bool) -> Draft:
    """The lines as a text to copy: a review in three parts, or bullets for a CV. Not a word is added."""
    wanted = [(part, records) for part, records in _ordered(known) if part and not (cv and part == "who")]
    if not wanted:
        return answer(turn, say(turn, "me.nothing_to_export"))
    lines: list[str] = []
    quotes: list[Quote] = []
    for part, records in wanted:
        lines += [] if cv else [text(f"me.head_{part}", turn.language)]
        for record in records:
            quotes += map(quote_of, record.pieces.values())
            lines.append(_bullet(turn, record, cv=cv))
    key = "me.cv" if cv else "me.review"
    shown = say(turn, key, *quotes, items="\n".join(lines), date=say_on(turn.today, turn))
    return answer(turn, shown, say(turn, "me.export_note"))


def _bullet(turn: Turn, record: Record, *, cv: bool) -> str:
    what, result = record.pieces["what"], record.pieces.get("result")
    words = (
        what.text
        if result is None
        else text("me.bullet_result", turn.language, what=what.text, q=result.text)
    )
    date = format_skeleton("yMMM", what.said_on, locale=turn.language) if cv else say_on(what.said_on, turn)
    return text("me.bullet", turn.language, words=words, date=date)
