"""Who gets in: the ids the operator named, everyone, or the one person who follows the pairing link."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from memory.sql.access import find_access
from memory.sql.codes import make_code, use_code, was_let_in

if TYPE_CHECKING:
    from bot.telegram.sketch import Sketch
    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

_START = re.compile(r"/start(?:@\w{1,64})? ([A-Z0-9]{32})")


class Gate:
    """Decides before anything is stored. ``offramp allow`` and ``offramp block`` go before the settings.

    Args:
        allowed: Telegram ids; None lets everyone in; with none at all only who was paired gets in.
    """

    def __init__(self, allowed: frozenset[int] | None) -> None:
        self._allowed = allowed

    @property
    def pairs(self) -> bool:
        """Whether a pairing code opens it."""
        return self._allowed is not None and not self._allowed

    async def admits(self, tx: Transaction, sketch: Sketch) -> bool:
        """Whether what this person sends may be stored. A pairing code is used up in the same transaction."""
        if sketch.sender_id is None:
            return False
        decided = await find_access(tx, sketch.sender_id)
        if decided is not None:
            return decided
        if self._allowed is None or sketch.sender_id in self._allowed:
            return True
        if not self.pairs:
            return False
        if await was_let_in(tx, sketch.sender_id):
            return True
        code = _START.fullmatch(sketch.opening)
        return code is not None and await use_code(tx, "pair", code[1], used_by=sketch.sender_id) is not None

    async def make_link(self, journal: Journal, username: str) -> str | None:
        """A link that lets the first who follows it in, or None when the door needs none."""
        if not self.pairs:
            return None
        async with journal.begin() as tx:
            if await was_let_in(tx):
                return None
            code = await make_code(tx, "pair")
            await tx.commit()
        return f"https://t.me/{username}?start={code}"
