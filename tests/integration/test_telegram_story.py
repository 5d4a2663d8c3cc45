"""A new person's evening in Telegram with the real coach, by polling and by webhook, as in the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from coaching.model import Language
from tests.fakes.story import BLOCK, README, show, tell

pytestmark = pytest.mark.timeout(180)  # the classifiers learn first


@pytest.mark.parametrize("by_webhook", [False, True])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_readmes_conversation_is_what_the_bot_says(
    tmp_path: Path, language: Language, *, by_webhook: bool
) -> None:
    written = {found[1]: found[2] for found in BLOCK.finditer(README.read_text("utf-8"))}
    told = await tell(language, tmp_path, by_webhook=by_webhook)
    assert show(told) == written[language], "python -m tests.fakes.story writes it anew"
