"""Sends what waits in the outbox: many chats at once, one message of a chat after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.telegram.sending.pace import Pace
from bot.telegram.sending.row import DEADLINE, DOOR, SPARE, Prepare, RowSender
from memory.sql.claims import Claimed, Work, claim_due, find_work, settle_orphans

if TYPE_CHECKING:
    from telegram import Bot

    from memory.sql.journal import Journal

log = logging.getLogger(__name__)


class Deliverer:
    """One bot's sender. ``run`` until ``stop``; ``wake`` after queueing something.

    Args:
        journal: Where the outbox is; its clock tells the time.
        bot: Initialised, with a ``TelegramRequest`` of at least ``concurrency`` connections.
        owner: The name of this sender, unlike that of any other.
        alone: No other process sends for this bot, so what an earlier run left half done is settled at once.
        concurrency: Most messages on their way at the same time, each to another chat.
        pace: Telegram's limits.
        prepare: Asked about each nudge right before it is sent: ``Ticks.prepare``.
        look_again: Most time between two looks at the outbox, for rows that another process queued.
        grace: Time for what is on its way when it is told to stop.
    """

    def __init__(
        self,
        journal: Journal,
        bot: Bot,
        *,
        owner: str,
        alone: bool = False,
        concurrency: int = 8,
        pace: Pace | None = None,
        prepare: Prepare | None = None,
        look_again: timedelta = timedelta(seconds=2),
        grace: timedelta = timedelta(seconds=4),
    ) -> None:
        self._journal = journal
        self._bot_id = bot.id
        self._owner = owner
        self._alone = alone
        self._concurrency = concurrency
        self._pace = pace or Pace()
        self._sender = RowSender(journal, bot, self._pace, prepare)
        self._look_again = look_again
        self._grace = grace
        self._in_hand: dict[int, Claimed] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._awake = asyncio.Event()
        self._told = False  # that there is something: looking first would only cost time
        self._stopping = False

    def wake(self) -> None:
        """Something was queued."""
        self._told = True
        self._awake.set()

    def stop(self) -> None:
        """Nothing more is begun; ``run`` returns when what is on its way arrived, or ``grace`` is over."""
        self._stopping = self._sender.stopping = True
        self._awake.set()

    async def run(self) -> None:
        """Sends until it is told to stop. What is cut off by then is settled at the next start."""
        async with asyncio.TaskGroup() as group:
            while not self._stopping:
                self._awake.clear()
                try:
                    wait = await self._begin_due(group)
                except Exception as error:  # noqa: BLE001  # the loop survives a database that is away for a while
                    log.error("the outbox cannot be read: %s", type(error).__name__)  # noqa: TRY400  # a traceback may quote a row
                    wait = self._look_again
                await self._rest(wait)
            await self._let_go()

    async def deliver_due(self) -> None:
        """Sends everything that is due at this moment, and returns when it arrived or failed."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._awake.clear()
                if await self._begin_due(group) <= timedelta():
                    continue
                if self._in_hand:
                    await self._awake.wait()
                elif not self._awake.is_set():  # nothing arrived while we looked
                    return

    async def _begin_due(self, group: asyncio.TaskGroup) -> timedelta:
        """Begins what can be begun.

        Returns:
            How long there will be nothing more to begin, as far as is known; zero to ask again at once.
        """
        now = self._journal.clock.now()
        if down_until := self._sender.outage.find_end(now):
            return down_until - now
        told, self._told = self._told, False
        work = Work(due=True, orphaned=False, next_at=None)
        if not told:
            work = await find_work(self._journal, DOOR, self._bot_id, in_hand=self._in_hand)
        if work.orphaned or self._alone:
            await self._settle_orphans()
            return timedelta()
        wait = self._look_again if work.next_at is None else work.next_at - now
        slots = self._concurrency - len(self._in_hand)
        if not work.due or slots <= 0:
            return wait
        if full_until := self._pace.find_room(now):
            return full_until - now
        resting = self._pace.list_resting(now)
        claimed = await self._claim(min(slots, self._pace.count_room(now)), resting)
        for row in claimed:
            self._pace.take(row.chat_id, now)
            self._in_hand[row.id] = row
            task = group.create_task(self._deliver(row))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if claimed or told:
            return timedelta()
        return min([wait, *(until - now for until in resting.values())])

    async def _claim(self, limit: int, resting: Iterable[int]) -> tuple[Claimed, ...]:
        async with self._journal.begin() as tx:
            claimed = await claim_due(
                tx,
                DOOR,
                self._bot_id,
                owner=self._owner,
                lease=DEADLINE + SPARE,
                limit=limit,
                # a chat has one message on its way, even where a lease ran out meanwhile
                resting={*resting, *(row.chat_id for row in self._in_hand.values())},
            )
            await tx.commit()
        return claimed

    async def _settle_orphans(self) -> None:
        async with self._journal.begin() as tx:
            lost = await settle_orphans(tx, DOOR, self._bot_id, alone=self._alone, in_hand=self._in_hand)
            await tx.commit()
        self._alone = False  # from here on, what is in ``sending`` is ours
        if lost:
            log.warning("%s messages were on their way when their sender stopped", lost)

    async def _rest(self, wait: timedelta) -> None:
        if wait <= timedelta():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(min(wait, self._look_again).total_seconds()):
                await self._awake.wait()

    async def _let_go(self) -> None:
        """Waits for what is on its way, and cuts off what takes too long: it stays in ``sending``."""
        try:
            async with asyncio.timeout(self._grace.total_seconds()):
                while self._in_hand:
                    self._awake.clear()
                    await self._awake.wait()
        except TimeoutError:
            log.warning("%s messages were cut off", len(self._in_hand))
            for task in self._tasks:
                task.cancel()

    async def _deliver(self, row: Claimed) -> None:
        try:
            await self._sender.send(row)
        except Exception as error:  # noqa: BLE001  # one row must not end the sending; its lease decides about it
            log.error("outbox %s was left in doubt: %s", row.id, type(error).__name__)  # noqa: TRY400  # a traceback may quote it
        finally:
            del self._in_hand[row.id]
            self._awake.set()
