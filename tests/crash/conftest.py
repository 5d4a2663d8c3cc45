"""Children to be killed, ready at once."""

from __future__ import annotations

import multiprocessing
from multiprocessing.context import ForkServerContext

import pytest


@pytest.fixture(scope="session")
def children() -> ForkServerContext:
    """Children that are ready at once: what they need is imported in the one they are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.crash.deliver_child", "tests.crash.test_tick_kill"])
    return context
