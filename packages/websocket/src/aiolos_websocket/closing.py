"""How a WebSocket ends: by either end's close, by silence, by a deadline, by loss."""

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Final

from aiolos_protocol.clock import Clock
from aiolos_protocol.transport import wait_for
from aiolos_protocol.websocket import WSCloseCode, WSMsgType, WSOptions

from .frames import CLOSE, PING
from .handshake import Terms
from .heartbeat import Alarm, Heartbeat
from .phase import ANSWERING, CLOSING, ENDING, FAILED, GONE, LOST, NEXT, OPEN, RECEIVED, SENT
from .sending import Sender

# For how many seconds a connection that cannot be half closed is read on.
_LINGER: Final = 0.5


class Closer(Sender):
    """Moves the phase, keeps its deadlines, and says how it ended.

    Whoever receives is reached by `_tell`, `_wake` and `_stop_receiving`.
    """

    __slots__ = (
        "_alarm",
        "_answer",
        "_close_code",
        "_exception",
        "_gone",
        "_heartbeat",
        "_on_lost",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, terms: Terms, options: WSOptions, clock: Clock
    ) -> None:
        Sender.__init__(self, loop, terms, options, clock)
        # The payload of the close with which the peer's is answered, or what it did.
        self._answer = b""
        self._close_code: int | None = None
        self._exception: BaseException | None = None
        # Done once the connection is gone; made when somebody waits for it.
        self._gone: asyncio.Future[bool] | None = None
        self._on_lost: Callable[[BaseException | None], None] | None = None
        self._alarm = Alarm(loop, clock, self._too_late)
        self._heartbeat: Heartbeat | None = None
        if options.heartbeat:
            self._heartbeat = Heartbeat(
                loop, clock, options.heartbeat, self._ping, self._peer_is_silent, self._unsent
            )

    def _tell(self, kind: WSMsgType, data: Any, extra: str | None = None) -> None:
        """Give the consumer an event, behind the messages that it has not got yet."""
        raise NotImplementedError

    def _wake(self) -> None:
        """Whoever waits to receive shall look again."""
        raise NotImplementedError

    def _stop_receiving(self) -> None:
        """Our close was first: throw away what the peer still sends."""
        raise NotImplementedError

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        if self._phase == GONE:
            return
        if self._exception is None:
            self._exception = exc
        if self._close_code is None:
            self._close_code = WSCloseCode.ABNORMAL_CLOSURE
        self._move(LOST)
        # What has known us would be left to the garbage collector together with us.
        self._alarm.end()
        if self._heartbeat is not None:
            self._heartbeat.end()
            self._heartbeat = None
        if self._outbox is not None:
            self._outbox.abandon()
        self._disconnected(exc)
        self._wake()
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(True)
        on_lost, self._on_lost = self._on_lost, None
        if on_lost is not None:
            on_lost(exc)

    def _ping(self) -> None:
        self._write(PING, b"")

    def _unsent(self) -> int:
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def _peer_is_silent(self) -> None:
        heartbeat = self._heartbeat
        assert heartbeat is not None
        error = self._options.silent(f"No PONG received after {heartbeat.patience} seconds")
        self._exception = error
        self._close_code = WSCloseCode.ABNORMAL_CLOSURE
        self._tell(WSMsgType.ERROR, error)
        self._move(FAILED)
        self._abort()
        self._wake()

    def _move(self, event: int) -> None:
        phase = NEXT.get((self._phase, event))
        if phase is None:
            return
        self._phase = phase
        if phase != OPEN and self._heartbeat is not None:
            self._heartbeat.stop()

    def _ended_by_peer(self, code: int, answer: bytes) -> None:
        """The peer has sent its close, or broken a rule: `answer` is what we close with."""
        self._close_code = code
        self._answer = answer
        self._move(RECEIVED)
        if self._phase == ENDING:
            self._end()
        elif self._phase == ANSWERING:
            self._expect_end()

    def _send_close(self, payload: bytes) -> None:
        outbox = self._outbox
        if outbox is not None:
            outbox.break_off()
        if outbox is None or outbox.over:
            self._write(CLOSE, payload)
        else:
            # Behind what was sent before, also where that waits for its turn.
            outbox.send(CLOSE, payload)
        self._move(SENT)
        if self._phase == ENDING:
            self._end()
            return
        self._expect_end()
        self._stop_receiving()

    def _end(self) -> None:
        """Nothing more is said: close the connection, or wait until the peer does."""
        if self._outbox is not None:
            # The peer has closed and reads no more; it only waits for our close.
            close = self._outbox.abandon()
            if close is not None:
                self._write(CLOSE, close)
        self._flush()
        transport = self.transport
        if transport is None:
            return
        self._expect_end()
        self._go_on_reading()
        if self._role.ends_connection:
            if self._exception is None:
                transport.close()
            # To close with bytes unread would make the system reset the connection, and the peer
            # might never see our close. So we only say that we are done, and read on.
            elif transport.can_write_eof():
                try:
                    transport.write_eof()
                except OSError:
                    # The peer has hung up already.
                    transport.abort()
            else:
                # TLS cannot say so. The peer waits for us to close, and has seen ours by then.
                self.loop.call_later(_LINGER, transport.close)

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
