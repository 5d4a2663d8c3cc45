"""The one body of the schedule: ``tick(now)`` queues what is due, ``prepare`` gives a nudge its words.

A tick changes nothing but the plan and the outbox and may run anywhere, as often and as many times at once as
one likes. Words come later, when a sender has the nudge in its hands: see ``memory.sql.nudges``.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.thought import write_payload
from coaching.contact import Send, Skip
from coaching.dates import say_date
from coaching.hours import DAY
from coaching.model import Channel, Turn
from coaching.parts import ReplyKind, Said
from memory.sql.apply import apply
from memory.sql.nudge_sending import (
    Nudge,
    drop_nudge,
    find_notice,
    find_nudge,
    lacks_words,
    postpone_nudge,
    word_nudge,
)
from memory.sql.nudges import KINDS, has_unplanned, mend_plan, plan_due, plan_newcomers
from prompts import text

if TYPE_CHECKING:
    from coaching.coach import Answer
    from coaching.model import Language
    from coaching.parts import Draft
    from memory.sql.journal import Journal
    from memory.sql.nudges import Post

log = logging.getLogger(__name__)

BATCH = 200  # evenings a transaction: about 50 ms in which nobody else can write to SQLite
LOOK_AGAIN = timedelta(seconds=30)  # while something unread is read, or after words that failed

Think = Callable[[Turn], Awaitable["Answer"]]


@dataclass(frozen=True, slots=True)
class Ticked:
    """What one tick did."""

    queued: int = 0
    missed: int = 0
    skipped: int = 0
    waiting: int = 0


class Ticks:
    """The schedule of one door.

    Args:
        journal: Where plan and outbox are.
        think: ``Coach.reply_to``: makes the words of a turn in which the coach speaks first.
        post: The door and the bot through which nudges leave.
        batch: Evenings planned in one transaction.
    """

    def __init__(self, journal: Journal, think: Think, post: Post, *, batch: int = BATCH) -> None:
        self._journal = journal
        self._think = think
        self._post = post
        self._batch = batch
        self._stopping = False

    async def tick(self, now: datetime) -> Ticked:
        """Queues every nudge that is due and moves each plan on, in batches that hold together."""
        await self._welcome()
        total, last = Ticked(), None
        while not self._stopping:
            async with self._journal.begin() as tx:
                batch = await plan_due(tx, self._post, now, limit=self._batch, after=last)
                await tx.commit()
            if batch.last is None:
                return total
            last = batch.last
            total = Ticked(
                total.queued + batch.queued,
                total.missed + batch.missed,
                total.skipped + batch.skipped,
                total.waiting + batch.waiting,
            )
        return total

    def stop(self) -> None:
        """A tick that is under way ends with the batch it is at; the rest is due at the next start."""
        self._stopping = True

    async def _welcome(self) -> None:
        async with self._journal.begin() as tx:
            await mend_plan(tx)
            more = await has_unplanned(tx)
            await tx.commit()
        seen = 0
        while more and not self._stopping:
            async with self._journal.begin() as tx:
                seen, more = await plan_newcomers(tx, above=seen, limit=self._batch)
                await tx.commit()

    async def prepare(self, row_id: int, now: datetime) -> dict[str, Any] | None:
        """Asked by a sender about each nudge right before it is sent, queued or just claimed.

        The contact policy and quiet hours are decided anew; the words are made here, once. What is no nudge
        goes as it was queued.

        Returns:
            What to send; None when it is not to be sent now. Then the row says so: it is dead, or waits.
        """
        nudge = await find_nudge(self._journal, row_id, now)
        if nudge is None:
            return await find_notice(self._journal, row_id)
        contact = nudge.contact
        if isinstance(contact, Send):
            return nudge.payload or await self._word(nudge, contact, now)
        if isinstance(contact, Skip):
            await self._drop(nudge, contact.why.value)
        else:
            await self._postpone(nudge, now)
        return None

    async def _word(self, nudge: Nudge, send: Send, now: datetime) -> dict[str, Any] | None:
        turn = build_turn(nudge, send, now)
        try:
            answer = await self._think(turn)
            draft = open_honestly(answer.reply.draft, nudge, send)
        except Exception as error:  # noqa: BLE001  # one nudge without words must not stop the sender
            log.error("nudge %s has no words: %s", nudge.id, type(error).__name__)  # noqa: TRY400  # a traceback may quote a diary
            await self._postpone(nudge, now)
            return None
        if draft.kind is ReplyKind.CLARIFY:  # the check refused what was drafted, and asked what they meant
            await self._drop(nudge, "unfit")
            return None
        payload = write_payload(draft)
        async with self._journal.begin() as tx:
            if not await lacks_words(tx, nudge):  # two terminals of one person
                return None
            reply_id = await tx.record_reply(turn, draft, said_id=None, origin=nudge.key)
            for effect in draft.effects:
                await apply(tx, turn, effect)
            if not await word_nudge(tx, nudge, payload, kind=KINDS[send.event], reply_id=reply_id):
                return None
            await tx.commit()
        return payload

    async def _drop(self, nudge: Nudge, why: str) -> None:
        log.info("nudge %s is not sent: %s", nudge.id, why)
        async with self._journal.begin() as tx:
            await drop_nudge(tx, nudge, why=why)
            await tx.commit()

    async def _postpone(self, nudge: Nudge, now: datetime) -> None:
        async with self._journal.begin() as tx:
            await postpone_nudge(tx, nudge, until=now + LOOK_AGAIN)
            await tx.commit()


def build_turn(nudge: Nudge, send: Send, now: datetime) -> Turn:
    """The turn in which the coach speaks first. After midnight it still speaks of the evening it planned."""
    local = now.astimezone(nudge.user.tz)
    if local.date() != nudge.evening.on:
        local = nudge.evening.at.astimezone(nudge.user.tz)
    return Turn(nudge.user.id, "", nudge.user.language, local, Channel.EVENT, event=send.event)


def open_honestly(draft: Draft, nudge: Nudge, send: Send) -> Draft:
    """The draft with a word in front where we are late, or owe one about evenings we missed."""
    if send.missed_on is not None:
        words = say_missed(send.missed_on, nudge.evening.on, draft.language)
    elif send.late:
        words = text("checkin.late", draft.language)
    else:
        return draft
    return replace(draft, parts=(Said(words), *draft.parts))


def say_missed(missed_on: date, today: date, language: Language) -> str:
    """That nobody asked last night, or since an earlier evening."""
    if missed_on == today - DAY:
        return text("checkin.missed_night", language)
    return text("checkin.missed_since", language, day=say_date(missed_on, today, language))
