"""One process at a time does what must not be done by two: sending at Telegram's pace.

The one that leads holds an advisory lock of Postgres on a connection of its own. When it dies the connection
goes, the lock with it, and another takes over. Nothing is true only because of the lock: a claim in the
outbox is made by its row, so two that both believed to lead for a moment would send no message twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

log = logging.getLogger(__name__)

LOOK = 2.0  # seconds between two looks: whether the lock is free, or the connection still there
_TRY = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")


class _Lost(Exception):
    """The connection is gone, and the lock with it."""


async def lead(
    engine: AsyncEngine, name: str, work: Callable[[], Coroutine[Any, Any, None]], *, look: float = LOOK
) -> None:
    """Does ``work`` once this process leads, and again after it lost the lead, until the work itself ends.

    On SQLite, whose file belongs to one machine, there is nobody to lead.

    Args:
        engine: The database.
        name: What is led; every name has one leader.
        work: Cancelled when the lead is lost.
        look: Seconds between two looks.
    """
    if engine.dialect.name == "sqlite":
        await work()
        return
    while True:
        try:
            async with engine.connect() as plain:
                connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
                try:
                    while not await connection.scalar(_TRY, {"name": name}):  # noqa: ASYNC110  # another process has it
                        await asyncio.sleep(look)
                    log.info("this process leads: %s", name)
                    await _work(connection, work, look)
                    return
                finally:
                    await connection.invalidate()  # closed, not given back: the lock belongs to it
        except (_Lost, SQLAlchemyError, OSError) as error:
            log.warning("the lead of %s is lost: %s", name, type(error).__name__)
            await asyncio.sleep(look)


async def _work(
    connection: AsyncConnection, work: Callable[[], Coroutine[Any, Any, None]], look: float
) -> None:
    """Works for as long as the connection answers."""
    held = True
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work())
        while held and not working.done():
            await asyncio.wait((working,), timeout=look)
            held = working.done() or await _holds(connection, look)
        working.cancel()
    if not held:
        raise _Lost


async def _holds(connection: AsyncConnection, look: float) -> bool:
    try:
        async with asyncio.timeout(2 * look):
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True
