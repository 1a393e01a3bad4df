"""The server's WebSocket façade; all behaviour is the engine's, in the sibling package."""

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass

from aiolos_protocol import siblings
from aiolos_protocol.contracts import Agreement
from aiolos_protocol.errors import ConnectionLost, UpgradeRefused
from aiolos_protocol.websocket import (
    ForwardingWebSocket,
    WebSocket,
    WSCloseCode,
    WSOptions,
    window_of,
)

from .composing import Answerable
from .errors import (
    HTTPBadRequest,
    HTTPException,
    HTTPForbidden,
    HTTPMethodNotAllowed,
    HTTPUpgradeRequired,
)
from .request import BaseRequest
from .response import StreamResponse


def broadcast(
    sockets: Iterable[WebSocket], message: str | bytes | bytearray | memoryview
) -> list[WebSocket]:
    """Send `message` to all `sockets`, encoded once, without waiting for any of them.

    Returns those that it was not sent to: they are closed, or their peer does not read as fast as
    it is written to (more than `writer_limit` waits); whether to close a slow one or let it miss
    some is the caller's choice. TypeError, and nothing is sent, for a single socket, one that is
    not open yet or not of aiolos, and a `message` of another type. MissingDistribution (an
    ImportError) where aiolos-websocket is not installed.
    """
    return siblings.websocket("web.broadcast()").broadcast(sockets, message)


@dataclass(frozen=True, slots=True)
class WebSocketReady:
    """What can_prepare() found: whether a handshake would be accepted, and its sub-protocol."""

    ok: bool
    protocol: str | None

    def __bool__(self) -> bool:
        return self.ok


class WebSocketResponse(ForwardingWebSocket, StreamResponse):
    """A WebSocket to the client: prepare() it, iterate over it, return it.

    `compress` lets clients choose permessage-deflate: True with windows of 4 KiB, or a number from
    9 to 15 for the window as a power of two. `timeout` bounds the closing handshake. `origins`
    lists the Origin values of the pages that may connect (`"https://example.org"`), None allows
    all; ValueError for one that no browser sends. Times are seconds, sizes bytes; the rest as
    aiolos_protocol.websocket.WSOptions.
    """

    _engine: WebSocket | None = None
    _closed_here = False

    def __init__(
        self,
        *,
        timeout: float = 10.0,
        receive_timeout: float | None = None,
        autoclose: bool = True,
        autoping: bool = True,
        heartbeat: float | None = None,
        protocols: Iterable[str] = (),
        compress: bool | int = True,
        max_msg_size: int = 4 * 1024 * 1024,
        writer_limit: int = 64 * 1024,
        decode_text: bool = True,
        origins: Iterable[str] | None = None,
    ) -> None:
        StreamResponse.__init__(self, status=101)
        window = window_of(compress)
        for name, listed in (("protocols", protocols), ("origins", origins)):
            if isinstance(listed, str):
                raise TypeError(f"{name} is a tuple: ({listed!r},)")
        self._options = WSOptions(
            protocols=tuple(protocols),
            origins=None if origins is None else tuple(origins),
            compress=window,
            heartbeat=heartbeat,
            receive_timeout=receive_timeout,
            close_timeout=timeout,
            autoclose=autoclose,
            autoping=autoping,
            max_msg_size=max_msg_size,
            writer_limit=writer_limit,
            decode_text=decode_text,
            lost=self._loss,
        )

    @property
    def prepared(self) -> bool:
        """Whether the handshake is done."""
        return self._engine is not None

    @property
    def is_over(self) -> bool:
        """Whether either end has closed, or the peer has broken a rule: that the connection ends
        now tells the handler nothing new."""
        return self._closed_here or self.close_code not in (None, WSCloseCode.ABNORMAL_CLOSURE)

    @property
    def ws_protocol(self) -> str | None:
        """The sub-protocol agreed upon."""
        return self.protocol

    @property
    def compress(self) -> int:
        """The window that messages are deflated with (9 to 15), 0 where they are not.

        Before prepare(), what was asked for.
        """
        return self._options.compress if self._engine is None else self._engine.compress

    def can_prepare(self, request: BaseRequest) -> WebSocketReady:
        """Whether prepare(request) would accept; RuntimeError when it has already."""
        if self._engine is not None:
            raise RuntimeError("the WebSocket is open already")
        try:
            agreement = self._agreement(request)
        except UpgradeRefused:
            return WebSocketReady(False, None)
        return WebSocketReady(True, agreement.subprotocol)

    async def prepare(self, request: Answerable) -> None:
        """Accept the handshake.

        Raises HTTPBadRequest for what is none, HTTPMethodNotAllowed for another method than GET,
        HTTPUpgradeRequired for another version of WebSocket, HTTPForbidden for a foreign origin;
        ConnectionResetError where the client has gone.
        """
        if self._engine is not None:
            return
        if not isinstance(request, BaseRequest):
            raise TypeError(f"prepare() takes the request, not {type(request).__name__}")
        try:
            agreement = self._agreement(request)
        except UpgradeRefused as refusal:
            raise _refused(request, refusal) from None
        self.set_status(agreement.status)
        self.headers.update(agreement.headers)
        await super().prepare(request)
        try:
            handover = request.take_over()
        except ConnectionLost as error:
            raise self._as_loss(error) from error.__cause__
        self._open(agreement.open(handover))
        request.on_farewell(self._say_goodbye)

    def _agreement(self, request: BaseRequest) -> Agreement:
        return siblings.websocket("web.WebSocketResponse").answer(request.head, self._options)

    def close(
        self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True
    ) -> Awaitable[bool]:
        """See WebSocket.close()."""
        self._closed_here = self._engine is not None
        return super().close(code=code, message=message, drain=drain)

    async def write_eof(self, data: bytes = b"") -> None:
        """Close the WebSocket if the handler has not."""
        if data:
            raise RuntimeError("a WebSocket has no body; send messages")
        if self._engine is None:
            raise RuntimeError("the WebSocket is not open: call and await prepare() first")
        if not self._ended:
            self._ended = True
            await self._engine.close()

    def write(self, data: bytes | bytearray | memoryview) -> Awaitable[None]:
        """Not on a WebSocket: RuntimeError."""
        raise RuntimeError("a WebSocket has no body; use send_str(), send_bytes() or send_json()")

    def _break_off(self) -> bool:
        """Close with 1011: the handler failed (RFC 6455 7.4.1)."""
        if self._engine is None:
            return False
        self._engine.close(code=WSCloseCode.INTERNAL_ERROR, drain=False)
        return True

    def _say_goodbye(self) -> None:
        if self._engine is not None:
            self._engine.close(code=WSCloseCode.GOING_AWAY, message=b"Server shutdown", drain=False)


def _refused(request: BaseRequest, refusal: UpgradeRefused) -> HTTPException:
    text, headers = refusal.message, refusal.headers
    if refusal.status == 403:
        return HTTPForbidden(text=text, headers=headers)
    if refusal.status == 405:
        return HTTPMethodNotAllowed(request.method, ("GET",), text=text, headers=headers)
    if refusal.status == 426:
        return HTTPUpgradeRequired(text=text, headers=headers)
    return HTTPBadRequest(text=text, headers=headers)
