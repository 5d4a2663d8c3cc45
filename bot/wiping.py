"""What is left to do once the journal has forgotten: the index, the files, the keyboard's history."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING

from coaching.effects import ForgetMessages, UndoImport
from memory.erase import redact_history, scrub

if TYPE_CHECKING:
    from pathlib import Path

    from bot.thought import Thought
    from memory.recall import RecallIndex
    from memory.sql.journal import Journal

HISTORY = "history"  # the file of the terminal's line history, in the home
EVER = {"since": date.min, "until": date.max}
MOST = 100_000

Going = tuple[str, ...] | None


async def find_going(journal: Journal, thought: Thought) -> Going:
    """The texts that a thought is about to erase, read while they are there; None when it erases nothing."""
    if thought.answer is None:
        return None
    effects = thought.answer.reply.draft.effects
    wanted = next((e for e in effects if isinstance(e, ForgetMessages | UndoImport)), None)
    if wanted is None:
        return None
    return await list_going(journal, thought.turn.user_id, wanted)


async def list_going(journal: Journal, user_id: int, wanted: ForgetMessages | UndoImport) -> tuple[str, ...]:
    """The texts that forgetting will take; of an import none, for nobody typed it here."""
    if isinstance(wanted, UndoImport):
        return ()
    if wanted.ids:
        found = [await journal.find_message(user_id, one) for one in wanted.ids]
        return tuple(message.text for message in found if message is not None)
    days = (
        EVER if wanted.all_of_it else {"since": wanted.since or date.min, "until": wanted.until or date.max}
    )
    return tuple(m.text for m in await journal.list_messages(user_id, **days, limit=MOST))


class Wiper:
    """Takes what was forgotten out of everything beside the journal."""

    def __init__(self, journal: Journal, recall: RecallIndex, home: Path) -> None:
        self._journal = journal
        self._recall = recall
        self._home = home

    async def __call__(self, texts: tuple[str, ...]) -> bool:
        """Wipes; what another process is in the way of is done at its next chance.

        Returns:
            False where the database's files could not be rewritten yet, since somebody was reading them.
        """
        await asyncio.to_thread(redact_history, self._home / HISTORY, texts)
        await self._recall.index_pending()
        return await scrub(self._journal.engine)
