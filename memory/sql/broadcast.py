"""A notice to everybody, through the outbox: in each one's language, once, and never in quiet hours."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from coaching.hours import is_quiet
from memory.sql.outbox import Outgoing, queue
from memory.sql.rows import user_from
from memory.sql.tables import IdentityRow, UserRow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coaching.model import User
    from memory.sql.journal import Journal

DOOR = "telegram"
QUARTER = timedelta(minutes=15)
BATCH = 500  # people a transaction


async def broadcast(journal: Journal, bot_id: int, words: Mapping[str, str]) -> tuple[int, int]:
    """Queues it for everybody whose chat is open. The same words again queue only who was left out.

    Args:
        journal: Where the outbox is.
        bot_id: The bot that says it.
        words: The notice, by language.

    Returns:
        How many were queued, and how many had been before.
    """
    name = hashlib.sha256("\n".join(f"{key}:{words[key]}" for key in sorted(words)).encode()).hexdigest()[:16]
    queued = known = last = 0
    while True:
        async with journal.begin() as tx:
            found = await tx.db.execute(
                select(UserRow, IdentityRow.external_id)
                .join(IdentityRow, IdentityRow.user_id == UserRow.id)
                .where(IdentityRow.door == DOOR, IdentityRow.blocked_at.is_(None), UserRow.id > last)
                .order_by(UserRow.id)
                .limit(BATCH)
            )
            people = found.all()
            for row, chat in people:
                person = user_from(row)
                out = Outgoing(
                    key=f"notice:{name}:{person.id}",
                    door=DOOR,
                    bot_id=bot_id,
                    chat_id=int(chat),
                    kind="notice",
                    payload={"text": words[person.language], "choices": []},
                    user_id=person.id,
                    must=False,
                    not_before=_after_quiet(tx.now, person),
                )
                if await queue(tx, out):
                    queued += 1
                else:
                    known += 1
            await tx.commit()
        if not people:
            return queued, known
        last = people[-1][0].id


def _after_quiet(now: datetime, person: User) -> datetime:
    """The next moment, to the quarter of an hour, at which this person wants to be written to."""
    moments = (now + number * QUARTER for number in range(97))
    return next((moment for moment in moments if not is_quiet(moment, person)), now)
