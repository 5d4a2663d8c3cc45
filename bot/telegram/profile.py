"""What the bot says of itself before anybody wrote: the command menu and descriptions, in both languages."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from telegram import BotCommand, BotCommandScopeAllPrivateChats
from telegram.error import TelegramError

from prompts import text

if TYPE_CHECKING:
    from telegram import Bot

log = logging.getLogger(__name__)

COMMANDS = (
    "plan", "reflect", "recall", "review", "goals", "weigh", "tries", "me", "runway", "settings", "pause",
    "resume", "import", "export", "forget", "privacy", "help", "cancel",
)  # fmt: skip
# the empty code is for every language that has no menu of its own
LANGUAGES = {"": "en", "en": "en", "zh": "zh"}


async def publish_profile(bot: Bot) -> bool:
    """Tells Telegram. What cannot be told today is told at the next start.

    Returns:
        False when Telegram refused or did not answer.
    """
    try:
        for code, language in LANGUAGES.items():
            menu = [BotCommand(name, text(f"telegram.menu.{name}", language)) for name in COMMANDS]
            scope = BotCommandScopeAllPrivateChats()
            await bot.set_my_commands(menu, scope=scope, language_code=code or None)
            await bot.set_my_description(text("telegram.description", language), language_code=code or None)
            await bot.set_my_short_description(
                text("telegram.short_description", language), language_code=code or None
            )
    except TelegramError as error:
        log.warning("the command menu was not set: %s", type(error).__name__)
        return False
    return True
