"""reply_parameters: which message is answered, and whether it says what is quoted."""

import json
from dataclasses import replace

from tests.fakes.telegram.errors import bad_request
from tests.fakes.telegram.markup import read_formatted
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.records import Message, Quote
from tests.fakes.telegram.text import Entity, Formatted, utf16_length, utf16_slice
from tests.fakes.telegram.world import ChatState, World

MAX_QUOTE_UNITS = 1024
_QUOTED_MARKS = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji"})


def read_reply(world: World, chat: ChatState, params: Params) -> tuple[int | None, Quote | None]:
    """The id of the message a call answers and the quote from it.

    Telegram takes ``quote_position`` as an approximate hint; here it has to be exact, so that a wrong
    count shows.

    Raises:
        ApiError: The message is gone and the call does not allow that, or it never said the quote.
    """
    wish = params.decoded("reply_parameters")
    if wish is None:
        wish = {
            "message_id": params.number("reply_to_message_id"),
            "allow_sending_without_reply": params.flag("allow_sending_without_reply"),
        }
    if not isinstance(wish, dict):
        raise bad_request("Object expected as reply parameters")
    message_id = int(wish.get("message_id") or 0)
    if not message_id:
        return None, None
    original = world.messages.get((chat.id, message_id))
    if original is None:
        if wish.get("allow_sending_without_reply"):
            return None, None
        raise bad_request("message to be replied not found")
    if not wish.get("quote"):
        return message_id, None
    return message_id, _checked_quote(original, Params({key: _as_text(value) for key, value in wish.items()}))


def find_quote(original: Message, quoted: Formatted, position: int | None) -> Quote | None:
    """The quote as a part of the original, marks included; None when it is not there."""
    start = position
    if start is None:
        found = original.text.find(quoted.text)
        if found < 0:
            return None
        start = utf16_length(original.text[:found])
    length = utf16_length(quoted.text)
    if start < 0 or utf16_slice(original.text, start, length) != quoted.text:
        return None
    marks = tuple(mark for mark in quoted.entities if mark.type in _QUOTED_MARKS)
    if set(marks) != set(_marks_within(original.entities, start, length)):
        return None
    return Quote(quoted.text, start, marks)


def _checked_quote(original: Message, params: Params) -> Quote:
    quoted = read_formatted(params, "quote", "quote_parse_mode", "quote_entities")
    position = params.number("quote_position") if "quote_position" in params.values else None
    quote = find_quote(original, quoted, position) if utf16_length(quoted.text) <= MAX_QUOTE_UNITS else None
    if quote is None:
        raise bad_request("QUOTE_TEXT_INVALID")
    return quote


def _marks_within(entities: tuple[Entity, ...], start: int, length: int) -> list[Entity]:
    marks = []
    for entity in entities:
        begin, end = max(entity.offset, start), min(entity.end, start + length)
        if entity.type in _QUOTED_MARKS and begin < end:
            marks.append(replace(entity, offset=begin - start, length=end - begin))
    return marks


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
