"""A sender in a process of its own, to be killed: ``… -m tests.crash.deliver_child DATABASE TOKEN URL``."""

import asyncio
import ssl
import sys
from datetime import timedelta

from telegram import Bot

from bot.clock import SystemClock
from bot.telegram.deliver import Deliverer
from bot.telegram.sending.pace import Pace
from bot.telegram.sending.request import TelegramRequest
from memory.sql.engine import open_engine
from memory.sql.journal import Journal

TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # nothing here is encrypted


async def main(database: str, token: str, base_url: str) -> None:
    bot = Bot(
        token,
        base_url=base_url,
        request=TelegramRequest(8, read_timeout=60, trust=TRUST),
        get_updates_request=TelegramRequest(1, trust=TRUST),
    )
    engine = open_engine(database)
    async with bot:
        journal = Journal(engine, SystemClock())
        await Deliverer(
            journal,
            bot,
            owner="child",
            alone=True,
            pace=Pace(per_second=10_000, burst=10_000),
            look_again=timedelta(milliseconds=50),
        ).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
