"""The server itself: one door for the bot over HTTP, one for the test in Python."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable

from tests.fakes.telegram.api import BotApi, Call
from tests.fakes.telegram.conversation import Conversation
from tests.fakes.telegram.faults import Fault, Faults, Injection, Pacing
from tests.fakes.telegram.group import Group
from tests.fakes.telegram.person import Person
from tests.fakes.telegram.profile import Profile
from tests.fakes.telegram.records import User
from tests.fakes.telegram.updates import UpdateQueue
from tests.fakes.telegram.webhook import Webhook
from tests.fakes.telegram.wire import HangUp, HttpServer, Request, Response
from tests.fakes.telegram.world import World

BOT_ID = 123_456_789


class FakeTelegram:
    """A Telegram for one bot, on loopback.

    Args:
        token: The only token it knows.
        clock: Seconds since 1970, for dates, expiry and pacing. Long polls wait in real time.
        tap_seconds: How long a tap can be answered.
        webhook_second: Real seconds that a second between two webhook deliveries takes.
        bot_name: The bot's first name, which is how transcripts call it.
        ids_from: Added to the ids of updates, messages, taps and files, for a fake that is started again
            while the bot remembers the last one.
    """

    def __init__(
        self,
        *,
        token: str = f"{BOT_ID}:{'A' * 35}",
        clock: Callable[[], float] = time.time,
        tap_seconds: float = 15.0,
        webhook_second: float = 1.0,
        bot_name: str = "Offramp",
        ids_from: int = 0,
    ) -> None:
        self.token = token
        self._clock = clock
        self._tap_seconds = tap_seconds
        self._webhook_second = webhook_second
        self._ids_from = ids_from
        self._bot = User(int(token.partition(":")[0]), bot_name, is_bot=True, username="offramp_coach_bot")
        self._http = HttpServer(self._answer)
        self._make_world()

    def _make_world(self) -> None:
        self.world = World(self._bot, self._clock, self._ids_from)
        self.updates = UpdateQueue(self._clock, self.world.announce, self._ids_from)
        self._api = BotApi(
            self.token,
            self.world,
            self.updates,
            tap_seconds=self._tap_seconds,
            webhook_second=self._webhook_second,
        )

    async def _answer(self, request: Request) -> Response | HangUp:
        return await self._api.answer(request)

    @property
    def calls(self) -> list[Call]:
        """Every call of the bot, in order, as it came in."""
        return self._api.calls

    @property
    def faults(self) -> Faults:
        """The faults that were injected, with their counts."""
        return self._api.faults

    @property
    def profile(self) -> Profile:
        """What the bot said about itself: commands, name, descriptions."""
        return self._api.profile

    @property
    def webhook(self) -> Webhook:
        return self._api.webhook

    async def start(self, port: int = 0) -> None:
        """Listens on 127.0.0.1; 0 picks a free port. It takes about a millisecond."""
        await self._http.start(port)

    async def stop(self) -> None:
        """Stops listening, drops every connection, and raises what broke inside the fake, if anything did."""
        await self.webhook.stop()
        await self._http.stop()
        if self._http.crashes:
            raise self._http.crashes[0]

    async def __aenter__(self) -> "FakeTelegram":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def reset(self) -> None:
        """Forgets everything but the port and the token, and drops every connection."""
        await self.webhook.stop()
        await self._http.drop_connections()
        self._make_world()

    @contextlib.asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """Nobody listens on the port for a while: connections are refused. What is queued stays."""
        port = self._http.port
        await self._http.stop()
        try:
            yield
        finally:
            await self._http.start(port)

    @property
    def url(self) -> str:
        """Where it listens, as a local Bot API server is named: ``http://127.0.0.1:8081``."""
        return f"http://127.0.0.1:{self._http.port}"

    @property
    def base_url(self) -> str:
        """``base_url`` for ``telegram.Bot``."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        """``base_file_url`` for ``telegram.Bot``."""
        return f"{self.url}/file/bot"

    def person(
        self, name: str, *, language_code: str = "en", has_started: bool = True, user_id: int | None = None
    ) -> Person:
        """Somebody with a private chat.

        Args:
            name: Their first name.
            language_code: The language of their Telegram.
            has_started: Whether they pressed Start once; a bot cannot write first to who did not.
            user_id: Their id, which is also the chat's; by default the next free one.
        """
        chat = self.world.add_person(name, language_code, has_started, user_id)
        return Person(self.world, self.updates, chat)

    def group(self, title: str) -> Group:
        """A group without the bot in it."""
        return Group(self.world, self.updates, self.world.add_group(title))

    def transcript(self, chat: Conversation, *, times: bool = False, actions: bool = False) -> str:
        return chat.transcript(times=times, actions=actions)

    def inject(
        self,
        fault: Fault,
        method: str | None = None,
        *,
        chat: Conversation | None = None,
        times: int | None = 1,
        skip: int = 0,
        rate: float = 1.0,
        seed: int = 0,
    ) -> Injection:
        """Spoils calls that are still to come; see `Injection` for the meaning of each number."""
        injection = Injection(fault, method, chat.id if chat else None, times, skip, rate, seed)
        self.faults.injections.append(injection)
        return injection

    def pace(self, *, per_chat: float = 1.0, per_second: int = 30) -> None:
        """From now on answers 429 to who sends faster than Telegram allows."""
        self._api.pacing = Pacing(self._clock, per_chat, per_second)

    def calls_of(self, method: str) -> tuple[Call, ...]:
        return tuple(call for call in self.calls if call.method.lower() == method.lower())

    async def called(self, method: str, *, times: int = 1, within: float = 5.0) -> tuple[Call, ...]:
        """Waits until a method has been called so often.

        Raises:
            AssertionError: It was not.
        """
        await self.until(lambda: len(self.calls_of(method)) >= times, within, f"{times} calls of {method}")
        return self.calls_of(method)

    async def all_confirmed(self, *, within: float = 5.0) -> None:
        """Waits until the bot has confirmed every update.

        Raises:
            AssertionError: Some are left.
        """
        await self.until(lambda: not self.updates.waiting, within, "all updates confirmed")

    async def polled(self, *, within: float = 10.0) -> None:
        """Waits until a bot is listening, by a waiting poll or by a webhook.

        Raises:
            AssertionError: None is.
        """
        await self.until(
            lambda: self._api.poller.is_waiting or bool(self.webhook.url), within, "a bot listening"
        )

    async def until(self, is_so: Callable[[], bool], within: float, what: str) -> None:
        """Waits until something is so, looking again after each call, event and update.

        Raises:
            AssertionError: It did not become so within these real seconds; `what` says what was hoped for.
        """
        try:
            async with asyncio.timeout(within):
                while not is_so():
                    await self.world.news()
        except TimeoutError:
            outcomes = ", ".join(f"{call.method} {call.outcome}" for call in self.calls[-20:])
            raise AssertionError(f"not within {within} s: {what}; last calls: {outcomes}") from None
