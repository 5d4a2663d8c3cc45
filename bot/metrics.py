"""What Prometheus reads: counts and times of this process, and what waits in the database at the scrape.

No label is a person, a chat or a word: only stages, states and outcomes, of which there is a handful each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from coaching.errors import BudgetSpent, DraftRejected, ModelFailed
from memory.sql.depth import load_depth

if TYPE_CHECKING:
    from coaching.model import Safety, Scene, Turn
    from coaching.parts import Draft
    from coaching.reading import Reading
    from coaching.responders.fallback import FallbackResponder, Model, P, T, Tokens
    from coaching.responders.task import Task
    from memory.sql.journal import Journal

REGISTRY = CollectorRegistry()

UPDATES = Counter(
    "offramp_updates",
    "Updates that were stored, by whether somebody answers them.",
    ["taken"],
    registry=REGISTRY,
)
STAGE = Histogram(
    "offramp_stage_seconds",
    "How long a stage takes: wait (stored until thought about), think, write, send (one call of Telegram).",
    ["stage"],
    registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120),
)
SENT = Counter(
    "offramp_sends",
    "Calls that send, by what became of them: arrived, flood, down, …",
    ["outcome"],
    registry=REGISTRY,
)
CALLS = Counter(
    "offramp_model_calls", "Calls of the language model, by outcome.", ["outcome"], registry=REGISTRY
)
INBOX = Gauge(
    "offramp_inbox", "Updates by state: new wait, dead were set aside.", ["state"], registry=REGISTRY
)
INBOX_AGE = Gauge(
    "offramp_inbox_age_seconds", "How long the longest waiting update has waited.", registry=REGISTRY
)
OUTBOX = Gauge(
    "offramp_outbox", "Messages to be sent, by state and class.", ["state", "class"], registry=REGISTRY
)
OUTBOX_AGE = Gauge("offramp_outbox_age_seconds", "How long the longest due reply is due.", registry=REGISTRY)
NUDGES = Gauge("offramp_nudges", "Nudges of the last day, by state.", ["state"], registry=REGISTRY)
LAG = Gauge("offramp_index_lag", "Changes that the recall index has not taken in.", registry=REGISTRY)
TOKENS = Gauge(
    "offramp_tokens_today", "Tokens of the language model used on this UTC day.", registry=REGISTRY
)
BREAKER = Gauge("offramp_breaker_open", "1 while the language model is left alone.", registry=REGISTRY)
DATABASE = Gauge("offramp_database_up", "1 when the database answered this scrape.", registry=REGISTRY)


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Counts how long the block takes, whatever becomes of it."""
    began = time.perf_counter()
    try:
        yield
    finally:
        STAGE.labels(stage).observe(time.perf_counter() - began)


class CountedModel:
    """A language model whose calls are counted. Implements ``coaching.responders.fallback.Model``."""

    def __init__(self, model: Model) -> None:
        self._model = model

    @property
    def spent(self) -> Tokens:
        """See ``ChainResponder``."""
        return self._model.spent

    async def draft(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """See ``ChainResponder``."""
        with _counted():
            return await self._model.draft(turn, scene, reading)

    async def reflect(self, turn: Turn, scene: Scene, reading: Reading) -> Draft:
        """See ``ChainResponder``."""
        with _counted():
            return await self._model.reflect(turn, scene, reading)

    async def do(self, task: Task[P, T], turn: Turn) -> T:
        """See ``ChainResponder``."""
        with _counted():
            return await self._model.do(task, turn)

    async def listen(self, turn: Turn, scene: Scene) -> Safety:
        """See ``ChainResponder``."""
        with _counted():
            return await self._model.listen(turn, scene)


@contextmanager
def _counted() -> Iterator[None]:
    outcome = "answered"
    try:
        with timed("model"):
            yield
    except DraftRejected:
        outcome = "rejected"
        raise
    except BudgetSpent:
        outcome = "no tokens"
        raise
    except ModelFailed:
        outcome = "failed"
        raise
    except asyncio.CancelledError:  # the deadline, or somebody who wrote on
        outcome = "cut off"
        raise
    finally:
        CALLS.labels(outcome).inc()


class Metrics:
    """Reads the database and writes the page.

    Args:
        journal: Whose inbox and outbox.
        responder: The language model with its breaker, where there is one.
    """

    def __init__(self, journal: Journal, responder: FallbackResponder | None = None) -> None:
        self._journal = journal
        self._responder = responder

    async def render(self) -> bytes:
        """The page in Prometheus' text format; while the database is away, with what this process knows."""
        BREAKER.set(self._responder is not None and self._responder.is_resting)
        try:
            depth = await load_depth(self._journal)
        except (SQLAlchemyError, OSError):
            DATABASE.set(0)
            return generate_latest(REGISTRY)
        DATABASE.set(1)
        for gauge in (INBOX, OUTBOX, NUDGES):
            gauge.clear()
        for state, number in depth.inbox.items():
            INBOX.labels(state).set(number)
        for (state, class_), number in depth.outbox.items():
            OUTBOX.labels(state, class_).set(number)
        for state, number in depth.nudges.items():
            NUDGES.labels(state).set(number)
        INBOX_AGE.set(depth.inbox_age)
        OUTBOX_AGE.set(depth.outbox_age)
        LAG.set(depth.index_lag)
        TOKENS.set(depth.tokens_today)
        return generate_latest(REGISTRY)
