"""Turns a voice message into text, where a transcriber is set: any server that speaks as OpenAI does."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openai import AsyncOpenAI

    from bot.settings import Settings

log = logging.getLogger(__name__)

DEADLINE = 60.0  # seconds in all; a dripping answer outlives every read timeout
LONGEST = 20_000  # characters, which is what one message may have: an hour of speech


class NotHeard(Exception):
    """The transcriber did not answer, or not with text."""


class Transcriber:
    """Speech to text by a server of the operator's choice.

    Args:
        model: as the server calls it.
        base_url: where ``/audio/transcriptions`` is; empty for OpenAI's own.
        key: empty where the server wants none.
        deadline: seconds for one message.
    """

    def __init__(self, model: str, *, base_url: str = "", key: str = "", deadline: float = DEADLINE) -> None:
        self._model, self._base_url, self._key, self._deadline = model, base_url, key, deadline

    async def transcribe(self, sound: bytes, *, name: str) -> str:
        """What is said in it, as the server heard it. The sound is kept nowhere here.

        Raises:
            NotHeard: there is no text, and another try would most likely not help.
        """
        from openai import OpenAIError

        try:
            async with asyncio.timeout(self._deadline):
                # its certificates take a tenth of a second to read
                async with await asyncio.to_thread(self._open) as client:
                    heard = await client.audio.transcriptions.create(model=self._model, file=(name, sound))
        except (OpenAIError, TimeoutError, ValueError) as error:
            log.warning("a voice message was not transcribed: %s", type(error).__name__)
            raise NotHeard from None
        text = getattr(heard, "text", heard)
        if not isinstance(text, str):
            raise NotHeard
        return text.strip()[:LONGEST]

    def _open(self) -> AsyncOpenAI:
        from openai import AsyncOpenAI

        return AsyncOpenAI(
            api_key=self._key or "none",  # the client insists on one
            base_url=self._base_url or None,
            timeout=self._deadline,
            max_retries=0,
        )


def open_transcriber(settings: Settings) -> Transcriber | None:
    """The transcriber that was set; None without any."""
    if not settings.transcriber:
        return None
    key = settings.transcriber_api_key.get_secret_value()
    return Transcriber(settings.transcriber, base_url=settings.transcriber_base_url, key=key)
