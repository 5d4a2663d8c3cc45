"""``offramp doctor``: one screen on what is configured, what answers, and what to do about what does not."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

import httpx
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import text as sql
from sqlalchemy.exc import SQLAlchemyError

from bot.asking_model import ask_key
from bot.clock import SystemClock
from bot.errors import database_sentence
from bot.health import say_last_polls
from bot.home import HomeUnusable, prepare_home
from bot.pictures import find_cjk_font
from bot.settings import find_unknown
from bot.telegram.sending.pace import PER_SECOND
from coaching.errors import ModelFailed
from memory.errors import StorageError
from memory.recall import check_packaged, open_recall
from memory.sql.engine import open_engine
from memory.sql.inbox import count_inbox
from memory.sql.journal import Journal
from memory.sql.migrate import upgrade
from memory.sql.outbox import count_outbox
from memory.sql.outlook import find_next_due, load_outlook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.engine import URL

    from bot.settings import Settings

CLOCK_OFF = timedelta(seconds=30)  # between this machine and Telegram
LITTLE_DISK = 200 * 1024 * 1024  # bytes; below this a night's backup or reindex may fill the disk


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: a subject, whether it is well, and what there is to say or do."""

    subject: str
    well: bool
    says: str


async def examine(settings: Settings) -> int:
    """Prints the findings.

    Returns:
        1 when something needs doing, otherwise 0.
    """
    findings = [finding async for finding in find_all(settings)]
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        mark = Text("ok", style="green") if finding.well else Text("look", style="bold yellow")
        table.add_row(mark, finding.subject, Text(finding.says))
    Console(highlight=False).print(table)
    return 0 if all(finding.well for finding in findings) else 1


async def find_all(settings: Settings) -> AsyncIterator[Finding]:
    """Every finding, each from asking the part itself."""
    yield Finding("program", True, f"offramp {version('offramp')}, Python {platform.python_version()}")
    unknown = find_unknown()
    if unknown:
        yield Finding("settings", False, f"unknown: {', '.join(unknown)}; README.md lists the names.")
    try:
        prepare_home(settings.home)
    except HomeUnusable as error:
        yield Finding("home", False, str(error))
        return
    free = shutil.disk_usage(settings.home).free
    yield Finding(
        "home",
        free > LITTLE_DISK,
        f"{settings.home}, {free / 1e9:.1f} GB free" + ("" if free > LITTLE_DISK else ": make some room."),
    )
    async for finding in _stored(settings):
        yield finding
    font = find_cjk_font()
    yield Finding(
        "pictures",
        True,
        f"Chinese labels in {font}"
        if font
        else "no Chinese font, so their labels are English; "
        "fonts-noto-cjk (Debian), google-noto-sans-cjk-fonts (Fedora) or font-noto-cjk (Alpine) has one",
    )
    problem = check_packaged()
    yield Finding("model files", problem is None, problem or "the packaged MiniLM is the published one")


def say_clock(ahead: timedelta) -> Finding:
    """By how much this machine's clock is ahead of Telegram's."""
    seconds = round(ahead.total_seconds())
    says = f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} Telegram's"
    if abs(ahead) <= CLOCK_OFF:
        return Finding("clock", True, says)
    return Finding("clock", False, f"{says}: evenings are asked at the wrong time; set it (timedatectl).")


async def _chroma(url: str) -> Finding:
    """Whether the Chroma server answers."""
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            (await client.get(f"{url.rstrip('/')}/api/v2/heartbeat")).raise_for_status()
    except httpx.HTTPStatusError:
        says = "what answers at OFFRAMP_CHROMA_URL is no Chroma server: mend it."
        return Finding("Chroma", False, f"{says} Meanwhile words are found, and nothing is lost.")
    except httpx.HTTPError as error:
        kind = type(error).__name__
        says = f"the server does not answer ({kind}): start it, or mend OFFRAMP_CHROMA_URL."
        return Finding("Chroma", False, f"{says} Meanwhile words are found, and nothing is lost.")
    return Finding("Chroma", True, "the server answers")


async def _workers(journal: Journal) -> Finding:
    """Whether somebody thinks for the processes that only take in."""
    from memory.sql.waking import count_workers  # procrastinate, for who has workers

    number = await count_workers(journal)
    says = f"{number} at work" if number else "none is at work, and nobody is answered: offramp worker"
    return Finding("workers", number > 0, says)


async def _evenings(journal: Journal) -> Finding:
    """How many are asked in the evening, whether an hour holds them, and when the person here is next."""
    outlook = await load_outlook(journal)
    holds = PER_SECOND * 3600
    says = f"{outlook.plans} planned, {outlook.fullest} in the fullest hour, which holds {holds:,}"
    user_id = await journal.find_user_id("terminal", "local")
    due_at = await find_next_due(journal, user_id) if user_id is not None else None
    if user_id is not None and due_at is not None:
        person = await journal.load_user(user_id)
        says += f"; next for you {due_at.astimezone(person.tz):%a %d %b %H:%M} ({person.zone})"
        if person.paused_until is not None and person.paused_until > due_at:
            says += ", paused"
    return Finding("evenings", outlook.fullest <= holds, says)


async def _model(settings: Settings, journal: Journal) -> Finding:
    """Whether the language model can be opened and takes the key, and what it cost today; asking is free."""
    if not settings.model:
        return Finding("model", True, "none: the playbook answers (OFFRAMP_MODEL sets one)")
    from bot.wiring import open_budget
    from coaching.responders.chain import open_model

    try:
        open_model(
            settings.model,
            base_url=settings.model_base_url,
            api_key=settings.model_api_key.get_secret_value(),
            deadline=settings.model_deadline,
        )
    except ModelFailed as error:
        says = f"{error}: mend OFFRAMP_MODEL (provider:name) or OFFRAMP_MODEL_API_KEY"
        return Finding("model", False, f"{says}; the playbook answers meanwhile.")
    if wrong := await ask_key(settings):
        return Finding("model", False, f"{settings.model}: {wrong}; the playbook answers meanwhile.")
    used = await open_budget(settings, journal, SystemClock()).count_used()
    limit = f" of {settings.tokens_per_day_all}" if settings.tokens_per_day_all else ""
    return Finding("model", True, f"{settings.model}, {used}{limit} tokens today")


def _why_not(error: Exception, url: URL) -> str:
    """Why Postgres cannot be used."""
    where = f"{url.host or 'this machine'}:{url.port or 5432}"
    if "FATAL" in str(getattr(error, "orig", "")):  # its server's word; its sentence may name a user
        return f"Postgres at {where} refuses: mend user, password or database in OFFRAMP_DATABASE_URL."
    return f"Postgres does not answer at {where}: start it, or mend OFFRAMP_DATABASE_URL."


async def _stored(settings: Settings) -> AsyncIterator[Finding]:
    engine = open_engine(settings.database)
    try:
        await upgrade(engine)
        async with engine.connect() as connection:
            await connection.execute(sql("SELECT 1"))
    except StorageError as error:
        yield Finding("database", False, str(error))
        await engine.dispose()
        return
    except (SQLAlchemyError, OSError) as error:
        is_file = engine.dialect.name == "sqlite"
        yield Finding("database", False, database_sentence(error) if is_file else _why_not(error, engine.url))
        await engine.dispose()
        return
    journal = Journal(engine, SystemClock())
    yield await _model(settings, journal)
    kind = "SQLite" if engine.dialect.name == "sqlite" else "Postgres"
    yield Finding("database", True, f"{kind}, {await journal.count_messages()} messages")
    inbox, outbox = await count_inbox(journal), await count_outbox(journal)
    dead = inbox.get("dead", 0)
    yield Finding(
        "inbox",
        not dead,
        f"{inbox.get('new', 0)} waiting" + (f", {dead} set aside after three tries" if dead else ""),
    )
    if settings.telegram_token.get_secret_value():
        heard = await say_last_polls(journal, SystemClock().now())
        yield Finding("door", True, f"Telegram; {heard or 'it was never open here: offramp run'}")
        from bot.telegram.asking import ask_telegram, ask_time  # a second of imports, for who has a token

        answer = await ask_telegram(settings)
        yield Finding("Telegram", answer.well, answer.says)
        ahead = await ask_time(settings, SystemClock())
        if ahead is not None:
            yield say_clock(ahead)
    else:
        yield Finding("door", True, "terminal (no Telegram token is set)")
    if settings.workers:
        yield await _workers(journal)
    if settings.chroma_url:
        yield await _chroma(settings.chroma_url)
    yield await _evenings(journal)
    yield Finding("outbox", True, f"{outbox.get('queued', 0)} waiting, {outbox.get('unknown', 0)} unknown")
    recall = open_recall(
        engine,
        settings.home,
        embedder=settings.embedder,
        device=settings.device,
        chroma_url=settings.chroma_url or None,
        clock=SystemClock(),
    )
    try:
        status = await recall.status()
        says = f"{settings.embedder} embedder: {status.indexed} indexed, {status.waiting} waiting"
        yield Finding("index", not status.trouble, status.trouble or says)
    finally:
        await recall.close()
        await engine.dispose()
