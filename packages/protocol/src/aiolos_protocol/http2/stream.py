"""The automaton of a stream (RFC 9113 5.1, 8.1), and what belongs to one.

Each direction carries one message and goes through the table on its own: a head, maybe after
informational ones, then data, then END_STREAM, which trailers may bring. The states of RFC 9113
5.1 are pairs of phases, one for each direction; `State` names them. The two reserved states do
not occur: nothing is pushed, and a client that has refused pushes gets none (RFC 9113 8.4).
A pair of phase and event that is not in `NEXT` is an error: refusal is the default.
"""

from collections import deque
from enum import IntEnum
from typing import Any, Final

from .windows import ReceiveWindow


class Phase(IntEnum):
    """Where one direction stands."""

    IDLE = 0
    """No final head yet."""
    BODY = 1
    DONE = 2
    """END_STREAM."""
    CLOSED = 3
    """Its sender has reset the stream."""
    IGNORED = 4
    """Its receiver has: what is still on its way is thrown away."""


class Event(IntEnum):
    """What happens to one direction."""

    INFORM = 0
    """An informational head (1xx)."""
    HEAD = 1
    DATA = 2
    END = 3
    RESET = 4
    """Its sender gives up."""
    REFUSE = 5
    """Its receiver does not want it."""


class State(IntEnum):
    """RFC 9113 5.1"""

    IDLE = 0
    OPEN = 1
    HALF_CLOSED_LOCAL = 2
    HALF_CLOSED_REMOTE = 3
    CLOSED = 4


NEXT: Final[dict[tuple[Phase, Event], Phase]] = {
    (Phase.IDLE, Event.INFORM): Phase.IDLE,
    (Phase.IDLE, Event.HEAD): Phase.BODY,
    (Phase.IDLE, Event.RESET): Phase.CLOSED,
    (Phase.IDLE, Event.REFUSE): Phase.IGNORED,
    (Phase.BODY, Event.DATA): Phase.BODY,
    (Phase.BODY, Event.END): Phase.DONE,
    (Phase.BODY, Event.RESET): Phase.CLOSED,
    (Phase.BODY, Event.REFUSE): Phase.IGNORED,
    (Phase.DONE, Event.RESET): Phase.CLOSED,
    (Phase.DONE, Event.REFUSE): Phase.DONE,
    (Phase.CLOSED, Event.RESET): Phase.CLOSED,
    (Phase.CLOSED, Event.REFUSE): Phase.CLOSED,
    (Phase.IGNORED, Event.RESET): Phase.CLOSED,
    (Phase.IGNORED, Event.REFUSE): Phase.IGNORED,
}

# The same table as plain ints in rows: it is looked up for every frame.
ROWS: Final[tuple[tuple[int, ...], ...]] = tuple(
    tuple(int(NEXT.get((phase, event), -1)) for event in Event) for phase in Phase
)

IDLE: Final = int(Phase.IDLE)
BODY: Final = int(Phase.BODY)
DONE: Final = int(Phase.DONE)
CLOSED: Final = int(Phase.CLOSED)
IGNORED: Final = int(Phase.IGNORED)


def state_of(sending: int, receiving: int) -> State:
    """The state of RFC 9113 5.1 that a pair of phases is."""
    if sending == receiving == Phase.IDLE:
        return State.IDLE
    over = sending >= Phase.DONE, receiving >= Phase.DONE
    if over == (True, True):
        return State.CLOSED
    if over[0]:
        return State.HALF_CLOSED_LOCAL
    return State.HALF_CLOSED_REMOTE if over[1] else State.OPEN


class Stream:
    """One stream of a connection; only the connection changes it, but for `owner`.

    `id` is its number; `sending` and `receiving` are phases; `owner` is whatever the sink wants
    to find again; `held` tells that the sink has not released it. `method` is the request's;
    `tunnel` tells that data are no body of a message (RFC 9113 8.5, RFC 8441); `informed` counts
    the informational heads in front of its response. `batch` is that of the outbox in which its
    head is, -1 while none was sent.

    `queue` holds data that waits, the first piece from `offset` on; `queued` is its size;
    `trailers` the header block that ends the message instead of the last piece, `ending` that
    END_STREAM is due behind it. `scheduled` tells that the scheduler knows it. `urgency` and
    `incremental` are RFC 9218's.

    `send_left` is how much may be sent; `window` is what may be received, None until data comes;
    `expected` is what Content-Length leaves to be received, -1 where it says nothing. `moved`
    counts bytes in either direction since the last look at who holds the connection up.
    """

    __slots__ = (
        "batch",
        "ending",
        "expected",
        "held",
        "id",
        "incremental",
        "informed",
        "method",
        "moved",
        "offset",
        "owner",
        "queue",
        "queued",
        "receiving",
        "scheduled",
        "send_left",
        "sending",
        "trailers",
        "tunnel",
        "urgency",
        "waited",
        "window",
    )

    def __init__(self, number: int, send_left: int) -> None:
        self.id = number
        self.sending = IDLE
        self.receiving = IDLE
        self.owner: Any = None
        self.held = False
        self.method = ""
        self.tunnel = False
        self.informed = 0
        self.batch = -1
        self.queue: deque[bytes] | None = None
        self.queued = 0
        self.offset = 0
        self.ending = False
        self.trailers = b""
        self.scheduled = False
        self.urgency = 3
        self.incremental = True
        self.send_left = send_left
        self.window: ReceiveWindow | None = None
        self.expected = -1
        self.moved = 0
        self.waited = False

    @property
    def state(self) -> State:
        """The state of RFC 9113 5.1."""
        return state_of(self.sending, self.receiving)

    def __repr__(self) -> str:
        return f"<Stream {self.id} {self.state.name}>"
