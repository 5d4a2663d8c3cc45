"""What the fake model says, and in which way it goes wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FOREVER = 3600.0


@dataclass(frozen=True)
class Answer:
    """One answer of the model, or one way not to answer.

    Attributes:
        arguments: what it fills into the tool it was offered, or writes as JSON without one.
        text: what it says in prose; with ``arguments`` None this is all it says.
        status: an HTTP status; from 400 on an error with ``text`` as its message.
        retry_after: the seconds a 429 names.
        hang: seconds before the first byte.
        drip: seconds between two bytes.
        cut: the connection closes in the middle.
        refusal: it refuses, in the field that is made for it.
        no_tools: a server that answers 400 to a request with tools.
        raw: bytes sent instead of any JSON.
    """

    arguments: dict[str, Any] | None = None
    text: str = ""
    status: int = 200
    retry_after: int | None = None
    hang: float = 0.0
    drip: float = 0.0
    cut: bool = False
    refusal: str = ""
    no_tools: bool = False
    raw: bytes | None = None
    arguments_text: str | None = None  # the tool's arguments as they are written, JSON or not

    def written(self) -> str:
        """The arguments as the model writes them."""
        return self.arguments_text or json.dumps(self.arguments, ensure_ascii=False)


Says = Callable[[dict[str, Any]], Answer]
"""From the body of a request to an answer."""


def tell(body: dict[str, Any]) -> str:
    """The name of what is asked for: the offered tool's, or the schema's, or ``text``."""
    if body.get("tools"):
        return str(body["tools"][0]["function"]["name"])
    wanted = body.get("response_format") or {}
    return str(wanted.get("json_schema", {}).get("name") or wanted.get("type") or "text")
