"""Groups: one sentence, and leave. A diary is no matter for a group."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from telegram.error import BadRequest, Forbidden

from prompts import text

if TYPE_CHECKING:
    from telegram import Bot


async def leave_group(bot: Bot, chat_id: int) -> None:
    """Says why and goes. Done twice, nothing happens the second time.

    Raises:
        TelegramError: Telegram does not answer; to be tried again.
    """
    # nobody knows who reads it: both languages, in one message
    words = "\n".join(text("telegram.group", language) for language in ("zh", "en"))
    with suppress(BadRequest, Forbidden):  # it may not speak there, or is out already
        await bot.send_message(chat_id, words)
    with suppress(BadRequest, Forbidden):
        await bot.leave_chat(chat_id)
