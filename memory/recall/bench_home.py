"""The people of a bench's file, and a home of its own with everybody in it, indexed as real messages are."""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from memory.recall.index import RecallIndex, open_recall
from memory.recall.keeper import Progress
from memory.sql.engine import WRITING, open_engine, sqlite_url
from memory.sql.migrate import upgrade
from memory.sql.tables import ImportRow, IndexOpRow, MessageRow, UserRow

_FORMATS = ("%I:%M %p on %d %B, %Y", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d")


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the file; the ids are the file's. ``today`` is when the questions are asked."""

    name: str
    history: tuple[dict[str, Any], ...]
    questions: tuple[dict[str, Any], ...]
    today: datetime = datetime(2024, 12, 31, tzinfo=UTC)


class _At:
    """A clock that stands at the end of the histories."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


def read_people(path: Path) -> tuple[Person, ...]:
    """The people of a file.

    Raises:
        ValueError: a line is not in the format; the message names it.
    """
    people = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            person = Person(str(told["id"]), tuple(told["history"]), tuple(told["questions"]))
            today = told.get("today")
            people.append(replace(person, today=_moment(today, person.today)) if today else person)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path.name}, line {number}, is not a person with a history: {error}"
            ) from error
    return tuple(people)


def _moment(written: str, last: datetime) -> datetime:
    for form in _FORMATS:
        try:
            return datetime.strptime(written.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    import dateparser  # for dates written in some other way; slow to import

    found = dateparser.parse(written) if written else None
    return (found.replace(tzinfo=UTC) if found else last + timedelta(minutes=1)).astimezone(UTC)


async def _store(connection: AsyncConnection, user_id: int, person: Person, first: int) -> dict[str, int]:
    """Writes a person's history into the journal, a session an import; gives the ids by the file's."""
    await connection.execute(
        insert(UserRow).values(
            id=user_id,
            language="en",
            zone="UTC",
            evening=time(21),
            quiet_from=time(22),
            quiet_to=time(8),
            created_at=datetime(2000, 1, 1, tzinfo=UTC),
        )
    )
    sessions: dict[str, int] = {}
    last: dict[str, datetime] = {}
    at = datetime(2024, 1, 1, tzinfo=UTC)
    rows, ids = [], {}
    for number, said in enumerate(person.history):
        session = str(said.get("session", ""))
        if session not in sessions:
            sessions[session] = first + number  # any number of its own
            await connection.execute(
                insert(ImportRow).values(
                    id=sessions[session], user_id=user_id, name=session, sha256="", imported_at=at
                )
            )
        at = _moment(str(said.get("date", "")), at)
        at = max(at, last[session] + timedelta(seconds=1)) if session in last else at
        last[session] = at
        ids[str(said["id"])] = first + number
        rows.append(
            {
                "id": first + number,
                "user_id": user_id,
                "role": "user",
                "channel": "import",
                "text": said["text"],
                "language": "en",
                "said_at": at,
                "said_on": at.date(),
                "safety": "none",
                "import_id": sessions[session],
                "source": said.get("speaker", "") or "",
            }
        )
    await connection.execute(insert(MessageRow), rows)
    await connection.execute(
        insert(IndexOpRow), [{"user_id": user_id, "message_id": row["id"], "op": "add"} for row in rows]
    )
    return ids


@asynccontextmanager
async def furnish(
    people: Sequence[Person], embedder: str, on_progress: Progress | None
) -> AsyncIterator[tuple[RecallIndex, list[dict[str, int]]]]:
    """A home of its own with everybody in it, indexed."""
    with tempfile.TemporaryDirectory(prefix="offramp-bench-") as folder:
        engine = open_engine(sqlite_url(Path(folder) / "journal.db"))
        try:
            await upgrade(engine)
            ids: list[dict[str, int]] = []
            async with engine.connect() as plain:
                connection = await plain.execution_options(**WRITING)
                async with connection.begin():
                    first = 1
                    for user_id, person in enumerate(people, 1):
                        ids.append(await _store(connection, user_id, person, first))
                        first += len(person.history)
            now = max((person.today for person in people), default=datetime(2024, 12, 31, tzinfo=UTC))
            recall = open_recall(engine, Path(folder), clock=_At(now), embedder=embedder)
            await recall.start()
            try:
                await recall.ready()
                await recall.index_pending(None, on_progress)
                yield recall, ids
            finally:
                await recall.close()
        finally:
            await engine.dispose()
