"""The fake Telegram by itself, in a terminal or behind a pipe."""

import asyncio
import contextlib
import io
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, Message, Update
from telegram.error import NetworkError

from tests.fakes.telegram import FakeTelegram, Person
from tests.fakes.telegram.console import Console


async def echo(bot: Bot) -> None:
    """A bot that repeats what it is told, with two buttons, and edits when one is tapped."""
    offset = 0
    with contextlib.suppress(NetworkError):  # the fake has ended
        while True:
            for update in await bot.get_updates(offset=offset, timeout=20):
                offset = update.update_id + 1
                await _answer(bot, update)


async def _answer(bot: Bot, update: Update) -> None:
    message, query = update.effective_message, update.callback_query
    if not isinstance(message, Message):
        return
    if query:
        await query.answer("ok")
        await bot.edit_message_text(f"you tapped {query.data}", message.chat_id, message.message_id)
    elif message.document:
        await bot.send_document(message.chat_id, b"back", filename="back.txt", caption="yours")
    else:
        labels = InlineKeyboardMarkup.from_row(
            [InlineKeyboardButton(label, callback_data=label) for label in ("left", "right")]
        )
        await bot.send_message(message.chat_id, f"echo {message.text or 'that'}", reply_markup=labels)


async def lines(*said: str) -> AsyncIterator[str]:
    for line in said:
        yield line


async def play(telegram: FakeTelegram, bot: Bot, person: Person, *said: str) -> str:
    out = io.StringIO()
    async with asyncio.TaskGroup() as group:
        answering = group.create_task(echo(bot))
        await telegram.polled()
        await Console(telegram, person, out, echo=True, quiet=0.05).chat(lines(*said), patience=5)
        answering.cancel()
    return out.getvalue()


async def test_lines_are_messages_and_numbers_are_taps(telegram: FakeTelegram, bot: Bot, lin: Person) -> None:
    shown = await play(telegram, bot, lin, "hello", "2", "/tap 9", ":quit", "never said")
    assert "Lin: hello\nOfframp: echo hello\n    [1 left] [2 right]\nLin taps [right]\n" in shown
    assert re.search(r"Offramp edits #\d+: you tapped right\n", shown)
    assert "! there is no button 9" in shown
    assert "never said" not in shown


async def test_everything_else_has_a_word(
    telegram: FakeTelegram, bot: Bot, lin: Person, tmp_path: Path
) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# notes")
    shown = await play(
        telegram,
        bot,
        lin,
        ":edit too early",
        ":say 3",
        ":edit 4",
        ":reply why",
        f":file {notes}",
        ":file nowhere.md",
        ":where 31.2 121.5",
        ":help",
    )
    assert "! there is nothing to edit" in shown
    assert re.search(r"Lin edits #\d+: 4", shown)
    assert "> (reply to #" in shown
    assert "<document notes.md>" in shown
    assert telegram.base_file_url in shown
    assert "! [Errno 2] No such file" in shown
    assert "Lin: <location>" in shown
    assert ":block" in shown


@contextlib.asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.telegram", "--port", "0", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def read_settings(process: asyncio.subprocess.Process) -> tuple[str, str]:
    """The token and the address it prints for the bot."""
    assert process.stdout is not None
    async for line in process.stdout:
        found = re.search(r"TOKEN=(\S+) OFFRAMP_TELEGRAM_BASE_URL=(\S+)", line.decode())
        if found:
            return found[1], found[2]
    raise AssertionError("it ended without telling its address")


async def test_it_runs_by_itself_behind_a_pipe() -> None:
    async with started("--lang", "zh") as process:
        token, url = await read_settings(process)
        async with Bot(token, base_url=f"{url}/bot") as bot, asyncio.TaskGroup() as group:
            answering = group.create_task(echo(bot))
            out, errors = await process.communicate("你好\n再见".encode())
            answering.cancel()
    assert (process.returncode, errors) == (0, b"")
    shown = out.decode()
    assert shown.index("小林: 你好") < shown.index("Offramp: echo 你好") < shown.index("小林: 再见")
    assert "Offramp: echo 再见" in shown


async def test_ctrl_c_leaves_quietly() -> None:
    async with started() as process:
        await read_settings(process)
        process.send_signal(signal.SIGINT)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


async def test_without_a_bot_it_says_so() -> None:
    async with started("--patience", "0.1") as process:
        _, errors = await process.communicate(b"anybody?\n")
    assert process.returncode == 1
    assert "a bot listening" in errors.decode()
