"""``offramp db move``, ``backup`` and ``restore``: the whole journal, somewhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from bot.home import prepare_home
from bot.settings import WrongSettings
from memory.backup import back_up, restore
from memory.moving import move_journal
from memory.sql.engine import open_engine
from memory.sql.migrate import upgrade

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Settings


def _say(words: str) -> None:
    Console(highlight=False, soft_wrap=True).print(words, markup=False)


async def move_database(settings: Settings, *, to: str) -> int:
    """Moves, shows how far it is, and says how to go on.

    Raises:
        WrongSettings: the address is no database this program knows, or is the one in use.
    """
    if to == settings.database:
        raise WrongSettings("--to: this is the database in use; give another one.")
    if not to.startswith(("postgresql", "sqlite")):
        raise WrongSettings("--to: write postgresql+psycopg://user@host/name or sqlite+aiosqlite:///file.db.")
    prepare_home(settings.home)
    source, target = open_engine(settings.database), open_engine(to)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    try:
        await upgrade(source)
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            tasks: dict[str, TaskID] = {}

            def show(table: str, done: int, total: int) -> None:
                if table not in tasks:
                    tasks[table] = bar.add_task(table, total=total)
                bar.update(tasks[table], completed=done)

            moved = await move_journal(source, target, show)
    finally:
        await source.dispose()
        await target.dispose()
    for each in moved:
        if each.rows:
            _say(f"{each.table:16} {each.rows:>10} rows  {each.checksum[:16]}")
    _say("Equal on both sides. Set OFFRAMP_DATABASE_URL to the new address and start again.")
    return 0


async def back_up_to(settings: Settings, file: Path) -> int:
    """Writes a backup and says how much it holds."""
    messages = await back_up(settings.database, file)
    _say(f"{file}: {messages} messages. It holds every word in plain text: keep it as you keep a diary.")
    return 0


async def restore_from(settings: Settings, file: Path) -> int:
    """Puts a backup in place and says where the rest lies."""
    prepare_home(settings.home)
    aside = await restore(file, settings.home, settings.database)
    _say("Restored. The search index is rebuilt at the next start; offramp reindex does it at once.")
    if aside is not None:
        _say(f"What was there until now lies in {aside}.")
    return 0
