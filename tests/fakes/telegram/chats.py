"""Chats seen from the bot: asked about, left, shown as typing, and taps answered."""

from collections.abc import Callable
from typing import Any

from tests.fakes.telegram.errors import bad_request
from tests.fakes.telegram.membership import record_bot_membership
from tests.fakes.telegram.params import Params
from tests.fakes.telegram.records import Happened
from tests.fakes.telegram.updates import UpdateQueue
from tests.fakes.telegram.world import World

MAX_TAP_ANSWER = 200
ACTIONS = frozenset(
    {
        "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice",
        "upload_document", "choose_sticker", "find_location", "record_video_note", "upload_video_note",
    }
)  # fmt: skip


class Chats:
    """The methods about a chat as a whole, and about taps in it.

    Args:
        world: What there is.
        queue: Where membership updates go.
        tap_seconds: How long a tap can be answered, on the fake's clock. Telegram does not document it;
            bots report about 15 seconds.
    """

    def __init__(self, world: World, queue: UpdateQueue, tap_seconds: float) -> None:
        self._world = world
        self._queue = queue
        self._tap_seconds = tap_seconds

    def methods(self) -> dict[str, Callable[[Params], Any]]:
        return {
            "getChat": self.get_chat,
            "leaveChat": self.leave_chat,
            "sendChatAction": self.send_action,
            "answerCallbackQuery": self.answer_tap,
        }

    def get_chat(self, params: Params) -> dict[str, Any]:
        chat = self._world.readable_chat(params.text("chat_id"))
        gifts = (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        )
        return {
            **chat.as_json(),
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, False),
        }

    def leave_chat(self, params: Params) -> bool:
        chat = self._world.readable_chat(params.text("chat_id"))
        if chat.is_private:
            raise bad_request("chat not found")
        if chat.bot_is_member:
            chat.bot_is_member = False
            record_bot_membership(self._world, self._queue, chat, self._world.bot, "member", "left")
        return True

    def send_action(self, params: Params) -> bool:
        action = params.text("action").lower()
        if action not in ACTIONS:
            raise bad_request("Wrong parameter action in request")
        chat = self._world.writable_chat(params.text("chat_id"))
        self._world.record(Happened.ACTION, chat.id, self._world.bot.first_name, action)
        return True

    def answer_tap(self, params: Params) -> bool:
        tapped = self._world.taps.get(params.text("callback_query_id"))
        now = self._world.clock()
        if tapped is None or tapped.answer is not None or now - tapped.at > self._tap_seconds:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        if len(params.text("text")) > MAX_TAP_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        tapped.answer = params.text("text")
        tapped.is_alert = params.flag("show_alert")
        self._world.record(
            Happened.TAP_ANSWER, tapped.chat_id, self._world.bot.first_name, params.text("text")
        )
        return True
