"""Stores what an import found: once, in one transaction a file, and so that it can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from coaching.language import read_language
from coaching.model import Channel, Role, Safety
from memory.importing import DatedBy
from memory.sql.tables import ImportRow, IndexOpRow, MessageLensRow, MessageRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from coaching.model import Language, Lens, User
    from memory.importing import Entry, Found
    from memory.sql.transaction import Transaction

    Listen = Callable[[str, Language], tuple[Safety, Sequence[tuple[Lens, float]]]]


async def store_found(tx: Transaction, user: User, found: Found, listen: Listen) -> tuple[int, int]:
    """Stores one file's entries; those that are here already are left as they are.

    ``listen`` hears safety and lenses in a text: a crisis entry is kept and never indexed.

    Returns:
        How many were added, and how many were here before.
    """
    row = ImportRow(user_id=user.id, name=found.name, sha256=found.sha256, entries=0, imported_at=tx.now)
    tx.db.add(row)
    await tx.db.flush()
    added = 0
    for entry in found.entries:
        added += await _store(tx, user, row.id, entry, listen)
    if added:
        row.entries = added
        await tx.db.flush()
    else:
        await tx.db.execute(delete(ImportRow).where(ImportRow.id == row.id))
    return added, len(found.entries) - added


async def _store(tx: Transaction, user: User, import_id: int, entry: Entry, listen: Listen) -> bool:
    known = await tx.db.scalar(
        select(MessageRow.id).where(
            MessageRow.user_id == user.id, MessageRow.fingerprint == entry.fingerprint
        )
    )
    if known is not None:
        return False
    language = read_language(entry.text, fallback=user.language)
    safety, lenses = listen(entry.text, language)
    said_on = entry.said_on or tx.now.astimezone(user.tz).date()
    noon = datetime.combine(said_on, time(12), ZoneInfo(user.zone)).astimezone(UTC)
    message = MessageRow(
        user_id=user.id,
        role=Role.USER,
        channel=Channel.IMPORT,
        text=entry.text,
        language=language,
        said_at=entry.said_at or min(noon, tx.now),
        said_on=said_on,
        safety=safety,
        fingerprint=entry.fingerprint,
        dated=entry.dated_by not in (DatedBy.FILE_TIME, DatedBy.NONE),
        import_id=import_id,
        source=" · ".join(filter(None, (entry.source, *entry.heading))),
    )
    tx.db.add(message)
    await tx.db.flush()
    for lens, weight in lenses:
        tx.db.add(MessageLensRow(message_id=message.id, lens=lens.value, weight=weight))
    if safety is Safety.NONE:
        tx.db.add(IndexOpRow(user_id=user.id, message_id=message.id, op="add"))
    return True
