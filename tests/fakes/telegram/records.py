"""What travels through the fake: users, messages, buttons, and the log of what happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.fakes.telegram.text import Entity


@dataclass(frozen=True)
class User:
    """A person or the bot."""

    id: int
    first_name: str
    is_bot: bool = False
    username: str | None = None
    language_code: str | None = None

    def as_json(self) -> dict[str, Any]:
        optional = {"username": self.username, "language_code": self.language_code}
        present = {name: value for name, value in optional.items() if value}
        return {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name, **present}


@dataclass(frozen=True)
class Button:
    """One inline button; `data` is what a tap on it sends, None for a link."""

    label: str
    data: str | None = None
    url: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"text": self.label, **({"url": self.url} if self.url else {"callback_data": self.data})}


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True)
class Quote:
    """The quoted part of the message that is replied to; `position` in UTF-16 units."""

    text: str
    position: int
    entities: tuple[Entity, ...] = ()

    def as_json(self) -> dict[str, Any]:
        marks = {"entities": [entity.as_json() for entity in self.entities]} if self.entities else {}
        return {"text": self.text, "position": self.position, "is_manual": True, **marks}


@dataclass(frozen=True)
class Message:
    """A message as it stood at one moment; an edit makes a new one.

    Attributes:
        text: The text, or the caption of a file; empty when there is neither.
        content: What else it carries, as the Bot API writes it: ``{"document": {...}}``.
        reply_to: The id of the message it answers.
        sent_at: Seconds since 1970 on the fake's clock; `edited_at` likewise.
        edits: How often it was edited.
        other_markup: A reply markup that is not an inline keyboard, as it was sent.
    """

    chat_id: int
    id: int
    sender: User
    sent_at: float
    text: str = ""
    entities: tuple[Entity, ...] = ()
    keyboard: Keyboard = ()
    content: Mapping[str, Any] = field(default_factory=dict)
    reply_to: int | None = None
    quote: Quote | None = None
    edited_at: float | None = None
    edits: int = 0
    other_markup: Mapping[str, Any] = field(default_factory=dict)

    @property
    def from_bot(self) -> bool:
        return self.sender.is_bot

    @property
    def buttons(self) -> tuple[Button, ...]:
        """All inline buttons, row by row."""
        return tuple(button for row in self.keyboard for button in row)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(button.label for button in self.buttons)


class Happened(StrEnum):
    """The kinds of things a transcript tells."""

    MESSAGE = "message"
    EDIT = "edit"
    DELETION = "deletion"
    TAP = "tap"
    TAP_ANSWER = "tap answer"
    ACTION = "action"
    DRAFT = "draft"
    MEMBERSHIP = "membership"


@dataclass(frozen=True)
class Event:
    """One thing that happened in a chat.

    Attributes:
        who: The name of the one who did it.
        text: A tap's label, a tap answer's words, an action's name, a draft's text, a membership's change.
        message: The message as it was right after, where there is one.
    """

    kind: Happened
    chat_id: int
    at: float
    who: str
    text: str = ""
    message: Message | None = None


@dataclass(frozen=True)
class StoredFile:
    """A file as Telegram keeps it; `size` may be larger than what is really there."""

    id: str
    path: str
    content: bytes = field(repr=False)
    size: int
    name: str
    mime: str

    def as_json(self) -> dict[str, Any]:
        return {"file_id": self.id, "file_unique_id": f"u{self.id}", "file_size": self.size}
