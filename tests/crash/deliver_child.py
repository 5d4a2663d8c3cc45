"""A sender in a process of its own, to be killed."""

import asyncio
import ssl
from datetime import timedelta

from telegram import Bot

from bot.clock import SystemClock
from bot.telegram.deliver import Deliverer
from bot.telegram.sending.pace import Pace
from bot.telegram.sending.request import TelegramRequest
from memory.sql.engine import open_engine
from memory.sql.journal import Journal

TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # nothing here is encrypted


async def send(database: str, token: str, base_url: str) -> None:
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


def send_until_killed(database: str, token: str, base_url: str) -> None:
    asyncio.run(send(database, token, base_url))
