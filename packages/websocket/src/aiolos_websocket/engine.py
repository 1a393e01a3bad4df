"""The engine: a WebSocket of either role, as its user sees it."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable
from typing import Any, Final, cast

from aiolos_protocol.clock import Clock
from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.transport import Outcome, Pending
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import (
    FragmentKind,
    WebSocket,
    WSCloseCode,
    WSFragment,
    WSListener,
    WSMsgType,
    WSOptions,
    WSReceived,
    checked_fragment,
    control_payload,
    each_fragment,
    hearing,
)

from .assembly import Fragment
from .broadcasting import Broadcasting
from .connection import RAISED
from .deflate import check_window
from .frames import BINARY, CONTINUATION, TEXT, pack_close
from .handshake import Terms
from .phase import ANSWERING, OPEN
from .receiver import ASKED, INSIDE, OUTSIDE, Receiver
from .receiving import iterate, receive

_CONTROL: Final = frozenset({WSMsgType.PING, WSMsgType.PONG})

# What a listener is given; all else is an end.
_HEARD: Final = _CONTROL | {WSMsgType.TEXT, WSMsgType.BINARY}

_CLOSED_BEFORE: Final = Outcome(False)
_CLOSED_NOW: Final = Outcome(True)


class Engine(Receiver, WebSocket):
    """See aiolos_protocol.websocket.WebSocket for what each verb promises."""

    __slots__ = ("_subprotocol",)

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        terms: Terms,
        options: WSOptions,
        clock: Clock | None = None,
    ) -> None:
        Receiver.__init__(self, loop, terms, options, clock)
        self._subprotocol = terms.subprotocol

    @property
    def closed(self) -> bool:
        return self._phase > ANSWERING

    @property
    def close_code(self) -> int | None:
        return self._close_code

    @property
    def protocol(self) -> str | None:
        return self._subprotocol

    @property
    def compress(self) -> int:
        return 0 if self._outbox is None else self._outbox.window

    def exception(self) -> BaseException | None:
        return self._exception

    # Receiving.

    def receive(self, timeout: float | None = None) -> Awaitable[WSReceived]:
        if timeout is not None:
            if not isinstance(timeout, (int, float)):
                raise TypeError(f"timeout is a number of seconds, not {timeout!r}")
            if not timeout >= 0:
                raise ValueError(f"timeout is not negative, as {timeout!r} is")
        return receive(self, timeout or self._receive_timeout)

    def __aiter__(self) -> AsyncIterator[WSReceived]:
        return iterate(self)

    async def receive_fragments(self) -> AsyncIterator[str | bytes]:
        # Who is refused must not touch the message of whoever receives.
        self._check_alone()
        if self._in_fragments == INSIDE:
            self._give_up_fragments()
        if self._in_fragments == OUTSIDE and all(
            message.type in _CONTROL for message in self._queue
        ):
            self._reader.stream()
        self._in_fragments = ASKED
        given_up = self._given_up
        begun = False
        while given_up == self._given_up:
            # Cancelled while it has got nothing, it remains ASKED: whoever receives next gets the
            # message, in fragments or whole.
            message = await self._next(self._receive_timeout, True)
            if isinstance(message, Fragment):
                begun = True
                self._in_fragments = OUTSIDE if message.last else INSIDE
                if message.data:
                    yield message.data
                if message.last:
                    return
            elif message.type not in _CONTROL:
                self._in_fragments = OUTSIDE
                if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                    yield message.data
                elif message.type is WSMsgType.ERROR:
                    raise message.data
                elif begun or self._reader.begun():
                    raise self._lost("the WebSocket was closed inside of a message")
                return
        raise RuntimeError(
            "the rest of this message was given up: somebody has received in its middle"
        )

    async def listen(self, listener: WSListener) -> None:
        hear = hearing(listener)
        if self._listener is not None or self._waiter is not None:
            raise RuntimeError("somebody else is receiving already")
        if self._in_fragments:
            self._give_up_fragments()
        self._listener = hear
        queue = self._queue
        try:
            # First: what is heard may close the WebSocket, and then nobody listens any more.
            self._reader.listen(hear)
            self._hear_what_waits()
            if self._write_paused:
                self._after_reading(True)
            else:
                self._read_on()
            await Pending(self._until_gone())
        finally:
            # Whoever is cancelled may receive again.
            self._listener = None
            if self._phase == OPEN:
                self._reader.deliver(self._options.decode_text)
        if queue and queue[-1].type is WSMsgType.ERROR:
            raise queue[-1].data

    def _hear_what_waits(self) -> None:
        queue, hear = self._queue, self._listener
        assert hear is not None
        try:
            while queue and queue[0].type in _HEARD:
                message = cast(Any, queue.popleft())
                data = message.data.encode() if isinstance(message.data, str) else message.data
                hear(memoryview(data), message.type)
        except RAISED as error:
            self._reading_failed(error)

    # Sending.

    def send_frame(
        self,
        message: bytes | bytearray | memoryview,
        opcode: WSMsgType,
        compress: int | None = None,
    ) -> Awaitable[None]:
        if not isinstance(message, (bytes, bytearray, memoryview)):
            raise TypeError(f"send_frame() takes bytes, not {type(message).__name__}")
        if opcode in (TEXT, BINARY):
            return self._send_message(opcode, message, compress)
        if self._phase > ANSWERING:
            return Outcome(error=self._closed_error())
        if opcode not in _CONTROL:
            raise LocalProtocolError(
                f"send_frame() sends text, binary, pings and pongs, not {opcode!r}; "
                "close() sends the close"
            )
        self._write(opcode, control_payload(message))
        return self.drain()

    async def send_fragments(
        self,
        fragments: Iterable[WSFragment] | AsyncIterable[WSFragment],
        compress: int | None = None,
    ) -> None:
        check_window(compress)
        if self._phase > ANSWERING:
            raise self._closed_error()
        if self._outbox is None:
            self._outbox = self._new_outbox(None)
        outbox = self._outbox
        await outbox.take_turn()
        begun = False
        try:
            kind: FragmentKind | None = None
            async for fragment in each_fragment(fragments):
                kind, data = checked_fragment(fragment, kind)
                await outbox.send_fragment(CONTINUATION if begun else kind, data, False, compress)
                begun = True
                await self.drain()
            await outbox.send_fragment(CONTINUATION if begun else BINARY, b"", True, compress)
            begun = False
        finally:
            if begun and not self.closed:
                # Inside of a message nothing but control frames may come (RFC 6455 5.4).
                outbox.abandon()
                self.close(code=WSCloseCode.INTERNAL_ERROR, message=b"a message broke off")
            else:
                outbox.pass_on()
                if outbox.left is not None:
                    outbox.left.add_done_callback(self._answer_written)
                elif self._listener is not None:
                    # The peer may have had to wait for this.
                    self._read_on_next_turn()
        await self.drain()

    def send_shared(self, message: Broadcasting) -> bool:
        """Send a message that others get, too; False where it is closed or the peer is slow."""
        if self._phase > ANSWERING or self._write_paused:
            return False
        outbox = self._outbox
        if outbox is None:
            self._put(message.frame(self._role.writer, 0))
        elif outbox.waiting > self._options.writer_limit:
            return False
        else:
            written = outbox.send_shared(message)
            if written is not None:
                self._sending_waits(written)
        return True

    def close(
        self, *, code: int = WSCloseCode.OK, message: bytes | str = b"", drain: bool = True
    ) -> Awaitable[bool]:
        if self._phase > ANSWERING:
            return _CLOSED_BEFORE
        payload = pack_close(code, message)
        self._queue.clear()
        self._send_close(payload)
        return Pending(self._until_gone()) if drain else _CLOSED_NOW


def open_engine(handover: Handover, terms: Terms, options: WSOptions) -> WebSocket:
    """An engine over the hand-over's transport, in the running loop."""
    engine = Engine(asyncio.get_running_loop(), terms, options)
    engine.attach(handover)
    return engine
