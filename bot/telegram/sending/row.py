"""One row of the outbox: its messages sent, and what became of them written down."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from telegram.error import TelegramError

from bot.logs import followed
from bot.metrics import SENT, timed
from bot.telegram.render import Piece, render
from bot.telegram.sending.call import FileUnsendable, send_piece
from bot.telegram.sending.failure import Failure, Meaning, read_failure
from bot.telegram.sending.outage import Outage, backoff
from memory.sql.blocked import mark_blocked
from memory.sql.claims import (
    Claimed,
    extend_lease,
    mark_dead,
    mark_in_doubt,
    mark_piece_sent,
    put_back,
)
from memory.sql.outbox import mark_sent

if TYPE_CHECKING:
    from telegram import Bot

    from bot.telegram.sending.pace import Pace
    from memory.sql.journal import Journal

log = logging.getLogger(__name__)

DOOR = "telegram"
DEADLINE = timedelta(seconds=30)  # for one call, in all; a dripping answer outlives every read timeout
DEADLINE_FOR_FILES = timedelta(seconds=150)  # 50 MB at 3 Mbit/s
SPARE = timedelta(seconds=30)  # by how much a lease outlives its call; the clocks of machines may differ
_LONGEST_WAIT = timedelta(minutes=5)


class Prepare(Protocol):
    """Asked about a nudge that was claimed: much may have happened since it was queued."""

    async def __call__(self, row_id: int, now: datetime, /) -> dict[str, Any] | None:
        """What to send; None when it is not to be sent now, and the row says why."""
        ...


class RowSender:
    """Sends rows that were claimed. ``stopping`` lets it finish the message it is at, and no more.

    Args:
        journal: Where the outbox is; its clock tells the time.
        bot: Initialised.
        pace: Telegram's limits, shared with whoever claims.
        prepare: Asked about each nudge; without it they go as they were queued.
    """

    def __init__(self, journal: Journal, bot: Bot, pace: Pace, prepare: Prepare | None) -> None:
        self._journal = journal
        self._bot = bot
        self._pace = pace
        self._prepare = prepare
        self.outage = Outage()
        self.stopping = False

    async def send(self, row: Claimed) -> None:
        """Sends what is left of a row, and says in the outbox what became of it."""
        with followed(row.key.rpartition(":")[0] if row.must else f"outbox {row.id}"):
            await self._send(row)

    async def _send(self, row: Claimed) -> None:
        payload = await self._prepared(row)
        if payload is None:
            return
        try:
            pieces = render(payload)
        except (LookupError, TypeError, ValueError) as error:
            await self._refused(row, f"payload: {type(error).__name__}")
            return
        for number, piece in enumerate(pieces[row.pieces_sent :], start=row.pieces_sent + 1):
            if number > row.pieces_sent + 1 and not await self._may_go_on(row):
                return
            began = self._journal.clock.now()
            try:
                sent_id = await self._call(row, piece)
            except FileUnsendable:
                await self._refused(row, "the file cannot be sent")
                return
            except (TelegramError, TimeoutError) as error:
                await self._failed(row, read_failure(error), began)
                return
            self.outage.end()
            SENT.labels("arrived").inc()
            log.info("sent")
            if not await self._arrived(row, number, len(pieces), sent_id):
                return
        if row.pieces_sent >= len(pieces):
            await self._arrived(row, len(pieces), len(pieces), None)  # there was nothing to show

    async def _prepared(self, row: Claimed) -> dict[str, Any] | None:
        if row.must or self._prepare is None:
            return row.payload
        payload = await self._prepare(row.id, self._journal.clock.now())
        if payload is not None:
            await self._extend_lease(row, DEADLINE)  # finding the words took its time
        return payload

    async def _extend_lease(self, row: Claimed, deadline: timedelta) -> None:
        async with self._journal.begin() as tx:
            await extend_lease(tx, row, deadline + SPARE)
            await tx.commit()

    async def _call(self, row: Claimed, piece: Piece) -> int | None:
        deadline = DEADLINE
        if piece.document or piece.figure:
            deadline = DEADLINE_FOR_FILES
            await self._extend_lease(row, deadline)
        with timed("send"):
            async with asyncio.timeout(deadline.total_seconds()):
                return await send_piece(self._bot, row.chat_id, piece)

    async def _may_go_on(self, row: Claimed) -> bool:
        """Whether the next piece of a long text may follow at once; if not, the rest waits in the outbox."""
        now = self._journal.clock.now()
        until = self._pace.list_resting(now).get(row.chat_id) or self._pace.find_room(now)
        if until is None and not self.stopping:
            self._pace.take(row.chat_id, now)
            return True
        async with self._journal.begin() as tx:
            await put_back(tx, row, next_at=until or now, why="paced")
            await tx.commit()
        return False

    async def _arrived(self, row: Claimed, pieces: int, of: int, sent_id: int | None) -> bool:
        """Says so in the outbox; False when the row is somebody else's by now."""
        async with self._journal.begin() as tx:
            still_ours = True
            if pieces == of:
                await mark_sent(tx, row.id, sent_id=sent_id)
            else:
                still_ours = await mark_piece_sent(tx, row, pieces, sent_id=sent_id, lease=DEADLINE + SPARE)
            await tx.commit()
        return still_ours

    async def _refused(self, row: Claimed, why: str) -> None:
        log.warning("outbox %s is not sent: %s", row.id, why)
        async with self._journal.begin() as tx:
            await mark_dead(tx, row, why=why)
            await tx.commit()

    async def _failed(self, row: Claimed, failure: Failure, began: datetime) -> None:
        SENT.labels(failure.meaning.name.lower()).inc()
        log.warning("outbox %s failed: %s, %s", row.id, failure.meaning.name, failure.why)
        now = self._journal.clock.now()
        if failure.meaning not in (Meaning.DOWN, Meaning.DOUBT):
            self.outage.end()  # Telegram answered
        async with self._journal.begin() as tx:
            match failure.meaning:
                case Meaning.FLOOD:
                    await put_back(tx, row, next_at=now + failure.wait, why=failure.why)
                case Meaning.DOWN:
                    await put_back(tx, row, next_at=self.outage.begin(now), why=failure.why)
                case Meaning.DOUBT:
                    next_at = now + backoff(row.doubts, _LONGEST_WAIT)
                    await mark_in_doubt(tx, row, next_at=next_at, why=failure.why)
                case Meaning.REFUSED:
                    await mark_dead(tx, row, why=failure.why)
                case Meaning.BLOCKED:
                    await mark_dead(tx, row, why="blocked")
                    await mark_blocked(tx, DOOR, self._bot.id, row.chat_id, since=began)
            await tx.commit()
