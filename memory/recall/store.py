"""What the recall reads from SQL and writes to it. Every statement names the person it is about."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from coaching.model import Channel, Lens, Message, Role, Safety
from coaching.parts import ReplyKind
from memory.recall.tokens import TOKENIZER_VERSION
from memory.sql.engine import WRITING
from memory.sql.rows import message_from
from memory.sql.tables import (
    IndexOpRow,
    MessageLensRow,
    MessageRow,
    RecallMarkRow,
    TokensRow,
    UserRow,
    VectorRow,
)

FORGET = "forget"  # the op that erases a person's index; its message is 0

_PAGE = 500  # rows taken at once: the loop is held for a few milliseconds

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


def _lines(*, texts: bool) -> Select[Any]:
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


def _unready(embedder: str) -> ColumnElement[bool]:
    tokens = exists().where(
        TokensRow.message_id == MessageRow.id, TokensRow.digest.startswith(f"{TOKENIZER_VERSION}.")
    )
    vectors = exists().where(VectorRow.message_id == MessageRow.id, VectorRow.embedder == embedder)
    return or_(~tokens, and_(MessageRow.role == Role.USER.value, ~vectors))


def _nothing(columns: int) -> list[ColumnElement[Any]]:
    """Empty columns, so that the parts of a union have one shape."""
    return [null() for _ in range(columns)]


def _line(row: Row[Any]) -> Line:
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


class RecallStore:
    """The recall's view of one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    # --- one person's shelf -------------------------------------------------------------------------------

    async def load_state(
        self, user_id: int, since: datetime | None
    ) -> tuple[int, tuple[Pending, ...], tuple[int, ...]]:
        """Whether a copy of this person's messages is still right.

        Args:
            user_id: whose.
            since: the latest moment the copy knows of.

        Returns:
            How often the index was written, what waits, and the ids of what was said since.
        """
        parts = [
            select(literal("mark").label("what"), RecallMarkRow.mark.label("id"), *_nothing(2)).where(
                RecallMarkRow.user_id == user_id
            ),
            select(literal("waits"), IndexOpRow.id, IndexOpRow.message_id, IndexOpRow.op).where(
                IndexOpRow.user_id == user_id
            ),
        ]
        if since is not None:
            parts.append(
                select(literal("said"), MessageRow.id, *_nothing(2)).where(
                    MessageRow.user_id == user_id, MessageRow.said_at >= since
                )
            )
        async with self.engine.connect() as connection:
            # one statement, because every one of them costs half a dozen hops between threads
            rows = (await connection.execute(union_all(*parts))).all()
        mark = next((row[1] for row in rows if row[0] == "mark"), 0)
        pending = [Pending(row[1], user_id, row[2], row[3]) for row in rows if row[0] == "waits"]
        pending.sort(key=lambda each: each.id)
        return mark, tuple(pending), tuple(row[1] for row in rows if row[0] == "said")

    async def stream_lines(self, user_id: int) -> AsyncIterator[list[Line]]:
        """All of a person's messages, with their stored tokens where there are any."""
        async with self.engine.connect() as connection:
            made = await connection.stream(
                _lines(texts=False).where(MessageRow.user_id == user_id).order_by(MessageRow.id)
            )
            async for page in made.partitions(_PAGE):
                yield [_line(row) for row in page]

    async def load_lines(self, user_id: int, message_ids: Iterable[int]) -> list[Line]:
        """These messages, with their texts; those that are gone or may not be indexed are left out."""
        wanted = sorted(set(message_ids))
        found: list[Line] = []
        async with self.engine.connect() as connection:
            for start in range(0, len(wanted), _PAGE):
                made = await connection.execute(
                    _lines(texts=True).where(
                        MessageRow.user_id == user_id, MessageRow.id.in_(wanted[start : start + _PAGE])
                    )
                )
                found += [_line(row) for row in made]
        return found

    async def load_lenses(
        self, user_id: int, message_ids: Iterable[int] | None = None
    ) -> dict[int, tuple[tuple[Lens, float], ...]]:
        """The lenses heard in a person's messages, or in these of them."""
        statement = (
            select(MessageLensRow.message_id, MessageLensRow.lens, MessageLensRow.weight)
            .join(MessageRow, MessageRow.id == MessageLensRow.message_id)
            .where(MessageRow.user_id == user_id)
        )
        wanted = None if message_ids is None else sorted(set(message_ids))
        found: dict[int, list[tuple[Lens, float]]] = {}
        async with self.engine.connect() as connection:
            for start in range(0, 1 if wanted is None else len(wanted), _PAGE):
                part = statement
                if wanted is not None:
                    part = statement.where(MessageRow.id.in_(wanted[start : start + _PAGE]))
                for row in await connection.execute(part):
                    found.setdefault(row.message_id, []).append((Lens(row.lens), row.weight))
        return {message_id: tuple(listed) for message_id, listed in found.items()}

    async def stream_vectors(
        self, user_id: int, embedder: str
    ) -> AsyncIterator[list[tuple[int, int, bytes]]]:
        """A person's stored vectors: message, piece, bytes; a message's pieces in order."""
        async with self.engine.connect() as connection:
            made = await connection.stream(
                select(VectorRow.message_id, VectorRow.piece, VectorRow.vector)
                .join(MessageRow, MessageRow.id == VectorRow.message_id)
                .where(VectorRow.user_id == user_id, VectorRow.embedder == embedder, indexable())
                .order_by(VectorRow.message_id, VectorRow.piece)
            )
            async for page in made.partitions(_PAGE):
                yield [(row.message_id, row.piece, row.vector) for row in page]

    async def load_vectors(
        self, user_id: int, message_ids: Sequence[int], embedder: str
    ) -> dict[int, list[bytes]]:
        """The stored vectors of these messages, a list of pieces each."""
        found: dict[int, list[bytes]] = {}
        async with self.engine.connect() as connection:
            for start in range(0, len(message_ids), _PAGE):
                made = await connection.execute(
                    select(VectorRow.message_id, VectorRow.vector)
                    .where(
                        VectorRow.user_id == user_id,
                        VectorRow.embedder == embedder,
                        VectorRow.message_id.in_(message_ids[start : start + _PAGE]),
                    )
                    .order_by(VectorRow.message_id, VectorRow.piece)
                )
                for row in made:
                    found.setdefault(row.message_id, []).append(row.vector)
        return found

    async def load_messages(self, user_id: int, message_ids: Sequence[int]) -> dict[int, Message]:
        """What is shown of a person's messages. A crisis message is left out, whatever the index believes."""
        if not message_ids:
            return {}
        columns = MessageRow.__table__.c
        async with self.engine.connect() as connection:
            rows = (
                await connection.execute(
                    select(*columns, MessageLensRow.lens.label("heard"))
                    .outerjoin(MessageLensRow, MessageLensRow.message_id == columns.id)
                    .where(columns.user_id == user_id, columns.id.in_(message_ids), indexable())
                    .order_by(MessageLensRow.weight.desc(), MessageLensRow.lens)
                )
            ).all()
        lenses: dict[int, list[Lens]] = {}
        for row in rows:
            lenses.setdefault(row.id, []).extend([Lens(row.heard)] if row.heard else [])
        return {row.id: message_from(cast("MessageRow", row), tuple(lenses[row.id])) for row in rows}

    # --- the index ----------------------------------------------------------------------------------------

    async def list_pending(self, user_id: int | None, limit: int | None) -> tuple[Pending, ...]:
        """The oldest changes that wait, of one person or of all; every one without a limit."""
        statement = select(IndexOpRow.id, IndexOpRow.user_id, IndexOpRow.message_id, IndexOpRow.op)
        if user_id is not None:
            statement = statement.where(IndexOpRow.user_id == user_id)
        async with self.engine.connect() as connection:
            made = await connection.execute(statement.order_by(IndexOpRow.id).limit(limit))
            return tuple(Pending(row.id, row.user_id, row.message_id, row.op) for row in made)

    async def list_indexable(self, user_id: int, message_ids: Sequence[int]) -> frozenset[int]:
        """Which of these messages are still there and may be remembered."""
        found: set[int] = set()
        async with self.engine.connect() as connection:
            for start in range(0, len(message_ids), _PAGE):
                found |= set(
                    await connection.scalars(
                        select(MessageRow.id).where(
                            MessageRow.user_id == user_id,
                            MessageRow.id.in_(message_ids[start : start + _PAGE]),
                            indexable(),
                        )
                    )
                )
        return frozenset(found)

    async def count_pending(self, user_id: int | None = None) -> int:
        """How many changes wait, of one person or of all."""
        statement = select(func.count()).select_from(IndexOpRow)
        if user_id is not None:
            statement = statement.where(IndexOpRow.user_id == user_id)
        async with self.engine.connect() as connection:
            return await connection.scalar(statement) or 0

    async def clear_pending(self, user_id: int) -> None:
        """Takes everything about a person off the list."""
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**WRITING)
            async with connection.begin():
                await connection.execute(delete(IndexOpRow).where(IndexOpRow.user_id == user_id))

    async def count_indexed(self) -> int:
        """How many messages have tokens."""
        async with self.engine.connect() as connection:
            return await connection.scalar(select(func.count()).select_from(TokensRow)) or 0

    async def count_vectors(self, user_id: int, embedder: str) -> int:
        """How many vectors Chroma should hold for a person."""
        async with self.engine.connect() as connection:
            return (
                await connection.scalar(
                    select(func.count())
                    .select_from(VectorRow)
                    .join(MessageRow, MessageRow.id == VectorRow.message_id)
                    .where(
                        VectorRow.user_id == user_id,
                        VectorRow.embedder == embedder,
                        func.length(VectorRow.vector) > 0,
                        indexable(),
                    )
                )
            ) or 0

    async def list_people(self) -> tuple[int, ...]:
        """Everybody there is."""
        async with self.engine.connect() as connection:
            return tuple(await connection.scalars(select(UserRow.id).order_by(UserRow.id)))

    async def count_unready(self, embedder: str) -> int:
        """How many messages lack current tokens, or this embedder's vectors."""
        async with self.engine.connect() as connection:
            return (
                await connection.scalar(
                    select(func.count()).select_from(MessageRow).where(indexable(), _unready(embedder))
                )
                or 0
            )

    async def list_unready(self, embedder: str, limit: int, after: int) -> tuple[tuple[int, int], ...]:
        """Messages past ``after`` without current tokens or this embedder's vectors: (person, message)."""
        async with self.engine.connect() as connection:
            made = await connection.execute(
                select(MessageRow.user_id, MessageRow.id)
                .where(indexable(), MessageRow.id > after, _unready(embedder))
                .order_by(MessageRow.id)
                .limit(limit)
            )
            return tuple((row.user_id, row.id) for row in made)

    async def list_without_tokens(self, user_id: int, limit: int) -> tuple[int, ...]:
        """The coach's own lines nobody told the index about."""
        async with self.engine.connect() as connection:
            return tuple(
                await connection.scalars(
                    select(MessageRow.id)
                    .where(
                        MessageRow.user_id == user_id,
                        MessageRow.role == Role.COACH.value,
                        indexable(),
                        ~exists().where(TokensRow.message_id == MessageRow.id),
                    )
                    .order_by(MessageRow.id)
                    .limit(limit)
                )
            )

    async def record_index(
        self,
        user_id: int,
        tokens: Mapping[int, tuple[str, int, str]],
        vectors: Mapping[int, Sequence[bytes]],
        *,
        embedder: str,
        gone: Sequence[int],
    ) -> None:
        """Stores tokens and vectors; those of messages that were erased meanwhile are left out.

        Args:
            user_id: whose.
            tokens: by message, the digest, ``asks`` and the joined words.
            vectors: by message, the packed pieces.
            embedder: whose vectors these are.
            gone: messages that may not be indexed any more.
        """
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**WRITING)
            async with connection.begin():
                touched = [*tokens, *vectors, *gone]
                here = set(
                    await connection.scalars(
                        select(MessageRow.id)
                        .where(MessageRow.user_id == user_id, MessageRow.id.in_(touched))
                        .with_for_update(key_share=True)
                    )
                )
                await _delete_tokens(connection, [*tokens, *gone])
                if kept := [message_id for message_id in tokens if message_id in here]:
                    await connection.execute(
                        insert(TokensRow),
                        [
                            {
                                "message_id": message_id,
                                "user_id": user_id,
                                "digest": tokens[message_id][0],
                                "asks": tokens[message_id][1],
                                "words": tokens[message_id][2],
                            }
                            for message_id in kept
                        ],
                    )
                await connection.execute(
                    delete(VectorRow).where(VectorRow.message_id.in_(gone), VectorRow.user_id == user_id)
                )
                await connection.execute(
                    delete(VectorRow).where(
                        VectorRow.message_id.in_(list(vectors)), VectorRow.embedder == embedder
                    )
                )
                rows = [
                    {
                        "message_id": message_id,
                        "user_id": user_id,
                        "piece": piece,
                        "embedder": embedder,
                        "vector": packed,
                    }
                    for message_id, pieces in vectors.items()
                    if message_id in here
                    for piece, packed in enumerate(pieces)
                ]
                if rows:
                    await connection.execute(insert(VectorRow), rows)

    async def settle(self, user_id: int, done: Sequence[Pending]) -> tuple[int, int]:
        """Takes changes off the list and counts the writing.

        Returns:
            The mark before and after; 0 and 0 when the person is gone.
        """
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**WRITING)
            async with connection.begin():
                pairs = [(each.id, each.message_id) for each in done]
                for start in range(0, len(pairs), _PAGE):
                    await connection.execute(
                        delete(IndexOpRow).where(
                            IndexOpRow.user_id == user_id,
                            # the message as well: SQLite gives a deleted row's id to the next one
                            tuple_(IndexOpRow.id, IndexOpRow.message_id).in_(pairs[start : start + _PAGE]),
                        )
                    )
                return await _raise_mark(connection, user_id)

    async def ask_to_forget(self, user_id: int) -> None:
        """Tells whoever writes the index that nothing of this person may stay in it."""
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**WRITING)
            async with connection.begin():
                await connection.execute(insert(IndexOpRow).values(user_id=user_id, message_id=0, op=FORGET))

    async def forget_vectors(self, embedder: str) -> None:
        """Deletes the vectors of every embedder but this one: after a change they only take room."""
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**WRITING)
            async with connection.begin():
                await connection.execute(delete(VectorRow).where(VectorRow.embedder != embedder))


async def _delete_tokens(connection: AsyncConnection, message_ids: Sequence[int]) -> None:
    if message_ids:
        await connection.execute(delete(TokensRow).where(TokensRow.message_id.in_(message_ids)))


async def _raise_mark(connection: AsyncConnection, user_id: int) -> tuple[int, int]:
    """One statement does the counting, so that two writers never raise to the same number."""
    raised = await connection.scalar(
        update(RecallMarkRow)
        .where(RecallMarkRow.user_id == user_id)
        .values(mark=RecallMarkRow.mark + 1)
        .returning(RecallMarkRow.mark)
    )
    if raised is not None:
        return raised - 1, raised
    if await connection.scalar(select(UserRow.id).where(UserRow.id == user_id)) is None:
        return 0, 0
    # not from 1: a person erased and another one welcomed under the same id are told apart
    first = 1 + secrets.randbelow(2**40)
    await connection.execute(insert(RecallMarkRow).values(user_id=user_id, mark=first))
    return 0, first
