"""A model that is changed, switched off or broken in the middle of a chat: nobody loses the thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.settings import Settings
from bot.terminal.door import Shown, TerminalDoor
from bot.wiring import House, open_house
from tests.conftest import FrozenClock
from tests.fakes.openai import Answer, FakeOpenAI
from tests.fakes.openai.honest import answer_honestly

BUSY = "需求是产品的，排期是项目经理的，只有bug是我的。"
LATER = "老板今天又当着全组的面改了我的方案，我一句话也没说。"
MARK = "这里面哪一块，你说了就算？"  # the honest model's question
STEP = "把这件事里归自己管的那一块写成三行"  # and its step


@asynccontextmanager
async def chat(
    home: Path, clock: FrozenClock, model: FakeOpenAI | None
) -> AsyncIterator[tuple[House, TerminalDoor]]:
    """The program, started with one model, another, or none, in the same home."""
    named = {"model": "openai:fake", "model_base_url": model.base_url} if model else {}
    settings = Settings.model_validate({"home": home, **named})
    async with open_house(settings, clock=clock, warm=False, sense=False) as house:
        yield house, await TerminalDoor.open(house)


async def enter(door: TerminalDoor, line: str) -> Shown:
    await door.accept(line)
    (shown,) = [shown async for shown in door.answer()]
    return shown


async def test_a_model_changed_switched_off_and_broken_leaves_one_conversation(tmp_path: Path) -> None:
    clock = FrozenClock(datetime(2026, 4, 1, 2, 0, tzinfo=UTC))
    async with FakeOpenAI(answer_honestly) as first, FakeOpenAI(answer_honestly) as second:
        async with chat(tmp_path, clock, first) as (_, door):
            assert MARK in (await enter(door, BUSY)).text
        async with chat(tmp_path, clock, None) as (
            house,
            door,
        ):  # switched off: what the model offered still stands
            await enter(door, "好，我做")
            (promised,) = (await house.journal.load_scene(door.user.id, clock.now())).plan
            assert promised.text == STEP
            assert promised.if_then
        second.says = lambda _: Answer(status=500)
        async with chat(tmp_path, clock, second) as (_, door):  # changed, and broken
            by_playbook = (await enter(door, LATER)).text
            assert MARK not in by_playbook
            assert STEP not in by_playbook
            second.says = answer_honestly
            clock.passes(minutes=2)
            await enter(door, "他们开会的时候从来不叫我，结论却要我来执行。")
        told = second.of("TurnParts")[-1].prompt
        # the second model is told all that the first, the tap and the playbook said
        assert BUSY in told
        assert LATER in told
        assert STEP in told
        assert by_playbook.splitlines()[0][:20] in told
