"""Takes what waits in a chat's inbox, thinks about it, and settles it exactly once.

Thinking happens outside any transaction. Then, in one transaction, the update is marked done where it was
still new, and only if that changed a row are its effects, the reply and the outbox row written.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coaching.effects import ForgetMessages, SendExport
from coaching.parts import Said
from memory.export import export_user
from memory.sql.apply import apply
from memory.sql.inbox import Pending, list_pending, mark_failed, settle
from memory.sql.outbox import Outgoing, queue
from prompts import text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from coaching.coach import Answer, Coach
    from coaching.model import Turn
    from coaching.parts import Draft
    from memory.sql.journal import Journal

log = logging.getLogger(__name__)


class Drain:
    """Settles updates of any door, in the order in which they arrived."""

    def __init__(self, journal: Journal, coach: Coach, *, exports: Path) -> None:
        self._journal = journal
        self._coach = coach
        self._exports = exports

    async def drain(
        self, door: str, bot_id: int, chat_id: int, parse: Callable[[Pending], Awaitable[Turn]]
    ) -> int:
        """Settles everything that waits in one chat.

        Returns:
            How many updates were settled.
        """
        settled = 0
        while pending := await list_pending(self._journal, bot_id, chat_id):
            settled += await self._settle(door, pending[0], await parse(pending[0]))
        return settled

    async def _settle(self, door: str, pending: Pending, turn: Turn) -> bool:
        try:
            answer = await self._coach.reply_to(turn)
        except Exception as error:  # noqa: BLE001  # one update that cannot be answered must not block those behind it
            log.error("update %s failed: %s", pending.seq, type(error).__name__)  # noqa: TRY400  # a traceback may quote a diary
            return await self._set_aside(door, pending, turn, type(error).__name__)
        draft = await self._with_export(answer.reply.draft, turn)
        async with self._journal.begin() as tx:
            if not await settle(tx, [pending.seq]):
                return False
            await self._write(tx, door, pending, turn, answer, draft)
            await tx.commit()
        return True

    async def _write(
        self,
        tx: Any,
        door: str,
        pending: Pending,
        turn: Turn,
        answer: Answer,
        draft: Draft,  # Transaction
    ) -> None:
        origin = f"u{pending.bot_id}:{pending.update_id}"
        said_id = await tx.record_said(turn, origin=origin, safety=answer.safety, lenses=answer.lenses)
        for effect in draft.effects:
            if receipt := await apply(tx, turn, effect):
                draft = replace(draft, parts=(*draft.parts, Said(receipt)))
        gone = any(isinstance(effect, ForgetMessages) and effect.all_of_it for effect in draft.effects)
        reply_id = None
        if not gone:
            reply_id = await tx.record_reply(turn, draft, said_id=said_id, origin=f"{origin}:0")
        await queue(tx, self._outgoing(door, pending, turn, draft, reply_id, gone=gone))

    @staticmethod
    def _outgoing(
        door: str, pending: Pending, turn: Turn, draft: Draft, reply_id: int | None, *, gone: bool
    ) -> Outgoing:
        return Outgoing(
            key=f"u{pending.bot_id}:{pending.update_id}:0",
            door=door,
            bot_id=pending.bot_id,
            chat_id=pending.chat_id,
            kind=draft.kind.value,
            payload={
                "text": draft.text,
                "choices": [{"label": choice.label, "data": choice.data} for choice in draft.choices],
            },
            user_id=None if gone else turn.user_id,
            reply_id=reply_id,
        )

    async def _with_export(self, draft: Draft, turn: Turn) -> Draft:
        if not any(isinstance(effect, SendExport) for effect in draft.effects):
            return draft
        path = await export_user(self._journal, turn.user_id, self._exports, turn.now)
        return replace(draft, parts=(*draft.parts, Said(text("export.done", turn.language, path=path))))

    async def _set_aside(self, door: str, pending: Pending, turn: Turn, why: str) -> bool:
        """Counts the try; the last one stores what was said, unanswered, and tells the person so."""
        async with self._journal.begin() as tx:
            dead = await mark_failed(tx, pending.seq, why=why)
            if dead:
                origin = f"u{pending.bot_id}:{pending.update_id}"
                await tx.record_said(turn, origin=origin)
                words = text("turn.failed", turn.language)
                await queue(
                    tx,
                    Outgoing(
                        key=f"{origin}:0",
                        door=door,
                        bot_id=pending.bot_id,
                        chat_id=pending.chat_id,
                        kind="failed",
                        payload={"text": words, "choices": []},
                        user_id=turn.user_id,
                    ),
                )
            await tx.commit()
        return dead
