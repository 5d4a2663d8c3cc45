"""A stored update as one of the few things a person can do. Parsing comes after storing, and never before."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from bot.terminal.door import clean_text

if TYPE_CHECKING:
    from memory.sql.inbox import Pending

LONGEST_TAP = 64  # bytes of callback data, which Telegram itself keeps to

_COMMAND = re.compile(r"/([a-z0-9_]{1,32})(?:@(\w{1,64}))?(?:\s+(.*))?", re.IGNORECASE | re.DOTALL)
_KINDS_WITHOUT_WORDS = (
    "sticker", "photo", "poll", "video", "video_note", "animation", "audio", "contact", "dice", "venue",
    "game", "story", "paid_media", "checklist",
)  # fmt: skip


class Malformed(ValueError):
    """The update is not shaped as the Bot API says."""


class Kind(StrEnum):
    """What somebody did."""

    TEXT = "text"
    COMMAND = "command"
    TAP = "tap"
    EDIT = "edit"
    PLACE = "place"
    FILE = "file"
    VOICE = "voice"
    OTHER = "other"  # something that holds no words of theirs: ``what`` names it
    NOTHING = "nothing"  # a line of Telegram's own, such as a pinned message


@dataclass(frozen=True, slots=True)
class SentFile:
    """A document or a sound; ``size`` in bytes, 0 where Telegram does not say, and ``seconds`` of sound."""

    file_id: str
    name: str
    size: int
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Update:
    """One thing somebody did, parsed.

    Attributes:
        pending: the inbox row it came from.
        sent_at: when Telegram got it.
        message_id: Telegram's id of their message; for a tap, of the message with the button.
        text: their words; for a command what follows its name.
        tap: the button's data, with ``tap_id`` to answer it.
        replied_to: Telegram's id of the message they replied to; ``replied`` is its text when it is theirs.
        place: latitude and longitude.
        what: for ``OTHER``, the Bot API's name of it.
    """

    pending: Pending
    kind: Kind
    sender_id: int
    sent_at: datetime
    language_code: str = ""
    message_id: int = 0
    text: str = ""
    command: str = ""
    tap: str = ""
    tap_id: str = ""
    replied_to: int | None = None
    replied: str = ""
    file: SentFile | None = None
    place: tuple[float, float] | None = None
    what: str = ""

    @property
    def seq(self) -> int:
        """Its place in the order of arrival."""
        return self.pending.seq

    @property
    def origin(self) -> str:
        """What names it in the journal."""
        return f"u{self.pending.bot_id}:{self.pending.update_id}"

    @property
    def overtakes(self) -> bool:
        """Taps and /cancel are never behind a slow thought."""
        return self.kind is Kind.TAP or (self.kind is Kind.COMMAND and self.command == "cancel")


def parse(pending: Pending, username: str) -> Update:
    """What somebody did.

    Raises:
        Malformed: no sense can be made of it.
    """
    try:
        raw = _table(json.loads(pending.raw))
        if "callback_query" in raw:
            return _parse_tap(pending, _table(raw["callback_query"]))
        if "edited_message" in raw:
            return _parse_edit(pending, _table(raw["edited_message"]))
        if "message" in raw:
            return _parse_message(pending, _table(raw["message"]), username)
    except (KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError) as error:
        raise Malformed(type(error).__name__) from None
    return Update(pending, Kind.NOTHING, pending.sender_id or 0, pending.received_at)


def _parse_tap(pending: Pending, query: dict[str, Any]) -> Update:
    sender = _table(query["from"])
    data = query.get("data", "")
    return Update(
        pending,
        Kind.TAP,
        _number(sender["id"]),
        pending.received_at,
        language_code=_word(sender.get("language_code", "")),
        message_id=_number(_table(query.get("message") or {"message_id": 0})["message_id"]),
        # a tap without data is an old game's or a foreign one: answered like a button that is gone
        tap=clean_text(_word(data))[:LONGEST_TAP],
        tap_id=_name(query["id"]),
    )


def _parse_edit(pending: Pending, message: dict[str, Any]) -> Update:
    update = _parse_message(pending, message, "")
    if update.kind in (Kind.TEXT, Kind.COMMAND):
        words = clean_text(_word(message.get("text", message.get("caption", ""))))
        return replace(update, kind=Kind.EDIT, text=words, command="")
    # a live location moves on, a poll is voted on: nothing was said
    return replace(update, kind=Kind.NOTHING)


def _parse_message(pending: Pending, message: dict[str, Any], username: str) -> Update:
    sender = _table(message["from"])
    update = Update(
        pending,
        Kind.NOTHING,
        _number(sender["id"]),
        min(datetime.fromtimestamp(_number(message["date"]), UTC), pending.received_at),
        language_code=_word(sender.get("language_code", "")),
        message_id=_number(message["message_id"]),
    )
    update = _with_reply(update, message)
    words = clean_text(_word(message.get("text", message.get("caption", ""))))
    if _is_forwarded(message, update.sender_id):
        return replace(update, kind=Kind.OTHER, what="forwarded")
    if "location" in message:
        place = _table(message["location"])
        return replace(update, kind=Kind.PLACE, place=(float(place["latitude"]), float(place["longitude"])))
    if "document" in message and "animation" not in message:
        return _with_words(
            replace(update, file=_file(_table(message["document"]))), words, username, Kind.FILE
        )
    if "voice" in message:
        sound = _file(_table(message["voice"]))
        return _with_words(replace(update, file=sound), words, username, Kind.VOICE)
    what = next((name for name in _KINDS_WITHOUT_WORDS if name in message), "")
    if words:
        return _with_words(replace(update, what=what), words, username, None)
    if what:
        return replace(update, kind=Kind.OTHER, what=what)
    if "text" in message:  # nothing but what no person types
        return replace(update, kind=Kind.OTHER, what="empty")
    return update


def _with_words(update: Update, words: str, username: str, kind: Kind | None) -> Update:
    """Their words as text or command; ``kind`` stands for a file or a voice message that carries them."""
    match = _COMMAND.fullmatch(words)
    if match and (not match[2] or not username or match[2].lower() == username.lower()):
        text, command = (match[3] or "").strip(), match[1].lower()
        return replace(update, kind=kind or Kind.COMMAND, text=text, command=command)
    return replace(update, kind=kind or Kind.TEXT, text=words)


def _with_reply(update: Update, message: dict[str, Any]) -> Update:
    if "reply_to_message" not in message:
        return update
    original = _table(message["reply_to_message"])
    own = _table(original.get("from", {})).get("id") == update.sender_id
    words = _table(message["quote"]).get("text", "") if "quote" in message else original.get("text", "")
    replied = clean_text(_word(words)) if own else ""
    return replace(update, replied_to=_number(original["message_id"]), replied=replied)


def _is_forwarded(message: dict[str, Any], sender_id: int) -> bool:
    """Whether somebody else wrote it: it must never be quoted as their own words."""
    if "forward_origin" not in message:
        return False
    origin = _table(message["forward_origin"])
    return _table(origin.get("sender_user", {})).get("id") != sender_id


def _file(document: dict[str, Any]) -> SentFile:
    return SentFile(
        _name(document["file_id"]),
        clean_text(_word(document.get("file_name", ""))),
        _number(document.get("file_size", 0)),
        _number(document.get("duration", 0)),
    )


def _table(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("a table was expected")
    return value


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed("a text was expected")
    return value


def _name(value: object) -> str:
    """What Telegram calls a thing, to be said back to it: what cannot travel would look like an outage."""
    name = _word(value)
    if not (name.isascii() and name.isprintable()):
        raise Malformed("a name was expected")
    return name


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise Malformed("a number was expected")
    return value
