"""Bad behaviour on request: what goes wrong, for which calls, and how often it did."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.telegram.errors import ApiError, bad_request, conflict, forbidden, too_many_requests
from tests.fakes.telegram.wire import Response

FOREVER = float("inf")
_HTML_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<h1>{0}</h1>\r\n</body>\r\n</html>\r\n"
_REASONS = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


@dataclass(frozen=True)
class Fault:
    """One way to go wrong.

    Attributes:
        name: How it is called in counts.
        acts: Whether the method takes effect all the same.
        answer: What is answered instead of the truth; None keeps the true answer.
        delay: Seconds before the answer, `FOREVER` for none at all.
        drops: The connection closes instead of an answer.
        mangles: The answer is cut in the middle, so that it is no JSON.
    """

    name: str
    acts: bool = False
    answer: Response | None = field(default=None, repr=False)
    delay: float = 0.0
    drops: bool = False
    mangles: bool = False


def refusal(error: ApiError) -> Response:
    """An error as HTTP carries it."""
    headers = (("Retry-After", str(error.parameters["retry_after"])),) if error.code == 429 else ()
    return Response(error.code, json.dumps(error.as_json()).encode(), headers=headers)


def flood(retry_after: int = 5) -> Fault:
    """429: not done, come back in `retry_after` seconds."""
    return Fault("429", answer=refusal(too_many_requests(retry_after)))


def blocked() -> Fault:
    """403: the person has blocked the bot."""
    return Fault("403", answer=refusal(forbidden("bot was blocked by the user")))


def refused(reason: str = "chat not found") -> Fault:
    """400 with any reason."""
    return Fault("400", answer=refusal(bad_request(reason)))


def conflicting() -> Fault:
    """409: somebody else polls with this token."""
    return Fault("409", answer=refusal(conflict("terminated by other getUpdates request")))


def server_error(status: int = 502, *, acts: bool = False) -> Fault:
    """5xx with the web server's HTML page; with `acts` the method was carried out before it."""
    page = _HTML_PAGE.format(f"{status} {_REASONS.get(status, 'Error')}").encode()
    return Fault(str(status), acts=acts, answer=Response(status, page, "text/html"))


def drop_before() -> Fault:
    """The connection closes and nothing was done."""
    return Fault("drop before", drops=True)


def drop_after() -> Fault:
    """The method is carried out, then the connection closes without an answer."""
    return Fault("drop after", acts=True, drops=True)


def hang(*, acts: bool = False) -> Fault:
    """No answer ever comes, until the caller gives up; with `acts` the method was carried out."""
    return Fault("hang", acts=acts, delay=FOREVER)


def slow(seconds: float) -> Fault:
    """The method is carried out at once and answered late."""
    return Fault("slow", acts=True, delay=seconds)


def malformed() -> Fault:
    """The method is carried out, and half of the answer arrives."""
    return Fault("malformed", acts=True, mangles=True)


@dataclass
class Injection:
    """A fault that waits for its calls.

    Attributes:
        method: The method it is for, any when None; ``"file"`` is a download.
        chat_id: The chat it is for, any when None.
        times: How many calls it spoils, all when None.
        skip: How many matching calls it lets pass first.
        rate: The share of matching calls it spoils; which ones follows from `seed` alone.
        seen: Matching calls so far.
        hits: Calls spoiled so far.
    """

    fault: Fault
    method: str | None = None
    chat_id: int | None = None
    times: int | None = 1
    skip: int = 0
    rate: float = 1.0
    seed: int = 0
    seen: int = 0
    hits: int = 0

    def matches(self, method: str, chat_id: int | None) -> bool:
        is_method = self.method is None or self.method.lower() == method.lower()
        return is_method and self.chat_id in {None, chat_id}

    def strikes(self) -> bool:
        """Counts one matching call and says whether it is spoiled."""
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.hits >= self.times):
            return False
        draw = hashlib.sha256(f"{self.fault.name}:{self.seed}:{self.seen}".encode()).digest()
        if int.from_bytes(draw[:4], "big") / 2**32 >= self.rate:
            return False
        self.hits += 1
        return True

    def stop(self) -> None:
        """Lets all further calls pass."""
        self.times = self.hits


@dataclass
class Faults:
    """The faults of a test, in the order in which they were asked for; the first that strikes wins."""

    injections: list[Injection] = field(default_factory=list)

    def choose(self, method: str, chat_id: int | None) -> Fault | None:
        for injection in self.injections:
            if injection.matches(method, chat_id) and injection.strikes():
                return injection.fault
        return None

    def count(self) -> dict[str, int]:
        """How often each kind of fault struck."""
        counted: dict[str, int] = {}
        for injection in self.injections:
            counted[injection.fault.name] = counted.get(injection.fault.name, 0) + injection.hits
        return counted


@dataclass
class Pacing:
    """Telegram's limits on sending, kept strictly: one message a second per chat, thirty in all.

    Telegram lets short bursts pass; this does not, so what passes here passes there.

    Attributes:
        per_chat: Seconds between two messages to one chat.
        per_second: Messages to all chats in any one second.
    """

    clock: Callable[[], float]
    per_chat: float = 1.0
    per_second: int = 30
    _last: dict[int, float] = field(default_factory=dict)
    _recent: list[float] = field(default_factory=list)

    def admit(self, chat_id: int) -> None:
        """Counts a message that is about to be sent.

        Raises:
            ApiError: 429 with the whole seconds to wait; the message is not counted.
        """
        now = self.clock()
        self._recent = [at for at in self._recent if at > now - 1.0]
        wait = self._last.get(chat_id, -FOREVER) + self.per_chat - now
        if len(self._recent) >= self.per_second:
            wait = max(wait, self._recent[-self.per_second] + 1.0 - now)
        if wait > 0:
            raise too_many_requests(max(1, -int(-wait // 1)))
        self._last[chat_id] = now
        self._recent.append(now)
