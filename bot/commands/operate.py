"""For the person who runs the house: who comes in, what it costs, what was set aside, a word to everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import click

from bot.clock import SystemClock
from bot.home import prepare_home
from bot.settings import WrongSettings
from memory.sql.access import DOOR, count_people, drop_dead, list_dead, retry_dead, set_access
from memory.sql.broadcast import broadcast
from memory.sql.budget import TokenBudget
from memory.sql.doors import turn_secret
from memory.sql.engine import open_engine
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade

if TYPE_CHECKING:
    from bot.settings import Settings


@asynccontextmanager
async def _open_journal(settings: Settings) -> AsyncIterator[Journal]:
    prepare_home(settings.home)
    engine = open_engine(settings.database)
    try:
        await upgrade(engine)
        yield Journal(engine, SystemClock())
    finally:
        await engine.dispose()


def _bot_id(settings: Settings) -> int:
    number = settings.telegram_token.get_secret_value().partition(":")[0]
    if not number:
        raise WrongSettings("OFFRAMP_TELEGRAM_TOKEN: this command is about a bot, and there is no token.")
    return int(number)


async def show_users(settings: Settings) -> None:
    """Counts, never a name and never a word."""
    async with _open_journal(settings) as journal:
        people = await count_people(journal)
    for name, number in people.items():
        click.echo(f"{number:>9,}  {name}")


async def let_in(settings: Settings, telegram_id: int, *, allowed: bool) -> None:
    """Lets somebody in, or keeps them out from the next message on; nothing of theirs is erased."""
    async with _open_journal(settings) as journal, journal.begin() as tx:
        await set_access(tx, _bot_id(settings), telegram_id, allowed=allowed)
        await tx.commit()
    click.echo(f"{telegram_id} is {'let in' if allowed else 'kept out, and nothing more is sent there'}.")


async def show_budgets(settings: Settings, *, reset: int | None) -> int:
    """What a language model cost today, in tokens and people; one person's day begun again.

    Returns:
        1 when the person given used nothing.
    """
    each, everyone = settings.tokens_per_day, settings.tokens_per_day_all
    async with _open_journal(settings) as journal:
        budget = TokenBudget(journal, journal.clock, each=each, everyone=everyone)
        if reset is not None:
            user_id = await journal.find_user_id(DOOR, str(reset))
            if user_id is None or not await budget.give_back(user_id):
                click.echo(f"{reset} used nothing today.", err=True)
                return 1
            click.echo(f"{reset} has all of today again.")
            return 0
        day = await budget.load_day()
    click.echo(f"{day.on}, a day of UTC")
    click.echo(f"{day.tokens:>9,}  tokens of {f'{everyone:,}' if everyone else 'no limit'}, of all together")
    click.echo(
        f"{day.people:>9,}  people asked the model; each may use {f'{each:,}' if each else 'any number'}"
    )
    if each:
        click.echo(
            f"{day.nearly:>9,}  of them used nine tenths or more, and are answered from the playbook soon"
        )
    click.echo("OFFRAMP_TOKENS_PER_DAY and OFFRAMP_TOKENS_PER_DAY_ALL set the limits.")
    return 0


async def show_dead(settings: Settings, *, retry: int | None, drop: int | None) -> int:
    """What was set aside: numbers and reasons. One of them tried again, or dropped.

    Returns:
        1 when the number given is none of them.
    """
    async with _open_journal(settings) as journal:
        if retry is not None or drop is not None:
            async with journal.begin() as tx:
                if retry is not None:
                    done = await retry_dead(tx, retry, wakes=settings.workers)
                else:
                    done = await drop_dead(tx, drop or 0)
                await tx.commit()
            if not done:
                click.echo("No such update was set aside; offramp dead lists them.", err=True)
                return 1
            click.echo("It waits again." if retry is not None else "It is dropped.")
            return 0
        rows = await list_dead(journal)
    for row in rows:
        words = "" if row.has_words else ", its words are gone"
        click.echo(f"{row.kind} {row.id}  {row.at:%Y-%m-%d %H:%M}  {row.why or 'no reason'}{words}")
    if not rows:
        click.echo("Nothing was set aside.")
    return 0


async def tell_everybody(settings: Settings, *, zh: str, en: str) -> None:
    """A notice in each one's language, once each, at Telegram's pace, after their quiet hours."""
    async with _open_journal(settings) as journal:
        told, known = await broadcast(journal, _bot_id(settings), {"zh": zh, "en": en})
    click.echo(f"{told:,} notices are queued" + (f", {known:,} were queued before." if known else "."))


async def rotate_secret(settings: Settings) -> None:
    """A new webhook secret, registered with Telegram; the one before is taken for one more minute."""
    from bot.telegram.connecting import open_bot
    from bot.telegram.sketch import KINDS
    from bot.webhook import derive_secret, secret_base

    if not settings.webhook_url:
        raise WrongSettings("OFFRAMP_WEBHOOK_URL: there is no webhook, and so it has no secret.")
    async with _open_journal(settings) as journal:
        async with journal.begin() as tx:
            turn = await turn_secret(tx, _bot_id(settings))
            await tx.commit()
        async with open_bot(settings) as bot:
            await bot.initialize()
            await bot.set_webhook(
                settings.webhook_url,
                secret_token=derive_secret(secret_base(settings), turn),
                allowed_updates=KINDS,
                max_connections=40,
            )
    click.echo(f"Telegram has secret number {turn}; every replica knows it, none has to be started again.")
