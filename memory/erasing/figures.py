"""What was worked out of a forgotten number goes with it: a division tells the number it began with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import select

from memory.erasing.forgotten import chunks
from memory.sql.tables import MessageRow, RecordRow

if TYPE_CHECKING:
    from memory.erasing.forgotten import Forgotten
    from memory.sql.transaction import Transaction

_FIGURE = re.compile(r"\d")


async def link_figures(tx: Transaction, user_id: int, forgotten: Forgotten) -> None:
    """Adds the lines that reckon with a forgotten number to what the replies quote of it.

    Only the replies that quote one of the forgotten messages are looked at, and only where one of these
    messages named a figure that a record keeps. Call it before the records are redacted.
    """
    records = await tx.db.scalars(select(RecordRow.data).where(RecordRow.user_id == user_id))
    pieces = [piece for data in records for piece in data["pieces"].values()]
    if not any(p["number"] is not None and p["message_id"] in forgotten.ids for p in pieces):
        return
    for chunk in chunks(forgotten.phrases):
        replies = await tx.db.execute(
            select(MessageRow.id, MessageRow.text).where(
                MessageRow.user_id == user_id, MessageRow.id.in_(chunk)
            )
        )
        for reply_id, words in replies:
            forgotten.phrases[reply_id] |= {line for line in words.splitlines() if _FIGURE.search(line)}
