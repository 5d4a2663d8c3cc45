"""The person on the other side of a private chat, as a test plays them."""

import re
from typing import Any

from tests.fakes.telegram.conversation import Conversation
from tests.fakes.telegram.files import document_json, photo_json
from tests.fakes.telegram.membership import record_bot_membership
from tests.fakes.telegram.records import Button, Happened, Message, Quote, User
from tests.fakes.telegram.replies import find_quote
from tests.fakes.telegram.sending import MAX_TEXT_UNITS
from tests.fakes.telegram.text import Formatted, settle, utf16_length
from tests.fakes.telegram.updates import TAP_SECONDS
from tests.fakes.telegram.world import Tapped

# An emoji takes two of the 4096 units.
_PASTED_CHARACTERS = 2000


class Person(Conversation):
    """One person and their private chat with the bot; made by ``FakeTelegram.person``."""

    @property
    def user(self) -> User:
        user = self._chat.user
        if user is None:
            raise TypeError("a group is not a person")
        return user

    async def says(self, text: str) -> Message:
        """Types a message.

        Raises:
            ValueError: It is longer than one message can be; `pastes` splits as a real client does.
        """
        said = settle(Formatted(text))
        if said.is_empty or utf16_length(said.text) > MAX_TEXT_UNITS:
            raise ValueError("a message has 1 to 4096 UTF-16 units; longer text is pasted")
        return self._send(said, {})

    async def pastes(self, text: str) -> tuple[Message, ...]:
        """Sends a text of any length; the client splits it into messages, none of them cut in an emoji."""
        parts = [text[at : at + _PASTED_CHARACTERS] for at in range(0, len(text), _PASTED_CHARACTERS)]
        return tuple([await self.says(part) for part in parts if not part.isspace()])

    async def replies_to(self, message: Message, text: str, *, quote: str | None = None) -> Message:
        """Answers a message, quoting a part of it or all of it."""
        quoted: Quote | None = None
        if quote is not None:
            quoted = find_quote(message, Formatted(quote), None)
            if quoted is None:
                raise ValueError(f"message {message.id} does not say {quote!r}")
        return self._send(settle(Formatted(text)), {}, reply_to=message.id, quote=quoted)

    async def edits(self, message: Message, text: str) -> Message:
        """Changes an own message afterwards."""
        if message.sender.id != self.user.id:
            raise ValueError("a person edits only their own messages")
        changed = self._world.change(message, settle(Formatted(text)), ())
        self._update("edited_message", self._world.message_json(changed))
        return changed

    async def taps(self, what: str, *, on: Message | None = None) -> Tapped:
        """Taps a button, found by its data, its label or a part of its label.

        Args:
            what: The button.
            on: The message to tap on, as it was when it was seen: a keyboard that has been taken away since
                can be tapped this way. Without it the newest message that shows such a button is taken.

        Raises:
            AssertionError: No such button is there.
        """
        message, button = self._find_button(what, on)
        tapped = self._world.add_tap(self.id, button.label, button.data or "")
        self._world.record(Happened.TAP, self.id, self.user.first_name, button.label)
        current = self._world.messages.get((self.id, message.id))
        gone = {"chat": self._chat.as_json(), "message_id": message.id, "date": 0}
        body = {
            "id": tapped.id,
            "from": self.user.as_json(),
            "message": self._world.message_json(current) if current else gone,
            "chat_instance": str(self.id * 31),
            "data": tapped.data,
        }
        self._queue.push("callback_query", body, lane=f"taps {self.user.id}", lifetime=TAP_SECONDS)
        return tapped

    async def sends_document(
        self,
        name: str,
        content: bytes,
        *,
        caption: str = "",
        mime: str = "application/octet-stream",
        size: int | None = None,
    ) -> Message:
        """Sends a file; `size` in bytes pretends that it is larger than `content`."""
        file = self._world.add_file(content, name, mime, "documents", size)
        return self._send(settle(Formatted(caption)), {"document": document_json(file)})

    async def sends_voice(
        self, content: bytes = b"OggS", *, seconds: int = 3, size: int | None = None
    ) -> Message:
        file = self._world.add_file(content, "voice.oga", "audio/ogg", "voice", size)
        return self._send(
            Formatted(""), {"voice": {**file.as_json(), "duration": seconds, "mime_type": "audio/ogg"}}
        )

    async def sends_photo(self, content: bytes = b"\xff\xd8\xff", *, caption: str = "") -> Message:
        file = self._world.add_file(content, "photo.jpg", "image/jpeg", "photos", None)
        return self._send(settle(Formatted(caption)), {"photo": photo_json(file)})

    async def sends_location(self, latitude: float, longitude: float) -> Message:
        return await self.sends(location={"latitude": latitude, "longitude": longitude})

    async def sends_sticker(self, emoji: str = "👍") -> Message:
        file = self._world.add_file(b"RIFF", "sticker.webp", "image/webp", "stickers", None)
        looks = {"width": 512, "height": 512, "is_animated": False, "is_video": False, "type": "regular"}
        return await self.sends(sticker={**file.as_json(), **looks, "emoji": emoji})

    async def sends_poll(self, question: str, *options: str) -> Message:
        return await self.sends(
            poll={
                "id": "5001",
                "question": question,
                "options": [
                    {"persistent_id": str(number), "text": option, "voter_count": 0}
                    for number, option in enumerate(options)
                ],
                "total_voter_count": 0,
                "is_closed": False,
                "is_anonymous": True,
                "type": "regular",
                "allows_multiple_answers": False,
                "allows_revoting": True,
                "members_only": False,
            }
        )

    async def sends(self, **content: object) -> Message:
        """Sends anything else, written as in the Bot API: ``sends(dice={"emoji": "🎲", "value": 3})``."""
        return self._send(Formatted(""), content)

    async def blocks_bot(self) -> None:
        self._chat.is_blocked = True
        record_bot_membership(self._world, self._queue, self._chat, self.user, "member", "kicked")

    async def unblocks_bot(self) -> None:
        self._chat.is_blocked = False
        record_bot_membership(self._world, self._queue, self._chat, self.user, "kicked", "member")

    def speaks(self, language_code: str) -> None:
        """Changes the language of their Telegram."""
        self._chat.user = User(self.user.id, self.user.first_name, language_code=language_code)

    def _send(
        self,
        said: Formatted,
        content: dict[str, Any],
        reply_to: int | None = None,
        quote: Quote | None = None,
    ) -> Message:
        self._chat.has_started = True
        message = self._world.post(
            self._chat, self.user, said, content=content, reply_to=reply_to, quote=quote
        )
        self._update("message", self._world.message_json(message))
        return message

    def _find_button(self, what: str, on: Message | None) -> tuple[Message, Button]:
        shown = [on] if on else sorted(self.messages, key=lambda message: message.id, reverse=True)
        for message in shown:
            button = _choose_button(message, what)
            if button:
                return message, button
        raise AssertionError(f"{self.name} sees no button {what!r}\n{self.transcript()}")


def _choose_button(message: Message, what: str) -> Button | None:
    buttons = [button for button in message.buttons if button.data is not None]
    for fits in (
        lambda button: button.data == what,
        lambda button: button.label == what,
        lambda button: bool(re.search(re.escape(what), button.label)),
    ):
        for button in buttons:
            if fits(button):
                return button
    return None
