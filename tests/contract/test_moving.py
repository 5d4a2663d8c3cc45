"""A journal moves from one database to the other and back, whole."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from coaching.effects import AddCommitment, AddGoal, SetDialogue
from coaching.model import Lens
from coaching.parts import Quote, Reflection
from memory.moving import NotEmpty, NotEqual, move_journal
from memory.sql.apply import apply
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.inbox import list_pending, store_update
from memory.sql.journal import Journal
from memory.sql.tables import CommitmentRow, MessageRow, UserRow, VectorRow
from tests.conftest import FrozenClock
from tests.fakes.diarist import Diarist


@pytest.fixture
async def lived(sqlite_engine: AsyncEngine, clock: FrozenClock) -> AsyncEngine:
    """A home in which somebody has said and promised something."""
    journal = Journal(sqlite_engine, clock)
    mei = await Diarist.welcome(journal)
    for number in range(7):
        said = await mei.says(f"第{number}天 ‘quotes’ – emoji 🙂", lenses=((Lens.RISK, 1 / 3),))
        words = "emoji 🙂"
        await mei.hears(Reflection(f"「{words}」", (Quote(words),)), to=said)
        async with journal.begin() as tx:
            tx.db.add(
                VectorRow(
                    message_id=said, user_id=mei.user_id, piece=0, embedder="e", vector=bytes(range(256))
                )
            )
            turn = mei.turn("")
            await apply(tx, turn, AddCommitment(f"写{number}", clock.now().date(), cue="午休"))
            await apply(tx, turn, AddGoal(f"目标{number}", success="x"))
            await apply(tx, turn, SetDialogue("plan", {"items": [{"text": "一", "n": 1.5}], "queue": []}))
            await tx.commit()
    return sqlite_engine


async def test_there_and_back_every_row_is_equal(
    lived: AsyncEngine, postgres_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock
) -> None:
    there = await move_journal(lived, postgres_engine)
    home = open_engine(sqlite_url(tmp_path / "back.db"))
    back = await move_journal(postgres_engine, home)
    await home.dispose()
    assert {moved.table: moved.rows for moved in there}["messages"] == 14
    assert there == back
    # the ids go on where they ended
    newcomer = await Diarist.welcome(Journal(postgres_engine, clock), "2002")
    async with newcomer.journal.begin() as tx:
        said = await tx.record_said(newcomer.turn("new here"), origin="u0:1")
    assert said == 15


async def test_an_interrupted_move_is_begun_again(lived: AsyncEngine, postgres_engine: AsyncEngine) -> None:
    class Interrupted(Exception):
        """The cable."""

    def pull(table: str, _done: int, _total: int) -> None:
        if table == "commitments":
            raise Interrupted

    with pytest.raises(Interrupted):
        await move_journal(lived, postgres_engine, pull)
    assert {moved.table: moved.rows for moved in await move_journal(lived, postgres_engine)}[
        "commitments"
    ] == 7


async def test_a_database_with_people_of_its_own_is_refused_untouched(
    lived: AsyncEngine, postgres_engine: AsyncEngine
) -> None:
    there = Journal(postgres_engine, FrozenClock(datetime(2020, 1, 1, tzinfo=UTC)))
    await Diarist.welcome(there)
    with pytest.raises(NotEmpty):
        await move_journal(lived, postgres_engine)
    async with postgres_engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(MessageRow)) == 0


async def test_a_row_that_differs_is_not_called_moved(
    lived: AsyncEngine, postgres_engine: AsyncEngine
) -> None:
    await move_journal(lived, postgres_engine)
    async with postgres_engine.begin() as connection:
        await connection.execute(update(CommitmentRow).where(CommitmentRow.text == "写3").values(minutes=99))
    with pytest.raises(NotEqual, match="commitments: 7 rows here, 7 there"):
        await move_journal(lived, postgres_engine)


async def test_what_was_forgotten_here_does_not_stay_there_unnoticed(
    lived: AsyncEngine, postgres_engine: AsyncEngine
) -> None:
    await move_journal(lived, postgres_engine)
    async with lived.begin() as connection:
        await connection.execute(delete(CommitmentRow).where(CommitmentRow.text == "写3"))
    with pytest.raises(NotEqual, match="commitments: 6 rows here, 7 there"):
        await move_journal(lived, postgres_engine)
    async with lived.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(UserRow)) == 1


async def test_updates_that_come_after_a_move_are_stored(
    lived: AsyncEngine, postgres_engine: AsyncEngine, clock: FrozenClock
) -> None:
    await store(Journal(lived, clock), 1, 2, 3)
    await move_journal(lived, postgres_engine)
    moved = Journal(postgres_engine, clock)
    await store(moved, 4, 5)
    assert [pending.update_id for pending in await list_pending(moved, 7, 42)] == [1, 2, 3, 4, 5]


async def store(journal: Journal, *update_ids: int) -> None:
    async with journal.begin() as tx:
        for number in update_ids:
            assert await store_update(tx, bot_id=7, update_id=number, chat_id=42, sender_id=42, raw="{}")
        await tx.commit()
