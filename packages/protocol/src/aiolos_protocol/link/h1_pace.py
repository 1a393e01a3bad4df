"""How long a client may take: for a head, a body, its answers, and its next request."""

import asyncio
from typing import Any

from ..clock import Clock
from ..errors import ProtocolError, TooSlow
from ..http1.state import BEGUN, BODY, DONE, IDLE
from ..limits import Limits
from .h1 import H1Link


class H1PacedLink(H1Link):
    """An H1Link that keeps a server's deadlines; all times are seconds, inf for none.

    `head_timeout` bounds the whole arrival of a head, `keepalive_timeout` the wait for the next
    one. Within every `body_timeout` the peer must send as much of a body, and take as much of a
    response that waits for it, as `Limits.body_rate` demands; time in which we do not read
    ourselves does not count. `_head` is the request that waits for its answer. A subclass has
    _refuse() and _cut_off().
    """

    __slots__ = (
        "_awaits_continue",
        "_body_timeout",
        "_head",
        "_head_timeout",
        "_idle_since",
        "_keepalive_timeout",
        "_seen",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        limits: Limits,
        head_timeout: float,
        keepalive_timeout: float,
        body_timeout: float,
    ) -> None:
        H1Link.__init__(self, loop, clock, limits)
        self._head: Any = None
        self._head_timeout = head_timeout
        self._keepalive_timeout = keepalive_timeout
        self._body_timeout = body_timeout
        self._idle_since = 0.0
        self._awaits_continue = False
        # How much of a body was here, and of a response was not out, at the last look.
        self._seen = 0

    def _refuse(self, error: ProtocolError) -> None:
        """Answer what is no request, and end the connection."""
        raise NotImplementedError

    def _cut_off(self, error: ProtocolError) -> None:
        """End the connection of a peer that does not take what it is answered."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        H1Link.connection_made(self, transport)
        self._remember()
        self._idle_since = self._clock.now
        self.deadline = self._idle_since + self._head_timeout

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol."""
        H1Link.pause_writing(self)
        now = self._clock.now
        self._watch_unsent(now)
        self.deadline = min(self.deadline, now + self._body_timeout)

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol."""
        H1Link.resume_writing(self)
        if self.is_idle():
            # The wait for the next request begins when this one's answer is out.
            self._await_next()
            if self._buffer:
                self.loop.call_soon(self._resume)

    def resume_reading(self) -> None:
        """See TransportOwner."""
        if self._receiving == BODY and self._is_running():
            self._await_body()
        H1Link.resume_reading(self)

    def is_arriving(self) -> bool:
        """See ServerLink."""
        return self._receiving == BEGUN

    def idle_time(self) -> float:
        """See ServerLink."""
        if self._receiving != IDLE or self._sending != IDLE:
            return -1.0
        idle: float = self._clock.now - self._idle_since
        return idle

    def close(self) -> None:
        """See H1Link.close(); a peer that does not take what is left to be sent is cut off."""
        H1Link.close(self)
        if self.transport is not None:
            now = self._clock.now
            self._watch_unsent(now)
            self.deadline = now + self._body_timeout

    def expired(self) -> None:
        """The deadline has passed: for the next request, its head, its body, or its answer."""
        now, seconds = self._clock.now, self._body_timeout
        if self._receiving == BEGUN:
            self._refuse(
                TooSlow(
                    "head_timeout",
                    self._head_timeout,
                    f"the request head did not arrive within {self._head_timeout:g} s; slower ones "
                    "need a longer head_timeout",
                )
            )
        elif self._is_sluggish(self._limits.body_rate * seconds, now, seconds):
            self._cut_off(TooSlow.answer(self._limits.body_rate, seconds))
        elif self._is_running() and self._receiving == BODY:
            self._check_body()
        elif self._write_paused or self.transport.is_closing():
            self.deadline = self._watched + seconds
        elif self._is_running():
            self.deadline = now + seconds
        else:
            self.close()

    def _is_running(self) -> bool:
        """Whether a request waits for its answer."""
        return self._head is not None and self._sending < DONE

    def _await_next(self) -> None:
        self._idle_since = self._clock.now
        self.deadline = self._idle_since + self._keepalive_timeout

    def _await_body(self) -> None:
        """From now on the body must come at its pace."""
        self._seen = self._body.total_bytes
        self.deadline = self._clock.now + self._body_timeout

    def _check_body(self) -> None:
        seen = self._seen
        late = self._body.total_bytes - seen < self._limits.body_rate * self._body_timeout
        if late and not self._read_paused and not self._awaits_continue:
            self._break_off(TooSlow.body(self._limits.body_rate, self._body_timeout))
        self._await_body()
