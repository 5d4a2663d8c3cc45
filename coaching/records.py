"""What the tools have in common: pieces of the person's words, quotes of them, what counts as an answer."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

from coaching.dates import say_date
from coaching.intent import Intent, read_intent, says
from coaching.model import Piece
from coaching.parts import Choice, Draft, Quote, ReplyKind, Said
from coaching.recalling import begin_of, quotable
from prompts import text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from coaching.effects import Effect
    from coaching.model import Record, Scene, Turn
    from coaching.parts import Part

WEIGH, TRY, ME, RUNWAY = "weigh", "try", "me", "runway"
LONGEST = 200  # characters; more is about their day
LONGEST_PIECE = 60  # as ``measure`` counts: of more, how it begins
_ANSWERS = (
    Intent.COACH,
    Intent.THIN,
    Intent.DONE,
    Intent.HALF,
    Intent.MISSED,
    Intent.TAKE,
    Intent.NOT_THIS,
    Intent.SMALLER,
)
_SKIP = re.compile(
    r"^(?:先)?(?:跳过|略过|空着|不说了?|skip(?: it| this)?|pass|next)(?:吧)?[。.!！]?$", re.IGNORECASE
)


def new_origin(kind: str, turn: Turn) -> str:
    """A name that the same turn always gives."""
    return f"{kind}:{turn.now.astimezone(UTC):%Y%m%dT%H%M%S%f}"


def piece_of(turn: Turn, words: str | None = None, *, number: float | None = None) -> Piece:
    """What they say now, as it can be quoted; of something long, how it begins."""
    said = begin_of(quotable(turn.text if words is None else words), LONGEST_PIECE)
    return Piece(said, turn.today, number=number)


def quote_of(piece: Piece) -> Quote:
    """The piece as a quote that knows its source."""
    said_on = piece.said_on if piece.message_id is not None else None
    return Quote(piece.text, piece.message_id, said_on, piece.commitment_id)


def find_record(records: Iterable[Record], origin: str) -> Record | None:
    """The record of this name."""
    return next((record for record in records if record.origin == origin), None)


def is_skip(turn: Turn) -> bool:
    """Whether they leave this one question open."""
    return bool(turn.text) and bool(_SKIP.match(turn.text.strip()))


def is_answer(turn: Turn, scene: Scene) -> bool:
    """Whether words can be the answer to a tool's question: nothing asked, no order, no other subject."""
    if not turn.text or len(turn.text) > LONGEST or re.search(r"[?？]", turn.text):
        return False
    if says("no_questions", turn.text):
        return False
    intent, boundary = read_intent(turn, scene)
    return boundary is None and intent in _ANSWERS


def say_on(day: date, turn: Turn) -> str:
    """The date as it is said today."""
    return say_date(day, turn.today, turn.language)


def skip_choice(turn: Turn, data: str) -> Choice:
    """The button that leaves one question open."""
    return Choice(text("onboarding.skip", turn.language), data)


def answer(
    turn: Turn, *parts: Part, effects: tuple[Effect, ...] = (), choices: tuple[Choice, ...] = ()
) -> Draft:
    """A tool's reply."""
    return Draft(ReplyKind.INFO, turn.language, parts, effects=effects, choices=choices)


def say(turn: Turn, key: str, *quotes: Quote, **values: object) -> Said:
    """A fixed text with the words it quotes."""
    return Said(text(key, turn.language, **values), "", quotes)
