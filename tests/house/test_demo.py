"""The demo: its script, and that the README shows what the program really says."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bot.commands.demo import load_story
from tests.bench.readme import README, find_block, render_demo

if TYPE_CHECKING:
    from coaching.model import Language


def test_the_story_is_one_fortnight_and_the_same_in_both_languages() -> None:
    zh, en = load_story("zh"), load_story("en")
    assert [(f"{s.at:%m-%d %H:%M}", s.evening) for s in zh] == [
        (f"{s.at:%m-%d %H:%M}", s.evening) for s in en
    ]
    assert all(one.at < other.at for one, other in pairwise(zh))
    assert timedelta(days=13) < zh[-1].at - zh[0].at <= timedelta(days=14)
    assert all(bool(step.say) != step.evening for step in zh)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_readme_shows_what_the_demo_says(language: Language) -> None:
    shown = find_block(README.read_text("utf-8"), language).group(0)
    assert shown == await render_demo(language), "write it anew: python -m tests.bench.readme"
