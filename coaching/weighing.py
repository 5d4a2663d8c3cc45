"""``/weigh``: five questions about an opportunity, the answers beside earlier ones, and no verdict."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from coaching.effects import AddRecord, ChangeRecord, EndDialogue, SetDialogue
from coaching.parts import Draft, Question
from coaching.records import (
    WEIGH,
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
from coaching.subjects import list_subjects
from prompts import load_pattern, text
from prompts.texts_data import fill

if TYPE_CHECKING:
    from coaching.effects import Effect
    from coaching.model import Dialogue, Piece, Record
    from coaching.parts import Part, Quote, Said
    from coaching.thinking import Thinking

ASKED, NEW = "weigh", "new_weigh"
ITEMS = ("who", "mine", "show", "leave", "hours")
BESIDE = 2  # earlier weighings shown beside this one
LISTED = 5
_NO = load_pattern("recalling.no")
_COUNT = re.compile(r"\d+(?:\.\d+)?|[一二两三四五六七八九十]+(?=\s*(?:个|多个)?(?:半)?(?:小时|钟头|天|晚))")
_NAMED = re.compile(r"[:：]\s*(\S.+)$", re.DOTALL)


async def open_weighing(thinking: Thinking, words: str) -> Draft:
    """Begins with the opportunity, goes on with one that was left half way, or asks which it is."""
    turn = thinking.turn
    if words:
        return begin(thinking, words)
    records = await thinking.know_records(WEIGH)
    if records and records[-1].ended_on is None and "what" in records[-1].pieces:
        return _ask(thinking, records[-1], _place(records[-1]))
    question = Question(text("weigh.which", turn.language))
    return answer(turn, *_list(thinking, records), question, effects=(SetDialogue(NEW, {}),))


async def open_in_words(thinking: Thinking) -> Draft:
    """The same, said without the command: what stands after a colon is the opportunity."""
    named = _NAMED.search(thinking.turn.text)
    return await open_weighing(thinking, named.group(1).strip() if named else "")


def begin(thinking: Thinking, words: str) -> Draft:
    """Keeps the opportunity, and asks the first of the five."""
    turn = thinking.turn
    origin, what = new_origin(WEIGH, turn), piece_of(turn, words)
    return answer(
        turn,
        say(turn, "weigh.begin", quote_of(what), what=what.text),
        Question(text(f"weigh.ask_{ITEMS[0]}", turn.language)),
        effects=(AddRecord(WEIGH, origin, {"what": what}, {"at": "0"}), _going_on(origin)),
        choices=(skip_choice(turn, f"weigh:0:{origin}"),),
    )


async def go_on(thinking: Thinking, dialogue: Dialogue) -> Draft | None:
    """The opportunity, or the answer to the question that was asked; None for something else."""
    turn = thinking.turn
    if turn.tap or not is_answer(turn, thinking.scene):
        if not is_skip(turn):
            return None
    elif dialogue.kind == NEW:
        return begin(thinking, turn.text)
    if dialogue.kind == NEW:
        return answer(turn, say(turn, "tools.left"), effects=(EndDialogue(),))
    records = await thinking.know_records(WEIGH)
    record = find_record(records, dialogue.state["origin"])
    if record is None or record.ended_on is not None:
        return None
    return _take(thinking, records, record, None if is_skip(turn) else piece_of(turn))


async def answer_tap(thinking: Thinking, rest: str) -> Draft | None:
    """The button that skips a question; an old one shows where the weighing stands."""
    at, _, origin = rest.partition(":")
    records = await thinking.know_records(WEIGH)
    record = find_record(records, origin)
    if record is None:
        return None
    if record.ended_on is not None:
        return answer(thinking.turn, *_show(thinking, records, record))
    if at != str(_place(record)):
        return _ask(thinking, record, _place(record))
    return _take(thinking, records, record, None)


def _take(thinking: Thinking, records: tuple[Record, ...], record: Record, piece: Piece | None) -> Draft:
    """Keeps one answer or leaves it open, and asks the next or shows all of it."""
    turn, at = thinking.turn, _place(record)
    name, following = ITEMS[at], at + 1
    pieces = {name: piece} if piece is not None else {}
    facts = {"at": str(following)}
    if following < len(ITEMS):
        change = ChangeRecord(record.origin, pieces, facts)
        return _ask(thinking, record, following, change)
    record = replace(record, pieces=record.pieces | pieces)
    change = ChangeRecord(record.origin, pieces, facts, ends=True)
    return answer(turn, *_show(thinking, records, record), effects=(change, EndDialogue()))


def _place(record: Record) -> int:
    return min(int(record.facts["at"]), len(ITEMS) - 1)


def _going_on(origin: str) -> SetDialogue:
    return SetDialogue(ASKED, {"origin": origin})


def _ask(thinking: Thinking, record: Record, at: int, *effects: Effect) -> Draft:
    turn, what = thinking.turn, record.pieces["what"]
    head = say(turn, "weigh.on", quote_of(what), what=what.text, at=at + 1, of=len(ITEMS))
    return answer(
        turn,
        head,
        Question(text(f"weigh.ask_{ITEMS[at]}", turn.language)),
        effects=(*effects, _going_on(record.origin)),
        choices=(skip_choice(turn, f"weigh:{at}:{record.origin}"),),
    )


def _list(thinking: Thinking, records: tuple[Record, ...]) -> tuple[Part, ...]:
    """The opportunities that were weighed before, with their dates."""
    turn = thinking.turn
    known = [record for record in records if "what" in record.pieces][-LISTED:]
    if not known:
        return ()
    lines = [
        text("weigh.item", turn.language, date=say_on(r.said_on, turn), what=r.pieces["what"].text)
        for r in known
    ]
    quotes = (quote_of(record.pieces["what"]) for record in known)
    return (say(turn, "weigh.before", *quotes, items="\n".join(lines)),)


# --- side by side -------------------------------------------------------------------------------------------


def _show(thinking: Thinking, records: tuple[Record, ...], record: Record) -> tuple[Part, ...]:
    """Five lines, under each what they said of earlier ones; what is different; one question."""
    turn = thinking.turn
    place = records.index(find_record(records, record.origin) or record)
    earlier = [r for r in records[:place] if r.ended_on is not None and "what" in r.pieces][-BESIDE:]
    lines: list[str] = []
    quotes: list[Quote] = [quote_of(record.pieces["what"])]
    for name in ITEMS:
        lines.append(_line(thinking, name, record.pieces.get(name), quotes))
        for former in reversed(earlier):
            if (piece := former.pieces.get(name)) is not None:
                what = former.pieces["what"]
                date = say_on(piece.said_on, turn)
                lines.append(text("weigh.earlier", turn.language, date=date, what=what.text, q=piece.text))
                quotes += [quote_of(what), quote_of(piece)]
    name = record.pieces["what"].text
    shown = say(turn, "weigh.result", *quotes, what=name, items="\n".join(lines))
    different, seen = _compare(thinking, record, earlier[-1] if earlier else None)
    key = "weigh.question_different" if different else "weigh.question"
    return shown, seen, Question(fill(thinking.choose.wording(key), key, {}), key.rpartition(".")[2])


def _line(thinking: Thinking, name: str, piece: Piece | None, quotes: list[Quote]) -> str:
    language = thinking.language
    label = text(f"weigh.name_{name}", language)
    if piece is None:
        return text("weigh.line_open", language, name=label)
    quotes.append(quote_of(piece))
    return text("weigh.line", language, name=label, q=piece.text)


def _compare(thinking: Thinking, record: Record, former: Record | None) -> tuple[bool, Said]:
    """Where the words differ from the last time, said as an impression; whether they do anywhere."""
    turn = thinking.turn
    if former is None:
        return False, say(turn, "weigh.first")
    both = [name for name in ITEMS if name in record.pieces and name in former.pieces]
    if not both:
        return False, say(turn, "weigh.nothing_beside")
    same = [name for name in both if is_alike(record.pieces[name].text, former.pieces[name].text)]
    different = [name for name in both if name not in same]
    comma = "、" if turn.language == "zh" else ", "

    def named(items: list[str]) -> str:
        return comma.join(text(f"weigh.name_{name}", turn.language) for name in items)

    date = say_on(former.said_on, turn)
    if not different:
        return False, say(turn, "weigh.same", date=date, same=named(same))
    if not same:
        return True, say(turn, "weigh.different", date=date, different=named(different))
    return True, say(
        turn, "weigh.different_and_same", date=date, different=named(different), same=named(same)
    )


def is_alike(one: str, other: str) -> bool:
    """Whether two answers to one question sound alike: a rough sign, said only as an impression."""
    if one.strip().lower() == other.strip().lower():
        return True
    if bool(_NO.search(one)) != bool(_NO.search(other)):
        return False
    counts = [_COUNT.findall(words) for words in (one, other)]
    if any(counts):
        return counts[0] == counts[1]
    if _head(one) == _head(other):
        return True
    return bool(list_subjects(one) & list_subjects(other))


def _head(words: str) -> str:
    """The yes or no that an answer begins with."""
    return re.split(r"[，。；,.;\s]", words.strip().lower(), maxsplit=1)[0]
