import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from tests.fakes.telegram import FakeTelegram, Person

# Shared, because reading the certificates is what takes a bot 0.1 s to build, and nothing here uses them.
TRUST = ssl.create_default_context()


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_790_000_000.0

    def __call__(self) -> float:
        return self.seconds

    def passes(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def telegram(clock: Clock) -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(clock=clock, webhook_second=0.01) as server:
        yield server


@pytest.fixture
async def bot(telegram: FakeTelegram) -> AsyncIterator[Bot]:
    async with Bot(
        telegram.token,
        base_url=telegram.base_url,
        base_file_url=telegram.base_file_url,
        request=HTTPXRequest(8, httpx_kwargs={"verify": TRUST}),
        get_updates_request=HTTPXRequest(1, httpx_kwargs={"verify": TRUST}),
    ) as real_bot:
        yield real_bot


@pytest.fixture
def lin(telegram: FakeTelegram) -> Person:
    return telegram.person("Lin", language_code="zh")


Refusal = Callable[[Awaitable[object]], Awaitable[str]]


@pytest.fixture
def refusal(telegram: FakeTelegram) -> Refusal:
    """Makes a call that is refused and gives the words; python-telegram-bot lowers their case."""

    async def refuse(call: Awaitable[object]) -> str:
        with pytest.raises(TelegramError):
            await call
        return telegram.calls[-1].refusal

    return refuse
