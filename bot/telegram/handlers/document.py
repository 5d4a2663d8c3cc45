"""A file: brought into the journal with a receipt, or sorted when it comes with /reflect."""

from __future__ import annotations

import asyncio
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.telegram.handlers.words import answer_command, answer_words
from bot.thought import Saying, Thought
from coaching.language import read_language
from memory.importing import ImportProblem, read_files, read_text
from memory.sql.imports import store_found
from prompts import text

if TYPE_CHECKING:
    from bot.telegram.desk import Desk
    from bot.telegram.parse import SentFile, Update
    from coaching.model import Language, Lens, Safety, User
    from memory.importing import Found
    from memory.sql.transaction import Transaction

    _Heard = dict[str, tuple[Safety, tuple[tuple[Lens, float], ...]]]

MOST_BYTES = 20 * 1024 * 1024  # what a bot may download (core.telegram.org/bots/api#getfile)
PROBLEMS_TOLD = 5
_UNSAFE = re.compile(r"[^\w.\- ]+")


async def take_file(desk: Desk, person: User, update: Update) -> Thought:
    """Reads the file outside any transaction; its entries are stored together with the receipt."""
    file = update.file
    if file is None:
        raise TypeError("a file update has a file")
    if file.size > MOST_BYTES:
        words = text("telegram.file_too_big", person.language, limit=MOST_BYTES // 2**20)
        return Thought(desk.turn(person), after=(Saying(words),))
    with tempfile.TemporaryDirectory(dir=desk.files, prefix="file-") as folder:
        path = Path(folder) / _name(file)
        await (await desk.bot.get_file(file.file_id)).download_to_drive(path)
        if update.command == "reflect":
            return await _reflect(desk, person, update, path)
        today = desk.clock.now().astimezone(person.tz).date()
        found = await asyncio.to_thread(lambda: tuple(read_files([path], today=today, zone=person.tz)))
    heard = await asyncio.to_thread(_listen_to_all, desk, person, found)
    # words beside the file are something on their mind, like any other
    thought = Thought(desk.turn(person))
    if update.command:
        thought = await answer_command(desk, person, update)
    elif update.text:
        thought = await answer_words(desk, person, (update,))

    async def write(tx: Transaction) -> tuple[Saying, ...]:
        return (Saying(await _store(tx, person, found, heard)),)

    return replace(thought, write=write)


def _name(file: SentFile) -> str:
    """A name that can stand on any disk, with the ending that says what it is."""
    bare = _UNSAFE.sub("_", Path(file.name.replace("\\", "/")).name).strip(" .")
    ending = Path(bare).suffix[:12]
    stem = bare[: len(bare) - len(ending)] if ending else bare
    return (stem.encode()[:150].decode(errors="ignore") or "file") + (ending or ".txt")


async def _reflect(desk: Desk, person: User, update: Update, path: Path) -> Thought:
    try:
        words = await asyncio.to_thread(read_text, path)
    except ImportProblem as error:
        reason = text(error.key, person.language, name=error.name, limit=error.limit, count=error.count)
        return Thought(desk.turn(person), after=(Saying(f"{error.name}: {reason}"),))
    return await answer_command(desk, person, replace(update, text=words))


def _listen_to_all(desk: Desk, person: User, found: tuple[Found, ...]) -> _Heard:
    """Hears every entry before the transaction, which must not wait for it."""
    texts = {entry.text for each in found for entry in each.entries}
    return {words: desk.listen(words, read_language(words, fallback=person.language)) for words in texts}


async def _store(tx: Transaction, person: User, found: tuple[Found, ...], heard: _Heard) -> str:
    def listen(words: str, language: Language) -> tuple[Safety, tuple[tuple[Lens, float], ...]]:  # noqa: ARG001
        return heard[words]

    language = person.language
    added = skipped = 0
    reasons: list[str] = []
    for each in found:
        more, known = await store_found(tx, person, each, listen)
        added, skipped = added + more, skipped + known + each.repeated
        for problem in each.problems:
            reason = text(problem.key, language, name=problem.name, limit=problem.limit, count=problem.count)
            reasons.append(text("importing.problem", language, name=problem.name, reason=reason))
    key = "telegram.imported" if added else "telegram.nothing_imported"
    told = [text(key, language, entries=added, skipped=skipped), *reasons[:PROBLEMS_TOLD]]
    if len(reasons) > PROBLEMS_TOLD:
        told.append(text("telegram.more_problems", language, count=len(reasons) - PROBLEMS_TOLD))
    return "\n".join(told)
