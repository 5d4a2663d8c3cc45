"""Commands that keep, move or erase what is stored: export, forget, reindex, recall, db upgrade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from bot.home import prepare_home
from bot.terminal.door import DOOR
from bot.wiping import Wiper, list_going
from bot.wiring import House, open_house
from coaching.effects import ForgetMessages, UndoImport
from coaching.model import Channel, Turn
from memory.errors import NotStored, UnknownPerson
from memory.export import export_user
from memory.sql.apply import apply
from memory.sql.engine import open_engine
from memory.sql.migrate import upgrade
from prompts import text

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Settings


def _say(words: str) -> None:
    Console(highlight=False, soft_wrap=True).print(Text(words))


async def _load_person(house: House, user: str) -> int:
    door, _, name = user.rpartition(":")  # telegram:12345 is the person behind another door
    user_id = await house.journal.find_user_id(door or DOOR, name)
    if user_id is None:
        raise UnknownPerson
    return user_id


async def export_person(settings: Settings, *, user: str, folder: Path | None) -> int:
    """Writes everything of one person to a file."""
    async with open_house(settings, warm=False) as house:
        person = await house.journal.load_user(await _load_person(house, user))
        path = await export_user(
            house.journal, person.id, folder or settings.home / "exports", house.clock.now()
        )
        _say(text("export.done", person.language, path=path))
    return 0


async def forget_person(settings: Settings, *, user: str, message: int | None, everything: bool) -> int:
    """Erases, and prints the receipt."""
    async with open_house(settings, warm=False) as house:
        person = await house.journal.load_user(await _load_person(house, user))
        effect: ForgetMessages | UndoImport
        if everything:
            effect = ForgetMessages(all_of_it=True)
        elif message is not None:
            if await house.journal.find_message(person.id, message) is None:
                raise NotStored
            effect = ForgetMessages(ids=(message,))
        else:
            effect = UndoImport()
        turn = Turn(person.id, "", person.language, house.clock.now().astimezone(person.tz), Channel.COMMAND)
        going = await list_going(house.journal, person.id, effect)
        async with house.journal.begin() as tx:
            receipt = await apply(tx, turn, effect)
            await tx.commit()
        await Wiper(house.journal, house.recall, settings.home)(going)
        _say(receipt or "")
    return 0


async def reindex_all(settings: Settings) -> int:
    """Rebuilds the index from SQL, with a progress bar."""
    async with open_house(settings, warm=False) as house:
        await house.ready()
        with Progress(console=Console(stderr=True)) as bar:
            task = bar.add_task("reindex", total=None)
            await house.recall.reindex(
                on_progress=lambda done, total: bar.update(task, completed=done, total=total)
            )
        status = await house.recall.status()
        _say(f"Indexed {status.indexed} messages with {status.embedder}.")
    return 0


async def recall_words(settings: Settings, words: str, *, user: str, explain: bool) -> int:
    """Prints what was said about something; with ``explain``, each leg's score."""
    async with open_house(settings) as house:
        user_id = await _load_person(house, user)
        await house.ready()
        found = await house.recall.explain(user_id, words, limit=10)
        if not found:
            raise click.ClickException("Nothing stored fits that.")
        for answer in found:
            message, hit = answer.message, answer.hit
            _say(f"{message.said_on}  {hit.fit:.2f}  #{message.id}  {message.text[:160]}")
            if explain:
                _say("            " + "  ".join(f"{leg} {score:.3f}" for leg, score in hit.legs.items()))
    return 0


async def upgrade_database(settings: Settings) -> int:
    """Brings the database to this version."""
    if not settings.database_url:
        prepare_home(settings.home)
    engine = open_engine(settings.database)
    try:
        reached = await upgrade(engine)
        if settings.workers:
            from memory.sql.waking import prepare_queue  # procrastinate, for who has workers

            await prepare_queue(engine)
    finally:
        await engine.dispose()
    _say(f"The database is at version {reached}." if reached else "The database is up to date.")
    return 0
