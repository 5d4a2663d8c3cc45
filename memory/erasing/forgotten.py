"""What is being forgotten, gathered while its links still stand: deleting the rows cuts them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from coaching.model import Role
from memory.sql.tables import GoalRow, MessageRow, QuoteRow, VectorRow

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date

    from memory.sql.transaction import Transaction

MANY = 500  # ids in one statement; both databases take many more


@dataclass(frozen=True)
class Forgotten:
    """The messages that go, and what pointed at them.

    Attributes:
        ids: of both sides' lines.
        said: the person's own texts with the day of each.
        origins: the updates they came from.
        imports: the imports they came with.
        phrases: for each reply that stays, the words it quotes from them.
        answers: replies that stay and answered one of them.
        goals: goals set in one of them.
        vectors: how many vectors go along.
    """

    ids: frozenset[int]
    said: tuple[tuple[date, str], ...]
    origins: frozenset[str]
    imports: frozenset[int]
    phrases: dict[int, set[str]] = field(default_factory=dict)
    answers: frozenset[int] = frozenset()
    goals: frozenset[int] = frozenset()
    vectors: int = 0

    def texts(self, *, on: date | None = None) -> tuple[str, ...]:
        """The person's own words; with ``on`` those of one day."""
        return tuple(text for day, text in self.said if on is None or day == on)


def chunks(ids: Collection[int]) -> Iterator[Sequence[int]]:
    """Ids in an order, a statement's worth at a time."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), MANY):
        yield ordered[start : start + MANY]


async def gather(tx: Transaction, user_id: int, wanted: Collection[int]) -> Forgotten:
    """Everything there is to know about the messages that go, of this person alone."""
    ids: set[int] = set()
    said: list[tuple[date, str]] = []
    origins: set[str] = set()
    imports: set[int] = set()
    phrases: defaultdict[int, set[str]] = defaultdict(set)
    answers: set[int] = set()
    goals: set[int] = set()
    vectors = 0
    for chunk in chunks(wanted):
        rows = await tx.db.execute(
            select(
                MessageRow.id,
                MessageRow.role,
                MessageRow.text,
                MessageRow.said_on,
                MessageRow.origin,
                MessageRow.import_id,
            ).where(MessageRow.user_id == user_id, MessageRow.id.in_(chunk))
        )
        for row in rows:
            ids.add(row.id)
            if row.role == Role.USER:
                said.append((row.said_on, row.text))
            if row.origin:
                origins.add(row.origin)
            if row.import_id:
                imports.add(row.import_id)
    for chunk in chunks(ids):
        quotes = await tx.db.execute(
            select(QuoteRow.reply_id, QuoteRow.text).where(QuoteRow.message_id.in_(chunk))
        )
        for reply_id, words in quotes:
            phrases[reply_id].add(words)
        answers |= set(await tx.db.scalars(select(MessageRow.id).where(MessageRow.reply_to.in_(chunk))))
        goals |= set(await tx.db.scalars(select(GoalRow.id).where(GoalRow.message_id.in_(chunk))))
        vectors += (
            await tx.db.scalar(
                select(func.count()).select_from(VectorRow).where(VectorRow.message_id.in_(chunk))
            )
            or 0
        )
    return Forgotten(
        frozenset(ids),
        tuple(said),
        frozenset(origins),
        frozenset(imports),
        {reply: words for reply, words in phrases.items() if reply not in ids},
        frozenset(answers - ids),
        frozenset(goals),
        vectors,
    )
