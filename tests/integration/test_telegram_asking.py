"""What ``doctor`` says of Telegram, asked of a fake one."""

from __future__ import annotations

from pathlib import Path

import pytest
from telegram import Bot

from bot.telegram.asking import ask_telegram
from tests.fakes.door import make_settings
from tests.fakes.telegram import FakeTelegram

ELSEWHERE = "http://127.0.0.1:9/hook"


async def test_a_good_token_is_named_with_how_updates_come(telegram: FakeTelegram, tmp_path: Path) -> None:
    await telegram.person("Ann").says("waits")
    answer = await ask_telegram(make_settings(telegram, tmp_path))
    assert answer.well
    assert answer.says == "@offramp_coach_bot; long polling, 1 undelivered"


async def test_a_wrong_token_says_who_has_the_right_one(telegram: FakeTelegram, tmp_path: Path) -> None:
    wrong = f"123456789:{'B' * 35}"
    answer = await ask_telegram(make_settings(telegram, tmp_path, telegram_token=wrong))
    assert not answer.well
    assert "BotFather" in answer.says
    assert "BBB" not in answer.says


async def test_nobody_there_is_said_to_be_the_network(telegram: FakeTelegram, tmp_path: Path) -> None:
    async with telegram.outage():
        answer = await ask_telegram(make_settings(telegram, tmp_path))
    assert not answer.well
    assert "network" in answer.says


@pytest.mark.parametrize(
    ("registered", "wanted", "well", "says"),
    [
        (ELSEWHERE, "", True, "takes it away and polls"),
        ("", ELSEWHERE, False, "not registered"),
        (ELSEWHERE, ELSEWHERE, True, "webhook, 0 undelivered"),
    ],
)
async def test_the_webhook_is_compared_with_the_setting(
    telegram: FakeTelegram, tmp_path: Path, *, registered: str, wanted: str, well: bool, says: str
) -> None:
    async with Bot(telegram.token, base_url=telegram.base_url) as bot:
        await bot.set_webhook(registered, secret_token="secret")
    answer = await ask_telegram(make_settings(telegram, tmp_path, webhook_url=wanted))
    assert answer.well is well
    assert says in answer.says
