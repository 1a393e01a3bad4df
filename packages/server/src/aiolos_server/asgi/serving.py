"""The life of an application under an ASGI server, and its scopes as requests."""

import asyncio
import atexit
import contextlib
import logging
import re
import weakref
from typing import Any, Final
from urllib.parse import quote, unquote

from aiolos_protocol import hdrs
from aiolos_protocol.errors import RemoteProtocolError
from aiolos_protocol.http1.reasons import reason_of
from aiolos_protocol.message import HttpVersion, HttpVersion11, RequestHead
from multidict import CIMultiDict

from ..abc import AbstractApplication
from ..connection import Connection
from ..server import Server
from .exitsignals import ExitSignals
from .link import AsgiLink, Message, Receive, Send
from .socket import SocketLink

# Any key of 16 bytes: the handshake on the wire is the ASGI server's.
_KEY: Final = "AAAAAAAAAAAAAAAAAAAAAA=="

# How long handlers that still run are waited for at the end, in seconds: those whose clients have
# gone, or that the server has cancelled.
LAST_WAIT: Final = 10.0

# RFC 9110 8.6; more digits are no length that anybody sends.
_NUMBER: Final = re.compile("[0-9]{1,18}")

# What has been started without a lifespan: nobody tells it the end.
_untold: "weakref.WeakSet[AsgiServing]" = weakref.WeakSet()


class AsgiServing:
    """Answers ASGI's calls for `app`; started by the lifespan, or else by the first request.

    In that case it ends with the process, if the server has left the loop open.
    """

    def __init__(self, app: AbstractApplication, logger: logging.Logger, **options: Any) -> None:
        self._app = app
        self._logger = logger
        self._options = options
        self._server: Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting: asyncio.Lock | None = None
        self._signals: ExitSignals | None = None
        # The process has been told to end, and so is every request that still comes.
        self._leaving = False

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One scope, to its end. ValueError for a type that ASGI 3 does not have."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._lifespan(receive, send)
        elif kind == "http":
            head = head_of(scope)
            if head.length < 0 and hdrs.CONTENT_LENGTH in head.headers:
                await self._refuse(scope, head, send)
            else:
                await self._exchange(AsgiLink, scope, head, receive, send)
        elif kind == "websocket":
            await self._exchange(SocketLink, scope, handshake_of(scope), receive, send)
        else:
            raise ValueError(f"ASGI scopes are http, websocket and lifespan, not {kind!r}")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._started()
                    _untold.discard(self)
                except Exception as error:
                    self._logger.exception("The application failed to start")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                try:
                    await self._ended()
                except Exception as error:
                    self._logger.exception("The application failed to end in order")
                    await send({"type": "lifespan.shutdown.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _started(self) -> Server:
        if self._starting is None:
            self._starting = asyncio.Lock()
        async with self._starting:
            if self._server is None:
                await self._app.startup()
                self._app.freeze()
                loop = self._loop = asyncio.get_running_loop()
                _untold.add(self)
                # The Server field is the ASGI server's own.
                options = {"server_header": "", **self._options}
                self._server = Server(self._app, loop=loop, logger=self._logger, **options)
                self._leaving = False
                self._signals = ExitSignals(loop, self._leave)
                self._signals.listen()
            return self._server

    def _leave(self) -> None:
        """The process is told to end."""
        self._leaving = True
        if self._server is not None:
            self._server.pre_shutdown()

    async def _ended(self) -> None:
        _untold.discard(self)
        if self._signals is not None:
            self._signals.let_go()
        server, self._server = self._server, None
        if server is not None:
            server.pre_shutdown()
            try:
                await self._app.shutdown()
                await server.shutdown(LAST_WAIT)
            finally:
                await self._app.cleanup()

    def end_at_exit(self) -> None:
        """Run what ends the application in its own loop, the only one that its resources know."""
        loop = self._loop
        if loop is None or loop.is_closed() or loop.is_running():
            return
        try:
            loop.run_until_complete(self._ended())
        except Exception:
            self._logger.exception("The application failed to end in order")

    async def _refuse(self, scope: Message, head: RequestHead, send: Send) -> None:
        """Answer 400 to a Content-Length that is none: not every ASGI server does."""
        server = self._server or await self._started()
        connection = Connection(server)
        link = AsgiLink(scope, head, connection, server.limits)
        connection.connected(link)
        try:
            error = RemoteProtocolError("Content-Length is not one valid number (RFC 9110 8.6)")
            status, body = connection.request_refused(error)
            kind = "text/plain; charset=utf-8"
            link.answer(head, status, reason_of(status), kind, None, body, False)
            await link.pump(send)
        finally:
            server.forget(connection)

    async def _exchange(
        self,
        link_class: type[AsgiLink],
        scope: Message,
        head: RequestHead,
        receive: Receive,
        send: Send,
    ) -> None:
        server = self._server or await self._started()
        first = None
        if link_class is SocketLink:
            # ASGI: the first message is always the wish to connect.
            await receive()
        elif head.length < 0 and not head.chunked:
            # No field tells of a body: the messages may, and the first one is here already.
            first = await receive()
            head.chunked = bool(first.get("body") or first.get("more_body"))
        connection = Connection(server)
        link = link_class(scope, head, connection, server.limits)
        connection.connected(link)
        if self._leaving:
            connection.go_away()
        receiving = asyncio.ensure_future(link.receive(receive, first))
        try:
            connection.request_received(head)
            await link.pump(send)
        except asyncio.CancelledError:
            # The server kills what takes too long, or ends.
            connection.cut()
            raise
        finally:
            receiving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await receiving
            # The connection is known until its handler has ended.
            link.gone()


@atexit.register
def _end_untold() -> None:
    for serving in list(_untold):
        serving.end_at_exit()


def head_of(scope: Message) -> RequestHead:
    """The request of an HTTP scope; without a length where Content-Length is not one number."""
    headers = _headers(scope)
    lengths = headers.getall(hdrs.CONTENT_LENGTH, ())
    known = int(lengths[0]) if len(lengths) == 1 and _NUMBER.fullmatch(lengths[0]) else -1
    version = scope.get("http_version", "1.1")
    # A body without a length: in chunks, or as a stream of HTTP/2.
    unknown = known < 0 and ("Transfer-Encoding" in headers or version not in ("1.0", "1.1"))
    return RequestHead(
        scope["method"],
        _target(scope),
        _version(version),
        headers,
        known,
        unknown,
        authority=headers.get("Host"),
        scheme=scope.get("scheme"),
    )


def handshake_of(scope: Message) -> RequestHead:
    """The handshake of a WebSocket scope, as HTTP/1.1 has it (RFC 6455 4.1)."""
    headers = _headers(scope)
    headers["Upgrade"] = "websocket"
    headers["Connection"] = "Upgrade"
    headers["Sec-WebSocket-Version"] = "13"
    headers.setdefault("Sec-WebSocket-Key", _KEY)
    # Compression is between the ASGI server and its peer.
    headers.popall("Sec-WebSocket-Extensions", None)
    protocols = scope.get("subprotocols")
    if protocols:
        headers["Sec-WebSocket-Protocol"] = ", ".join(protocols)
    return RequestHead(
        "GET",
        _target(scope),
        HttpVersion11,
        headers,
        upgrade="websocket",
        authority=headers.get("Host"),
    )


def _headers(scope: Message) -> "CIMultiDict[str]":
    return CIMultiDict(
        (name.decode("ascii"), value.decode("utf-8", "surrogateescape"))
        for name, value in scope["headers"]
    )


def _target(scope: Message) -> str:
    """The path without `root_path`, below which the application is mounted (ASGI's HTTP spec 2.3:
    `path` includes it), and the query."""
    root = (scope.get("root_path") or "").rstrip("/")
    raw = scope.get("raw_path")
    path = _text(raw) if raw else _quoted(scope["path"])
    if root:
        path = _below(_quoted(root), path) or _below(root, path) or _below_spelled(root, path)
    query = scope.get("query_string") or b""
    return f"{path}?{_text(query)}" if query else path


def _below(root: str, path: str) -> str | None:
    """What follows `root` in `path`, in whole segments; None where it does not begin so."""
    if path == root:
        return "/"
    return path[len(root) :] if path.startswith(f"{root}/") else None


def _below_spelled(root: str, path: str) -> str:
    """_below() where the client has spelled `root` in its own way; else `path` as it is."""
    spelled = "/".join(path.split("/")[: root.count("/") + 1])
    if unquote(spelled, errors="surrogateescape") != root:
        return path
    return path[len(spelled) :] or "/"


def _quoted(path: str) -> str:
    return quote(path, safe="/:@!$&'()*+,;=~", errors="surrogateescape")


def _text(raw: bytes) -> str:
    """As the parser of HTTP/1.1 reads a target: what is no UTF-8 is kept."""
    return raw.decode("utf-8", "surrogateescape")


def _version(text: str) -> HttpVersion:
    major, _, minor = text.partition(".")
    return HttpVersion(int(major), int(minor or 0))
