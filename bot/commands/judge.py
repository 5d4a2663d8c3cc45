"""``offramp evaluate ITEMS.jsonl --judge MODEL``: the judged half of rubric.md, blind and in pairs.

Playbook, chain and the plain model answer the same message with the same context. A judge sees two replies at
a time, in an order that a seed shuffles, and gives marks; who has more has won.
"""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import click

from bot.commands.evaluate import (
    AT_ONCE,
    Run,
    add_line,
    add_person,
    open_apart,
    read_done,
    read_item,
    read_lines,
    tell,
    tell_cost,
    turn_from,
)
from bot.commands.progress import show_progress
from coaching.errors import BudgetSpent, ModelFailed
from coaching.responders.chain import ChainResponder, open_model
from coaching.responders.playbook import PlaybookResponder
from memory.sql.budget import TokenBudget

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Settings
    from bot.wiring import House
    from coaching.model import Scene, Turn
    from coaching.parts import Draft
    from coaching.reading import Reading
    from coaching.responders.fallback import FallbackResponder

    Asked = tuple[Turn, Scene, Reading]

WEIGHTS = {
    "lens": 2,
    "reflection": 3,
    "step": 3,
    "autonomy": 1.5,
    "honesty": 1.5,
    "question": 1,
    "voice": 0.5,
}
DECISIVE = ("reflection", "step")  # on these the rubric decides
SYSTEMS = ("playbook", "chain", "plain")
Z = NormalDist().inv_cdf(0.975)


@dataclass(slots=True)
class Overhearing:
    """A ``Responder`` that keeps what it was asked, so that others can answer the same."""

    asked: Asked | None = None

    async def draft(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """The playbook's."""
        self.asked = (turn, scene, reading)
        return await PlaybookResponder().draft(turn, scene, reading)


@dataclass(frozen=True, slots=True)
class Bench:
    """Who answers and who judges."""

    house: House
    chain: FallbackResponder
    plain: ChainResponder
    judge: ChainResponder
    seed: int

    async def compare(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Every pair of one item; nothing where no ordinary reply is called for."""
        item = read_item(raw, self.house.clock.now())
        user_id, _ = await add_person(self.house, item)
        heard = Overhearing()
        await self.house.coach.drafted_by(heard).reply_to(turn_from(item, user_id))
        line: dict[str, Any] = {"id": item.id, "pairs": []}
        if heard.asked is None:
            return line
        try:
            replies = await self._replies(*heard.asked)
            for pair in combinations(SYSTEMS, 2):
                line["pairs"].append(await self._pair(item.id, heard.asked, replies, pair))
        except (ModelFailed, BudgetSpent) as error:
            return {"id": item.id, "pairs": [], "failed": type(error).__name__}
        return line | {"replies": replies}

    async def _replies(self, turn: Turn, scene: Scene, reading: Reading) -> dict[str, str]:
        drafts = PlaybookResponder().draft(turn, scene, reading), self.chain.draft(turn, scene, reading)
        playbook, chain, plain = await asyncio.gather(*drafts, self.plain.write(turn, scene, reading))
        return dict(zip(SYSTEMS, (playbook.text, chain.text, plain), strict=True))

    async def _pair(
        self, name: str, asked: Asked, replies: dict[str, str], pair: tuple[str, str]
    ) -> dict[str, Any]:
        one, other = order = list(pair)
        if replies[one] == replies[other]:  # the chain fell back
            return {"pair": pair, "same": True}
        random.Random(f"{self.seed}:{name}:{one}:{other}").shuffle(order)  # noqa: S311  # an order, no secret
        shown = await self.judge.compare(*asked, replies[order[0]], replies[order[1]])
        marks = dict(zip(order, (shown.first, shown.second), strict=True))
        return {"pair": pair, "shown": order, "marks": {n: m.model_dump() for n, m in marks.items()}}


async def judge_items(settings: Settings, items: Path, run: Run, *, judge: str, seed: int) -> int:
    """Prints one line of judgements an item, and on standard error who won how often."""
    raws = [json.loads(line) for line in await asyncio.to_thread(read_lines, items)]
    done = await asyncio.to_thread(read_done, run.out) if run.out else {}
    async with open_apart(settings) as house:
        if house.model is None:
            tell("There is no model to compare: set OFFRAMP_MODEL.")
            return 1
        bench = _open_bench(settings, house, house.model, judge, seed)
        gate = asyncio.Semaphore(run.parallel or AT_ONCE)
        with show_progress() as bar:
            task = bar.add_task("judge", total=len(raws))

            async def compare(raw: dict[str, Any]) -> dict[str, Any]:
                async with gate:
                    line = done.get(raw["id"])
                    if line is None:
                        line = await bench.compare(raw)
                        if run.out:
                            await asyncio.to_thread(add_line, run.out, line)
                bar.advance(task)
                return line

            async with asyncio.TaskGroup() as group:
                lines = []
                for each in [group.create_task(compare(raw)) for raw in raws]:
                    lines.append(await each)
                    click.echo(json.dumps(lines[-1], ensure_ascii=False))
        tell(table(lines))
        for name, spent in (
            ("chain", house.model.spent),
            ("plain", bench.plain.spent),
            ("judge", bench.judge.spent),
        ):
            tell(f"{name}: {tell_cost(spent, run.prices)}")
    return 0


def _open_bench(settings: Settings, house: House, model: FallbackResponder, judge: str, seed: int) -> Bench:
    def opened(name: str) -> ChainResponder:
        chat = open_model(
            name,
            base_url=settings.model_base_url,
            api_key=settings.model_api_key.get_secret_value(),
            deadline=settings.model_deadline,
        )
        return ChainResponder(chat, TokenBudget(house.journal, house.clock, each=0, everyone=0))

    return Bench(house, model, opened(settings.model), opened(judge), seed)


def table(lines: list[dict[str, Any]]) -> str:
    """Win rates of every pair, with 95 % Wilson intervals; a tie is half a win."""
    pairs = [pair for line in lines for pair in line["pairs"]]
    judged = sum(bool(line["pairs"]) for line in lines)
    told = [f"{judged} of {len(lines)} items judged; the others call for no ordinary reply, or failed"]
    for one, other in combinations(SYSTEMS, 2):
        mine = [pair for pair in pairs if list(pair["pair"]) == [one, other]]
        for name, rows in (("all rows", tuple(WEIGHTS)), ("reflection and step", DECISIVE)):
            points = [_points(pair, one, other, rows) for pair in mine]
            if points:
                low, high = wilson(sum(points), len(points))
                share = sum(points) / len(points)
                told.append(
                    f"{one} over {other}, {name}: {share:.0%} of {len(points)} ({low:.0%} to {high:.0%})"
                )
    return "\n".join(told)


def _points(pair: dict[str, Any], one: str, other: str, rows: tuple[str, ...]) -> float:
    if pair.get("same"):
        return 0.5
    mine, theirs = (sum(WEIGHTS[row] * pair["marks"][name][row] for row in rows) for name in (one, other))
    return 0.5 if mine == theirs else float(mine > theirs)


def wilson(won: float, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); half a win counts half."""
    share, spread = won / of, Z * Z / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z * (share * (1 - share) / of + spread / (4 * of)) ** 0.5 / (1 + spread)
    return middle - half, middle + half
