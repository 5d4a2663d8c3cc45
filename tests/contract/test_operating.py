"""What an operator may do: let in, keep out, look at what was set aside, tell everybody, turn the secret."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.telegram.pairing import Gate
from bot.telegram.sketch import Sketch, sketch
from bot.webhook import Secrets, derive_secret
from memory.sql.access import count_people, drop_dead, list_dead, retry_dead, set_access
from memory.sql.broadcast import broadcast
from memory.sql.doors import list_secret_turns, turn_secret
from memory.sql.inbox import list_pending, mark_failed, store_update
from memory.sql.journal import Journal
from memory.sql.outbox import Outgoing, queue
from memory.sql.tables import OutboxRow
from tests.conftest import FrozenClock

BOT, LIN, ANN = 7, 501, 502
CANARY = "canary-4711"


def seen(sender: int) -> Sketch:
    who = {"id": sender, "is_bot": False, "first_name": "L"}
    chat = {"id": sender, "type": "private"}
    return sketch({"update_id": 1, "message": {"message_id": 1, "from": who, "chat": chat, "text": "hi"}})


async def welcome(journal: Journal, **languages: str) -> None:
    async with journal.begin() as tx:
        for number, language in languages.items():
            await tx.add_user(
                "telegram", number[1:], language="zh" if language == "zh" else "en", zone="Asia/Shanghai"
            )
        await tx.commit()


async def decide(journal: Journal, who: int, *, allowed: bool) -> None:
    async with journal.begin() as tx:
        await set_access(tx, BOT, who, allowed=allowed)
        await tx.commit()


async def test_who_is_let_in_or_kept_out_by_hand_goes_before_the_settings(journal: Journal) -> None:
    await decide(journal, LIN, allowed=True)
    await decide(journal, ANN, allowed=False)
    async with journal.begin() as tx:
        assert await Gate(frozenset({1})).admits(tx, seen(LIN))
        assert not await Gate(frozenset({1})).admits(tx, seen(503))
        for gate in (Gate(None), Gate(frozenset({ANN}))):
            assert not await gate.admits(tx, seen(ANN))
    await decide(journal, ANN, allowed=True)
    async with journal.begin() as tx:
        assert await Gate(frozenset()).admits(tx, seen(ANN))


async def test_people_are_counted_and_not_shown(journal: Journal) -> None:
    await welcome(journal, u501="zh", u502="en")
    await decide(journal, ANN, allowed=False)
    counts = await count_people(journal)
    assert (counts["people"], counts["wrote today"], counts["closed the chat, or are kept out"]) == (2, 0, 1)


async def set_aside(journal: Journal) -> int:
    async with journal.begin() as tx:
        await store_update(tx, bot_id=BOT, update_id=9, chat_id=LIN, sender_id=LIN, raw=f'"{CANARY}"')
        await tx.commit()
    (pending,) = await list_pending(journal, BOT, LIN)
    async with journal.begin() as tx:
        await mark_failed(tx, pending.seq, why="KeyError", tries=1)
        await queue(tx, Outgoing("u7:9:0", "telegram", BOT, LIN, "door", {"text": "sorry"}))
        await tx.commit()
    return pending.seq


async def test_what_was_set_aside_is_shown_without_a_word_and_can_be_tried_again(journal: Journal) -> None:
    seq = await set_aside(journal)
    (dead,) = await list_dead(journal)
    assert (dead.kind, dead.id, dead.why, dead.has_words) == ("update", seq, "KeyError", True)
    assert CANARY not in repr(dead)
    async with journal.begin() as tx:
        assert await retry_dead(tx, seq, wakes=False)
        assert not await retry_dead(tx, seq, wakes=False)
        # the reply that may come now has the key that the apology had
        assert await queue(tx, Outgoing("u7:9:0", "telegram", BOT, LIN, "door", {"text": "heard"}))
        await tx.commit()
    (pending,) = await list_pending(journal, BOT, LIN)
    assert (pending.seq, pending.attempts) == (seq, 0)


async def test_what_was_set_aside_can_be_dropped_and_its_words_go(journal: Journal) -> None:
    seq = await set_aside(journal)
    async with journal.begin() as tx:
        assert await drop_dead(tx, seq)
        assert not await drop_dead(tx, seq)
        await tx.commit()
    assert await list_dead(journal) == ()


async def test_a_notice_reaches_each_in_their_language_once_and_after_quiet_hours(
    engine: AsyncEngine, clock: FrozenClock
) -> None:
    clock.at = datetime(2026, 4, 1, 16, 0, tzinfo=UTC)  # midnight in Shanghai
    journal = Journal(engine, clock)
    await welcome(journal, u501="zh", u502="en", u503="en")
    await decide(journal, 503, allowed=False)
    words = {"zh": "今晚维护", "en": "Maintenance tonight"}
    assert await broadcast(journal, BOT, words) == (2, 0)
    assert await broadcast(journal, BOT, words) == (0, 2)
    async with journal.read() as db:
        rows = list(await db.scalars(select(OutboxRow).order_by(OutboxRow.chat_id)))
    assert [(row.chat_id, row.payload["text"], row.class_) for row in rows] == [
        (LIN, "今晚维护", "may"),
        (ANN, "Maintenance tonight", "may"),
    ]
    assert {row.next_at for row in rows} == {datetime(2026, 4, 2, 0, 0, tzinfo=UTC)}  # 08:00 there


async def test_a_turned_secret_counts_at_once_and_the_one_before_for_a_minute(
    engine: AsyncEngine, clock: FrozenClock
) -> None:
    journal = Journal(engine, clock)
    assert await list_secret_turns(journal, BOT) == (0,)
    async with journal.begin() as tx:
        assert await turn_secret(tx, BOT) == 1
        await tx.commit()
    assert await list_secret_turns(journal, BOT) == (1, 0)
    clock.at += timedelta(minutes=2)
    assert await list_secret_turns(journal, BOT) == (1,)

    secrets = Secrets("base", lambda: list_secret_turns(journal, BOT))
    assert await secrets.newest() == derive_secret("base", 1) != "base"
    assert await secrets.accept(derive_secret("base", 1))
    assert not await secrets.accept("base")
    assert not await secrets.accept("")
