"""What the terminal does with a line: store it, have it thought about, hand back what is to be shown.

A line goes through the same inbox and outbox as a Telegram update, so that whatever was entered survives
Ctrl-C and kill -9, and is answered at the next start if it was not yet.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tzlocal import get_localzone_name

from bot.ticks import Ticks, say_missed
from coaching.figure import Figure, draw_bars
from coaching.language import read_language
from coaching.model import Channel, Turn
from coaching.showing import Showing
from memory.sql.inbox import TERMINAL, Pending, list_pending, next_update_id, store_update
from memory.sql.nudge_sending import take_missed
from memory.sql.nudges import Post
from memory.sql.outbox import list_due, list_queued, mark_sent, mark_shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from bot.wiring import House
    from coaching.model import Language, User
    from coaching.ports import Show

DOOR = "terminal"
# after these comes what somebody wants to say, after the others an option
OWN_WORDS = frozenset({"plan", "reflect", "recall", "goals", "weigh", "tries", "me"})
LONGEST = 20_000  # characters in one message; a file is the better way to bring more

# control characters that would move the cursor or end a C string; newline and tab are writing
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]|[\ud800-\udfff]")
_COMMAND = re.compile(r"^/([a-z]{1,32})(?:@\w+)?(?:\s+(.*))?$", re.IGNORECASE | re.DOTALL)


class TooLong(ValueError):
    """A message is longer than one message may be."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A reply as the terminal prints it: the text, and the buttons' labels with what they send."""

    text: str
    choices: tuple[tuple[str, str], ...] = ()


def clean(line: str) -> str:
    """What was typed, without what no person types.

    Raises:
        TooLong: nothing was stored.
    """
    line = clean_text(line)
    if len(line) > LONGEST:
        raise TooLong(str(len(line)))
    return line


def clean_text(words: str) -> str:
    """Text of any length without control characters and lone surrogates, in one normal form."""
    words = _CONTROL.sub("", words.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return unicodedata.normalize("NFC", words)


class TerminalDoor:
    """One person at one keyboard."""

    def __init__(self, house: House, user: User, external_id: str) -> None:
        self._house = house
        self.user = user
        self._external_id = external_id
        self._choices: tuple[tuple[str, str], ...] = ()
        self._ticks = Ticks(house.journal, house.coach.reply_to, Post(DOOR, TERMINAL))

    @classmethod
    async def open(cls, house: House, external_id: str = "local", language: Language = "zh") -> TerminalDoor:
        """The person's door; a new person is welcomed into the journal."""
        async with house.journal.begin() as tx:
            user_id = await tx.add_user(DOOR, external_id, language=language, zone=_local_zone())
            await tx.commit()
        return cls(house, await house.journal.load_user(user_id), external_id)

    async def is_new(self) -> bool:
        """Whether nothing was ever said here."""
        return await self._house.journal.count_messages(self.user.id) == 0

    async def count_waiting(self) -> int:
        """How many lines of an earlier run were entered and not answered."""
        return len(await list_pending(self._house.journal, TERMINAL, self.user.id))

    async def accept(self, line: str) -> None:
        """Stores a line. When this returns it is on the disk.

        Raises:
            TooLong: see ``clean``.
        """
        line = clean(line)
        if not line:
            return
        tap = self._tap(line)
        async with self._house.journal.begin() as tx:
            # somebody who had everything erased is met anew by their next line
            user_id = await tx.add_user(
                DOOR, self._external_id, language=self.user.language, zone=self.user.zone
            )
            await store_update(
                tx,
                bot_id=TERMINAL,
                update_id=await next_update_id(tx, TERMINAL),
                chat_id=user_id,
                sender_id=user_id,
                raw=json.dumps({"text": line, "tap": tap, "at": self._house.clock.now().isoformat()}),
            )
            await tx.commit()
        if user_id != self.user.id:
            self.user = await self._house.journal.load_user(user_id)

    def _tap(self, line: str) -> str | None:
        """A bare number chooses among the buttons shown last."""
        number = int(line) if re.fullmatch(r"[1-9]\d?", line) else 0
        return self._choices[number - 1][1] if 1 <= number <= len(self._choices) else None

    async def _parse(self, pending: Pending) -> Turn:
        self.user = await self._house.journal.load_user(self.user.id)
        raw = json.loads(pending.raw)
        now = self._house.clock.now().astimezone(self.user.tz)
        return turn_from(raw["text"], self.user, now, tap=raw["tap"])

    async def answer(self, show: Show | None = None) -> AsyncIterator[Shown]:
        """Thinks about everything that waits and gives what is to be shown, oldest first.

        A reply counts as sent once the caller asked for the next one: it was printed. With ``show`` a single
        line's reply is shown as it comes as well.
        """
        alone = show is not None and await self.count_waiting() == 1

        async def parse(pending: Pending) -> Turn:
            return replace(await self._parse(pending), showing=Showing(show) if show and alone else None)

        await self._house.drain.drain(DOOR, TERMINAL, self.user.id, parse)
        for queued in await list_queued(self._house.journal, TERMINAL, self.user.id):
            if not queued.must:
                continue
            yield self._show(queued.payload)
            async with self._house.journal.begin() as tx:
                await mark_sent(tx, queued.id)
                await tx.commit()

    def _show(self, payload: dict[str, Any]) -> Shown:
        self._choices = tuple((c["label"], c["data"]) for c in payload["choices"])
        words = [payload["text"]]
        if payload.get("figure"):
            words.append(draw_bars(Figure.from_json(payload["figure"])))
        return Shown("\n\n".join(words), self._choices)

    # --- when the coach speaks first ----------------------------------------------------------------------

    async def tick(self, now: datetime) -> None:
        """Queues what is due."""
        await self._ticks.tick(now)

    async def ask(self) -> AsyncIterator[Shown]:
        """What the coach says first, each once: it counts as sent before it is printed."""
        for row_id in await list_due(self._house.journal, TERMINAL, self.user.id):
            payload = await self._ticks.prepare(row_id, self._house.clock.now())
            if payload is None:
                continue
            async with self._house.journal.begin() as tx:
                ours = await mark_shown(tx, row_id)
                await tx.commit()
            if ours:
                yield self._show(payload)

    async def own_up(self) -> str | None:
        """What there is to say about evenings on which nobody was asked because this was not open; once."""
        async with self._house.journal.begin() as tx:
            missed_on = await take_missed(tx, self.user.id)
            await tx.commit()
        if missed_on is None:
            return None
        today = self._house.clock.now().astimezone(self.user.tz).date()
        return say_missed(missed_on, today, self.user.language)


def turn_from(line: str, user: User, now: datetime, *, tap: str | None = None) -> Turn:
    """A typed line as a turn."""
    if tap is not None:
        return Turn(user.id, "", user.language, now, Channel.TAP, tap=tap)
    if match := _COMMAND.match(line):
        name, words = match.group(1).lower(), (match.group(2) or "").strip()
        language = read_language(words, fallback=user.language) if name in OWN_WORDS else user.language
        return Turn(user.id, words, language, now, Channel.COMMAND, command=name)
    return Turn(user.id, line, read_language(line, fallback=user.language), now)


def _local_zone() -> str:
    """This machine's zone; UTC when it has none that the world knows."""
    try:
        return get_localzone_name() or "UTC"
    except (LookupError, ValueError, OSError):
        return "UTC"
