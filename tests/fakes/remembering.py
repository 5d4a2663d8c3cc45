"""People who say things, for the tests of recall: straight into the tables, as the journal writes them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.model import Lens, Safety
from memory.sql.engine import WRITING
from memory.sql.tables import IndexOpRow, MessageLensRow, MessageRow, UserRow

DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday


async def welcome(engine: AsyncEngine, *user_ids: int) -> None:
    async with engine.connect() as plain:
        connection = await plain.execution_options(**WRITING)
        async with connection.begin():
            for user_id in user_ids:
                await connection.execute(
                    insert(UserRow).values(
                        id=user_id,
                        language="zh",
                        zone="Asia/Shanghai",
                        evening=time(21),
                        quiet_from=time(22, 30),
                        quiet_to=time(8),
                        created_at=DAY,
                    )
                )


async def say(
    engine: AsyncEngine,
    user_id: int,
    *texts: str,
    at: datetime = DAY,
    apart: timedelta = timedelta(days=1),
    role: str = "user",
    channel: str = "message",
    safety: Safety = Safety.NONE,
    lenses: tuple[Lens, ...] = (),
    dated: bool = True,
    listed: bool = True,
) -> list[int]:
    """Stores what was said, ``apart`` from each other, and lists it for the index; gives the ids."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(**WRITING)
        async with connection.begin():
            rows = [
                {
                    "user_id": user_id,
                    "role": role,
                    "channel": channel,
                    "text": text,
                    "language": "zh",
                    "said_at": at + number * apart,
                    "said_on": (at + number * apart).date(),
                    "safety": safety.value,
                    "source": "",
                    "dated": dated,
                }
                for number, text in enumerate(texts)
            ]
            made = await connection.execute(insert(MessageRow).returning(MessageRow.id), rows)
            ids = [row.id for row in made]
            for lens in lenses:
                await connection.execute(
                    insert(MessageLensRow),
                    [{"message_id": each, "lens": lens.value, "weight": 1.0} for each in ids],
                )
            if listed:
                await connection.execute(
                    insert(IndexOpRow),
                    [{"user_id": user_id, "message_id": each, "op": "add"} for each in ids],
                )
    return ids


async def reword(engine: AsyncEngine, user_id: int, message_id: int, text: str) -> None:
    async with engine.connect() as plain:
        connection = await plain.execution_options(**WRITING)
        async with connection.begin():
            await connection.execute(update(MessageRow).where(MessageRow.id == message_id).values(text=text))
            await connection.execute(
                insert(IndexOpRow).values(user_id=user_id, message_id=message_id, op="add")
            )


async def unsay(engine: AsyncEngine, user_id: int, message_id: int) -> None:
    async with engine.connect() as plain:
        connection = await plain.execution_options(**WRITING)
        async with connection.begin():
            await connection.execute(delete(MessageRow).where(MessageRow.id == message_id))
            await connection.execute(
                insert(IndexOpRow).values(user_id=user_id, message_id=message_id, op="remove")
            )


async def leave(engine: AsyncEngine, user_id: int) -> None:
    """Erases a person from the journal, as ``memory.erase`` does."""
    async with engine.connect() as plain:
        connection = await plain.execution_options(**WRITING)
        async with connection.begin():
            ids = list(await connection.scalars(select(MessageRow.id).where(MessageRow.user_id == user_id)))
            await connection.execute(delete(IndexOpRow).where(IndexOpRow.user_id == user_id))
            await connection.execute(delete(MessageRow).where(MessageRow.id.in_(ids)))
            await connection.execute(delete(UserRow).where(UserRow.id == user_id))
            await connection.execute(insert(IndexOpRow).values(user_id=user_id, message_id=0, op="forget"))
