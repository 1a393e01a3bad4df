"""The automaton of HTTP/1.1: each direction of a connection goes through it once per message.

A connection may carry the next message when both directions are DONE and are recycled together
(RFC 9112 9.3). A pair that is not in `NEXT` is a protocol error: refusal is the default.
"""

from enum import IntEnum
from typing import Final

from ..errors import LocalProtocolError


class Phase(IntEnum):
    """Where one direction stands."""

    IDLE = 0
    BEGUN = 1
    """Part of a head has been received."""
    BODY = 2
    DONE = 3
    SWITCHED = 4
    CLOSED = 5


class Event(IntEnum):
    """What happens to one direction."""

    HEAD = 0
    """A head whose body follows."""
    COMPLETE = 1
    """A whole message at once, or a head without a body."""
    DATA = 2
    END = 3
    RECYCLE = 4
    SWITCH = 5
    """HTTP ends here; the bytes go to a successor (RFC 9110 7.8, 9.3.6)."""
    CLOSE = 6
    BEGIN = 7


NEXT: Final[dict[tuple[Phase, Event], Phase]] = {
    (Phase.IDLE, Event.HEAD): Phase.BODY,
    (Phase.IDLE, Event.COMPLETE): Phase.DONE,
    (Phase.IDLE, Event.SWITCH): Phase.SWITCHED,
    (Phase.IDLE, Event.CLOSE): Phase.CLOSED,
    (Phase.IDLE, Event.BEGIN): Phase.BEGUN,
    (Phase.BEGUN, Event.HEAD): Phase.BODY,
    (Phase.BEGUN, Event.COMPLETE): Phase.DONE,
    (Phase.BEGUN, Event.SWITCH): Phase.SWITCHED,
    (Phase.BEGUN, Event.CLOSE): Phase.CLOSED,
    (Phase.BODY, Event.DATA): Phase.BODY,
    (Phase.BODY, Event.END): Phase.DONE,
    (Phase.BODY, Event.CLOSE): Phase.CLOSED,
    (Phase.DONE, Event.RECYCLE): Phase.IDLE,
    (Phase.DONE, Event.SWITCH): Phase.SWITCHED,
    (Phase.DONE, Event.CLOSE): Phase.CLOSED,
    (Phase.SWITCHED, Event.CLOSE): Phase.CLOSED,
    (Phase.CLOSED, Event.CLOSE): Phase.CLOSED,
}

# The same as plain ints: the links look them up on every message, and keep them as C ints.
IDLE: Final = int(Phase.IDLE)
BEGUN: Final = int(Phase.BEGUN)
BODY: Final = int(Phase.BODY)
DONE: Final = int(Phase.DONE)
SWITCHED: Final = int(Phase.SWITCHED)
CLOSED: Final = int(Phase.CLOSED)
HEAD: Final = int(Event.HEAD)
COMPLETE: Final = int(Event.COMPLETE)
DATA: Final = int(Event.DATA)
END: Final = int(Event.END)
RECYCLE: Final = int(Event.RECYCLE)
SWITCH: Final = int(Event.SWITCH)
CLOSE: Final = int(Event.CLOSE)
BEGIN: Final = int(Event.BEGIN)

ROWS: Final[tuple[tuple[int, ...], ...]] = tuple(
    tuple(int(NEXT.get((phase, event), -1)) for event in Event) for phase in Phase
)


def refused(phase: int, event: int, direction: str) -> LocalProtocolError:
    """The error for a pair that the table does not know."""
    return LocalProtocolError(
        f"{Event(event).name} is not possible while {direction} is {Phase(phase).name}"
    )
