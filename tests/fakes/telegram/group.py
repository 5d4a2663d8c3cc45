"""A group the bot may be put into."""

from tests.fakes.telegram.conversation import Conversation
from tests.fakes.telegram.membership import record_bot_membership
from tests.fakes.telegram.person import Person
from tests.fakes.telegram.records import Message
from tests.fakes.telegram.text import Formatted, settle


class Group(Conversation):
    """A basic group; made by ``FakeTelegram.group``.

    The bot is in privacy mode, as bots are unless their owner changes it: it gets commands, mentions and
    replies to its own messages, and nothing else.
    """

    @property
    def has_bot(self) -> bool:
        return self._chat.bot_is_member

    async def adds_bot(self, by: Person) -> None:
        """Somebody puts the bot into the group."""
        self._chat.bot_is_member = True
        record_bot_membership(self._world, self._queue, self._chat, by.user, "left", "member")
        added = {"new_chat_members": [self._world.bot.as_json()]}
        message = self._world.post(self._chat, by.user, Formatted(""), content=added)
        self._update("message", self._world.message_json(message))

    async def removes_bot(self, by: Person) -> None:
        self._chat.bot_is_member = False
        record_bot_membership(self._world, self._queue, self._chat, by.user, "member", "kicked")

    async def says(self, person: Person, text: str, *, reply_to: Message | None = None) -> Message:
        """A member writes; whether the bot gets to see it is up to privacy mode."""
        said = settle(Formatted(text))
        message = self._world.post(self._chat, person.user, said, reply_to=reply_to.id if reply_to else None)
        is_command = any(mark.type == "bot_command" for mark in said.entities)
        is_mention = f"@{self._world.bot.username}" in text
        is_reply = reply_to is not None and reply_to.from_bot
        if self.has_bot and (is_command or is_mention or is_reply):
            self._update("message", self._world.message_json(message))
        return message
