"""What recall reads from SQL to answer. Every statement names the person it is about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import (
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.model import Lens, Message
from memory.recall.rows import (
    PAGE,
    Line,
    Pending,
    indexable,
    line_from,
    nothing,
    select_lines,
)
from memory.sql.rows import message_from
from memory.sql.tables import (
    IndexOpRow,
    MessageLensRow,
    MessageRow,
    RecallMarkRow,
    UserRow,
    VectorRow,
)


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
            select(literal("mark").label("what"), RecallMarkRow.mark.label("id"), *nothing(2)).where(
                RecallMarkRow.user_id == user_id
            ),
            select(literal("waits"), IndexOpRow.id, IndexOpRow.message_id, IndexOpRow.op).where(
                IndexOpRow.user_id == user_id
            ),
        ]
        if since is not None:
            parts.append(
                select(literal("said"), MessageRow.id, *nothing(2)).where(
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
                select_lines(texts=False).where(MessageRow.user_id == user_id).order_by(MessageRow.id)
            )
            async for page in made.partitions(PAGE):
                yield [line_from(row) for row in page]

    async def load_lines(self, user_id: int, message_ids: Iterable[int]) -> list[Line]:
        """These messages, with their texts; those that are gone or may not be indexed are left out."""
        wanted = sorted(set(message_ids))
        found: list[Line] = []
        async with self.engine.connect() as connection:
            for start in range(0, len(wanted), PAGE):
                made = await connection.execute(
                    select_lines(texts=True).where(
                        MessageRow.user_id == user_id, MessageRow.id.in_(wanted[start : start + PAGE])
                    )
                )
                found += [line_from(row) for row in made]
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
            for start in range(0, 1 if wanted is None else len(wanted), PAGE):
                part = statement
                if wanted is not None:
                    part = statement.where(MessageRow.id.in_(wanted[start : start + PAGE]))
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
            async for page in made.partitions(PAGE):
                yield [(row.message_id, row.piece, row.vector) for row in page]

    async def load_vectors(
        self, user_id: int, message_ids: Sequence[int], embedder: str
    ) -> dict[int, list[bytes]]:
        """The stored vectors of these messages, a list of pieces each."""
        found: dict[int, list[bytes]] = {}
        async with self.engine.connect() as connection:
            for start in range(0, len(message_ids), PAGE):
                made = await connection.execute(
                    select(VectorRow.message_id, VectorRow.vector)
                    .where(
                        VectorRow.user_id == user_id,
                        VectorRow.embedder == embedder,
                        VectorRow.message_id.in_(message_ids[start : start + PAGE]),
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
