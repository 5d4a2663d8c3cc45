"""A small HTTP/1.1 server that can also behave badly.

A framework always answers. This one hands the connection to the handler's wish: to answer, to hang up
without a word, or to notice that the other side has gone.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import h11

_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Request:
    """One HTTP request, read to its end."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Response:
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class HangUp:
    """The connection closes and nothing is answered."""


@dataclass(frozen=True)
class Stream:
    """An answer that arrives in pieces; a piece that is a HangUp closes the connection in the middle."""

    pieces: AsyncIterator[bytes | HangUp]
    content_type: str = "text/event-stream"


Handler = Callable[[Request], Awaitable[Response | Stream | HangUp]]


class HttpServer:
    """Listens on loopback and hands every request to one handler.

    A handler is cancelled when the other side closes its connection. An exception in a handler closes the
    connection and is kept in `crashes`.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self.crashes: list[Exception] = []
        self.port = 0

    async def start(self, port: int = 0) -> None:
        """Listens on a port of 127.0.0.1; 0 picks a free one. `port` tells which it is."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self._handler, self._connections, self.crashes), "127.0.0.1", port
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stops listening and drops every connection."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        await self.drop_connections()

    async def drop_connections(self) -> None:
        gone = list(self._connections)
        for connection in gone:
            connection.hang_up()
        for connection in gone:
            await connection.ended()


class _Connection(asyncio.Protocol):
    def __init__(self, handler: Handler, connections: "set[_Connection]", crashes: list[Exception]) -> None:
        self._handler = handler
        self._connections = connections
        self._crashes = crashes
        self._http = h11.Connection(h11.SERVER)
        self._transport: asyncio.Transport | None = None
        self._request: h11.Request | None = None
        self._body: list[bytes] = []
        self._answering: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is expected")
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._transport = None
        if self._answering:
            self._answering.cancel()
        self._closed.set()

    def data_received(self, data: bytes) -> None:
        self._http.receive_data(data)
        self._read()

    def hang_up(self) -> None:
        if self._transport:
            self._transport.abort()

    async def ended(self) -> None:
        await self._closed.wait()
        if self._answering:
            await asyncio.wait([self._answering])

    def _read(self) -> None:
        try:
            while self._answering is None and self._transport:
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    self._invite_body()
                    return
                self._take(event)
        except h11.RemoteProtocolError:
            self.hang_up()

    def _invite_body(self) -> None:
        if self._http.they_are_waiting_for_100_continue and self._transport:
            go_on = h11.InformationalResponse(status_code=100, headers=[])
            self._transport.write(self._http.send(go_on) or b"")

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Request):
            self._request = event
            self._body = []
        elif isinstance(event, h11.Data):
            self._body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and self._request:
            request = Request(
                self._request.method.decode(),
                self._request.target.decode(),
                {name.decode(): value.decode("latin-1") for name, value in self._request.headers},
                b"".join(self._body),
            )
            # Not in a TaskGroup: one request that fails must not end the others, and each is kept here.
            self._answering = asyncio.get_running_loop().create_task(self._answer(request))
        else:
            self.hang_up()

    async def _answer(self, request: Request) -> None:
        try:
            outcome = await self._handler(request)
        except Exception as error:  # noqa: BLE001 - the server survives; the crash is shown when it stops
            self._crashes.append(error)
            outcome = HangUp()
        transport = self._transport
        if transport is None:
            return
        if isinstance(outcome, HangUp):
            transport.close()
            return
        if isinstance(outcome, Stream):
            if not await self._pour(transport, outcome):
                transport.abort()
                return
        else:
            self._write(transport, outcome)
        self._answering = None
        if self._http.our_state is h11.MUST_CLOSE:
            transport.close()
        else:
            self._http.start_next_cycle()
            self._read()

    async def _pour(self, transport: asyncio.Transport, stream: Stream) -> bool:
        """Sends the pieces as they come.

        Returns:
            False when the answer is to break off.
        """
        headers = [("Content-Type", stream.content_type), ("Transfer-Encoding", "chunked")]
        transport.write(self._http.send(h11.Response(status_code=200, headers=headers)) or b"")
        async for piece in stream.pieces:
            if isinstance(piece, HangUp):
                return False
            transport.write(self._http.send(h11.Data(data=piece)) or b"")
        transport.write(self._http.send(h11.EndOfMessage()) or b"")
        return True

    def _write(self, transport: asyncio.Transport, response: Response) -> None:
        headers = [
            ("Content-Type", response.content_type),
            ("Content-Length", str(len(response.body))),
            *response.headers,
        ]
        head = h11.Response(
            status_code=response.status, headers=headers, reason=HTTPStatus(response.status).phrase
        )
        transport.write(self._http.send(head) or b"")
        for start in range(0, len(response.body), _CHUNK_BYTES):
            chunk = response.body[start : start + _CHUNK_BYTES]
            transport.write(self._http.send(h11.Data(data=chunk)) or b"")
        transport.write(self._http.send(h11.EndOfMessage()) or b"")
