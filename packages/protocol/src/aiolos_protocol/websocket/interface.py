"""What a WebSocket can do: a few primitives, and what follows from them."""

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from inspect import iscoroutinefunction
from typing import Any, Final, Protocol

from .messages import WSCloseCode, WSMessageTypeError, WSMsgType, WSReceived
from .outgoing import FragmentKind, WSFragment, checked_fragment, control_payload, each_fragment

_CONTROL: Final = frozenset({WSMsgType.PING, WSMsgType.PONG})
_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})


class WSListener(Protocol):
    """What WebSocket.listen() calls, straight from the reading of the socket."""

    def message_received(self, payload: memoryview, kind: WSMsgType) -> None:
        """A whole message: TEXT, whose UTF-8 has been checked, or BINARY.

        With autoping=False it may be a PING or a PONG, too; answering is the listener's then.
        It must not block. The view may be kept. What it raises closes the WebSocket with 1011,
        and is raised by listen().
        """


def hearing(listener: WSListener) -> Callable[[memoryview, WSMsgType], None]:
    """What of `listener` is called; TypeError, with what it should be, for anything else."""
    if not callable(getattr(listener, "message_received", None)):
        raise TypeError(
            "listen() takes an object with a method message_received(payload, kind), "
            f"not {type(listener).__name__}"
        )
    if iscoroutinefunction(listener.message_received):
        raise TypeError(
            "message_received() of a listener is a plain method: nobody could await it; "
            "with 'async for' messages are awaited"
        )
    return listener.message_received


class WebSocket(ABC):
    """A few primitives, and what follows from them (as collections.abc does)."""

    __slots__ = ()

    @property
    @abstractmethod
    def closed(self) -> bool:
        """True once this end has sent its close, or the connection is gone."""

    @property
    @abstractmethod
    def close_code(self) -> int | None:
        """The peer's close code; 1006 where it vanished without; None while open."""

    @property
    @abstractmethod
    def protocol(self) -> str | None:
        """The sub-protocol agreed upon, if any."""

    @property
    def compress(self) -> int:
        """The window that messages are deflated with (9 to 15), 0 where they are not."""
        return 0

    @abstractmethod
    def exception(self) -> BaseException | None:
        """What ended the reading abnormally, if anything."""

    @abstractmethod
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info()."""

    @abstractmethod
    def receive(self, timeout: float | None = None) -> Awaitable[WSReceived]:
        """The next message; CLOSED after the end.

        Raises RuntimeError when another task is receiving, and for who asks again and again after
        the end (it would be for ever); TimeoutError after `timeout` seconds, of which None and 0
        set no bound of their own; ValueError for a negative one.
        """

    @abstractmethod
    def send_frame(
        self,
        message: bytes | bytearray | memoryview,
        opcode: WSMsgType,
        compress: int | None = None,
    ) -> Awaitable[None]:
        """Send `message` whole as one frame of `opcode`.

        It is not looked at: that of TEXT must be UTF-8 (RFC 6455 5.6), or the peer closes with
        1007.

        `compress` says how it is deflated where compression was agreed upon: 0 not at all, 9 to 15
        with a window of its own, None as agreed; ValueError for any other. The bytes are handed
        over in the order of the calls; awaiting waits only until the send buffer is below its
        high-water mark. Raises ConnectionResetError when closed.
        """

    @abstractmethod
    def close(
        self, *, code: int = WSCloseCode.OK, message: bytes = b"", drain: bool = True
    ) -> Awaitable[bool]:
        """Send a close (once), wait for the peer's, end the connection. False when closed before.

        With `drain` False it does not wait. Raises LocalProtocolError for a code or a message that
        a close frame cannot carry.
        """

    def ping(self, message: str | bytes = b"") -> Awaitable[None]:
        """Send a ping of at most 125 bytes."""
        return self.send_frame(control_payload(message), WSMsgType.PING)

    def pong(self, message: str | bytes = b"") -> Awaitable[None]:
        """Send an unasked pong of at most 125 bytes."""
        return self.send_frame(control_payload(message), WSMsgType.PONG)

    def send_str(self, data: str, compress: int | None = None) -> Awaitable[None]:
        """Send a text message. TypeError for anything but str."""
        if not isinstance(data, str):
            raise TypeError(f"send_str() takes a str, not {type(data).__name__}")
        return self.send_frame(data.encode(), WSMsgType.TEXT, compress)

    def send_bytes(
        self, data: bytes | bytearray | memoryview, compress: int | None = None
    ) -> Awaitable[None]:
        """Send a binary message. TypeError for anything that is not bytes-like."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"send_bytes() takes bytes, not {type(data).__name__}")
        return self.send_frame(bytes(data), WSMsgType.BINARY, compress)

    def send_json(
        self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], str] = json.dumps
    ) -> Awaitable[None]:
        """Send `data` as a JSON text message."""
        return self.send_str(dumps(data), compress)

    def send_json_bytes(
        self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], bytes]
    ) -> Awaitable[None]:
        """Send `data` as JSON in a binary message; `dumps` gives bytes (orjson.dumps does)."""
        return self.send_bytes(dumps(data), compress)

    async def send_fragments(
        self,
        fragments: "Iterable[WSFragment] | AsyncIterable[WSFragment]",
        compress: int | None = None,
    ) -> None:
        """Send one message in pieces, all str (text) or all bytes-like (binary), as they come.

        Other messages wait for its end; pings, pongs and a close do not. Raises what the iterator
        raises, and then closes the WebSocket with 1011: a message cannot be taken back.
        """
        kind: FragmentKind | None = None
        pieces: list[bytes] = []
        try:
            async for fragment in each_fragment(fragments):
                kind, piece = checked_fragment(fragment, kind)
                pieces.append(piece)
        except BaseException:
            if pieces:
                self.close(
                    code=WSCloseCode.INTERNAL_ERROR, message=b"a message broke off", drain=False
                )
            raise
        await self.send_frame(b"".join(pieces), kind or WSMsgType.BINARY, compress)

    async def receive_str(self, *, timeout: float | None = None) -> str:
        """The next message, which must be text: WSMessageTypeError otherwise."""
        message = await self.receive(timeout)
        if message.type is not WSMsgType.TEXT:
            raise _another(message, "TEXT")
        return message.data

    async def receive_bytes(self, *, timeout: float | None = None) -> bytes:
        """The next message, which must be binary: WSMessageTypeError otherwise."""
        message = await self.receive(timeout)
        if message.type is not WSMsgType.BINARY:
            raise _another(message, "BINARY")
        return message.data

    async def receive_json(
        self, *, loads: Callable[[str], Any] = json.loads, timeout: float | None = None
    ) -> Any:
        """The next message, which must be text, parsed as JSON."""
        return loads(await self.receive_str(timeout=timeout))

    def receive_fragments(self) -> "AsyncIterator[str | bytes]":
        """Iterate over the next message while it arrives, in pieces of str (text) or bytes.

        The message is not bounded by max_msg_size, which bounds what a piece is inflated to: a
        message that does not fit waits until it is asked for, by this or, to be refused, by
        receive(). Empty, where no message but the end comes; ConnectionResetError, where that comes
        inside of the message. A receive() in the middle gives up the rest of the message, and the
        iterator then raises RuntimeError. Who is cancelled while he has got nothing leaves the
        message to whoever receives next. Pings and pongs between the pieces are not given out.
        receive_timeout bounds the wait for each piece: TimeoutError.
        """
        return _single(self)

    async def listen(self, listener: WSListener) -> None:
        """Give every message to `listener` until the WebSocket is closed; see close_code then.

        Nothing else may receive meanwhile; once it is cancelled, somebody may. Raises what
        `listener` raises, and what exception() tells; TypeError for what is no WSListener.
        """
        hear = hearing(listener)
        async for message in self:
            if message.type is WSMsgType.ERROR:
                raise message.data
            data: Any = message.data
            try:
                payload = memoryview(data.encode() if isinstance(data, str) else data)
                hear(payload, message.type)
            except Exception:
                self.close(code=WSCloseCode.INTERNAL_ERROR, drain=False)
                raise

    def __aiter__(self) -> "AsyncIterator[WSReceived]":
        return self

    async def __anext__(self) -> WSReceived:
        message = await self.receive()
        if message.type in _ENDS:
            raise StopAsyncIteration
        return message


async def _single(socket: WebSocket) -> "AsyncIterator[str | bytes]":
    while True:
        message = await socket.receive()
        if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
            yield message.data
            return
        if message.type is WSMsgType.ERROR:
            raise message.data
        if message.type not in _CONTROL:
            return


def _another(message: WSReceived, wanted: str) -> WSMessageTypeError:
    received = f"{int(message.type)}:{message.data!r:.80}"
    return WSMessageTypeError(
        f"Received message {received} is not WSMsgType.{wanted}, but {message.type.name}"
    )
