"""Starts the fake model by itself: ``python -m tests.fakes.openai``; it answers plainly and honestly."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.fakes.openai.honest import answer_honestly
from tests.fakes.openai.server import FakeOpenAI


def main() -> int:
    """Runs until Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.openai", description="A fake language model."
    )
    parser.add_argument("--port", type=int, default=8082, help="port on 127.0.0.1, 0 for a free one")
    port: int = parser.parse_args().port
    try:
        asyncio.run(_serve(port))
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    except OSError as error:
        sys.stderr.write(f"Port {port} cannot be used: {error.strerror}. Try --port 0.\n")
        return 1
    return 0


async def _serve(port: int) -> None:
    model = FakeOpenAI(answer_honestly)
    await model.start(port)
    sys.stdout.write(
        f"The fake model listens on {model.base_url}. Talk to it in another terminal:\n\n"
        f"  OFFRAMP_MODEL=openai:fake OFFRAMP_MODEL_BASE_URL={model.base_url} offramp chat\n\n"
    )
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        await model.stop()


if __name__ == "__main__":
    sys.exit(main())
