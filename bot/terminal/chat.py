"""The chat loop: at a keyboard with history and completion, from a pipe a line at a time."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bot.terminal.door import LONGEST, Shown, TerminalDoor, TooLong
from bot.wiping import HISTORY
from prompts import text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    from prompt_toolkit import PromptSession

    from bot.wiring import House
    from coaching.model import Language
    from coaching.parts import Draft

COMMANDS = (
    "plan", "reflect", "recall", "goals", "review", "weigh", "tries", "me", "runway", "settings", "pause",
    "resume", "export", "forget", "privacy", "help", "quit",
)  # fmt: skip
TICK = timedelta(seconds=20)  # between two looks whether the evening has come
QUIT = frozenset({"/quit", "/exit", "/q"})


async def chat(house: House, *, user: str = "local", language: Language = "zh") -> int:
    """Talks until there is nothing more to read.

    Returns:
        The exit code: 1 when a line could not be taken, otherwise 0.
    """
    door = await TerminalDoor.open(house, user, language)
    if sys.stdin.isatty() and sys.stdout.isatty():
        return await _Screen(house, door).run()
    return await _from_pipe(house, door)


class _Printer:
    """Writes replies; colours vanish when the output is no terminal."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)
        self._begun = ""  # of a reply that is still coming

    def begin(self, words: str) -> None:
        """As much of a reply as has come; what stands there already is not printed again."""
        rest = words.removeprefix(self._begun)
        if rest == words and self._begun:
            self.console.print()
        if rest:
            self.console.print(Text(rest.removeprefix("\n")))
        self._begun = words

    def reply(self, shown: Shown) -> None:
        self.begin(shown.text)
        self._begun = ""
        if shown.choices:
            line = "  ".join(f"[{n}] {label}" for n, (label, _) in enumerate(shown.choices, 1))
            self.console.print(Text(line, style="dim"))
        self.console.print()

    def note(self, words: str) -> None:
        self.console.print(Text(words, style="dim"))


async def _from_pipe(house: House, door: TerminalDoor) -> int:
    """Each line is a message; all are answered before the end."""
    printer = _Printer()
    code = 0
    async for shown in door.answer():
        printer.reply(shown)
    async for line in _lines():
        if not line.startswith("/"):  # a command needs neither embedder nor classifiers
            house.warm_up()
        try:
            await door.accept(line)
        except TooLong as error:
            code = 1
            print(_too_long(error, door), file=sys.stderr)  # noqa: T201  # the terminal is this door's page
            continue
        async for shown in door.answer():
            printer.reply(shown)
        await house.take_in(door.user.id)
    return code


async def _lines() -> AsyncIterator[str]:
    """Lines of standard input, whatever bytes they are made of, read off the loop."""
    while raw := await asyncio.to_thread(sys.stdin.buffer.readline):
        yield raw.decode("utf-8", errors="replace")


def _too_long(error: TooLong, door: TerminalDoor) -> str:
    return text("terminal.too_long", door.user.language, length=str(error), most=LONGEST)


class _Screen:
    """A person at a keyboard."""

    def __init__(self, house: House, door: TerminalDoor, *, every: timedelta = TICK) -> None:
        self._house, self._door, self._every = house, door, every
        self._printer = _Printer()
        self._speaking = asyncio.Lock()  # one voice at a time
        self._session = _session(house)

    async def run(self) -> int:
        from bot.schedule.embedded import EmbeddedSchedule

        await self._welcome()
        await self._answer()
        async with (
            EmbeddedSchedule(self._tick, self._house.clock, every=self._every),
            asyncio.TaskGroup() as behind,
        ):
            while (line := await self._read()) is not None:
                try:
                    await self._door.accept(line)
                except TooLong as error:
                    self._printer.note(_too_long(error, self._door))
                    continue
                await self._answer()
                # the index is written behind the answer, while the person reads it
                behind.create_task(self._house.take_in(self._door.user.id))
        return 0

    async def _tick(self, now: datetime) -> None:
        """The coach speaks first, above the line that is being typed."""
        await self._door.tick(now)
        async with self._speaking:
            async for shown in self._door.ask():
                await self._interrupt(partial(self._printer.reply, shown))
            if missed := await self._door.own_up():
                await self._interrupt(partial(self._printer.note, missed))

    async def _interrupt(self, say: Callable[[], None]) -> None:
        from prompt_toolkit.application import run_in_terminal

        await run_in_terminal(say)

    async def _welcome(self) -> None:
        language = self._door.user.language
        if await self._door.is_new():
            for key in ("hello", "stored", "ask"):
                self._printer.console.print(Text(text(f"welcome.{key}", language)))
        else:
            self._printer.note(text("welcome.back", language))
        if waiting := await self._door.count_waiting():
            self._printer.note(text("welcome.resumed", language, count=waiting))
        self._printer.console.print()

    async def _read(self) -> str | None:
        """The next line; None at the end. Ctrl-C clears the line, on an empty one it leaves."""
        while True:
            try:
                # what loads behind the prompt begins when the prompt is there
                line = await self._session.prompt_async(pre_run=self._house.warm_up)
            except KeyboardInterrupt:
                if not self._session.default_buffer.text:
                    return None
                continue
            except EOFError:
                return None
            if line.strip().lower() in QUIT:
                return None
            if line.strip():
                return line

    async def _answer(self) -> None:
        language = self._door.user.language
        waiting: AbstractContextManager[object] = (
            self._printer.console.status(Text(text("terminal.thinking", language), style="dim"))
            if self._printer.console.is_terminal
            else nullcontext()
        )
        async with self._speaking:
            with waiting as status:

                def quiet() -> None:
                    if hasattr(status, "stop"):
                        status.stop()

                def show(so_far: Draft) -> None:
                    quiet()
                    self._printer.begin(so_far.text)

                async for shown in self._door.answer(show):
                    quiet()
                    self._printer.reply(shown)


def _session(house: House) -> PromptSession[str]:
    """History in the home, commands completed at the start of a line, pastes kept in one piece."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory

    path = house.settings.home / HISTORY
    path.touch(mode=0o600, exist_ok=True)
    completer = WordCompleter([f"/{name}" for name in COMMANDS], sentence=True)
    return PromptSession("› ", history=FileHistory(path), completer=completer, complete_while_typing=True)
