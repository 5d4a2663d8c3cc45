"""What a language model thinks worth keeping: proposed in their own words, and kept only by their yes.

A proposal is a record like any other, so that it can be exported, edited and forgotten with its message. The
same words are proposed once, whatever became of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from coaching.effects import AddGoal, AddRecord, ChangeRecord
from coaching.parts import Choice, Question
from coaching.quoting import GARBLED, measure
from coaching.records import LONGEST_PIECE, ME, TRY, answer, find_record, piece_of, quote_of, say, say_on
from prompts import text

if TYPE_CHECKING:
    from coaching.effects import Effect
    from coaching.model import Record, Turn
    from coaching.parts import Draft
    from coaching.thinking import Thinking

KIND = "proposal"
GOAL = "goal"
PLACES = (ME, GOAL, TRY)  # where it would go
SHORTEST = 4  # on the scale of quoting.measure
LISTED = 3  # newest first


def propose(turn: Turn, words: str, place: str) -> tuple[AddRecord, ...]:
    """Words of this very turn, proposed; nothing when they do not stand in it exactly."""
    words = words.strip()
    if words not in turn.text or not SHORTEST <= measure(words) <= LONGEST_PIECE or GARBLED.search(words):
        return ()
    digest = hashlib.blake2s(f"{place}:{words}".encode(), digest_size=6).hexdigest()
    return (AddRecord(KIND, f"{KIND}:{digest}", {"what": piece_of(turn, words)}, {"place": place}),)


async def put_behind(thinking: Thinking, draft: Draft) -> Draft:
    """The same page with what is proposed, each with a yes and a no."""
    turn = thinking.turn
    waiting = (await _list_waiting(thinking))[: -LISTED - 1 : -1]
    if not waiting:
        return draft
    lines = []
    choices: list[Choice] = []
    for number, record in enumerate(waiting, 1):
        what, place = record.pieces["what"], text(f"tools.kind.{record.facts['place']}", turn.language)
        values = {"number": number, "what": what.text, "date": say_on(what.said_on, turn), "place": place}
        lines.append(text("proposals.item", turn.language, **values))
        for verb in ("keep", "drop"):
            label = text(f"proposals.{verb}", turn.language, number=number)
            choices.append(Choice(label, f"me:{verb}:{record.origin}"))
    quotes = [quote_of(record.pieces["what"]) for record in waiting]
    shown = say(turn, "proposals.show", *quotes, items="\n".join(lines))
    asked = next((at for at, part in enumerate(draft.parts) if isinstance(part, Question)), len(draft.parts))
    parts = (*draft.parts[:asked], shown, *draft.parts[asked:])
    return replace(draft, parts=parts, choices=(*draft.choices, *choices))


async def settle(thinking: Thinking, origin: str, *, yes: bool) -> Draft:
    """Keeps it where it belongs, or lets it go. A second tap finds nothing to settle."""
    turn = thinking.turn
    record = find_record(await _list_waiting(thinking), origin)
    if record is None:
        return answer(turn, say(turn, "tools.gone"))
    what, place = record.pieces["what"], record.facts["place"]
    over = ChangeRecord(origin, ends=True)
    if not yes:
        return answer(turn, say(turn, "proposals.dropped", quote_of(what), what=what.text), effects=(over,))
    kept: Effect = AddRecord(place, f"{place}:{origin.rpartition(':')[2]}", {"what": what})
    if place == GOAL:
        heard = thinking.hear(what.text).lenses
        kept = AddGoal(what.text, lens=heard[0] if heard else None)
    values = {"what": what.text, "place": text(f"tools.kind.{place}", turn.language)}
    return answer(turn, say(turn, "proposals.kept", quote_of(what), **values), effects=(over, kept))


async def _list_waiting(thinking: Thinking) -> tuple[Record, ...]:
    records = await thinking.know_records(KIND)
    return tuple(r for r in records if "what" in r.pieces and r.ended_on is None)
