"""Takes updates in: stored and committed first, confirmed to Telegram only then."""

from __future__ import annotations

import json
import logging
import random
import warnings
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import SQLAlchemyError
from telegram.error import InvalidToken, RetryAfter, TelegramError
from telegram.warnings import PTBUserWarning

from bot.logs import followed
from bot.metrics import UPDATES
from bot.telegram.sketch import KINDS, Sketch, sketch
from memory.sql.blocked import mark_blocked, mark_open
from memory.sql.doors import mark_polled
from memory.sql.inbox import count_pending, store_update
from memory.sql.outbox import Outgoing, queue
from prompts import text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from telegram import Bot

    from bot.health import Health
    from bot.telegram.pairing import Gate
    from memory.sql.journal import Journal
    from memory.sql.transaction import Transaction

log = logging.getLogger(__name__)

DOOR = "telegram"
POLL_SECONDS = 30  # how long Telegram may keep a poll that has nothing to say
POLL_GRACE = 10  # seconds on top before a poll counts as lost
LONGEST_PAUSE = 30.0  # seconds between two tries when nothing answers
BACKLOG = 500  # updates that may wait in one chat; nobody types that much in good faith


class Intake:
    """Stores updates, whichever way they come.

    Args:
        journal: where they are stored.
        bot_id: which bot's.
        gate: who gets in.
        wake: told which chat has something new, after the commit.
        backlog: updates that may wait in one chat.
        defer: told the same within the transaction, which is where a worker's job belongs.
    """

    def __init__(
        self,
        journal: Journal,
        bot_id: int,
        gate: Gate,
        wake: Callable[[int], None],
        *,
        backlog: int = BACKLOG,
        defer: Callable[[Transaction, int, int], Awaitable[None]] | None = None,
    ) -> None:
        self._journal = journal
        self._bot_id = bot_id
        self._gate = gate
        self._wake = wake
        self._backlog = backlog
        self._defer = defer

    async def take(self, updates: Sequence[object]) -> int | None:
        """Stores a batch in one transaction. When this returns, it is on the disk.

        Returns:
            The offset that confirms the batch, or None when there is nothing to confirm.
        """
        sketches = [sketch(update) for update in updates]
        chats: dict[int, None] = {}
        async with self._journal.begin() as tx:
            await mark_polled(tx, self._bot_id)
            for update, seen in zip(updates, sketches, strict=True):
                if seen.update_id is None:
                    log.warning("something that is no update was passed over")
                elif await self._store(tx, update, seen, seen.update_id) and seen.chat_id is not None:
                    chats[seen.chat_id] = None
            if self._defer is not None:
                for chat_id in chats:
                    await self._defer(tx, self._bot_id, chat_id)
            await tx.commit()
        for chat_id in chats:
            self._wake(chat_id)
        numbers = [seen.update_id for seen in sketches if seen.update_id is not None]
        return max(numbers) + 1 if numbers else None

    async def _store(self, tx: Transaction, update: object, seen: Sketch, update_id: int) -> bool:
        """Stores one update; True when it waits to be answered."""
        raw, why = await self._judge(tx, update, seen)
        stored = await store_update(
            tx,
            bot_id=self._bot_id,
            update_id=update_id,
            chat_id=seen.chat_id,
            sender_id=seen.sender_id,
            raw=raw,
            why=why,
        )
        if stored:
            UPDATES.labels("yes" if raw is not None else "no").inc()
            with followed(f"u{self._bot_id}:{update_id}"):
                log.info("stored%s", "" if raw is not None else f", not taken: {why}")
        return stored and raw is not None

    async def _judge(self, tx: Transaction, update: object, seen: Sketch) -> tuple[str | None, str]:
        """What is stored of it: its JSON, or nothing but the reason."""
        if seen.is_group and seen.chat_id is not None:
            # what is said in a group are other people's words: only that there is one to leave
            return ("", "") if seen.standing not in ("kicked", "left") else (None, "group")
        if not seen.is_private or seen.chat_id is None:
            return None, "no private chat"
        if not await self._gate.admits(tx, seen):
            return None, "not allowed"
        if seen.standing:
            await self._note_standing(tx, seen.standing, seen.chat_id)
            return None, f"standing: {seen.standing}"[:80]
        await mark_open(tx, DOOR, self._bot_id, seen.chat_id)
        if await count_pending(tx, self._bot_id, seen.chat_id) >= self._backlog:
            await self._say_full(tx, seen.chat_id)
            return None, "backlog full"
        # escaped, because half an emoji may travel in it that no database takes
        return json.dumps(update, ensure_ascii=True, separators=(",", ":")), ""

    async def _note_standing(self, tx: Transaction, standing: str, chat_id: int) -> None:
        if standing == "kicked":
            await mark_blocked(tx, DOOR, self._bot_id, chat_id)
        else:
            await mark_open(tx, DOOR, self._bot_id, chat_id)

    async def _say_full(self, tx: Transaction, chat_id: int) -> None:
        """One notice an hour: what follows is not taken."""
        user_id = await tx.find_user_id(DOOR, str(chat_id))
        await queue(
            tx,
            Outgoing(
                key=f"full:{self._bot_id}:{chat_id}:{tx.now:%Y%m%d%H}",
                door=DOOR,
                bot_id=self._bot_id,
                chat_id=chat_id,
                kind="notice",
                payload={"text": text("telegram.full", await tx.language_of(user_id)), "choices": []},
                user_id=user_id,
            ),
        )


class Poller:
    """Asks Telegram for updates, for ever.

    Args:
        bot: initialised.
        intake: where updates go.
        health: told about every good poll.
        pause: waits so many seconds; handed in, so that tests need not.
        seconds: how long Telegram may keep a poll.
    """

    def __init__(
        self,
        bot: Bot,
        intake: Intake,
        health: Health,
        *,
        pause: Callable[[float], Awaitable[object]],
        seconds: int = POLL_SECONDS,
    ) -> None:
        self._bot = bot
        self._intake = intake
        self._health = health
        self._pause = pause
        self._seconds = seconds

    async def run(self) -> None:
        """Polls until it is cancelled. The first poll goes without an offset: update ids may have begun anew.

        Raises:
            InvalidToken: Telegram does not know this bot; trying again would not help.
        """
        offset: int | None = None
        failures = 0
        while True:
            try:
                updates = await self._poll(offset)
                offset = await self._intake.take(updates) or offset
            except InvalidToken:
                raise
            except (TelegramError, SQLAlchemyError, OSError) as error:
                # nothing was confirmed, so that nothing is lost: the same updates come again
                failures += 1
                log.warning("poll failed (%d in a row): %s", failures, type(error).__name__)
                await self._pause(_pause_after(error, failures))
            else:
                failures = 0
                self._health.heard()

    async def _poll(self, offset: int | None) -> list[Any]:
        kwargs: dict[str, Any] = {
            "timeout": self._seconds,
            "limit": 100,
            "allowed_updates": json.dumps(KINDS),
        }
        if offset is not None:
            kwargs["offset"] = offset
        with warnings.catch_warnings():
            # there is a method for it, but it parses before we could store, and drops what it cannot parse
            warnings.filterwarnings("ignore", message=".*do_api_request.*", category=PTBUserWarning)
            found = await self._bot.do_api_request(
                "getUpdates", api_kwargs=kwargs, read_timeout=self._seconds + POLL_GRACE
            )
        return found if isinstance(found, list) else []


def _pause_after(error: Exception, failures: int) -> float:
    """Seconds to the next try: doubling, with jitter, so that several processes do not try in step."""
    if isinstance(error, RetryAfter):
        asked = error.retry_after
        return float(asked if isinstance(asked, int | float) else asked.total_seconds())
    longest = min(LONGEST_PAUSE, 0.5 * 2 ** min(failures, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311  # spreads tries, keeps no secret
