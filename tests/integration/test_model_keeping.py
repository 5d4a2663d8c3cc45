"""What a model thinks worth keeping is proposed in their own words, and kept only by their yes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.terminal.door import Shown, TerminalDoor
from coaching.effects import AddRecord
from coaching.proposals import KIND, propose
from tests.conftest import FrozenClock
from tests.fakes.openai import Answer, FakeOpenAI, tell
from tests.fakes.openai.honest import answer_honestly, fill_parts, read_message
from tests.fakes.turns import said
from tests.integration.test_model_thread import chat

TOLD = "这个月起定价归我定了，可是每天还是在改别人的周报，改完也没有人看。"
WANTED = "我想一年以后让客户能说出这件事是谁做的，现在每天都被拉去开会。"


def keeps(words: str, place: str) -> Any:  # noqa: ANN401  # what a fake model says
    """An honest answer that proposes something."""

    def says(body: dict[str, Any]) -> Answer:
        if tell(body) != "TurnParts":
            return answer_honestly(body)
        return Answer(arguments=fill_parts(read_message(body)) | {"keep": {"words": words, "place": place}})

    return says


async def enter(door: TerminalDoor, line: str) -> Shown:
    await door.accept(line)
    (shown,) = [shown async for shown in door.answer()]
    return shown


async def press(door: TerminalDoor, shown: Shown, data: str) -> Shown:
    """Chooses the button that sends something like this."""
    number = next(n for n, (_, sent) in enumerate(shown.choices, 1) if sent.startswith(data))
    return await enter(door, str(number))


def count_offered(page: Shown) -> int:
    """How many proposals a page shows, each with a yes and a no."""
    return sum(":keep:" in data for _, data in page.choices)


async def test_what_is_proposed_is_kept_by_a_yes_and_gone_by_a_no(tmp_path: Path) -> None:
    clock = FrozenClock(datetime(2026, 4, 1, 2, 0, tzinfo=UTC))
    proposed = (
        (TOLD, "定价归我定了", "me"),
        (WANTED, "让客户能说出这件事是谁做的", "goal"),
        (TOLD, "改完也没有人看", "try"),
    )
    async with FakeOpenAI() as model, chat(tmp_path, clock, model) as (house, door):
        for line, words, place in proposed:
            model.says = keeps(words, place)
            await enter(door, line)
            clock.passes(minutes=1)
        assert not await house.journal.list_goals(door.user.id)  # nothing is kept by itself

        page = await enter(door, "/me")  # newest first
        assert [words in page.text for _, words, _ in proposed] == [True] * 3
        assert count_offered(page) == 3
        assert "没有留下" in (await press(door, page, "me:drop:")).text

        await press(door, await enter(door, "/me"), "me:keep:")
        (goal,) = await house.journal.list_goals(door.user.id)
        assert goal.text == "让客户能说出这件事是谁做的"

        await press(door, await enter(door, "/me"), "me:keep:")
        page = await enter(door, "/me")
        assert "1. 「定价归我定了」" in page.text  # a line of theirs now
        assert count_offered(page) == 0

        await enter(door, TOLD)  # the same words are not proposed twice
        assert count_offered(await enter(door, "/me")) == 0


async def test_a_second_tap_finds_nothing_to_settle(tmp_path: Path) -> None:
    clock = FrozenClock(datetime(2026, 4, 1, 2, 0, tzinfo=UTC))
    async with (
        FakeOpenAI(keeps("定价归我定了", "goal")) as model,
        chat(tmp_path, clock, model) as (house, door),
    ):
        await enter(door, TOLD)
        page = await enter(door, "/me")
        await press(door, page, "me:keep:")
        door._choices = page.choices  # the old keyboard
        await press(door, page, "me:keep:")
        assert len(await house.journal.list_goals(door.user.id)) == 1


async def test_a_forgotten_message_takes_its_proposal_along(tmp_path: Path) -> None:
    clock = FrozenClock(datetime(2026, 4, 1, 2, 0, tzinfo=UTC))
    async with (
        FakeOpenAI(keeps("定价归我定了", "me")) as model,
        chat(tmp_path, clock, model) as (house, door),
    ):
        await enter(door, TOLD)
        assert len(await house.journal.list_records(door.user.id, KIND)) == 1
        await press(door, await enter(door, "/forget last"), "forget:yes")
        assert not await house.journal.list_records(door.user.id, KIND)


@pytest.mark.parametrize(
    "words", ["定价归你定了", "升职了", "我", "", "这个月起定价归我定了" * 9, "“定价归我定了”"]
)
def test_words_that_were_not_said_so_are_not_proposed(words: str) -> None:
    assert propose(said(TOLD), words, "me") == ()


def test_words_of_theirs_are_proposed_verbatim() -> None:
    (proposed,) = propose(said(TOLD), " 定价归我定了 ", "me")
    assert isinstance(proposed, AddRecord)
    assert proposed.pieces["what"].text == "定价归我定了"
