"""One evening with Offramp in Telegram, from /start to /forget, as the README shows it.

``python -m tests.fakes.story`` plays it against the fake Telegram, in both languages, and writes what was
said into the README. The coach is the real one without a model, and the clock moves by the script alone.
"""

from __future__ import annotations

import asyncio
import functools
import re
import socket
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.telegram.chat import Manner
from coaching.coach import Coach
from coaching.housekeeping import About
from coaching.lenses import LensReader
from coaching.model import Language
from coaching.responders.playbook import PlaybookResponder
from coaching.safety import SafetyCheck
from coaching.thinking import Team
from memory.recall import open_recall
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.inbox import count_inbox
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade
from memory.sql.outbox import count_outbox
from tests.conftest import FrozenClock
from tests.fakes.door import Door, open_door
from tests.fakes.telegram import FakeTelegram, Person

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"<!-- story:(\w\w) -->\n(.*?)<!-- /story -->", re.DOTALL)

ANSWERED = re.compile(r" answers the tap$")  # which nobody sees
TAP = "→ "  # a line of the script that taps instead of typing
WAIT = timedelta(minutes=2)  # between two lines


@dataclass(frozen=True)
class Script:
    """Who says what, from when on."""

    name: str
    zone: str
    begins: datetime
    lines: tuple[str, ...]


SCRIPTS: dict[Language, Script] = {
    "en": Script(
        "Ann",
        "Europe/London",
        datetime(2026, 4, 1, 18, 10, tzinfo=UTC),
        (
            "/start",
            "I sit in meetings all day and write the weekly report, and my own little tool never moves",
            TAP + "Skip",
            TAP + "London",
            TAP + "21:00",
            "Dana asked about my little tool again today, two people in her team use it every week",
            "My boss decides what I work on next month, so I wrote down which part is mine",
            TAP + "I'll do it",
            "/plan",
            "/recall little tool",
            "/export",
            "/forget all",
            TAP + "yes, erase",
        ),
    ),
    "zh": Script(
        "小林",
        "Asia/Shanghai",
        datetime(2026, 4, 1, 11, 10, tzinfo=UTC),
        (
            "/start",
            "每天都在开会，周报也是我写，晚上想做自己的小工具却没有力气打开电脑",
            TAP + "先跳过",
            TAP + "Shanghai",
            TAP + "21:00",
            "今天隔壁组又来问我那个小工具，他们有两个人每周都在用",
            "下个月做什么是老板定的，我只能决定自己手上这块怎么做",
            TAP + "我来做",
            "/plan",
            "/recall 小工具",
            "/export",
            "/forget all",
            TAP + "确定抹掉",
        ),
    ),
}


@functools.cache
def readers() -> tuple[LensReader, SafetyCheck]:
    """They learn when they first read, which takes seconds: once for all stories."""
    return LensReader(), SafetyCheck()


async def tell(language: Language, home: Path, *, by_webhook: bool = False) -> str:
    """Plays the script.

    Returns:
        What a person who looked over their shoulder would have read.
    """
    script = SCRIPTS[language]
    clock = FrozenClock(script.begins)
    engine = open_engine(sqlite_url(home / "offramp.db"))
    await upgrade(engine)
    recall = open_recall(engine, home, clock=clock)  # never started: no model is loaded, it goes by words
    lenses, safety = readers()
    journal = Journal(engine, clock)
    coach = Coach(
        Team(
            journal,
            recall,
            PlaybookResponder(),
            lenses,
            safety,
            recall,
            About(home="~/offramp", door="telegram"),
        )
    )
    more = _webhook() if by_webhook else {}
    try:
        async with FakeTelegram(clock=lambda: clock.at.timestamp(), webhook_second=0.01) as telegram:
            person = telegram.person(script.name, language_code=language)
            async with journal.begin() as tx:  # where this machine stands is no part of the story
                await tx.add_user("telegram", str(person.id), language=language, zone=script.zone)
                await tx.commit()
            manner = Manner(moment=0, in_a_row=0, per_minute=1000)
            async with open_door(
                telegram, engine, home, coach=coach, clock=clock, recall=recall, manner=manner, **more
            ) as door:
                for line in script.lines:
                    await _play(door, person, line)
                    clock.at += WAIT
            return "\n".join(line for line in person.transcript().split("\n") if not ANSWERED.search(line))
    finally:
        await recall.close()
        await engine.dispose()


async def _play(door: Door, person: Person, line: str) -> None:
    """One line, and everything that follows from it."""
    settled = await _count_settled(door)
    if line.startswith(TAP):
        await person.taps(line.removeprefix(TAP))
    else:
        await person.says(line)
    async with asyncio.timeout(60):
        while await _count_settled(door) == settled or await _is_busy(door):
            await asyncio.sleep(0.005)


async def _count_settled(door: Door) -> int:
    return (await count_inbox(door.journal)).get("done", 0)


async def _is_busy(door: Door) -> bool:
    """Whether something waits to be answered or sent."""
    if (await count_inbox(door.journal)).get("new"):
        return True
    return bool((await count_outbox(door.journal)).keys() & {"queued", "sending"})


def _webhook() -> dict[str, Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return {"webhook_url": f"http://127.0.0.1:{port}/hook", "webhook_listen": f"127.0.0.1:{port}"}


def show(transcript: str) -> str:
    """As the README has it."""
    return f"```text\n{transcript}\n```\n"


async def main() -> None:
    """Writes both stories into the README."""
    page = README.read_text("utf-8")
    for language in SCRIPTS:
        with tempfile.TemporaryDirectory() as home:
            told = show(await tell(language, Path(home)))
        head, rest = page.split(f"<!-- story:{language} -->\n", 1)
        page = f"{head}<!-- story:{language} -->\n{told}<!-- /story -->{rest.partition('<!-- /story -->')[2]}"
    README.write_text(page, "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
