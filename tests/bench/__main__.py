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
        import_figures(Path(folder), home)
    print()
    subprocess.run([*PROGRAM, "bench", "reply"], check=True)


def import_figures(folder: Path, home: Path) -> None:
    """A journal of 1 MB, brought in whole, beside encoding alone."""
    journal = folder / "journal.md"
    lines: list[str] = []
    size = 0
    day = 0
    while size < 1_000_000:
        if len(lines) % 40 == 0:
            day += 1
            lines.append(f"## 2025-{day % 12 + 1:02d}-{day % 28 + 1:02d}")
        lines.append(f"第{len(lines)}条：今天又改了一版周报，可是决定不在我这里。Dana asked about it again.")
        size += len(lines[-1].encode()) + 1
    journal.write_text("\n\n".join(lines), "utf-8")
    start = time.perf_counter()
    run([*PROGRAM, "import", str(journal)], home)
    row("import of a 1 MB journal", time.perf_counter() - start, None, "")


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
