"""The embedding models in use: the one that is wanted, and the one before it while that still answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from memory.recall.asking import measure_reading
from memory.recall.embedder import Loaded, Model, load_again, load_model
from memory.recall.encoding import INDEX, EncodeQueue, QueueClosed
from memory.recall.kept import KeptVectors

_T = TypeVar("_T")


class Models:
    """Loads models and encodes with them.

    Attributes:
        wanted: the model of the settings; None while it loads.
        former: the model whose index still answers, while everything is encoded with the wanted one.
        complaint: one sentence where the settings' model is not the one that serves, otherwise empty.
        closing: set when nothing slow may begin any more.
    """

    def __init__(self, setting: str | Model, device: str, lessons: Path) -> None:
        self._setting = setting
        self._device = device
        self._lessons = lessons
        self._kept: KeptVectors | None = None
        self.wanted: EncodeQueue | None = None
        self.former: EncodeQueue | None = None
        self.complaint = ""
        self.closing = threading.Event()

    @property
    def answering(self) -> EncodeQueue | None:
        """The model whose vectors answer."""
        return self.former or self.wanted

    @property
    def setting(self) -> str:
        """How the wanted model can be loaded again; empty where it cannot."""
        return self._setting if isinstance(self._setting, str) and not self.complaint else ""

    # --- coming and going ---------------------------------------------------------------------------------

    async def load(self) -> None:
        """Loads the model of the settings, or the packaged one where that cannot be.

        Raises:
            LoadingStopped: it is being closed.
            EmbedderMissing: not even the packaged one can be loaded.
        """
        setting, going_on = self._setting, self._going_on
        loaded = await _apart(
            lambda: (
                load_model(setting, device=self._device, going_on=going_on)
                if isinstance(setting, str)
                else Loaded(setting)
            )
        )
        self.complaint = loaded.complaint
        self.wanted = EncodeQueue(loaded.model)

    async def load_former(self, name: str, setting: str) -> None:
        """Loads the model that was wanted before, where it is still on this machine.

        Raises:
            LoadingStopped: it is being closed.
        """
        model = await _apart(lambda: load_again(setting, name, going_on=self._going_on))
        if model is not None:
            self.former = EncodeQueue(model)

    async def let_former_go(self) -> None:
        """Everything is encoded with the wanted model, which answers from now on."""
        former, self.former = self.former, None
        if former is not None:
            await asyncio.to_thread(former.close)

    async def close(self) -> None:
        """Finishes what was accepted."""
        queues, self.former, self.wanted = (self.former, self.wanted), None, None
        for queue in queues:
            if queue is not None:
                await asyncio.to_thread(queue.close)

    def _going_on(self) -> bool:
        return not self.closing.is_set()

    # --- for the readers of the coach ---------------------------------------------------------------------

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        """Unit vectors of questions by the wanted model; None while it loads. Blocking: off the loop."""
        queue = self.wanted
        return queue.submit(texts, query=True).result() if queue is not None and texts else None

    def encode_lessons(self, texts: list[str]) -> NDArray[np.float32] | None:
        """Unit vectors of texts that come with the program, behind all other work. Blocking: off the loop."""
        queue = self.wanted
        if queue is None or not texts:
            return None
        if self._kept is None:
            self._kept = KeptVectors(self._lessons, queue.model.name, self._encode_behind)
        return self._kept.encode(texts)

    def _encode_behind(self, texts: Sequence[str]) -> NDArray[np.float32] | None:
        queue = self.wanted
        if queue is None or self.closing.is_set():
            return None
        coming = queue.submit(texts, query=True, rank=INDEX)
        while not self.closing.is_set():
            try:
                return coming.result(timeout=1.0)
            except TimeoutError:
                continue
            except QueueClosed:
                break
        return None

    @property
    def reads_han(self) -> bool:
        """Whether the wanted model understands Chinese; False while it loads."""
        return self.wanted is not None and measure_reading(self.wanted.model, "这件事由我来决定") > 0.5


def _apart(work: Callable[[], _T]) -> asyncio.Future[_T]:
    """Works in a daemon thread: a terminal that is closed at once does not wait for torch."""
    coming: Future[_T] = Future()

    def run() -> None:
        try:
            made = work()
        except BaseException as error:  # noqa: BLE001  # whoever waits for it gets it
            coming.set_exception(error)
        else:
            coming.set_result(made)

    threading.Thread(target=run, name="offramp-load", daemon=True).start()
    return asyncio.wrap_future(coming)
