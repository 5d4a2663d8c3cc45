"""The state behind the Bot API: who is there, what was said, and what happened in which order."""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.telegram.errors import bad_request, forbidden
from tests.fakes.telegram.records import Event, Happened, Keyboard, Message, Quote, StoredFile, User
from tests.fakes.telegram.text import Formatted

FIRST_PERSON_ID = 500_000_001
FIRST_GROUP_ID = 4_000_000_001
FIRST_MESSAGE_ID = 1_001
FIRST_TAP_ID = 4_000_000_001


@dataclass
class ChatState:
    """A private chat or a group, as the bot stands in it."""

    id: int
    name: str
    user: User | None
    has_started: bool = True
    is_blocked: bool = False
    bot_is_member: bool = True

    @property
    def is_private(self) -> bool:
        return self.user is not None

    def as_json(self) -> dict[str, Any]:
        if self.user is None:
            return {
                "id": self.id,
                "title": self.name,
                "type": "group",
                "all_members_are_administrators": True,
            }
        username = {"username": self.user.username} if self.user.username else {}
        return {"id": self.id, "first_name": self.user.first_name, "type": "private", **username}


@dataclass
class Tapped:
    """A callback query the bot may still answer; `answer` is set when it has."""

    id: str
    chat_id: int
    at: float
    label: str
    data: str
    answer: str | None = None
    is_alert: bool = False


@dataclass
class World:
    """Everything the fake remembers between calls.

    Message ids count through all chats of the bot, as they do on Telegram.
    """

    bot: User
    clock: Callable[[], float]
    ids_from: int = 0
    chats: dict[int, ChatState] = field(default_factory=dict)
    messages: dict[tuple[int, int], Message] = field(default_factory=dict)
    taps: dict[str, Tapped] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._person_ids = itertools.count(FIRST_PERSON_ID)
        self._group_ids = itertools.count(FIRST_GROUP_ID)
        self._message_ids = itertools.count(FIRST_MESSAGE_ID + self.ids_from)
        self._tap_ids = itertools.count(FIRST_TAP_ID + self.ids_from)
        self._news = asyncio.Event()

    def add_person(self, name: str, language_code: str, has_started: bool, user_id: int | None) -> ChatState:
        person_id = user_id or next(self._person_ids)
        user = User(person_id, name, language_code=language_code)
        self.chats[person_id] = ChatState(person_id, name, user, has_started)
        return self.chats[person_id]

    def add_group(self, title: str) -> ChatState:
        group_id = -next(self._group_ids)
        self.chats[group_id] = ChatState(group_id, title, None, bot_is_member=False)
        return self.chats[group_id]

    def add_file(self, content: bytes, name: str, mime: str, folder: str, size: int | None) -> StoredFile:
        number = self.ids_from + len(self.files) + 1
        # Telegram's own names lose the original one as well, but keep its ending.
        ending = name.rpartition(".")[2] if "." in name else "bin"
        file = StoredFile(
            f"file{number:04}", f"{folder}/file_{number}.{ending}", content,
            len(content) if size is None else size, name, mime,
        )  # fmt: skip
        self.files[file.id] = file
        return file

    def add_tap(self, chat_id: int, label: str, data: str) -> Tapped:
        tapped = Tapped(str(next(self._tap_ids)), chat_id, self.clock(), label, data)
        self.taps[tapped.id] = tapped
        return tapped

    def writable_chat(self, chat_id_text: str) -> ChatState:
        """The chat a bot wants to write to.

        Raises:
            ApiError: There is no such chat, or it does not want to hear from the bot.
        """
        chat = self.readable_chat(chat_id_text)
        if chat.is_private and chat.is_blocked:
            raise forbidden("bot was blocked by the user")
        if chat.is_private and not chat.has_started:
            raise forbidden("bot can't initiate conversation with a user")
        if not chat.is_private and not chat.bot_is_member:
            raise forbidden("bot is not a member of the group chat")
        return chat

    def readable_chat(self, chat_id_text: str) -> ChatState:
        """The chat a bot asks about.

        Raises:
            ApiError: There is no such chat.
        """
        if not chat_id_text:
            raise bad_request("chat_id is empty")
        try:
            return self.chats[int(chat_id_text)]
        except (ValueError, KeyError):
            raise bad_request("chat not found") from None

    def post(
        self,
        chat: ChatState,
        sender: User,
        said: Formatted,
        *,
        keyboard: Keyboard = (),
        content: Mapping[str, Any] | None = None,
        reply_to: int | None = None,
        quote: Quote | None = None,
        other_markup: Mapping[str, Any] | None = None,
    ) -> Message:
        """Puts a new message into a chat."""
        message = Message(
            chat.id,
            next(self._message_ids),
            sender,
            self.clock(),
            said.text,
            said.entities,
            keyboard,
            content or {},
            reply_to,
            quote,
            other_markup=other_markup or {},
        )
        self.messages[chat.id, message.id] = message
        self.record(Happened.MESSAGE, chat.id, sender.first_name, message=message)
        return message

    def change(self, message: Message, said: Formatted, keyboard: Keyboard) -> Message:
        """Edits a message in place."""
        changed = replace(
            message,
            text=said.text,
            entities=said.entities,
            keyboard=keyboard,
            edited_at=self.clock(),
            edits=message.edits + 1,
        )
        self.messages[message.chat_id, message.id] = changed
        self.record(Happened.EDIT, message.chat_id, message.sender.first_name, message=changed)
        return changed

    def delete(self, message: Message, who: str) -> None:
        del self.messages[message.chat_id, message.id]
        self.record(Happened.DELETION, message.chat_id, who, message=message)

    def record(
        self, kind: Happened, chat_id: int, who: str, text: str = "", message: Message | None = None
    ) -> None:
        """Adds to the log and wakes everybody who waits for news."""
        self.log.append(Event(kind, chat_id, self.clock(), who, text, message))
        self.announce()

    def announce(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def news(self) -> None:
        """Waits until something more has happened."""
        await self._news.wait()

    def message_json(self, message: Message, *, with_reply: bool = True) -> dict[str, Any]:
        """A message as the Bot API writes it."""
        chat = self.chats[message.chat_id]
        written: dict[str, Any] = {
            "message_id": message.id,
            "from": message.sender.as_json(),
            "chat": chat.as_json(),
            "date": int(message.sent_at),
            **message.content,
        }
        if message.edited_at is not None:
            written["edit_date"] = int(message.edited_at)
        if message.text:
            written["caption" if message.content else "text"] = message.text
        if message.entities:
            name = "caption_entities" if message.content else "entities"
            written[name] = [entity.as_json() for entity in message.entities]
        if message.keyboard:
            rows = [[button.as_json() for button in row] for row in message.keyboard]
            written["reply_markup"] = {"inline_keyboard": rows}
        original = self.messages.get((message.chat_id, message.reply_to or 0))
        if with_reply and original:
            written["reply_to_message"] = self.message_json(original, with_reply=False)
            if message.quote:
                written["quote"] = message.quote.as_json()
        return written
