"""Imports everything once, then forks a bot for every line it reads: a restart costs no imports.

A line is JSON: ``{"home", "url", "token", "kill_at", "after"}``. The pid of each bot is printed. A bot with
``kill_at`` kills itself at that commit, before it or after it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.drain import Drain
from bot.settings import Settings
from bot.telegram.app import run_telegram
from bot.telegram.chat import Manner
from bot.telegram.sending.pace import Pace
from bot.wiring import House
from coaching.coach import Answer
from coaching.model import Turn
from memory.sql.engine import open_engine
from memory.sql.journal import Journal
from memory.sql.transaction import Transaction
from tests.fakes.door import NoRecall, RealClock, ScriptedCoach, hears_nothing


class DyingJournal(Journal):
    """Kills the process at one commit, counted from the start."""

    left = 0
    after = False

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        async with super().begin() as tx:
            true_commit = tx.commit

            async def commit() -> None:
                self.left -= 1
                if self.left == 0 and not self.after:
                    os.kill(os.getpid(), signal.SIGKILL)
                await true_commit()
                if self.left == 0 and self.after:
                    os.kill(os.getpid(), signal.SIGKILL)

            tx.commit = commit  # type: ignore[method-assign]  # the crash point
            yield tx


class SlowCoach(ScriptedCoach):
    """Thinks for a few milliseconds, so that there is something to be killed in."""

    async def reply_to(self, turn: Turn) -> Answer:
        await asyncio.sleep(0.01)
        return await super().reply_to(turn)


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
    engine = open_engine(settings.database)
    journal = DyingJournal(engine, RealClock())
    journal.left, journal.after = order["kill_at"], order["after"]
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
    )
    pace = Pace(per_second=10_000, per_chat=timedelta(0))
    await run_telegram(
        house, settings, manner=Manner(moment=0.02, patience=0.1, per_minute=10_000), pace=pace
    )


def main() -> None:
    """Forks until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115  # lives as long as the process
            asyncio.run(run(json.loads(line)))
            os._exit(0)
        print(pid, flush=True)  # this is what it is for


if __name__ == "__main__":
    main()
