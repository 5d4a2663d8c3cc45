"""The evening comes to the terminal: above the line that is typed, once, and honest about being closed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.settings import Settings
from bot.terminal.chat import _Screen
from bot.terminal.door import Shown, TerminalDoor
from bot.wiring import House
from coaching.effects import AddCommitment
from coaching.model import Channel, Turn
from memory.sql.apply import apply
from tests.conftest import FrozenClock
from tests.fakes.coach import make_coach
from tests.fakes.door import make_house

TODAY = date(2026, 4, 1)
NINE = datetime(2026, 4, 1, 13, 0, tzinfo=UTC)  # 21:00 in Shanghai


@pytest.fixture
def house(sqlite_engine: AsyncEngine, tmp_path: Path, clock: FrozenClock) -> House:
    settings = Settings(_env_file=None, home=tmp_path)  # type: ignore[call-arg]  # pydantic-settings takes it
    return make_house(sqlite_engine, settings, make_coach(sqlite_engine, clock), clock)


@pytest.fixture
async def door(house: House, monkeypatch: pytest.MonkeyPatch) -> TerminalDoor:
    """Somebody with a promise for today, an hour before the check-in."""
    monkeypatch.setattr("bot.terminal.door._local_zone", lambda: "Asia/Shanghai")
    door = await TerminalDoor.open(house, language="zh")
    async with house.journal.begin() as tx:
        turn = Turn(door.user.id, "", "zh", house.clock.now(), Channel.TAP)
        await apply(tx, turn, AddCommitment("录讲稿", TODAY, minutes=20))
        await tx.commit()
    await door.tick(house.clock.now())
    return door


async def asked(door: TerminalDoor) -> list[Shown]:
    return [shown async for shown in door.ask()]


async def test_a_number_answers_the_evenings_question(
    house: House, door: TerminalDoor, clock: FrozenClock
) -> None:
    clock.at = NINE
    await door.tick(NINE)
    (shown,) = await asked(door)
    assert "录讲稿" in shown.text
    clock.passes(minutes=1)
    await door.accept("1")
    (reply,) = [shown async for shown in door.answer()]
    assert "记成做了" in reply.text
    assert await asked(door) == []


async def test_two_terminals_of_one_person_ask_once(
    house: House, door: TerminalDoor, clock: FrozenClock
) -> None:
    other = await TerminalDoor.open(house)
    clock.at = NINE
    await asyncio.gather(door.tick(NINE), other.tick(NINE))
    both = await asyncio.gather(asked(door), asked(other))
    assert sorted(len(shown) for shown in both) == [0, 1]


async def test_replies_are_not_held_up_by_a_snooze_that_waits(
    house: House, door: TerminalDoor, clock: FrozenClock
) -> None:
    clock.at = NINE
    await door.tick(NINE)
    await asked(door)
    await door.accept("4")
    (reply,) = [shown async for shown in door.answer()]
    assert "22:00" in reply.text
    await door.accept("/help")
    assert len([shown async for shown in door.answer()]) == 1
    assert await asked(door) == []
    clock.passes(hours=1)
    assert len(await asked(door)) == 1


# --- the screen ---------------------------------------------------------------------------------------------


@dataclass
class Keyboard:
    """A person in front of the chat, and what they see."""

    keys: PipeInput
    page: StringIO
    screen: _Screen

    def types(self, keys: str) -> None:
        self.keys.send_text(keys)

    async def sees(self, pattern: str) -> str:
        async with asyncio.timeout(5):
            while (found := re.search(pattern, self.page.getvalue())) is None:
                await asyncio.sleep(0.01)
        return found.group(0)

    async def has_typed(self, words: str) -> None:
        async with asyncio.timeout(5):
            while self.screen._session.default_buffer.text != words:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def sits_down(
    house: House, door: TerminalDoor, every: timedelta = timedelta(milliseconds=20)
) -> AsyncIterator[Keyboard]:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        screen = _Screen(house, door, every=every)
        page = StringIO()
        screen._printer.console = Console(file=page, highlight=False, soft_wrap=True)
        async with asyncio.TaskGroup() as group:
            group.create_task(screen.run())
            try:
                yield Keyboard(keys, page, screen)
            finally:
                keys.send_text("\x15\x04")  # the line is cleared, and Ctrl-D leaves


async def test_the_question_appears_while_a_line_is_typed_and_the_line_stays(
    house: House, door: TerminalDoor, clock: FrozenClock
) -> None:
    async with sits_down(house, door) as keyboard:
        keyboard.types("/he")
        await keyboard.has_typed("/he")
        clock.at = NINE
        await keyboard.sees("录讲稿")
        await keyboard.has_typed("/he")
        clock.passes(minutes=1)
        keyboard.types("lp\r")
        await keyboard.sees("/plan")


async def test_a_terminal_that_was_closed_for_days_owns_up_once(
    house: House, door: TerminalDoor, clock: FrozenClock
) -> None:
    clock.at = datetime(2026, 4, 5, 2, 0, tzinfo=UTC)  # Sunday, 10:00
    async with sits_down(house, door) as keyboard:
        await keyboard.sees("从4月1日起我没开着")
    async with sits_down(house, door) as keyboard:
        keyboard.types("/help\r")
        await keyboard.sees("/plan")
        assert "没开着" not in keyboard.page.getvalue()
        clock.at = datetime(2026, 4, 5, 13, 0, tzinfo=UTC)
        await keyboard.sees("录讲稿")
        assert "没开着" not in keyboard.page.getvalue()
