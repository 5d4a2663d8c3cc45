"""Messages of the bot: sent, edited, deleted, drafted."""

from collections.abc import Callable
from typing import Any

from tests.fakes.telegram.errors import bad_request
from tests.fakes.telegram.keyboards import read_keyboard
from tests.fakes.telegram.markup import read_formatted
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.records import Happened, Message
from tests.fakes.telegram.replies import read_reply
from tests.fakes.telegram.text import Formatted, utf16_length
from tests.fakes.telegram.world import ChatState, World

MAX_TEXT_UNITS = 4096
MAX_CAPTION_UNITS = 1024
DELETABLE_SECONDS = 48 * 3600
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


class Sending:
    """The methods that write to a chat."""

    def __init__(self, world: World) -> None:
        self._world = world

    def methods(self) -> dict[str, Callable[[Params], Any]]:
        return {
            "sendMessage": self.send_message,
            "editMessageText": self.edit_text,
            "editMessageCaption": self.edit_caption,
            "editMessageReplyMarkup": self.edit_keyboard,
            "deleteMessage": self.delete_message,
            "sendMessageDraft": self.send_draft,
        }

    def send_message(self, params: Params) -> dict[str, Any]:
        said = self._text(params)
        return self.post(params, said, content={})

    def post(self, params: Params, said: Formatted, content: dict[str, Any]) -> dict[str, Any]:
        """Puts a message of the bot into the chat, with its keyboard and what it answers."""
        keyboard, other_markup = read_keyboard(params)
        chat = self._world.writable_chat(params.text("chat_id"))
        reply_to, quote = read_reply(self._world, chat, params)
        message = self._world.post(
            chat,
            self._world.bot,
            said,
            keyboard=keyboard,
            content=content,
            reply_to=reply_to,
            quote=quote,
            other_markup=other_markup,
        )
        return self._world.message_json(message)

    def edit_text(self, params: Params) -> dict[str, Any]:
        said = self._text(params)
        message = self._editable(params)
        if message.content:
            raise bad_request("There is no text in the message to edit")
        return self._edit(message, said, params)

    def edit_caption(self, params: Params) -> dict[str, Any]:
        said = read_caption(params)
        message = self._editable(params)
        if not message.content:
            raise bad_request("There is no caption in the message to edit")
        return self._edit(message, said, params)

    def edit_keyboard(self, params: Params) -> dict[str, Any]:
        message = self._editable(params)
        return self._edit(message, Formatted(message.text, message.entities), params)

    def delete_message(self, params: Params) -> bool:
        chat = self._world.readable_chat(params.text("chat_id"))
        message = self._find(chat, params, "message to delete not found")
        is_old = self._world.clock() - message.sent_at > DELETABLE_SECONDS
        if is_old or (not message.from_bot and not chat.is_private):
            raise bad_request("message can't be deleted for everyone")
        self._world.delete(message, self._world.bot.first_name)
        return True

    def send_draft(self, params: Params) -> bool:
        if not params.number("draft_id"):
            raise bad_request("Invalid draft_id specified")
        said = read_formatted(params, "text", "parse_mode", "entities")
        if utf16_length(said.text) > MAX_TEXT_UNITS:
            raise bad_request("message is too long")
        chat = self._world.writable_chat(params.text("chat_id"))
        if not chat.is_private:
            raise bad_request("TEXTDRAFT_PEER_INVALID")
        self._world.record(Happened.DRAFT, chat.id, self._world.bot.first_name, said.text)
        return True

    def _edit(self, message: Message, said: Formatted, params: Params) -> dict[str, Any]:
        # An edit without a keyboard takes the old one away.
        keyboard, _ = read_keyboard(params)
        if (said.text, said.entities, keyboard) == (message.text, message.entities, message.keyboard):
            raise bad_request(_NOT_MODIFIED)
        return self._world.message_json(self._world.change(message, said, keyboard))

    def _editable(self, params: Params) -> Message:
        chat = self._world.writable_chat(params.text("chat_id"))
        message = self._find(chat, params, "message to edit not found")
        if not message.from_bot:
            raise bad_request("message can't be edited")
        return message

    def _find(self, chat: ChatState, params: Params, otherwise: str) -> Message:
        message = self._world.messages.get((chat.id, params.number("message_id")))
        if message is None:
            raise bad_request(otherwise)
        return message

    @staticmethod
    def _text(params: Params) -> Formatted:
        if not params.text("text"):
            raise bad_request("message text is empty")
        said = read_formatted(params, "text", "parse_mode", "entities")
        if said.is_empty:
            raise bad_request("text must be non-empty")
        if utf16_length(said.text) > MAX_TEXT_UNITS:
            raise bad_request("message is too long")
        return said


def read_caption(params: Params) -> Formatted:
    """The caption of a call, empty when there is none.

    Raises:
        ApiError: Its markup is wrong, or it is longer than 1024 UTF-16 units.
    """
    said = read_formatted(params, "caption", "parse_mode", "caption_entities")
    if utf16_length(said.text) > MAX_CAPTION_UNITS:
        raise bad_request("message caption is too long")
    return said
