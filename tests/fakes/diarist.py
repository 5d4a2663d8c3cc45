"""A person who fills a journal the way the doors do: said, answered, settled and sent."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from coaching.model import Channel, Safety, Turn
from coaching.parts import Draft, Part, ReplyKind
from memory.sql.inbox import TERMINAL, list_pending, settle, store_update
from memory.sql.outbox import Outgoing, queue
from memory.sql.tables import InboxRow

if TYPE_CHECKING:
    from datetime import datetime

    from coaching.effects import Effect
    from coaching.model import Language, Lens
    from memory.sql.journal import Journal

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class Diarist:
    """One person at the terminal. Updates are numbered for all of them together, as the terminal does."""

    journal: Journal
    user_id: int
    language: Language = "zh"

    @classmethod
    async def welcome(
        cls, journal: Journal, name: str = "local", *, door: str = "terminal", language: Language = "zh"
    ) -> Diarist:
        async with journal.begin() as tx:
            user_id = await tx.add_user(door, name, language=language, zone="Asia/Shanghai")
            await tx.commit()
        return cls(journal, user_id, language)

    def turn(self, words: str = "", *, at: datetime | None = None, **more: object) -> Turn:
        now = (at or self.journal.clock.now()).astimezone(SHANGHAI)
        turn = Turn(self.user_id, words, self.language, now)
        return replace(turn, **more)  # type: ignore[arg-type]  # the fields of a Turn

    async def says(
        self,
        words: str,
        *,
        at: datetime | None = None,
        command: str | None = None,
        safety: Safety = Safety.NONE,
        lenses: tuple[tuple[Lens, float], ...] = (),
    ) -> int:
        """Stores a line, settled, and gives the message's id."""
        channel = Channel.COMMAND if command else Channel.MESSAGE
        turn = self.turn(words, at=at, command=command, channel=channel)
        number = await self.sends(words)
        async with self.journal.begin() as tx:
            (pending,) = [
                each
                for each in await list_pending(self.journal, TERMINAL, self.user_id)
                if each.update_id == number
            ]
            await settle(tx, [pending.seq])
            message_id = await tx.record_said(turn, origin=f"u0:{number}", safety=safety, lenses=lenses)
            await tx.commit()
        assert message_id is not None
        return message_id

    async def sends(self, words: str) -> int:
        """Stores an update that nobody has thought about yet, and gives its number."""
        async with self.journal.begin() as tx:
            number = 1 + await _count_updates(self.journal)
            await store_update(
                tx,
                bot_id=TERMINAL,
                update_id=number,
                chat_id=self.user_id,
                sender_id=self.user_id,
                raw=json.dumps({"text": words}),
            )
            await tx.commit()
        return number

    async def hears(
        self,
        *parts: Part,
        to: int | None = None,
        kind: ReplyKind = ReplyKind.TURN,
        effects: tuple[Effect, ...] = (),
        at: datetime | None = None,
    ) -> int:
        """Stores the coach's reply to a message, with its outbox row, and gives the reply's id."""
        draft = Draft(kind, self.language, parts, effects=effects)
        turn = self.turn(at=at)
        async with self.journal.begin() as tx:
            reply_id = await tx.record_reply(turn, draft, said_id=to, origin=None)
            await queue(
                tx,
                Outgoing(
                    key=f"reply:{reply_id}",
                    door="terminal",
                    bot_id=TERMINAL,
                    chat_id=self.user_id,
                    kind=kind.value,
                    payload={"text": draft.text, "choices": []},
                    user_id=self.user_id,
                    reply_id=reply_id,
                ),
            )
            await tx.commit()
        return reply_id


async def _count_updates(journal: Journal) -> int:
    async with journal.read() as db:
        return await db.scalar(select(func.count()).select_from(InboxRow)) or 0
