"""A WebSocket's connection: an asyncio protocol of either role, from the hand-over to the end.

No task stands between the socket and the consumer: data_received() reads frames into a deque and
wakes whoever waits. Control frames are answered there too, also while nobody receives. What is
sent goes straight to the transport.
"""

import asyncio
import logging
from collections import deque
from typing import Any, Final, cast

from aiolos_protocol.clock import Clock
from aiolos_protocol.receiving import share_buffer
from aiolos_protocol.upgrade import Handover
from aiolos_protocol.websocket import (
    WebSocketError,
    WSCloseCode,
    WSMessage,
    WSMsgType,
    WSOptions,
    WSReceived,
)

from .assembly import MESSAGE_COST, Fragment, Listen
from .bypass import descriptor_of
from .closing import Closer
from .deflate import Inflater
from .frames import CLOSE, MAX_REASON, PING, PONG, pack_close, unpack_close
from .handshake import Terms
from .heartbeat import clock_of
from .phase import ANSWERING, CLOSING, OPEN
from .reader import Reader

_LOG: Final = logging.getLogger("aiolos.websocket")

# What reading may raise: a listener that asks a cancelled future for its result is not cancelled by
# anybody, and has failed like any other.
RAISED: Final = (Exception, asyncio.CancelledError)

# What a peer sends at once is one message, up to here.
_SINGLE: Final = 1024


class Connection(Closer):
    """Reads and answers; gives messages to whoever receives.

    The verbs without an underscore are those of aiolos_protocol.websocket.WebSocket, which
    `engine` completes.
    """

    __slots__ = (
        "_gate",
        "_held",
        "_inflates",
        "_listener",
        "_pong_due",
        "_queue",
        "_reader",
        "_to_be_read",
        "_waiter",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        terms: Terms,
        options: WSOptions,
        clock: Clock | None = None,
    ) -> None:
        Closer.__init__(self, loop, terms, options, clock or clock_of(loop))
        self._queue: deque[WSReceived | Fragment] = deque()
        # What whoever receives waits by; and the same again where that can be stepped at once.
        self._waiter: Any = None
        self._gate: Any = None
        # The reader keeps back what the consumer has no room for.
        self._held = False
        # What it keeps back is read in the loop's next turn, whoever receives.
        self._to_be_read = False
        # Whom listen() gives messages to, instead of whoever receives.
        self._listener: Listen | None = None
        self._pong_due: bytes | None = None
        inflater = None
        # A few bytes may become megabytes: what is kept is then read in several turns of the loop.
        self._inflates = terms.compression is not None
        if terms.compression is not None:
            window = terms.role.peer_window(terms.compression)
            inflater = Inflater(window.bits, window.takeover)
        self._reader = Reader(
            terms.role.peer_masks,
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
        if self.transport is not None:
            self._socket = descriptor_of(self.transport, self)

    # From the loop.

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        self.transport = transport
        share_buffer(self.loop, transport, self)
        transport.set_write_buffer_limits(high=self._options.writer_limit)
        if self._heartbeat is not None:
            self._heartbeat.start()

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        if self._socket < 0:
            self._received(data)
        else:
            self._begin_straight()
            try:
                self._received(data)
            finally:
                self._end_straight()

    def _received(self, data: bytes) -> None:
        if self._phase != OPEN and self._phase != CLOSING:
            # Nothing that comes behind a close is read (RFC 6455 5.5.1).
            return
        if self._heartbeat is not None:
            self._heartbeat.hear()
        queue = self._queue
        if not queue and not self._held:
            self._reader.queued = 0
        # Several messages, maybe, and as many answers.
        corked = len(data) > _SINGLE
        if corked:
            self._cork()
        try:
            held = self._reader.feed(data)
        except RAISED as error:
            self._reading_failed(error)
            held = False
        finally:
            if corked:
                self._uncork()
        if held or self._held or self._phase != OPEN:
            self._after_reading(held)
        elif queue:
            gate = self._gate
            if gate is None:
                self._wake()
            else:
                gate.open()

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        Closer.connection_lost(self, exc)
        if not self._held:
            self._reader.end()

    def eof_received(self) -> bool:
        """asyncio.Protocol; a WebSocket is over when either direction is."""
        return False

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._write_paused = True
        if self._held:
            self._set_heartbeat()
        if self._listener is not None:
            self._let_peer_wait()

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        self._has_room()
        if self._heartbeat is not None:
            # Whoever reads lives.
            self._heartbeat.hear()
            self._set_heartbeat()
        if self._pong_due is not None and self._phase < CLOSING:
            payload, self._pong_due = self._pong_due, None
            self._write(PONG, payload)
        if self._listener is not None:
            self._hear_peer_again()

    # A listener answers at once and cannot wait for its answers to be sent: so the peer must.

    def _answers_wait(self) -> bool:
        return self._listener is not None and (
            self._write_paused or (self._outbox is not None and self._outbox.busy)
        )

    def _let_peer_wait(self) -> None:
        if not self._held and self._phase == OPEN:
            self._reader.pause()
            self._hold(True)

    def _hear_peer_again(self) -> None:
        if self._phase == OPEN and not self._answers_wait():
            self._read_what_is_kept()

    def _sending_waits(self, written: "asyncio.Future[None]") -> None:
        if self._listener is not None:
            self._let_peer_wait()
            written.add_done_callback(self._answer_written)

    def _answer_written(self, written: "asyncio.Future[Any]") -> None:
        self._hear_peer_again()

    # Reading.

    def _read_on(self) -> None:
        """Everything is consumed: read what was kept."""
        self._reader.queued = 0
        self._cork()
        try:
            held = self._reader.go_on()
        except RAISED as error:
            self._reading_failed(error)
            held = False
        finally:
            self._uncork()
        self._after_reading(held)

    def _read_on_soon(self) -> None:
        self._to_be_read = False
        if not self._answers_wait() and self._phase in (OPEN, CLOSING):
            self._read_what_is_kept()

    def _read_what_is_kept(self) -> None:
        # In the turn that has passed somebody else may have read it.
        if self._held and not self._queue:
            self._read_on()

    def _read_on_next_turn(self) -> None:
        """One peer must not keep the loop from all others."""
        if not self._to_be_read:
            self._to_be_read = True
            self.loop.call_soon(self._read_on_soon)

    def _after_reading(self, held: bool) -> None:
        """Something was read, maybe not all: keep the rest, or throw away what nobody wants."""
        if self._phase == CLOSING:
            self._queue.clear()
        if self._answers_wait():
            held = self._phase == OPEN
        elif (
            held and (self._listener is not None or self._phase == CLOSING) and not self._to_be_read
        ):
            # Nobody will ask for the rest; but one peer must not keep the loop from all others.
            self._to_be_read = True
            self.loop.call_soon(self._read_on_soon)
        if held is not self._held:
            self._hold(held)
        if self._queue or held:
            self._wake()
        if self._queue and self._listener is not None and self._phase == ANSWERING:
            # Also without autoclose: a listener is not told, and could not answer.
            self._send_close(self._answer)

    def _hold(self, held: bool) -> None:
        self._held = held
        self._set_heartbeat()
        if held:
            self._stop_reading()
        else:
            self._go_on_reading()

    def _set_heartbeat(self) -> None:
        """A peer that we do not listen to can only show that it lives by reading."""
        heartbeat = self._heartbeat
        if heartbeat is None:
            return
        if self._held and not self._write_paused:
            heartbeat.stop()
        elif self._phase == OPEN and not heartbeat.beating:
            heartbeat.start()

    def _control_received(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self._close_received(payload)
        elif self._phase != OPEN:
            return
        elif not self._options.autoping:
            kind = WSMsgType.PING if opcode == PING else WSMsgType.PONG
            if self._listener is not None:
                self._listener(memoryview(payload), kind)
            else:
                self._tell(kind, payload)
                self._reader.queued += MESSAGE_COST + len(payload)
        elif opcode == PING:
            if self._write_paused:
                # RFC 6455 5.5.3: only the latest ping must be answered. So a flood of pings, from
                # a peer that does not read, fills no buffer.
                self._pong_due = payload
            else:
                self._write(PONG, payload)

    # What `Closer` asks for.

    def _tell(self, kind: WSMsgType, data: Any, extra: str | None = None) -> None:
        self._queue.append(cast(Any, WSMessage(kind, data, extra)))

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _stop_receiving(self) -> None:
        self._reader.listen(_ignore)
        # Whoever receives learns of it at once.
        self._after_reading(self._held)
        self._wake()

    # The peer's end.

    def _close_received(self, payload: bytes) -> None:
        code, reason = unpack_close(payload)
        answer = pack_close(code or None)
        if self._phase != CLOSING:
            self._tell(WSMsgType.CLOSE, code, reason)
        self._ended_by_peer(code, answer)

    def _reading_failed(self, error: BaseException) -> None:
        """The peer broke the protocol (RFC 6455 7.1.7), or a listener raised."""
        if isinstance(error, WebSocketError):
            code, reason = error.code, error.reason
        elif self._listener is not None:
            code, reason = WSCloseCode.INTERNAL_ERROR, ""
            if isinstance(error, asyncio.CancelledError):
                # Nobody has cancelled whoever waits in listen(), and nobody would hear of it.
                cancelled, error = error, RuntimeError(f"the listener raised {error!r}")
                error.__cause__ = cancelled
        else:
            raise error
        self._exception = error
        if code == WSCloseCode.MESSAGE_TOO_BIG and self._role.logs:
            _LOG.warning("the WebSocket of %s is closed: %s", self._peer(), error)
        # It raised in the middle of what it keeps, and would read that again.
        self._reader.stop()
        if self._phase != CLOSING:
            self._tell(WSMsgType.ERROR, error)
        self._ended_by_peer(code, pack_close(code, _cut(reason)))

    def _peer(self) -> str:
        name = self.get_extra_info("peername")
        return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else "a local peer"


def _ignore(payload: memoryview, kind: WSMsgType) -> None:
    """A listener that does not listen any more."""


def _cut(reason: str) -> str:
    # Cut where a close frame is full, between two characters.
    return reason.encode()[:MAX_REASON].decode(errors="ignore")
