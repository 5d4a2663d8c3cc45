"""Every table of the journal. SQL is the truth: whatever else exists can be rebuilt from here."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    Time,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite counts only INTEGER primary keys up by itself; Postgres wants the room of BIGINT.
BigId = BigInteger().with_variant(Integer, "sqlite")

NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python on both databases; SQLite itself has no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class Table(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads this as a plain class attribute
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        str: Text,
    }


def _owner(*, index: bool = False) -> Mapped[int]:
    return mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), index=index)


class UserRow(Table):
    """One person, with what they set."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(64))
    country: Mapped[str | None] = mapped_column(String(8))
    evening: Mapped[time] = mapped_column(Time)
    days: Mapped[str] = mapped_column(String(8), default="1234567")
    quiet_from: Mapped[time] = mapped_column(Time)
    quiet_to: Mapped[time] = mapped_column(Time)
    tone: Mapped[str] = mapped_column(String(16), default="plain")
    model_on: Mapped[bool] = mapped_column(Boolean, default=True)
    paused_until: Mapped[datetime | None]
    crisis_at: Mapped[datetime | None]
    crisis_level: Mapped[str] = mapped_column(String(16), default="none")
    crisis_why: Mapped[str] = mapped_column(String(16), default="")
    turns: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime]


class IdentityRow(Table):
    """How a door knows a person: ``("terminal", "local")``, ``("telegram", "12345")``.

    ``blocked_at``: since when the door refuses what is sent to them; None while it is open.
    """

    __tablename__ = "identities"

    door: Mapped[str] = mapped_column(String(16), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = _owner(index=True)
    created_at: Mapped[datetime]
    blocked_at: Mapped[datetime | None]


class ImportRow(Table):
    """One file that somebody brought, so that it can be taken back."""

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = _owner(index=True)
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    entries: Mapped[int] = mapped_column(Integer, default=0)
    imported_at: Mapped[datetime]


class MessageRow(Table):
    """A stored line.

    ``origin`` names the update it came from, so that a replay stores it once; ``fingerprint`` names an
    imported entry, so that importing a file twice changes nothing. ``external_id`` is the door's own number
    for it (Telegram's message id), so that it can be quoted and edited. ``parts`` holds a reply's parts.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("user_id", "origin"),
        UniqueConstraint("user_id", "fingerprint"),
        Index("ix_messages_user_id_said_at", "user_id", "said_at", "id"),
        Index("ix_messages_user_id_said_on", "user_id", "said_on"),
        Index("ix_messages_user_id_external_id", "user_id", "external_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = _owner()
    role: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(16))
    text: Mapped[str]
    language: Mapped[str] = mapped_column(String(8))
    said_at: Mapped[datetime]
    said_on: Mapped[date] = mapped_column(Date)
    safety: Mapped[str] = mapped_column(String(16), default="none")
    origin: Mapped[str | None] = mapped_column(String(80))
    external_id: Mapped[int | None] = mapped_column(BigInteger)
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    import_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("imports.id", ondelete="CASCADE"), index=True
    )
    source: Mapped[str] = mapped_column(Text, default="")
    dated: Mapped[bool] = mapped_column(Boolean, default=True)  # False: nobody said on which day
    reply_to: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("messages.id", ondelete="SET NULL"), index=True
    )
    reply_kind: Mapped[str | None] = mapped_column(String(24))
    parts: Mapped[dict[str, Any] | None]


class MessageLensRow(Table):
    """A lens that was heard in a message."""

    __tablename__ = "message_lenses"

    message_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    lens: Mapped[str] = mapped_column(String(16), primary_key=True)
    weight: Mapped[float] = mapped_column(Float)


class QuoteRow(Table):
    """A reply that quotes a message: forgetting the message has to take the quote along."""

    __tablename__ = "quotes"

    reply_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    message_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    text: Mapped[str] = mapped_column(Text, primary_key=True)


class UsedTextRow(Table):
    """A text of the playbook this person was given, or a step they declined."""

    __tablename__ = "used_texts"
    __table_args__ = (Index("ix_used_texts_user_id_turn", "user_id", "turn"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = _owner()
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(80))
    turn: Mapped[int] = mapped_column(Integer)
    used_on: Mapped[date] = mapped_column(Date)


class GoalRow(Table):
    """A goal in the person's words; a changed goal ends and the new one names it."""

    __tablename__ = "goals"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = _owner(index=True)
    text: Mapped[str]
    success: Mapped[str] = mapped_column(Text, default="")
    lens: Mapped[str | None] = mapped_column(String(16))
    horizon: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    replaces_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("goals.id", ondelete="SET NULL"))
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("messages.id", ondelete="SET NULL"))


class CommitmentRow(Table):
    """A step promised for a day."""

    __tablename__ = "commitments"
    __table_args__ = (
        Index("ix_commitments_user_id_due_on", "user_id", "due_on"),
        UniqueConstraint("user_id", "origin"),
        CheckConstraint("status IN ('open','done','half','moved','dropped')", name="status"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = _owner()
    text: Mapped[str]
    due_on: Mapped[date] = mapped_column(Date)
    due_time: Mapped[time | None] = mapped_column(Time)
    cue: Mapped[str] = mapped_column(Text, default="")
    minutes: Mapped[int | None] = mapped_column(Integer)
    visible_end: Mapped[str] = mapped_column(Text, default="")
    if_then: Mapped[str] = mapped_column(Text, default="")
    lens: Mapped[str | None] = mapped_column(String(16))
    goal_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("goals.id", ondelete="SET NULL"))
    step_key: Mapped[str] = mapped_column(String(80), default="")
    status: Mapped[str] = mapped_column(String(8), default="open")
    result: Mapped[str] = mapped_column(Text, default="")
    result_on: Mapped[date | None] = mapped_column(Date)
    moved_to: Mapped[int | None] = mapped_column(BigId, ForeignKey("commitments.id", ondelete="SET NULL"))
    origin: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ReviewRow(Table):
    """A week told back."""

    __tablename__ = "reviews"
    __table_args__ = (UniqueConstraint("user_id", "year", "week"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = _owner()
    year: Mapped[int] = mapped_column(Integer)
    week: Mapped[int] = mapped_column(Integer)
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("messages.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class RecordRow(Table):
    """Something a tool keeps: a weighing, a try, a line about themselves, the figures of a runway.

    ``data`` holds the person's words as ``pieces``, each with the message it was said in, and ``facts`` that
    are no words. ``message_id`` is where the first piece was said; ``origin`` makes a replay change nothing.
    """

    __tablename__ = "records"
    __table_args__ = (UniqueConstraint("user_id", "origin"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = _owner()
    kind: Mapped[str] = mapped_column(String(16))
    data: Mapped[dict[str, Any]]
    said_on: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    message_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("messages.id", ondelete="SET NULL"))
    origin: Mapped[str] = mapped_column(String(80))


class DialogueRow(Table):
    """The conversation over several turns that a person is in the middle of, if any."""

    __tablename__ = "dialogues"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    state: Mapped[dict[str, Any]]
    since: Mapped[datetime]


class IndexOpRow(Table):
    """A change that the recall index has not taken in yet. ``op`` is ``add`` or ``remove``."""

    __tablename__ = "index_ops"
    __table_args__ = (Index("ix_index_ops_user_id_id", "user_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId)
    message_id: Mapped[int] = mapped_column(BigId)
    op: Mapped[str] = mapped_column(String(8))


class VectorRow(Table):
    """A message's vector beside the name of its embedder, so that a rebuild is not an encoding.

    A long message is cut into pieces, numbered from 0. ``vector`` is float32, little-endian, unit length;
    empty where the embedder cannot read the text.
    """

    __tablename__ = "vectors"

    message_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    piece: Mapped[int] = mapped_column(Integer, primary_key=True)
    embedder: Mapped[str] = mapped_column(String(200), primary_key=True)
    user_id: Mapped[int] = _owner(index=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class TokensRow(Table):
    """A message's tokens for the lexical leg, space-joined.

    ``digest`` names the text and the tokenizer they were made from; ``asks`` is 1 where the text holds a
    question and 2 where it ends in one.
    """

    __tablename__ = "tokens"

    message_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = _owner(index=True)
    digest: Mapped[str] = mapped_column(String(24))
    asks: Mapped[int] = mapped_column(Integer)
    words: Mapped[str]


class RecallMarkRow(Table):
    """Counts how often a person's index was written, so that another process sees that its own is old."""

    __tablename__ = "recall_marks"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    mark: Mapped[int] = mapped_column(BigInteger)


class TokenUseRow(Table):
    """What one person's answers cost on one UTC day, in tokens of a language model."""

    __tablename__ = "token_use"

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    used_on: Mapped[date] = mapped_column(Date, primary_key=True)
    tokens: Mapped[int] = mapped_column(BigInteger)


class TokenTotalRow(Table):
    """What all answers together cost on one UTC day."""

    __tablename__ = "token_totals"

    used_on: Mapped[date] = mapped_column(Date, primary_key=True)
    tokens: Mapped[int] = mapped_column(BigInteger)


class InboxRow(Table):
    """An update as it arrived: stored before anything is thought about it.

    ``state`` goes from ``new`` to ``done`` or ``dead``; ``raw`` is cleared when it is done.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        Index("ix_inbox_chat_id_state", "chat_id", "state", "seq"),
        # of eight days of updates the few that still wait, or were set aside
        Index(
            "ix_inbox_unsettled",
            "state",
            "received_at",
            sqlite_where=text("state <> 'done'"),
            postgresql_where=text("state <> 'done'"),
        ),
        UniqueConstraint("bot_id", "update_id"),
        CheckConstraint("state IN ('new','done','dead')", name="state"),
    )

    seq: Mapped[int] = mapped_column(BigId, primary_key=True)
    bot_id: Mapped[int] = mapped_column(BigInteger)
    update_id: Mapped[int] = mapped_column(BigInteger)
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    sender_id: Mapped[int | None] = mapped_column(BigInteger)
    raw: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(8), default="new")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    why: Mapped[str] = mapped_column(String(80), default="")
    received_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class DoorRow(Table):
    """A bot as Telegram knows it: when it last answered, and when it came back after more than a day.

    ``secret_turn`` counts how often the webhook's secret was changed; the secret is made from it, not stored.
    """

    __tablename__ = "doors"

    bot_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    polled_at: Mapped[datetime]
    back_at: Mapped[datetime | None]
    secret_turn: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    secret_turned_at: Mapped[datetime | None]


class AccessRow(Table):
    """Whom the operator lets in or keeps out, whatever ALLOWED_USERS says."""

    __tablename__ = "access"

    telegram_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    allowed: Mapped[bool] = mapped_column(Boolean)
    set_at: Mapped[datetime]


class CodeRow(Table):
    """A code that is good once: ``pair`` lets somebody in, ``link`` joins two doors of one person.

    Only its SHA-256 is stored. A used ``pair`` code stays: it says who was let in.
    """

    __tablename__ = "codes"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime | None]
    used_by: Mapped[int | None] = mapped_column(BigInteger)
    used_at: Mapped[datetime | None]


class OutboxRow(Table):
    """Something to be sent.

    ``key`` is unique: ``u{bot_id}:{update_id}:{n}`` for a reply, ``nudge:{user}:{local_date}`` for a nudge.
    ``class_`` is ``must`` (resent when in doubt) or ``may`` (never twice). ``state``: queued, sending,
    sent, unknown, dead. ``doubts`` counts the sends that may have arrived; ``pieces_sent`` the messages of a
    long text that did; ``sent_id`` is the door's id of the last of them. ``why`` is set once a send failed.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_state_next_at", "state", "next_at"),
        Index("ix_outbox_chat_id_state", "chat_id", "state"),
        Index("ix_outbox_user_id_class_sent_at", "user_id", "class", "sent_at"),
        CheckConstraint("state IN ('queued','sending','sent','unknown','dead')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    user_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"))
    door: Mapped[str] = mapped_column(String(16))
    bot_id: Mapped[int] = mapped_column(BigInteger)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(24))
    class_: Mapped[str] = mapped_column("class", String(8), default="must")
    payload: Mapped[dict[str, Any]]
    reply_id: Mapped[int | None] = mapped_column(
        BigId, ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[str] = mapped_column(String(8), default="queued")
    owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    next_at: Mapped[datetime]
    doubts: Mapped[int] = mapped_column(Integer, default=0)
    pieces_sent: Mapped[int] = mapped_column(Integer, default=0)
    why: Mapped[str] = mapped_column(String(80), default="")
    sent_id: Mapped[int | None] = mapped_column(BigInteger)
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class NudgePlanRow(Table):
    """When to write to whom. ``next_due_at`` moves in the transaction that queues the nudge."""

    __tablename__ = "nudge_plan"
    __table_args__ = (Index("ix_nudge_plan_next_due_at", "next_due_at"),)

    user_id: Mapped[int] = mapped_column(BigId, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    local_time: Mapped[time] = mapped_column(Time)
    zone: Mapped[str] = mapped_column(String(64))
    days: Mapped[str] = mapped_column(String(8))
    next_due_at: Mapped[datetime | None]
