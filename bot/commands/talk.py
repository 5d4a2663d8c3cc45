"""``offramp run``: in Telegram, or in the terminal."""

from __future__ import annotations

import locale
import sys
from typing import TYPE_CHECKING, cast

from bot.settings import WrongSettings
from bot.terminal import chat
from bot.wiring import open_house

if TYPE_CHECKING:
    from bot.settings import Settings
    from coaching.model import Language


async def talk(settings: Settings, *, user: str, language: str | None, insist: bool = False) -> int:
    """In Telegram when a token is set, else in the terminal.

    Returns:
        2 when Telegram is insisted on and there is no token.
    """
    if settings.telegram_token.get_secret_value():
        return await talk_in_telegram(settings)
    if insist:
        print(  # noqa: T201  # the command's page
            "There is no token: set OFFRAMP_TELEGRAM_TOKEN to the one from @BotFather.", file=sys.stderr
        )
        return 2
    return await talk_in_terminal(settings, user=user, language=language)


async def talk_in_telegram(settings: Settings) -> int:
    """The whole door, or with workers beside it the part that takes in, which needs no embedder."""
    from bot.telegram.app import run_telegram

    if not settings.workers:
        async with open_house(settings) as house:
            return await run_telegram(house, settings)
    from bot.telegram.apart import ReplicaDoor

    _check_workers(settings)
    async with open_house(settings, warm=False) as house:
        return await run_telegram(house, settings, open_door=ReplicaDoor)


async def work(settings: Settings) -> int:
    """Thinks and sends for replicas that take in.

    Raises:
        WrongSettings: it cannot, with these settings.
    """
    from bot.telegram.apart import WorkerDoor
    from bot.telegram.app import run_telegram

    _check_workers(settings)
    async with open_house(settings) as house:
        return await run_telegram(house, settings, open_door=WorkerDoor)


def _check_workers(settings: Settings) -> None:
    if not settings.workers:
        raise WrongSettings("OFFRAMP_WORKERS: set it to true for offramp run and offramp worker alike.")
    if not settings.database_url.startswith("postgres"):
        raise WrongSettings(
            "OFFRAMP_DATABASE_URL: workers need Postgres, postgresql+psycopg://user@host/name."
        )
    if not settings.telegram_token.get_secret_value():
        raise WrongSettings("OFFRAMP_TELEGRAM_TOKEN: a worker needs the token of its bot.")


async def talk_in_terminal(settings: Settings, *, user: str, language: str | None) -> int:
    """Opens the house and talks until there is nothing more to read."""
    async with open_house(settings, warm=False) as house:
        return await chat(house, user=user, language=cast("Language", language or guess_language()))


def guess_language() -> Language:
    """The language of the first meeting, by this machine's locale; what is written decides from then on."""
    name = (locale.getlocale()[0] or "").lower()
    return "en" if name.startswith("en") else "zh"
