"""Everything the coach cannot read gets a kind sentence, and /cancel leaves what was being thought about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.telegram.handlers.words import answer_command
from bot.thought import Line, Saying, Thought
from coaching.effects import EndDialogue
from prompts import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.telegram.desk import Desk
    from bot.telegram.parse import Update
    from coaching.model import User

_NAMED = frozenset({"sticker", "photo", "poll", "forwarded"})


async def answer_other(desk: Desk, person: User, update: Update) -> Thought:
    """A sticker, a photo, a poll, words of somebody else, or something Telegram invents next year."""
    key = update.what if update.what in _NAMED else "other"
    return Thought(desk.turn(person), after=(Saying(text(f"telegram.{key}", person.language)),))


async def cancel(desk: Desk, person: User, update: Update, left: Sequence[Line]) -> Thought:
    """``/cancel``: what was being thought about is kept unanswered. Without any, the coach answers."""
    if not left:
        return await answer_command(desk, person, update)
    turn = desk.turn(person, update.text, command=update.command)
    line = Line(desk.said(turn, update), update.origin, update.message_id)
    words = text("telegram.cancelled", person.language)
    return Thought(turn, (*left, line), after=(Saying(words),), effects=(EndDialogue(),))
