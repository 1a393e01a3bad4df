"""Pings and their deadlines, whoever receives or does not."""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import Final
from weakref import WeakValueDictionary

from aiolos_protocol.clock import NEVER, Clock

# The clock is coarse; what is shorter gets a timer of its own.
_FINE: Final = 1.0


class SharedClock(Clock):
    """The clock that all WebSockets of one loop share."""

    __slots__ = ("__weakref__",)


_clocks: Final[WeakValueDictionary[int, SharedClock]] = WeakValueDictionary()


def clock_of(loop: asyncio.AbstractEventLoop) -> Clock:
    """The clock of `loop`, which lives while somebody keeps it."""
    # A clock keeps its loop, so the id cannot come to mean another one.
    clock = _clocks.get(id(loop))
    if clock is None:
        clock = _clocks[id(loop)] = SharedClock(loop)
    return clock


class Alarm:
    """Calls `action()` once, `seconds` after set(), unless it is set anew or cleared before."""

    __slots__ = ("_action", "_clock", "_loop", "_timer", "deadline")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, action: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._action = action
        self._timer: asyncio.TimerHandle | None = None
        self.deadline = NEVER

    def set(self, seconds: float) -> None:
        """Ring in `seconds`; a second or more is only kept to the clock's tick."""
        if seconds < _FINE:
            self.clear()
            self._timer = self._loop.call_later(seconds, self.expired)
        else:
            self.wait(seconds)

    def wait(self, seconds: float) -> None:
        """Ring in `seconds`, by the clock, however short that is."""
        self.clear()
        # It is not sure to go before it watches something.
        self._clock.watch(self)
        self.deadline = self._clock.now + seconds

    def clear(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif self.deadline is not NEVER:
            self._clock.unwatch(self)
            self.deadline = NEVER

    def end(self) -> None:
        """Do not ring any more, and forget who was to be called."""
        self.clear()
        self._action = _nothing

    def expired(self) -> None:
        """The time has come."""
        self.clear()
        self._action()


def _nothing() -> None:
    """Nobody is called."""


class Beat(Enum):
    """Where a heartbeat stands."""

    STOPPED = 0
    WAITING = 1
    """For the next ping to be due."""
    PINGED = 2
    """For a sign of life."""


class Heartbeat:
    """Pings a peer that has been silent for `interval` seconds, and gives it half of that.

    `ping()` sends one; `silent()` is called once when nothing at all came back. The owner calls
    hear() whenever something arrives: any frame is as good as a pong. As long as `unsent()`, how
    many bytes wait to be sent, falls, the peer reads, and has not come to the ping yet.
    """

    __slots__ = (
        "_alarm", "_beat", "_clock", "_heard", "_interval", "_left", "_loop", "_ping", "_pinged",
        "_silent", "_unsent",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        interval: float,
        ping: Callable[[], None],
        silent: Callable[[], None],
        unsent: Callable[[], int],
    ) -> None:
        self._alarm = Alarm(loop, clock, self._ring)
        self._clock = clock
        self._loop = loop
        self._interval = interval
        self._ping = ping
        self._silent = silent
        self._unsent = unsent
        # What it was before the ping, and at the last look since.
        self._left = 0
        self._beat = Beat.STOPPED
        # When something was heard last, and when the last ping went out, by _now().
        self._heard = self._pinged = 0.0

    @property
    def patience(self) -> float:
        """How long a ping may stay without an answer."""
        return self._interval / 2

    @property
    def beating(self) -> bool:
        """Whether it has begun, and not been stopped."""
        return self._beat is not Beat.STOPPED

    def hear(self) -> None:
        """The peer lives: the next ping is due `interval` seconds from now, to the clock's tick."""
        self._heard = self._now()

    def start(self) -> None:
        """Begin, as if something had just been heard."""
        self._wait(self._interval)
        self.hear()

    def stop(self) -> None:
        """No more pings, and nobody is called silent."""
        self._beat = Beat.STOPPED
        self._alarm.clear()

    def end(self) -> None:
        """As stop(), for good: its owner forgets it, so that no cycle of references is left."""
        self._beat = Beat.STOPPED
        self._alarm.end()

    def _now(self) -> float:
        return self._loop.time() if self._interval < _FINE else self._clock.now

    def _wait(self, seconds: float) -> None:
        self._beat = Beat.WAITING
        self._set(seconds)

    def _set(self, seconds: float) -> None:
        if self._interval < _FINE:
            self._alarm.set(seconds)
        else:
            # The clock must go as long as anything is to be heard.
            self._alarm.wait(seconds)

    def _ring(self) -> None:
        now = self._now()
        due = self._heard + self._interval
        if self._beat is Beat.PINGED and self._heard < self._pinged:
            left, self._left = self._left, self._unsent()
            if self._left < left:
                self._set(self.patience)
            else:
                self._beat = Beat.STOPPED
                self._silent()
        elif now < due:
            self._wait(due - now)
        else:
            self._beat = Beat.PINGED
            self._pinged = now
            self._set(self.patience)
            # Without the ping, which may wait until the end of the turn.
            self._left = self._unsent()
            self._ping()
