"""A WebSocket's connection: an asyncio protocol of either role, from the hand-over to the end.

No task stands between the socket and the consumer: data_received() reads frames into a deque and
wakes whoever waits. Control frames are answered there too, also while nobody receives.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, cast

from aiolos_protocol.clock import Clock
from aiolos_protocol.transport import TransportOwner, wait_for
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import (
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMsgType,
    WSOptions,
    WSReceived,
)

from .deflate import MIN_WINDOW, Deflater, Inflater
from .frames import CLOSE, MAX_REASON, PING, PONG, pack_close, unpack_close
from .handshake import Terms
from .heartbeat import Alarm, Heartbeat, clock_of
from .outbox import Outbox
from .phase import ANSWERING, CLOSING, ENDING, FAILED, GONE, LOST, NEXT, OPEN, RECEIVED, SENT
from .reader import MESSAGE_COST, Fragment, Reader


class Connection(TransportOwner):
    """Reads, answers, closes. What is received stands in `_queue`; `_wait()` waits for more."""

    __slots__ = (
        "_alarm",
        "_answer",
        "_clock",
        "_close_code",
        "_exception",
        "_gone",
        "_heartbeat",
        "_held",
        "_listening",
        "_on_lost",
        "_options",
        "_outbox",
        "_phase",
        "_pong_due",
        "_queue",
        "_reader",
        "_role",
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
        self._clock = clock = clock or clock_of(loop)
        self._options = options
        self._role = role = terms.role
        self._phase = OPEN
        # The payload of the close with which the peer's is answered, or what it did.
        self._answer = b""
        self._close_code: int | None = None
        self._exception: BaseException | None = None
        self._queue: deque[WSReceived | Fragment] = deque()
        self._waiter: asyncio.Future[None] | None = None
        # Done once the connection is gone; made when somebody waits for it.
        self._gone: asyncio.Future[bool] | None = None
        self._on_lost: Callable[[BaseException | None], None] | None = None
        # The reader keeps back what the consumer has no room for.
        self._held = False
        self._listening = False
        self._pong_due: bytes | None = None
        self._alarm = Alarm(loop, clock, self._too_late)
        self._heartbeat: Heartbeat | None = None
        if options.heartbeat:
            self._heartbeat = Heartbeat(
                loop, clock, options.heartbeat, self._ping, self._peer_is_silent
            )
        inflater = None
        # Without it messages go straight to the transport.
        self._outbox: Outbox | None = None
        if terms.compression is not None:
            window = role.peer_window(terms.compression)
            inflater = Inflater(window.bits, window.takeover)
            window = role.own_window(terms.compression)
            if window.bits >= MIN_WINDOW:
                self._outbox = self._new_outbox(Deflater(window.bits, window.takeover))
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
        except Exception as error:
            self._reading_failed(error)
            held = False
        self._after_reading(held)

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
        if self._outbox is not None:
            self._outbox.abandon()
        TransportOwner.connection_lost(self, exc)
        self._wake()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(True)
        if self._on_lost is not None:
            self._on_lost(exc)

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        TransportOwner.pause_writing(self)
        if self._listening:
            # A listener answers at once and cannot wait: so the peer must.
            self.pause_reading()

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        TransportOwner.resume_writing(self)
        if self._pong_due is not None and self._phase < CLOSING:
            payload, self._pong_due = self._pong_due, None
            self._write(PONG, payload)
        if self._listening:
            self.resume_reading()

    # Reading.

    def _read_on(self) -> None:
        """Everything is consumed: read what was kept."""
        self._reader.queued = 0
        try:
            held = self._reader.go_on()
        except Exception as error:
            self._reading_failed(error)
            held = False
        self._after_reading(held)

    def _after_reading(self, held: bool) -> None:
        """Something was read, maybe not all: keep the rest, or throw away what nobody wants."""
        if self._phase == CLOSING:
            held = self._discard(held)
        if held is not self._held:
            self._hold(held)
        if self._queue:
            self._wake()
            if self._listening and self._phase == ANSWERING:
                self._end_seen(self._queue[-1])

    def _discard(self, held: bool) -> bool:
        while True:
            self._queue.clear()
            self._reader.queued = 0
            if not held or self._phase != CLOSING:
                return False
            try:
                held = self._reader.go_on()
            except Exception as error:
                self._reading_failed(error)

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

    def _enqueue(self, kind: WSMsgType, data: Any, extra: str | None = None) -> None:
        self._queue.append(cast(Any, WSMessage(kind, data, extra)))

    async def _wait(self, timeout: float | None) -> None:
        """Wait until something is in the queue, or the phase has changed."""
        if self._waiter is not None or self._listening:
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
            kind = WSMsgType.PING if opcode == PING else WSMsgType.PONG
            self._enqueue(kind, payload)
            self._reader.queued += MESSAGE_COST + len(payload)
        elif opcode == PING:
            if self._write_paused:
                # RFC 6455 5.5.3: only the latest ping must be answered. So a flood of pings, from
                # a peer that does not read, fills no buffer.
                self._pong_due = payload
            else:
                self._write(PONG, payload)

    # Writing.

    def _new_outbox(self, deflater: Deflater | None) -> Outbox:
        return Outbox(self.loop, self._clock, self._put, self._role.frame, self._lost, deflater)

    def _lost(self, message: str) -> ConnectionResetError:
        return self._options.lost(message)

    def _put(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def _write(self, opcode: int, payload: bytes) -> None:
        self._put(self._role.frame(opcode, payload, True, False))

    def _ping(self) -> None:
        self._write(PING, b"")

    def _peer_is_silent(self) -> None:
        heartbeat = self._heartbeat
        assert heartbeat is not None
        error = TimeoutError(
            f"nothing came from the peer within {heartbeat.patience:g} s after a ping"
        )
        self._exception = error
        self._close_code = WSCloseCode.ABNORMAL_CLOSURE
        self._enqueue(WSMsgType.ERROR, error)
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
        self._ended_by_peer(code, pack_close(code or None), WSMsgType.CLOSE, code, reason)

    def _ended_by_peer(
        self, code: int, answer: bytes, kind: WSMsgType, data: Any, extra: str | None = None
    ) -> None:
        self._close_code = code
        self._answer = answer
        if self._phase != CLOSING:
            self._enqueue(kind, data, extra)
        self._move(RECEIVED)
        if self._phase == ENDING:
            self._end()
        elif self._phase == ANSWERING:
            self._expect_end()

    def _end_seen(self, message: WSReceived | Fragment) -> None:
        """The consumer gets `message` and knows by it, maybe, that the peer has ended."""
        if message.type is WSMsgType.ERROR or (
            message.type is WSMsgType.CLOSE and self._options.autoclose
        ):
            self._send_close(self._answer)

    def _send_close(self, payload: bytes) -> None:
        if self._outbox is None:
            self._write(CLOSE, payload)
        else:
            # Behind what was sent before, also where that waits for its turn.
            self._outbox.send(CLOSE, payload)
        self._move(SENT)
        if self._phase == ENDING:
            self._end()
            return
        self._expect_end()
        if self._listening:
            self._reader.listen(_ignore)
        # What the peer still sends is thrown away; whoever receives learns of it at once.
        self._after_reading(self._held)
        self._wake()

    def _reading_failed(self, error: Exception) -> None:
        """The peer broke the protocol (RFC 6455 7.1.7), or a listener raised."""
        if isinstance(error, WebSocketError):
            code, reason = error.code, str(error)
        elif self._listening:
            code, reason = WSCloseCode.INTERNAL_ERROR, ""
        else:
            raise error
        self._exception = error
        self._ended_by_peer(code, pack_close(code, _cut(reason)), WSMsgType.ERROR, error)

    def _end(self) -> None:
        """Nothing more is said: close the connection, or wait until the peer does."""
        if self._outbox is not None:
            # The peer has closed and reads no more; it only waits for our close.
            close = self._outbox.abandon()
            if close is not None:
                self._write(CLOSE, close)
        transport = self.transport
        if transport is None:
            return
        self._expect_end()
        self.resume_reading()
        if self._role.ends_connection:
            if self._exception is None:
                transport.close()
            elif transport.can_write_eof():
                # To close with bytes unread would make the system reset the connection, and the
                # peer might never see our close. So we only say that we are done, and read on.
                transport.write_eof()

    def _until_gone(self) -> Generator[Any, None, bool]:
        if self._phase == GONE:
            return True
        if self._gone is None:
            self._gone = self.loop.create_future()
        yield from wait_for(self._gone)
        return True

    def _expect_end(self) -> None:
        """The phase must not last longer than the closing handshake may."""
        if self._options.close_timeout is not None:
            self._alarm.set(self._options.close_timeout)

    def _too_late(self) -> None:
        """The deadline of the phase has passed."""
        if self._phase == ANSWERING:
            self._send_close(self._answer)
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


def _ignore(payload: memoryview, kind: WSMsgType) -> None:
    """A listener that does not listen any more."""


def _cut(reason: str) -> str:
    # Cut where a close frame is full, between two characters.
    return reason.encode()[:MAX_REASON].decode(errors="ignore")


def _expire(waiter: "asyncio.Future[None]", timeout: float) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError(f"no message came within {timeout:g} s"))
