"""A reply to an earlier message with the quoted words, so that a tap on it jumps there."""

from __future__ import annotations

from typing import Any

from telegram import ReplyParameters

from bot.telegram.sending.units import furthest, grapheme_ends, utf16_length

LONGEST = 1024  # UTF-16 units


def build_reply(quote: dict[str, Any] | None) -> ReplyParameters | None:
    """The reply for ``{"message_id", "text", "source"}``.

    Args:
        quote: The Telegram message, the quoted words, and its whole text where it is known. Words that do
            not stand in it letter for letter are not quoted; the message is then only replied to.

    Returns:
        None without a message. It is sent without the reply where the person deleted the message.
    """
    if not quote or not quote.get("message_id"):
        return None
    words = str(quote.get("text") or "").strip()
    words = words[: _cut(words)].rstrip()
    source = quote.get("source")
    at = source.find(words) if isinstance(source, str) else 0
    if not words or at < 0:
        return ReplyParameters(int(quote["message_id"]), allow_sending_without_reply=True)
    return ReplyParameters(
        int(quote["message_id"]),
        allow_sending_without_reply=True,
        quote=words,
        # only a hint to Telegram, which searches near it; without the source it searches everywhere
        quote_position=utf16_length(source[:at]) if isinstance(source, str) else None,
    )


def _cut(words: str) -> int:
    end = furthest(words, 0, LONGEST)
    return end if end == len(words) else (grapheme_ends(words, 0, end) or [end])[-1]
