"""Taking updates in: stored before they are confirmed, whoever sends them and whatever they are made of."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from telegram import Bot

from bot.cli import main
from bot.health import Health
from bot.logs import OURS, open_log
from bot.settings import Settings, WrongSettings, load_settings
from bot.telegram import app
from bot.telegram.connecting import open_bot
from bot.telegram.intake import Intake, Poller
from bot.telegram.pairing import Gate
from bot.webhook import MOST_BYTES, SECRET_HEADER, Secrets, build_webhook_app
from coaching.model import Turn
from coaching.parts import Draft
from memory.sql.doors import find_door
from memory.sql.inbox import count_inbox
from memory.sql.journal import Journal
from memory.sql.tables import InboxRow
from tests.fakes.door import Door, RealClock, make_settings, open_door
from tests.fakes.telegram import FakeTelegram, Person, conflicting, drop_before, server_error

Open = Callable[..., AbstractAsyncContextManager[Door]]


@pytest.fixture
def opened(telegram: FakeTelegram, sqlite_engine: AsyncEngine, tmp_path: Path) -> Open:
    def with_these(*args: object, **more: object) -> AbstractAsyncContextManager[Door]:
        return open_door(telegram, sqlite_engine, tmp_path, *args, **more)  # type: ignore[arg-type]  # open_door's own

    return with_these


async def rows(journal: Journal) -> list[InboxRow]:
    async with journal.read() as db:
        return list(await db.scalars(select(InboxRow).order_by(InboxRow.seq)))


# --- confirmed only when stored -----------------------------------------------------------------------------


class Failing(Intake):
    """A database that is away for the first few batches."""

    failures = 3

    async def take(self, updates: Sequence[object]) -> int | None:
        if updates and self.failures:
            self.failures -= 1
            raise OperationalError("insert", None, Exception("disk full"))
        return await super().take(updates)


@pytest.fixture
async def bot(telegram: FakeTelegram, tmp_path: Path) -> AsyncIterator[Bot]:
    async with open_bot(make_settings(telegram, tmp_path)) as real_bot:
        await real_bot.initialize()
        yield real_bot


async def test_what_could_not_be_stored_is_not_confirmed(
    telegram: FakeTelegram, bot: Bot, sqlite_engine: AsyncEngine, lin: Person
) -> None:
    journal = Journal(sqlite_engine, RealClock())
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    intake = Failing(journal, bot.id, Gate(None), lambda _: None)
    poller = Poller(bot, intake, Health(journal, RealClock()), pause=pause, seconds=1)
    await lin.says("one")
    await lin.says("two")
    async with asyncio.TaskGroup() as group:
        polling = group.create_task(poller.run())
        await telegram.all_confirmed()
        polling.cancel()
    assert len(pauses) == 3
    assert pauses == sorted(pauses)
    offsets = [call.params.number("offset") for call in telegram.calls_of("getUpdates")]
    assert offsets[:4] == [0] * 4  # none: the first poll, and again after each failure
    assert [row.state for row in await rows(journal)] == ["new", "new"]
    assert offsets[4] == (await rows(journal))[-1].update_id + 1


async def test_a_bad_network_and_a_second_poller_are_waited_out(
    opened: Open, telegram: FakeTelegram, lin: Person
) -> None:
    async with opened():
        for fault in (conflicting(), server_error(502), drop_before()):
            telegram.inject(fault, "getUpdates")
            await lin.says(f"after {fault.name}")
            await lin.hears(f"heard after {re.escape(fault.name)}", within=10)


async def test_duplicates_and_disorder_and_jumping_numbers_are_taken_in_order_of_arrival(
    opened: Open, telegram: FakeTelegram, lin: Person
) -> None:
    async with opened() as door:
        telegram.updates.duplicate_next(2)
        await lin.says("one")
        await lin.hears("heard one")
        telegram.updates.redeliver(1)
        telegram.updates.reverse_next(2)
        await lin.says("second written")
        await lin.says("third written")
        await lin.hears("heard third written\nsecond written")
        await telegram.all_confirmed()
        telegram.updates.jump(5)
        await lin.says("small number")
        await lin.hears("heard small number")
        await telegram.all_confirmed()
        await lin.hears_nothing()
        assert [turn.text for turn in door.coach.turns] == [
            "one",
            "third written\nsecond written",
            "small number",
        ]


async def test_after_a_restart_what_waited_is_answered_once(
    opened: Open, lin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "THINKING_GRACE", 0.1)
    gate = asyncio.Event()

    async def never(_: object) -> None:
        await gate.wait()

    async with opened(never):
        await lin.says("first")
        await asyncio.sleep(0.4)
    async with opened():
        await lin.hears("heard first")
        await lin.hears_nothing()


# --- malformed ----------------------------------------------------------------------------------------------


async def test_what_makes_no_sense_does_not_block_what_follows(
    opened: Open, telegram: FakeTelegram, lin: Person
) -> None:
    who = {"id": lin.id, "is_bot": False, "first_name": "Lin", "language_code": "en"}
    chat = {"id": lin.id, "type": "private"}
    shapes: list[dict[str, object]] = [
        {"message": {"message_id": "first", "chat": chat, "from": who, "date": [], "text": {"a": 1}}},
        {"message": {"chat": chat, "from": who}},
        {"message": {"message_id": 1, "chat": chat, "from": who, "date": 10**30, "text": "x"}},
        {"message": {"message_id": 1, "chat": chat, "from": who, "date": 1, "location": {"latitude": "up"}}},
        {"callback_query": {"id": 5, "from": who, "message": {"chat": chat}}},
        {"message": [1, 2]},
        {"message": {"chat": {"id": True}, "from": {"id": 2**70}}},
        {},
    ]
    async with opened() as door:
        for shape in shapes:
            telegram.updates.push_raw(shape)
        telegram.updates.push_raw(
            {
                "message": {
                    "message_id": 9,
                    "chat": chat,
                    "from": who,
                    "date": 1,
                    "text": "half \ud83d and \x00 zero",
                }
            }
        )
        await lin.hears("heard half  and  zero", within=10)
        for _ in range(5):
            await lin.hears("没能读出来|could not be read")
        assert (await count_inbox(door.journal))["dead"] == 5


# --- who gets in --------------------------------------------------------------------------------------------


async def test_who_is_not_allowed_leaves_no_word_by_message_edit_or_tap(
    opened: Open, telegram: FakeTelegram, lin: Person, ann: Person, tmp_path: Path
) -> None:
    async with opened(allowed_users=str(lin.id)) as door:
        said = await ann.says("canary-word-one")
        await ann.edits(said, "canary-word-two")
        await ann.sends_document("canary-word-three.md", b"canary")
        await lin.says("hello")
        await lin.hears("heard hello")
        assert [row.raw for row in await rows(door.journal) if row.sender_id == ann.id] == [None] * 3
        assert await door.journal.find_user_id("telegram", str(ann.id)) is None
        assert ann.bot_messages == ()
    assert find_files_with(tmp_path, b"canary") == []


def find_files_with(folder: Path, words: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]


async def test_only_who_follows_the_pairing_link_first_gets_in(
    opened: Open, lin: Person, ann: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    async with opened(allowed_users="") as door:
        match = re.search(r"https://t\.me/offramp_coach_bot\?start=(\w+)", capsys.readouterr().out)
        assert match is not None
        await ann.says("let me in")
        await ann.says("/start WRONGWRONGWRONGWRONGWRONGWRONGWR")
        await lin.says(f"/start {match[1]}")
        await lin.hears("现在")
        await ann.says(f"/start {match[1]}")
        await lin.says("进来了")
        await lin.hears("heard 进来了")
        assert ann.bot_messages == ()
        assert [row.raw for row in await rows(door.journal) if row.sender_id == ann.id] == [None] * 3
    async with opened(allowed_users=""):
        assert "start=" not in capsys.readouterr().out  # somebody is in
        await lin.says("again")
        await lin.hears("heard again")


async def test_a_backlog_has_an_end_and_says_so_once(
    telegram: FakeTelegram, bot: Bot, sqlite_engine: AsyncEngine, lin: Person
) -> None:
    journal = Journal(sqlite_engine, RealClock())
    intake = Intake(journal, bot.id, Gate(None), lambda _: None, backlog=3)
    who = {"id": lin.id, "is_bot": False, "first_name": "Lin"}
    message = {
        "chat": {"id": lin.id, "type": "private"},
        "from": who,
        "date": 1,
        "message_id": 1,
        "text": "x",
    }
    assert await intake.take([{"update_id": n, "message": message} for n in range(1, 7)]) == 7
    assert [row.state for row in await rows(journal)] == ["new"] * 3 + ["done"] * 3
    async with journal.read() as db:
        from memory.sql.tables import OutboxRow

        assert len(list(await db.scalars(select(OutboxRow)))) == 1


async def test_who_blocks_the_bot_is_not_written_to_until_they_write(
    opened: Open, telegram: FakeTelegram, lin: Person
) -> None:
    async with opened() as door:
        await lin.says("one")
        await lin.hears("heard one")
        await lin.blocks_bot()
        await telegram.all_confirmed()
        await lin.unblocks_bot()
        await lin.says("two")
        await lin.hears("heard two")
        assert all(row.raw is None for row in await rows(door.journal))


# --- webhook ------------------------------------------------------------------------------------------------


def free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_by_webhook_everything_is_the_same(opened: Open, telegram: FakeTelegram, lin: Person) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    async with opened(webhook_url=url, webhook_listen=f"127.0.0.1:{port}") as door:
        for number in range(3):
            await lin.says(f"第{number}句")
        await lin.hears("heard 第0句\n第1句\n第2句")
        assert len(lin.bot_messages) == 1
        async with httpx.AsyncClient(trust_env=False) as client:
            health = await client.get(f"http://127.0.0.1:{port}/health")
        assert health.status_code == 200
        assert health.json()["waiting"] == 0
        assert await find_door(door.journal, int(telegram.token.partition(":")[0])) is not None


async def first() -> tuple[int, ...]:
    return (0,)


async def test_the_webhook_wants_its_secret_and_bounds_the_body(sqlite_engine: AsyncEngine) -> None:
    journal = Journal(sqlite_engine, RealClock())
    intake = Intake(journal, 1, Gate(None), lambda _: None)
    health, secrets = Health(journal, RealClock(), polls=False), Secrets("s3cret", first)
    app = build_webhook_app(health, intake, path="/hook", secrets=secrets)
    transport = httpx.ASGITransport(app=app)
    who = {"id": 5, "is_bot": False, "first_name": "Lin"}
    message = {"chat": {"id": 5}, "from": who, "date": 1, "message_id": 1, "text": "x"}
    good = json.dumps({"update_id": 7, "message": message}).encode()
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:

        async def post(body: bytes, secret: str | None = "s3cret") -> int:  # noqa: S107  # a canary
            headers = {SECRET_HEADER: secret} if secret is not None else {}
            return (await client.post("/hook", content=body, headers=headers)).status_code

        assert await post(good, None) == 403
        assert await post(good, "s3cre") == 403
        assert await post(b"x" * (MOST_BYTES + 1)) == 413
        assert await post(b"{") == 400
        assert await rows(journal) == []
        assert [await post(good), await post(good)] == [200, 200]
        assert await post(b"[1]") == 200
        assert len(await rows(journal)) == 1


# --- settings and log ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("telegram_token", "secret-token"),
        ("allowed_users", "lin"),
        ("webhook_secret", "ä"),
        ("webhook_listen", "8080"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named_and_not_repeated(name: str, value: str) -> None:
    with pytest.raises(WrongSettings) as caught:
        load_settings(**{name: value})
    assert f"OFFRAMP_{name.upper()}" in str(caught.value)
    assert value not in str(caught.value).replace("127.0.0.1:8080", "")


async def test_told_to_stop_it_puts_everything_away_in_time(opened: Open, lin: Person) -> None:
    async def for_ever(_: Turn) -> Draft | None:
        await asyncio.Event().wait()
        return None

    loop = asyncio.get_running_loop()
    async with opened(for_ever) as door:
        await lin.says("still thinking")
        await asyncio.sleep(0.5)
        began = loop.time()
    assert loop.time() - began < 5
    assert await count_inbox(door.journal) == {"new": 1}


def test_without_a_token_telegram_cannot_be_insisted_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OFFRAMP_TELEGRAM_TOKEN", raising=False)
    result = CliRunner().invoke(main, ["run", "--telegram"])
    assert result.exit_code == 2
    assert "OFFRAMP_TELEGRAM_TOKEN" in result.output


def test_allowed_users_are_ids_or_everyone() -> None:
    assert Settings(allowed_users="*").allowed is None
    assert Settings(allowed_users="5, 6").allowed == frozenset({5, 6})
    assert Settings(allowed_users="").allowed == frozenset()


async def test_neither_the_token_nor_a_word_reaches_the_log(
    opened: Open, telegram: FakeTelegram, lin: Person, tmp_path: Path
) -> None:
    async def script(turn: Turn) -> Draft | None:
        if "fails" in turn.text:
            raise ValueError(turn.text)
        return None

    who = {"id": lin.id, "is_bot": False, "first_name": "Lin"}
    root = logging.getLogger()
    before = root.handlers[:], root.level
    open_log(tmp_path, "DEBUG")
    try:
        async with opened(script):
            await lin.says("canary-word fails")
            await lin.hears("canary|没")
            telegram.updates.push_raw(
                {"message": {"text": "canary-word", "chat": {"id": lin.id}, "from": who}}
            )
            await lin.says("canary-word")
            await lin.hears("heard canary-word")
    finally:
        for handler in root.handlers[:]:
            handler.close()
        root.handlers[:], root.level = before
        for name in OURS:
            logging.getLogger(name).setLevel(logging.NOTSET)
        logging.captureWarnings(capture=False)
    written = (tmp_path / "offramp.log").read_text()
    assert "ValueError" in written
    assert "canary-word" not in written
    assert telegram.token not in written
