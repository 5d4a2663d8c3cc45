"""Speed of the Telegram door beside plain python-telegram-bot: ``python -m tests.bench.telegram``.

All in one process on loopback, by long polling against the fake Telegram, which pays for both sides on the
same cores. The plain bot echoes: it stores nothing and thinks nothing. Latency is measured from the moment a
person's message is in Telegram's queue to the moment ``sendMessage`` has come in there, one at a time.
Throughput is how fast a hundred people with a message each are all answered.

The CPU of a message is what the process worked, the fake and what comes behind the answer with it; it says
something on a busy machine as well. Offramp's pause for messages sent in a row is there on purpose, so it
is printed with and without.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from telegram import Update
from telegram.ext import Application, CallbackContext, MessageHandler, filters

from bot.settings import load_settings
from bot.telegram.app import run_telegram
from bot.telegram.chat import Manner
from bot.telegram.sending.pace import Pace
from bot.wiring import open_house
from memory.sql.engine import open_engine, sqlite_url
from memory.sql.migrate import upgrade
from tests.fakes.door import open_door
from tests.fakes.telegram import FakeTelegram, Person

Bot = Callable[[FakeTelegram, Path], AbstractAsyncContextManager[None]]

AT_ONCE = Manner(moment=0.0, in_a_row=0.0, per_minute=1_000_000)
AS_SET = Manner(per_minute=1_000_000)
WORDS = (
    "每天都在开会，周报也是我写，晚上想做自己的小工具却没有力气打开电脑",
    "I sit in meetings all day and write the weekly report, and my own little tool never moves",
    "老板又把我的方案拿去自己讲了，我坐在下面一句话没说",
    "Talked to two users of the script today, one of them saves three hours a week with it",
)
TARGET = 40  # ms at p50 for inbox, outbox and coach together


@asynccontextmanager
async def plain(telegram: FakeTelegram, _: Path) -> AsyncIterator[None]:
    """python-telegram-bot as its manual has it."""

    async def echo(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        if update.message is not None:
            await update.message.reply_text(update.message.text or "")

    app = Application.builder().token(telegram.token).base_url(telegram.base_url).build()
    app.add_handler(MessageHandler(filters.TEXT, echo))
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling()
        yield
        await app.updater.stop()
        await app.stop()


@asynccontextmanager
async def echoing(telegram: FakeTelegram, home: Path) -> AsyncIterator[None]:
    """The door with inbox and outbox, and an echo for a coach."""
    engine = open_engine(sqlite_url(home / "offramp.db"))
    await upgrade(engine)
    async with open_door(telegram, engine, home, manner=AT_ONCE):
        yield
    await engine.dispose()


def coaching(manner: Manner) -> Bot:
    """The whole house: classifiers, embedder, recall and the playbook."""

    @asynccontextmanager
    async def run(telegram: FakeTelegram, home: Path) -> AsyncIterator[None]:
        settings = load_settings(
            _env_file=None,
            home=home,
            telegram_token=telegram.token,
            telegram_base_url=telegram.url,
            allowed_users="*",
        )
        stop = asyncio.Event()
        pace = Pace(per_second=10_000, per_chat=timedelta(0))
        async with open_house(settings) as house, asyncio.TaskGroup() as group:
            await house.ready()
            await house.learned()
            group.create_task(run_telegram(house, settings, manner=manner, pace=pace, stop=stop))
            await telegram.polled()
            yield
            stop.set()

    return run


async def one_by_one(telegram: FakeTelegram, person: Person, count: int) -> list[float]:
    """Milliseconds from update to ``sendMessage``, one for each message."""
    taken = []
    for number in range(count):
        already = len(telegram.calls_of("sendMessage"))
        began = time.perf_counter()
        await person.says(f"{WORDS[number % len(WORDS)]} {number}")
        await telegram.called("sendMessage", times=already + 1, within=60)
        taken.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(0.4)  # nobody types faster; a second message and the indexing come behind
    return taken


async def all_at_once(telegram: FakeTelegram, people: int) -> float:
    """Messages answered a second."""
    crowd = [telegram.person(f"P{number}", language_code="en") for number in range(people)]
    for number, person in enumerate(crowd):
        await person.says(WORDS[number % len(WORDS)])
    began = time.perf_counter()
    await telegram.until(lambda: all(person.bot_messages for person in crowd), 180, "everybody answered")
    return people / (time.perf_counter() - began)


async def measure(name: str, bot: Bot, count: int, people: int) -> float:
    with tempfile.TemporaryDirectory() as home:
        async with AsyncExitStack() as stack:
            telegram = await stack.enter_async_context(FakeTelegram())
            await stack.enter_async_context(bot(telegram, Path(home)))
            person = telegram.person("Kim", language_code="en")
            await one_by_one(telegram, person, 5)  # warm
            worked = time.process_time()
            taken = sorted(await one_by_one(telegram, person, count))
            worked = 1000 * (time.process_time() - worked) / count
            rate = await all_at_once(telegram, people)
    p50, p95 = statistics.median(taken), taken[int(0.95 * len(taken))]
    print(f"{name:46} {p50:7.1f} ms {p95:7.1f} ms {worked:7.1f} ms {rate:7.1f}/s", flush=True)
    return p50


async def main(count: int, people: int) -> None:
    print(f"{'update → sendMessage':46} {'p50':>10} {'p95':>10} {'CPU each':>10} {'answered':>9}")
    floor = await measure("python-telegram-bot, echo", plain, count, people)
    stored = await measure("offramp, inbox and outbox, echo", echoing, count, people)
    whole = await measure("offramp, the coach, no pause", coaching(AT_ONCE), count, people)
    await measure("offramp, the coach, with its pause of 0.25 s", coaching(AS_SET), count, people)
    print(
        f"\ninbox and outbox cost {stored - floor:.1f} ms, the coach {whole - stored:.1f} ms, "
        f"together {whole - floor:.1f} ms at p50 (target {TARGET})"
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--messages", type=int, default=60)
    asked.add_argument("--people", type=int, default=100)
    chosen = asked.parse_args()
    asyncio.run(main(chosen.messages, chosen.people))
