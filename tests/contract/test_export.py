"""An export holds everything of one person, readable and machine-readable, and nothing of anybody else."""

from __future__ import annotations

import json
import tracemalloc
import zipfile
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from coaching.effects import (
    AddCommitment,
    AddGoal,
    DeclineStep,
    EndGoal,
    MarkCommitment,
    RecordReview,
    SetDialogue,
)
from coaching.model import Channel, CommitmentStatus, Lens, Safety
from coaching.parts import Past, Quote, Reflection
from memory.errors import UnknownPerson
from memory.export import export_user
from memory.exporting.rows import LEFT_OUT, list_tables
from memory.sql.apply import apply
from memory.sql.journal import Journal
from memory.sql.tables import ImportRow, IndexOpRow, MessageRow, Table, TokensRow, VectorRow
from tests.conftest import FrozenClock
from tests.fakes.diarist import Diarist

TODAY = date(2026, 4, 1)


@pytest.fixture
async def mei(journal: Journal) -> Diarist:
    return await Diarist.welcome(journal)


async def plan(journal: Journal, someone: Diarist, *effects: Any) -> None:  # noqa: ANN401  # effects
    async with journal.begin() as tx:
        for effect in effects:
            await apply(tx, someone.turn(), effect)
        await tx.commit()


async def fill(journal: Journal, someone: Diarist, word: str) -> None:
    """Something in every table that knows people."""
    said = await someone.says(f"{word}项目又黄了\n# 不是标题", lenses=((Lens.ESCAPE, 0.9),))
    past = Past(f"4月1日你写过「{word}项目又黄了」。", (Quote(f"{word}项目又黄了", said, TODAY),), f"m{said}")
    await someone.hears(Reflection("「又黄了」——听着像一半已经走了。", (Quote("又黄了"),)), past, to=said)
    await someone.says(f"{word}不想活了", safety=Safety.EXPLICIT)
    await plan(
        journal,
        someone,
        AddGoal(f"开一家{word}书店", success=f"门口挂着{word}"),
        AddCommitment(
            f"找老王聊{word}",
            TODAY,
            due_time=time(12, 30),
            minutes=20,
            visible_end="一条消息",
            if_then="如果没空，就写一行",
        ),
        AddCommitment(f"写三行{word}", TODAY, cue="午休"),
        SetDialogue("plan", {"text": word}),
        DeclineStep(f"ask-{word}"),
        RecordReview(2026, 14),
    )
    waiting = f"{word}还在路上"
    await someone.sends(waiting)
    async with journal.begin() as tx:
        row = ImportRow(user_id=someone.user_id, name=f"{word}.md", sha256="0", entries=1, imported_at=tx.now)
        tx.db.add(row)
        await tx.db.flush()
        tx.db.add(
            MessageRow(
                user_id=someone.user_id, role="user", channel=Channel.IMPORT, text=f"{word}的第一段",
                language="zh", said_at=datetime(2025, 2, 3, 4, tzinfo=UTC), said_on=date(2025, 2, 3),
                source=f"{word}.md · 二月", import_id=row.id, fingerprint=word,
            )
        )  # fmt: skip
        tx.db.add(TokensRow(message_id=said, user_id=someone.user_id, digest="d", asks=0, words=f"{word}词"))
        tx.db.add(VectorRow(message_id=said, piece=0, embedder="h", user_id=someone.user_id, vector=b"v"))
        tx.db.add(IndexOpRow(user_id=someone.user_id, message_id=said, op="add"))
        await tx.commit()


async def export(journal: Journal, someone: Diarist, folder: Path) -> Path:
    return await export_user(journal, someone.user_id, folder, someone.turn().now)


def read(path: Path) -> tuple[str, dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["journal.md", "journal.json"]
        return archive.read("journal.md").decode(), json.loads(archive.read("journal.json"))


async def test_the_machine_readable_part_holds_every_row_of_this_person_and_of_nobody_else(
    journal: Journal, mei: Diarist, tmp_path: Path
) -> None:
    other = await Diarist.welcome(journal, "7001", door="telegram", language="en")
    await fill(journal, other, "独角兽")
    await fill(journal, mei, "鹦鹉螺")
    page, raw = read(await export(journal, mei, tmp_path))
    assert "独角兽" not in page + json.dumps(raw, ensure_ascii=False)
    assert (raw["format"], raw["version"], raw["exported_at"]) == (
        "offramp-journal",
        1,
        "2026-04-01T12:00:00+00:00",
    )
    filled = {name: len(rows) for name, rows in raw.items() if isinstance(rows, list) and rows}
    assert filled == {
        "users": 1,
        "identities": 1,
        "imports": 1,
        "goals": 1,
        "commitments": 2,
        "messages": 4,
        "message_lenses": 1,
        "quotes": 2,
        "dialogues": 1,
        "inbox": 3,
        "outbox": 1,
        "reviews": 1,
        "used_texts": 2,
    }
    assert {row["user_id"] for row in raw["messages"]} == {mei.user_id}
    assert not LEFT_OUT & set(raw)


async def test_a_row_holds_every_column_in_a_form_that_can_be_read_back(
    journal: Journal, mei: Diarist, tmp_path: Path
) -> None:
    await fill(journal, mei, "鹦鹉螺")
    _, raw = read(await export(journal, mei, tmp_path))
    for table in list_tables():
        for row in raw[table.name]:
            assert list(row) == [column.name for column in table.columns]
    said = raw["messages"][0]
    assert (said["text"], said["said_at"], said["said_on"]) == (
        "鹦鹉螺项目又黄了\n# 不是标题",
        "2026-04-01T12:00:00+00:00",
        "2026-04-01",
    )
    assert raw["messages"][1]["parts"]["parts"][1]["quotes"][0]["message_id"] == said["id"]
    assert raw["commitments"][0]["due_time"] == "12:30:00"
    assert [row["state"] for row in raw["inbox"]] == ["done", "done", "new"]
    assert json.loads(raw["inbox"][2]["raw"]) == {"text": "鹦鹉螺还在路上"}


def test_every_table_that_knows_people_is_exported_or_left_out_by_name() -> None:
    known = {table.name for table in list_tables()} | LEFT_OUT
    for table in Table.metadata.sorted_tables:
        if table.name in ("users", "inbox") or "user_id" in table.columns:
            assert table.name in known


async def test_the_readable_part_tells_both_sides_by_date_with_goals_plans_and_reviews(
    journal: Journal, mei: Diarist, tmp_path: Path, clock: FrozenClock
) -> None:
    await fill(journal, mei, "鹦鹉螺")
    done = MarkCommitment(1, CommitmentStatus.DONE, "聊了，他也觉得贵")
    await plan(journal, mei, done, EndGoal(1), AddGoal("写一本小册子"))
    page, _ = read(await export(journal, mei, tmp_path))
    assert page == (
        """# 你在这里写下的一切

导出于 2026-04-01 20:00（Asia/Shanghai）。

## 目标

- 「开一家鹦鹉螺书店」，2026-04-01 定下；成的样子：「门口挂着鹦鹉螺」；2026-04-01 收起
- 「写一本小册子」，2026-04-01 定下

## 计划和结果

### 2026 年第 14 周

- 做了 · 2026-04-01 · 「找老王聊鹦鹉螺」，12:30，20 分钟
  - 看得见的结果：一条消息
  - 备的一条：如果没空，就写一行
  - 后来写的：「聊了，他也觉得贵」
- 还开着 · 2026-04-01 · 「写三行鹦鹉螺」，午休

## 回顾

- 2026 年第 14 周：2026-04-01 讲给你听的，原话在那一天

## 说过的话

### 2025-02-03

**来自 鹦鹉螺.md · 二月**

> 鹦鹉螺的第一段

### 2026-04-01

**20:00 你**

> 鹦鹉螺项目又黄了
> # 不是标题

**20:00 教练**

> 「又黄了」——听着像一半已经走了。
>
> 4月1日你写过「鹦鹉螺项目又黄了」。

**20:00 你**

> 鹦鹉螺不想活了

"""
    )


async def test_an_empty_journal_can_be_exported_in_english(journal: Journal, tmp_path: Path) -> None:
    ann = await Diarist.welcome(journal, language="en")
    page, raw = read(await export(journal, ann, tmp_path))
    assert page.startswith("# Everything you wrote here\n\nExported on 2026-04-01 at 20:00 (Asia/Shanghai).")
    assert page.count("(none)") == 3
    assert raw["messages"] == raw["inbox"] == []


async def test_a_voice_message_is_told_as_one(journal: Journal, mei: Diarist, tmp_path: Path) -> None:
    async with journal.begin() as tx:
        await tx.record_said(mei.turn("嗯那个周报", channel=Channel.VOICE), origin=None)
        await tx.commit()
    page, _ = read(await export(journal, mei, tmp_path))
    assert "**20:00 你（语音）**" in page


async def test_the_file_is_its_owners_alone_and_named_by_the_local_moment(
    journal: Journal, mei: Diarist, tmp_path: Path
) -> None:
    folder = tmp_path / "home" / "exports"
    path = await export(journal, mei, folder)
    assert path == folder / "offramp-2026-04-01-200000.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    with zipfile.ZipFile(path) as archive:
        assert {info.external_attr >> 16 for info in archive.infolist()} == {0o600}
        assert archive.infolist()[0].date_time == (2026, 4, 1, 20, 0, 0)


async def test_a_second_export_in_one_second_does_not_overwrite_the_first(
    journal: Journal, mei: Diarist, tmp_path: Path
) -> None:
    names = [(await export(journal, mei, tmp_path)).name for _ in range(3)]
    assert names == [f"offramp-2026-04-01-200000{more}.zip" for more in ("", "-2", "-3")]


async def test_an_export_that_fails_midway_leaves_nothing_behind(
    journal: Journal, mei: Diarist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(journal, mei, "鹦鹉螺")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="space"):
        await export(journal, mei, tmp_path / "exports")
    assert list((tmp_path / "exports").iterdir()) == []


async def test_the_export_of_a_stranger_is_an_error_that_explains_itself(
    journal: Journal, tmp_path: Path, clock: FrozenClock
) -> None:
    with pytest.raises(UnknownPerson):
        await export_user(journal, 4711, tmp_path / "exports", clock.now())
    assert not (tmp_path / "exports").exists()


async def test_a_lone_surrogate_in_a_stored_payload_does_not_break_the_export(
    journal: Journal, mei: Diarist, tmp_path: Path
) -> None:
    await plan(journal, mei, SetDialogue("plan", {"text": "\ud800 half a character"}))
    _, raw = read(await export(journal, mei, tmp_path))
    assert raw["dialogues"][0]["state"] == {"text": "\ud800 half a character"}


async def test_a_long_journal_is_never_whole_in_memory(
    journal: Journal, mei: Diarist, tmp_path: Path, clock: FrozenClock
) -> None:
    """1,500 lines of 15 kB are 22 MB; what is held at once does not grow with them."""
    words = "鹦鹉螺" * 1700
    async with journal.begin() as tx:
        await tx.db.execute(
            insert(MessageRow),
            [
                {"user_id": mei.user_id, "role": "user", "channel": "message", "text": f"{n} {words}",
                 "language": "zh", "said_at": clock.now(), "said_on": TODAY, "safety": "none", "source": ""}
                for n in range(1500)
            ],
        )  # fmt: skip
        await tx.commit()
    await export(journal, mei, tmp_path / "first")  # whatever is loaded once is loaded now
    tracemalloc.start()
    try:
        path = await export(journal, mei, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    page, raw = read(path)
    assert len(raw["messages"]) == page.count("**") // 2 == 1500
    assert peak < 6_000_000  # bytes; it was 2.6 million
