"""``make bench``: the figures of the house beside their floors; nothing is asserted, machines are noisy."""

from __future__ import annotations

import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import importing

PROGRAM = [sys.executable, "-m", "bot"]
RUNS = 5


def main() -> None:
    """Prints every figure."""
    print(f"{'what':42} {'median':>9} {'floor':>9}   the floor is")
    floor = median(lambda: run([sys.executable, "-c", "import click"]))
    row("offramp --help", median(lambda: run([*PROGRAM, "--help"])), floor, "Python importing click")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        first_prompt(home)  # the first start makes the home
        floor = median(lambda: run([sys.executable, "-c", "import sqlalchemy.ext.asyncio, prompt_toolkit"]))
        row(
            "first prompt, second start", median(lambda: first_prompt(home)), floor, "importing the libraries"
        )
    importing.main()
    print()
    subprocess.run([*PROGRAM, "bench", "reply"], check=True)


def run(command: list[str], home: Path | None = None) -> None:
    """Runs a command to its end."""
    subprocess.run(command, check=True, capture_output=True, env=environment(home))


def environment(home: Path | None) -> dict[str, str]:
    """The machine's, with a home of the bench's own."""
    return {**os.environ, "OFFRAMP_HOME": str(home)} if home else dict(os.environ)  # noqa: TID251  # for a child


def first_prompt(home: Path) -> None:
    """Starts the chat in a terminal and waits for its prompt."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "run"], stdin=child, stdout=child, stderr=child, env=environment(home), close_fds=True
    )
    os.close(child)
    seen = b""
    try:
        while "›".encode() not in seen:
            ready, _, _ = select.select([parent], [], [], 60)
            if not ready:
                raise TimeoutError("no prompt within a minute")
            seen += os.read(parent, 4096)
    finally:
        process.kill()
        process.wait()
        os.close(parent)


def median(body: object) -> float:
    """Seconds, the median of some runs."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        body()  # type: ignore[operator]  # a thunk
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def row(what: str, seconds: float, floor: float | None, of: str) -> None:
    """One line."""
    beside = f"{floor:8.2f}s" if floor is not None else f"{'':9}"
    print(f"{what:42} {seconds:8.2f}s {beside}   {of}", flush=True)


main()
