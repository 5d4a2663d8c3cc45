"""``journal.json``: every row, for machines; ``memory.export`` describes the format."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from memory.exporting.rows import list_tables, read_rows

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from memory.exporting.archive import Page

FORMAT = "offramp-journal"
VERSION = 1


async def write_machine(page: Page, db: AsyncSession, user_id: int, now: datetime) -> None:
    """Writes the file a row at a time, so that the size of a journal does not matter."""
    await page.write(
        f'{{"format": "{FORMAT}", "version": {VERSION}, "exported_at": "{now.astimezone(UTC).isoformat()}"'
    )
    for table in list_tables():
        await page.write(f',\n"{table.name}": [')
        glue = "\n"
        async for row in read_rows(db, table, user_id):
            await page.write(glue + json.dumps(dict(row), ensure_ascii=False, default=_iso))
            glue = ",\n"
        await page.write("]")
    await page.write("\n}\n")


def _iso(value: date | datetime | time) -> str:
    return value.isoformat()
