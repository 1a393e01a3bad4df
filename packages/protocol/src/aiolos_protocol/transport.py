"""The base of whatever sits on a transport: flow control both ways, draining, extra info.

Not a subclass of asyncio.Protocol: compiled classes cannot be, and the loops only ask for the
methods.
"""

import asyncio
import sys
from collections.abc import Awaitable, Generator, Sequence
from typing import Any, Final, cast

from .errors import ConnectionLost
from .receiving import share_buffer
from .unsent import unsent

# CVE-2024-12254: there asyncio's writelines() never pauses its protocol, and a peer that does not
# read would fill the memory.
_WRITELINES_NEVER_PAUSES: Final = (3, 12) <= sys.version_info < (3, 12, 9) or (
    3,
    13,
) <= sys.version_info < (3, 13, 2)


def write_pieces(transport: Any, pieces: "Sequence[bytes | bytearray | memoryview]") -> None:
    """Write large pieces without joining them, where flow control works for that."""
    if _WRITELINES_NEVER_PAUSES:
        transport.write(b"".join(pieces))
    else:
        transport.writelines(pieces)


class Outcome:
    """What a plain function returns in place of a coroutine when nothing is left to wait for.

    Awaiting gives `value`, or raises `error`, at once and as often as one likes; dropping it
    warns nobody. It has a coroutine's methods, so that asyncio.create_task() takes it.
    """

    __slots__ = ("_error", "_value")

    def __init__(self, value: Any = None, error: "BaseException | None" = None) -> None:
        self._value = value
        self._error = error

    def __await__(self) -> "Generator[Any, None, Any]":
        yield from ()
        if self._error is not None:
            raise self._error
        return self._value

    def send(self, value: Any) -> Any:
        """As a coroutine's."""
        if self._error is not None:
            raise self._error
        raise StopIteration(self._value)

    def throw(self, *error: Any) -> Any:
        """As a coroutine's that has not begun."""
        raise error[-1] if isinstance(error[-1], BaseException) else error[0]

    def close(self) -> None:
        """As a coroutine's."""


class _Ready(Outcome):
    """None, as the outcome; awaited once for every write, nearly always this one."""

    __slots__ = ()

    def __await__(self) -> "Generator[Any, None, Any]":
        # An iterator that is over stays so, and nothing is made for it.
        return _OVER


_OVER: Final = cast("Generator[Any, None, Any]", iter(()))
READY: Final[Awaitable[None]] = _Ready()


class Pending:
    """What a plain function returns in place of a coroutine, where something is to wait for.

    `steps` is what awaiting goes through, see wait_for(). Dropping it warns nobody; it has a
    coroutine's methods, as Outcome.
    """

    __slots__ = ("_steps",)

    def __init__(self, steps: "Generator[Any, None, Any]") -> None:
        self._steps = steps

    def __await__(self) -> "Generator[Any, None, Any]":
        return self._steps

    def send(self, value: Any) -> Any:
        """As a coroutine's."""
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """As a coroutine's."""
        return self._steps.throw(*error)

    def close(self) -> None:
        """As a coroutine's."""
        self._steps.close()


def wait_for(future: "asyncio.Future[Any]") -> "Generator[Any, None, Any]":
    """Wait for a future that others wait for, too: cancelling one reaches neither it nor them."""
    # The shield is made by the first step: one that nobody awaits would report its exception.
    return (yield from asyncio.shield(future))


def turn() -> "Awaitable[None]":
    """An awaitable that lets the loop go on, once."""
    return Pending(_yield())


def _yield() -> "Generator[Any, None, Any]":
    yield


class Room:
    """Room in a send buffer that is full, for whoever waits for it; an owner has it meanwhile."""

    __slots__ = ("_future",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._future: asyncio.Future[None] = loop.create_future()

    def wait(self) -> "Awaitable[None]":
        """An awaitable that is done once there is room."""
        return Pending(wait_for(self._future))

    def made(self) -> None:
        """There is room: all go on."""
        if not self._future.done():
            self._future.set_result(None)

    def lost(self, error: BaseException, cause: BaseException | None) -> None:
        """There will be none: all get `error`."""
        error.__cause__ = cause
        if not self._future.done():
            self._future.set_exception(error)
            # Nobody may be waiting any more; that is not worth a warning.
            self._future.exception()


class TransportOwner:
    """Owns one transport from connection_made to connection_lost."""

    __slots__ = (
        "__weakref__",
        "_beside",
        "_lasting",
        "_peername",
        "_read_paused",
        "_readied",
        "_room",
        "_unsent",
        "_watched",
        "_write_paused",
        "loop",
        "transport",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # Typed as what they are in use: each use follows a check of the automaton.
        self.transport: Any = None
        self._write_paused = False
        self._read_paused = False
        # How often writing had to wait for nothing; see _ready().
        self._readied = 0
        # What waited to be sent when the peer's pace was looked at last, in bytes, and when that
        # was, by the owner's clock.
        self._unsent = 0
        self._watched = 0.0
        # What is yet to be written past the transport, to its socket.
        self._beside = 0
        # There while somebody waits for it.
        self._room: Room | None = None
        # See _remember(): the peer's address, and what is told once the connection is gone.
        self._peername: Any = None
        self._lasting: dict[str, Any] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        self.transport = transport
        share_buffer(self.loop, transport, self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol; whoever drains gets ConnectionLost, or what `_lost` makes."""
        transport = self.transport
        if self._peername is not None and transport is not None:
            self._lasting = {"peername": self._peername}
            for name in ("sockname", "ssl_object", "sslcontext"):
                self._lasting[name] = transport.get_extra_info(name)
        self.transport = None
        room, self._room = self._room, None
        if room is not None:
            room.lost(self._lost("the connection was lost while data waited to be sent"), exc)

    def _remember(self) -> None:
        """Tell whose the connection is, and whether by TLS, also when it is gone."""
        # Not only then: TLS has let go of the peer's address, and a reset makes the kernel forget.
        self._peername = self.transport.get_extra_info("peername", "")

    def _lost(self, message: str) -> ConnectionResetError:
        """What writing raises without a connection; for an owner with an error of its own."""
        return ConnectionLost(message)

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol: the send buffer is above its high-water mark."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol: the send buffer is below its low-water mark."""
        self._write_paused = False
        room, self._room = self._room, None
        if room is not None:
            room.made()

    def _watch_unsent(self, now: float) -> None:
        """From `now` on the peer must take what is written at its pace."""
        self._unsent = unsent(self.transport) + self._beside
        self._watched = now

    def _is_sluggish(self, least: float, now: float, seconds: float) -> bool:
        """Whether what is written waits for a peer that took less than `least` bytes of it in the
        `seconds` or more since this was asked before, or since it is watched."""
        if not self._write_paused and not self.transport.is_closing():
            return False
        if now - self._watched < seconds:
            # The buffer has only just filled again: that says nothing.
            return False
        before = self._unsent
        self._watch_unsent(now)
        # More than before: somebody still writes, who will wait in drain() or come to an end.
        return 0 <= before - self._unsent < least

    def written_beside(self, size: int) -> None:
        """`size` bytes of what is `_beside` have been written."""
        self._beside -= size

    def drain(self) -> "Awaitable[None]":
        """An awaitable that is done when the send buffer has room; never a coroutine.

        Awaiting raises ConnectionLost when the connection goes away instead.
        """
        if self.transport is None:
            return Outcome(error=self._lost("the connection is closed"))
        if not self._write_paused:
            return self._ready()
        if self._room is None:
            self._room = Room(self.loop)
        return self._room.wait()

    def _ready(self) -> "Awaitable[None]":
        """There is room. A transport whose socket has failed takes all and sends nothing, until
        connection_lost(), for which the loop must go on: whoever only writes would never let it.
        It is asked now and then, which is enough; and seldom the loop goes on anyhow: a peer that
        takes small pieces as quickly as they are written must not have it for itself.
        """
        self._readied += 1
        if self._readied & 15 or self.transport is None:
            return READY
        if self._readied & 1023 and not self.transport.is_closing():
            return READY
        return turn()

    def pause_reading(self) -> None:
        """Stop receiving until resume_reading(); repeating it changes nothing."""
        if not self._read_paused and self.transport is not None:
            self._read_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Go on receiving."""
        if self._read_paused and self.transport is not None:
            self._read_paused = False
            self.transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info(); once the connection is gone, what _remember()
        has kept, else `default`."""
        if self.transport is None:
            lasting = self._lasting
            value = None if lasting is None else lasting.get(name)
            return default if value is None else value
        return self.transport.get_extra_info(name, default)
