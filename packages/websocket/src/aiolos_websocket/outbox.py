"""Messages on their way out, in the order of the calls.

Nearly all are written at once. A large one that is deflated beside the loop, and one that is sent
in fragments, have the turn for a while; what comes behind them waits in a queue. Control frames do
not: they may come between the fragments of a message (RFC 6455 5.4).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Final

from aiolos_protocol.clock import Clock

from .broadcasting import Broadcasting
from .deflate import Deflater
from .frames import BINARY, CLOSE
from .heartbeat import Alarm
from .windows import Windows
from .writer import Writer

# Deflating more than this takes a millisecond or longer, and is done in a thread.
OFF_LOOP: Final = 65_536

# What a message that waits is counted for beyond its bytes.
JOB_COST: Final = 640

# A window that was not used between two looks, so many seconds apart, is given back.
IDLE: Final = 5.0


class Turn(Enum):
    """Whose it is to send."""

    FREE = 0
    TAKEN = 1
    """That of a message that a thread deflates."""
    GIVEN = 2
    """That of a message in fragments, of which there is none yet: a close takes it back."""
    IN_FRAGMENTS = 3
    """That of a message in fragments, in the middle of which a close may come (RFC 6455 5.4)."""
    LEFT = 4
    """Nobody's until a thread is done: it deflates for somebody who did not wait for it."""
    OVER = 5
    """Nothing is sent any more."""


@dataclass(slots=True)
class Job:
    """A frame that waits for its turn; `done` is set once it is written.

    `payload` None stands for a message that others get, too, or else for somebody who wants the
    turn, and `done` then says that it is his.
    """

    done: "asyncio.Future[None]"
    opcode: int = 0
    payload: bytes | None = None
    compress: int | None = None
    shared: Broadcasting | None = None

    @property
    def size(self) -> int:
        """For how many bytes it counts while it waits, the objects that hold it included."""
        payload = self.shared.size if self.shared is not None else len(self.payload or b"")
        return payload + JOB_COST


class Outbox:
    """Makes frames of messages by `writer`, and writes them by `write`.

    `deflater` is None where no compression was agreed upon, and `windows` bounds what it holds;
    `lost` makes the error for messages that cannot be sent any more.
    """

    __slots__ = (
        "_alarm",
        "_deflater",
        "_jobs",
        "_loop",
        "_lost",
        "_turn",
        "_windows",
        "_write",
        "_writer",
        "left",
        "waiting",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        write: Callable[[bytes], None],
        writer: Writer,
        lost: Callable[[str], ConnectionResetError],
        deflater: Deflater | None,
        windows: Windows,
    ) -> None:
        self._loop = loop
        self._write = write
        self._writer = writer
        self._deflater = deflater
        self._windows = windows
        self._lost = lost
        self._alarm = Alarm(loop, clock, self._release)
        self._jobs: deque[Job] = deque()
        self._turn = Turn.FREE
        # For how many bytes the jobs count.
        self.waiting = 0
        # What a thread does for somebody who did not wait for it.
        self.left: asyncio.Future[bytes] | None = None

    @property
    def busy(self) -> bool:
        """Whether what is sent now would have to wait."""
        return self._turn is not Turn.FREE

    def send(
        self, opcode: int, payload: bytes, compress: int | None = None
    ) -> "asyncio.Future[None] | None":
        """Send a frame, now (None) or in its turn (a future for when it is written).

        `compress` says how a message is deflated: 0 not at all, 9 to 15 with a window of its own,
        None as agreed upon.
        """
        if self._turn is Turn.FREE and (
            len(payload) <= OFF_LOOP or not self._deflates(opcode, compress)
        ):
            self._write(self._encoded(opcode, payload, compress))
            return None
        return self._enqueue(Job(self._loop.create_future(), opcode, payload, compress))

    @property
    def over(self) -> bool:
        """Whether nothing is sent any more."""
        return self._turn is Turn.OVER

    @property
    def window(self) -> int:
        """The window that messages may be deflated with, 0 where they are not."""
        return 0 if self._deflater is None else self._deflater.window

    def send_shared(self, message: Broadcasting) -> "asyncio.Future[None] | None":
        """Send a message that others get, too; as send()."""
        if self._turn is Turn.FREE and not self._takes_long(message):
            self._write_shared(message)
            return None
        return self._enqueue(Job(self._loop.create_future(), shared=message))

    def _takes_long(self, message: Broadcasting) -> bool:
        return message.size > OFF_LOOP and self.window != 0

    def _write_shared(self, message: Broadcasting) -> None:
        if self._deflater is not None and message.deflates(self.window):
            self._windows.release(self._deflater)
        self._write(message.frame(self._writer, self.window))

    def _shared_deflated(self, job: Job, deflating: "asyncio.Future[bool]") -> None:
        error: BaseException | None = self._too_late()
        if self._turn is not Turn.OVER:
            error = deflating.exception()
            if error is None and job.shared is not None:
                self._write_shared(job.shared)
        _settle(job.done, error)
        self._thread_done()

    async def take_turn(self) -> None:
        """Wait for the caller's turn to send fragments; he passes it on.

        Raises what `lost` makes when nothing is sent any more.
        """
        turn = self._enqueue(Job(self._loop.create_future()))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.pass_on()
            raise

    def pass_on(self) -> None:
        """Whoever had taken the turn is done; nothing happens where he has lost it."""
        if self._turn is Turn.GIVEN or self._turn is Turn.IN_FRAGMENTS:
            self._free()

    async def send_fragment(
        self, opcode: int, piece: bytes, fin: bool, compress: int | None
    ) -> None:
        """Send a fragment of a message, by whoever has taken the turn.

        Raises what `lost` makes when he has lost it, or nothing is sent any more.
        """
        if self._turn is Turn.GIVEN:
            self._turn = Turn.IN_FRAGMENTS
        elif self._turn is not Turn.IN_FRAGMENTS:
            raise self._too_late()
        deflater = None if compress == 0 else self._deflater
        if deflater is not None:
            if len(piece) > OFF_LOOP:
                piece = await self._deflated_fragment(deflater, piece, fin)
            else:
                piece = deflater.fragment(piece, fin)
        if self._turn is Turn.OVER:
            raise self._too_late()
        self._in_use()
        # RFC 7692 6.1: the bit stands on the first fragment only.
        self._write(self._writer.frame(opcode, piece, fin, deflater is not None and opcode != 0))

    async def _deflated_fragment(self, deflater: Deflater, piece: bytes, fin: bool) -> bytes:
        deflating = self._loop.run_in_executor(None, deflater.fragment, piece, fin)
        try:
            return await asyncio.shield(deflating)
        finally:
            if not deflating.done() and self._turn is Turn.IN_FRAGMENTS:
                # The thread cannot be stopped, and has the compressor meanwhile.
                self._turn = Turn.LEFT
                self.left = deflating
                deflating.add_done_callback(self._left_alone)

    def _left_alone(self, deflating: "asyncio.Future[bytes]") -> None:
        self.left = None
        if self._turn is Turn.LEFT:
            # The peer never gets what the window has taken in.
            assert self._deflater is not None
            self._windows.release(self._deflater)
            self._free()

    def abandon(self) -> bytes | None:
        """Send nothing any more; what waits is dropped, and who waits is told.

        Returns the payload of a close that was among it.
        """
        self._turn = Turn.OVER
        # Together with whom they call we would be left to the garbage collector.
        self._alarm.end()
        self._write = _to_nobody
        if self._deflater is not None:
            self._windows.release(self._deflater)
        close = None
        while self._jobs:
            job = self._jobs.popleft()
            self.waiting -= job.size
            if job.opcode == CLOSE:
                close = job.payload
            _settle(job.done, self._too_late())
        return close

    def break_off(self) -> None:
        """A close goes out: a message in fragments ends where it is, or does not begin, and nothing
        waits for its end. Other messages are sent before it, but for those that wait behind
        fragments that have begun."""
        if self._turn is Turn.IN_FRAGMENTS:
            self.abandon()
        for job in self._jobs:
            if job.payload is None and job.shared is None:
                _settle(job.done, self._too_late())
        if self._turn is Turn.GIVEN:
            self._free()

    def _deflates(self, opcode: int, compress: int | None) -> bool:
        return self._deflater is not None and opcode <= BINARY and compress != 0

    def _deflate(self, payload: bytes, compress: int | None) -> bytes | None:
        assert self._deflater is not None
        if compress is None:
            return self._deflater.deflate(payload)
        return self._deflater.deflate_apart(payload, compress)

    def _encoded(self, opcode: int, payload: bytes, compress: int | None) -> bytes:
        if self._deflates(opcode, compress):
            data = self._deflate(payload, compress)
            self._in_use()
            if data is not None:
                return self._writer.frame(opcode, data, True, True)
        return self._writer.frame(opcode, payload, True, False)

    def _enqueue(self, job: Job) -> "asyncio.Future[None]":
        if self._turn is Turn.OVER:
            _settle(job.done, self._too_late())
        else:
            self._jobs.append(job)
            self.waiting += job.size
            self._go_on()
        return job.done

    def _go_on(self) -> None:
        while self._jobs and self._turn is Turn.FREE:
            job = self._jobs.popleft()
            self.waiting -= job.size
            payload = job.payload
            if job.shared is not None:
                if self._takes_long(job.shared):
                    self._turn = Turn.TAKEN
                    deflated = job.shared.deflating(self._loop, self.window)
                    deflated.add_done_callback(partial(self._shared_deflated, job))
                else:
                    self._write_shared(job.shared)
                    _settle(job.done, None)
            elif payload is None:
                # Whoever has given up waiting must not have it.
                if not job.done.done():
                    self._turn = Turn.GIVEN
                    job.done.set_result(None)
            elif len(payload) > OFF_LOOP and self._deflates(job.opcode, job.compress):
                self._turn = Turn.TAKEN
                deflating = self._loop.run_in_executor(None, self._deflate, payload, job.compress)
                deflating.add_done_callback(partial(self._deflated, job))
            else:
                self._write(self._encoded(job.opcode, payload, job.compress))
                _settle(job.done, None)

    def _deflated(self, job: Job, deflating: "asyncio.Future[bytes | None]") -> None:
        error: BaseException | None = self._too_late()
        if self._turn is not Turn.OVER:
            error = deflating.exception()
            if error is None:
                data = deflating.result()
                compressed = data is not None
                payload = data if data is not None else job.payload or b""
                self._write(self._writer.frame(job.opcode, payload, True, compressed))
                self._in_use()
        _settle(job.done, error)
        self._thread_done()

    def _thread_done(self) -> None:
        if self._turn is Turn.TAKEN:
            self._free()

    def _free(self) -> None:
        self._turn = Turn.FREE
        self._go_on()

    def _too_late(self) -> ConnectionResetError:
        return self._lost("the WebSocket was closed before the message was sent")

    def _in_use(self) -> None:
        deflater = self._deflater
        if deflater is None or self._turn is Turn.OVER:
            return
        if not deflater.holds_window:
            self._windows.release(deflater)
            return
        self._windows.used(deflater)
        if not deflater.used:
            deflater.used = True
            self._alarm.set(IDLE)

    def _release(self) -> None:
        deflater = self._deflater
        if deflater is None:
            return
        if deflater.used or self.busy:
            deflater.used = False
            self._alarm.set(IDLE)
        else:
            self._windows.release_idle(deflater)


def _to_nobody(frame: bytes) -> None:
    """Nothing is sent any more."""


def _settle(done: "asyncio.Future[None]", error: BaseException | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)
        # Nobody may be waiting; that is not worth a warning.
        done.exception()
