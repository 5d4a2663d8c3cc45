"""A fake Telegram for each test of a door, and a fake model that answers well."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.openai import FakeOpenAI
from tests.fakes.openai.honest import answer_honestly
from tests.fakes.telegram import FakeTelegram, Person


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(webhook_second=0.01) as server:
        yield server


@pytest.fixture
def lin(telegram: FakeTelegram) -> Person:
    return telegram.person("Lin", language_code="zh-hans")


@pytest.fixture
def ann(telegram: FakeTelegram) -> Person:
    return telegram.person("Ann", language_code="en")


@pytest.fixture
async def model() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI(answer_honestly) as server:
        yield server
