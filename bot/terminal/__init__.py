"""The terminal door: the same coach, commands and texts as in Telegram, for people who have no bot yet."""

from bot.terminal.chat import chat

__all__ = ["chat"]
