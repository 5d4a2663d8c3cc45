"""A Telegram to test a bot against, or to try one without a token.

It listens on loopback and speaks the Bot API as Telegram does where a bot can be hurt by the difference:
updates are confirmed by offsets or delivered to a webhook, markup is parsed and refused in Telegram's words,
lengths are UTF-16 units, quotes must be in the message they quote, and everything that goes wrong on a real
evening can be made to go wrong here.

To chat with a bot in a terminal, start the fake in one and the bot in another::

    python -m tests.fakes.telegram --port 8081 --lang en

    OFFRAMP_TELEGRAM_TOKEN=... OFFRAMP_TELEGRAM_BASE_URL=... offramp run     # the first one prints both

Lines that are typed are messages; a number taps the button with that number; ``:help`` tells the rest. Lines
can come from a pipe: each waits for the answer to the one before it.

In a test, with python-telegram-bot or any other client, unmodified::

    async with FakeTelegram() as telegram:
        bot = Bot(telegram.token, base_url=telegram.base_url, base_file_url=telegram.base_file_url)
        lin = telegram.person("Lin", language_code="zh")

        await lin.says("/start")                      # the bot gets an update
        message = await lin.hears("What is on your mind")
        await lin.taps("I'll do it")                  # by label, part of a label, or data
        await lin.taps("I'll do it", on=message)      # an old keyboard, as it was when it was seen
        assert lin.now(message).labels == ()          # edited since
        print(lin.transcript())                       # readable; lin.events for everything

        telegram.inject(drop_after(), "sendMessage", chat=lin)              # sent, but the answer is lost
        telegram.inject(flood(7), "sendMessage", rate=0.05, times=None)     # one call in twenty
        telegram.updates.duplicate_next()                                   # the same update id again
        telegram.pace()                                                     # 1/s per chat, 30/s overall
        async with telegram.outage(): ...                                   # connections are refused

``telegram.calls`` is what the bot called, raw. ``await telegram.reset()`` forgets everything between tests;
starting a new one per test costs about a millisecond.

Where it is simpler than Telegram: one bot, private chats and basic groups only, no Markdown, no albums, no
inline mode, no answers inside a webhook's response, no penalty for polling too often. Where it is stricter:
``quote_position`` must be exact, pacing allows no bursts, webhooks must be on loopback.
"""

from tests.fakes.telegram.api import Call
from tests.fakes.telegram.conversation import Conversation
from tests.fakes.telegram.faults import (
    Fault,
    Injection,
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
from tests.fakes.telegram.group import Group
from tests.fakes.telegram.person import Person
from tests.fakes.telegram.records import Button, Event, Happened, Message, Quote
from tests.fakes.telegram.server import FakeTelegram
from tests.fakes.telegram.text import Entity, utf16_length, utf16_slice

__all__ = [
    "Button",
    "Call",
    "Conversation",
    "Entity",
    "Event",
    "FakeTelegram",
    "Fault",
    "Group",
    "Happened",
    "Injection",
    "Message",
    "Person",
    "Quote",
    "blocked",
    "conflicting",
    "drop_after",
    "drop_before",
    "flood",
    "hang",
    "malformed",
    "refused",
    "server_error",
    "slow",
    "utf16_length",
    "utf16_slice",
]
