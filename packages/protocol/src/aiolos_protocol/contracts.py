"""What the sibling packages promise one another: structural types, inherited by nobody.

A sibling satisfies a contract by the shape of its module `component`; this docstring and those
below are complete, because "go to definition" stops here.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Mapping
from ssl import SSLContext
from typing import Any, Protocol, runtime_checkable

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from .message import HttpVersion, HttpVersion11, RequestHead, ResponseHead
from .streams import StreamReader
from .upgrade import Handover
from .websocket import WebSocket, WSOptions


class UpgradeHead(Protocol):
    """The head with which a client asks to leave HTTP; the target is the client's own.

    `method` is GET (HTTP/1.1) or CONNECT (RFC 8441); `protocol` is :protocol there, else None.
    """

    @property
    def method(self) -> str: ...
    @property
    def headers(self) -> CIMultiDict[str]: ...
    @property
    def protocol(self) -> str | None: ...


class Agreement(Protocol):
    """A handshake that both ends accept; `open()` starts the engine over the hand-over.

    `status` (101 or 200) and `headers` are what the server sends; `subprotocol` as agreed.
    """

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> CIMultiDict[str]: ...
    @property
    def subprotocol(self) -> str | None: ...
    def open(self, handover: Handover) -> WebSocket:
        """Attach an engine to the transport, at once and without suspending."""


class Offer(Protocol):
    """A client's handshake."""

    def head(self, version: HttpVersion) -> UpgradeHead:
        """The head to send on a connection of `version`."""

    def confirm(self, response: ResponseHead) -> Agreement:
        """Check the answer. Raises UpgradeRefused, saying what was expected."""


class WebSocketComponent(Protocol):
    """`aiolos_websocket.component`."""

    def offer(self, options: WSOptions) -> Offer:
        """Client side: begin a handshake."""

    def answer(self, request: RequestHead, options: WSOptions) -> Agreement:
        """Server side: accept a handshake, or raise UpgradeRefused with the status to send."""

    def broadcast(
        self, sockets: Iterable[WebSocket], message: str | bytes | bytearray | memoryview
    ) -> list[WebSocket]:
        """Send `message` to all `sockets`, encoded once, and wait for none; those it was not sent
        to, as they are closed or slow. TypeError for another type of either."""


class Runner(Protocol):
    """Something set up to serve, on sockets that it is given."""

    async def setup(self) -> None:
        """Start the application. Raises what its start-up raises."""

    async def listen(self, sock: socket.socket, *, ssl: SSLContext | None = None) -> URL:
        """Serve on the bound `sock`, which the runner owns from now on; its address as a URL."""

    async def serve(self, open_server: Callable[[Callable[[], Any]], Awaitable[Any]]) -> Any:
        """Serve what `await open_server(factory)` accepts, and return that; cleanup() closes it.

        `factory()` makes the asyncio protocol of one accepted connection. What is returned has
        `close()` and `sockets`, as an asyncio.Server has.
        """

    async def cleanup(self) -> None:
        """Stop accepting, end connections in order, stop the application. May be repeated."""


@runtime_checkable
class Servable(Protocol):
    """To be served is to have `runner(**options)`, nothing else."""

    def runner(self, **options: Any) -> Runner: ...


class ServerComponent(Protocol):
    """`aiolos_server.component`."""

    def from_handler(self, handler: Callable[..., Awaitable[Any]]) -> Servable:
        """A Servable that answers every request by `handler(request)`, without a router."""

    def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        match_info: Mapping[str, str] | None = None,
        app: Any = None,
        payload: bytes | StreamReader = b"",
        version: HttpVersion = HttpVersion11,
        keep_alive: bool = True,
        client_max_size: int = 1024**2,
        transport: asyncio.Transport | None = None,
    ) -> Any:
        """A server request that no connection carries, for tests of handlers.

        `payload` is the body, whole or as a stream; `transport` is only asked for its extra info.
        """


class Connect(Protocol):
    """How a client gets its connections where it does not open sockets itself."""

    async def __call__(
        self, factory: Callable[[], Any], host: str, port: int, *, ssl: SSLContext | None
    ) -> Any:
        """Connect the protocol that `factory()` makes, and return it. Raises OSError.

        `host` and `port` are whom the URL names; `ssl` is the context for https, else None.
        """


class Response(Protocol):
    """The part of a client's response that testing needs."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> CIMultiDictProxy[str]: ...
    async def read(self) -> bytes: ...
    async def text(self) -> str: ...
    def release(self) -> Any: ...


class Requester(Protocol):
    """A client's session, as testing drives it; results are awaitable and context managers."""

    @property
    def request(self) -> Callable[..., Any]:
        """`request(method, url, **options)`; the options are the session's own."""

    @property
    def head(self) -> Callable[..., Any]:
        """`head(url, **options)`: request() by HEAD, which by itself follows no redirect."""

    @property
    def ws_connect(self) -> Callable[..., Any]:
        """`ws_connect(url, **options)`; the options are the session's own."""

    async def close(self) -> None: ...


class ClientComponent(Protocol):
    """`aiolos_client.component`."""

    def loopback_session(self, *, connect: Connect | None = None, **options: Any) -> Requester:
        """A session set for tests: cookies for IP hosts, no silent retry; options are its own.

        `connect` stands in for the opening of sockets, also for the connector that `options` may
        name. Must be called in a running loop.
        """
