"""The log: one line an event, in a file of the home, with no word of a diary and no secret in it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

# a bot token, an API key, a password in a URL: they may stand in a library's own messages
_SECRETS = re.compile(
    r"\b\d{6,12}:[A-Za-z0-9_-]{30,}\b|\bsk-[A-Za-z0-9_-]{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
# the update that is being dealt with, such as u123456789:42: neither a person nor a chat
_FOLLOWED: ContextVar[str] = ContextVar("followed", default="")
OURS = ("bot", "memory", "coaching", "prompts")


class Redacted(logging.Formatter):
    """Writes secrets as ``***``, and of an exception its type alone: its text may quote what was stored."""

    def format(self, record: logging.LogRecord) -> str:
        if record.exc_info and record.exc_info[0]:
            record.msg = f"{record.getMessage()} [{record.exc_info[0].__name__}]"
            record.args, record.exc_info, record.exc_text = (), None, None
        return _SECRETS.sub("***", super().format(record))


class JsonLines(Redacted):
    """One JSON object a line: time, level, logger, update and message."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "update": _FOLLOWED.get(),
            "message": super().format(record),
        }
        return json.dumps(line, ensure_ascii=False)


@contextmanager
def followed(update: str) -> Iterator[None]:
    """What is logged inside belongs to this update."""
    token = _FOLLOWED.set(update)
    try:
        yield
    finally:
        _FOLLOWED.reset(token)


def open_log(home: Path, level: str, form: Literal["text", "json"] = "text") -> None:
    """Sends the log to ``offramp.log`` in the home, 1 MB, three files kept; as JSON to standard error."""
    handler: logging.Handler
    if form == "json":
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines("%(message)s"))
    else:
        handler = RotatingFileHandler(
            home / "offramp.log", maxBytes=1_000_000, backupCount=3, encoding="utf-8", delay=True
        )
        handler.setFormatter(Redacted("%(asctime)s %(levelname)s %(name)s %(message)s"))
    # libraries tell what they send and store: httpx the URL with the token, SQLAlchemy each statement,
    # python-telegram-bot each call with its text. Only our own loggers may say more than a warning.
    logging.basicConfig(
        level=max(logging.WARNING, logging.getLevelNamesMapping()[level]), handlers=[handler], force=True
    )
    logging.captureWarnings(capture=True)
    # a tick of many people outlasts its turn, and APScheduler would say so every twenty seconds
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
