"""Which rows are one person's, table by table, read a few at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Table as SqlTable
from sqlalchemy import select

from memory.erasing.forgotten import chunks
from memory.erasing.people import list_updates
from memory.sql.tables import InboxRow, MessageLensRow, MessageRow, QuoteRow, Table, UserRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import ColumnElement, RowMapping
    from sqlalchemy.ext.asyncio import AsyncSession

BATCH = 100  # rows held at once; a message and its reply take some ten kilobytes

# Made from the messages by the machine, for the machine: an import makes them anew. And digests of codes that
# were good once, which are no words of anybody.
LEFT_OUT = frozenset({"vectors", "tokens", "index_ops", "recall_marks", "codes"})

# The order in which an import can put them back: what others point at comes first.
_FIRST = ("users", "identities", "imports", "goals", "commitments", "messages", "message_lenses", "quotes")


def list_tables() -> tuple[SqlTable, ...]:
    """Every table of the journal that holds something of a person, in a lasting order."""
    tables = Table.metadata.tables
    rest = {name for name, table in tables.items() if "user_id" in table.columns or name == "inbox"}
    return tuple(tables[name] for name in (*_FIRST, *sorted(rest - {*_FIRST} - LEFT_OUT)))


async def read_rows(db: AsyncSession, table: SqlTable, user_id: int) -> AsyncIterator[RowMapping]:
    """This person's rows of one table, in the order of its key, never more than ``BATCH`` of them in memory.

    Args:
        db: a session in which nothing is written.
        table: one of ``list_tables``.
        user_id: whose.
    """
    for whose in await _whose(db, table, user_id):
        query = select(table).where(whose).order_by(*table.primary_key.columns)
        result = await db.stream(query.execution_options(yield_per=BATCH))
        async for row in result.mappings():
            yield row


async def _whose(db: AsyncSession, table: SqlTable, user_id: int) -> list[ColumnElement[bool]]:
    """The conditions that choose their rows, one after the other."""
    theirs = select(MessageRow.id).where(MessageRow.user_id == user_id)
    if table is UserRow.__table__:
        return [table.c.id == user_id]
    if table is MessageLensRow.__table__:
        return [table.c.message_id.in_(theirs)]
    if table is QuoteRow.__table__:
        return [table.c.reply_id.in_(theirs)]
    if table is InboxRow.__table__:
        return [table.c.seq.in_(chunk) for chunk in chunks(await list_updates(db, user_id))]
    return [table.c.user_id == user_id]
