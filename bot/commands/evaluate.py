"""``offramp evaluate ITEMS.jsonl``: each item is a fresh person, and nothing of it stays behind."""

from __future__ import annotations

import asyncio
import json
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click
from sqlalchemy import insert

from bot.commands.progress import show_progress
from bot.wiring import House, open_house
from coaching.language import read_language
from coaching.model import Channel, Event, Language, Role, Turn
from coaching.parts import Reflection
from memory.sql.tables import CommitmentRow, IndexOpRow, MessageRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.settings import Settings
    from coaching.responders.fallback import Tokens
    from memory.sql.transaction import Transaction

AT_ONCE = 4
MODEL = "model"  # the key of a reflection that a language model wrote

# what only the checker reads: the coach never sees it
CHECKERS_OWN = frozenset({"type", "lenses", "lenses_ok", "must", "must_not", "human", "reply_lang"})
COMMANDS = {"/plan": "plan", "/reflect": "reflect"}


@dataclass(frozen=True, slots=True)
class Item:
    """What the coach may read of one evaluation item."""

    id: str
    message: str
    channel: str
    event: str | None
    now: datetime
    minutes: int | None
    history: tuple[dict[str, Any], ...]
    plan: tuple[dict[str, Any], ...]
    language: Language


def read_lines(items: Path) -> list[str]:
    """The lines that hold something."""
    return [line for line in items.read_text("utf-8").splitlines() if line.strip()]


def read_item(raw: dict[str, Any], now: datetime) -> Item:
    """One line of the file, stripped of what belongs to the checker."""
    raw = {name: value for name, value in raw.items() if name not in CHECKERS_OWN}
    moment = (
        datetime.fromisoformat(raw["now"]) if raw.get("now") else now.astimezone(ZoneInfo("Asia/Shanghai"))
    )
    said = raw.get("message") or " ".join(h["text"] for h in (*raw.get("plan", ()), *raw.get("history", ())))
    fallback: Language = "en" if raw.get("lang") == "en" else "zh"
    return Item(
        id=raw["id"],
        message=raw.get("message") or "",
        channel=raw.get("channel") or "message",
        event=raw.get("event"),
        now=moment,
        minutes=raw.get("minutes"),
        history=tuple(raw.get("history") or ()),
        plan=tuple(raw.get("plan") or ()),
        language=read_language(said, fallback=fallback),
    )


@dataclass(frozen=True, slots=True)
class Run:
    """How items are answered.

    Attributes:
        parallel: items at a time; 0 is four with a model, which waits, and one without, which works.
        out: answers are added to this file as they come, and items that are in it are not asked again.
        prices: of a million tokens read, and of a million written, in any currency.
    """

    parallel: int = 0
    out: Path | None = None
    prices: tuple[float, float] = (0.0, 0.0)


async def evaluate_items(settings: Settings, items: Path, run: Run) -> int:
    """Prints one JSON reply an item on standard output, in the order of the items."""
    raws = [json.loads(line) for line in await asyncio.to_thread(read_lines, items)]
    done = await asyncio.to_thread(read_done, run.out) if run.out else {}
    async with open_apart(settings) as house:
        by_model = 0
        gate = asyncio.Semaphore(run.parallel or (AT_ONCE if house.model else 1))
        with show_progress() as bar:
            task = bar.add_task("evaluate", total=len(raws), completed=0)

            async def answer(raw: dict[str, Any]) -> dict[str, Any]:
                nonlocal by_model
                async with gate:
                    if (known := done.get(raw["id"])) is None:
                        reply = await reply_to(house, read_item(raw, house.clock.now()))
                        by_model += reply.by_model
                        known = reply.line
                        if run.out:
                            await asyncio.to_thread(add_line, run.out, known)
                bar.advance(task)
                return known

            async with asyncio.TaskGroup() as group:
                for each in [group.create_task(answer(raw)) for raw in raws]:
                    click.echo(json.dumps(await each, ensure_ascii=False))
        if house.model:
            tell(f"{by_model} of {len(raws) - len(done)} by the model, the rest by the playbook")
            tell(tell_cost(house.model.spent, run.prices))
    return 0


@asynccontextmanager
async def open_apart(settings: Settings) -> AsyncIterator[House]:
    """A house of its own that has learned all it can, and is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="offramp-evaluate-") as folder:
        apart = settings.model_copy(update={"home": Path(folder), "database_url": "", "chroma_url": ""})
        async with open_house(apart) as house:
            await house.learned()
            yield house


def tell_cost(spent: Tokens, prices: tuple[float, float]) -> str:
    """What a run has cost, in words."""
    cost = (spent.read * prices[0] + spent.written * prices[1]) / 1e6
    priced = f", cost {cost:.4f}" if any(prices) else ""
    return f"tokens: {spent.read} read, {spent.written} written{priced}"


def read_done(out: Path) -> dict[str, dict[str, Any]]:
    """The answers an earlier run left; a last line that was cut off is taken out of the file."""
    if not out.exists():
        return {}
    found = {}
    for line in out.read_text("utf-8").splitlines():
        try:
            answer = json.loads(line)
        except ValueError:
            continue
        found[answer["id"]] = answer
    out.write_text("".join(f"{json.dumps(a, ensure_ascii=False)}\n" for a in found.values()), "utf-8")
    return found


def add_line(out: Path, answer: dict[str, Any]) -> None:
    """One more answer at the end of the file."""
    with out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(answer, ensure_ascii=False) + "\n")


def tell(words: str) -> None:
    """On standard error, beside the answers."""
    click.echo(words, err=True)


@dataclass(frozen=True, slots=True)
class Replied:
    """The line for an item, and whether the language model made it."""

    line: dict[str, Any]
    by_model: bool


async def add_person(house: House, item: Item) -> tuple[int, dict[int, str]]:
    """A fresh person who has said only what the item carries: the id, and the items' names of messages."""
    async with house.journal.begin() as tx:
        user_id = await tx.add_user("evaluate", item.id, language=item.language, zone=_zone(item.now))
        ids = [await _add_history(tx, user_id, line, item) for line in item.history]
        for line in item.plan:
            await _add_commitment(tx, user_id, line)
        await tx.commit()
    await house.recall.index_pending(user_id)
    return user_id, {number: line["id"] for number, line in zip(ids, item.history, strict=True)}


async def reply_to(house: House, item: Item) -> Replied:
    """The coach's reply to one item."""
    user_id, names = await add_person(house, item)
    answer = await house.coach.reply_to(turn_from(item, user_id))
    line = {
        "id": item.id,
        "reply": answer.reply.text,
        "lenses": [lens.value for lens in answer.reply.draft.lenses],
        "cited": [names[number] for number in answer.reply.cited if number in names],
    }
    return Replied(line, any(part.key == MODEL for part in answer.reply.draft.find(Reflection)))


def _zone(now: datetime) -> str:
    """A zone that is the item's own offset, so that its dates stay its dates."""
    offset = now.utcoffset()
    hours = round(offset.total_seconds() / 3600) if offset else 0
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"


def turn_from(item: Item, user_id: int) -> Turn:
    """The item's message as a turn."""
    command = COMMANDS.get(item.channel)
    words = item.message
    if command and words.startswith(item.channel):
        words = words[len(item.channel) :].strip()
    channel = Channel.COMMAND if command else Channel.VOICE if item.channel == "voice" else Channel.MESSAGE
    event = Event(item.event) if item.event else None
    return Turn(
        user_id, words, item.language, item.now, channel, command=command, event=event, minutes=item.minutes
    )


async def _add_history(tx: Transaction, user_id: int, line: dict[str, Any], item: Item) -> int:
    said_on = date.fromisoformat(line["date"][:10])
    made = await tx.db.execute(
        insert(MessageRow)
        .values(
            user_id=user_id,
            role=Role.USER if line.get("role", "user") == "user" else Role.COACH,
            channel=Channel.MESSAGE,
            text=line["text"],
            language=read_language(line["text"], fallback=item.language),
            said_at=datetime.combine(said_on, time(12), item.now.tzinfo or UTC),
            said_on=said_on,
            safety="none",
            source="",
            dated=True,
        )
        .returning(MessageRow.id)
    )
    message_id = made.scalar_one()
    tx.db.add(IndexOpRow(user_id=user_id, message_id=message_id, op="add"))
    await tx.db.flush()
    return message_id


async def _add_commitment(tx: Transaction, user_id: int, line: dict[str, Any]) -> None:
    status = line.get("status", "open")
    tx.db.add(
        CommitmentRow(
            user_id=user_id,
            text=line["text"],
            due_on=date.fromisoformat(line["due"][:10]),
            status="open" if status == "missed" else status,
            created_at=tx.now,
            updated_at=tx.now,
        )
    )
    await tx.db.flush()
