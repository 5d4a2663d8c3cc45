"""At DEBUG, with every part at work, the log holds no word of a diary and no secret."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.logs import OURS, open_log
from coaching.effects import ForgetMessages, SendExport
from coaching.model import Turn
from coaching.parts import Choice, Draft, ReplyKind
from memory.recall import open_recall
from tests.fakes.door import RealClock, open_door, says
from tests.fakes.openai import Answer, FakeOpenAI
from tests.fakes.telegram import FakeTelegram, Person, malformed

CANARY = "zebraparliament"
KEY = "sk-keepthistoyourself"
NAME = re.compile(r"^\S+ \S+ [A-Z]+ (\S+)", re.MULTILINE)  # of the logger, after the moment and the level


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    open_log(tmp_path, "DEBUG")
    yield tmp_path / "offramp.log"
    for name in OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    for handler in root.handlers[:]:
        handler.close()
    root.handlers[:], root.level = before
    logging.captureWarnings(capture=False)


async def script(turn: Turn) -> Draft | None:
    if "breaks" in turn.text:
        raise ValueError(turn.text)
    match turn.command:
        case "export":
            return Draft(ReplyKind.INFO, "en", (), effects=(SendExport(),))
        case "forget":
            return Draft(ReplyKind.INFO, "en", (), effects=(ForgetMessages(all_of_it=True),))
    return says(turn, f"heard {turn.text}", choices=(Choice(f"{CANARY} yes", f"x:{CANARY}"),))


async def test_with_everything_at_work_only_our_own_loggers_speak_and_none_tells(
    telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path, ann: Person, log_file: Path
) -> None:
    recall = open_recall(sqlite_engine, tmp_path, clock=RealClock(), embedder="hash")
    await recall.start()
    await recall.ready()
    async with FakeOpenAI() as ears:
        ears.heard = f"{CANARY} in a voice"
        heard: dict[str, Any] = {
            "transcriber": "whisper-1",
            "transcriber_base_url": ears.base_url,
            "transcriber_api_key": KEY,
        }
        async with open_door(telegram, sqlite_engine, tmp_path, script, recall=recall, **heard) as door:
            said = await ann.says(f"{CANARY} in a message")
            await ann.hears("heard")
            await ann.taps(f"{CANARY} yes")
            await ann.edits(said, f"{CANARY} in an edit")
            await ann.sends_voice()
            await ann.hears("in a voice")
            ears.then(Answer(status=500, text=CANARY))
            await ann.sends_voice()
            await ann.hears("did not answer")
            await ann.sends_document(f"{CANARY}.md", f"{CANARY} in a file".encode(), caption=f"/{CANARY}")
            await ann.hears("Brought in")
            telegram.inject(malformed(), "sendMessage")
            await ann.says(f"{CANARY} breaks")
            await ann.hears("could not work with that one", within=30)
            await recall.recall(1, CANARY)
            await ann.says("/export")
            await ann.hears("It is all in this file")
            await ann.says("/forget all")
            await ann.hears("erased|Erased")
            assert door.coach.turns
    await recall.close()
    written = log_file.read_text()  # noqa: ASYNC240  # a few lines
    speakers = {name.partition(".")[0] for name in NAME.findall(written)}
    assert "bot" in speakers
    assert speakers <= {*OURS}
    for secret in (CANARY, KEY, telegram.token):
        assert secret not in written
