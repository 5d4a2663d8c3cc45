"""What loads behind the door: whoever stands in front of it is answered, whatever becomes of it."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from bot.warming import Warming
from coaching.lenses import LensReader
from coaching.safety import SafetyCheck
from memory.recall import RecallIndex

CANARY = "a word of a diary"


class FailingRecall:
    """An index that comes to nothing, and says why with words it has read."""

    closed = False

    async def start(self) -> None:
        raise RuntimeError(CANARY)

    async def close(self) -> None:
        self.closed = True


async def test_what_cannot_be_loaded_ends_no_conversation(caplog: pytest.LogCaptureFixture) -> None:
    recall = FailingRecall()
    async with asyncio.TaskGroup() as behind:
        warming = Warming(behind, cast("RecallIndex", recall), LensReader(), SafetyCheck(), sense=True)
        warming.begin()
        await warming.done()
        answered = True
        await warming.end()
    assert answered
    assert recall.closed
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text
