"""What a language model may cost in a day: reserved before a call, settled after it, for each and for all.

A call that never came back stays counted with what was reserved: it may have cost that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from memory.sql.tables import TokenTotalRow, TokenUseRow

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from coaching.ports import Clock
    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

NEARLY = 0.9  # of a day's limit: what is left may not be enough for one more answer


@dataclass(frozen=True, slots=True)
class Spent:
    """One UTC day: tokens of all, people who asked a model, and those of them who nearly used it up."""

    on: date
    tokens: int
    people: int
    nearly: int


class TokenBudget:
    """Implements ``coaching.ports.Budget`` in SQL. A day is a UTC day; a limit of 0 is none.

    Args:
        journal: where it is kept.
        clock: tells the day.
        each: tokens a day for one person.
        everyone: tokens a day for all of them.
    """

    def __init__(self, journal: Journal, clock: Clock, *, each: int, everyone: int) -> None:
        self._journal, self._clock = journal, clock
        self.each, self.everyone = each, everyone

    def _today(self) -> date:
        return self._clock.now().date()

    async def reserve(self, user_id: int, tokens: int) -> bool:
        """Takes tokens out of both days, or out of neither."""
        async with self._journal.begin() as tx:
            for row, key, limit in self._rows(user_id):
                await tx.db.execute(tx.insert_once(row).values(**key, tokens=0).on_conflict_do_nothing())
                # one statement looks and takes, so that two answers cannot take the same tokens
                change = update(row).filter_by(**key).values(tokens=row.tokens + tokens).returning(row.tokens)
                if limit:
                    change = change.where(row.tokens + tokens <= limit)
                if await tx.db.scalar(change) is None:
                    return False
            await tx.commit()
        return True

    async def settle(self, user_id: int, *, reserved: int, used: int) -> None:
        """Puts what was used in place of what was reserved; over midnight the old day keeps the reserve."""
        async with self._journal.begin() as tx:
            await self._add(tx, user_id, used - reserved)
            await tx.commit()

    async def _add(self, tx: Transaction, user_id: int, tokens: int) -> None:
        for row, key, _ in self._rows(user_id):
            await tx.db.execute(
                update(row)
                .filter_by(**key)
                .where(row.tokens + tokens >= 0)
                .values(tokens=row.tokens + tokens)
            )

    def _rows(self, user_id: int) -> tuple[tuple[Any, dict[str, object], int], ...]:
        """Each row that counts this person's use, with its key and its limit."""
        today = self._today()
        return (
            (TokenUseRow, {"user_id": user_id, "used_on": today}, self.each),
            (TokenTotalRow, {"used_on": today}, self.everyone),
        )

    async def count_used(self, user_id: int | None = None) -> int:
        """Tokens of today, of one person or of all."""
        query = select(TokenTotalRow.tokens).where(TokenTotalRow.used_on == self._today())
        if user_id is not None:
            query = select(TokenUseRow.tokens).where(
                TokenUseRow.used_on == self._today(), TokenUseRow.user_id == user_id
            )
        async with self._journal.read() as db:
            return await db.scalar(query) or 0

    async def load_day(self) -> Spent:
        """What was spent today, counted and never named."""
        today = self._today()
        of_today = select(func.count()).where(TokenUseRow.used_on == today, TokenUseRow.tokens > 0)
        async with self._journal.read() as db:
            tokens = await db.scalar(select(TokenTotalRow.tokens).where(TokenTotalRow.used_on == today)) or 0
            people = await db.scalar(of_today) or 0
            nearly = await db.scalar(of_today.where(TokenUseRow.tokens >= NEARLY * self.each)) or 0
        return Spent(today, tokens, people, nearly if self.each else 0)

    async def give_back(self, user_id: int) -> bool:
        """One person's day begins again. What all have used stays: it was paid for.

        Returns:
            False when nothing was used today.
        """
        async with self._journal.begin() as tx:
            gone = await tx.db.execute(
                delete(TokenUseRow)
                .where(TokenUseRow.user_id == user_id, TokenUseRow.used_on == self._today())
                .returning(TokenUseRow.user_id)
            )
            await tx.commit()
        return gone.scalar() is not None
