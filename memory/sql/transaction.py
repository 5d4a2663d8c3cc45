"""What may be written, as verbs. A transaction is opened by ``Journal.begin`` and committed out loud."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING, cast

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from coaching.model import Channel, Language, Role, Safety
from memory.sql.rows import parts_json
from memory.sql.tables import (
    DialogueRow,
    IdentityRow,
    IndexOpRow,
    MessageLensRow,
    MessageRow,
    QuoteRow,
    UsedTextRow,
    UserRow,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from coaching.model import Lens, Turn
    from coaching.parts import Draft


class Transaction:
    """One write transaction. ``now`` is its one moment."""

    def __init__(self, session: AsyncSession, now: datetime) -> None:
        self.db = session
        self.now = now

    async def commit(self) -> None:
        """Makes it so."""
        await self.db.commit()

    def insert_once(self, table: type) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that a unique key may turn into nothing, in the database's own dialect."""
        dialect = self.db.get_bind().dialect.name
        return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)

    async def add_user(self, door: str, external_id: str, *, language: Language, zone: str) -> int:
        """The id of the person behind a door's name for them, who is welcomed if they are new."""
        known = await self.find_user_id(door, external_id)
        if known is not None:
            return known
        user = UserRow(
            language=language,
            zone=zone,
            evening=time(21, 0),
            quiet_from=time(22, 30),
            quiet_to=time(8, 0),
            created_at=self.now,
        )
        self.db.add(user)
        await self.db.flush()
        self.db.add(IdentityRow(door=door, external_id=external_id, user_id=user.id, created_at=self.now))
        await self.db.flush()
        return user.id

    async def find_user_id(self, door: str, external_id: str) -> int | None:
        """Who stands behind a door's name for them."""
        return await self.db.scalar(
            select(IdentityRow.user_id).where(
                IdentityRow.door == door, IdentityRow.external_id == external_id
            )
        )

    async def is_there(self, user_id: int) -> bool:
        """Whether this person exists."""
        return await self.db.scalar(select(UserRow.id).where(UserRow.id == user_id)) is not None

    async def language_of(self, user_id: int | None, *, fallback: Language = "en") -> Language:
        """The language this person reads; ``fallback`` for nobody."""
        found = await self.db.scalar(select(UserRow.language).where(UserRow.id == user_id))
        return cast("Language", found) if found else fallback

    async def record_said(
        self,
        turn: Turn,
        *,
        origin: str | None,
        safety: Safety = Safety.NONE,
        lenses: Sequence[tuple[Lens, float]] = (),
        external_id: int | None = None,
    ) -> int | None:
        """Stores what the person said. A replay of the same origin gives the id it has already.

        ``external_id`` is the door's own number for the message.

        Returns:
            The message's id, or None for a tap, which says nothing.
        """
        if turn.channel is Channel.TAP or not (turn.text or turn.command):
            return None
        text = f"/{turn.command} {turn.text}".rstrip() if turn.command else turn.text
        made = await self.db.execute(
            self.insert_once(MessageRow)
            .values(
                user_id=turn.user_id,
                role=Role.USER,
                channel=turn.channel,
                text=text,
                language=turn.language,
                said_at=turn.now,
                said_on=turn.today,
                safety=safety,
                origin=origin,
                external_id=external_id,
                source="",
                dated=True,
            )
            .on_conflict_do_nothing()
            .returning(MessageRow.id)
        )
        message_id = made.scalar()
        if message_id is None:
            return await self.db.scalar(
                select(MessageRow.id).where(MessageRow.user_id == turn.user_id, MessageRow.origin == origin)
            )
        if lenses:
            await self.db.execute(
                insert(MessageLensRow),
                [{"message_id": message_id, "lens": lens.value, "weight": weight} for lens, weight in lenses],
            )
        if turn.channel in (Channel.MESSAGE, Channel.VOICE) and turn.command is None:
            await self.db.execute(
                update(UserRow).where(UserRow.id == turn.user_id).values(language=turn.language)
            )
        # a command is an order, not something on their mind; a crisis message is never brought back
        if turn.command is None and safety is Safety.NONE:
            self.db.add(IndexOpRow(user_id=turn.user_id, message_id=message_id, op="add"))
        return message_id

    async def record_reply(self, turn: Turn, draft: Draft, *, said_id: int | None, origin: str | None) -> int:
        """Stores a reply with its typed parts, whom it quotes and which texts it used up."""
        row = MessageRow(
            user_id=turn.user_id,
            role=Role.COACH,
            channel=Channel.MESSAGE,
            text=draft.text,
            language=draft.language,
            said_at=turn.now,
            said_on=turn.today,
            origin=origin,
            source="",
            reply_to=said_id,
            reply_kind=draft.kind.value,
            parts=parts_json(draft),
        )
        self.db.add(row)
        await self.db.flush()
        quotes = {
            (quote.message_id or said_id, quote.text)
            for quote in draft.quotes
            if quote.commitment_id is None and (quote.message_id or said_id)
        }
        for message_id, words in sorted(quotes, key=str):
            self.db.add(QuoteRow(reply_id=row.id, message_id=message_id, text=words))
        turns = await self.db.scalar(
            update(UserRow)
            .where(UserRow.id == turn.user_id)
            .values(turns=UserRow.turns + 1)
            .returning(UserRow.turns)
        )
        for part in draft.parts:
            for key in filter(None, getattr(part, "key", "").split("+")):
                self.db.add(
                    UsedTextRow(
                        user_id=turn.user_id,
                        kind=type(part).__name__.lower(),
                        key=key,
                        turn=turns,
                        used_on=turn.today,
                    )
                )
        await self.db.flush()
        return row.id

    async def set_dialogue(self, user_id: int, kind: str, state: dict[str, object]) -> None:
        """Remembers where a conversation over several turns stands."""
        await self.end_dialogue(user_id)
        self.db.add(DialogueRow(user_id=user_id, kind=kind, state=state, since=self.now))
        await self.db.flush()

    async def end_dialogue(self, user_id: int) -> None:
        """Forgets it."""
        await self.db.execute(delete(DialogueRow).where(DialogueRow.user_id == user_id))
