"""All chats: each settled in its own order, many at the same time, none waiting for another."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING

from memory.sql.inbox import list_waiting_chats

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.telegram.chat import Chat
    from memory.sql.journal import Journal

log = logging.getLogger(__name__)

SWEEP_SECONDS = 30.0  # between two looks for updates that another process stored
LONGEST_PAUSE = 30.0  # seconds between two tries of a chat during an outage


class Chats:
    """Wakes, settles, and lets go of chats.

    Args:
        journal: whose inbox.
        bot_id: which bot's part of it.
        open_chat: makes the chat with this id.
        settled: told which chat has something to be sent and indexed.
    """

    def __init__(
        self,
        journal: Journal,
        bot_id: int,
        open_chat: Callable[[int], Chat],
        settled: Callable[[int], None],
        *,
        sweep: float = SWEEP_SECONDS,
    ) -> None:
        self._journal = journal
        self._bot_id = bot_id
        self._open_chat = open_chat
        self._settled = settled
        self._sweep = sweep
        self._open: dict[int, Chat] = {}
        self._group: asyncio.TaskGroup | None = None
        self._stopping = asyncio.Event()

    def wake(self, chat_id: int) -> None:
        """Something new is stored for this chat. Before ``run`` nothing happens: its first look finds it."""
        if chat_id in self._open:
            self._open[chat_id].news.set()
        elif self._group is not None and not self._stopping.is_set():
            self._open[chat_id] = chat = self._open_chat(chat_id)
            self._group.create_task(self._settle_all(chat_id, chat))

    async def settle(self, chat_id: int) -> bool:
        """Settles what waits in one chat, for a worker that was woken for it.

        Returns:
            False when it was told to stop before.
        """
        if chat_id in self._open:
            self._open[chat_id].news.set()
        elif not self._stopping.is_set():
            self._open[chat_id] = chat = self._open_chat(chat_id)
            await self._settle_all(chat_id, chat)
        return not self._stopping.is_set()

    async def stopped(self) -> None:
        """Waits until it is told to stop."""
        await self._stopping.wait()

    def stop(self) -> None:
        """Nothing more is begun; ``run`` returns when what is in hand is settled."""
        self._stopping.set()
        for chat in self._open.values():
            chat.news.set()

    async def run(self) -> None:
        """Settles whatever waits, until it is told to stop."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            while not self._stopping.is_set():
                try:
                    for bot_id, chat_id in await list_waiting_chats(self._journal):
                        if bot_id == self._bot_id:
                            self.wake(chat_id)
                except Exception as error:  # noqa: BLE001  # the loop survives a database that is away for a while
                    log.error("the inbox cannot be read: %s", type(error).__name__)  # noqa: TRY400  # a traceback may quote a row
                await self._rest(self._sweep)

    async def _settle_all(self, chat_id: int, chat: Chat) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                if not await chat.step():
                    if chat.news.is_set():
                        continue
                    break
            except Exception as error:  # noqa: BLE001  # nothing is lost: the same updates are there after a pause
                failures += 1
                log.warning("a chat waits out an outage: %s", type(error).__name__)
                longest = min(LONGEST_PAUSE, 0.25 * 2 ** min(failures, 10))
                await self._rest(random.uniform(longest / 2, longest))  # noqa: S311  # spreads tries
            else:
                failures = 0
                self._settled(chat_id)
        del self._open[chat_id]

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
