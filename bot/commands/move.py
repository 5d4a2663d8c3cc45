"""``offramp db move --to URL``: the whole journal into another database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from bot.home import prepare_home
from bot.settings import WrongSettings
from memory.moving import move_journal
from memory.sql.engine import open_engine
from memory.sql.migrate import upgrade

if TYPE_CHECKING:
    from bot.settings import Settings


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
    page = Console(highlight=False, soft_wrap=True)
    for each in moved:
        if each.rows:
            page.print(f"{each.table:16} {each.rows:>10} rows  {each.checksum[:16]}")
    page.print("Equal on both sides. Set OFFRAMP_DATABASE_URL to the new address and start again.")
    return 0
