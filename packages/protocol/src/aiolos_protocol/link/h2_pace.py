"""How long the client of an HTTP/2 connection may take: for a request, for bodies, for answers."""

import asyncio
from typing import Any, Final, Protocol

from ..clock import Clock
from ..errors import ConnectionLost, TooSlow
from ..http2.errors import ErrorCode
from ..http2.stream import Stream
from ..limits import Limits
from .h2 import H2Link

# How long a peer that was told goodbye may take to hear it, in seconds.
FAREWELL: Final = 2.0

# How long streams that were at work together wait for others, in seconds; then one is enough.
SPARE: Final = 5.0


class IdleLinks(Protocol):
    """What knows the connections that wait for their next request."""

    def add(self, link: Any) -> None:
        """`link` waits for one, and may be closed by its close_idle()."""

    def discard(self, link: Any) -> None:
        """`link` has one, or is gone; no error where it did not wait."""


class H2PacedLink(H2Link):
    """An H2Link that keeps a server's deadlines; all times are seconds, inf for none.

    `head_timeout` bounds the wait for the first request, `keepalive_timeout` that for any other
    while none is at work. Within every `body_timeout` the peer must send as much of a body that is
    awaited, and take as much of a response, as `Limits.body_rate` demands. `idle` is told when no
    request is at work any more, and when there is one again. A subclass has _part_with_spares().
    """

    __slots__ = (
        "_body_timeout",
        "_idle",
        "_idle_since",
        "_idle_until",
        "_keepalive_timeout",
        "_working",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        limits: Limits,
        head_timeout: float,
        keepalive_timeout: float,
        body_timeout: float,
        idle: IdleLinks | None,
    ) -> None:
        H2Link.__init__(self, loop, clock, limits)
        self._keepalive_timeout = keepalive_timeout
        self._body_timeout = body_timeout
        self._idle = idle
        self._idle_since = clock.now
        # When a connection without a request at work is closed.
        self._idle_until = self.deadline = clock.now + head_timeout
        # How many streams are at work.
        self._working = 0

    def _part_with_spares(self) -> None:
        """No request has been at work for a while."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        H2Link.connection_made(self, transport)
        self._remember()
        self._idle_since = self._clock.now

    # Requests at work.

    def _begin_work(self) -> None:
        """One more is at work."""
        if not self._working:
            self.deadline = self._clock.now + self._body_timeout
            if self._idle is not None:
                self._idle.discard(self)
        self._working += 1

    def _end_work(self, leaves: bool) -> None:
        """One less is; `leaves` where the peer has been told goodbye."""
        self._working -= 1
        if not self._working:
            now = self._idle_since = self._clock.now
            self._idle_until = now + (FAREWELL if leaves else self._keepalive_timeout)
            self.deadline = min(self._idle_until, now + SPARE)
            if self._idle is not None and self.transport is not None:
                self._idle.add(self)

    def idle_time(self) -> float:
        """See ServerLink."""
        if self._working:
            return -1.0
        idle: float = self._clock.now - self._idle_since
        return idle

    def close_idle(self, seconds: float) -> None:
        """Close now if nothing has been asked for so long."""
        if self.idle_time() >= seconds:
            self.close()

    # Time.

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        H2Link.pause_writing(self)
        now = self._clock.now
        self._watch_unsent(now)
        self.deadline = min(self.deadline, now + self._body_timeout)

    def expired(self) -> None:
        """The deadline has passed: for the next request, or for the peer to keep its pace."""
        now, seconds = self._clock.now, self._body_timeout
        if self._is_sluggish(self._limits.body_rate * seconds, now, seconds):
            self._broken(TooSlow.answer(self._limits.body_rate, seconds))
            self.abort()
        elif self._working or self._write_paused or self.transport.is_closing():
            self.deadline = now + seconds
            if self._working:
                self._check_pace()
        elif now < self._idle_until:
            self.deadline = self._idle_until
            self._part_with_spares()
        else:
            self.close()
            self.deadline = now + seconds

    def _check_pace(self) -> None:
        least = int(self._limits.body_rate * self._body_timeout)
        taking, sending = self._conn.held_up(least)
        for stream in taking:
            self._broken(TooSlow.answer(self._limits.body_rate, self._body_timeout))
            error = ConnectionLost(
                f"the peer took less than {least} bytes of the response in {self._body_timeout:g} s"
            )
            self._end(stream, error)
        for stream in sending:
            if stream.owner is not None:
                stream.owner.late(self._body_timeout)
        self._flush_soon()

    def _end(self, stream: Stream, error: Exception) -> None:
        owner, stream.owner = stream.owner, None
        self._conn.reset(stream, ErrorCode.CANCEL)
        if owner is not None:
            owner.broken(error)
