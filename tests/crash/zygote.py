"""Imports everything once, then forks a bot for every line it reads: a restart costs no imports.

A line is JSON: ``{"home", "url", "token", "plain", "point", "nth", "after"}``. Each bot's pid is printed. A
bot with a ``point`` kills itself there the ``nth`` time it comes by, before it or after it: at the commit
that the function of this name makes, or at ``send``, where a message leaves for Telegram. A ``plain`` one is
python-telegram-bot as its manual has it, echoing.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import _AsyncGeneratorContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from telegram import Update
from telegram.ext import Application, CallbackContext, MessageHandler, filters

from bot.drain import Drain
from bot.settings import Settings
from bot.telegram.app import run_telegram
from bot.telegram.chat import Manner
from bot.telegram.sending.pace import Pace
from bot.telegram.sending.request import TelegramRequest
from bot.wiring import House
from coaching.coach import Answer
from coaching.effects import DeclineStep
from coaching.model import Turn
from coaching.parts import Reply
from memory.sql.engine import open_engine
from memory.sql.journal import Journal
from memory.sql.transaction import Transaction
from tests.fakes.door import NoRecall, RealClock, ScriptedCoach, hears_nothing, nothing_to_learn

THINKING = 0.01  # seconds, so that there is something to be killed in

# every commit on a message's way, and the send itself
POINTS = (
    "Intake.take",
    "Desk.meet",
    "Drain.settle",
    "Deliverer._claim",
    "RowSender._arrived",
    "Deliverer._settle_orphans",
    "send",
)


class Death:
    """Kills the process at one point."""

    def __init__(self, point: str, nth: int, *, after: bool) -> None:
        self._point, self._left, self._after = point, nth, after

    def before(self, point: str) -> None:
        """It is about to happen."""
        if point == self._point:
            self._left -= 1
            if self._left == 0 and not self._after:
                os.kill(os.getpid(), signal.SIGKILL)

    def after(self, point: str) -> None:
        """It has happened."""
        if point == self._point and self._left == 0 and self._after:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingJournal(Journal):
    """Has its points at each commit, named by the function that makes it."""

    death = Death("", 0, after=False)

    def begin(self) -> _AsyncGeneratorContextManager[Transaction]:
        return self._begin_at(sys._getframe(1).f_code.co_qualname)

    @asynccontextmanager
    async def _begin_at(self, point: str) -> AsyncIterator[Transaction]:
        async with super().begin() as tx:
            true_commit = tx.commit

            async def commit() -> None:
                self.death.before(point)
                await true_commit()
                self.death.after(point)

            tx.commit = commit  # type: ignore[method-assign]  # the crash point
            yield tx


class SlowCoach(ScriptedCoach):
    """Thinks for a few milliseconds, and leaves one trace for each line it answers."""

    async def reply_to(self, turn: Turn) -> Answer:
        await asyncio.sleep(THINKING)
        answer = await super().reply_to(turn)
        effects = tuple(DeclineStep(line) for line in turn.text.split("\n"))
        return Answer(Reply(replace(answer.reply.draft, effects=effects)))


def put_points_into_sending(death: Death) -> None:
    """Before a message leaves, and when Telegram has answered but nobody here has heard it yet."""
    true_request = TelegramRequest.do_request

    async def do_request(self: TelegramRequest, url: str, *rest: Any, **more: Any) -> tuple[int, bytes]:  # noqa: ANN401  # as it is
        is_send = url.endswith("/sendMessage")
        if is_send:
            death.before("send")
        answer = await true_request(self, url, *rest, **more)
        if is_send:
            death.after("send")
        return answer

    TelegramRequest.do_request = do_request  # type: ignore[method-assign]  # in a process of its own


async def run(order: dict[str, Any]) -> None:
    """One bot, until it is killed."""
    home = Path(order["home"])
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it, but does not say so
        home=home,
        telegram_token=order["token"],
        telegram_base_url=order["url"],
        allowed_users="*",
    )
    death = Death(order["point"], order["nth"], after=order["after"])
    put_points_into_sending(death)
    engine = open_engine(settings.database)
    journal = DyingJournal(engine, RealClock())
    journal.death = death
    coach = SlowCoach()
    house: Any = House(
        settings=settings,
        clock=journal.clock,
        journal=journal,
        recall=NoRecall(),  # type: ignore[arg-type]  # what the door uses of it
        coach=coach,  # type: ignore[arg-type]  # as above
        drain=Drain(journal, coach, exports=home),
        listen=hears_nothing,
        warm_up=lambda: None,
        transcriber=None,
        learned=nothing_to_learn,
    )
    pace = Pace(per_second=10_000, per_chat=timedelta(0))
    await run_telegram(
        house, settings, manner=Manner(moment=0.02, in_a_row=0.02, patience=0.1, per_minute=10_000), pace=pace
    )


def run_plain(order: dict[str, Any]) -> None:
    """python-telegram-bot, with the same thinking time."""

    async def echo(update: Update, _: CallbackContext[Any, Any, Any, Any]) -> None:
        await asyncio.sleep(THINKING)
        if update.message is not None:
            await update.message.reply_text(f"heard {update.message.text}")

    app = (
        Application.builder()
        .token(order["token"])
        .base_url(f"{order['url']}/bot")
        .base_file_url(f"{order['url']}/file/bot")
        .build()
    )
    app.add_handler(MessageHandler(filters.TEXT, echo))
    app.run_polling()


def main() -> None:
    """Forks until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  # lives as long as the process
            order = json.loads(line)
            if order["plain"]:
                run_plain(order)
            else:
                asyncio.run(run(order))
            os._exit(0)
        print(pid, flush=True)  # this is what it is for


if __name__ == "__main__":
    main()
