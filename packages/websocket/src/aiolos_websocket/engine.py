"""The engine: an asyncio protocol of either role between a transport and one consumer.

No task stands between the socket and the consumer: data_received() reads frames into a deque and
wakes whoever waits. Control frames are answered there too, also while nobody receives.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable
from enum import IntEnum
from typing import Any, Final, cast

from aiolos_protocol.clock import Clock
from aiolos_protocol.errors import ConnectionLost, LocalProtocolError
from aiolos_protocol.transport import Outcome, Pending, TransportOwner
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import (
    CLOSED_MESSAGE,
    CLOSING_MESSAGE,
    WebSocket,
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMessageClose,
    WSMessageError,
    WSMessagePing,
    WSMessagePong,
    WSMsgType,
    WSOptions,
)

from .deflate import Inflater
from .frames import CLOSE, MAX_CONTROL, MAX_REASON, PING, PONG, pack_close, unpack_close
from .handshake import Terms
from .heartbeat import Alarm, Heartbeat, clock_of
from .reader import MESSAGE_COST, Reader


class Phase(IntEnum):
    """Where the closing handshake stands (RFC 6455 7)."""

    OPEN = 0
    ANSWERING = 1
    """The peer's close is here; ours is due once the consumer has seen it."""
    CLOSING = 2
    """Our close is sent; the peer's is due."""
    ENDING = 3
    """Nothing more is said; the connection is being closed."""
    GONE = 4


class Event(IntEnum):
    """What moves it."""

    SENT = 0
    RECEIVED = 1
    FAILED = 2
    LOST = 3


# Plain ints: an enum's member costs an attribute look-up at every frame.
OPEN: Final = int(Phase.OPEN)
ANSWERING: Final = int(Phase.ANSWERING)
CLOSING: Final = int(Phase.CLOSING)
ENDING: Final = int(Phase.ENDING)
GONE: Final = int(Phase.GONE)
SENT: Final = int(Event.SENT)
RECEIVED: Final = int(Event.RECEIVED)
FAILED: Final = int(Event.FAILED)
LOST: Final = int(Event.LOST)

# What is not here cannot happen, or changes nothing.
NEXT: Final = {
    (OPEN, SENT): CLOSING,
    (OPEN, RECEIVED): ANSWERING,
    (OPEN, FAILED): ENDING,
    (ANSWERING, SENT): ENDING,
    (ANSWERING, FAILED): ENDING,
    (CLOSING, RECEIVED): ENDING,
    (CLOSING, FAILED): ENDING,
    (OPEN, LOST): GONE,
    (ANSWERING, LOST): GONE,
    (CLOSING, LOST): GONE,
    (ENDING, LOST): GONE,
}


# Of a close that comes too late.
_NOT_ANY_MORE: Final = Outcome(False)


class Engine(TransportOwner, WebSocket):
    """One WebSocket; see aiolos_protocol.websocket.WebSocket for what each verb promises."""

    __slots__ = (
        "_alarm",
        "_close_code",
        "_exception",
        "_gone",
        "_heartbeat",
        "_held",
        "_on_lost",
        "_options",
        "_phase",
        "_pong_due",
        "_queue",
        "_reader",
        "_role",
        "_subprotocol",
        "_waiter",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        terms: Terms,
        options: WSOptions,
        clock: Clock | None = None,
    ) -> None:
        TransportOwner.__init__(self, loop)
        clock = clock or clock_of(loop)
        self._options = options
        self._role = role = terms.role
        self._subprotocol = terms.subprotocol
        self._phase = OPEN
        self._close_code: int | None = None
        self._exception: BaseException | None = None
        self._queue: deque[WSMessage] = deque()
        self._waiter: asyncio.Future[None] | None = None
        # Done once the connection is gone; made when somebody waits for it.
        self._gone: asyncio.Future[bool] | None = None
        self._on_lost: Any = None
        self._held = False
        self._pong_due: bytes | None = None
        self._alarm = Alarm(loop, clock, self._too_late)
        self._heartbeat: Heartbeat | None = None
        if options.heartbeat:
            self._heartbeat = Heartbeat(
                loop, clock, options.heartbeat, self._ping, self._peer_is_silent
            )
        inflater = None
        if terms.compression is not None:
            window = role.peer_window(terms.compression)
            inflater = Inflater(window.bits, window.takeover)
        self._reader = Reader(
            role.peer_masks,
            self._queue.append,
            self._control_received,
            options.max_msg_size,
            inflater,
            options.decode_text,
        )

    def attach(self, handover: Handover) -> None:
        """Begin: take what HTTP has handed over."""
        self._on_lost = handover.on_lost
        # Not an asyncio.Protocol by birth, see TransportOwner.
        handover.attach(cast(asyncio.Protocol, self))

    # What the user sees.

    @property
    def closed(self) -> bool:
        return self._phase > ANSWERING

    @property
    def close_code(self) -> int | None:
        return self._close_code

    @property
    def protocol(self) -> str | None:
        return self._subprotocol

    def exception(self) -> BaseException | None:
        return self._exception

    async def receive(self, timeout: float | None = None) -> WSMessage:
        queue = self._queue
        while True:
            if queue:
                return self._consumed(queue.popleft())
            if self._held:
                self._read_on()
            elif self._phase == OPEN:
                await self._wait(timeout or self._options.receive_timeout)
            elif self._phase < ENDING:
                return CLOSING_MESSAGE
            else:
                return CLOSED_MESSAGE

    def send_frame(
        self, message: bytes, opcode: WSMsgType, compress: int | None = None
    ) -> Awaitable[None]:
        if self._phase > ANSWERING:
            return Outcome(
                error=ConnectionLost("the WebSocket is closed: nothing is sent any more")
            )
        if opcode > WSMsgType.BINARY:
            _check_control(message, opcode)
        self._write(opcode, message)
        return self.drain()

    def close(self, *, code: int = WSCloseCode.OK, message: bytes | str = b"") -> Awaitable[bool]:
        if self._phase > ANSWERING:
            return _NOT_ANY_MORE
        payload = pack_close(code, message)
        self._queue.clear()
        self._send_close(payload)
        if self._gone is None:
            self._gone = self.loop.create_future()
        return Pending(self._gone)

    # From the loop.

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        TransportOwner.connection_made(self, transport)
        transport.set_write_buffer_limits(high=self._options.writer_limit)
        if self._heartbeat is not None:
            self._heartbeat.start()

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        if self._phase != OPEN and self._phase != CLOSING:
            # Nothing that comes behind a close is read (RFC 6455 5.5.1).
            return
        if self._heartbeat is not None:
            self._heartbeat.heard = True
        if not self._queue:
            self._reader.queued = 0
        try:
            held = self._reader.feed(data)
        except WebSocketError as error:
            self._fail(error)
            held = False
        self._read(held)

    def eof_received(self) -> bool:
        """asyncio.Protocol; a WebSocket is over when either direction is."""
        return False

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        if self._phase == GONE:
            return
        if self._exception is None:
            self._exception = exc
        if self._close_code is None:
            self._close_code = WSCloseCode.ABNORMAL_CLOSURE
        self._move(LOST)
        self._alarm.clear()
        TransportOwner.connection_lost(self, exc)
        self._wake()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(True)
        if self._on_lost is not None:
            self._on_lost(exc)

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        TransportOwner.resume_writing(self)
        if self._pong_due is not None and self._phase < CLOSING:
            payload, self._pong_due = self._pong_due, None
            self._write(PONG, payload)

    # Reading.

    def _read(self, held: bool) -> None:
        """Something was read, maybe not all: keep the rest, or throw away what nobody wants."""
        if self._phase == CLOSING:
            held = self._discard(held)
        if held is not self._held:
            self._hold(held)
        if self._queue:
            self._wake()

    def _discard(self, held: bool) -> bool:
        while True:
            self._queue.clear()
            self._reader.queued = 0
            if not held or self._phase != CLOSING:
                return False
            try:
                held = self._reader.go_on()
            except WebSocketError as error:
                self._fail(error)

    def _hold(self, held: bool) -> None:
        self._held = held
        if held:
            # A peer that we do not listen to cannot show that it lives.
            if self._heartbeat is not None:
                self._heartbeat.stop()
            self.pause_reading()
        else:
            if self._heartbeat is not None and self._phase == OPEN:
                self._heartbeat.start()
            self.resume_reading()

    def _read_on(self) -> None:
        """Everything is consumed: read what was kept."""
        self._reader.queued = 0
        try:
            held = self._reader.go_on()
        except WebSocketError as error:
            self._fail(error)
            held = False
        self._read(held)

    def _consumed(self, message: WSMessage) -> WSMessage:
        if self._held and not self._queue:
            self._read_on()
        if self._phase == ANSWERING and self._options.autoclose and message.type is WSMsgType.CLOSE:
            self._answer_close()
        return message

    async def _wait(self, timeout: float | None) -> None:
        if self._waiter is not None:
            raise RuntimeError("another task is receiving already; only one may at a time")
        waiter = self._waiter = self.loop.create_future()
        timer = None
        if timeout:
            timer = self.loop.call_later(timeout, _expire, waiter, timeout)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _control_received(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self._close_received(payload)
        elif self._phase != OPEN:
            return
        elif not self._options.autoping:
            kind = WSMessagePing if opcode == PING else WSMessagePong
            self._queue.append(kind(payload, len(payload)))
            self._reader.queued += MESSAGE_COST + len(payload)
        elif opcode == PING:
            if self._write_paused:
                # RFC 6455 5.5.3: only the latest ping must be answered. So a flood of pings, from
                # a peer that does not read, fills no buffer.
                self._pong_due = payload
            else:
                self._write(PONG, payload)

    # Writing.

    def _write(self, opcode: int, payload: bytes) -> None:
        assert self.transport is not None
        self.transport.write(self._role.frame(opcode, payload, True, False))

    def _ping(self) -> None:
        self._write(PING, b"")

    def _peer_is_silent(self) -> None:
        heartbeat = self._heartbeat
        assert heartbeat is not None
        self._exception = TimeoutError(
            f"nothing came from the peer within {heartbeat.patience:g} s after a ping"
        )
        self._close_code = WSCloseCode.ABNORMAL_CLOSURE
        self._queue.append(WSMessageError(self._exception))
        self._move(FAILED)
        self._abort()
        self._wake()

    # Closing.

    def _move(self, event: int) -> None:
        phase = NEXT.get((self._phase, event))
        if phase is None:
            return
        self._phase = phase
        if phase != OPEN and self._heartbeat is not None:
            self._heartbeat.stop()

    def _close_received(self, payload: bytes) -> None:
        code, reason = unpack_close(payload)
        self._close_code = code
        if self._phase != CLOSING:
            self._queue.append(WSMessageClose(code, len(payload), reason))
        self._move(RECEIVED)
        if self._phase == ENDING:
            self._end()
        elif self._phase == ANSWERING:
            self._alarm.set(self._options.close_timeout)

    def _answer_close(self) -> None:
        self._send_close(pack_close(self._close_code or None))

    def _send_close(self, payload: bytes) -> None:
        self._write(CLOSE, payload)
        self._move(SENT)
        if self._phase == ENDING:
            self._end()
            return
        # Whoever receives learns of it at once; what the peer still sends is thrown away.
        self._alarm.set(self._options.close_timeout)
        self._read(self._held)
        self._wake()

    def _fail(self, error: WebSocketError) -> None:
        """The peer broke the protocol (RFC 6455 7.1.7)."""
        self._exception = error
        self._close_code = error.code
        self._queue.append(WSMessageError(error))
        if self.transport is None:
            return
        if self._phase != CLOSING:
            self._write(CLOSE, pack_close(error.code, _reason(error)))
        self._move(FAILED)
        self._alarm.set(self._options.close_timeout)
        # To close now, with bytes unread, would make the system reset the connection, and the
        # peer might never see our close. So we only say that we are done, and read on.
        if self._role.ends_connection and self.transport.can_write_eof():
            self.transport.write_eof()

    def _end(self) -> None:
        """Nothing more is said: close the connection, or wait until the peer does."""
        if self.transport is not None:
            self._alarm.set(self._options.close_timeout)
            self.resume_reading()
            if self._role.ends_connection:
                self.transport.close()

    def _too_late(self) -> None:
        """The deadline of the phase has passed."""
        if self._phase == ANSWERING:
            self._answer_close()
            return
        if self._phase == CLOSING:
            self._close_code = WSCloseCode.ABNORMAL_CLOSURE
            self._exception = TimeoutError(
                f"the peer did not answer a close within {self._options.close_timeout:g} s"
            )
            self._move(FAILED)
        self._abort()

    def _abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def open_engine(handover: Handover, terms: Terms, options: WSOptions) -> WebSocket:
    """An engine over the hand-over's transport, in the running loop."""
    engine = Engine(asyncio.get_running_loop(), terms, options)
    engine.attach(handover)
    return engine


def _check_control(message: bytes, opcode: WSMsgType) -> None:
    if opcode not in (WSMsgType.PING, WSMsgType.PONG):
        raise LocalProtocolError(
            f"send_frame() sends text, binary, pings and pongs, not {opcode!r}; "
            "close() sends the close"
        )
    if len(message) > MAX_CONTROL:
        raise LocalProtocolError(
            f"a control frame carries at most {MAX_CONTROL} bytes, not {len(message)} "
            "(RFC 6455 5.5)"
        )


def _reason(error: WebSocketError) -> str:
    # Cut where a close frame is full, between two characters.
    return str(error).encode()[:MAX_REASON].decode(errors="ignore")


def _expire(waiter: "asyncio.Future[None]", timeout: float) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError(f"no message came within {timeout:g} s"))
