"""An edited message: the journal keeps what the person means now."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.thought import Thought
from coaching.language import read_language
from coaching.model import Channel, Safety
from memory.sql.threads import change_said, find_said

if TYPE_CHECKING:
    from bot.telegram.desk import Desk
    from bot.telegram.parse import Update
    from bot.thought import Saying
    from coaching.model import User
    from memory.sql.transaction import Transaction


async def take_edit(desk: Desk, person: User, update: Update) -> Thought:
    """Changes what is stored and answers nothing, unless there is something that must not go unheard."""
    turn = desk.turn(person)
    stored = await find_said(desk.journal, person.id, desk.bot_id, update.message_id)
    # a command was carried out as it stood
    if stored is None or stored.is_command or not update.text or stored.text == update.text:
        return Thought(turn)
    language = read_language(update.text, fallback=person.language)
    safety, lenses = await desk.heard(update.text, language)

    async def write(tx: Transaction) -> tuple[Saying, ...]:
        await change_said(tx, person.id, stored.id, update.text, language, safety=safety, lenses=lenses)
        return ()

    if safety is Safety.NONE:
        return Thought(turn, write=write)
    turn = replace(desk.turn(person, update.text), channel=Channel.MESSAGE)
    return Thought(turn, answer=await desk.coach.reply_to(turn), write=write)
