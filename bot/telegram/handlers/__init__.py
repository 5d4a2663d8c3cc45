"""What the door does with each thing somebody can do. A handler gives a ``Thought`` and writes nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from telegram.error import TelegramError

from bot.telegram.handlers.document import take_file
from bot.telegram.handlers.edit import take_edit
from bot.telegram.handlers.link import link
from bot.telegram.handlers.onboarding import PREFIX, answer_onboarding, welcome
from bot.telegram.handlers.other import answer_other, cancel
from bot.telegram.handlers.place import take_city, take_place
from bot.telegram.handlers.voice import answer_voice
from bot.telegram.handlers.words import answer_command, answer_tap, answer_words
from bot.telegram.parse import Kind
from bot.thought import Saying, Thought
from prompts import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.telegram.desk import Desk
    from bot.telegram.parse import Update
    from coaching.model import User

__all__ = ["answer", "cancel"]


async def answer(desk: Desk, person: User, updates: Sequence[Update]) -> Thought:
    """What one update comes to, or several messages sent in a row."""
    first = updates[0]
    match first.kind:
        case Kind.TEXT:
            city = await take_city(desk, person, first) if len(updates) == 1 else None
            return city or await answer_words(desk, person, updates)
        case Kind.COMMAND:
            return await _command(desk, person, first)
        case Kind.TAP:
            return await _tap(desk, person, first)
        case Kind.EDIT:
            return await take_edit(desk, person, first)
        case Kind.PLACE:
            return await take_place(desk, person, first)
        case Kind.FILE:
            return await take_file(desk, person, first)
        case Kind.VOICE:
            return await answer_voice(desk, person, first)
        case Kind.OTHER:
            return await answer_other(desk, person, first)
        case Kind.NOTHING:
            return Thought(desk.turn(person))


async def _command(desk: Desk, person: User, update: Update) -> Thought:
    """The door's own commands; every other is the coach's."""
    match update.command:
        case "start":
            return await welcome(desk, person, update)
        case "link":
            return await link(desk, person, update)
        case "import":
            return Thought(desk.turn(person), after=(Saying(text("telegram.import", person.language)),))
    return await answer_command(desk, person, update)


async def _tap(desk: Desk, person: User, update: Update) -> Thought:
    with suppress(TelegramError):  # an expired tap cannot be answered, and need not be
        await desk.bot.answer_callback_query(update.tap_id)
    if update.tap.startswith(PREFIX):
        return await answer_onboarding(desk, person, update)
    return await answer_tap(desk, person, update)
