"""The journal: everything said and promised, in SQL, which is the truth.

Reading needs no ceremony. Writing is said out loud, and leaving without the commit rolls back:
``async with journal.begin() as tx: …; await tx.commit()``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from coaching.model import (
    Channel,
    Commitment,
    Dialogue,
    EarlierOffer,
    Goal,
    Language,
    Lens,
    Message,
    Record,
    Role,
    Safety,
    Scene,
    Used,
    User,
)
from memory.errors import NotStored, UnknownPerson
from memory.sql.engine import WRITING
from memory.sql.offers import find_earlier, find_open, find_taken
from memory.sql.records import record_from
from memory.sql.rows import commitment_from, goal_from, message_from, user_from
from memory.sql.tables import (
    CommitmentRow,
    DialogueRow,
    GoalRow,
    IdentityRow,
    MessageLensRow,
    MessageRow,
    QuoteRow,
    RecordRow,
    UsedTextRow,
    UserRow,
)
from memory.sql.transaction import Transaction

if TYPE_CHECKING:
    from coaching.ports import Clock

RECENT_MESSAGES = 12
TURNS_REMEMBERED = 60  # longer than any text must rest before it may be used again
LEFTOVER_DAYS = 14


class Journal:
    """One database, many people. Implements ``coaching.ports.SceneReader``."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        # Postgres shows each statement what is committed by then, in a transaction or not, so a read needs
        # none; without it, it takes one round trip and not three.
        at_once = engine.dialect.name == "postgresql"
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT") if at_once else engine

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        """A write transaction; what is not committed is rolled back."""
        async with self.engine.connect() as plain:
            connection = await plain.execution_options(**WRITING)
            async with AsyncSession(connection, expire_on_commit=False, autoflush=False) as session:
                tx = Transaction(session, self.clock.now())
                await session.begin()
                # the lock is taken now, not at the first write
                await session.connection()
                yield tx

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """For reading only. On SQLite it is one consistent view, on Postgres one for each statement."""
        async with AsyncSession(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    async def find_user_id(self, door: str, external_id: str) -> int | None:
        """Who stands behind a door's own name for them."""
        async with self.read() as db:
            return await db.scalar(
                select(IdentityRow.user_id).where(
                    IdentityRow.door == door, IdentityRow.external_id == external_id
                )
            )

    async def find_user(self, door: str, external_id: str) -> User | None:
        """The person behind a door's own name for them."""
        async with self.read() as db:
            row = await db.scalar(
                select(UserRow)
                .join(IdentityRow, IdentityRow.user_id == UserRow.id)
                .where(IdentityRow.door == door, IdentityRow.external_id == external_id)
            )
        return user_from(row) if row is not None else None

    async def load_user(self, user_id: int) -> User:
        """One person.

        Raises:
            UnknownPerson: nobody has this id.
        """
        async with self.read() as db:
            row = await db.get(UserRow, user_id)
        if row is None:
            raise UnknownPerson
        return user_from(row)

    async def load_message(self, user_id: int, message_id: int) -> Message:
        """One of this person's own stored lines.

        Raises:
            NotStored: it is not there, or not theirs.
        """
        async with self.read() as db:
            row = await db.get(MessageRow, message_id)
        if row is None or row.user_id != user_id:
            raise NotStored
        return message_from(row)

    async def find_message(self, user_id: int, message_id: int) -> Message | None:
        """One of this person's own stored lines, or None when it is not there or not theirs."""
        try:
            return await self.load_message(user_id, message_id)
        except NotStored:
            return None

    async def find_last_said(self, user_id: int) -> Message | None:
        """The last thing they said that was not a command."""
        async with self.read() as db:
            row = await db.scalar(
                select(MessageRow)
                .where(
                    MessageRow.user_id == user_id,
                    MessageRow.role == Role.USER,
                    MessageRow.channel != Channel.COMMAND,
                    MessageRow.import_id.is_(None),
                )
                .order_by(MessageRow.id.desc())
                .limit(1)
            )
        return message_from(row) if row else None

    async def find_last_quote(self, user_id: int) -> tuple[int, str] | None:
        """The message that the coach's newest reply quoted from before, and the words of the quote."""
        async with self.read() as db:
            reply = await db.scalar(
                select(MessageRow)
                .where(MessageRow.user_id == user_id, MessageRow.role == Role.COACH)
                .order_by(MessageRow.id.desc())
                .limit(1)
            )
            if reply is None:
                return None
            quoted = await db.scalars(
                select(QuoteRow)
                .where(QuoteRow.reply_id == reply.id, QuoteRow.message_id != func.coalesce(reply.reply_to, 0))
                .order_by(QuoteRow.message_id.desc())
            )
            # of several the one that leads the reply
            row = min(
                quoted, key=lambda each: reply.text.find(each.text) % (len(reply.text) + 1), default=None
            )
        return (row.message_id, row.text) if row else None

    async def load_scene(self, user_id: int, now: datetime) -> Scene:
        """What the coach needs for one reply, in a handful of indexed reads.

        Raises:
            UnknownPerson: nobody has this id.
        """
        async with self.read() as db:
            row = await db.get(UserRow, user_id)
            if row is None:
                raise UnknownPerson
            user = user_from(row)
            since = now.astimezone(user.tz).date() - timedelta(days=LEFTOVER_DAYS)
            goals = await db.scalars(
                select(GoalRow)
                .where(GoalRow.user_id == user_id, GoalRow.ended_at.is_(None))
                .order_by(GoalRow.id)
            )
            commitments = await db.scalars(
                select(CommitmentRow)
                .where(
                    CommitmentRow.user_id == user_id,
                    CommitmentRow.due_on >= since,
                )
                .order_by(CommitmentRow.due_on, CommitmentRow.id)
            )
            recent = list(
                await db.scalars(
                    select(MessageRow)
                    .where(MessageRow.user_id == user_id, MessageRow.import_id.is_(None))
                    .order_by(MessageRow.id.desc())
                    .limit(RECENT_MESSAGES)
                )
            )
            oldest = row.turns - TURNS_REMEMBERED
            used = await db.execute(  # hundreds of them: columns cost a third of what rows of the model do
                select(UsedTextRow.kind, UsedTextRow.key, UsedTextRow.turn, UsedTextRow.used_on).where(
                    UsedTextRow.user_id == user_id,
                    or_(UsedTextRow.turn > oldest, UsedTextRow.kind == "declined"),
                )
            )
            texts = [Used(kind, key, row.turns - turn, used_on) for kind, key, turn, used_on in used]
            dialogue = await db.get(DialogueRow, user_id)
            promised = list(commitments)
            refused = frozenset(each.key for each in texts if each.kind == "declined")
            offered = find_open(recent, promised, refused)
            if offered is not None and offered.due_on < since:  # back after a long while
                offered = None if await find_taken(db, user_id, offered.reply_id) else offered
            return Scene(
                user=user,
                goals=tuple(goal_from(goal) for goal in goals),
                plan=tuple(commitment_from(commitment) for commitment in promised),
                recent=tuple(message_from(message) for message in reversed(recent)),
                used=tuple(each for each in texts if each.turn < TURNS_REMEMBERED),
                declined=refused,
                dialogue=Dialogue(dialogue.kind, dialogue.state, dialogue.since) if dialogue else None,
                offered=offered,
                turns=row.turns,
            )

    async def find_offer(self, user_id: int, reply_id: int) -> EarlierOffer | None:
        """The step that one of the coach's replies offered and what became of it; None without a step."""
        user = await self.load_user(user_id)
        async with self.read() as db:
            return await find_earlier(db, user_id, reply_id, user.tz)

    async def list_messages(
        self, user_id: int, *, since: date, until: date, limit: int = 200
    ) -> tuple[Message, ...]:
        """The person's own words between two local dates, oldest first, crisis messages left out."""
        async with self.read() as db:
            rows = await db.scalars(
                select(MessageRow)
                .where(
                    MessageRow.user_id == user_id,
                    MessageRow.role == Role.USER,
                    MessageRow.safety == Safety.NONE,
                    MessageRow.said_on.between(since, until),
                )
                .order_by(MessageRow.said_at.desc(), MessageRow.id.desc())
                .limit(limit)
            )
            return tuple(message_from(row) for row in reversed(list(rows)))

    async def list_commitments(self, user_id: int, *, since: date, until: date) -> tuple[Commitment, ...]:
        """What was promised for the days between two local dates, both included."""
        async with self.read() as db:
            rows = await db.scalars(
                select(CommitmentRow)
                .where(CommitmentRow.user_id == user_id, CommitmentRow.due_on.between(since, until))
                .order_by(CommitmentRow.due_on, CommitmentRow.id)
            )
            return tuple(commitment_from(row) for row in rows)

    async def list_goals(self, user_id: int, *, ended: bool = False) -> tuple[Goal, ...]:
        """Goals, oldest first; with ``ended`` the history as well."""
        async with self.read() as db:
            query = select(GoalRow).where(GoalRow.user_id == user_id).order_by(GoalRow.id)
            rows = await db.scalars(query if ended else query.where(GoalRow.ended_at.is_(None)))
            return tuple(goal_from(row) for row in rows)

    async def list_records(self, user_id: int, *kinds: str) -> tuple[Record, ...]:
        """What the tools of these kinds keep, oldest first, ended ones included."""
        zone = (await self.load_user(user_id)).tz
        async with self.read() as db:
            rows = await db.scalars(
                select(RecordRow)
                .where(RecordRow.user_id == user_id, RecordRow.kind.in_(kinds))
                .order_by(RecordRow.created_at, RecordRow.id)
            )
            return tuple(record_from(row, zone) for row in rows)

    async def list_said(self, user_id: int, message_ids: tuple[int, ...]) -> tuple[Message, ...]:
        """Those of these messages that are theirs and may be quoted, oldest first."""
        async with self.read() as db:
            rows = await db.scalars(
                select(MessageRow)
                .where(
                    MessageRow.user_id == user_id,
                    MessageRow.id.in_(message_ids),
                    MessageRow.role == Role.USER,
                    MessageRow.safety == Safety.NONE,
                )
                .order_by(MessageRow.id)
            )
            return tuple(message_from(row) for row in rows)

    async def lenses_of(self, message_ids: tuple[int, ...]) -> dict[int, tuple[Lens, ...]]:
        """The lenses heard in each message, strongest first."""
        async with self.read() as db:
            rows = await db.scalars(
                select(MessageLensRow)
                .where(MessageLensRow.message_id.in_(message_ids))
                .order_by(MessageLensRow.weight.desc())
            )
            found: dict[int, tuple[Lens, ...]] = {}
            for row in rows:
                found[row.message_id] = (*found.get(row.message_id, ()), Lens(row.lens))
            return found

    async def count_messages(self, user_id: int | None = None) -> int:
        """How many lines are stored, of one person or of all."""
        async with self.read() as db:
            query = select(func.count()).select_from(MessageRow)
            if user_id is not None:
                query = query.where(MessageRow.user_id == user_id)
            return cast("int", await db.scalar(query))

    async def language_of(self, user_id: int) -> Language:
        """The language this person reads."""
        return (await self.load_user(user_id)).language
