"""offramp doctor beside each broken part: one true sentence, and what to do."""

from __future__ import annotations

import shutil
from collections import namedtuple
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.asking_model import ask_key
from bot.commands import doctor
from bot.commands.doctor import Finding, find_all
from bot.settings import Settings
from bot.telegram.asking import ask_time
from memory.sql.waking import prepare_queue
from tests.fakes.door import RealClock, make_settings
from tests.fakes.telegram import FakeTelegram
from tests.integration.test_scale import free_port

Disk = namedtuple("Disk", "total used free")


async def examined(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding async for finding in find_all(settings)}


async def test_a_database_that_is_down_is_named_with_its_place(
    telegram: FakeTelegram, tmp_path: Path
) -> None:
    port = free_port()
    url = f"postgresql+psycopg://offramp:canary@127.0.0.1:{port}/offramp"
    found = (await examined(make_settings(telegram, tmp_path, database_url=url)))["database"]
    assert not found.well
    assert f"127.0.0.1:{port}" in found.says
    assert "OFFRAMP_DATABASE_URL" in found.says
    assert "canary" not in found.says


async def test_a_database_that_refuses_is_not_called_away(
    postgres_engine: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    url = postgres_engine.url.set(database="nowhere").render_as_string(hide_password=False)
    found = (await examined(make_settings(telegram, tmp_path, database_url=url)))["database"]
    assert not found.well
    assert "refuses" in found.says
    assert "does not answer" not in found.says


async def test_a_server_that_is_no_chroma_server_is_not_called_away(
    telegram: FakeTelegram, tmp_path: Path
) -> None:
    found = (await examined(make_settings(telegram, tmp_path, chroma_url=telegram.url)))["Chroma"]
    assert not found.well
    assert "no Chroma server" in found.says


async def test_a_chroma_server_that_is_down_is_said(telegram: FakeTelegram, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    found = (await examined(make_settings(telegram, tmp_path, chroma_url=url)))["Chroma"]
    assert not found.well
    assert "words" in found.says


async def test_a_token_telegram_does_not_know_and_a_webhook_that_is_not_set(
    telegram: FakeTelegram, tmp_path: Path
) -> None:
    wrong = make_settings(telegram, tmp_path, telegram_token=f"123456789:{'B' * 35}")
    found = (await examined(wrong))["Telegram"]
    assert not found.well
    assert "@BotFather" in found.says
    unset = make_settings(telegram, tmp_path, webhook_url="https://coach.example.org/hook")
    found = (await examined(unset))["Telegram"]
    assert not found.well
    assert "OFFRAMP_WEBHOOK_URL" in found.says


async def test_a_disk_that_is_nearly_full_is_said(
    telegram: FakeTelegram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(10**9, 10**9 - 1000, 1000))
    found = (await examined(make_settings(telegram, tmp_path)))["home"]
    assert not found.well
    assert "room" in found.says


async def test_a_clock_that_is_off_is_said_with_what_sets_it() -> None:
    assert doctor.say_clock(timedelta(seconds=2)).well
    found = doctor.say_clock(timedelta(minutes=-9))
    assert not found.well
    assert "540 s behind" in found.says
    assert "timedatectl" in found.says


async def test_telegrams_clock_is_not_known_where_it_cannot_be_asked(
    telegram: FakeTelegram, tmp_path: Path
) -> None:
    away = make_settings(telegram, tmp_path, telegram_base_url=f"http://127.0.0.1:{free_port()}")
    assert await ask_time(away, RealClock()) is None


async def test_a_model_server_that_is_away_or_refuses_the_key_is_said(tmp_path: Path) -> None:
    away = SimpleNamespace(
        model="openai:small",
        model_base_url=f"http://127.0.0.1:{free_port()}/v1",
        model_api_key=SimpleNamespace(get_secret_value=lambda: "canary"),
    )
    says = await ask_key(away)  # type: ignore[arg-type]  # three settings are all it reads
    assert "OFFRAMP_MODEL_BASE_URL" in says
    assert "canary" not in says


async def test_that_no_worker_is_at_work_is_said(
    postgres_engine: AsyncEngine, telegram: FakeTelegram, tmp_path: Path
) -> None:
    await prepare_queue(postgres_engine)
    url = postgres_engine.url.render_as_string(hide_password=False)
    found = await examined(make_settings(telegram, tmp_path, database_url=url, workers=True))
    assert "offramp worker" in found["workers"].says
