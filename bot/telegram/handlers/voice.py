"""A voice message: heard where a transcriber is set, and answered like typed words, or answered honestly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telegram.error import BadRequest

from bot.telegram.handlers.words import answer_command, answer_words
from bot.telegram.parse import Kind
from bot.terminal.door import clean_text
from bot.thought import Saying, Thought
from bot.transcribing import NotHeard
from coaching.model import Channel
from prompts import text

if TYPE_CHECKING:
    from bot.telegram.desk import Desk
    from bot.telegram.parse import Update
    from coaching.model import User

MOST_BYTES = 20 * 1024 * 1024  # what a bot may download (core.telegram.org/bots/api#getfile)
LONGEST = 15 * 60  # seconds; who speaks longer has said more than one reply can hold


async def answer_voice(desk: Desk, person: User, update: Update) -> Thought:
    """Their words, from here on an ordinary turn whose source is known to be a voice."""
    sound = update.file
    if desk.transcriber is None or sound is None:
        return _say(desk, person, "voice")
    if sound.size > MOST_BYTES or sound.seconds > LONGEST:
        return _say(desk, person, "voice_too_long", minutes=LONGEST // 60)
    try:
        content = await (await desk.bot.get_file(sound.file_id)).download_as_bytearray()
        heard = clean_text(await desk.transcriber.transcribe(bytes(content), name="voice.ogg")).strip()
    except (NotHeard, BadRequest):
        return _say(desk, person, "voice_failed")
    if not heard:
        return _say(desk, person, "voice_empty")
    # what is written under it belongs to it
    words = f"{update.text}\n{heard}".strip()
    if update.command:
        return await answer_command(desk, person, replace(update, text=words))
    return await answer_words(
        desk, person, (replace(update, kind=Kind.TEXT, text=words),), channel=Channel.VOICE
    )


def _say(desk: Desk, person: User, key: str, **slots: object) -> Thought:
    return Thought(desk.turn(person), after=(Saying(text(f"telegram.{key}", person.language, **slots)),))
