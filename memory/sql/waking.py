"""Wakes workers: procrastinate's job ``drain(chat)``, deferred in the transaction that stores the update.

The queue holds no truth. It stands in a schema of its own inside Postgres, can be dropped at any moment, and
is made anew when procrastinate changes; what waits is read from the inbox. A chat's jobs share one lock, so
that one worker at a time has the chat, and none of them is planned for later, which would block it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

import psycopg
from procrastinate.schema import SchemaManager
from sqlalchemy import text

from memory.sql.engine import QUEUE_SCHEMA

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

QUEUE = "chats"
TASK = "drain"
CHANNEL = "offramp_news"  # who has a chat open hears here what arrives in it
SETTLED_SOON = timedelta(seconds=5)  # an update younger than this has its job, or is about to be settled

_PREPARING = 7_155_301  # the advisory lock under which the queue is made
_SWEEPING = 7_155_302  # and the one under which dead workers' jobs are given back
# The planner knows a queue as it was when it was nearly empty. Then a look for the next job reads all of a
# burst, 345 ms at 10,000 jobs; walking the jobs in order and asking for each lock takes 0.5 ms at any number.
_TUNING = (
    "CREATE INDEX offramp_jobs_by_lock ON procrastinate_jobs (lock) WHERE status IN ('todo', 'doing')",
    *(
        f"ALTER FUNCTION procrastinate_fetch_job_v2(varchar[], bigint) SET enable_{way} TO off"
        for way in ("sort", "seqscan", "bitmapscan", "hashjoin", "mergejoin")
    ),
)
_EDITION = 2  # of what is done here beside procrastinate's own schema: another one makes the queue anew
_DEFER = """
    SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(
        :queue, :task, 0, :lock, NULL, jsonb_build_object('bot_id', CAST(:bot AS bigint), 'chat_id',
        CAST(:chat AS bigint)), NULL)::procrastinate_job_to_defer_v1])"""
_WAKE = text(f"{_DEFER}, pg_notify('{CHANNEL}', :news)")
_RESCUE = text("""
    SELECT DISTINCT bot_id, chat_id FROM inbox
    WHERE state = 'new' AND chat_id IS NOT NULL AND received_at < :before AND NOT EXISTS (
        SELECT 1 FROM procrastinate_jobs AS job
        WHERE job.lock = 'chat:' || inbox.bot_id || ':' || inbox.chat_id AND job.status IN ('todo', 'doing'))
    LIMIT 1000""")


async def prepare_queue(engine: AsyncEngine) -> bool:
    """Makes procrastinate's tables and functions where they are missing or another version's.

    Returns:
        Whether there was something to do.
    """
    wanted = f"procrastinate {version('procrastinate')}, offramp {_EDITION}"
    async with engine.connect() as plain:
        db = await plain.execution_options(no_parameters=True)
        async with db.begin():
            await db.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_PREPARING})")
            found = await db.exec_driver_sql(
                f"SELECT obj_description(to_regnamespace('{QUEUE_SCHEMA}')::oid, 'pg_namespace')"
            )
            if found.scalar() == wanted:
                return False
            await db.exec_driver_sql(f"DROP SCHEMA IF EXISTS {QUEUE_SCHEMA} CASCADE")
            await db.exec_driver_sql(f"CREATE SCHEMA {QUEUE_SCHEMA}")
            await db.exec_driver_sql(f"SET LOCAL search_path TO {QUEUE_SCHEMA}, public")
            await db.exec_driver_sql(SchemaManager.get_schema())
            for command in _TUNING:
                await db.exec_driver_sql(command)
            await db.exec_driver_sql(f"COMMENT ON SCHEMA {QUEUE_SCHEMA} IS '{wanted}'")
    return True


async def wake(tx: Transaction, bot_id: int, chat_id: int) -> None:
    """Some worker is to settle what waits in this chat, once the transaction is committed."""
    chat = f"{bot_id}:{chat_id}"
    what = {"queue": QUEUE, "task": TASK, "lock": f"chat:{chat}", "bot": bot_id, "chat": chat_id}
    await tx.db.execute(_WAKE, {**what, "news": chat})


@asynccontextmanager
async def sweeping(journal: Journal) -> AsyncIterator[bool]:
    """Whether nobody else sweeps meanwhile.

    Of two at once the slower one would take back what the faster one has just given to a worker.
    """
    async with journal.begin() as tx:
        yield bool(await tx.db.scalar(text(f"SELECT pg_try_advisory_xact_lock({_SWEEPING})")))


async def wake_forgotten(journal: Journal) -> int:
    """Wakes every chat in which something waits and that nobody was told about.

    Returns:
        How many there were.
    """
    async with journal.begin() as tx:
        found = await tx.db.execute(_RESCUE, {"before": tx.now - SETTLED_SOON})
        chats = [(row.bot_id, row.chat_id) for row in found]
        for bot_id, chat_id in chats:
            await wake(tx, bot_id, chat_id)
        await tx.commit()
    return len(chats)


async def count_workers(journal: Journal) -> int:
    """How many workers showed a sign of life in the last minute; none where the queue was never made."""
    async with journal.read() as db:
        if await db.scalar(text("SELECT to_regclass('procrastinate_workers')")) is None:
            return 0
        alive = (
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'"
        )
        return await db.scalar(text(alive)) or 0


def conninfo(engine: AsyncEngine) -> str:
    """What psycopg connects by, without SQLAlchemy; it holds the password."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


@asynccontextmanager
async def hear_news(engine: AsyncEngine) -> AsyncIterator[AsyncIterator[tuple[int, int]]]:
    """``(bot_id, chat_id)`` of each chat in which something arrives, for as long as the connection holds.

    Raises:
        psycopg.Error: it does not.
    """
    async with await psycopg.AsyncConnection.connect(conninfo(engine), autocommit=True) as connection:
        await connection.execute(f"LISTEN {CHANNEL}")

        async def heard() -> AsyncIterator[tuple[int, int]]:
            async for notice in connection.notifies():
                bot_id, _, chat_id = notice.payload.partition(":")
                yield int(bot_id), int(chat_id)

        yield heard()
