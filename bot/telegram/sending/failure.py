"""What an error of a send means: was it sent, and is there a point in trying again?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

import httpx
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    TelegramError,
)

from bot.telegram.sending.request import Flood


class Meaning(Enum):
    """The five ways a send can fail."""

    FLOOD = auto()  # not sent: this chat is to rest
    DOWN = auto()  # not sent: nobody can be reached, or the token is not taken
    REFUSED = auto()  # not sent, and never will be
    BLOCKED = auto()  # not sent: the person does not want it
    DOUBT = auto()  # perhaps sent


@dataclass(frozen=True, slots=True)
class Failure:
    """``why`` is made of our own words and of names, never of Telegram's sentence: that may quote a text."""

    meaning: Meaning
    why: str
    wait: timedelta = timedelta()


_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
# Descriptions worth keeping; all others may hold words of the message.
_TELLING = re.compile(
    r"chat not found|message is too long|text must be non-empty|message text is empty|button_data_invalid|"
    r"reply markup is too long|user is deactivated|bot was blocked|can't initiate|peer_id_invalid|"
    r"file must be non-empty|not enough rights|topic_closed|http 4\d\d",
    re.IGNORECASE,
)


def read_failure(error: TelegramError | TimeoutError) -> Failure:
    """The meaning of what a call raised."""
    cause = error.__cause__
    match error:
        case Flood():
            return Failure(Meaning.FLOOD, "429", error.wait)
        case Forbidden():
            return Failure(Meaning.BLOCKED, _name(error))
        case InvalidToken() | Conflict():
            # the token is wrong or gone; the messages are not, and go out once it is right
            return Failure(Meaning.DOWN, _name(error))
        case BadRequest() | ChatMigrated() | EndPointNotFound():
            return Failure(Meaning.REFUSED, _name(error))
    if isinstance(cause, _NEVER_SENT):
        return Failure(Meaning.DOWN, _name(cause))
    return Failure(Meaning.DOUBT, _name(cause or error))


def _name(error: BaseException) -> str:
    telling = _TELLING.search(str(error))
    return f"{type(error).__name__}: {telling.group().lower()}" if telling else type(error).__name__
