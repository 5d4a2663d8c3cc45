"""``offramp evaluate`` with a model: in parallel, in order, taken up where it was left, and judged blind."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.commands import evaluate, judge
from bot.commands.evaluate import Run, evaluate_items, read_done, tell_cost
from bot.commands.judge import judge_items, table, wilson
from bot.settings import Settings
from bot.wiring import House, open_house
from coaching.responders.fallback import Tokens
from tests.fakes.openai import FakeOpenAI
from tests.fakes.openai.honest import answer_honestly

WORDS = ("需求是产品的，排期是项目经理的，只有bug是我的。", "我做的对账表每周给大家省半天，没人知道。")


@pytest.fixture
def items(tmp_path: Path) -> Path:
    file = tmp_path / "items.jsonl"
    file.write_text("".join(json.dumps({"id": f"i{n}", "message": w}) + "\n" for n, w in enumerate(WORDS)))
    return file


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A house that goes by words alone: learning takes seconds."""

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[House]:
        async with open_house(settings, warm=False, sense=False) as house:
            yield house

    monkeypatch.setattr(evaluate, "open_apart", opened)
    monkeypatch.setattr(judge, "open_apart", opened)


def settings(home: Path, model: FakeOpenAI) -> Settings:
    return Settings(home=home, model="openai:fake", model_base_url=model.base_url)


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    said = capsys.readouterr()
    return [json.loads(line) for line in said.out.splitlines()], said.err


@pytest.mark.usefixtures("quick")
async def test_items_are_told_in_order_and_what_is_done_is_not_asked_again(
    tmp_path: Path, items: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    async with FakeOpenAI(answer_honestly) as model:
        run = Run(out=out, prices=(1.0, 2.0))
        await evaluate_items(settings(tmp_path / "home", model), items, run)
        lines, told = printed(capsys)
        assert [line["id"] for line in lines] == ["i0", "i1"]
        assert "2 of 2 by the model" in told
        assert "cost 0.0" in told
        asked = len(model.asked)
        kept = out.read_text().splitlines()
        out.write_text(kept[0] + '\n{"id": "i')  # killed while it wrote
        await evaluate_items(settings(tmp_path / "home2", model), items, run)
        again, told = printed(capsys)
    assert [line["id"] for line in again] == ["i0", "i1"]
    assert "1 of 1 by the model" in told
    assert len(model.asked) == asked + asked // 2
    assert set(read_done(out)) == {"i0", "i1"}


@pytest.mark.usefixtures("quick")
async def test_a_judge_sees_two_replies_and_not_whose_they_are(
    tmp_path: Path, items: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeOpenAI(answer_honestly) as model:
        await judge_items(settings(tmp_path, model), items, Run(), judge="openai:judge", seed=1)
        lines, told = printed(capsys)
        asked = [each.prompt for each in model.of("JudgeParts")]
    assert len(asked) == 6
    assert not any(name in prompt for prompt in asked for name in ("playbook", "chain", "plain model"))
    for line in lines:
        for pair in line["pairs"]:  # this judge prefers the longer one
            longer = max(pair["pair"], key=lambda name: len(line["replies"][name]))
            assert pair["marks"][longer]["step"] == 3
    assert "chain over plain, reflection and step: 100% of 2" in told


def test_a_tie_is_half_a_win_for_each() -> None:
    lines = [{"pairs": [{"pair": ["playbook", "chain"], "same": True}]}]
    assert "playbook over chain, all rows: 50% of 1" in table(lines)


def test_the_interval_of_sixty_in_a_hundred_is_wilsons() -> None:
    low, high = wilson(60, 100)
    assert (round(low, 3), round(high, 3)) == (0.502, 0.691)  # as in Newcombe 1998's method 3


def test_money_is_counted_by_the_million() -> None:
    assert tell_cost(Tokens(2_000_000, 500_000), (0.5, 2.0)) == (
        "tokens: 2000000 read, 500000 written, cost 2.0000"
    )
    assert tell_cost(Tokens(3, 4), (0, 0)) == "tokens: 3 read, 4 written"
