"""Shows a reply while it is still being made, as a draft: Telegram takes it away when the message comes.

An edit would do where drafts are not offered, but what is edited is a message that was sent: a crash would
leave half a reply in the chat, outside the outbox and its promise. So it is a draft, or ``typing…`` alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from telegram.error import TelegramError

if TYPE_CHECKING:
    from telegram import Bot

    from coaching.parts import Draft

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two drafts: as often as Telegram lets a chat be written to
PATIENCE = 2.0  # seconds for one; the reply waits for a draft that is on its way, lest it comes behind it


class Drafting:
    """One reply being shown in one private chat. Implements ``Show``.

    Args:
        bot: who sends.
        chat_id: the chat.
        draft_id: other than 0; drafts with the same id are one that grows.
        every: seconds between two of them.
    """

    def __init__(self, bot: Bot, chat_id: int, draft_id: int, *, every: float = EVERY) -> None:
        self._bot, self._chat_id, self._draft_id = bot, chat_id, draft_id
        self._every = every
        self._text = ""
        self._is_sending = self._is_over = False
        self._news, self._may = asyncio.Event(), asyncio.Event()

    def __call__(self, so_far: Draft, /) -> None:
        """Shows it with the next draft."""
        self._text = so_far.text
        self._news.set()

    def may(self) -> None:
        """Nothing that is said now can belong to what is being answered: from now on it is shown."""
        self._may.set()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Sends drafts while the block runs; what cannot be shown is no error."""
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send())
            try:
                yield
            finally:
                self._is_over = True
                if not self._is_sending:
                    sending.cancel()

    async def _send(self) -> None:
        await self._may.wait()
        while not self._is_over:
            await self._news.wait()
            self._news.clear()
            self._is_sending = True
            try:
                await self._bot.send_message_draft(
                    self._chat_id, self._draft_id, self._text, read_timeout=PATIENCE, connect_timeout=PATIENCE
                )
            except TelegramError as error:  # no drafts here, or too many: the message comes all the same
                log.info("no draft is shown: %s", type(error).__name__)
                return
            finally:
                self._is_sending = False
            if not self._is_over:
                await asyncio.sleep(self._every)
