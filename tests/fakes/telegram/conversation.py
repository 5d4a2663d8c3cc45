"""What a private chat and a group have in common: listening, and reading back what was said."""

import asyncio
import re
from typing import Any

from tests.fakes.telegram.records import Event, Happened, Message
from tests.fakes.telegram.transcript import render_transcript
from tests.fakes.telegram.updates import UpdateQueue
from tests.fakes.telegram.world import ChatState, World

_HEARABLE = frozenset({Happened.MESSAGE, Happened.EDIT})


class Conversation:
    """One chat, from the side that is not the bot's."""

    def __init__(self, world: World, queue: UpdateQueue, chat: ChatState) -> None:
        self._world = world
        self._queue = queue
        self._chat = chat
        self._heard = len(world.log)

    @property
    def id(self) -> int:
        """The chat id."""
        return self._chat.id

    @property
    def name(self) -> str:
        return self._chat.name

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages that are there now, as they stand now, oldest first."""
        return tuple(message for (chat_id, _), message in self._world.messages.items() if chat_id == self.id)

    @property
    def bot_messages(self) -> tuple[Message, ...]:
        """The bot's messages that are there now, oldest first."""
        return tuple(message for message in self.messages if message.from_bot)

    @property
    def events(self) -> tuple[Event, ...]:
        """All that happened here, in order."""
        return tuple(event for event in self._world.log if event.chat_id == self.id)

    def now(self, message: Message) -> Message | None:
        """A message seen earlier as it stands now; None when it was deleted."""
        return self._world.messages.get((self.id, message.id))

    async def hears(self, pattern: str = "", *, within: float = 5.0) -> Message:
        """Waits for the bot to say something that was not heard yet, by a message or by an edit.

        What came before the match is skipped for good; the next call begins behind it.

        Args:
            pattern: A regular expression, searched in the text with case ignored.
            within: Real seconds to wait.

        Raises:
            AssertionError: The time is over; the transcript is in the message.
        """
        looked_at = self._heard
        try:
            async with asyncio.timeout(within):
                while True:
                    for index in range(looked_at, len(self._world.log)):
                        message = self._bots_words(self._world.log[index])
                        if message and re.search(pattern, message.text, re.IGNORECASE):
                            self._heard = index + 1
                            return message
                    looked_at = len(self._world.log)
                    await self._world.news()
        except TimeoutError:
            raise AssertionError(
                f"{self.name} did not hear {pattern!r} within {within} s\n{self.transcript(actions=True)}"
            ) from None

    async def hears_nothing(self, *, within: float = 0.3) -> None:
        """Waits and makes sure that the bot says and edits nothing in that time.

        Raises:
            AssertionError: It said something.
        """
        try:
            message = await self.hears(within=within)
        except AssertionError:
            return
        raise AssertionError(f"{self.name} expected silence and heard {message.text!r}")

    def stops_listening(self) -> None:
        """What was said until now counts as heard."""
        self._heard = len(self._world.log)

    def transcript(self, *, times: bool = False, actions: bool = False) -> str:
        """The chat as readable text; `actions` adds typing and drafts."""
        originals = {
            event.message.id: event.message
            for event in self.events
            if event.message and event.kind is Happened.MESSAGE
        }
        return render_transcript(self.events, times=times, actions=actions, originals=originals)

    def _bots_words(self, event: Event) -> Message | None:
        is_here = event.chat_id == self.id and event.kind in _HEARABLE
        return event.message if is_here and event.message and event.message.from_bot else None

    def _update(self, kind: str, body: dict[str, Any]) -> None:
        self._queue.push(kind, body, lane=f"chat {self.id}")
