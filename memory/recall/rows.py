"""The rows recall reads: a message as it is to be indexed, a change that waits, a packed vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    exists,
    null,
    or_,
    select,
)

from coaching.model import Channel, Role, Safety
from coaching.parts import ReplyKind
from memory.recall.tokens import TOKENIZER_VERSION
from memory.sql.tables import (
    IndexOpRow,
    MessageRow,
    TokensRow,
    VectorRow,
)

FORGET = "forget"  # the op that erases a person's index; its message is 0

PAGE = 500  # rows taken at once: the loop is held for a few milliseconds

_SAID = (Channel.MESSAGE, Channel.VOICE, Channel.IMPORT)
# What the coach said in a conversation stands beside what the person said; its lists and forms do not.
_TALK = (
    ReplyKind.TURN,
    ReplyKind.CLARIFY,
    ReplyKind.LISTEN,
    ReplyKind.CHECKIN,
    ReplyKind.CHECKIN_REPLY,
    ReplyKind.STEP,
)


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that waits: ``id`` is the row's, which SQLite may give again."""

    id: int
    user_id: int
    message_id: int
    op: str


@dataclass(frozen=True, slots=True)
class Line:
    """A message as it is to be indexed. ``text`` is None where its tokens are at hand and no change waits."""

    message_id: int
    user_id: int
    said_at: datetime
    said_on: date
    dated: bool
    group: int
    mine: bool
    source: str
    text: str | None
    digest: str | None
    words: str
    asks: int


def indexable() -> ColumnElement[bool]:
    """Which messages may be remembered aloud: never a crisis message, never a command."""
    return and_(
        MessageRow.safety == Safety.NONE.value,
        or_(
            and_(MessageRow.role == Role.USER.value, MessageRow.channel.in_([each.value for each in _SAID])),
            and_(
                MessageRow.role == Role.COACH.value,
                or_(
                    MessageRow.reply_kind.is_(None),
                    MessageRow.reply_kind.in_([each.value for each in _TALK]),
                ),
            ),
        ),
    )


def select_lines(*, texts: bool) -> Select[Any]:
    text: Any = MessageRow.text
    if not texts:
        waits = exists().where(
            IndexOpRow.user_id == MessageRow.user_id, IndexOpRow.message_id == MessageRow.id
        )
        text = case((or_(TokensRow.message_id.is_(None), waits), MessageRow.text))
    return (
        select(
            MessageRow.id,
            MessageRow.user_id,
            MessageRow.said_at,
            MessageRow.said_on,
            MessageRow.dated,
            MessageRow.import_id,
            MessageRow.role,
            MessageRow.source,
            text.label("text"),
            TokensRow.digest,
            TokensRow.words,
            TokensRow.asks,
        )
        .outerjoin(TokensRow, TokensRow.message_id == MessageRow.id)
        .where(indexable())
    )


def unready(embedder: str) -> ColumnElement[bool]:
    tokens = exists().where(
        TokensRow.message_id == MessageRow.id, TokensRow.digest.startswith(f"{TOKENIZER_VERSION}.")
    )
    vectors = exists().where(VectorRow.message_id == MessageRow.id, VectorRow.embedder == embedder)
    return or_(~tokens, and_(MessageRow.role == Role.USER.value, ~vectors))


def nothing(columns: int) -> list[ColumnElement[Any]]:
    """Empty columns, so that the parts of a union have one shape."""
    return [null() for _ in range(columns)]


def line_from(row: Row[Any]) -> Line:
    return Line(
        message_id=row.id,
        user_id=row.user_id,
        said_at=row.said_at,
        said_on=row.said_on,
        dated=row.dated,
        group=row.import_id or 0,
        mine=row.role == Role.USER.value,
        source=row.source,
        text=row.text,
        digest=row.digest,
        words=row.words or "",
        asks=row.asks or 0,
    )


def pack(vector: NDArray[np.float32]) -> bytes:
    """A vector as it is stored: float32, little-endian."""
    return vector.astype("<f4").tobytes()


def unpack(stored: Sequence[bytes]) -> NDArray[np.float32]:
    """Stored vectors, a row each; the empty ones of unreadable texts are left out."""
    held = [vector for vector in stored if vector]
    if not held:
        return np.empty((0, 0), dtype=np.float32)
    return np.frombuffer(b"".join(held), dtype="<f4").reshape(len(held), -1).astype(np.float32)
