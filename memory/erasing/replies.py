"""Takes forgotten words out of what the coach said: replies with their typed parts, what was sent, nudges.

Runs after the messages were deleted, in the same transaction: what is left then is what may vouch for words.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import aliased

from coaching.model import Role
from memory.erasing.redaction import Kept, Redaction, Traces, list_strings
from memory.sql.tables import IndexOpRow, MessageRow, OutboxRow, QuoteRow, TokensRow, VectorRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory.erasing.forgotten import Forgotten
    from memory.sql.transaction import Transaction

BATCH = 200  # replies read at once, a few hundred kilobytes


@dataclass(frozen=True, slots=True)
class _Line:
    """A reply as it is stored: ``answered`` and ``quoted`` are what it may still repeat."""

    id: int
    text: str
    parts: Any  # JSON
    answered: str
    quoted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Redacted:
    """A reply as it is to be stored, with how to redact what was sent of it."""

    id: int
    text: str
    parts: Any  # JSON
    quotes: int
    redaction: Redaction


class Replies:
    """The coach's side of one person's journal, seen from what they want forgotten.

    Args:
        tx: the write transaction.
        user_id: whose.
        forgotten: the messages that went.
        traces: what their words can be recognised by.
        kept: the words of the plans and goals that stay.
    """

    def __init__(
        self, tx: Transaction, user_id: int, forgotten: Forgotten, traces: Traces, kept: Kept
    ) -> None:
        self._db = tx.db
        self._user_id = user_id
        self._forgotten = forgotten
        self._traces = traces
        self._kept = kept

    async def redact(self) -> int:
        """Redacts the lines that stay, what was or will be sent of them, and nudges.

        All of them are gone through: a forgotten message may be the last that vouched for a word.

        Returns:
            How many quotes were taken out.
        """
        newest = quotes = 0
        while lines := await self._read(newest):
            # pure work on a few hundred texts: the loop stays free for other people
            for redacted in await asyncio.to_thread(self._redact_lines, lines):
                await self._store(redacted)
                quotes += redacted.quotes
            newest = lines[-1].id
        return quotes + await self._redact_nudges()

    async def _read(self, newest: int) -> list[_Line]:
        """The next lines after this id, oldest first."""
        answered = aliased(MessageRow)
        found = await self._db.execute(
            select(MessageRow.id, MessageRow.text, MessageRow.parts, answered.text.label("answered"))
            .outerjoin(answered, MessageRow.reply_to == answered.id)
            .where(MessageRow.user_id == self._user_id, MessageRow.role == Role.COACH, MessageRow.id > newest)
            .order_by(MessageRow.id)
            .limit(BATCH)
        )
        rows = found.all()
        quoted: defaultdict[int, tuple[str, ...]] = defaultdict(tuple)
        quotes = await self._db.execute(
            select(QuoteRow.reply_id, QuoteRow.text).where(QuoteRow.reply_id.in_([row.id for row in rows]))
        )
        for reply_id, words in quotes:
            quoted[reply_id] += (words,)
        return [_Line(row.id, row.text, row.parts, row.answered or "", quoted[row.id]) for row in rows]

    def _redact_lines(self, lines: Sequence[_Line]) -> list[_Redacted]:
        return [redacted for line in lines if (redacted := self._redact_line(line)) is not None]

    def _redact_line(self, line: _Line) -> _Redacted | None:
        phrases = self._forgotten.phrases.get(line.id, set())
        repeated = Kept.of([line.answered, *line.quoted])
        linked = phrases or line.id in self._forgotten.answers
        if not linked and not self._traces.may_touch(
            (line.text, *list_strings(line.parts)), repeated, self._kept
        ):
            return None
        redaction = Redaction(
            self._traces, phrases=phrases, kept=self._kept + repeated, gone=self._forgotten.ids
        )
        text, parts = redaction.of_text(line.text), redaction.of_json(line.parts)
        if (text, parts) == (line.text, line.parts):
            return None
        return _Redacted(line.id, text, parts, len(redaction.find(line.text)), redaction)

    async def _store(self, redacted: _Redacted) -> None:
        await self._db.execute(
            update(MessageRow)
            .where(MessageRow.id == redacted.id)
            .values(text=redacted.text, parts=redacted.parts)
        )
        await self._redact_outbox(redacted.redaction, OutboxRow.reply_id == redacted.id)
        await self._index_again(redacted.id)

    async def _redact_nudges(self) -> int:
        """Nudges and other lines that are sent without being stored as a message."""
        redaction = Redaction(self._traces, kept=self._kept, gone=self._forgotten.ids)
        return await self._redact_outbox(redaction, OutboxRow.reply_id.is_(None))

    async def _redact_outbox(self, redaction: Redaction, which: Any) -> int:  # noqa: ANN401  # an SQL condition
        quotes = 0
        rows = await self._db.execute(
            select(OutboxRow.id, OutboxRow.payload).where(OutboxRow.user_id == self._user_id, which)
        )
        for row_id, payload in rows.all():
            redacted = redaction.of_json(payload)
            if redacted != payload:
                quotes += len(redaction.find(payload.get("text") or ""))
                # a quote that is not verbatim is refused, and marks stand at places of the old text
                for name, cause in (("quote", "quote"), ("marks", "text")):
                    if name in payload and redacted.get(cause) != payload.get(cause):
                        redacted[name] = None
                await self._db.execute(
                    update(OutboxRow).where(OutboxRow.id == row_id).values(payload=redacted)
                )
        return quotes

    async def _index_again(self, message_id: int) -> None:
        """A line that was searchable is read anew; its old tokens and vectors hold the words that went."""
        held = 0
        for table in (TokensRow, VectorRow):
            gone = await self._db.execute(
                delete(table).where(table.message_id == message_id).returning(table.message_id)
            )
            held += len(gone.all())
        if held:
            self._db.add(IndexOpRow(user_id=self._user_id, message_id=message_id, op="add"))
            await self._db.flush()
