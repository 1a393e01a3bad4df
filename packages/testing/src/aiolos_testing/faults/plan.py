"""What a fault is: a plan for the bytes that one end of a connection sends."""

import asyncio
import warnings
from collections.abc import Iterable
from typing import Protocol


class Line(Protocol):
    """A connection as a fault sees it: what it may do instead of sending what was written."""

    loop: asyncio.AbstractEventLoop

    def send(self, data: bytes) -> None: ...
    def end(self) -> None:
        """Close in order, behind what was sent."""

    def reset(self) -> None:
        """Break it: the peer sees ECONNRESET."""


class Fault:
    """The base: everything passes. A subclass overrides what it spoils.

    The object is a plan; `begin()` gives one that is spent on a single connection.
    """

    def begin(self) -> "Fault":
        """The fault for one connection; itself where it keeps no state."""
        return self

    def opened(self, line: Line) -> None:
        """The connection is there."""

    def write(self, line: Line, data: bytes) -> None:
        """This end sends `data`."""
        line.send(data)

    def close(self, line: Line) -> None:
        """This end closes."""
        line.end()


Faults = Iterable[Fault | None]
"""One for each connection, None for a healthy one."""


def check_count(fault: Fault, name: str, value: object) -> None:
    """TypeError unless `value`, which `fault` takes as `name`, is a whole number from 0 on."""
    if not isinstance(value, int) or value < 0:
        kind = type(fault).__name__
        raise TypeError(f"{kind} takes a whole number, like {kind}({name}=1), not {value!r:.80}")


def complain(line: Line, fault: Fault, found: str) -> None:
    """Warn that `fault` does not fit what is sent, which passes."""
    text = f"{type(fault).__name__} does not fit {found}: it was sent as it is"
    # From the loop: where warnings are errors, it is not the protocol that fails.
    line.loop.call_soon(warnings.warn, text, RuntimeWarning)
