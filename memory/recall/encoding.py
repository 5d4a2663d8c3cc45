"""One thread that encodes: short texts of several callers go in one batch, questions before the index."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from memory.errors import StorageError
from memory.recall.embedder import Model

_MOST = 32  # texts in one batch: beyond it MiniLM gains nothing on a CPU

ANSWER, INDEX = 0, 1  # who waits: a person, or the index


@dataclass(order=True)
class _Job:
    rank: int
    number: int
    texts: Sequence[str] = field(compare=False)
    query: bool = field(compare=False)
    done: Future[NDArray[np.float32]] = field(compare=False)


_LAST = 9  # sorts behind every job, so that what was accepted is still done


class QueueClosed(StorageError):
    """The model has been let go: nothing more is encoded with it."""


class EncodeQueue:
    """Hands texts to a model, one batch at a time."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._open = True
        self._gate = threading.Lock()  # nothing gets in behind the last job, where nobody would do it
        self._thread = threading.Thread(target=self._run, name="offramp-encode", daemon=True)
        self._thread.start()

    def submit(self, texts: Sequence[str], *, query: bool, rank: int = ANSWER) -> Future[NDArray[np.float32]]:
        """The vectors of ``texts``, when their turn has come; ``QueueClosed`` in them after ``close``."""
        done: Future[NDArray[np.float32]] = Future()
        with self._gate:
            if self._open:
                self._jobs.put(_Job(rank, next(self._numbers), texts, query, done))
            else:
                done.set_exception(QueueClosed("the model has been let go"))
        return done

    def close(self) -> None:
        """Finishes what was accepted and ends."""
        with self._gate:
            self._open = False
            self._jobs.put(_Job(_LAST, next(self._numbers), (), False, Future()))
        self._thread.join()

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            if job.rank == _LAST:
                return
            batch = [job, *self._companions(job)]
            try:
                made = self.model.encode([text for each in batch for text in each.texts], query=job.query)
            except Exception as error:  # noqa: BLE001  # the thread must survive; the callers get the error
                for each in batch:
                    each.done.set_exception(error)
                continue
            start = 0
            for each in batch:
                each.done.set_result(made[start : start + len(each.texts)])
                start += len(each.texts)

    def _companions(self, job: _Job) -> list[_Job]:
        """What waits already, is of the same kind, and still fits."""
        found: list[_Job] = []
        room = _MOST - len(job.texts)
        while room > 0:
            try:
                other = self._jobs.get_nowait()
            except queue.Empty:
                break
            if other.rank != job.rank or other.query != job.query or len(other.texts) > room:
                self._jobs.put(other)
                break
            found.append(other)
            room -= len(other.texts)
        return found
