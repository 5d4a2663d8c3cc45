"""What every handler of the Telegram door works with: journal, coach, bot, and who is speaking."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tzlocal import get_localzone_name

from bot.thought import Line
from coaching.language import read_language
from coaching.model import Channel, Turn
from coaching.showing import Showing
from memory.sql.outbox import find_reply_id
from memory.sql.threads import find_said

if TYPE_CHECKING:
    from pathlib import Path

    from telegram import Bot

    from bot.drain import Thinker
    from bot.listening import Listen
    from bot.telegram.parse import Update
    from bot.transcribing import Transcriber
    from coaching.model import Language, Lens, Safety, User
    from coaching.ports import Clock, Show
    from memory.sql.journal import Journal

DOOR = "telegram"
SPOKEN = 4  # words after a command from which on they are a sentence

# where somebody is likely to be whose Telegram speaks like this; the first meeting asks
_ZONES = {
    "zh-hans": "Asia/Shanghai",
    "zh-cn": "Asia/Shanghai",
    "zh-sg": "Asia/Singapore",
    "zh-hant": "Asia/Taipei",
    "zh-tw": "Asia/Taipei",
    "zh-hk": "Asia/Hong_Kong",
    "zh": "Asia/Shanghai",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Handed to every handler."""

    journal: Journal
    coach: Thinker
    clock: Clock
    listen: Listen
    bot: Bot
    bot_id: int
    username: str
    files: Path  # where a document rests while it is read
    transcriber: Transcriber | None = None
    show: Show | None = None  # shows what is being answered while it comes

    async def meet(self, update: Update) -> User:
        """The person; a new one is welcomed into the journal in the language of their Telegram."""
        name = str(update.sender_id)
        known = await self.journal.find_user(DOOR, name)
        if known is not None:
            return known
        code = update.language_code.lower()
        language: Language = "zh" if code.startswith("zh") else "en"
        async with self.journal.begin() as tx:
            user_id = await tx.add_user(DOOR, name, language=language, zone=_guess_zone(code))
            await tx.commit()
        return await self.journal.load_user(user_id)

    def turn(
        self, person: User, words: str = "", *, command: str | None = None, tap: str | None = None
    ) -> Turn:
        """A turn of this person, now."""
        channel = Channel.TAP if tap is not None else Channel.COMMAND if command else Channel.MESSAGE
        return Turn(
            person.id,
            words,
            _read_language(words, person.language, is_command=command is not None),
            self.clock.now().astimezone(person.tz),
            channel,
            command=command,
            tap=tap,
            showing=Showing(self.show) if self.show else None,
        )

    async def heard(self, words: str, language: Language) -> tuple[Safety, tuple[tuple[Lens, float], ...]]:
        """What is heard in a text, off the loop."""
        return await asyncio.to_thread(self.listen, words, language)

    async def line(self, person: User, update: Update, words: str) -> Line:
        """One of several messages, or one that gets no reply, with what is heard in it alone."""
        turn = self.said(self.turn(person, words, command=update.command or None), update)
        safety, lenses = await self.heard(words, turn.language)
        return Line(turn, update.origin, update.message_id, safety, lenses)

    def said(self, turn: Turn, update: Update) -> Turn:
        """The turn at the moment at which it was sent, which is what the journal keeps."""
        return replace(turn, now=min(update.sent_at, self.clock.now()).astimezone(turn.now.tzinfo))

    async def find_quoted(self, person: User, update: Update) -> int | None:
        """The stored message that they replied to, or whose button they tapped."""
        wanted = update.replied_to if update.tap_id == "" else update.message_id
        if not wanted:
            return None
        if said := await find_said(self.journal, person.id, self.bot_id, wanted):
            return said.id
        return await find_reply_id(self.journal, self.bot_id, update.pending.chat_id, wanted)


def _read_language(words: str, fallback: Language, *, is_command: bool) -> Language:
    """A command's few words may be its own, such as ``/forget all``, and say nothing about the person."""
    if is_command and len(words.split()) < SPOKEN:
        return "zh" if read_language(words) == "zh" else fallback
    return read_language(words, fallback=fallback)


def _guess_zone(code: str) -> str:
    if code in _ZONES:
        return _ZONES[code]
    if code.startswith("zh"):
        return _ZONES["zh"]
    try:
        # most bots of this kind live on a machine of the person they belong to
        return get_localzone_name() or "UTC"
    except (LookupError, ValueError, OSError):
        return "UTC"
