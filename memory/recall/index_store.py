"""What the index lists, counts and writes in SQL. Every change names the person it is about."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import (
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from coaching.model import Role
from memory.recall.rows import (
    FORGET,
    PAGE,
    Pending,
    indexable,
    unready,
)
from memory.recall.store import RecallStore
from memory.sql.engine import WRITING
from memory.sql.tables import (
    IndexOpRow,
    MessageRow,
    RecallMarkRow,
    TokensRow,
    UserRow,
    VectorRow,
)


class IndexStore(RecallStore):
    """The database as the one that writes the index sees it."""

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
            for start in range(0, len(message_ids), PAGE):
                found |= set(
                    await connection.scalars(
                        select(MessageRow.id).where(
                            MessageRow.user_id == user_id,
                            MessageRow.id.in_(message_ids[start : start + PAGE]),
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

    async def count_unready(self, embedder: str) -> int:
        """How many messages lack current tokens, or this embedder's vectors."""
        async with self.engine.connect() as connection:
            return (
                await connection.scalar(
                    select(func.count()).select_from(MessageRow).where(indexable(), unready(embedder))
                )
                or 0
            )

    async def list_unready(self, embedder: str, limit: int, after: int) -> tuple[tuple[int, int], ...]:
        """Messages past ``after`` without current tokens or this embedder's vectors: (person, message)."""
        async with self.engine.connect() as connection:
            made = await connection.execute(
                select(MessageRow.user_id, MessageRow.id)
                .where(indexable(), MessageRow.id > after, unready(embedder))
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
                # every embedder's: what another one made of the words before would serve it again one day
                await connection.execute(
                    delete(VectorRow).where(
                        VectorRow.message_id.in_(list(tokens)), VectorRow.user_id == user_id
                    )
                )
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
                for start in range(0, len(pairs), PAGE):
                    await connection.execute(
                        delete(IndexOpRow).where(
                            IndexOpRow.user_id == user_id,
                            # the message as well: SQLite gives a deleted row's id to the next one
                            tuple_(IndexOpRow.id, IndexOpRow.message_id).in_(pairs[start : start + PAGE]),
                        )
                    )
                return await _raise_mark(connection, user_id)

    async def ask_to_forget(self, user_id: int) -> None:
        """Tells whoever writes the index that nothing of this person may stay in it."""
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**WRITING)
            async with connection.begin():
                await connection.execute(insert(IndexOpRow).values(user_id=user_id, message_id=0, op=FORGET))


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
