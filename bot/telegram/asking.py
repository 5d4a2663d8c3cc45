"""What Telegram says of a bot when it is asked: whether it knows the token, and how updates come."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
from telegram.error import InvalidToken, TelegramError

from bot.telegram.connecting import open_bot

if TYPE_CHECKING:
    from bot.settings import Settings
    from coaching.ports import Clock

PATIENCE = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Answer:
    """``well`` is False when somebody has to do something; ``says`` holds no token and nobody's words."""

    well: bool
    says: str


async def ask_time(settings: Settings, clock: Clock) -> timedelta | None:
    """By how much this machine's clock is ahead of Telegram's; None where it cannot be asked."""
    try:
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=True) as client:
            answer = await client.head(settings.telegram_base_url)
        return clock.now() - parsedate_to_datetime(answer.headers["Date"])
    except (httpx.HTTPError, KeyError, ValueError):
        return None


async def ask_telegram(settings: Settings) -> Answer:
    """Asks, and compares with what is set."""
    try:
        async with asyncio.timeout(PATIENCE), open_bot(settings) as bot:
            await bot.initialize()
            webhook = await bot.get_webhook_info()
    except InvalidToken:
        return Answer(False, "it does not know OFFRAMP_TELEGRAM_TOKEN; @BotFather has the right one.")
    except (TelegramError, TimeoutError) as error:
        return Answer(False, f"it cannot be asked ({type(error).__name__}); is the network there?")
    except (KeyError, TypeError):  # python-telegram-bot, over an answer that is not Telegram's
        return Answer(False, "what answers there is not Telegram: mend OFFRAMP_TELEGRAM_BASE_URL.")
    name = f"@{bot.username}"
    wanted = settings.webhook_url
    if webhook.url and not wanted:
        return Answer(True, f"{name}; a webhook is set, and offramp run takes it away and polls.")
    if wanted and webhook.url != wanted:
        return Answer(False, f"{name}; OFFRAMP_WEBHOOK_URL is not registered: offramp run does it.")
    if wanted and webhook.last_error_date:
        failed = f"{webhook.last_error_date:%Y-%m-%d %H:%M} UTC"
        return Answer(
            not webhook.pending_update_count,
            f"{name}; webhook, {webhook.pending_update_count} undelivered, last failure {failed}"
            + (": is OFFRAMP_WEBHOOK_URL reached from outside?" if webhook.pending_update_count else ""),
        )
    return Answer(
        True, f"{name}; {'webhook' if wanted else 'long polling'}, {webhook.pending_update_count} undelivered"
    )
