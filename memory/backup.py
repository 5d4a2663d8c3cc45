"""A backup is one SQLite file, whatever the database: taken while the program runs, and read back at once.

The vector index is not in it, for it is rebuilt from what is.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

from sqlalchemy.engine import make_url

from memory.errors import StorageError
from memory.moving import move_journal
from memory.recall.folders import Folders
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.migrate import upgrade


class AlreadyThere(StorageError):
    """There is a file of this name: give another, a backup overwrites nothing."""


class NoBackup(StorageError):
    """This file is no backup of Offramp, or it is damaged. Nothing was changed."""


class InUse(StorageError):
    """Offramp is running on this home: stop it first. Nothing was changed."""


async def back_up(database: str, file: Path) -> int:
    """Writes everything into one file, readable by its owner alone.

    Args:
        database: the URL of the journal, which may be in use.
        file: where to; its folder is there.

    Returns:
        How many messages it holds.

    Raises:
        AlreadyThere: the file exists.
        NotEqual: what was copied from Postgres is not what was read.
    """
    beside = _make_room(file)
    try:
        if make_url(database).get_backend_name() == "sqlite":
            _copy_sqlite(Path(make_url(database).database or ""), beside)
        else:
            await _copy_over(database, sqlite_url(beside))
        messages = check_backup(beside)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
    return messages


def _make_room(file: Path) -> Path:
    """An empty file beside the one that is to be, for its owner alone."""
    if file.exists():
        raise AlreadyThere(file.name)
    beside = file.with_name(f".{file.name}.part")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    return beside


def _copy_sqlite(source: Path, file: Path) -> None:
    with closing(sqlite3.connect(source)) as reading:
        reading.execute("VACUUM INTO ?", (str(file),))  # one snapshot; writers go on
    with file.open("rb") as written:
        os.fsync(written.fileno())


async def _copy_over(database: str, into: str) -> None:
    source, target = open_engine(database), open_engine(into)
    try:
        await move_journal(source, target)
    finally:
        await source.dispose()
        await target.dispose()  # SQLite puts away its write-ahead log with the last connection


def check_backup(file: Path) -> int:
    """Reads a backup from end to end.

    Returns:
        How many messages it holds.

    Raises:
        NoBackup: it is damaged, or something else.
    """
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as reading:
            if reading.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                raise NoBackup(file.name)
            return int(reading.execute("SELECT count(*) FROM messages").fetchone()[0])
    except sqlite3.Error:
        raise NoBackup(file.name) from None


async def restore(file: Path, home: Path, database: str) -> Path | None:
    """Puts a backup in the place of the journal. The index is rebuilt at the next start.

    Args:
        file: the backup; it is left as it is.
        home: the folder of the program, which must not be running on it.
        database: the URL of the journal: the SQLite file of the home, or a Postgres that is empty.

    Returns:
        Where the journal that was there until now lies; None when there was none.

    Raises:
        NoBackup, InUse, NewerDatabase: nothing was changed.
        NotEmpty: the Postgres holds people of its own.
    """
    check_backup(file)
    folders = Folders(home)
    if not folders.claim():
        raise InUse
    try:
        if make_url(database).get_backend_name() != "sqlite":
            await _copy_over(sqlite_url(file), database)
            aside = None
        else:
            aside = await _put_in_place(file, Path(make_url(database).database or ""))
        folders.invalidate()
    finally:
        folders.release()
    return aside


async def _put_in_place(file: Path, journal: Path) -> Path | None:
    coming = journal.with_name(f".{journal.name}.coming")
    coming.unlink(missing_ok=True)
    _copy_sqlite(file, coming)
    coming.chmod(0o600)
    engine = open_engine(sqlite_url(coming))
    try:
        await upgrade(engine)  # a backup of an older version; one of a newer is refused
    finally:
        await engine.dispose()
    return _replace(journal, coming)


def _replace(journal: Path, coming: Path) -> Path | None:
    """Lays the journal aside, whole, and puts the other in its place."""
    aside = None
    if journal.exists():
        with closing(sqlite3.connect(journal)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        names = (journal.with_name(f"{journal.name}.before-{number}") for number in count(1))
        aside = next(name for name in names if not name.exists())
        journal.replace(aside)
    for rest in ("-wal", "-shm"):
        journal.with_name(journal.name + rest).unlink(missing_ok=True)
    coming.replace(journal)
    return aside
