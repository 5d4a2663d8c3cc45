"""The Bot API over HTTP: tokens, parameters, faults, and which method answers."""

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from tests.fakes.telegram.chats import Chats
from tests.fakes.telegram.errors import ApiError, not_found, unauthorized
from tests.fakes.telegram.faults import FOREVER, Fault, Faults, Pacing, refusal
from tests.fakes.telegram.files import Files
from tests.fakes.telegram.params import Params, read_params
from tests.fakes.telegram.polling import Poller
from tests.fakes.telegram.profile import Profile
from tests.fakes.telegram.sending import Sending
from tests.fakes.telegram.updates import UpdateQueue
from tests.fakes.telegram.webhook import Webhook
from tests.fakes.telegram.wire import HangUp, Request, Response
from tests.fakes.telegram.world import World

_PATH = re.compile(r"/(?P<file>file/)?bot(?P<token>[^/]*)/(?P<rest>[^?]*)(?:\?(?P<query>.*))?")
_TOKEN_SHAPE = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{20,}")
_PACED = frozenset({"sendmessage", "senddocument", "sendphoto"})

Method = Callable[[Params], Any]


@dataclass
class Call:
    """One call of the Bot API, as it came in.

    Attributes:
        outcome: ``"200"`` or another status; ``"dropped"``; the name of the fault that spoiled it;
            ``"pending"`` while there is no answer.
        refusal: The description of the error it was answered with.
    """

    method: str
    params: Params
    chat_id: int | None
    at: float
    outcome: str = field(default="pending", compare=False)
    refusal: str = field(default="", compare=False)


class BotApi:
    """Answers the calls of one bot.

    Args:
        token: The only token that is known.
        world: What there is.
        queue: The updates.
        tap_seconds: How long a tap can be answered.
        webhook_second: Real seconds that a second between two webhook deliveries takes.
    """

    def __init__(
        self, token: str, world: World, queue: UpdateQueue, *, tap_seconds: float, webhook_second: float
    ) -> None:
        self._token = token
        self._world = world
        self.calls: list[Call] = []
        self.faults = Faults()
        self.pacing: Pacing | None = None
        self.profile = Profile(world)
        self.poller = Poller(queue)
        self.webhook = Webhook(queue, self.poller, webhook_second)
        sending = Sending(world)
        self._files = Files(world, sending)
        named: dict[str, Method] = {
            **sending.methods(),
            **self._files.methods(),
            **self.profile.methods(),
            **Chats(world, queue, tap_seconds).methods(),
            "getUpdates": self._get_updates,
            "setWebhook": self.webhook.set,
            "deleteWebhook": self.webhook.delete,
            "getWebhookInfo": self.webhook.info,
        }
        self._methods = {name.lower(): method for name, method in named.items()}

    async def answer(self, request: Request) -> Response | HangUp:
        """Carries out one request, unless a fault or a limit is in its way."""
        match = _PATH.fullmatch(request.target)
        if match is None or not _TOKEN_SHAPE.fullmatch(unquote(match["token"])):
            return refusal(not_found())
        if unquote(match["token"]) != self._token:
            return refusal(unauthorized())
        try:
            params = read_params(match["query"] or "", request.headers.get("content-type", ""), request.body)
        except ApiError as error:
            return refusal(error)
        method = "file" if match["file"] else match["rest"]
        chat_id = self._chat_of(params)
        call = Call(method, params, chat_id, self._world.clock())
        self.calls.append(call)
        self._world.announce()
        fault = self.faults.choose(method, chat_id)
        act = self._download(match["rest"]) if match["file"] else self._act(method, params, chat_id)
        try:
            answer = await _spoil(fault, act)
        except asyncio.CancelledError:
            call.outcome = fault.name if fault else "dropped"
            raise
        if isinstance(answer, Response):
            call.outcome = fault.name if fault else str(answer.status)
            call.refusal = _description(answer)
        else:
            call.outcome = fault.name if fault else "dropped"
        self._world.announce()
        return answer

    def _chat_of(self, params: Params) -> int | None:
        tapped = self._world.taps.get(params.text("callback_query_id"))
        return tapped.chat_id if tapped else params.number("chat_id") or None

    async def _act(self, name: str, params: Params, chat_id: int | None) -> Response:
        method = self._methods.get(name.lower())
        if method is None:
            return refusal(not_found("method not found"))
        try:
            if self.pacing and chat_id and name.lower() in _PACED:
                self.pacing.admit(chat_id)
            result = method(params)
            if inspect.isawaitable(result):
                result = await result
        except ApiError as error:
            return refusal(error)
        return Response(200, json.dumps({"ok": True, "result": result}).encode())

    async def _download(self, path: str) -> Response:
        file = self._files.at_path(unquote(path))
        if file is None:
            return refusal(not_found())
        return Response(200, file.content, file.mime)

    async def _get_updates(self, params: Params) -> list[dict[str, Any]]:
        found = self.poller.get_updates(params, webhook_is_set=bool(self.webhook.url))
        # Whoever waits for a listening bot looks again once this poll waits.
        asyncio.get_running_loop().call_soon(self._world.announce)
        return await found


def _description(answer: Response) -> str:
    if answer.status < HTTPStatus.BAD_REQUEST or answer.content_type != "application/json":
        return ""
    return str(json.loads(answer.body).get("description", ""))


async def _spoil(fault: Fault | None, act: Awaitable[Response]) -> Response | HangUp:
    """Carries out a call as the fault wants it, or as it should be."""
    if fault is None:
        return await act
    truth = None
    if fault.acts:
        truth = await act
    elif inspect.iscoroutine(act):
        act.close()
    if fault.delay == FOREVER:
        await asyncio.Event().wait()
    await asyncio.sleep(fault.delay)
    answer = fault.answer or truth
    if fault.drops or answer is None:
        return HangUp()
    if fault.mangles:
        return Response(answer.status, answer.body[: len(answer.body) // 2])
    return answer
