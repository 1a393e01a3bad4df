"""Coarse time: one tick per server or connector sweeps all deadlines (design: no timer each).

A deadline is a float field; setting one costs a store. Its precision is the tick's interval, so
time-outs under a second deserve `loop.call_later` instead.
"""

import asyncio
import time
from collections.abc import Callable
from math import inf
from typing import Final, Protocol

from .fields.dates import format_http_date

TICK: Final = 0.25
NEVER: Final = inf


class Expiring(Protocol):
    """What a clock watches: `deadline` in the clock's seconds, NEVER for none."""

    deadline: float

    def expired(self) -> None:
        """The deadline has passed; called once per tick until it is moved or unwatched."""


class Clock:
    """The time as of the last tick, the Date field of this second, and what is watched.

    `date` is the whole field line, `last_lines` the same with the blank line that ends a head.
    `now` is in the loop's seconds and is only fresh while something is watched. `wall` gives
    seconds since the epoch (time.time), replaceable for tests.
    """

    __slots__ = (
        "_handle",
        "_loop",
        "_second",
        "_wall",
        "_watched",
        "date",
        "last_lines",
        "now",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wall: Callable[[], float] = time.time
    ) -> None:
        self._loop = loop
        self._wall = wall
        self._watched: set[Expiring] = set()
        self._handle: asyncio.TimerHandle | None = None
        self._second = -1
        self.now = loop.time()
        self.date = b""
        self.last_lines = b""
        self._renew_date()

    def watch(self, link: Expiring) -> None:
        """Sweep `link` from now on; starts the tick with the first one."""
        self._watched.add(link)
        if self._handle is None:
            self.now = self._loop.time()
            self._renew_date()
            self._handle = self._loop.call_later(TICK, self._tick)

    def unwatch(self, link: Expiring) -> None:
        """Forget `link`; stops the tick with the last one. Not an error if unknown."""
        self._watched.discard(link)
        if not self._watched and self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _tick(self) -> None:
        self._handle = self._loop.call_later(TICK, self._tick)
        now = self.now = self._loop.time()
        self._renew_date()
        for link in [link for link in self._watched if link.deadline <= now]:
            if link in self._watched:
                self._tell(link)

    def _tell(self, link: Expiring) -> None:
        try:
            link.expired()
        except Exception as error:
            # All others are swept by the same tick: one that fails must not be their end.
            self._loop.call_exception_handler(
                {"message": f"a deadline of {link!r} failed", "exception": error}
            )

    def _renew_date(self) -> None:
        second = int(self._wall())
        if second != self._second:
            self._second = second
            self.date = f"Date: {format_http_date(second)}\r\n".encode("ascii")
            self.last_lines = self.date + b"\r\n"
