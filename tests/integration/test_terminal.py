"""The terminal door: whatever is typed gets an answer or a sentence, and nothing that was entered is lost."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import Settings
from bot.terminal.door import LONGEST, Shown, TerminalDoor, TooLong, clean, clean_text
from bot.wiring import House, open_house
from memory.sql.inbox import TERMINAL, list_pending
from tests.conftest import FrozenClock

one_house = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
ZALGO = "Z̸̢̛͎a̵͕͝l̶̰̾g̴̱̈́o everything I ship is undone by Monday"
BAD_BUT_WRITING = {
    "NUL": "周报又\x00改了一版，没有人看",
    "lone surrogate": "我做的工具\ud83d没有人知道",
    "right to left": "\u202eהעבודה שלי\u202c 又被别人拿走了，我没说话",
    "zalgo": ZALGO,
    "bell and escape": "\x07\x1b[31m我做的表没有人知道\x1b[0m",
    "emoji": "🙂🙂🙂 我做的表没有人知道",
    "several lines": "第一行：周报又改了\n第二行：没有人看\n第三行：我也不想看",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The real house without its embedder, opened once: its classifiers learn for seconds, not per test."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    clock = FrozenClock(datetime(2026, 4, 1, 12, 0, tzinfo=UTC))
    async with open_house(settings, clock=clock, warm=False) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def door(house: House, request: pytest.FixtureRequest) -> TerminalDoor:
    """Somebody new at the keyboard."""
    return await TerminalDoor.open(house, request.node.nodeid)


async def enter(door: TerminalDoor, line: str) -> list[Shown]:
    await door.accept(line)
    return [shown async for shown in door.answer()]


@one_house
@pytest.mark.parametrize("line", BAD_BUT_WRITING.values(), ids=BAD_BUT_WRITING.keys())
async def test_odd_writing_is_answered_once_and_printable(door: TerminalDoor, line: str) -> None:
    (shown,) = await enter(door, line)
    assert shown.text.strip()
    assert shown.text.encode("utf-8")  # nothing left that a terminal cannot print
    assert not any(ord(char) < 32 and char not in "\n\t" for char in shown.text)


@one_house
@pytest.mark.parametrize("line", ["", "   ", "\n\n", "\x00", "\ufeff", "\ud83d"])
async def test_an_empty_line_is_no_message(door: TerminalDoor, line: str) -> None:
    assert await enter(door, line) == []
    assert await door.is_new()


@one_house
async def test_a_megabyte_is_refused_and_stored_nowhere(house: House, door: TerminalDoor) -> None:
    with pytest.raises(TooLong, match=r"1000000"):
        await door.accept("长" * 1_000_000)
    assert await list_pending(house.journal, TERMINAL, door.user.id) == ()


@one_house
async def test_the_longest_message_is_still_taken(door: TerminalDoor) -> None:
    assert len(await enter(door, "我做的表没有人知道。" * (LONGEST // 10))) == 1


@given(st.text())
def test_cleaning_leaves_writing_that_can_be_stored_and_printed(words: str) -> None:
    cleaned = clean_text(words)
    cleaned.encode("utf-8")  # would raise
    assert "\x00" not in cleaned
    assert clean_text(cleaned) == cleaned


def test_line_ends_of_every_system_are_one_kind() -> None:
    assert clean("一\r\n二\r三\n") == "一\n二\n三"


@one_house
async def test_a_number_chooses_a_button_and_only_where_there_is_one(
    house: House, door: TerminalDoor
) -> None:
    (shown,) = await enter(door, "我做的对账表每周给大家省半天，没人知道。")
    assert [data for _, data in shown.choices] == ["step:do", "step:smaller", "step:not_this"]
    await enter(door, "1")
    scene = await house.journal.load_scene(door.user.id, house.clock.now())
    assert len(scene.plan) == 1
    await enter(door, "9")
    scene = await house.journal.load_scene(door.user.id, house.clock.now())
    assert len(scene.plan) == 1


@one_house
async def test_the_language_follows_what_is_written(door: TerminalDoor) -> None:
    (english,) = await enter(door, "The sheet I built saves half a day each week and nobody knows it exists.")
    (chinese,) = await enter(door, "我做的对账表每周给大家省半天，没人知道。")
    assert "“" in english.text
    assert "「" in chinese.text


@one_house
async def test_an_unknown_command_says_where_the_known_ones_are(door: TerminalDoor) -> None:
    (shown,) = await enter(door, "/dance")
    assert "/help" in shown.text


@one_house
async def test_an_index_that_fails_ends_no_conversation(
    house: House, door: TerminalDoor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(user_id: int | None = None) -> int:
        raise RuntimeError("我做的表没有人知道")

    monkeypatch.setattr(house.recall, "index_pending", fail)
    assert await enter(door, "我做的表没有人知道。")
    await house.take_in(door.user.id)
    assert "RuntimeError" in caplog.text
    assert "没有人知道" not in caplog.text


@one_house
async def test_what_was_entered_and_not_answered_is_answered_at_the_next_start(
    house: House, request: pytest.FixtureRequest
) -> None:
    door = await TerminalDoor.open(house, request.node.nodeid)
    await door.accept("我做的对账表每周给大家省半天，没人知道。")
    again = await TerminalDoor.open(house, request.node.nodeid)
    assert await again.count_waiting() == 1
    assert len([shown async for shown in again.answer()]) == 1
    assert await again.count_waiting() == 0


# The child takes a line and is killed while it would have answered. It imports no model.
ACCEPT_AND_WAIT = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from bot.settings import Settings
    from bot.terminal.door import TerminalDoor
    from bot.wiring import open_house

    async def main():
        async with open_house(Settings(home=Path(sys.argv[1])), warm=False) as house:
            door = await TerminalDoor.open(house)
            await door.accept(sys.argv[2])
            print("accepted", "torch" in sys.modules, flush=True)
            await asyncio.Event().wait()

    asyncio.run(main())
    """
)


def test_kill_minus_nine_after_a_line_was_taken_loses_nothing(tmp_path: Path) -> None:
    line = "我做的对账表每周给大家省半天，没人知道。"
    child = subprocess.Popen(
        [sys.executable, "-c", ACCEPT_AND_WAIT, str(tmp_path), line],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "accepted False\n"
        os.kill(child.pid, signal.SIGKILL)

    async def find_waiting() -> list[str]:
        async with open_house(Settings(home=tmp_path), warm=False) as house:
            door = await TerminalDoor.open(house)
            waiting = await list_pending(house.journal, TERMINAL, door.user.id)
            return [json.loads(each.raw)["text"] for each in waiting]

    assert asyncio.run(find_waiting()) == [line]


def run(home: Path, given: bytes, *, embedder: str = "hash") -> subprocess.CompletedProcess[bytes]:
    # a child needs a whole environment, only not somebody's own settings
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OFFRAMP_")}  # noqa: TID251
    return subprocess.run(
        [sys.executable, "-m", "bot", "chat"],
        input=given,
        capture_output=True,
        cwd=ROOT,
        env=environment | {"OFFRAMP_HOME": str(home), "OFFRAMP_EMBEDDER": embedder},
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize(
    "embedder", ["hash", pytest.param("packaged", marks=[pytest.mark.slow, pytest.mark.model])]
)
def test_from_a_pipe_all_lines_are_answered_and_a_megabyte_costs_the_exit_code(
    tmp_path: Path, embedder: str
) -> None:
    lines = ["我做的对账表每周给大家省半天，没人知道。", "长" * 400_000, "1", "谢谢"]
    done = run(
        tmp_path,
        b"\n".join(
            [*(line.encode() for line in lines), b"\xff\xfe \x00 broken bytes, nobody reads my report"]
        ),
        embedder=embedder,
    )
    printed = done.stdout.decode("utf-8")
    assert done.returncode == 1
    assert "「" in printed
    assert "“" in printed
    assert "\x1b" not in printed
    assert len(done.stderr.decode("utf-8").strip().splitlines()) == 1
    assert str(len(lines[1])) in done.stderr.decode("utf-8")


def test_from_a_pipe_without_trouble_the_exit_code_is_nought(tmp_path: Path) -> None:
    done = run(tmp_path, b"/help\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "/plan" in done.stdout.decode("utf-8")
