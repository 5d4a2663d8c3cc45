"""The Telegram door as a whole: intake, chats, delivery and health, until somebody says stop."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
from sqlalchemy.exc import SQLAlchemyError
from telegram.error import InvalidToken, TelegramError

from bot.health import Health
from bot.metrics import Metrics
from bot.schedule.embedded import EVERY, EmbeddedSchedule
from bot.settings import WrongSettings
from bot.telegram.chat import Chat, Manner
from bot.telegram.chats import Chats
from bot.telegram.connecting import connect, count_at_once, open_bot, signals_set, sleep
from bot.telegram.deliver import Deliverer
from bot.telegram.desk import DOOR, Desk
from bot.telegram.intake import Intake, Poller
from bot.telegram.pairing import Gate
from bot.telegram.profile import publish_profile
from bot.telegram.sending.pace import Pace
from bot.telegram.sending.typing import typing
from bot.telegram.sketch import KINDS
from bot.ticks import Ticks
from bot.webhook import Secrets, build_watch_app, build_webhook_app, secret_base, serve
from memory.sql.doors import list_secret_turns
from memory.sql.inbox import drop_settled
from memory.sql.nudges import Post
from memory.sql.outbox import drop_sent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram import Bot

    from bot.settings import Settings
    from bot.wiring import House

log = logging.getLogger(__name__)

THOUGHTS_AT_ONCE = 8
THINKING_GRACE = 2.5  # seconds for what is being thought about when it is told to stop
SENDING_GRACE = timedelta(seconds=2)  # and for what is being sent
KEPT_DAYS = 8  # a settled update, and what was sent; Telegram may begin its numbers anew after seven days
LOOK_AGAIN = timedelta(seconds=2)  # at the outbox, for what a command beside us queued
BEHIND = 0.1  # seconds by which indexing lets the answer go first
TYPING_AFTER = 0.3  # seconds; who answers at once need not say that they are about to


async def run_telegram(
    house: House,
    settings: Settings,
    *,
    manner: Manner | None = None,
    pace: Pace | None = None,
    stop: asyncio.Event | None = None,
    tick_every: timedelta = EVERY,
    open_door: type[TelegramDoor] | None = None,
) -> int:
    """Runs the bot until SIGTERM or SIGINT, and puts everything away within five seconds.

    Args:
        house: the rooms.
        settings: token, base URL, who gets in.
        manner: how long a row of messages is waited for, and how much a minute.
        pace: Telegram's limits on sending.
        stop: ends it as well.
        tick_every: how often it looks whose evening has come.
        open_door: the whole door, or the part of it that this process does (``bot.telegram.apart``).

    Raises:
        WrongSettings: Telegram does not know the token.
    """
    manner = manner or Manner(per_minute=settings.messages_per_minute)
    stop = stop or asyncio.Event()
    open_door = open_door or TelegramDoor
    async with open_bot(settings) as bot:
        with signals_set(stop):
            if await connect(bot, stop):
                door = open_door(house, settings, bot, manner, pace)
                async with EmbeddedSchedule(door.tick, house.clock, every=tick_every):
                    await door.run(stop)
    return 0


class TelegramDoor:
    """Everything of one running bot."""

    takes = True  # takes updates in

    def __init__(self, house: House, settings: Settings, bot: Bot, manner: Manner, pace: Pace | None) -> None:
        self._house, self._settings, self._bot = house, settings, bot
        self._polls = self.takes and not settings.webhook_url
        self._gate = Gate(settings.allowed)
        self._health = Health(house.journal, house.clock, polls=self._polls)
        self._ticks = Ticks(house.journal, house.coach.reply_to, Post(DOOR, bot.id))
        self._pace = pace or Pace(per_second=settings.sends_per_second)
        self._deliverer = self._make_deliverer(alone=self._polls)  # Telegram lets nobody else poll
        files = settings.home / "incoming"
        files.mkdir(mode=0o700, parents=True, exist_ok=True)
        desk = Desk(
            house.journal,
            house.coach,
            house.clock,
            house.listen,
            bot,
            bot.id,
            bot.username,
            files,
            house.transcriber,
        )
        slots = asyncio.Semaphore(THOUGHTS_AT_ONCE)

        def open_chat(chat_id: int) -> Chat:
            return Chat(desk, house.drain, chat_id, manner=manner, typing=self._typing, slots=slots)

        self._chats = Chats(house.journal, bot.id, open_chat, self._settled)
        self._intake = self._make_intake()
        self._to_index: set[int] = set()
        self._index = asyncio.Event()

    async def tick(self, now: datetime) -> None:
        """Queues whose evening has come, and lets what waited for this moment go."""
        await self._ticks.tick(now)
        self._deliverer.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop``."""
        await self._announce()
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send())
            thinking = group.create_task(self._think())
            taking = group.create_task(self._take())
            beside = [
                group.create_task(self._keep_index()),
                group.create_task(self._keep_house()),
            ]
            if self._settings.metrics_port:
                watch = build_watch_app(self._health, Metrics(self._house.journal, self._house.model))
                port = self._settings.metrics_port
                beside.append(group.create_task(serve(watch, self._settings.metrics_host, port)))
            await stop.wait()
            taking.cancel()
            self._ticks.stop()
            self._chats.stop()
            await asyncio.wait((thinking,), timeout=THINKING_GRACE)
            thinking.cancel()  # what is not settled is still in the inbox
            self._deliverer.stop()
            await asyncio.wait((sending,), timeout=SENDING_GRACE.total_seconds() + 0.5)
            for task in (sending, *beside):
                task.cancel()

    async def _announce(self) -> None:
        link = await self._gate.make_link(self._house.journal, self._bot.username)
        click.echo(f"@{self._bot.username} is listening.")
        if link is not None:
            click.echo(f"Nobody may write to it yet. The first who follows this link may:\n{link}")

    # --- its parts, which stand apart past one machine (bot.telegram.apart) ---------------------------------

    def _make_deliverer(self, *, alone: bool, look_again: timedelta = LOOK_AGAIN) -> Deliverer:
        return Deliverer(
            self._house.journal,
            self._bot,
            owner=f"{os.uname().nodename}:{os.getpid()}" if hasattr(os, "uname") else f"pid:{os.getpid()}",
            alone=alone,
            concurrency=count_at_once(self._settings),
            pace=self._pace,
            prepare=self._ticks.prepare,
            look_again=look_again,
            grace=SENDING_GRACE,
        )

    def _make_intake(self) -> Intake:
        return Intake(self._house.journal, self._bot.id, self._gate, self._chats.wake)

    async def _think(self) -> None:
        await self._chats.run()

    async def _send(self) -> None:
        await self._deliverer.run()

    # --- taking in ----------------------------------------------------------------------------------------

    async def _take(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(publish_profile(self._bot))
            group.create_task(self._poll() if self._polls else self._listen())

    async def _poll(self) -> None:
        never = asyncio.Event()
        await self._insist(lambda: self._bot.delete_webhook(drop_pending_updates=False))
        poller = Poller(self._bot, self._intake, self._health, pause=lambda seconds: sleep(seconds, never))
        try:
            await poller.run()
        except InvalidToken:
            raise WrongSettings("OFFRAMP_TELEGRAM_TOKEN: Telegram knows this token no more.") from None

    async def _listen(self) -> None:
        journal, bot_id = self._house.journal, self._bot.id
        secrets = Secrets(secret_base(self._settings), lambda: list_secret_turns(journal, bot_id))
        secret = await secrets.newest()
        path = urlsplit(self._settings.webhook_url).path
        app = build_webhook_app(self._health, self._intake, path=path, secrets=secrets)
        host, _, port = self._settings.webhook_listen.rpartition(":")
        async with asyncio.TaskGroup() as group:
            group.create_task(serve(app, host, int(port)))
            await self._insist(
                lambda: self._bot.set_webhook(
                    self._settings.webhook_url, secret_token=secret, allowed_updates=KINDS, max_connections=40
                )
            )

    async def _insist(self, call: Callable[[], Awaitable[object]]) -> None:
        """Calls until Telegram answers."""
        pause = 0.5
        while True:
            try:
                await call()
            except InvalidToken:
                raise
            except TelegramError as error:
                log.warning("Telegram does not answer: %s", type(error).__name__)
                await sleep(pause, asyncio.Event())
                pause = min(pause * 2, 30.0)
            else:
                return

    # --- behind the answer --------------------------------------------------------------------------------

    def _settled(self, chat_id: int) -> None:
        self._deliverer.wake()
        self._to_index.add(chat_id)
        self._index.set()

    async def _keep_index(self) -> None:
        """Takes what was said into the index, behind the answer."""
        while True:
            await self._index.wait()
            await asyncio.sleep(BEHIND)
            self._index.clear()
            chats, self._to_index = self._to_index, set()
            for chat_id in chats:
                try:
                    user_id = await self._house.journal.find_user_id(DOOR, str(chat_id))
                    if user_id is not None:
                        await self._house.recall.index_pending(user_id)
                except Exception as error:  # noqa: BLE001  # the rows wait in index_ops; answers use the lexical leg
                    log.warning("the index was not written: %s", type(error).__name__)

    async def _keep_house(self) -> None:
        """Once an hour drops what was settled long ago."""
        never = asyncio.Event()
        while True:
            try:
                async with self._house.journal.begin() as tx:
                    before = tx.now - timedelta(days=KEPT_DAYS)
                    await drop_settled(tx, before=before)
                    await drop_sent(tx, before=before)
                    await tx.commit()
            except (SQLAlchemyError, OSError) as error:
                log.warning("what is old was not dropped: %s", type(error).__name__)
            await sleep(3600.0, never)

    @asynccontextmanager
    async def _typing(self, chat_id: int) -> AsyncIterator[None]:
        """Says that it is typing, if it takes longer than a blink."""
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(self._type(chat_id))
            try:
                yield
            finally:
                showing.cancel()

    async def _type(self, chat_id: int) -> None:
        never = asyncio.Event()
        await sleep(TYPING_AFTER, never)
        async with typing(self._bot, chat_id, every=4.0):
            await never.wait()
