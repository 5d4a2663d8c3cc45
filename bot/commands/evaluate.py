"""``offramp evaluate ITEMS.jsonl``: each item is a fresh person, and nothing of it stays behind."""

from __future__ import annotations

import asyncio
import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from bot.wiring import House, open_house
from coaching.language import read_language
from coaching.model import Channel, Event, Language, Role, Turn
from memory.sql.tables import CommitmentRow, IndexOpRow, MessageRow

if TYPE_CHECKING:
    from bot.settings import Settings
    from memory.sql.transaction import Transaction

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


def _read_lines(items: Path) -> list[str]:
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


async def evaluate_items(settings: Settings, items: Path) -> int:
    """Prints one JSON reply an item on standard output."""
    lines = await asyncio.to_thread(_read_lines, items)
    with tempfile.TemporaryDirectory(prefix="offramp-evaluate-") as folder:
        apart = settings.model_copy(update={"home": Path(folder), "database_url": "", "chroma_url": ""})
        async with open_house(apart) as house:
            await house.learned()
            for line in lines:
                item = read_item(json.loads(line), house.clock.now())
                print(json.dumps(await answer_item(house, item), ensure_ascii=False), flush=True)  # noqa: T201  # the command's output
    return 0


async def answer_item(house: House, item: Item) -> dict[str, Any]:
    """One fresh person who has said only what the item carries."""
    async with house.journal.begin() as tx:
        user_id = await tx.add_user("evaluate", item.id, language=item.language, zone=_zone(item.now))
        ids = [await _add_history(tx, user_id, line, item) for line in item.history]
        for line in item.plan:
            await _add_commitment(tx, user_id, line)
        await tx.commit()
    await house.recall.index_pending(user_id)
    answer = await house.coach.reply_to(turn_from(item, user_id))
    names = {number: line["id"] for number, line in zip(ids, item.history, strict=True)}
    return {
        "id": item.id,
        "reply": answer.reply.text,
        "lenses": [lens.value for lens in answer.reply.draft.lenses],
        "cited": [names[number] for number in answer.reply.cited if number in names],
    }


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
