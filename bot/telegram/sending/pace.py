"""How fast Telegram lets a bot write: thirty messages a second in all, one a second into a chat."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

PER_SECOND = 30  # messages to all chats, by Telegram's Bot FAQ; 1000 when paid for
_SECOND = timedelta(seconds=1)


class Pace:
    """Counts what was sent and says what may be sent now. Holds no clock: each call brings its moment.

    Args:
        per_second: Messages to all chats in any one second (the Bot FAQ's number; 1000 when paid for).
        per_chat: Time between two messages to one chat.
        burst: How many may go to a chat at once before that time counts; Telegram allows short bursts.
    """

    def __init__(
        self, *, per_second: int = PER_SECOND, per_chat: timedelta = timedelta(seconds=1), burst: int = 3
    ) -> None:
        self._per_second = per_second
        self._per_chat = per_chat
        self._slack = per_chat * (burst - 1)
        self._sent: deque[datetime] = deque()
        self._even_at: dict[int, datetime] = {}  # when a chat will have used up nothing of its burst

    def take(self, chat_id: int, now: datetime) -> None:
        """A message goes out."""
        self._sent.append(now)
        # never further ahead than a full burst, for a wall clock that was set back
        even_at = min(self._even_at.get(chat_id, now), now + self._slack)
        self._even_at[chat_id] = max(even_at, now) + self._per_chat

    def count_room(self, now: datetime) -> int:
        """How many messages may go out at this moment."""
        while self._sent and not now - _SECOND < self._sent[0] <= now:
            self._sent.popleft()
        return max(0, self._per_second - len(self._sent))

    def find_room(self, now: datetime) -> datetime | None:
        """When there is room again; None when there is now."""
        return None if self.count_room(now) else self._sent[0] + _SECOND

    def list_resting(self, now: datetime) -> dict[int, datetime]:
        """The chats that had their burst, and until when they rest."""
        self._even_at = {chat: at for chat, at in self._even_at.items() if at > now}
        return {chat: at - self._slack for chat, at in self._even_at.items() if at - self._slack > now}
