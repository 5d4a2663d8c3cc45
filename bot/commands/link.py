"""``offramp link``: a code that joins the terminal's person to their Telegram."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.terminal.door import TerminalDoor
from bot.wiring import open_house
from memory.sql.codes import make_code

if TYPE_CHECKING:
    from bot.settings import Settings

LASTS = timedelta(minutes=10)


async def show_code(settings: Settings, *, user: str) -> int:
    """Prints the code; an earlier one is void."""
    async with open_house(settings, warm=False) as house:
        door = await TerminalDoor.open(house, user)
        async with house.journal.begin() as tx:
            code = await make_code(tx, "link", user_id=door.user.id, lasts=LASTS)
            await tx.commit()
    print(f"Send this to the bot within ten minutes:\n\n  /link {code}")  # noqa: T201  # the command's page
    return 0
