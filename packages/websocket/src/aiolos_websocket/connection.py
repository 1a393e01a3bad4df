"""A WebSocket's connection: an asyncio protocol of either role, from the hand-over to the end.

No task stands between the socket and the consumer: data_received() reads frames into a deque and
wakes whoever waits. Control frames are answered there too, also while nobody receives. What is
sent goes straight to the transport.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, cast

from aiolos_protocol.clock import Clock
from aiolos_protocol.transport import READY, Outcome, Pending, wait_for, write_pieces
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import (
    CLOSED_MESSAGE,
    CLOSING_MESSAGE,
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMsgType,
    WSOptions,
    WSReceived,
)

from .deflate import MIN_WINDOW, Deflater, Inflater
from .flow import Flow
from .frames import BINARY, CLOSE, MAX_REASON, PING, PONG, TEXT, pack_close, unpack_close
from .handshake import Terms
from .heartbeat import Alarm, Heartbeat, clock_of
from .outbox import Outbox
from .phase import ANSWERING, CLOSING, ENDING, FAILED, GONE, LOST, NEXT, OPEN, RECEIVED, SENT
from .reader import MESSAGE_COST, Fragment, Reader

# Of a message that iteration does not give out but ends at.
_ENDS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED})

# Above it a header and its payload are not joined: copying costs more than it saves.
_LARGE: Final = 32_768

# A loop that does not look at what it receives must end some time.
_PATIENCE: Final = 5


class Connection(Flow):
    """Reads, answers, closes; receives and sends whole messages.

    The verbs without an underscore are those of aiolos_protocol.websocket.WebSocket, which
    `engine` completes.
    """

    __slots__ = (
        "_alarm",
        "_answer",
        "_asked_in_vain",
        "_clock",
        "_close_code",
        "_exception",
        "_gone",
        "_heartbeat",
        "_held",
        "_in_fragments",
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
        "_writer",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        terms: Terms,
        options: WSOptions,
        clock: Clock | None = None,
    ) -> None:
        Flow.__init__(self, loop)
        self._clock = clock = clock or clock_of(loop)
        self._options = options
        self._role = role = terms.role
        self._writer = role.writer
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
        # The consumer stands inside of a message that it gets in fragments.
        self._in_fragments = False
        self._asked_in_vain = 0
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
        # No asyncio.Protocol by birth, because a compiled class cannot be: the loops only ask for
        # the methods.
        handover.attach(cast(asyncio.Protocol, self))

    # From the loop.

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        self.transport = transport
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
        queue = self._queue
        if not queue:
            self._reader.queued = 0
        try:
            held = self._reader.feed(data)
        except Exception as error:
            self._reading_failed(error)
            held = False
        if held or self._held or self._phase != OPEN:
            self._after_reading(held)
        elif queue:
            self._wake()

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
        self._disconnected(exc)
        self._wake()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(True)
        if self._on_lost is not None:
            self._on_lost(exc)

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._write_paused = True
        if self._listening:
            # A listener answers at once and cannot wait: so the peer must.
            self.pause_reading()

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._room()
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

    def _new_waiter(self) -> "asyncio.Future[None]":
        if self._waiter is not None or self._listening:
            raise RuntimeError("another task is receiving already; only one may at a time")
        waiter: asyncio.Future[None] = self.loop.create_future()
        self._waiter = waiter
        return waiter

    async def _wait(self, timeout: "float | None") -> None:
        """Wait until something is in the queue, or the phase has changed."""
        waiter = self._new_waiter()
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

    # Receiving.

    async def __anext__(self) -> "WSReceived":
        queue = self._queue
        if self._phase == OPEN and not self._held and not self._in_fragments:
            # Nearly always. The rest of the cases are receive()'s.
            if not queue and not self._options.receive_timeout:
                waiter = self._new_waiter()
                try:
                    await waiter
                finally:
                    self._waiter = None
            if queue and self._phase == OPEN and not self._held:
                return cast(WSReceived, queue.popleft())
        message = await self.receive()
        if message.type in _ENDS:
            raise StopAsyncIteration
        return message

    async def receive(self, timeout: "float | None" = None) -> "WSReceived":
        if self._in_fragments:
            self._give_up_fragments()
        return cast(WSReceived, await self._next(timeout or self._options.receive_timeout))

    async def _next(self, timeout: "float | None") -> "WSReceived | Fragment":
        queue = self._queue
        while True:
            if queue:
                return self._consumed(queue.popleft())
            if self._held:
                self._read_on()
            elif self._phase == OPEN:
                await self._wait(timeout)
            else:
                break
        if self._phase < ENDING:
            return CLOSING_MESSAGE
        self._asked_in_vain += 1
        if self._asked_in_vain > _PATIENCE:
            raise RuntimeError(
                "the WebSocket is closed, and was so the last times, too: "
                "end the loop when message.type is CLOSED, or use 'async for'"
            )
        # Whoever asks in a loop must not stop all others.
        await asyncio.sleep(0)
        return CLOSED_MESSAGE

    def _consumed(self, message: "WSReceived | Fragment") -> "WSReceived | Fragment":
        if self._held and not self._queue:
            self._read_on()
        if self._phase == ANSWERING:
            self._end_seen(message)
        return message

    def _give_up_fragments(self) -> None:
        """The consumer turns to other messages inside of one: drop the rest of that."""
        self._in_fragments = False
        queue = self._queue
        while queue:
            message = queue.popleft()
            if not isinstance(message, Fragment):
                queue.appendleft(message)
                return
            if message.last:
                return
        self._reader.skip()

    # Sending.

    def send_str(self, data: str, compress: "int | None" = None) -> "Awaitable[None]":
        if not isinstance(data, str):
            raise TypeError(f"send_str() takes a str, not {type(data).__name__}")
        return self._send(TEXT, data.encode(), compress)

    def send_bytes(
        self, data: "bytes | bytearray | memoryview", compress: "int | None" = None
    ) -> "Awaitable[None]":
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"send_bytes() takes bytes, not {type(data).__name__}")
        if isinstance(data, memoryview) and not data.c_contiguous:
            data = bytes(data)
        return self._send(BINARY, data, compress)

    def _send(
        self, opcode: int, message: "bytes | bytearray | memoryview", compress: "int | None"
    ) -> "Awaitable[None]":
        if self._phase > ANSWERING:
            return Outcome(error=self._closed_error())
        if self._outbox is not None:
            written = self._outbox.send(opcode, bytes(message), compress)
            if written is not None:
                return Pending(self._once_written(written))
        elif len(message) >= _LARGE and not self._writer.masks and _stays_as_it_is(message):
            header = self._writer.header(opcode, memoryview(message).nbytes)
            write_pieces(self.transport, (header, message))
        else:
            self.transport.write(self._writer.frame(opcode, message))
        return self.drain() if self._write_paused else READY

    def _once_written(self, written: "asyncio.Future[None]") -> "Generator[Any, None, None]":
        yield from wait_for(written)
        yield from self.drain().__await__()

    def _closed_error(self) -> ConnectionResetError:
        return self._lost("the WebSocket is closed: nothing is sent any more")

    def _new_outbox(self, deflater: Deflater | None) -> Outbox:
        return Outbox(self.loop, self._clock, self._put, self._writer, self._lost, deflater)

    def _lost(self, message: str) -> ConnectionResetError:
        return self._options.lost(message)

    def _put(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)

    def _write(self, opcode: int, payload: bytes) -> None:
        self._put(self._writer.frame(opcode, payload))

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


def _stays_as_it_is(message: "bytes | bytearray | memoryview") -> bool:
    """Whether the transport may keep it: nobody can change it."""
    owner = message.obj if isinstance(message, memoryview) else message
    return isinstance(owner, bytes)


def _ignore(payload: memoryview, kind: WSMsgType) -> None:
    """A listener that does not listen any more."""


def _cut(reason: str) -> str:
    # Cut where a close frame is full, between two characters.
    return reason.encode()[:MAX_REASON].decode(errors="ignore")


def _expire(waiter: "asyncio.Future[None]", timeout: float) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError(f"no message came within {timeout:g} s"))
