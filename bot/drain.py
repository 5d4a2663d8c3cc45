"""Settles what waits in a chat's inbox, exactly once.

Thinking happens outside any transaction. Then, in one transaction, the updates are marked done where they
were still new, and only if that changed every row are effects, lines, the reply and the outbox rows written.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bot.calendar_file import write_ics
from bot.outage import is_outage
from bot.thought import Line, Saying, Thought, write_payload
from bot.wiping import find_going
from coaching.effects import ForgetMessages, SendCalendar, SendExport
from coaching.parts import Draft, Said
from memory.export import export_user
from memory.sql.apply import apply
from memory.sql.inbox import Pending, list_pending, mark_failed, settle
from memory.sql.outbox import Outgoing, queue
from prompts import text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.wiping import Wiper
    from coaching.coach import Answer
    from coaching.effects import Effect
    from coaching.model import Turn
    from coaching.parts import Quote
    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

log = logging.getLogger(__name__)


class Thinker(Protocol):
    """The coach, or whoever answers in its place."""

    async def reply_to(self, turn: Turn) -> Answer:
        """Thinks about one turn."""
        ...


class Drain:
    """Settles updates of any door, in the order in which they arrived."""

    def __init__(self, journal: Journal, coach: Thinker, *, exports: Path, wipe: Wiper | None = None) -> None:
        self._journal = journal
        self._coach = coach
        self._exports = exports
        self._wipe = wipe

    async def drain(
        self, door: str, bot_id: int, chat_id: int, parse: Callable[[Pending], Awaitable[Turn]]
    ) -> int:
        """Settles everything that waits in one chat, each update as a turn of its own.

        Returns:
            How many updates were settled.
        """
        settled = 0
        while pending := await list_pending(self._journal, bot_id, chat_id):
            settled += await self._settle_first(door, pending[0], parse)
        return settled

    async def _settle_first(
        self, door: str, pending: Pending, parse: Callable[[Pending], Awaitable[Turn]]
    ) -> bool:
        turn = await parse(pending)
        line = Line(turn, _origin(pending))
        try:
            answer = await self._coach.reply_to(turn)
            line = replace(line, safety=answer.safety, lenses=answer.lenses)
            return await self.settle(door, (pending,), Thought(turn, (line,), answer))
        except Exception as error:  # one update that cannot be answered must not block those behind it
            if is_outage(error):
                raise
            failed = Thought(turn, (line,), after=(Saying(text("turn.failed", turn.language)),))
            return await self.set_aside(door, pending, failed, error)

    async def settle(self, door: str, pending: Sequence[Pending], thought: Thought) -> bool:
        """Writes a thought where every update it settles was still new.

        Returns:
            False when one of them was settled before; then nothing was written.
        """
        thought, document = await self._with_export(door, thought)
        going = await find_going(self._journal, thought)
        async with self._journal.begin() as tx:
            if not await settle(tx, [each.seq for each in pending]):
                return False
            await _Writing(tx, door, pending[-1], thought, document).write()
            await tx.commit()
        if going is not None and self._wipe is not None:
            await self._wipe(going)
        return True

    async def set_aside(self, door: str, pending: Pending, thought: Thought, error: Exception) -> bool:
        """Counts a try that failed for the update's own sake.

        The last one writes ``thought``: what was said is kept, unanswered, and the person is told so.

        Returns:
            True when the update is dead now.
        """
        why = type(error).__name__  # and no more: its text may quote a diary
        log.error("update %s failed: %s", pending.seq, why)
        async with self._journal.begin() as tx:
            dead = await mark_failed(tx, pending.seq, why=why)
            if dead:
                await _Writing(tx, door, pending, thought, None).write()
            await tx.commit()
        return dead

    async def dismiss(self, pending: Sequence[Pending]) -> None:
        """Settles updates that change nothing."""
        async with self._journal.begin() as tx:
            if await settle(tx, [each.seq for each in pending]):
                await tx.commit()

    async def say(self, door: str, pending: Pending, user_id: int, saying: Saying) -> None:
        """Says something about an update that still waits. It needs a key, so that it is said once."""
        async with self._journal.begin() as tx:
            await queue(tx, _outgoing(door, pending, saying, saying.key, user_id))
            await tx.commit()

    async def _with_export(self, door: str, thought: Thought) -> tuple[Thought, str | None]:
        """Writes the file that the answer promises; the terminal names it, Telegram sends it."""
        answer, turn = thought.answer, thought.turn
        effects = answer.reply.draft.effects if answer is not None else ()
        effect = next((e for e in effects if isinstance(e, (SendExport, SendCalendar))), None)
        if answer is None or effect is None:
            return thought, None
        if isinstance(effect, SendExport):
            name = "export"
            path = str(await export_user(self._journal, turn.user_id, self._exports, turn.now))
        else:
            name = "calendar"
            zone = (await self._journal.load_user(turn.user_id)).tz
            path = str(await asyncio.to_thread(write_ics, self._exports, effect.items, zone, turn.now))
        here = door == "terminal"
        words = (
            text(f"{name}.done", turn.language, path=path) if here else text(f"{name}.sent", turn.language)
        )
        draft = answer.reply.draft
        draft = replace(draft, parts=(*draft.parts, Said(words)))
        answer = replace(answer, reply=replace(answer.reply, draft=draft))
        return replace(thought, answer=answer), None if here else path


def _origin(pending: Pending) -> str:
    return f"u{pending.bot_id}:{pending.update_id}"


class _Writing:
    """One thought going into one transaction."""

    def __init__(
        self, tx: Transaction, door: str, pending: Pending, thought: Thought, document: str | None
    ) -> None:
        self._tx, self._door, self._pending, self._thought = tx, door, pending, thought
        self._document = document
        self._queued = 0
        self._gone = False  # the person was forgotten as a whole, and nothing may point at them

    async def write(self) -> None:
        tx, thought = self._tx, self._thought
        said: dict[int, str] = {}
        for line in thought.lines:
            message_id = await tx.record_said(
                line.turn,
                origin=line.origin,
                safety=line.safety,
                lenses=line.lenses,
                external_id=line.external_id,
            )
            if message_id is not None:
                said[message_id] = line.turn.text
        await self._apply(thought.effects)
        for saying in thought.before:
            await self._say(saying)
        if thought.answer is not None:
            await self._answer(thought.answer.reply.draft, said)
        told: tuple[Saying, ...] = ()
        if thought.write is not None:
            told = await thought.write(tx)
            # two doors may just have become one person, and this one is nobody any more
            self._gone |= not await tx.is_there(thought.turn.user_id)
        for saying in (*thought.after, *told):
            await self._say(saying)

    async def _apply(self, effects: Sequence[Effect]) -> tuple[Said, ...]:
        """Does what was decided; a receipt becomes part of the reply."""
        # what was said is found by its moment, which is when it was sent
        turn = self._thought.lines[-1].turn if self._thought.lines else self._thought.turn
        receipts = []
        for effect in effects:
            if receipt := await apply(self._tx, turn, effect):
                receipts.append(Said(receipt))
            self._gone |= isinstance(effect, ForgetMessages) and effect.all_of_it
        return tuple(receipts)

    async def _answer(self, draft: Draft, said: Mapping[int, str]) -> None:
        turn = self._thought.turn
        draft = replace(draft, parts=(*draft.parts, *await self._apply(draft.effects)))
        if len(said) > 1:
            draft = _locate_quotes(draft, said)
        payload = write_payload(draft)
        if self._thought.quote is not None:
            payload["quote"] = self._thought.quote
        if self._document is not None:
            payload["document"] = self._document
            payload["instead"] = text(
                "export.too_big",
                draft.language,
                name=Path(self._document).name,
                user=f"{self._door}:{self._pending.chat_id}",
            )
        reply_id = None
        if not self._gone:
            reply_id = await self._tx.record_reply(
                turn, draft, said_id=max(said, default=None), origin=f"{_origin(self._pending)}:0"
            )
        if payload["text"] or self._document is not None:
            await queue(
                self._tx,
                Outgoing(
                    key=self._next_key(),
                    door=self._door,
                    bot_id=self._pending.bot_id,
                    chat_id=self._pending.chat_id,
                    kind=draft.kind.value,
                    payload=payload,
                    user_id=None if self._gone else turn.user_id,
                    reply_id=reply_id,
                ),
            )

    async def _say(self, saying: Saying) -> None:
        user_id = None if self._gone else self._thought.turn.user_id
        await queue(
            self._tx, _outgoing(self._door, self._pending, saying, saying.key or self._next_key(), user_id)
        )

    def _next_key(self) -> str:
        key = f"{_origin(self._pending)}:{self._queued}"
        self._queued += 1
        return key


def _outgoing(door: str, pending: Pending, saying: Saying, key: str, user_id: int | None) -> Outgoing:
    return Outgoing(
        key=key,
        door=door,
        bot_id=pending.bot_id,
        chat_id=pending.chat_id,
        kind="door",
        payload=saying.payload,
        user_id=user_id,
        must=saying.must,
    )


def _locate_quotes(draft: Draft, said: Mapping[int, str]) -> Draft:
    """Names the message each quote of a turn stands in, when the turn was said in several."""

    def locate(quote: Quote) -> Quote:
        if quote.message_id is not None or quote.commitment_id is not None:
            return quote
        return replace(quote, message_id=next((i for i, words in said.items() if quote.text in words), None))

    parts = tuple(replace(part, quotes=tuple(locate(quote) for quote in part.quotes)) for part in draft.parts)
    return replace(draft, parts=parts)
