"""``/link CODE``: the person in the terminal and the one in Telegram are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.thought import Line, Saying, Thought
from memory.sql.codes import use_code
from memory.sql.joining import join_people
from prompts import text

if TYPE_CHECKING:
    from bot.telegram.desk import Desk
    from bot.telegram.parse import Update
    from coaching.model import Language, User
    from memory.sql.transaction import Transaction


async def link(desk: Desk, person: User, update: Update) -> Thought:
    """Uses the code up and moves everything to the terminal's person, whose settings hold."""
    turn = desk.turn(person, command=update.command)
    line = Line(desk.said(turn, update), update.origin, update.message_id)  # without the code
    if not update.text:
        return Thought(turn, (line,), after=(Saying(text("telegram.link_usage", person.language)),))
    language: Language = person.language

    async def write(tx: Transaction) -> tuple[Saying, ...]:
        code = await use_code(tx, "link", update.text, used_by=update.sender_id)
        if code is None or code.user_id is None:
            return (Saying(text("telegram.link_wrong", language)),)
        joined = await join_people(tx, stays=code.user_id, goes=person.id)
        return (Saying(text("telegram.linked" if joined else "telegram.link_same", language)),)

    return Thought(turn, (line,), write=write)
