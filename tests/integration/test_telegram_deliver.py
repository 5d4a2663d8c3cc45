"""What waits in the outbox reaches a Telegram that misbehaves: in order, once where that is possible."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from telegram import Bot

from bot.telegram.deliver import Deliverer
from bot.telegram.sending import call
from bot.telegram.sending.call import LARGEST_FILE
from bot.telegram.sending.pace import Pace
from bot.telegram.sending.request import TelegramRequest
from bot.telegram.sending.typing import typing
from coaching.figure import Figure
from memory.sql.blocked import mark_open
from memory.sql.claims import settle_orphans
from memory.sql.journal import Journal
from memory.sql.outbox import Outgoing, count_outbox, queue
from memory.sql.tables import IdentityRow, OutboxRow
from tests.conftest import FrozenClock
from tests.fakes.telegram import (
    FakeTelegram,
    Fault,
    Happened,
    Person,
    blocked,
    conflicting,
    drop_after,
    drop_before,
    flood,
    hang,
    malformed,
    refused,
    server_error,
    slow,
)

TRUST = ssl.create_default_context()  # reading the certificates is what takes a bot 0.1 s to build
DIARY = "我今天很累 <b>and tired</b> & sad"


@pytest.fixture
def journal(sqlite_engine: AsyncEngine, clock: FrozenClock) -> Journal:
    return Journal(sqlite_engine, clock)


@pytest.fixture
async def telegram(clock: FrozenClock) -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(clock=lambda: clock.at.timestamp()) as server:
        yield server


@pytest.fixture
async def bot(telegram: FakeTelegram) -> AsyncIterator[Bot]:
    async with Bot(
        telegram.token,
        base_url=telegram.base_url,
        request=TelegramRequest(16, read_timeout=0.3, trust=TRUST),
        get_updates_request=TelegramRequest(1, trust=TRUST),
    ) as real_bot:
        yield real_bot


@pytest.fixture
def lin(telegram: FakeTelegram) -> Person:
    return telegram.person("Lin", language_code="zh")


@pytest.fixture
def deliverer(journal: Journal, bot: Bot) -> Deliverer:
    return Deliverer(journal, bot, owner="test", pace=Pace(per_second=1000, burst=1000))


class Outbox:
    """The outbox as a test writes to it and looks into it."""

    def __init__(self, journal: Journal, bot: Bot) -> None:
        self._journal = journal
        self._bot = bot
        self._count = 0

    async def put(self, person: Person, text: str = "hello", *, must: bool = True, **more: Any) -> None:  # noqa: ANN401  # JSON
        self._count += 1
        out = Outgoing(
            f"{self._count}", "telegram", self._bot.id, person.id, "turn", {"text": text, **more}, must=must
        )
        async with self._journal.begin() as tx:
            await queue(tx, out)
            await tx.commit()

    async def rows(self) -> list[OutboxRow]:
        async with self._journal.read() as db:
            return list(await db.scalars(select(OutboxRow).order_by(OutboxRow.id)))

    async def states(self) -> list[str]:
        return [row.state for row in await self.rows()]


@pytest.fixture
def outbox(journal: Journal, bot: Bot) -> Outbox:
    return Outbox(journal, bot)


def said(person: Person) -> list[str]:
    return [message.text for message in person.bot_messages]


async def test_a_reply_arrives_with_its_buttons_and_its_number_is_kept(
    deliverer: Deliverer, outbox: Outbox, lin: Person
) -> None:
    await outbox.put(lin, DIARY, choices=[{"label": "I'll do it", "data": "step:yes"}], marks=[["b", 0, 5]])
    await deliverer.deliver_due()
    (message,) = lin.bot_messages
    assert (message.text, message.labels) == (DIARY, ("I'll do it",))
    assert [entity.type for entity in message.entities] == ["bold"]
    (row,) = await outbox.rows()
    assert (row.state, row.sent_id, row.owner) == ("sent", message.id, None)


# fault; what becomes of a must at once, and how many messages there are in the end; the same for a may
FAULTS = [
    (flood(7), "queued", 1, "queued", 1),
    (conflicting(), "queued", 1, "queued", 1),
    (refused(), "dead", 0, "dead", 0),
    (blocked(), "dead", 0, "dead", 0),
    (server_error(), "queued", 1, "unknown", 0),
    (server_error(500, acts=True), "queued", 2, "unknown", 1),
    (drop_before(), "queued", 1, "unknown", 0),
    (drop_after(), "queued", 2, "unknown", 1),
    (malformed(), "queued", 2, "unknown", 1),
    (hang(), "queued", 1, "unknown", 0),
    (hang(acts=True), "queued", 2, "unknown", 1),
]


@pytest.mark.parametrize(
    ("fault", "must", "musts", "may", "mays"),
    FAULTS,
    ids=lambda value: f"{value.name} acts={value.acts}" if isinstance(value, Fault) else "",
)
async def test_a_fault_means_what_the_outbox_makes_of_it(
    deliverer: Deliverer,
    outbox: Outbox,
    telegram: FakeTelegram,
    lin: Person,
    clock: FrozenClock,
    fault: Fault,
    must: str,
    musts: int,
    may: str,
    mays: int,
) -> None:
    kim = telegram.person("Kim")
    await outbox.put(lin)
    telegram.inject(fault, "sendMessage")
    await deliverer.deliver_due()
    assert await outbox.states() == [must]
    clock.passes(seconds=8)
    await deliverer.deliver_due()
    assert len(said(lin)) == musts

    await outbox.put(kim, must=False)
    telegram.inject(fault, "sendMessage")
    await deliverer.deliver_due()
    assert (await outbox.states())[1] == may
    clock.passes(seconds=8)
    await deliverer.deliver_due()
    assert len(said(kim)) == mays
    end = {"queued": "sent"}
    assert await outbox.states() == [end.get(must, must), end.get(may, may)]


async def test_an_outage_counts_against_no_message_and_is_not_hammered(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person, clock: FrozenClock
) -> None:
    kim = telegram.person("Kim")
    await outbox.put(lin)
    await outbox.put(kim, must=False)
    async with telegram.outage():
        for _ in range(30):
            await deliverer.deliver_due()
            clock.passes(seconds=10)
        await deliverer.deliver_due()
        assert {(row.state, row.doubts, row.why) for row in await outbox.rows()} == {
            ("queued", 0, "ConnectError")
        }
        await outbox.put(lin, "later")
        await deliverer.deliver_due()
        assert (await outbox.rows())[2].why == ""
    clock.passes(seconds=31)
    await deliverer.deliver_due()
    assert (said(lin), said(kim)) == (["hello", "later"], ["hello"])


async def test_the_messages_of_a_chat_keep_their_order_whatever_happens(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person, clock: FrozenClock
) -> None:
    for number in range(8):
        await outbox.put(lin, str(number))
    telegram.inject(flood(3), "sendMessage", skip=1)
    telegram.inject(drop_after(), "sendMessage", skip=3)
    telegram.inject(server_error(), "sendMessage", skip=5)
    while set(await outbox.states()) != {"sent"}:
        await deliverer.deliver_due()
        clock.passes(seconds=1)
    assert said(lin) == sorted(said(lin))
    assert set(said(lin)) == set("01234567")
    assert len(said(lin)) == 9


async def test_a_chat_that_must_rest_does_not_stall_the_others(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person, clock: FrozenClock
) -> None:
    people = [telegram.person(f"P{number}") for number in range(5)]
    telegram.inject(flood(60), "sendMessage", chat=lin)
    await outbox.put(lin, "first")
    await outbox.put(lin, "second")
    for person in people:
        await outbox.put(person)
    await deliverer.deliver_due()
    assert [said(person) for person in people] == [["hello"]] * 5
    clock.passes(seconds=59)
    await deliverer.deliver_due()
    assert len(telegram.calls_of("sendMessage")) == 6
    clock.passes(seconds=1)
    await deliverer.deliver_due()
    assert said(lin) == ["first", "second"]


async def test_who_blocks_the_bot_is_left_alone_and_served_again_when_they_write(
    deliverer: Deliverer, outbox: Outbox, lin: Person, journal: Journal, bot: Bot, clock: FrozenClock
) -> None:
    async with journal.begin() as tx:
        await tx.add_user("telegram", str(lin.id), language="zh", zone="UTC")
        await tx.commit()
    await lin.blocks_bot()
    for text in ("one", "two", "three"):
        await outbox.put(lin, text)
    await deliverer.deliver_due()
    assert await outbox.states() == ["dead", "dead", "dead"]
    async with journal.read() as db:
        assert await db.scalar(select(IdentityRow.blocked_at)) == clock.now()
    await outbox.put(lin, "nobody asked", must=False)
    await deliverer.deliver_due()
    assert (await outbox.states())[-1] == "queued"
    await lin.unblocks_bot()
    async with journal.begin() as tx:
        await mark_open(tx, "telegram", bot.id, lin.id)
        await tx.commit()
    await outbox.put(lin, "welcome back")
    await deliverer.deliver_due()
    assert said(lin) == ["welcome back"]


async def test_markup_that_telegram_cannot_read_goes_as_plain_text(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person
) -> None:
    telegram.inject(refused("Can't parse entities: unsupported start tag"), "sendMessage")
    await outbox.put(lin, DIARY, marks=[["b", 0, 5]])
    await deliverer.deliver_due()
    (message,) = lin.bot_messages
    assert (message.text, message.entities) == (DIARY, ())


async def test_a_quote_is_native_and_a_refused_one_is_left_out(
    deliverer: Deliverer, outbox: Outbox, lin: Person
) -> None:
    own = await lin.says("🙂🙂 我真的受够了 every single day")
    quote = {"message_id": own.id, "text": "我真的受够了", "source": own.text}
    await outbox.put(lin, "You said", quote=quote)
    await outbox.put(lin, "You wrote", quote={**quote, "source": "edited " + own.text})
    await outbox.put(lin, "You deleted", quote={**quote, "message_id": 1})
    await deliverer.deliver_due()
    native, refused_one, gone = lin.bot_messages
    assert native.quote is not None
    assert (native.reply_to, native.quote.text, native.quote.position) == (own.id, "我真的受够了", 5)
    assert (refused_one.reply_to, refused_one.quote) == (own.id, None)
    assert (gone.reply_to, gone.text) == (None, "You deleted")


async def test_a_reply_that_is_refused_as_such_is_sent_without_it(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person
) -> None:
    telegram.inject(refused("message to be replied not found"), "sendMessage", times=1)
    await outbox.put(lin, quote={"message_id": 1, "text": ""})
    await deliverer.deliver_due()
    assert said(lin) == ["hello"]


async def test_a_message_is_changed_in_place(deliverer: Deliverer, outbox: Outbox, lin: Person) -> None:
    await outbox.put(lin, "Language?", choices=[{"label": "中文", "data": "zh"}])
    await deliverer.deliver_due()
    (first,) = lin.bot_messages
    await outbox.put(lin, "City?", edit=first.id, choices=[{"label": "上海", "data": "sh"}])
    await outbox.put(lin, "City?", edit=first.id, choices=[{"label": "上海", "data": "sh"}])
    await outbox.put(lin, "", edit=first.id)
    await deliverer.deliver_due()
    (message,) = lin.bot_messages
    assert (message.id, message.text, message.labels, message.edits) == (first.id, "City?", (), 2)
    assert {(row.state, row.sent_id) for row in await outbox.rows()} == {("sent", first.id)}


async def test_a_message_that_is_gone_is_sent_anew(deliverer: Deliverer, outbox: Outbox, lin: Person) -> None:
    await outbox.put(lin, "anew", edit=5)
    await outbox.put(lin, "", edit=5)
    await deliverer.deliver_due()
    assert said(lin) == ["anew"]
    assert [(row.state, row.sent_id) for row in await outbox.rows()] == [
        ("sent", lin.bot_messages[0].id),
        ("sent", None),
    ]


async def test_a_file_is_sent_with_its_caption(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person, tmp_path: Path
) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(b"PK" + b"x" * 1000)
    await outbox.put(lin, "Here it is.", document=str(path))
    await deliverer.deliver_due()
    (message,) = lin.bot_messages
    assert (message.text, message.content["document"]["file_name"]) == ("Here it is.", "export.zip")
    assert telegram.world.files[message.content["document"]["file_id"]].content == path.read_bytes()


async def test_a_file_that_cannot_be_sent_is_said_so(
    deliverer: Deliverer, outbox: Outbox, lin: Person, tmp_path: Path
) -> None:
    large = tmp_path / "large.zip"
    with large.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    await outbox.put(lin, "", document=str(large), instead="Too large for Telegram.")
    await outbox.put(lin, "", document=str(tmp_path / "gone.zip"))
    await deliverer.deliver_due()
    assert said(lin) == ["Too large for Telegram."]
    assert [(row.state, row.why) for row in await outbox.rows()][1] == ("dead", "the file cannot be sent")


async def test_a_status_that_is_a_refusal_is_not_taken_for_a_doubt(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person
) -> None:
    telegram.inject(server_error(413), "sendMessage")
    await outbox.put(lin)
    await deliverer.deliver_due()
    assert [(row.state, row.why) for row in await outbox.rows()] == [("dead", "BadRequest: http 413")]


async def test_a_flood_that_does_not_say_how_long_waits_five_seconds(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person, clock: FrozenClock
) -> None:
    telegram.inject(server_error(429), "sendMessage")
    await outbox.put(lin)
    await deliverer.deliver_due()
    assert [row.next_at for row in await outbox.rows()] == [clock.now() + timedelta(seconds=5)]


async def test_of_a_long_text_only_what_is_missing_is_sent_again(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person, clock: FrozenClock
) -> None:
    telegram.inject(server_error(), "sendMessage", skip=1)
    long = "\n\n".join(f"{number} " + "字" * 3000 for number in range(3))
    await outbox.put(lin, long, choices=[{"label": "ok", "data": "ok"}])
    await deliverer.deliver_due()
    assert len(said(lin)) == 1
    clock.passes(seconds=2)
    await deliverer.deliver_due()
    assert "\n\n".join(said(lin)) == long
    assert [message.labels for message in lin.bot_messages] == [(), (), ("ok",)]
    (row,) = await outbox.rows()
    assert (row.state, row.sent_id) == ("sent", lin.bot_messages[-1].id)


async def test_a_sender_that_lost_its_row_sends_no_more_of_it(
    deliverer: Deliverer, outbox: Outbox, telegram: FakeTelegram, lin: Person, journal: Journal, bot: Bot
) -> None:
    telegram.inject(slow(0.1), "sendMessage")
    await outbox.put(lin, "字" * 5000)
    async with asyncio.TaskGroup() as group:
        group.create_task(deliverer.deliver_due())
        await telegram.called("sendMessage")
        async with journal.begin() as tx:
            assert await settle_orphans(tx, "telegram", bot.id, alone=True) == 1
            await tx.commit()
    assert [len(text) for text in said(lin)] == [4096, 4096, 904]
    assert await outbox.states() == ["sent"]


async def test_what_shows_nothing_and_what_nobody_can_read_block_no_chat(
    deliverer: Deliverer, outbox: Outbox, lin: Person
) -> None:
    await outbox.put(lin, "\u200b")
    await outbox.put(lin, choices=[{"label": "no data"}])
    await outbox.put(lin, "next")
    await deliverer.deliver_due()
    assert said(lin) == ["next"]
    assert [(row.state, row.why) for row in await outbox.rows()] == [
        ("sent", ""),
        ("dead", "payload: KeyError"),
        ("sent", ""),
    ]


async def test_sending_keeps_telegrams_pace(
    journal: Journal, bot: Bot, outbox: Outbox, telegram: FakeTelegram, clock: FrozenClock
) -> None:
    telegram.pace()
    deliverer = Deliverer(journal, bot, owner="test", pace=Pace(burst=1))
    people = [telegram.person(f"P{number}") for number in range(35)]
    for person in people:
        await outbox.put(person, "one")
    await outbox.put(people[0], "字" * 5000)
    seconds = 0
    while set(await outbox.states()) != {"sent"}:
        await deliverer.deliver_due()
        clock.passes(seconds=1)
        seconds += 1
    assert {call.outcome for call in telegram.calls_of("sendMessage")} == {"200"}
    assert [len(text) for text in said(people[0])] == [3, 4096, 904]
    assert seconds == 3


async def test_a_short_burst_into_a_chat_is_allowed(
    journal: Journal, bot: Bot, outbox: Outbox, lin: Person
) -> None:
    deliverer = Deliverer(journal, bot, owner="test")
    for number in range(5):
        await outbox.put(lin, str(number))
    await deliverer.deliver_due()
    assert said(lin) == ["0", "1", "2"]


async def test_a_nudge_gets_its_words_when_it_goes_and_a_reply_has_them(
    journal: Journal, bot: Bot, outbox: Outbox, telegram: FakeTelegram, lin: Person
) -> None:
    kim = telegram.person("Kim")
    asked = []

    async def prepare(row_id: int, now: datetime, /) -> dict[str, Any] | None:
        asked.append(row_id)
        return {"text": "words"} if row_id == 2 else None

    deliverer = Deliverer(journal, bot, owner="test", prepare=prepare)
    await outbox.put(lin)
    await outbox.put(kim, "", must=False)
    await outbox.put(telegram.person("Quiet"), "", must=False)
    await deliverer.deliver_due()
    assert asked == [2, 3]
    assert (said(lin), said(kim)) == (["hello"], ["words"])


async def test_a_row_that_breaks_the_sender_is_left_to_its_lease(
    journal: Journal, bot: Bot, outbox: Outbox, lin: Person, clock: FrozenClock
) -> None:
    async def prepare(row_id: int, now: datetime, /) -> dict[str, Any] | None:
        raise ZeroDivisionError

    deliverer = Deliverer(journal, bot, owner="test", prepare=prepare)
    await outbox.put(lin, must=False)
    await outbox.put(lin, "reply")
    await deliverer.deliver_due()
    assert await outbox.states() == ["sending", "queued"]
    clock.passes(seconds=61)
    await deliverer.deliver_due()
    assert (await outbox.states(), said(lin)) == (["unknown", "sent"], ["reply"])


async def test_it_runs_until_it_is_told_to_stop(deliverer: Deliverer, outbox: Outbox, lin: Person) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(deliverer.run())
        for text in ("one", "two"):
            await outbox.put(lin, text)
            deliverer.wake()
            await lin.hears(text)
        deliverer.stop()
        async with asyncio.timeout(1):
            await running
    assert await outbox.states() == ["sent", "sent"]


async def test_what_is_cut_off_by_a_stop_is_settled_at_the_next_start(
    journal: Journal, bot: Bot, outbox: Outbox, telegram: FakeTelegram, lin: Person
) -> None:
    kim = telegram.person("Kim")
    telegram.inject(hang(acts=True), "sendMessage", times=2)
    await outbox.put(lin)
    await outbox.put(kim, must=False)
    patient = Bot(
        telegram.token,
        base_url=telegram.base_url,
        request=TelegramRequest(8, read_timeout=60, trust=TRUST),
        get_updates_request=TelegramRequest(1, trust=TRUST),
    )
    async with patient, asyncio.timeout(3), asyncio.TaskGroup() as group:
        stopped = Deliverer(journal, patient, owner="a", alone=True, grace=timedelta(milliseconds=50))
        group.create_task(stopped.run())
        await telegram.called("sendMessage", times=2)
        stopped.stop()
    assert await outbox.states() == ["sending", "sending"]
    await Deliverer(journal, bot, owner="b", alone=True).deliver_due()
    assert await outbox.states() == ["sent", "unknown"]
    assert (len(said(lin)), len(said(kim))) == (2, 1)


async def test_sending_goes_on_after_the_database_was_away(
    sqlite_engine: AsyncEngine, bot: Bot, outbox: Outbox, lin: Person, clock: FrozenClock
) -> None:
    class Shaky(Journal):
        tries = 0

        def read(self) -> Any:  # noqa: ANN401  # the context manager of the parent
            self.tries += 1
            if self.tries == 1:
                raise OSError("the disk is away")
            return super().read()

    journal = Shaky(sqlite_engine, clock)
    deliverer = Deliverer(journal, bot, owner="a", look_again=timedelta(milliseconds=10))
    await outbox.put(lin)
    async with asyncio.TaskGroup() as group:
        group.create_task(deliverer.run())
        await lin.hears("hello")
        deliverer.stop()
    assert journal.tries > 1


async def test_no_word_of_a_message_is_in_the_log_or_in_a_reason(
    deliverer: Deliverer,
    outbox: Outbox,
    telegram: FakeTelegram,
    lin: Person,
    clock: FrozenClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "bot")
    caplog.set_level(logging.INFO, "telegram")
    for fault in (
        malformed(),
        server_error(),
        drop_after(),
        hang(),
        refused("Can't parse entities: 我今天很累"),
        refused("我今天很累 is no button"),
    ):
        telegram.inject(fault, "sendMessage")
    await outbox.put(lin, DIARY)
    for _ in range(6):
        await deliverer.deliver_due()
        clock.passes(minutes=1)
    assert await outbox.states() == ["dead"]
    told = caplog.text + "".join(row.why for row in await outbox.rows())
    assert "BadRequest" in told
    for secret in ("累", "tired", telegram.token):
        assert secret not in told


async def test_typing_is_shown_while_somebody_thinks_and_never_in_the_way(
    bot: Bot, telegram: FakeTelegram, lin: Person
) -> None:
    telegram.inject(server_error(), "sendChatAction")
    async with typing(bot, lin.id, every=0.01):
        await telegram.called("sendChatAction", times=3)
    assert {event.kind for event in lin.events} == {Happened.ACTION}
    with pytest.raises(ZeroDivisionError):
        async with typing(bot, lin.id):
            raise ZeroDivisionError


@pytest.mark.parametrize("sends", [120, pytest.param(1000, marks=pytest.mark.slow)])
async def test_with_many_faults_nothing_is_lost_and_only_doubts_are_doubled(
    deliverer: Deliverer,
    outbox: Outbox,
    telegram: FakeTelegram,
    journal: Journal,
    clock: FrozenClock,
    sends: int,
) -> None:
    people = [telegram.person(f"P{number}") for number in range(20)]
    for number in range(sends):
        await outbox.put(people[number % 20], f"{number:04}", must=number % 4 != 0)
    certain = (flood(2), drop_before(), server_error())
    doubtful = (drop_after(), malformed(), server_error(500, acts=True))
    for seed, fault in enumerate(certain + doubtful):
        telegram.inject(fault, "sendMessage", rate=0.05, times=None, seed=seed)
    while (await count_outbox(journal)).keys() & {"queued", "sending"}:
        await deliverer.deliver_due()
        clock.passes(seconds=1)
    heard = Counter(text for person in people for text in said(person))
    must = {f"{number:04}" for number in range(sends) if number % 4}
    assert must <= heard.keys()
    assert all(count == 1 for text, count in heard.items() if text not in must)
    doubts = sum(telegram.faults.count()[name] for name in ("drop after", "malformed", "500"))
    doubled = heard.total() - len(heard)
    assert doubled <= doubts
    told = ", ".join(f"{times} × {name}" for name, times in telegram.faults.count().items())
    print(f"\n{sends} sends, {told}: 0 replies lost, {doubled} read twice of {doubts} in doubt")  # noqa: T201
    for person in people:
        assert said(person) == sorted(said(person))


async def test_two_senders_on_postgres_share_the_chats_and_keep_their_order(
    postgres_engine: AsyncEngine, bot: Bot, telegram: FakeTelegram, clock: FrozenClock
) -> None:
    journal = Journal(postgres_engine, clock)
    outbox = Outbox(journal, bot)
    people = [telegram.person(f"P{number}") for number in range(6)]
    for number in range(48):
        await outbox.put(people[number % 6], f"{number:02}", must=number % 4 != 0)
    wide = Pace(per_second=1000, burst=1000)
    senders = [Deliverer(journal, bot, owner=name, concurrency=3, pace=wide) for name in "ab"]
    while set(await outbox.states()) != {"sent"}:
        async with asyncio.TaskGroup() as group:
            for sender in senders:
                group.create_task(sender.deliver_due())
    for number, person in enumerate(people):
        assert said(person) == [f"{each:02}" for each in range(number, 48, 6)]


# --- the picture of a review -------------------------------------------------------------------------------

FIGURE = Figure(
    "en",
    ("Mar 23", "Mar 30"),
    {"kept": (1, 2), "moved": (0, 1)} | dict.fromkeys(("dropped", "missed"), (0, 0)),
    {"impact": (1, 3)},
)
WORDS = "The week told back."
PLAN = [{"label": "/plan", "data": "cmd:plan"}]


async def arrive(deliverer: Deliverer, clock: FrozenClock) -> None:
    """Everything that is due now and in the next minutes: a chat takes one message a second."""
    for _ in range(5):
        await deliverer.deliver_due()
        clock.passes(seconds=70)


async def test_the_picture_follows_the_words_with_the_week_in_its_caption(
    deliverer: Deliverer,
    outbox: Outbox,
    telegram: FakeTelegram,
    lin: Person,
    clock: FrozenClock,
) -> None:
    await outbox.put(lin, WORDS, figure=FIGURE.to_json(), choices=PLAN)
    await arrive(deliverer, clock)
    words, picture = lin.bot_messages
    assert words.text == WORDS
    assert picture.text.startswith("This week: 2 kept, 1 moved")
    assert picture.labels == ("/plan",)
    (photo, *_) = picture.content["photo"]
    assert telegram.world.files[photo["file_id"]].content.startswith(b"\x89PNG")


async def test_a_line_that_breaks_before_the_picture_loses_nothing_and_doubles_nothing(
    deliverer: Deliverer,
    outbox: Outbox,
    telegram: FakeTelegram,
    lin: Person,
    clock: FrozenClock,
) -> None:
    await outbox.put(lin, WORDS, figure=FIGURE.to_json())
    telegram.inject(drop_before(), "sendPhoto")
    await arrive(deliverer, clock)
    assert [bool(m.content.get("photo")) for m in lin.bot_messages] == [False, True]


async def test_what_cannot_be_drawn_is_said(
    deliverer: Deliverer,
    outbox: Outbox,
    lin: Person,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(figure: Figure) -> bytes:
        raise OSError

    monkeypatch.setattr(call, "draw_png", broken)
    await outbox.put(lin, WORDS, figure=FIGURE.to_json())
    await arrive(deliverer, clock)
    assert [m.text for m in lin.bot_messages] == [WORDS, FIGURE.caption]


async def test_calls_that_are_cancelled_while_they_connect_hold_no_connection(telegram: FakeTelegram) -> None:
    ann = telegram.person("Ann")
    await ann.says("hi")
    async with Bot(
        telegram.token, base_url=telegram.base_url, request=TelegramRequest(4, trust=TRUST)
    ) as bot:
        for turns in range(1, 40):
            calls = [asyncio.ensure_future(bot.send_chat_action(ann.user.id, "typing")) for _ in range(3)]
            for _ in range(turns):
                await asyncio.sleep(0)
            for each in calls:
                each.cancel()
            await asyncio.wait(calls)
        sent = await bot.send_message(ann.user.id, "still here", pool_timeout=1.0)
    assert sent.text == "still here"
