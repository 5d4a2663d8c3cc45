"""``offramp demo``: a fortnight of one invented person with the coach: the real program, a quick clock."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.text import Text

from bot.settings import Settings
from bot.terminal.door import DOOR, Shown, TerminalDoor
from bot.wiring import House, open_house
from prompts import load_toml

if TYPE_CHECKING:
    from typing import TextIO

    from coaching.model import Language

NAME = "demo"
A_MOMENT = timedelta(seconds=20)  # what a tick may be late by when the program is on


@dataclass(slots=True)
class QuickClock:
    """Shows what it is set to."""

    at: datetime

    def now(self) -> datetime:
        """This moment of the story."""
        return self.at


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of the story: something said, or an evening on which the coach may speak first."""

    at: datetime
    note: str = ""
    say: str = ""
    evening: bool = False


def load_story(language: Language) -> tuple[Step, ...]:
    """The script, at its times."""
    raw = load_toml(f"demo/{language}.toml")
    zone = ZoneInfo(raw["zone"])
    return tuple(
        Step(
            datetime.fromisoformat(step["at"]).replace(tzinfo=zone),
            step.get("note", ""),
            step.get("say", ""),
            step.get("evening", False),
        )
        for step in raw["steps"]
    )


async def play(language: Language, *, out: TextIO | None = None) -> int:
    """Plays the story in a home of its own, which is gone afterwards. No setting of this machine matters."""
    raw, story = load_toml(f"demo/{language}.toml"), load_story(language)
    page = _Page(Console(file=out, highlight=False, soft_wrap=True))
    page.note(raw["intro"])
    clock = QuickClock(story[0].at)
    with tempfile.TemporaryDirectory(prefix="offramp-demo-") as folder:
        settings = Settings.model_construct(home=Path(folder))
        # a home of its own would learn the sense of every example anew, for half a minute
        async with open_house(settings, clock=clock, sense=False) as house:
            await house.learned()
            door = await _enter(house, language, raw["zone"])
            for step in story:
                await _play(house, door, clock, step, page)
    page.note(raw["outro"])
    return 0


async def _enter(house: House, language: Language, zone: str) -> TerminalDoor:
    async with house.journal.begin() as tx:
        user_id = await tx.add_user(DOOR, NAME, language=language, zone=zone)
        await tx.commit()
    door = TerminalDoor(house, await house.journal.load_user(user_id), NAME)
    await door.tick(house.clock.now())  # the evenings are planned
    return door


async def _play(house: House, door: TerminalDoor, clock: QuickClock, step: Step, page: _Page) -> None:
    clock.at = step.at
    page.heading(step)
    if step.evening:
        clock.at += A_MOMENT
        await door.tick(clock.at)
        async for shown in door.ask():
            page.reply(shown)
        return
    page.said(step.say)
    await door.accept(step.say)
    async for shown in door.answer():
        page.reply(shown)
    await house.recall.index_pending(door.user.id)


class _Page:
    """The terminal's own look, with the days as headings."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, words: str) -> None:
        self._console.print(Text(words, style="dim"))
        self._console.print()

    def heading(self, step: Step) -> None:
        if step.note:
            self._console.print(Text(f"── {step.at:%m-%d %H:%M} · {step.note}", style="cyan"))
            self._console.print()

    def said(self, words: str) -> None:
        self._console.print(Text(f"› {words}", style="bold"))

    def reply(self, shown: Shown) -> None:
        self._console.print(Text(shown.text))
        if shown.choices:
            line = "  ".join(f"[{n}] {label}" for n, (label, _) in enumerate(shown.choices, 1))
            self._console.print(Text(line, style="dim"))
        self._console.print()
