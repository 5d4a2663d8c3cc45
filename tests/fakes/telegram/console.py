"""A terminal as the person's side of the chat."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TextIO

from tests.fakes.telegram.person import Person
from tests.fakes.telegram.records import Event, Happened, Message
from tests.fakes.telegram.server import FakeTelegram
from tests.fakes.telegram.transcript import render_event

HELP = """\
  text               a message; a command like /plan too
  3 or /tap 3        taps the button with this number (:say 3 says "3")
  :reply TEXT        replies to the bot's last message
  :edit TEXT         changes your last message
  :file PATH         sends a file
  :where LAT LON     sends a location
  :voice :photo :sticker   sends one
  :block :unblock    blocks the bot, takes it back
  :quit              leaves
"""
_ANSWERS = frozenset({Happened.MESSAGE, Happened.EDIT, Happened.TAP_ANSWER})


class Console:
    """Turns lines into what a person does, and what happens into lines.

    Args:
        server: The Telegram.
        person: Who is typing.
        out: Where the chat is shown.
        echo: Whether the person's own lines are shown as well, for lines that come from a pipe.
        quiet: Seconds of silence after an answer that mean that the bot has said it all.
    """

    def __init__(
        self, server: FakeTelegram, person: Person, out: TextIO, *, echo: bool, quiet: float = 0.7
    ) -> None:
        self._server = server
        self._person = person
        self._out = out
        self._echo = echo
        self._quiet = quiet
        self._shown = 0
        self._last_said: Message | None = None
        self._with_buttons: Message | None = None

    async def chat(self, lines: AsyncIterator[str], *, patience: float | None = None) -> None:
        """Lives until the lines end or one says ``:quit``.

        Args:
            lines: What is typed.
            patience: Seconds to wait for the answer to a line before the next one is read; None reads on.
        """
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(self._show_news())
            try:
                async for line in lines:
                    if line.strip() == ":quit":
                        break
                    seen = len(self._server.world.log)
                    await self._do(line.strip())
                    if patience is not None and len(self._server.world.log) > seen:
                        await self._hear_out(seen, patience)
            finally:
                showing.cancel()
        self._show()

    async def _do(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        number = rest.strip() if word == "/tap" else line
        if word == "/tap" or (number.isdigit() and self._with_buttons):
            await self._tap(number)
            return
        command = self._commands().get(word)
        try:
            if command:
                await command(rest.strip())
            elif line:
                await self._say(line)
        except (ValueError, OSError, AssertionError) as error:
            self._print(f"! {error}")

    def _commands(self) -> dict[str, Callable[[str], Awaitable[None]]]:
        return {
            ":help": self._help,
            ":say": self._say,
            ":reply": self._reply,
            ":edit": self._edit,
            ":file": self._send_file,
            ":where": self._send_location,
            ":voice": self._send_voice,
            ":photo": self._send_photo,
            ":sticker": self._send_sticker,
            ":block": self._block,
            ":unblock": self._unblock,
        }

    async def _help(self, _: str) -> None:
        self._out.write(HELP)

    async def _say(self, text: str) -> None:
        for part in await self._person.pastes(text):
            self._last_said = part

    async def _reply(self, text: str) -> None:
        if not self._person.bot_messages:
            raise ValueError("there is nothing to reply to")
        self._last_said = await self._person.replies_to(self._person.bot_messages[-1], text)

    async def _edit(self, text: str) -> None:
        if self._last_said is None:
            raise ValueError("there is nothing to edit")
        self._last_said = await self._person.edits(self._last_said, text)

    async def _send_file(self, path: str) -> None:
        content = await asyncio.to_thread(_read_file, path)
        await self._person.sends_document(Path(path).name, content)

    async def _send_location(self, place: str) -> None:
        latitude, longitude = place.split()
        await self._person.sends_location(float(latitude), float(longitude))

    async def _send_voice(self, _: str) -> None:
        await self._person.sends_voice()

    async def _send_photo(self, caption: str) -> None:
        await self._person.sends_photo(caption=caption)

    async def _send_sticker(self, emoji: str) -> None:
        await self._person.sends_sticker(emoji or "👍")

    async def _block(self, _: str) -> None:
        await self._person.blocks_bot()

    async def _unblock(self, _: str) -> None:
        await self._person.unblocks_bot()

    async def _tap(self, number: str) -> None:
        buttons = self._with_buttons.buttons if self._with_buttons else ()
        if not number.isdigit() or not 1 <= int(number) <= len(buttons):
            self._print(f"! there is no button {number}")
            return
        button = buttons[int(number) - 1]
        if button.data is None:
            self._print(f"! {button.label} is a link: {button.url}")
            return
        await self._person.taps(button.data, on=self._with_buttons)

    async def _hear_out(self, seen: int, patience: float) -> None:
        """Waits for an answer to what was just done, and then until the bot has gone quiet."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not any(self._is_answer(event) for event in self._server.world.log[seen:]):
                    await self._server.world.news()
                while True:
                    count = len(self._server.world.log)
                    await asyncio.sleep(self._quiet)
                    if count == len(self._server.world.log):
                        break
        self._show()

    def _is_answer(self, event: Event) -> bool:
        is_bots = event.who != self._person.name
        return event.chat_id == self._person.id and is_bots and event.kind in _ANSWERS

    async def _show_news(self) -> None:
        while True:
            self._show()
            await self._server.world.news()

    def _show(self) -> None:
        originals = {message.id: message for message in self._person.messages}
        log = self._server.world.log
        while self._shown < len(log):
            event = log[self._shown]
            self._shown += 1
            if event.kind in {Happened.ACTION, Happened.DRAFT} or event.chat_id != self._person.id:
                continue
            if event.who == self._person.name and not self._echo:
                continue
            for line in render_event(event, originals, numbered=True):
                self._print(line)
            if event.message and event.message.keyboard:
                self._with_buttons = event.message
            if event.message and event.message.content.get("document") and event.message.from_bot:
                self._print(
                    f"    {self._server.base_file_url}{self._server.token}/{self._path(event.message)}"
                )

    def _path(self, message: Message) -> str:
        return self._server.world.files[message.content["document"]["file_id"]].path

    def _print(self, line: str) -> None:
        self._out.write(line + "\n")
        self._out.flush()


def _read_file(path: str) -> bytes:
    return Path(path).expanduser().read_bytes()
