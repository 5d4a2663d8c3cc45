"""One chat's inbox, settled in order: one thought at a time, with taps and /cancel ahead of it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from bot.logs import followed
from bot.metrics import STAGE, timed
from bot.outage import is_outage
from bot.telegram.desk import DOOR
from bot.telegram.handlers import answer, cancel
from bot.telegram.handlers.group import leave_group
from bot.telegram.parse import Kind, Malformed, Update, parse
from bot.telegram.sending.drafting import Drafting
from bot.thought import Line, Saying, Thought
from coaching.language import read_language
from coaching.model import Safety
from memory.sql.doors import find_door
from memory.sql.inbox import list_pending, list_settled_at
from prompts import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.drain import Drain
    from bot.telegram.desk import Desk
    from coaching.model import Language, User
    from memory.sql.inbox import Pending

log = logging.getLogger(__name__)

LOOK = 64  # updates looked at in one go
MOST_IN_A_ROW = 24  # messages that become one turn
LONGEST_TURN = 20_000  # characters
CUT_BY_TELEGRAM = 3_000  # characters; a client cuts what is longer than 4096, and the rest follows at once
MINUTE = timedelta(minutes=1)
SLOW = frozenset({"reflect", "review", "weigh"})  # commands that /cancel may catch in thought


class Typing(Protocol):
    """Shows that the coach is thinking, while a block runs."""

    def __call__(self, chat_id: int, /) -> AbstractAsyncContextManager[None]:
        """The block."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How a chat is dealt with. Seconds are real ones.

    A message is thought about at once, and its reply held back for what is left of a moment: what arrives
    meanwhile belongs to it, and is thought about together with it. Who pastes several messages sends them
    within a tenth of a second or two; only once there are several is it worth waiting longer.

    Attributes:
        moment: how long nothing more has to come after a message until it counts as said.
        in_a_row: the same once there are several, or one so long that Telegram has cut it.
        patience: the longest that is waited for either.
        per_minute: how much of one person is thought about in a minute; the rest waits.
    """

    moment: float = 0.25
    in_a_row: float = 0.8
    patience: float = 5.0
    per_minute: int = 30


class Chat:
    """One chat. ``step`` until it says that nothing waits; ``news`` is set when something arrives."""

    def __init__(
        self,
        desk: Desk,
        drain: Drain,
        chat_id: int,
        *,
        manner: Manner,
        typing: Typing,
        slots: asyncio.Semaphore,
    ) -> None:
        self._desk = desk
        self._drain = drain
        self._chat_id = chat_id
        self._manner = manner
        self._typing = typing
        self._slots = slots  # shared: so many thoughts at the same time, and no more
        self.news = asyncio.Event()
        self._apart: set[int] = set()  # these failed together, and are thought about one by one
        self._row_since = 0.0
        self._row_begins = 0  # seq of the first message of what is being said in a row

    async def step(self) -> bool:
        """Settles one update, or several that belong together, or waits a moment for more of them.

        Returns:
            False when nothing waits.

        Raises:
            Exception: an outage, which costs no try: the same updates are there the next time.
        """
        self.news.clear()
        rows = await list_pending(self._desk.journal, self._desk.bot_id, self._chat_id, limit=LOOK)
        if not rows:
            return False
        if self._chat_id < 0:
            await self._leave(rows)
            return True
        updates = await self._read(rows)
        if not updates:
            return True
        if ahead := next((update for update in updates if update.overtakes), None):
            await self._overtake(ahead, updates)
            return True
        batch = _take_row(updates, self._apart)
        if not await self._waits_for_budget(batch):
            await self._settle_thoughtfully(batch, seen=updates[-1].seq)
        return True

    # --- reading ------------------------------------------------------------------------------------------

    async def _read(self, rows: Sequence[Pending]) -> tuple[Update, ...]:
        """Parses what waits; what cannot be parsed has had one more try, and does not block the rest."""
        updates = []
        for row in rows:
            try:
                updates.append(parse(row, self._desk.username))
            except Malformed as error:
                await self._fail_unread(row, error)
        return tuple(updates)

    async def _fail_unread(self, row: Pending, error: Malformed) -> None:
        journal = self._desk.journal
        user_id = await journal.find_user_id(DOOR, str(row.sender_id))
        if user_id is None:
            # nobody we ever met: there is nobody to answer in a language we know, and nothing to keep
            user_id = (await self._desk.meet(_unread(row))).id
        person = await journal.load_user(user_id)
        words = Saying(text("telegram.unreadable", person.language))
        await self._drain.set_aside(DOOR, row, Thought(self._desk.turn(person), after=(words,)), error)

    async def _leave(self, rows: Sequence[Pending]) -> None:
        await leave_group(self._desk.bot, self._chat_id)
        await self._drain.dismiss(rows)

    # --- waiting ------------------------------------------------------------------------------------------

    def _moment_left(self, batch: Sequence[Update]) -> float:
        """Seconds for which more may come that belongs to it."""
        last = batch[-1]
        if last.kind is not Kind.TEXT or last.seq in self._apart or len(batch) >= MOST_IN_A_ROW:
            return 0.0
        now = asyncio.get_running_loop().time()
        if batch[0].seq != self._row_begins:
            self._row_begins, self._row_since = batch[0].seq, now
        in_a_row = len(batch) > 1 or len(last.text) >= CUT_BY_TELEGRAM
        moment = self._manner.in_a_row if in_a_row else self._manner.moment
        age = (self._desk.clock.now() - last.pending.received_at).total_seconds()
        return max(0.0, min(moment - age, self._row_since + self._manner.patience - now))

    async def _waits_for_budget(self, batch: Sequence[Update]) -> bool:
        """More than so much in a minute is not lost, it waits, and is said so once."""
        now = self._desk.clock.now()
        settled = await list_settled_at(
            self._desk.journal, self._desk.bot_id, self._chat_id, since=now - MINUTE
        )
        if len(settled) < self._manner.per_minute or not await self._can_wait(batch):
            return False
        free_at = settled[-self._manner.per_minute] + MINUTE
        person = await self._desk.meet(batch[0])
        notice = Saying(
            text("telegram.busy", person.language),
            must=False,
            key=f"busy:{self._desk.bot_id}:{self._chat_id}:{batch[0].seq}",
        )
        await self._drain.say(DOOR, batch[0].pending, person.id, notice)
        # a short while longer than needed, lest it looks again a hair too early
        await self._wait(min(max((free_at - now).total_seconds(), 0.0) + 0.05, MINUTE.total_seconds()))
        return True

    async def _can_wait(self, batch: Sequence[Update]) -> bool:
        """Nobody in danger waits for a budget."""
        for update in batch:
            if update.text:
                safety, _ = await self._desk.heard(update.text, _language(update.text))
                if safety is not Safety.NONE:
                    return False
        return True

    async def _wait(self, seconds: float) -> None:
        """Until something arrives, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                await self.news.wait()
        except TimeoutError:
            return

    # --- thinking -----------------------------------------------------------------------------------------

    async def _settle_thoughtfully(self, batch: Sequence[Update], seen: int) -> None:
        """Thinks, with an open ear for taps, /cancel and what belongs to it, and settles what came of it."""
        left = False
        drafting = Drafting(self._desk.bot, self._chat_id, batch[0].seq)
        try:
            async with asyncio.TaskGroup() as group:
                thinking = group.create_task(self._think_visibly(batch, drafting))
                moment = group.create_task(asyncio.sleep(self._moment_left(batch)))
                while not left and (going := [task for task in (thinking, moment) if not task.done()]):
                    if moment.done():
                        drafting.may()
                    listening = group.create_task(self.news.wait())
                    await asyncio.wait((*going, listening), return_when=asyncio.FIRST_COMPLETED)
                    listening.cancel()
                    if self.news.is_set() and not (thinking.done() and moment.done()):
                        left = await self._is_overtaken(batch, after=None if moment.done() else seen)
                if left:
                    thinking.cancel()
                    moment.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None  # the ear heard of an outage
        if not left:
            await self._write(batch, thinking.result())

    async def _think_visibly(self, batch: Sequence[Update], drafting: Drafting) -> Thought | Exception:
        async with self._slots, self._typing(self._chat_id), drafting.at_work():
            waited = (self._desk.clock.now() - batch[0].pending.received_at).total_seconds()
            STAGE.labels("wait").observe(max(0.0, waited))
            with followed(batch[-1].origin), timed("think"):
                thought = await self._think(batch, replace(self._desk, show=drafting))
                log.info("thought about, %d at once", len(batch))
            return thought

    async def _think(self, batch: Sequence[Update], desk: Desk | None = None) -> Thought | Exception:
        """What the batch comes to, or what went wrong: one update must not block those behind it."""
        try:
            person = await self._desk.meet(batch[0])
            return await self._with_gap(batch, person, await answer(desk or self._desk, person, batch))
        except Exception as error:  # noqa: BLE001  # whatever it is, it is counted or tried again
            return error

    async def _write(self, batch: Sequence[Update], thought: Thought | Exception) -> None:
        """Settles the batch, or counts the failure."""
        if isinstance(thought, Exception):
            await self._fail(batch, thought)
            return
        try:
            with followed(batch[-1].origin), timed("write"):
                await self._drain.settle(DOOR, [update.pending for update in batch], thought)
                log.info("settled")
        except Exception as error:  # noqa: BLE001  # it may be its words that the database refuses
            await self._fail(batch, error)

    async def _is_overtaken(self, batch: Sequence[Update], *, after: int | None) -> bool:
        """Answers taps that came meanwhile. Words with a seq ``after`` this one belong to the batch.

        Returns:
            True when what is being thought about has to begin again: more belongs to it, /cancel is about
            it, or a tap changed what it was built on.
        """
        self.news.clear()
        rows = await list_pending(self._desk.journal, self._desk.bot_id, self._chat_id, limit=LOOK)
        for update in await self._read(rows):
            if update.kind is Kind.TAP and await self._settle_tap(update):
                return True
            if update.overtakes and update.kind is Kind.COMMAND:
                return all(_can_be_left(each) for each in batch)
            if after is not None and update.seq > after and update.kind in (Kind.TEXT, Kind.EDIT):
                return True
        return False

    async def _settle_tap(self, update: Update) -> bool:
        """Answers a tap; True when it changed something."""
        thought = await self._think((update,))
        await self._write((update,), thought)
        return isinstance(thought, Thought) and thought.changes

    async def _overtake(self, ahead: Update, updates: Sequence[Update]) -> None:
        if ahead.kind is Kind.TAP:
            await self._settle_tap(ahead)
            return
        earlier = [update for update in updates if update.seq < ahead.seq and _can_be_left(update)]
        person = await self._desk.meet(ahead)
        left: list[Line] = []
        for update in earlier:
            line = await self._desk.line(person, update, update.text)
            if line.safety is not Safety.NONE:
                # whoever is in danger is answered, whatever they take back
                await self._settle_thoughtfully((update,), seen=update.seq)
                return
            left.append(line)
        try:
            thought = await cancel(self._desk, person, ahead, left)
        except Exception as error:  # noqa: BLE001  # as above
            await self._fail((ahead,), error)
        else:
            await self._write((*earlier, ahead), thought)

    async def _with_gap(self, batch: Sequence[Update], person: User, thought: Thought) -> Thought:
        """After more than a day away, the first answer says that something may not have arrived."""
        door = await find_door(self._desk.journal, self._desk.bot_id)
        if door is None or door.back_at is None or batch[0].pending.received_at < door.back_at:
            return thought
        if self._desk.clock.now() - door.back_at > timedelta(days=7):
            return thought
        key = f"gap:{self._desk.bot_id}:{self._chat_id}:{door.back_at:%Y%m%d%H%M}"
        saying = Saying(text("telegram.gap", person.language), must=False, key=key)
        return replace(thought, before=(saying, *thought.before))

    # --- failing ------------------------------------------------------------------------------------------

    async def _fail(self, batch: Sequence[Update], error: Exception) -> None:
        """Counts a try, unless it was an outage, or it is not clear whose fault it was."""
        if is_outage(error):
            raise error
        if len(batch) > 1:
            log.warning("%d updates failed together: %s", len(batch), type(error).__name__)
            self._apart |= {update.seq for update in batch}
            return
        update = batch[0]
        person = await self._desk.meet(update)
        failed = Thought(
            self._desk.turn(person),
            await self._lines_of(person, update),
            after=(Saying(text("turn.failed", person.language)),),
        )
        await self._drain.set_aside(DOOR, update.pending, failed, error)

    async def _lines_of(self, person: User, update: Update) -> tuple[Line, ...]:
        """Their words are kept even where they could not be answered."""
        if update.kind not in (Kind.TEXT, Kind.COMMAND):
            return ()
        turn = self._desk.turn(person, update.text, command=update.command or None)
        try:
            safety, lenses = await self._desk.heard(update.text, turn.language)
        except Exception as error:  # noqa: BLE001  # whatever made it fail may fail here as well
            log.warning("update %s cannot be listened to: %s", update.seq, type(error).__name__)
            safety, lenses = Safety.UNSURE, ()  # kept, and never brought back
        return (Line(self._desk.said(turn, update), update.origin, update.message_id, safety, lenses),)


def _take_row(updates: Sequence[Update], apart: set[int]) -> tuple[Update, ...]:
    """The first update, with the messages sent right after it; an edit of one of them is taken into it."""
    first = updates[0]
    if first.kind is not Kind.TEXT or first.seq in apart:
        return (first,)
    row = [first]
    length = len(first.text)
    for update in updates[1:]:
        length += len(update.text)
        belongs = update.kind is Kind.TEXT and update.seq not in apart
        if not belongs or len(row) >= MOST_IN_A_ROW or length > LONGEST_TURN:
            break
        row.append(update)
    edits = {update.message_id: update.text for update in updates if update.kind is Kind.EDIT and update.text}
    return tuple(replace(update, text=edits.get(update.message_id, update.text)) for update in row)


def _can_be_left(update: Update) -> bool:
    return update.kind is Kind.TEXT or (update.kind is Kind.COMMAND and update.command in SLOW)


def _language(words: str) -> Language:
    return read_language(words, fallback="en")


def _unread(row: Pending) -> Update:
    return Update(row, Kind.NOTHING, row.sender_id or 0, row.received_at)
