"""What an operator sees: health, metrics and a log, with no person and no word in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.health import Health
from bot.logs import JsonLines, followed, open_log
from bot.metrics import Metrics
from bot.webhook import build_watch_app
from coaching.model import Turn
from coaching.parts import Draft
from memory.sql.engine import open_engine
from memory.sql.inbox import mark_failed, store_update
from memory.sql.journal import Journal
from memory.sql.outbox import Outgoing, queue
from tests.conftest import FrozenClock
from tests.fakes.door import open_door
from tests.fakes.telegram import FakeTelegram, Person
from tests.integration.test_scale import free_port

BOT, CHAT = 7, 424_242_424
CANARY = "canarydiary"


def read(page: str) -> dict[str, float]:
    """Every sample, by its name and its labels' values."""
    return {
        ":".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


async def put_waiting(journal: Journal) -> None:
    async with journal.begin() as tx:
        for update_id in (1, 2):
            await store_update(
                tx, bot_id=BOT, update_id=update_id, chat_id=CHAT, sender_id=CHAT, raw=f'"{CANARY}"'
            )
        await mark_failed(tx, 2, why="KeyError", tries=1)
        payload = {"text": CANARY, "choices": []}
        for key in ("u7:1:0", "nudge:1:2026-04-01"):
            await queue(tx, Outgoing(key, "telegram", BOT, CHAT, "notice", payload, must="nudge" not in key))
        await tx.commit()


async def test_what_waits_is_counted_at_the_scrape(journal: Journal, clock: FrozenClock) -> None:
    await put_waiting(journal)
    clock.passes(seconds=90)
    page = read((await Metrics(journal).render()).decode())
    assert (page["offramp_inbox:new"], page["offramp_inbox:dead"]) == (1, 1)
    assert page["offramp_inbox_age_seconds"] == 90
    assert page["offramp_outbox:must:queued"] == 1
    assert page["offramp_outbox_age_seconds"] == 90
    assert page["offramp_nudges:queued"] == 1
    assert page["offramp_database_up"] == 1
    clock.passes(days=2)
    assert "offramp_nudges:queued" not in read((await Metrics(journal).render()).decode())


async def test_without_its_database_a_process_is_alive_and_not_ready(
    tmp_path: Path, clock: FrozenClock
) -> None:
    engine = open_engine(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/nothing")
    journal = Journal(engine, clock)
    app = build_watch_app(Health(journal, clock, polls=False), Metrics(journal))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://watch") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/health")).status_code == 503
        page = await client.get("/metrics")
    assert page.status_code == 200
    assert read(page.text)["offramp_database_up"] == 0
    await engine.dispose()


@pytest.fixture
def log_lines(tmp_path: Path) -> Iterator[io.StringIO]:
    """The log as JSON while a test runs, and as it was afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    open_log(tmp_path, "INFO", "json")
    (handler,) = (each for each in root.handlers if isinstance(each.formatter, JsonLines))
    assert isinstance(handler, logging.StreamHandler)
    lines = io.StringIO()
    handler.setStream(lines)
    yield lines
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for name in ("bot", "memory", "coaching", "prompts"):
        logging.getLogger(name).setLevel(logging.NOTSET)


async def test_one_update_has_one_id_from_the_door_to_the_answer_and_nobody_is_named(
    sqlite_engine: AsyncEngine,
    telegram: FakeTelegram,
    lin: Person,
    tmp_path: Path,
    log_lines: io.StringIO,
) -> None:
    async def break_once(turn: Turn) -> Draft | None:
        if turn.text.endswith("breaks"):
            raise ValueError(turn.text)
        return None

    port = free_port()
    async with open_door(telegram, sqlite_engine, tmp_path, break_once, metrics_port=port):
        await lin.says(f"{CANARY} one")
        await lin.hears(f"heard {CANARY} one")
        await lin.says(f"{CANARY} breaks")
        await telegram.called("sendMessage", times=2, within=10)
        async with httpx.AsyncClient(trust_env=False) as client:
            page = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            assert (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
    written = log_lines.getvalue()
    stages: dict[str, list[str]] = {}
    for line in map(json.loads, written.splitlines()):
        stages.setdefault(line["update"], []).append(line["message"].partition(",")[0])
    first = next(stages[update] for update in sorted(stages) if update.startswith("u"))
    assert first == ["stored", "thought about", "settled", "sent"]
    counted = read(page)
    assert counted["offramp_updates_total:yes"] >= 2
    assert {"wait", "think", "write", "send"} <= {
        name.rpartition(":")[2] for name in counted if name.startswith("offramp_stage_seconds_count")
    }
    for where in (page, written):
        assert CANARY not in where
        assert str(lin.user.id) not in where


def test_a_line_of_the_log_is_json_with_the_update_and_without_secrets() -> None:
    record = logging.LogRecord("bot.x", logging.ERROR, __file__, 1, "failed: %s", (f"sk-{'a' * 20}",), None)
    with followed("u7:1"):
        line = json.loads(JsonLines("%(message)s").format(record))
    assert (line["level"], line["logger"], line["update"], line["message"]) == (
        "ERROR",
        "bot.x",
        "u7:1",
        "failed: ***",
    )
