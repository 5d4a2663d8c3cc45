"""The little of an update that is read before it is stored: ids, and never a word that would be kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")  # all that we ask Telegram for

_BIGGEST = 2**63


@dataclass(frozen=True, slots=True)
class Sketch:
    """Who sent something where, as far as it can be told.

    Attributes:
        update_id: Telegram's number, or None for something that is no update.
        chat_id: positive for a private chat (it is the person's own id), negative for a group or channel.
        sender_id: the person, or None.
        opening: the text of a ``/start``, which may hold a pairing code; empty otherwise.
        standing: for my_chat_member, the bot's new standing (``kicked``, ``member``); empty otherwise.
    """

    update_id: int | None
    chat_id: int | None = None
    sender_id: int | None = None
    opening: str = ""
    standing: str = ""

    @property
    def is_private(self) -> bool:
        """A person alone with the bot: anything else is no place for a diary."""
        return self.sender_id is not None and self.chat_id == self.sender_id

    @property
    def is_group(self) -> bool:
        """A place where others listen."""
        return self.chat_id is not None and self.chat_id < 0


def sketch(update: object) -> Sketch:
    """Reads defensively: whatever the update is made of, this does not fail."""
    if not isinstance(update, dict):
        return Sketch(None)
    update_id = _number(update.get("update_id"))
    kind = next((name for name in KINDS if isinstance(update.get(name), dict)), None)
    if kind is None:
        return Sketch(update_id)
    body: dict[str, Any] = update[kind]
    sender_id = _number(_table(body.get("from")).get("id"))
    holder = _table(body.get("message")) if kind == "callback_query" else body
    chat_id = _number(_table(holder.get("chat")).get("id"))
    words = body.get("text") if kind == "message" else None
    standing = _table(body.get("new_chat_member")).get("status") if kind == "my_chat_member" else None
    return Sketch(
        update_id=update_id,
        # a tap on a message that is too old may come without its chat
        chat_id=sender_id if chat_id is None and kind == "callback_query" else chat_id,
        sender_id=sender_id,
        opening=words if isinstance(words, str) and words.startswith("/start") else "",
        standing=standing if isinstance(standing, str) else "",
    )


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> int | None:
    """A whole number that the database can hold; a bool is none."""
    is_one = isinstance(value, int) and not isinstance(value, bool)
    return value if is_one and -_BIGGEST <= value < _BIGGEST else None  # type: ignore[operator,return-value]  # is_one says so
