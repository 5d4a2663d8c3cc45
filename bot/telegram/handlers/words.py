"""Something on their mind, in one message or several in a row, and commands of the coach."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.telegram.handlers.onboarding import ask_goal
from bot.thought import Line, Thought
from coaching.model import Channel, Safety
from coaching.parts import Past, ReplyKind
from memory.sql.threads import count_replies, find_external_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from bot.telegram.desk import Desk
    from bot.telegram.parse import Update
    from bot.thought import Saying
    from coaching.coach import Answer
    from coaching.model import Turn, User

FIRST_REPLIES = 3  # the setting up is offered behind one of these, or not at all
_ORDINARY = frozenset({ReplyKind.TURN, ReplyKind.CLARIFY, ReplyKind.LISTEN, ReplyKind.REFLECT})


async def answer_words(
    desk: Desk, person: User, updates: Sequence[Update], *, channel: Channel = Channel.MESSAGE
) -> Thought:
    """One considered reply to everything that was said in a row; each message is stored as its own."""
    texts = tuple(update.text for update in updates)
    turn = desk.turn(person, "\n".join(texts))
    turn = replace(
        turn,
        channel=channel,
        messages=texts if len(texts) > 1 else (),
        quoting=await desk.find_quoted(person, updates[-1]),
    )
    answer = await desk.coach.reply_to(turn)
    lines = await _lines(desk, person, updates, turn, answer)
    after: tuple[Saying, ...] = ()
    if answer.safety is Safety.NONE and answer.reply.kind in _ORDINARY:
        replies = await count_replies(desk.journal, person.id)
        after = await ask_goal(desk, person) if replies < FIRST_REPLIES else ()
    quote = await find_quote(desk, person, answer)
    return Thought(turn, lines, answer, quote=quote, after=after)


async def answer_command(desk: Desk, person: User, update: Update) -> Thought:
    """A command of the coach. ``/reflect`` in reply to an own message is about that message."""
    words = update.text
    if update.command == "reflect" and not words:
        words = update.replied
    turn = replace(
        desk.turn(person, words, command=update.command), quoting=await desk.find_quoted(person, update)
    )
    answer = await desk.coach.reply_to(turn)
    stored = replace(desk.said(turn, update), text=update.text)
    line = Line(stored, update.origin, update.message_id, answer.safety, answer.lenses)
    return Thought(turn, (line,), answer, quote=await find_quote(desk, person, answer))


async def answer_tap(desk: Desk, person: User, update: Update) -> Thought:
    """A button of the coach."""
    turn = replace(desk.turn(person, tap=update.tap), quoting=await desk.find_quoted(person, update))
    answer = await desk.coach.reply_to(turn)
    return Thought(turn, (), answer, quote=await find_quote(desk, person, answer))


async def find_quote(desk: Desk, person: User, answer: Answer) -> dict[str, Any] | None:
    """The earlier message that the reply quotes, as this chat knows it, so that a tap on it jumps there."""
    for part in answer.reply.draft.find(Past):
        for quote in part.quotes:
            if quote.message_id is None:
                continue
            external_id = await find_external_id(desk.journal, person.id, desk.bot_id, quote.message_id)
            message = await desk.journal.find_message(person.id, quote.message_id)
            if external_id is not None and message is not None:
                return {"message_id": external_id, "text": quote.text, "source": message.text}
    return None


async def _lines(
    desk: Desk, person: User, updates: Sequence[Update], turn: Turn, answer: Answer
) -> tuple[Line, ...]:
    if len(updates) == 1:
        stored = desk.said(turn, updates[0])
        return (Line(stored, updates[0].origin, updates[0].message_id, answer.safety, answer.lenses),)
    lines = tuple([await desk.line(person, update, update.text) for update in updates])
    if answer.safety is not Safety.NONE and all(line.safety is Safety.NONE for line in lines):
        # heard only in all of it together: none of it may ever be brought back
        lines = tuple(replace(line, safety=answer.safety) for line in lines)
    # what somebody writes in the end is the language they write
    return tuple(
        replace(line, turn=replace(line.turn, language=turn.language, channel=Channel.MESSAGE))
        for line in lines
    )
