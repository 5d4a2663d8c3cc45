"""Everything of one person as a file in their hands: a page to read and a file for machines.

``offramp-<date>-<time>.zip`` holds:

- ``journal.md``: what was said by date, both sides, with goals, plans, their results and the reviews, in the
  person's language.
- ``journal.json``, UTF-8: an object with ``"format": "offramp-journal"``, ``"version": 1``, ``"exported_at"``
  and, under the name of each table of the journal, a list of this person's rows: ``users``, ``identities``,
  ``imports``, ``goals``, ``commitments``, ``messages``, ``message_lenses``, ``quotes``, the rest by name.
  A row is an object with the table's columns. Dates are ``YYYY-MM-DD``, times ``HH:MM:SS``, moments ISO 8601
  in UTC; columns that hold JSON are JSON. Ids are this journal's own: they say what points at what (goals may
  point at a later message), and get new numbers wherever the rows are put back. Left out is only what a
  machine makes from the messages by itself: vectors, tokens and the index's to-do list. A reader passes over
  tables and columns it does not know; the version goes up when one changes its meaning.

Crisis messages are in it: it is the person's data. Rows are read and written a few at a time.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from memory.exporting.archive import open_archive
from memory.exporting.machine import write_machine
from memory.exporting.readable import write_readable

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from memory.sql.journal import Journal


async def export_user(journal: Journal, user_id: int, folder: Path, now: datetime) -> Path:
    """Writes everything of one person to a new file.

    Args:
        journal: where they stand.
        user_id: whose; nobody else's rows are read.
        folder: where the file goes; made for its owner alone when it is not there.
        now: the moment, for the file's name, in the person's zone.

    Returns:
        The file, readable by its owner alone.

    Raises:
        UnknownPerson: nobody has this id.
        OSError: the folder or the file cannot be written; no half file is left.
    """
    user = await journal.load_user(user_id)
    local = now.astimezone(user.tz)
    path = await asyncio.to_thread(_choose_path, folder, f"offramp-{local:%Y-%m-%d-%H%M%S}")
    async with journal.read() as db, open_archive(path, local) as archive:
        if db.get_bind().dialect.name == "postgresql":
            # both files show one moment; SQLite's reads do by themselves
            await db.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        async with archive.page("journal.md") as page:
            await write_readable(page, db, user, now)
        async with archive.page("journal.json") as page:
            await write_machine(page, db, user_id, now)
    return path


def _choose_path(folder: Path, name: str) -> Path:
    """A name that is not taken: a second export within the second gets a number."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path, number = folder / f"{name}.zip", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.zip"
    return path
