"""A memory without an index: what shares a subject with the question comes back, best first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coaching.model import Recalled, Role
from coaching.subjects import list_subjects

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from coaching.model import Lens, Message


@dataclass
class ListRecall:
    """Implements ``coaching.ports.Recall`` and ``Encoder`` over a plain list."""

    stored: list[Message] = field(default_factory=list)

    async def prepare(self, user_id: int) -> None:
        """A list is always at hand."""

    async def recall(
        self,
        user_id: int,
        query: str,
        *,
        limit: int = 6,
        since: date | None = None,
        until: date | None = None,
        only_user: bool = False,
        lenses: Sequence[Lens] = (),
        vector: NDArray[np.float32] | None = None,
        floor: float = 0.1,
    ) -> tuple[Recalled, ...]:
        wanted = list_subjects(query)
        found = [
            Recalled(message, len(wanted & list_subjects(message.text)) / len(wanted))
            for message in self.stored
            if wanted and message.user_id == user_id and (message.role is Role.USER or not only_user)
        ]
        found = [each for each in found if each.score > floor]
        return tuple(sorted(found, key=lambda each: -each.score)[:limit])

    def encode(self, texts: list[str]) -> NDArray[np.float32] | None:
        return None
