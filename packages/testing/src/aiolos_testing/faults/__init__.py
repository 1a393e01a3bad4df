"""What can go wrong on a connection, for tests that want it to.

A fault says what happens to the bytes that one end sends. A list of faults is spent one by one:
the n-th connection gets the n-th, None is a healthy one, and so are all behind the list's end.
`itertools.repeat(Delay(1))` lets none escape.
"""

from .frames import GoAway, RefusedStream, ResetStream
from .octets import (
    BadChunk,
    ByteByByte,
    CutAfter,
    Delay,
    Refuse,
    ResetAfter,
    StallAfter,
    TLSFailure,
    WrongLength,
)
from .plan import Fault, Faults, Line
from .supply import inject

__all__ = [
    "BadChunk",
    "ByteByByte",
    "CutAfter",
    "Delay",
    "Fault",
    "Faults",
    "GoAway",
    "Line",
    "Refuse",
    "RefusedStream",
    "ResetAfter",
    "ResetStream",
    "StallAfter",
    "TLSFailure",
    "WrongLength",
    "inject",
]
