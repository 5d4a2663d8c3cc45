"""One person with two doors, and a message that was edited: the same on both databases."""

from __future__ import annotations

from sqlalchemy import func, select

from coaching.effects import NoteCrisis, RecordReview, SetDialogue
from coaching.model import Safety, Turn
from memory.sql.apply import apply
from memory.sql.joining import join_people
from memory.sql.journal import Journal
from memory.sql.tables import IdentityRow, IndexOpRow, MessageRow, ReviewRow, UserRow
from memory.sql.threads import change_said, find_external_id, find_said
from tests.conftest import FrozenClock

BOT = 123_456_789


async def welcome(journal: Journal, clock: FrozenClock, door: str, *words: str) -> int:
    """Somebody who said these things, was told week 14, is in a dialogue, and brought one file's entry."""
    async with journal.begin() as tx:
        user_id = await tx.add_user(door, "7", language="en", zone="UTC")
        turn = Turn(user_id, "", "en", clock.now())
        for number, text in enumerate(words):
            said = Turn(user_id, text, "en", clock.now())
            await tx.record_said(said, origin=f"u{BOT}:{door}{number}", external_id=100 + number)
        for effect in (RecordReview(2026, 14), SetDialogue("plan", {"items": []})):
            await apply(tx, turn, effect)
        tx.db.add(
            MessageRow(
                user_id=user_id, role="user", channel="import", text="from a file", language="en",
                said_at=tx.now, said_on=tx.now.date(), fingerprint="f" * 64, source="",
            )
        )  # fmt: skip
        await tx.commit()
    return user_id


async def test_two_doors_become_one_person_with_everything_once(journal: Journal, clock: FrozenClock) -> None:
    local = await welcome(journal, clock, "terminal", "here")
    other = await welcome(journal, clock, "telegram", "there", "and there")
    async with journal.begin() as tx:
        await apply(tx, Turn(other, "", "en", clock.now()), NoteCrisis(Safety.PASSIVE))
        assert await join_people(tx, stays=local, goes=other)
        assert not await join_people(tx, stays=local, goes=local)
        await tx.commit()
    async with journal.read() as db:
        texts = list(await db.scalars(select(MessageRow.text).order_by(MessageRow.id)))
        owners = set(await db.scalars(select(MessageRow.user_id)))
        doors = {row.door: row.user_id for row in await db.scalars(select(IdentityRow))}
        assert (await db.scalar(select(func.count()).select_from(ReviewRow))) == 1
        people = list(await db.scalars(select(UserRow)))
        ops = [(op.user_id, op.op) for op in await db.scalars(select(IndexOpRow).order_by(IndexOpRow.id))]
    assert texts == ["here", "from a file", "there", "and there"]
    assert owners == {local}
    assert doors == {"terminal": local, "telegram": local}
    assert [(person.id, person.crisis_level) for person in people] == [(local, Safety.PASSIVE)]
    assert ops.count((local, "add")) == 3  # one of its own, and the two that came
    assert ops.count((other, "remove")) == 3  # those two, and the double


async def test_an_edited_message_is_found_by_its_number_and_indexed_anew(
    journal: Journal, clock: FrozenClock
) -> None:
    user_id = await welcome(journal, clock, "telegram", "the promtion")
    said = await find_said(journal, user_id, BOT, 100)
    assert said is not None
    assert await find_said(journal, user_id, BOT + 1, 100) is None  # another bot counts anew
    assert await find_external_id(journal, user_id, BOT, said.id) == 100
    async with journal.begin() as tx:
        assert await change_said(tx, user_id, said.id, "the promotion", "en", safety=Safety.NONE)
        assert not await change_said(tx, user_id + 1, said.id, "not theirs", "en", safety=Safety.NONE)
        await tx.commit()
    assert (await journal.load_message(user_id, said.id)).text == "the promotion"
    async with journal.read() as db:
        ops = list(await db.scalars(select(IndexOpRow.op).order_by(IndexOpRow.id)))
    assert ops == ["add", "remove", "add"]


async def test_an_edit_that_calls_for_help_leaves_the_index(journal: Journal, clock: FrozenClock) -> None:
    user_id = await welcome(journal, clock, "telegram", "fine")
    said = await find_said(journal, user_id, BOT, 100)
    assert said is not None
    async with journal.begin() as tx:
        await change_said(tx, user_id, said.id, "not fine", "en", safety=Safety.EXPLICIT)
        await tx.commit()
    assert (await journal.load_message(user_id, said.id)).safety is Safety.EXPLICIT
    async with journal.read() as db:
        assert list(await db.scalars(select(IndexOpRow.op).order_by(IndexOpRow.id))) == ["add", "remove"]
