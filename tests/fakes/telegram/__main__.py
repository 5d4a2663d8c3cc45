r"""Starts the fake Telegram by itself: ``python -m tests.fakes.telegram``.

It prints how to start the bot in another terminal and is then the person's side of the chat, as long as there
are lines. From a pipe it waits for a bot, then for the answer to each line before it sends the next::

    printf '/start\nI want the promotion\n' | python -m tests.fakes.telegram --port 8081 --lang en
"""

import argparse
import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator

from tests.fakes.telegram.console import Console
from tests.fakes.telegram.server import FakeTelegram

# Started again, the ids must go on: a bot drops what it thinks it has seen.
_IDS_SINCE = 1_600_000_000
_NAMES = {"zh": "小林", "en": "Lin"}
_READ_BYTES = 1 << 16


def main() -> int:
    """Runs until the lines end or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fakes.telegram", description="A fake Telegram to chat in."
    )
    parser.add_argument("--port", type=int, default=8081, help="port on 127.0.0.1, 0 for a free one")
    parser.add_argument("--lang", choices=sorted(_NAMES), default="en", help="the language of your Telegram")
    parser.add_argument(
        "--patience",
        type=float,
        default=30.0,
        help="from a pipe: seconds to wait for a bot and for an answer",
    )
    options = parser.parse_args()
    try:
        asyncio.run(_chat(options.port, options.lang, options.patience))
    except KeyboardInterrupt:
        sys.stdout.write("\n")
    except OSError as error:
        sys.stderr.write(f"Port {options.port} cannot be used: {error.strerror}. Try --port 0.\n")
        return 1
    except AssertionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _chat(port: int, language_code: str, patience: float) -> None:
    server = FakeTelegram(ids_from=int(time.time()) - _IDS_SINCE)
    await server.start(port)
    try:
        person = server.person(_NAMES[language_code], language_code=language_code)
        sys.stdout.write(
            f"The fake Telegram listens on {server.url}. Start the bot in another terminal:\n\n"
            f"  OFFRAMP_TELEGRAM_TOKEN={server.token} OFFRAMP_TELEGRAM_BASE_URL={server.url} offramp run\n\n"
            f"You are {person.name}, user {person.id}. Type to write, a number to tap; "
            ":help tells the rest.\n\n"
        )
        sys.stdout.flush()
        is_typed = sys.stdin.isatty()
        if not is_typed:
            await server.polled(within=patience)
        console = Console(server, person, sys.stdout, echo=not is_typed)
        await console.chat(_lines_of(sys.stdin.fileno()), patience=None if is_typed else patience)
    finally:
        await server.stop()


async def _lines_of(source: int) -> AsyncIterator[str]:
    """The lines of a file descriptor, read in a thread so that Ctrl-C never waits for one."""
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        # Not sys.stdin: a daemon thread inside it keeps its lock, and the interpreter then cannot end.
        while True:
            chunk = os.read(source, _READ_BYTES)
            try:
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            except RuntimeError:
                return  # the chat is over, and so is its loop
            if not chunk:
                return

    threading.Thread(target=read, daemon=True).start()
    rest = b""
    while chunk := await chunks.get():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())
