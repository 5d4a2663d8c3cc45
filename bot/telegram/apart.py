"""The Telegram door in two parts, for more than one machine: replicas take in, workers think and send.

Both are the one door with some of its parts left out. What one commits the other finds in the database.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import click

from bot.schedule.distributed import Worker
from bot.telegram.app import THINKING_GRACE, TelegramDoor
from bot.telegram.intake import Intake
from memory.sql.leading import lead
from memory.sql.waking import wake

log = logging.getLogger(__name__)

LOOK_AGAIN = timedelta(seconds=0.1)  # between two looks at what other workers queued
A_SECOND = 1.0  # for which Telegram still counts what the sender before this one sent
CLOSING = 0.5  # seconds of the grace in which a worker gives its jobs back


class ReplicaDoor(TelegramDoor):
    """Takes in and ticks; whoever is woken by what it stores thinks and sends."""

    def _make_intake(self) -> Intake:
        return Intake(self._house.journal, self._bot.id, self._gate, lambda _: None, defer=wake)

    async def _think(self) -> None:
        """Not here."""

    async def _send(self) -> None:
        """Not here."""


class WorkerDoor(TelegramDoor):
    """Thinks and ticks; one worker at a time sends, because Telegram counts all of them together."""

    takes = False
    _leads = False

    async def _announce(self) -> None:
        click.echo(f"A worker of @{self._bot.username} is at work.")

    async def _take(self) -> None:
        """Not here."""

    async def _think(self) -> None:
        worker = Worker(
            self._house.journal,
            self._settle,
            lambda bot_id, chat_id: self._chats.wake(chat_id) if bot_id == self._bot.id else None,
            grace=THINKING_GRACE - CLOSING,
        )
        async with asyncio.TaskGroup() as group:
            working = group.create_task(worker.run())
            await self._chats.stopped()
            working.cancel()

    async def _settle(self, bot_id: int, chat_id: int) -> bool:
        if bot_id != self._bot.id:
            log.error("a chat of another bot waits: is OFFRAMP_TELEGRAM_TOKEN the same everywhere?")
            return True
        return await self._chats.settle(chat_id)

    async def _send(self) -> None:
        async with asyncio.TaskGroup() as group:
            leading = group.create_task(
                lead(self._house.journal.engine, f"send:{self._bot.id}", self._send_alone)
            )
            await self._chats.stopped()
            if not self._leads:
                leading.cancel()

    async def _send_alone(self) -> None:
        await asyncio.sleep(A_SECOND)
        self._deliverer = self._make_deliverer(alone=True, look_again=LOOK_AGAIN)
        self._leads = True
        try:
            await self._deliverer.run()
        finally:
            self._leads = False
