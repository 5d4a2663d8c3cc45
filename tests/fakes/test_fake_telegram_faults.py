"""Everything that can be made to go wrong in the fake."""

import asyncio

import pytest
from telegram import Bot
from telegram.error import Conflict, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from tests.fakes.conftest import Clock, Refusal
from tests.fakes.telegram import (
    FakeTelegram,
    Fault,
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

# python-telegram-bot warns about a type of the future whenever it raises RetryAfter.
pytestmark = pytest.mark.filterwarnings("ignore:.*retry_after:telegram.warnings.PTBDeprecationWarning")


@pytest.mark.parametrize(
    ("fault", "error", "is_sent"),
    [
        (flood(7), RetryAfter, False),
        (blocked(), Forbidden, False),
        (refused("can't parse entities: so says the test"), TelegramError, False),
        (conflicting(), Conflict, False),
        (server_error(), NetworkError, False),
        (server_error(500, acts=True), NetworkError, True),
        (drop_before(), NetworkError, False),
        (drop_after(), NetworkError, True),
        (malformed(), TelegramError, True),
        (hang(), TimedOut, False),
        (hang(acts=True), TimedOut, True),
        (slow(30), TimedOut, True),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else None,
)
async def test_a_fault_is_what_it_says(
    bot: Bot, lin: Person, telegram: FakeTelegram, fault: Fault, error: type[TelegramError], *, is_sent: bool
) -> None:
    injection = telegram.inject(fault, "sendMessage")
    with pytest.raises(error):
        await bot.send_message(lin.id, "in doubt", read_timeout=0.1)
    assert [message.text for message in lin.bot_messages] == (["in doubt"] if is_sent else [])
    assert injection.hits == 1
    await telegram.called("sendMessage")
    await bot.send_message(lin.id, "clear")
    assert lin.bot_messages[-1].text == "clear"
    assert telegram.calls_of("sendMessage")[0].outcome == fault.name
    assert telegram.calls_of("sendMessage")[1].outcome == "200"


async def test_a_slow_answer_is_the_true_one(bot: Bot, lin: Person, telegram: FakeTelegram) -> None:
    telegram.inject(slow(0.05), "sendMessage")
    sent = await bot.send_message(lin.id, "patience")
    assert sent.text == "patience"


async def test_a_flood_says_how_long_to_wait(bot: Bot, lin: Person, telegram: FakeTelegram) -> None:
    telegram.inject(flood(7))
    with pytest.raises(RetryAfter) as told:
        await bot.send_message(lin.id, "x")
    assert told.value.retry_after == 7
    assert telegram.calls[-1].refusal == "Too Many Requests: retry after 7"


async def test_a_fault_keeps_to_its_chat_and_method(bot: Bot, lin: Person, telegram: FakeTelegram) -> None:
    kim = telegram.person("Kim")
    injection = telegram.inject(blocked(), "sendMessage", chat=kim, times=None)
    await bot.send_message(lin.id, "fine")
    await bot.send_chat_action(kim.id, "typing")
    for _ in range(2):
        with pytest.raises(Forbidden):
            await bot.send_message(kim.id, "x")
    assert (injection.seen, injection.hits) == (2, 2)
    injection.stop()
    await bot.send_message(kim.id, "fine again")


async def test_a_fault_can_wait_and_be_counted(bot: Bot, lin: Person, telegram: FakeTelegram) -> None:
    telegram.inject(blocked(), "sendMessage", skip=1, times=2)
    outcomes = []
    for number in range(4):
        try:
            await bot.send_message(lin.id, str(number))
            outcomes.append("sent")
        except Forbidden:
            outcomes.append("refused")
    assert outcomes == ["sent", "refused", "refused", "sent"]
    assert telegram.faults.count() == {"403": 2}


async def test_a_rate_spoils_its_share_and_the_same_calls_each_time(telegram: FakeTelegram) -> None:
    def struck(seed: int) -> list[int]:
        injection = telegram.inject(flood(), rate=0.05, times=None, seed=seed)
        return [number for number in range(1000) if injection.strikes()]

    assert 30 <= len(struck(1)) <= 70
    assert struck(1) == struck(1)
    assert struck(1) != struck(2)


async def test_pacing_lets_one_message_a_second_into_a_chat(
    bot: Bot, lin: Person, telegram: FakeTelegram, clock: Clock
) -> None:
    kim = telegram.person("Kim")
    telegram.pace()
    await bot.send_message(lin.id, "one")
    await bot.send_message(kim.id, "one")
    await bot.send_chat_action(lin.id, "typing")
    clock.passes(0.5)
    with pytest.raises(RetryAfter) as told:
        await bot.send_message(lin.id, "two")
    assert told.value.retry_after == 1
    clock.passes(0.5)
    await bot.send_message(lin.id, "two")
    assert [message.text for message in lin.bot_messages] == ["one", "two"]


async def test_pacing_lets_thirty_messages_a_second_out(
    bot: Bot, telegram: FakeTelegram, clock: Clock
) -> None:
    people = [telegram.person(f"P{number}") for number in range(31)]
    telegram.pace()
    for person in people[:30]:
        await bot.send_message(person.id, "x")
    with pytest.raises(RetryAfter):
        await bot.send_message(people[30].id, "x")
    clock.passes(1)
    await bot.send_message(people[30].id, "x")


async def test_during_an_outage_connections_are_refused_and_nothing_is_lost(
    bot: Bot, lin: Person, telegram: FakeTelegram
) -> None:
    async with telegram.outage():
        await lin.says("anybody there?")
        with pytest.raises(NetworkError, match="ConnectError"):
            await bot.get_me()
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.text == "anybody there?"


async def test_a_download_can_go_wrong_as_well(
    bot: Bot, lin: Person, telegram: FakeTelegram, refusal: Refusal
) -> None:
    await lin.sends_document("x.md", b"# x")
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.document is not None
    file = await update.message.document.get_file()
    telegram.inject(drop_before(), "file")
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    assert bytes(await file.download_as_bytearray()) == b"# x"


async def test_a_hanging_call_does_not_hold_up_the_others_or_the_end(
    bot: Bot, lin: Person, telegram: FakeTelegram
) -> None:
    telegram.inject(hang(), "sendMessage")
    async with asyncio.TaskGroup() as group:
        hanging = group.create_task(gives_up(bot, lin))
        await telegram.called("sendMessage")
        await bot.send_message(lin.id, "past it")
        await telegram.reset()
    assert hanging.result() == "NetworkError"


async def gives_up(bot: Bot, person: Person) -> str:
    try:
        await bot.send_message(person.id, "stuck", read_timeout=60)
    except NetworkError as error:
        return type(error).__name__
    return "sent"


async def test_what_breaks_inside_the_fake_is_shown_at_the_end() -> None:
    def broken_clock() -> float:
        raise ZeroDivisionError

    server = FakeTelegram(clock=broken_clock)
    await server.start()
    bot = Bot(server.token, base_url=server.base_url)
    with pytest.raises(NetworkError):
        await bot.initialize()
    await bot.request.shutdown()
    with pytest.raises(ZeroDivisionError):
        await server.stop()
