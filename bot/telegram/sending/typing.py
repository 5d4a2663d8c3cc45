"""Shows "typing…" while the coach thinks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from telegram.constants import ChatAction
from telegram.error import TelegramError

if TYPE_CHECKING:
    from telegram import Bot

EVERY = 4.5  # seconds; Telegram takes the line away after five


@asynccontextmanager
async def typing(bot: Bot, chat_id: int, *, every: float = EVERY) -> AsyncIterator[None]:
    """Keeps "typing…" in the chat until the block is left. What cannot be shown is no error."""
    failed: Exception | None = None
    async with asyncio.TaskGroup() as group:
        showing = group.create_task(_show(bot, chat_id, every))
        try:
            yield
        except Exception as error:  # noqa: BLE001  # raised below: a task group would wrap it
            failed = error
        finally:
            showing.cancel()
    if failed:
        raise failed


async def _show(bot: Bot, chat_id: int, every: float) -> None:
    never = asyncio.Event()
    while True:
        with suppress(TelegramError):
            await bot.send_chat_action(chat_id, ChatAction.TYPING)
        with suppress(TimeoutError):
            async with asyncio.timeout(every):
                await never.wait()
