"""Budgets for tests that are not about money, and for one that is over."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class NoLimit:
    """Implements ``coaching.ports.Budget``: notes what is asked for and gives it."""

    reserved: list[int] = field(default_factory=list)
    used: list[int] = field(default_factory=list)

    async def reserve(self, user_id: int, tokens: int) -> bool:
        self.reserved.append(tokens)
        return True

    async def count_used(self, user_id: int | None = None) -> int:
        return sum(self.used)

    async def settle(self, user_id: int, *, reserved: int, used: int) -> None:
        self.used.append(used)


class Spent(NoLimit):
    """Nothing is left."""

    async def reserve(self, user_id: int, tokens: int) -> bool:
        return False
