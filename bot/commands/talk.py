"""``offramp run``: the chat in the terminal."""

from __future__ import annotations

import locale
from typing import TYPE_CHECKING, cast

from bot.terminal import chat
from bot.wiring import open_house

if TYPE_CHECKING:
    from bot.settings import Settings
    from coaching.model import Language


async def talk(settings: Settings, *, user: str, language: str | None) -> int:
    """Opens the house and talks until there is nothing more to read."""
    async with open_house(settings) as house:
        return await chat(house, user=user, language=cast("Language", language or guess_language()))


def guess_language() -> Language:
    """The language of the first meeting, by this machine's locale; what is written decides from then on."""
    name = (locale.getlocale()[0] or "").lower()
    return "en" if name.startswith("en") else "zh"
