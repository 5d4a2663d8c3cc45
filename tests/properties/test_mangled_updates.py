"""Whatever shape an update has, it stops nobody: the good one behind it is answered."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.telegram.chat import Manner
from bot.telegram.parse import Malformed, Update, parse
from bot.telegram.sketch import sketch
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.inbox import Pending, count_inbox
from memory.sql.migrate import upgrade
from tests.fakes.door import Door, RealClock, open_door
from tests.fakes.mangling import Body, collect_real_updates, mangled
from tests.fakes.telegram import FakeTelegram, Person

TOGETHER = 20  # mangled updates in front of each good one
REAL = asyncio.run(collect_real_updates())
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


class Alarms(logging.Handler):
    """Hears what a loop that survives had to survive: there is to be none."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if any(
            sign in record.getMessage() for sign in ("outage", "cannot be", "left in doubt", "poll failed")
        ):
            self.heard.append(record.getMessage())


class Trial:
    """One door for all examples: what an earlier one left behind is there for the next."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._runner = asyncio.Runner()
        self._stop = asyncio.Event()
        self.sent = 0
        self._good = 0
        self.alarms = Alarms()

    def __enter__(self) -> Trial:
        self._opened: asyncio.Future[tuple[Door, Person]] = self._runner.get_loop().create_future()
        self._living = self._runner.get_loop().create_task(self._live())
        logging.getLogger("bot").addHandler(self.alarms)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("bot").removeHandler(self.alarms)
        self._stop.set()
        with self._runner:
            self._runner.run(asyncio.wait_for(self._living, 20))

    def send(self, bodies: list[Body]) -> None:
        """Sends them, a good message behind them, and waits for its answer and until nothing waits."""
        self._runner.run(self._send(bodies))
        assert self.alarms.heard == []

    async def _live(self) -> None:
        engine = open_engine(sqlite_url(self._home / "offramp.db"))
        await upgrade(engine)
        manner = Manner(moment=0.0, per_minute=1_000_000)
        async with (
            FakeTelegram() as telegram,
            open_door(telegram, engine, self._home, manner=manner) as door,
        ):
            self._opened.set_result((door, telegram.person("Ann", language_code="en")))
            await self._stop.wait()
        await engine.dispose()

    async def _send(self, bodies: list[Body]) -> None:
        done, _ = await asyncio.wait((self._living, self._opened), return_when=asyncio.FIRST_COMPLETED)
        if self._living in done:
            self._living.result()
        door, ann = await self._opened
        for body in bodies:
            door.telegram.updates.push_raw(body)
        self.sent += len(bodies)
        self._good += 1
        await ann.says(f"good {self._good}.")
        await ann.hears(rf"good {self._good}\.", within=30)
        async with asyncio.timeout(30):
            while (await count_inbox(door.journal)).get("new"):
                await asyncio.sleep(0.001)


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Trial]:
    with Trial(tmp_path) as one:
        yield one


def try_examples(trial: Trial, examples: int, *, together: int = TOGETHER) -> None:
    @settings(
        max_examples=examples,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # what went before belongs to an example: it cannot be made smaller
    )
    @given(st.lists(mangled(REAL), min_size=together, max_size=together))
    def check(bodies: list[Body]) -> None:
        trial.send(bodies)

    check()


@settings(max_examples=200)
@given(st.one_of(ANYTHING, mangled(REAL)))
def test_any_tree_is_sketched_and_then_parsed_or_malformed(tree: object) -> None:
    seen = sketch(tree)
    assert seen.update_id is None or -(2**63) <= seen.update_id < 2**63
    row = Pending(1, 1, 1, 1, seen.sender_id, json.dumps(tree), 0, RealClock().now())
    with suppress(Malformed):
        assert isinstance(parse(row, "offramp_coach_bot"), Update)


def test_mangled_updates_stop_nobody(trial: Trial) -> None:
    try_examples(trial, 5, together=10)


@pytest.mark.parametrize("name", ["\ud800", "\x00", "", "../../getMe?x#y", "x" * 5000])
def test_a_file_whose_number_is_odd_stops_nobody(trial: Trial, name: str) -> None:
    message = next(body for body in REAL if "document" in body.get("message", {}))
    body = copy.deepcopy(message)
    body["message"]["document"]["file_id"] = name
    trial.send([body])


@pytest.mark.parametrize("name", ["\ud800", "\x00", "", "x" * 5000])
def test_a_tap_whose_number_is_odd_stops_nobody(trial: Trial, name: str) -> None:
    body = copy.deepcopy(next(body for body in REAL if "callback_query" in body))
    body["callback_query"]["id"] = name
    trial.send([body])


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_thousand_mangled_updates_stop_nobody(trial: Trial) -> None:
    try_examples(trial, 10_000 // TOGETHER)
    assert trial.sent >= 10_000
    print(f"\n{trial.sent:,} mangled updates: no uncaught error, every good one behind them answered")  # noqa: T201
