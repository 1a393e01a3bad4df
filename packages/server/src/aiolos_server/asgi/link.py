"""A link over ASGI's messages: one request and its response (ASGI's HTTP spec 2.3)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from aiolos_protocol.errors import ConnectionLost, LocalProtocolError, RemoteProtocolError
from aiolos_protocol.exchange import ServerRole
from aiolos_protocol.http1.serializer import response_head
from aiolos_protocol.limits import Limits
from aiolos_protocol.link.answers import check_end
from aiolos_protocol.message import RequestHead, ResponseHead
from aiolos_protocol.streams import EMPTY, StreamReader
from aiolos_protocol.transport import READY
from aiolos_protocol.upgrade import Handover
from multidict import CIMultiDict

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Bytes that wait for the server above which writers wait, and below which they go on.
HIGH_WATER: Final = 65_536
# RFC 9110 7.6.1: these are between the server and its peer. Trailers are dropped: see end().
_LEFT_OUT: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "trailer", "transfer-encoding", "upgrade"}
)


class AsgiLink:
    """What a Connection needs of a link (exchange.ServerLink), and the exchange itself.

    Verbs put messages in a queue, which `pump()` sends in the task that the server gave.
    """

    def __init__(self, scope: Message, head: RequestHead, role: ServerRole, limits: Limits) -> None:
        self.transport: asyncio.Transport | None = None
        self.loop = asyncio.get_running_loop()
        self.head = head
        self.body = EMPTY
        if head.chunked or head.length > 0:
            self.body = StreamReader(self, limits.body_buffer // 2)
            self.body.line = limits.body_line
        self._scope = scope
        self._role = role
        self._out: deque[Message] = deque()
        self._waiting = 0
        self._stirred = asyncio.Event()
        self._drained: asyncio.Future[None] | None = None
        self._reading = asyncio.Event()
        self._reading.set()
        self._begun = False
        self._ended = False
        self._silent = head.method == "HEAD"
        self._lost = False

    # For the connection (exchange.ServerLink).

    def answer(
        self,
        head: RequestHead,
        status: int,
        reason: str,
        content_type: str,
        headers: "CIMultiDict[str] | None",
        body: bytes,
        keep_alive: bool,
    ) -> None:
        """See ServerLink.answer."""
        check_end(head, status)
        fields = CIMultiDict() if headers is None else headers.copy()
        if content_type and "Content-Type" not in fields:
            fields["Content-Type"] = content_type
        self.send_head(ResponseHead(status, reason, headers=fields, length=len(body)))
        if body:
            self.write(body)
        self.end()

    def exchange(self, head: RequestHead) -> "AsgiLink":
        """See ServerLink.exchange: a scope has one only."""
        if self._lost:
            raise ConnectionLost("the client is gone")
        if self._ended:
            raise LocalProtocolError(f"the exchange of {head!r} has ended")
        return self

    def refused_head(self) -> RequestHead:
        """See ServerLink: the ASGI server has read it."""
        return self.head

    def flush(self) -> None:
        """There is no transport."""

    def is_arriving(self) -> bool:
        """See ServerLink.is_arriving: a scope comes in a piece."""
        return False

    def idle_time(self) -> float:
        """See ServerLink.idle_time: a request is always here."""
        return -1.0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The addresses and TLS of the scope; the transport itself is the ASGI server's."""
        if name in ("peername", "sockname"):
            address = self._scope.get("client" if name == "peername" else "server")
            return default if address is None else tuple(address)
        if name == "ssl_object" and self._scope.get("scheme") in ("https", "wss"):
            return (self._scope.get("extensions") or {}).get("tls", True)
        return default

    def close(self) -> None:
        """The connection is the ASGI server's; nothing to do."""

    def abort(self) -> None:
        """See Exchange.abort."""
        self._ended = True
        self._stirred.set()

    # The exchange (exchange.Exchange).

    def send_head(self, head: ResponseHead) -> None:
        """See Exchange.send_head. 1xx are the ASGI server's own."""
        if head.status < 200:
            return
        if self._begun:
            raise LocalProtocolError("the response's head has been sent")
        check(head)
        self._begun = True
        fields = head.fields.copy()
        if head.length >= 0 and head.status not in (204, 304):
            fields["Content-Length"] = str(head.length)
        if head.status in (204, 304):
            self._silent = True
        for name in ("Date", "Server"):
            if not fields.get(name, "-"):
                del fields[name]
        self._put(
            {
                "type": "http.response.start",
                "status": head.status,
                "headers": [
                    (name.lower().encode("ascii"), value.encode("utf-8", "surrogateescape"))
                    for name, value in fields.items()
                    if name.lower() not in _LEFT_OUT
                ],
            }
        )

    def write(self, data: bytes) -> Awaitable[None]:
        """See Exchange.write."""
        if self._lost:
            raise ConnectionLost("the client is gone")
        if self._ended or not self._begun:
            raise LocalProtocolError("a body is written behind its head and before its end")
        if data and not self._silent:
            self._put({"type": "http.response.body", "body": data, "more_body": True})
        return self.drain()

    def end(self, trailers: "CIMultiDict[str] | None" = None) -> None:
        """See Exchange.end. Trailers are dropped, as RFC 9110 6.5.1 allows: ASGI servers differ."""
        if self._lost:
            raise ConnectionLost("the client is gone")
        if not self._ended:
            self._ended = True
            self._put({"type": "http.response.body", "body": b"", "more_body": False})

    def drain(self) -> Awaitable[None]:
        """See Exchange.drain."""
        if self._waiting < HIGH_WATER:
            return READY
        if self._drained is None:
            self._drained = self.loop.create_future()
        return asyncio.shield(self._drained)

    def bypass(self, size: int) -> None:
        """See Exchange.bypass: there is no socket here."""

    def take_over(self) -> Handover:
        """See Exchange.take_over: an ASGI server keeps its transport."""
        raise LocalProtocolError("under an ASGI server a connection cannot leave HTTP")

    # The body's flow.

    def pause_reading(self) -> None:
        """See streams.Flow."""
        self._reading.clear()

    def resume_reading(self) -> None:
        """See streams.Flow."""
        self._reading.set()

    # The two directions, each in its task.

    async def pump(self, send: Send) -> None:
        """Send what is put, until the response is complete or the client is gone."""
        while True:
            while self._out:
                message = self._out.popleft()
                if not self._lost:
                    try:
                        await send(message)
                    except OSError:
                        # ASGI's HTTP spec 2.4: so a server tells that the client is gone.
                        self.gone()
                self._waiting -= size_of(message)
                if self._waiting < HIGH_WATER // 2:
                    self._wake()
            if self._ended or self._lost:
                return
            self._stirred.clear()
            await self._stirred.wait()

    async def receive(self, receive: Receive, first: Message | None) -> None:
        """Feed the body, then watch for the client's going away; `first` came already.

        What `receive()` raises ends the exchange as well.
        """
        message = first
        try:
            while True:
                if message is None:
                    await self._reading.wait()
                    message = await receive()
                if message["type"] == "http.disconnect":
                    return
                if self._is_feeding:
                    self._feed(message.get("body", b""), message.get("more_body", False))
                message = None
        finally:
            self.gone()

    def gone(self) -> None:
        """Nobody takes what is written any more, and nobody sends: whoever waits is told; once."""
        if self._lost:
            return
        self._lost = True
        if not self.body.ended:
            self.body.set_exception(ConnectionLost("the client went away during its request"))
        self._wake()
        self._stirred.set()
        self._role.lost(None)

    @property
    def _is_feeding(self) -> bool:
        body = self.body
        return not body.ended and body.exception() is None

    def _feed(self, data: bytes, more: bool) -> None:
        """A piece of the body. Nobody but this link holds it to the length that a field says:
        something between the server and the application may have made another body of it."""
        body = self.body
        length = self.head.length
        size = body.total_bytes + len(data)
        if 0 <= length < size or (size < length and not more):
            than = "longer" if size > length else "shorter"
            body.set_exception(
                RemoteProtocolError(
                    f"the body is {than} than Content-Length says ({length}); a middleware that "
                    "changes a body must set the field anew, or remove it"
                )
            )
            return
        body.feed_data(data)
        if not more:
            body.feed_eof()

    def _put(self, message: Message) -> None:
        self._waiting += size_of(message)
        self._out.append(message)
        self._stirred.set()

    def _wake(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)


def check(head: ResponseHead) -> None:
    """LocalProtocolError for what HTTP/1.1 would not send: not every ASGI server refuses it."""
    response_head(head.status, head.reason, head.fields, "", b"")


def size_of(message: Message) -> int:
    """What a message weighs while it waits, in bytes or characters."""
    for key in ("body", "bytes", "text"):
        data = message.get(key)
        if data:
            return len(data)
    return 0
