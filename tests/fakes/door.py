"""The whole Telegram door in a test: a fake Telegram, the real python-telegram-bot, a coach by script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncEngine

from bot.drain import Drain, Thinker
from bot.settings import Settings
from bot.telegram.app import TelegramDoor, run_telegram
from bot.telegram.chat import Manner
from bot.telegram.sending.pace import Pace
from bot.transcribing import open_transcriber
from bot.wiping import Wiper
from bot.wiring import House
from coaching.coach import Answer
from coaching.model import Language, Lens, Safety, Turn
from coaching.parts import Draft, Reply, ReplyKind, Said
from memory.recall import RecallIndex
from memory.sql.journal import Journal
from tests.fakes.telegram import FakeTelegram

QUICK = Manner(moment=0.15, in_a_row=0.15, patience=1.0, per_minute=1000)

Script = Callable[[Turn], Awaitable[Draft | None]]


class RealClock:
    """The wall clock: sending is paced by it."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  # a test of real time has to tell it


class ScriptedCoach:
    """Answers with what it heard, unless the script says something else. ``turns`` is all it was asked."""

    def __init__(self, script: Script | None = None) -> None:
        self.turns: list[Turn] = []
        self._script = script

    async def reply_to(self, turn: Turn) -> Answer:
        self.turns.append(turn)
        draft = await self._script(turn) if self._script else None
        return Answer(Reply(draft or says(turn, f"heard {_what(turn)}")))


def says(turn: Turn, words: str, **more: Any) -> Draft:  # noqa: ANN401  # fields of Draft
    return Draft(ReplyKind.INFO, turn.language, (Said(words),), **more)


def _what(turn: Turn) -> str:
    return turn.tap or (f"/{turn.command} {turn.text}".rstrip() if turn.command else turn.text)


class NoRecall:
    """Remembers whose words were to be indexed."""

    def __init__(self) -> None:
        self.indexed: list[int] = []

    async def index_pending(self, user_id: int | None = None) -> int:
        self.indexed.append(user_id or 0)
        return 0


def hears_nothing(words: str, language: Language) -> tuple[Safety, tuple[tuple[Lens, float], ...]]:
    """A listener that hears danger in one word only."""
    return (Safety.EXPLICIT if "DANGER" in words else Safety.NONE), ()


async def nothing_to_learn() -> None:
    """A coach by script knows its lines."""


@dataclass
class Door:
    """A running door."""

    telegram: FakeTelegram
    house: House
    coach: ScriptedCoach
    settings: Settings
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def journal(self) -> Journal:
        return self.house.journal


def make_settings(telegram: FakeTelegram, home: Path, **more: object) -> Settings:
    values: dict[str, Any] = {
        "home": home,
        "telegram_token": telegram.token,
        "telegram_base_url": telegram.url,
        "allowed_users": "*",
        **more,
    }
    # pydantic-settings takes it, but does not say so
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]


def make_house(
    engine: AsyncEngine,
    settings: Settings,
    coach: Thinker,
    clock: Any = None,  # noqa: ANN401  # a Clock
    recall: RecallIndex | None = None,
) -> House:
    clock = clock or RealClock()
    journal = Journal(engine, clock)
    wipe = Wiper(journal, recall, settings.home) if recall else None
    drain = Drain(journal, coach, exports=settings.home / "exports", wipe=wipe)
    return House(
        settings=settings,
        clock=clock,
        journal=journal,
        recall=recall or cast("Any", NoRecall()),
        coach=cast("Any", coach),
        drain=drain,
        listen=hears_nothing,
        warm_up=lambda: None,
        transcriber=open_transcriber(settings),
        learned=nothing_to_learn,
    )


@asynccontextmanager
async def open_door(
    telegram: FakeTelegram,
    engine: AsyncEngine,
    home: Path,
    script: Script | None = None,
    *,
    coach: Thinker | None = None,
    manner: Manner = QUICK,
    clock: object = None,
    recall: RecallIndex | None = None,
    tick_every: timedelta = timedelta(hours=1),
    part: type[TelegramDoor] = TelegramDoor,
    **settings: object,
) -> AsyncIterator[Door]:
    """The door, listening; stopped in the end as SIGTERM stops it."""
    chosen = make_settings(telegram, home, **settings)
    scripted = ScriptedCoach(script)
    house = make_house(engine, chosen, coach or scripted, clock, recall)
    door = Door(telegram, house, scripted, chosen)
    async with asyncio.TaskGroup() as group:
        group.create_task(
            run_telegram(
                house,
                chosen,
                manner=manner,
                pace=Pace(per_second=10_000, per_chat=timedelta(0)),
                stop=door.stop,
                tick_every=tick_every,
                open_door=part,
            )
        )
        try:
            if part.takes:
                await telegram.polled()
            yield door
        finally:
            door.stop.set()
