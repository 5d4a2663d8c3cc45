"""What the tools keep is exported, forgotten and moved with its person, on both databases."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import LargeBinary, select

from coaching.effects import AddCommitment, AddRecord, ChangeRecord, ForgetMessages
from coaching.model import Piece, Record
from coaching.parts import Quote, Said
from memory.erase import forget_messages
from memory.export import export_user
from memory.sql.apply import apply
from memory.sql.joining import join_people
from memory.sql.journal import Journal
from memory.sql.tables import RecordRow, Table
from tests.conftest import FrozenClock
from tests.fakes.diarist import Diarist

WORD = "鹦鹉螺"


@pytest.fixture
async def mei(journal: Journal) -> Diarist:
    return await Diarist.welcome(journal)


async def keep(journal: Journal, someone: Diarist, *effects: Any) -> None:  # noqa: ANN401  # effects
    async with journal.begin() as tx:
        for effect in effects:
            await apply(tx, someone.turn(), effect)
        await tx.commit()


async def said(journal: Journal, someone: Diarist, clock: FrozenClock, words: str, *effects: Any) -> int:  # noqa: ANN401  # effects
    """The message's id; the effects are those of the reply to it."""
    clock.passes(minutes=1)
    message_id = await someone.says(words)
    await keep(journal, someone, *effects)
    return message_id


def piece(someone: Diarist, words: str, number: float | None = None) -> Piece:
    return Piece(words, someone.turn().today, number=number)


async def forget(journal: Journal, user_id: int, *ids: int) -> None:
    async with journal.begin() as tx:
        await forget_messages(tx, user_id, ids=ids)
        await tx.commit()


async def dump(journal: Journal) -> str:
    """Every value of every row of the database, as text; JSON as it is read."""
    found = []
    async with journal.read() as db:
        for table in Table.metadata.sorted_tables:
            plain = [column for column in table.columns if not isinstance(column.type, LargeBinary)]
            found += [repr(tuple(row)) for row in await db.execute(select(*plain))]
    return "\n".join(found)


async def weigh(journal: Journal, mei: Diarist, clock: FrozenClock) -> tuple[int, int]:
    """A weighing whose opportunity and one answer were said in two messages."""
    what = await said(
        journal, mei, clock, f"接{WORD}的单子",
        AddRecord("weigh", "weigh:1", {"what": piece(mei, f"接{WORD}的单子")}, {"at": "0"}),
    )  # fmt: skip
    who = await said(
        journal, mei, clock, "独角兽说了算",
        ChangeRecord("weigh:1", {"who": piece(mei, "独角兽说了算")}, {"at": "1"}),
    )  # fmt: skip
    return what, who


async def test_each_piece_knows_the_message_it_was_said_in(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    what, who = await weigh(journal, mei, clock)
    (record,) = await journal.list_records(mei.user_id, "weigh")
    assert {name: each.message_id for name, each in record.pieces.items()} == {"what": what, "who": who}
    async with journal.read() as db:
        row = await db.scalar(select(RecordRow))
    assert row is not None
    assert row.message_id == what


async def test_forgetting_one_answer_takes_it_out_and_leaves_the_rest(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    _, who = await weigh(journal, mei, clock)
    await forget(journal, mei.user_id, who)
    (record,) = await journal.list_records(mei.user_id, "weigh")
    assert set(record.pieces) == {"what"}
    assert "独角兽" not in await dump(journal)


async def test_forgetting_what_it_is_about_takes_the_record(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    what, _ = await weigh(journal, mei, clock)
    await said(journal, mei, clock, "这一句留着")
    await forget(journal, mei.user_id, what)
    assert await journal.list_records(mei.user_id, "weigh") == ()
    assert WORD not in await dump(journal)


async def test_words_from_a_promise_go_with_the_message_that_held_them(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    message = await said(
        journal, mei, clock, f"找{WORD}聊报价", AddCommitment(f"找{WORD}聊报价", mei.turn().today)
    )
    line = {"what": Piece(f"找{WORD}聊报价", mei.turn().today, commitment_id=1)}
    await keep(journal, mei, AddRecord("me", "me:c1", line, {"part": "done"}))
    await forget(journal, mei.user_id, message)
    assert WORD not in await dump(journal)


async def test_a_forgotten_figure_takes_what_was_worked_out_of_it_along(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    savings = await said(
        journal, mei, clock, "二十九万七",
        AddRecord("runway", "runway:1", {"savings": piece(mei, "二十九万七", 297_000)}, {"at": "1"}),
    )  # fmt: skip
    costs = await said(
        journal, mei, clock, "一万一",
        ChangeRecord("runway:1", {"costs": piece(mei, "一万一", 11_000)}, {"at": "2"}, ends=True),
    )  # fmt: skip
    lines = (
        "存款：297,000（「二十九万七」）\n297,000 ÷ 11,000 = 27 个月（按现在的花销）\n没有算进去的：收入。"
    )
    await mei.hears(Said(lines, "", (Quote("二十九万七", savings), Quote("一万一", costs))), to=costs)
    await forget(journal, mei.user_id, savings)
    (record,) = await journal.list_records(mei.user_id, "runway")
    assert {name: each.number for name, each in record.pieces.items()} == {"costs": 11_000}
    left = await dump(journal)
    assert "297" not in left
    assert "27 个月" not in left
    assert "没有算进去的：收入。" in left


async def test_forgetting_everything_takes_the_records_of_this_person_alone(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    other = await Diarist.welcome(journal, "7001", door="telegram", language="en")
    await weigh(journal, mei, clock)
    await said(
        journal, other, clock, "show Ben", AddRecord("try", "try:1", {"what": piece(other, "show Ben")})
    )
    await keep(journal, mei, ForgetMessages(all_of_it=True))
    async with journal.read() as db:
        assert [row.user_id for row in await db.scalars(select(RecordRow))] == [other.user_id]
    assert WORD not in await dump(journal)


async def test_an_origin_of_somebody_else_is_no_double_and_cannot_be_changed(
    journal: Journal, mei: Diarist, clock: FrozenClock
) -> None:
    other = await Diarist.welcome(journal, "7001", door="telegram", language="en")
    await weigh(journal, mei, clock)
    before = await journal.list_records(mei.user_id, "weigh")
    await keep(journal, other, ChangeRecord("weigh:1", {"who": piece(other, "I do")}, ends=True))
    assert await journal.list_records(mei.user_id, "weigh") == before
    await keep(journal, other, AddRecord("weigh", "weigh:1", {"what": piece(other, "an offer")}))
    assert len(await journal.list_records(other.user_id, "weigh")) == 1


async def test_the_export_holds_them_for_people_and_for_machines(
    journal: Journal, mei: Diarist, clock: FrozenClock, tmp_path: Path
) -> None:
    await weigh(journal, mei, clock)
    await said(
        journal,
        mei,
        clock,
        "我能讲清楚",
        AddRecord("me", "me:1", {"what": piece(mei, "我能讲清楚")}, {"part": "well"}),
    )
    path = await export_user(journal, mei.user_id, tmp_path, mei.turn().now)
    with zipfile.ZipFile(path) as archive:
        page, raw = archive.read("journal.md").decode(), json.loads(archive.read("journal.json"))
    assert (
        f"""## 工具里留下的

- 2026-04-01 · 掂量
  - 说的是：「接{WORD}的单子」，2026-04-01 说的
  - 谁拍板：「独角兽说了算」，2026-04-01 说的
- 2026-04-01 · 关于我（我做得好的）
  - 说的是：「我能讲清楚」，2026-04-01 说的
"""
        in page
    )
    assert [row["kind"] for row in raw["records"]] == ["weigh", "me"]
    assert raw["records"][0]["data"]["pieces"]["who"]["text"] == "独角兽说了算"


async def test_joining_two_doors_moves_them(journal: Journal, mei: Diarist, clock: FrozenClock) -> None:
    other = await Diarist.welcome(journal, "7001", door="telegram", language="zh")
    await weigh(journal, other, clock)
    before: tuple[Record, ...] = await journal.list_records(other.user_id, "weigh")
    async with journal.begin() as tx:
        await join_people(tx, stays=mei.user_id, goes=other.user_id)
        await tx.commit()
    assert await journal.list_records(mei.user_id, "weigh") == before
