"""The Telegram door as a whole: intake, chats, delivery and health, until somebody says stop."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.health import Health
from bot.schedule.embedded import EVERY, EmbeddedSchedule
from bot.settings import WrongSettings
from bot.telegram.chat import Chat, Manner
from bot.telegram.chats import Chats
from bot.telegram.deliver import Deliverer
from bot.telegram.desk import DOOR, Desk
from bot.telegram.intake import Intake, Poller
from bot.telegram.pairing import Gate
from bot.telegram.profile import publish_profile
from bot.telegram.sending.request import TelegramRequest
from bot.telegram.sending.typing import typing
from bot.telegram.sketch import KINDS
from bot.ticks import Ticks
from bot.webhook import build_health_app, build_webhook_app, derive_secret, serve
from memory.sql.inbox import drop_settled
from memory.sql.nudges import Post
from memory.sql.outbox import drop_sent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.settings import Settings
    from bot.telegram.sending.pace import Pace
    from bot.wiring import House

log = logging.getLogger(__name__)

THOUGHTS_AT_ONCE = 8
CONNECTIONS = 16
THINKING_GRACE = 2.5  # seconds for what is being thought about when it is told to stop
SENDING_GRACE = timedelta(seconds=2)  # and for what is being sent
KEPT_DAYS = 8  # a settled update, and what was sent; Telegram may begin its numbers anew after seven days
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
) -> int:
    """Runs the bot until SIGTERM or SIGINT, and puts everything away within five seconds.

    Args:
        house: the rooms.
        settings: token, base URL, who gets in.
        manner: how long a row of messages is waited for, and how much a minute.
        pace: Telegram's limits on sending.
        stop: ends it as well.
        tick_every: how often it looks whose evening has come.

    Raises:
        WrongSettings: Telegram does not know the token.
    """
    manner = manner or Manner(per_minute=settings.messages_per_minute)
    stop = stop or asyncio.Event()
    async with open_bot(settings) as bot:
        with _signals_set(stop):
            if await _connect(bot, stop):
                door = _TelegramDoor(house, settings, bot, manner, pace)
                async with EmbeddedSchedule(door.tick, house.clock, every=tick_every):
                    await door.run(stop)
    return 0


@asynccontextmanager
async def open_bot(settings: Settings) -> AsyncIterator[Bot]:
    """The bot, not yet connected; its connections are closed in the end."""
    base = settings.telegram_base_url.rstrip("/")
    trust = ssl.create_default_context()
    bot = Bot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=TelegramRequest(CONNECTIONS, trust=trust),
        get_updates_request=TelegramRequest(trust=trust),
    )
    try:
        yield bot
    finally:
        await bot.shutdown()


@contextmanager
def _signals_set(stop: asyncio.Event) -> Iterator[None]:
    """SIGTERM and SIGINT set the event, while the block runs."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    with suppress(NotImplementedError):  # Windows has none; Ctrl-C cancels the program there
        for each in signals:
            loop.add_signal_handler(each, stop.set)
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            for each in signals:
                loop.remove_signal_handler(each)


async def _connect(bot: Bot, stop: asyncio.Event) -> bool:
    """Asks Telegram who we are, for as long as it takes; False when it is told to stop before."""
    pause = 0.5
    while not stop.is_set():
        try:
            await bot.initialize()
        except InvalidToken:
            raise WrongSettings(
                "OFFRAMP_TELEGRAM_TOKEN: Telegram does not know this token; @BotFather has the right one."
            ) from None
        except TelegramError as error:
            log.warning("Telegram does not answer yet: %s", type(error).__name__)
            await _sleep(pause, stop)
            pause = min(pause * 2, 30.0)
        else:
            return True
    return False


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


class _TelegramDoor:
    """Everything of one running bot."""

    def __init__(self, house: House, settings: Settings, bot: Bot, manner: Manner, pace: Pace | None) -> None:
        self._house, self._settings, self._bot = house, settings, bot
        self._polls = not settings.webhook_url
        self._gate = Gate(settings.allowed)
        self._health = Health(house.journal, house.clock, polls=self._polls)
        self._ticks = Ticks(house.journal, house.coach.reply_to, Post(DOOR, bot.id))
        self._deliverer = Deliverer(
            house.journal,
            bot,
            owner=f"{os.uname().nodename}:{os.getpid()}" if hasattr(os, "uname") else f"pid:{os.getpid()}",
            alone=self._polls,  # Telegram lets nobody else poll
            pace=pace,
            prepare=self._ticks.prepare,
            grace=SENDING_GRACE,
        )
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
        self._intake = Intake(house.journal, bot.id, self._gate, self._chats.wake)
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
            sending = group.create_task(self._deliverer.run())
            thinking = group.create_task(self._chats.run())
            taking = group.create_task(self._take())
            beside = [
                group.create_task(self._keep_index()),
                group.create_task(self._keep_house()),
                group.create_task(publish_profile(self._bot)),
            ]
            if self._settings.metrics_port and self._polls:
                health = build_health_app(self._health)
                beside.append(group.create_task(serve(health, "127.0.0.1", self._settings.metrics_port)))
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
        print(f"@{self._bot.username} is listening.", flush=True)  # noqa: T201  # the command's page
        if link is not None:
            print(f"Nobody may write to it yet. The first who follows this link may:\n{link}", flush=True)  # noqa: T201  # as above

    # --- taking in ----------------------------------------------------------------------------------------

    async def _take(self) -> None:
        if self._polls:
            await self._poll()
        else:
            await self._listen()

    async def _poll(self) -> None:
        never = asyncio.Event()
        await self._insist(lambda: self._bot.delete_webhook(drop_pending_updates=False))
        poller = Poller(self._bot, self._intake, self._health, pause=lambda seconds: _sleep(seconds, never))
        try:
            await poller.run()
        except InvalidToken:
            raise WrongSettings("OFFRAMP_TELEGRAM_TOKEN: Telegram knows this token no more.") from None

    async def _listen(self) -> None:
        token = self._settings.telegram_token.get_secret_value()
        secret = self._settings.webhook_secret.get_secret_value() or derive_secret(token)
        path = urlsplit(self._settings.webhook_url).path
        app = build_webhook_app(self._health, self._intake, path=path, secret=secret)
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
                await _sleep(pause, asyncio.Event())
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
            await _sleep(3600.0, never)

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
        await _sleep(TYPING_AFTER, never)
        async with typing(self._bot, chat_id, every=4.0):
            await never.wait()
