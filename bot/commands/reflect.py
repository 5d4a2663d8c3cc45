"""``offramp reflect FILE``: the long form of one file, without keeping the file."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from bot.terminal.door import DOOR, clean_text
from bot.wiring import open_house
from coaching.language import read_language
from coaching.model import Channel, Turn
from memory.importing import read_text
from prompts import text

if TYPE_CHECKING:
    from pathlib import Path

    from bot.settings import Settings


async def reflect_file(settings: Settings, file: Path, *, user: str) -> int:
    """Prints what you want · where it sticks · why · what you could do, for one text file."""
    words = clean_text(await asyncio.to_thread(read_text, file))
    async with open_house(settings) as house:
        async with house.journal.begin() as tx:
            user_id = await tx.add_user(DOOR, user, language="zh", zone="UTC")
            await tx.commit()
        person = await house.journal.load_user(user_id)
        language = read_language(words, fallback=person.language)
        if not words:
            print(text("reflect.usage", language), file=sys.stderr)  # noqa: T201  # a command's page
            return 1
        turn = Turn(
            user_id,
            words,
            language,
            house.clock.now().astimezone(person.tz),
            Channel.COMMAND,
            command="reflect",
        )
        await house.ready()
        answer = await house.coach.reply_to(turn)
        Console(highlight=False, soft_wrap=True).print(Text(answer.reply.text))
    return 0
