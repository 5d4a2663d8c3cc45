"""How the fake hands out updates: by polling and to a webhook, well and badly."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import Conflict

from tests.fakes.conftest import Clock, Refusal
from tests.fakes.telegram import FakeTelegram, Person, drop_after
from tests.fakes.telegram.wire import HttpServer, Request, Response


@pytest.fixture
async def http(telegram: FakeTelegram) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{telegram.base_url}{telegram.token}/") as client:
        yield client


async def poll(http: httpx.AsyncClient, **params: int) -> list[dict[str, Any]]:
    """Updates as they are, for what python-telegram-bot would refuse to parse."""
    answer = await http.get("getUpdates", params=params)
    return list(answer.json()["result"])


def ids(updates: list[dict[str, Any]]) -> list[int]:
    return [update["update_id"] for update in updates]


async def test_updates_come_again_until_the_offset_passes_them(http: httpx.AsyncClient, lin: Person) -> None:
    for text in ("one", "two", "three"):
        await lin.says(text)
    first, second, third = ids(await poll(http))
    assert ids(await poll(http)) == [first, second, third]
    assert ids(await poll(http, limit=2)) == [first, second]
    assert ids(await poll(http, offset=second)) == [second, third]
    assert ids(await poll(http, offset=first)) == [second, third]
    assert await poll(http, offset=third + 1) == []
    assert await poll(http) == []


async def test_a_negative_offset_keeps_only_the_last_ones(http: httpx.AsyncClient, lin: Person) -> None:
    for text in ("one", "two", "three"):
        await lin.says(text)
    (last,) = await poll(http, offset=-1)
    assert last["message"]["text"] == "three"
    assert ids(await poll(http)) == [last["update_id"]]


async def test_an_offset_from_another_age_is_ignored(http: httpx.AsyncClient, lin: Person) -> None:
    await lin.says("still here")
    (update,) = await poll(http, offset=999_000_000)
    assert ids(await poll(http, offset=update["update_id"] + 12)) == [update["update_id"]]
    assert await poll(http, offset=update["update_id"] + 11) == []


async def test_updates_expire_after_a_day_and_taps_sooner(
    http: httpx.AsyncClient, bot: Bot, lin: Person, clock: Clock
) -> None:
    one_button = InlineKeyboardMarkup([[InlineKeyboardButton("a", callback_data="a")]])
    await bot.send_message(lin.id, "x", reply_markup=one_button)
    await lin.taps("a")
    await lin.says("hello")
    clock.passes(151)
    assert [set(update) for update in await poll(http)] == [{"update_id", "message"}]
    clock.passes(86_400)
    assert await poll(http) == []


async def test_a_long_poll_answers_as_soon_as_something_comes(
    bot: Bot, telegram: FakeTelegram, lin: Person
) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(bot.get_updates(timeout=30))
        await telegram.polled()
        await lin.says("now")
    (update,) = waiting.result()
    assert update.message is not None
    assert update.message.text == "now"


async def test_a_long_poll_ends_empty_when_its_time_is_over(http: httpx.AsyncClient) -> None:
    assert await poll(http, timeout=1) == []


async def test_a_second_poller_throws_the_first_one_out(
    http: httpx.AsyncClient, bot: Bot, telegram: FakeTelegram, lin: Person
) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(is_thrown_out(bot))
        await telegram.polled()
        second = group.create_task(poll(http, timeout=30))
        await first
        await lin.says("for the second")
    assert len(second.result()) == 1
    assert telegram.calls_of("getUpdates")[0].refusal == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


async def is_thrown_out(bot: Bot) -> None:
    with pytest.raises(Conflict):
        await bot.get_updates(timeout=30)


async def test_a_poll_whose_client_is_gone_loses_nothing(
    http: httpx.AsyncClient, telegram: FakeTelegram, lin: Person
) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await http.get("getUpdates", params={"timeout": 30}, timeout=0.05)
    await lin.says("after the crash")
    assert len(await poll(http)) == 1


async def test_kinds_that_were_not_asked_for_are_not_kept(
    http: httpx.AsyncClient, bot: Bot, lin: Person
) -> None:
    await bot.get_updates(allowed_updates=["edited_message"])
    said = await lin.says("unheard")
    await lin.edits(said, "heard")
    await poll(http)
    await lin.says("still unheard")
    assert [set(update) - {"update_id"} for update in await poll(http)] == [{"edited_message"}]
    await bot.get_updates(allowed_updates=[])
    await lin.says("heard again")
    assert len(await poll(http)) == 2


async def test_a_duplicate_comes_with_the_same_id_even_when_confirmed(
    http: httpx.AsyncClient, telegram: FakeTelegram, lin: Person
) -> None:
    telegram.updates.duplicate_next()
    await lin.says("twice")
    (first,) = await poll(http, limit=1)
    (again,) = await poll(http, offset=first["update_id"] + 1)
    assert again == first
    assert await poll(http, offset=first["update_id"] + 1) == []


async def test_a_lost_confirmation_brings_confirmed_updates_back(
    http: httpx.AsyncClient, telegram: FakeTelegram, lin: Person
) -> None:
    for text in ("one", "two"):
        await lin.says(text)
    seen = ids(await poll(http))
    assert await poll(http, offset=seen[-1] + 1) == []
    telegram.updates.redeliver(2)
    assert ids(await poll(http, offset=seen[-1] + 1)) == seen


async def test_updates_can_come_in_the_wrong_order(
    http: httpx.AsyncClient, telegram: FakeTelegram, lin: Person
) -> None:
    telegram.updates.reverse_next(3)
    for text in ("one", "two", "three"):
        await lin.says(text)
    (newest,) = await poll(http, limit=1)
    rest = await poll(http, offset=newest["update_id"] + 1)
    assert [update["message"]["text"] for update in (newest, *rest)] == ["three", "two", "one"]


async def test_update_ids_jump_and_start_anew(
    http: httpx.AsyncClient, telegram: FakeTelegram, lin: Person
) -> None:
    await lin.says("one")
    telegram.updates.jump(900_000_000)
    await lin.says("two")
    assert ids(await poll(http))[1] == 900_000_000
    with pytest.raises(RuntimeError, match="only when nothing waits"):
        telegram.updates.jump(5)
    await poll(http, offset=900_000_001)
    telegram.updates.jump(5)
    await lin.says("after an idle week")
    assert ids(await poll(http, offset=900_000_001)) == [5]


async def test_a_malformed_update_has_only_its_id_right(
    http: httpx.AsyncClient, telegram: FakeTelegram, lin: Person
) -> None:
    bad = telegram.updates.push_malformed()
    await lin.says("behind it")
    first, second = await poll(http)
    assert first["update_id"] == bad
    assert first["message"]["chat"] is None
    assert second["message"]["text"] == "behind it"


async def test_an_update_of_any_shape_can_be_pushed(http: httpx.AsyncClient, telegram: FakeTelegram) -> None:
    telegram.updates.push_raw({"message": {"text": "half \ud83d", "date": -1}, "new_kind": [None]})
    (update,) = await poll(http)
    assert update["message"]["text"] == "half \ud83d"


async def test_updates_whose_answer_was_lost_come_again(
    http: httpx.AsyncClient, telegram: FakeTelegram, lin: Person
) -> None:
    await lin.says("lost on the way")
    telegram.inject(drop_after(), "getUpdates")
    with pytest.raises(httpx.RemoteProtocolError):
        await poll(http)
    assert len(await poll(http)) == 1


async def test_it_tells_when_everything_is_confirmed(bot: Bot, telegram: FakeTelegram, lin: Person) -> None:
    await lin.says("hello")
    with pytest.raises(AssertionError, match="all updates confirmed"):
        await telegram.all_confirmed(within=0.01)
    (update,) = await bot.get_updates()
    async with asyncio.TaskGroup() as group:
        confirmed = group.create_task(telegram.all_confirmed())
        await bot.get_updates(offset=update.update_id + 1)
    assert confirmed.done()


@dataclass
class Hook:
    """A webhook that answers as told and keeps what it got."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    three_came: asyncio.Event = field(default_factory=asyncio.Event)
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: Request) -> Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.at_once == 3:
            self.three_came.set()
        self.secrets.append(request.headers.get("x-telegram-bot-api-secret-token"))
        await self.is_open.wait()
        self.at_once -= 1
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.got.append(json.loads(request.body))
        return Response(status, b"")

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.got if "message" in update]


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    hook.is_open.set()
    server = HttpServer(hook.take)
    await server.start()
    hook.url = f"http://127.0.0.1:{server.port}/hook"
    yield hook
    await server.stop()
    assert server.crashes == []


async def test_a_webhook_gets_updates_with_its_secret(
    bot: Bot, telegram: FakeTelegram, lin: Person, hook: Hook
) -> None:
    await lin.says("before")
    await bot.set_webhook(hook.url, secret_token="Canary_1-x")
    await lin.says("after")
    await telegram.all_confirmed()
    assert hook.texts() == ["before", "after"]
    assert hook.secrets == ["Canary_1-x", "Canary_1-x"]
    info = await bot.get_webhook_info()
    assert (info.url, info.pending_update_count, info.last_error_message) == (hook.url, 0, None)


async def test_a_failed_delivery_is_tried_again_before_the_ones_behind_it(
    bot: Bot, telegram: FakeTelegram, lin: Person, hook: Hook
) -> None:
    kim = telegram.person("Kim")
    hook.statuses = [500, 503, 500]
    hook.is_open.clear()
    for text in ("one", "two", "three"):
        await lin.says(text)
    await bot.set_webhook(hook.url)
    hook.is_open.set()
    await telegram.all_confirmed()
    assert hook.texts() == ["one", "two", "three"]
    assert telegram.webhook.deliveries == 6
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
    await kim.says("another chat")
    await telegram.all_confirmed()
    assert hook.texts()[-1] == "another chat"


async def test_chats_are_delivered_side_by_side_up_to_max_connections(
    bot: Bot, telegram: FakeTelegram, hook: Hook
) -> None:
    hook.is_open.clear()
    for number in range(5):
        person = telegram.person(f"P{number}")
        await person.says("one")
        await person.says("two")
    await bot.set_webhook(hook.url, max_connections=3)
    await hook.three_came.wait()
    hook.is_open.set()
    await telegram.all_confirmed()
    assert hook.most_at_once == 3
    for chat_id in {update["message"]["chat"]["id"] for update in hook.got}:
        mine = [update["message"] for update in hook.got if update["message"]["chat"]["id"] == chat_id]
        assert [message["text"] for message in mine] == ["one", "two"]


async def test_a_webhook_that_is_down_gets_everything_later(
    bot: Bot, telegram: FakeTelegram, lin: Person, hook: Hook, unused_tcp_port: int
) -> None:
    await bot.set_webhook(f"http://127.0.0.1:{unused_tcp_port}/hook")
    await lin.says("patience")
    await telegram.until(lambda: telegram.webhook.last_error == "Connection refused", 5, "a refusal")
    await bot.set_webhook(hook.url)
    await telegram.all_confirmed()
    assert hook.texts() == ["patience"]


async def test_polling_and_a_webhook_exclude_each_other(
    bot: Bot, telegram: FakeTelegram, hook: Hook, lin: Person, refusal: Refusal
) -> None:
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(is_thrown_out(bot))
        await telegram.polled()
        await bot.set_webhook(hook.url)
        await waiting
    assert "Conflict: terminated by setWebhook request" in [call.refusal for call in telegram.calls]
    assert "can't use getUpdates method while webhook is active" in await refusal(bot.get_updates())
    await bot.delete_webhook()
    await lin.says("polled again")
    assert len(await bot.get_updates()) == 1


async def test_dropping_pending_updates_empties_the_queue(bot: Bot, lin: Person) -> None:
    await lin.says("never mind")
    await bot.delete_webhook(drop_pending_updates=True)
    assert await bot.get_updates() == ()


async def test_webhooks_are_checked(bot: Bot, refusal: Refusal) -> None:
    elsewhere = await refusal(bot.set_webhook("https://bot.example.org/hook"))
    assert "writes to loopback only" in elsewhere
    assert await refusal(bot.set_webhook("http://127.0.0.1:1/x", secret_token="a b")) == (
        "Bad Request: secret token contains unallowed characters"
    )
