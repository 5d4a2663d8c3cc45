"""The server: chat completions whole or streamed, with tools or JSON or prose, and transcriptions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, Self

from tests.fakes.openai.saying import Answer, Says, tell
from tests.fakes.telegram.wire import HangUp, HttpServer, Request, Response, Stream

MODEL = "fake"


@dataclass(frozen=True)
class Asked:
    """One request that came in, to assert on."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str] = field(repr=False)

    @property
    def tool(self) -> str:
        """What it wanted filled in."""
        return tell(self.body)

    @property
    def prompt(self) -> str:
        """Everything that was said to the model."""
        return "\n\n".join(str(message["content"]) for message in self.body.get("messages", ()))


def _nothing(body: dict[str, Any]) -> Answer:
    del body
    return Answer(text="I was told nothing.")


class FakeOpenAI:
    """Answers what ``says`` makes of a request, or what was put in line with ``then``, first in first out."""

    def __init__(self, says: Says = _nothing) -> None:
        self.says = says
        self.heard = "今天又改了一版周报"  # what a transcription of any sound says
        self.asked: list[Asked] = []
        self._line: list[Answer] = []
        self._http = HttpServer(self._answer)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listens on 127.0.0.1; 0 picks a free port."""
        await self._http.start(port)

    async def stop(self) -> None:
        """Hangs up on everybody.

        Raises:
            Exception: what crashed a handler, if anything did.
        """
        await self._http.stop()
        if self._http.crashes:
            raise self._http.crashes[0]

    @property
    def base_url(self) -> str:
        """As ``OFFRAMP_MODEL_BASE_URL`` wants it."""
        return f"http://127.0.0.1:{self._http.port}/v1"

    def then(self, *answers: Answer) -> None:
        """Puts answers in line; when the line is over ``says`` speaks again."""
        self._line.extend(answers)

    def of(self, tool: str) -> tuple[Asked, ...]:
        """The requests that wanted this filled in."""
        return tuple(each for each in self.asked if each.tool == tool)

    async def _answer(self, request: Request) -> Response | Stream | HangUp:
        path = request.target.partition("?")[0].removeprefix("/v1")
        headers = dict(request.headers)
        if path == "/audio/transcriptions":
            form = _read_form(headers.get("content-type", ""), request.body)
            self.asked.append(Asked(path, form, headers))
            answer = self._line.pop(0) if self._line else Answer(text=self.heard)
            return await self._transcribe(answer, form)
        if path == "/models":
            return _json(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        if path != "/chat/completions":
            return _json(404, {"error": {"message": f"no {path} here"}})
        body: dict[str, Any] = json.loads(request.body)
        self.asked.append(Asked(path, body, headers))
        answer = self._line.pop(0) if self._line else self.says(body)
        await asyncio.sleep(answer.hang)
        if answer.no_tools and (body.get("tools") or body.get("response_format")):
            return _json(400, {"error": {"message": "tools are not supported", "type": "invalid_request"}})
        if answer.status >= 400:
            return _failed(answer)
        if answer.raw is not None:
            return Response(200, answer.raw)
        if body.get("stream"):
            return Stream(_events(answer, body))
        written = json.dumps(_completion(answer, body), ensure_ascii=False).encode()
        if answer.cut:
            return Stream(_break_off(written), "application/json")
        if answer.drip:
            return Stream(_drip(written, answer.drip), "application/json")
        return Response(200, written)

    async def _transcribe(self, answer: Answer, form: dict[str, Any]) -> Response | Stream | HangUp:
        await asyncio.sleep(answer.hang)
        if answer.cut:
            return HangUp()
        if answer.status >= 400:
            return _failed(answer)
        if form.get("response_format") == "text":
            return Response(200, answer.text.encode(), "text/plain")
        return _json(200, {"text": answer.text})


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(status, json.dumps(body, ensure_ascii=False).encode())


def _failed(answer: Answer) -> Response:
    headers = (("Retry-After", str(answer.retry_after)),) if answer.retry_after is not None else ()
    error = {"error": {"message": answer.text or "it went wrong", "type": "server_error"}}
    return Response(answer.status, json.dumps(error).encode(), headers=headers)


def _message(answer: Answer, body: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.refusal:
        return {**message, "refusal": answer.refusal}
    if answer.arguments is None and answer.arguments_text is None:
        return message
    if not body.get("tools"):
        return {**message, "content": answer.written()}
    call = {"name": tell(body), "arguments": answer.written()}
    return {**message, "tool_calls": [{"id": "call_1", "type": "function", "function": call}]}


def _usage(answer: Answer, body: dict[str, Any]) -> dict[str, int]:
    """As many tokens as there are three bytes: near enough to count with."""
    asked = len(json.dumps(body, ensure_ascii=False).encode()) // 3
    said = len((answer.text + answer.written()).encode()) // 3
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _completion(answer: Answer, body: dict[str, Any]) -> dict[str, Any]:
    message = _message(answer, body)
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": body.get("model", MODEL),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": _usage(answer, body),
    }


async def _break_off(written: bytes) -> AsyncIterator[bytes | HangUp]:
    yield written[: len(written) // 2]
    yield HangUp()


async def _drip(written: bytes, seconds: float) -> AsyncIterator[bytes | HangUp]:
    for start in range(len(written)):
        yield written[start : start + 1]
        await asyncio.sleep(seconds)


async def _events(answer: Answer, body: dict[str, Any]) -> AsyncIterator[bytes | HangUp]:
    """The message in deltas of a few characters, as server-sent events."""
    message = _message(answer, body)
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": MODEL}

    def event(delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        return b"data: " + json.dumps({**head, "choices": [choice]}, ensure_ascii=False).encode() + b"\n\n"

    yield event({"role": "assistant", "content": ""})
    calls = message.get("tool_calls")
    text = calls[0]["function"]["arguments"] if calls else message["content"] or message.get("refusal", "")
    pieces = [text[start : start + 12] for start in range(0, len(text), 12)]
    for number, piece in enumerate(pieces):
        if answer.cut and number == len(pieces) // 2:
            yield HangUp()
            return
        await asyncio.sleep(answer.drip)
        if calls:
            call = {"index": 0, "function": {"arguments": piece}}
            if number == 0:
                call |= {"id": "call_1", "type": "function"}
                call["function"] = {"name": calls[0]["function"]["name"], "arguments": piece}
            yield event({"tool_calls": [call]})
        else:
            yield event({"content": piece})
    yield event({}, "tool_calls" if calls else "stop")
    used = {**head, "choices": [], "usage": _usage(answer, body)}
    yield b"data: " + json.dumps(used).encode() + b"\n\ndata: [DONE]\n\n"


def _read_form(content_type: str, body: bytes) -> dict[str, Any]:
    """A multipart form: texts as they are, a file by its name, kind and size in bytes."""
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    form: dict[str, Any] = {}
    for part in message.walk():
        name = str(part.get_param("name", header="content-disposition") or "")
        if not name:
            continue
        payload = part.get_payload(decode=True)
        sent = payload if isinstance(payload, bytes) else b""
        if part.get_filename():
            kind = part.get_content_type()
            form[name] = {"filename": part.get_filename(), "type": kind, "bytes": len(sent)}
        else:
            form[name] = sent.decode()
    return form
