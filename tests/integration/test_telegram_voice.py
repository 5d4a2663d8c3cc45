"""Voice messages: heard by a transcriber and answered like typed words, or answered honestly."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.transcribing import NotHeard, Transcriber
from coaching.model import Channel
from memory.sql.tables import MessageRow
from tests.fakes.door import Door, open_door
from tests.fakes.openai import Answer, FakeOpenAI
from tests.fakes.telegram import FakeTelegram, Person

Open = Callable[..., AbstractAsyncContextManager[Door]]
CANARY = "zebra-parliament"


@pytest.fixture
async def ears() -> AsyncIterator[FakeOpenAI]:
    async with FakeOpenAI() as server:
        yield server


@pytest.fixture
def opened(telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path, ears: FakeOpenAI) -> Open:
    def with_ears(**more: object) -> AbstractAsyncContextManager[Door]:
        settings = {
            "transcriber": "whisper-1",
            "transcriber_base_url": ears.base_url,
            "transcriber_api_key": "sk-canarycanarycanary",
        }
        return open_door(telegram, sqlite_engine, tmp_path, **{**settings, **more})  # type: ignore[arg-type]  # open_door's own

    return with_ears


async def stored(door: Door) -> list[MessageRow]:
    async with door.journal.read() as db:
        return list(await db.scalars(select(MessageRow).where(MessageRow.role == "user")))


@pytest.mark.parametrize(
    ("language", "heard"), [("zh", "今天又改了一版周报"), ("en", "I rewrote the weekly report once more")]
)
async def test_a_voice_message_is_answered_like_typed_words(
    opened: Open, telegram: FakeTelegram, ears: FakeOpenAI, language: str, heard: str
) -> None:
    ears.heard = heard
    person = telegram.person("Kim", language_code=language)
    async with opened() as door:
        sent = await person.sends_voice(b"OggS" + b"x" * 96)
        await person.hears(f"heard {heard}")
        (row,) = await stored(door)
        assert (row.text, row.language, row.channel) == (heard, language, Channel.VOICE)
        assert row.external_id == sent.id
        (turn,) = door.coach.turns
        assert turn.channel is Channel.VOICE
    (asked,) = ears.asked
    assert asked.body["model"] == "whisper-1"
    assert asked.body["file"]["bytes"] == 100


async def test_what_is_written_under_a_voice_message_belongs_to_it(opened: Open, ann: Person) -> None:
    file = {"file_id": "", "file_unique_id": "", "duration": 3}
    async with opened() as door:
        await ann.sends_voice()
        await ann.hears("heard 今天")
        file = ann.messages[0].content["voice"]
        await ann.sends(voice=file, caption="/reflect")
        await ann.hears("heard /reflect 今天又改了一版周报")
        assert len(door.coach.turns) == 2


async def test_without_a_transcriber_it_says_so_and_stores_nothing(opened: Open, ann: Person) -> None:
    async with opened(transcriber="") as door:
        await ann.sends_voice()
        await ann.hears("no transcription")
        assert await stored(door) == []


@pytest.mark.parametrize(
    "answer", [Answer(status=500), Answer(status=401), Answer(status=429, retry_after=9), Answer(cut=True)]
)
async def test_a_transcriber_that_fails_gets_an_honest_sentence(
    opened: Open, ann: Person, ears: FakeOpenAI, answer: Answer
) -> None:
    ears.then(answer)
    async with opened() as door:
        await ann.sends_voice()
        await ann.hears("did not answer, and nothing was stored")
        assert await stored(door) == []
        assert door.coach.turns == []


async def test_a_transcriber_that_is_away_gets_an_honest_sentence(
    opened: Open, lin: Person, ears: FakeOpenAI
) -> None:
    await ears.stop()
    async with opened():
        await lin.sends_voice()
        await lin.hears("转写那边没有回应")


async def test_a_transcriber_is_not_waited_for_longer_than_its_time(ears: FakeOpenAI) -> None:
    ears.then(Answer(hang=3600))
    quick = Transcriber("whisper-1", base_url=ears.base_url, deadline=0.05)
    with pytest.raises(NotHeard):
        await quick.transcribe(b"OggS", name="voice.ogg")


async def test_silence_and_speeches_are_not_coached(opened: Open, ann: Person, ears: FakeOpenAI) -> None:
    ears.heard = " \x00\n"
    async with opened() as door:
        await ann.sends_voice()
        await ann.hears("heard no words")
        await ann.sends_voice(seconds=16 * 60)
        await ann.hears("longer than 15 minutes")
        await ann.sends_voice(size=21 * 2**20)
        await ann.hears("longer than 15 minutes")
        assert len(ears.asked) == 1
        assert await stored(door) == []


async def test_no_word_that_was_spoken_and_no_key_stands_in_the_log(
    opened: Open, ann: Person, ears: FakeOpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "bot")
    ears.heard = f"I said {CANARY}"
    ears.then(Answer(text=f"I said {CANARY}"), Answer(status=500, text=CANARY))
    async with opened():
        await ann.sends_voice()
        await ann.hears(CANARY)
        await ann.sends_voice()
        await ann.hears("did not answer")
    assert "not transcribed" in caplog.text
    assert CANARY not in caplog.text
    assert "sk-canary" not in caplog.text
