"""A conversation as a person would read it."""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime

from tests.fakes.telegram.records import Event, Happened, Message

_FILE_KINDS = ("document", "photo", "voice", "location", "sticker", "poll", "audio", "video", "contact")


def render_transcript(
    events: Iterable[Event], *, times: bool = False, actions: bool = False, originals: dict[int, Message]
) -> str:
    """The events of a chat as text.

    Args:
        events: What happened.
        times: Whether each line begins with the time of the day in UTC.
        actions: Whether "typing" and drafts are told as well.
        originals: The messages a reply may point to, by id.
    """
    quiet = set() if actions else {Happened.ACTION, Happened.DRAFT}
    lines = []
    for event in events:
        if event.kind in quiet:
            continue
        stamp = f"{datetime.fromtimestamp(event.at, UTC):%H:%M:%S} " if times else ""
        first, *rest = render_event(event, originals)
        lines += [stamp + first, *(" " * len(stamp) + line for line in rest)]
    return "\n".join(lines)


def render_event(event: Event, originals: dict[int, Message], *, numbered: bool = False) -> list[str]:
    """One event as lines; with `numbered` the buttons count through, as a terminal needs it."""
    message = event.message
    if message and event.kind is Happened.MESSAGE:
        return _message_lines(f"{event.who}: ", message, originals, numbered)
    if message and event.kind is Happened.EDIT:
        return _message_lines(f"{event.who} edits #{message.id}: ", message, originals, numbered)
    if message and event.kind is Happened.DELETION:
        return [f"{event.who} deletes #{message.id}: {message.text}"]
    return [
        {
            Happened.TAP: f"{event.who} taps [{event.text}]",
            Happened.TAP_ANSWER: f"{event.who} answers the tap" + (f": {event.text}" if event.text else ""),
            Happened.ACTION: f"{event.who} … {event.text}",
            Happened.DRAFT: f"{event.who} drafts: {event.text}",
        }.get(event.kind, f"{event.who}: the bot is now {event.text}")
    ]


def _message_lines(lead: str, message: Message, originals: dict[int, Message], numbered: bool) -> list[str]:
    lines = []
    if message.quote:
        lines.append(f"> {message.quote.text}")
    elif message.reply_to in originals:
        lines.append(f"> (reply to #{message.reply_to}) {originals[message.reply_to].text[:60]}")
    for kind in _FILE_KINDS:
        if kind in message.content:
            about = message.content[kind]
            name = about.get("file_name", "") if isinstance(about, dict) else ""
            lines.append(f"<{kind}{' ' + name if name else ''}>")
    lines += message.text.split("\n") if message.text else []
    number = itertools.count(1)
    for row in message.keyboard:
        lines.append(" ".join(f"[{f'{next(number)} ' if numbered else ''}{button.label}]" for button in row))
    return [(lead if not index else "    ") + line for index, line in enumerate(lines or [""])]
