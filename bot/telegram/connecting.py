"""A process at work for one bot: connected to Telegram, until a signal says stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.settings import WrongSettings
from bot.telegram.sending.request import TelegramRequest

if TYPE_CHECKING:
    from bot.settings import Settings

log = logging.getLogger(__name__)

CONNECTIONS = 8  # beside those that send: typing, files, the profile
SEND_SECONDS = 0.25  # what a call takes, roughly


def count_at_once(settings: Settings) -> int:
    """How many messages have to be on their way at once to send as many a second as Telegram allows."""
    # a worker that thinks for others is slower with each of its messages, and sends for all of them
    return max(32 if settings.workers else 8, round(settings.sends_per_second * SEND_SECONDS))


@cache
def load_trust() -> ssl.SSLContext:
    """The machine's certificates; reading them takes 25 to 100 ms."""
    return ssl.create_default_context()


@asynccontextmanager
async def open_bot(settings: Settings) -> AsyncIterator[Bot]:
    """The bot, not yet connected; its connections are closed in the end."""
    base = settings.telegram_base_url.rstrip("/")
    trust = load_trust()
    bot = Bot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=TelegramRequest(CONNECTIONS + count_at_once(settings), trust=trust),
        get_updates_request=TelegramRequest(trust=trust),
    )
    try:
        yield bot
    finally:
        await bot.shutdown()


@contextmanager
def signals_set(stop: asyncio.Event) -> Iterator[None]:
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


async def connect(bot: Bot, stop: asyncio.Event) -> bool:
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
            await sleep(pause, stop)
            pause = min(pause * 2, 30.0)
        else:
            return True
    return False


async def sleep(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
