"""``offramp import FILE…``: notes into the journal, dated, searchable, undoable."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from bot.commands.progress import show_progress
from bot.terminal.door import TerminalDoor
from bot.wiring import open_house
from coaching.language import read_language
from memory.importing import read_files
from memory.sql.imports import store_found
from prompts import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.listening import Heard, Listen
    from bot.settings import Settings
    from bot.wiring import House
    from coaching.model import User
    from memory.importing import Found


async def bring_in(settings: Settings, files: Sequence[Path], *, user: str) -> int:
    """Imports files; what was fine is kept, and each problem is named with its file.

    Returns:
        1 when something the person may have wanted was left out, otherwise 0.
    """
    async with open_house(settings) as house:
        door = await TerminalDoor.open(house, user)
        bar = show_progress()
        with bar:
            added, skipped, lost = await _store_all(house, door.user, files, bar)
            await _index(house, door.user, bar)
        key = "importing.done" if added else "importing.nothing"
        Console(highlight=False).print(Text(text(key, door.user.language, entries=added, skipped=skipped)))
        return 1 if lost else 0


async def _store_all(house: House, user: User, files: Sequence[Path], bar: Progress) -> tuple[int, int, bool]:
    task = bar.add_task(text("importing.storing", user.language), total=None)
    today = house.clock.now().astimezone(user.tz).date()
    added = skipped = 0
    lost = False
    found_files = read_files(files, today=today, zone=user.tz)
    while (found := await asyncio.to_thread(next, found_files, None)) is not None:
        bar.update(task, total=(bar.tasks[task].total or 0) + len(found.entries))
        # heard before the transaction: a chat beside this import must not wait for the classifiers
        heard = await asyncio.to_thread(_hear, house, user, found)
        async with house.journal.begin() as tx:
            more, known = await store_found(tx, user, found, _look_up(heard))
            await tx.commit()
        added, skipped = added + more, skipped + known + found.repeated
        bar.advance(task, len(found.entries))
        for problem in found.problems:
            lost = lost or problem.lost
            reason = text(
                problem.key, user.language, name=problem.name, limit=problem.limit, count=problem.count
            )
            print(text("importing.problem", user.language, name=problem.name, reason=reason), file=sys.stderr)  # noqa: T201  # the command's page
    return added, skipped, lost


def _hear(house: House, user: User, found: Found) -> dict[str, Heard]:
    """Safety and lenses of every entry, by its text."""
    return {
        entry.text: house.listen(entry.text, read_language(entry.text, fallback=user.language))
        for entry in found.entries
    }


def _look_up(heard: dict[str, Heard]) -> Listen:
    """What was heard before, as a listener."""
    return lambda words, _language: heard[words]


async def _index(house: House, user: User, bar: Progress) -> None:
    """Makes it searchable now; interrupted, the next start goes on with it."""
    task = bar.add_task(text("importing.indexing", user.language), total=None)
    await house.ready()
    await house.recall.index_pending(
        user.id, on_progress=lambda done, total: bar.update(task, completed=done, total=total)
    )
