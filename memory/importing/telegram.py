"""A chat exported by Telegram Desktop (``result.json``): what the person wrote in it, with its dates.

The format is described at https://core.telegram.org/import-export. An export of one chat says who the other
one is, an export of everything says who the person is; both leave no guess about who wrote a message.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeGuard

from memory.importing.decoding import clean, decode
from memory.importing.problems import GroupChats, ImportProblem, NotAnExport, UnknownSender

_TWO_PEOPLE = frozenset({"personal_chat", "saved_messages", "bot_chat"})


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the person's own.

    Attributes:
        text: its words, or the words below a picture.
        on: the day, in the zone of the computer that made the export.
        at: the moment, aware, in UTC; None in exports from before 2022.
        chat: the name of the chat.
    """

    text: str
    on: date | None
    at: datetime | None
    chat: str


@dataclass(frozen=True, slots=True)
class Export:
    """The person's own messages in order, and notes about what was left out."""

    said: tuple[Said, ...]
    notes: tuple[ImportProblem, ...] = ()


def read_telegram(data: bytes) -> Export:
    """Reads an export of one chat or of everything.

    Forwarded messages are somebody else's words and are left out; so are service messages, groups and
    channels.

    Raises:
        NotText: it is not text.
        NotAnExport: it is not JSON, or not such an export.
        UnknownSender: nothing tells the person from the other one.
    """
    try:
        export = json.loads(decode(data).text, strict=False)
    except (ValueError, RecursionError):
        raise NotAnExport from None
    chats = _list_chats(export)
    if not chats:
        raise NotAnExport
    me = _own_id(export)
    said: list[Said] = []
    notes: list[ImportProblem] = []
    groups = unknown = 0
    for chat in chats:
        if chat.get("type") not in _TWO_PEOPLE:
            groups += 1
            continue
        mine = _list_own(chat, me)
        if mine is None:
            unknown += 1
        else:
            said += mine
    if unknown and not said:
        raise UnknownSender
    if groups:
        notes.append(GroupChats(count=groups))
    if unknown:
        notes.append(UnknownSender(count=unknown))
    return Export(tuple(said), tuple(notes))


def _list_chats(export: object) -> list[dict[str, Any]]:
    if not isinstance(export, dict):
        return []
    found: list[object] = []
    if isinstance(export.get("messages"), list):
        found.append(export)
    for part in ("chats", "left_chats"):
        chats = export.get(part)
        if isinstance(chats, dict) and isinstance(chats.get("list"), list):
            found += chats["list"]
    return [chat for chat in found if _is_chat(chat)]


def _is_chat(chat: object) -> TypeGuard[dict[str, Any]]:
    return (
        isinstance(chat, dict)
        and isinstance(chat.get("type"), str)
        and isinstance(chat.get("messages"), list)
    )


def _own_id(export: dict[str, Any]) -> str:
    information = export.get("personal_information")
    return _plain_id(information.get("user_id")) if isinstance(information, dict) else ""


def _list_own(chat: dict[str, Any], me: str) -> list[Said] | None:
    """The person's messages in a chat of two; None when it cannot be told which they are."""
    messages = [
        message
        for message in chat["messages"]
        if isinstance(message, dict) and message.get("type") == "message"
    ]
    senders = {_plain_id(message.get("from_id")) for message in messages} - {""}
    everything_is_mine = chat["type"] == "saved_messages"
    other = _plain_id(chat.get("id"))
    if not (everything_is_mine or me or other in senders):
        # Before 2021 chats and people were numbered differently; the chat still bears the other one's name.
        named = {
            _plain_id(message.get("from_id"))
            for message in messages
            if message.get("from") == chat.get("name")
        }
        if len(named) > 1 or (len(senders) > 1 and not named):
            return None
        other = next(iter(named), other)
    own = []
    for message in messages:
        sender = _plain_id(message.get("from_id"))
        is_mine = everything_is_mine or (sender == me if me else sender not in {"", other})
        if is_mine and "forwarded_from" not in message:
            text = _join(message.get("text")).strip()
            if text:
                own.append(Said(text, _read_date(message.get("date")), _read_moment(message), _name(chat)))
    return own


def _plain_id(value: object) -> str:
    """``user123`` in newer exports and ``123`` in older ones are the same person."""
    return str(value).removeprefix("user") if isinstance(value, str | int) else ""


def _name(chat: dict[str, Any]) -> str:
    name = chat.get("name")
    return " ".join(clean(name).split())[:200] if isinstance(name, str) else ""


def _join(text: object) -> str:
    """A message's text, which is a string or a list of strings and of marked parts."""
    parts = text if isinstance(text, list) else [text]
    words = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return clean("".join(word for word in words if isinstance(word, str)))


def _read_date(value: object) -> date | None:
    try:
        return datetime.fromisoformat(value).date() if isinstance(value, str) else None
    except ValueError:
        return None


def _read_moment(message: dict[str, Any]) -> datetime | None:
    value = message.get("date_unixtime")
    try:
        return datetime.fromtimestamp(int(value), UTC) if isinstance(value, str | int) else None
    except (ValueError, OverflowError, OSError):
        return None
