"""The closing handshake as an automaton (RFC 6455 7)."""

from enum import IntEnum
from typing import Final


class Phase(IntEnum):
    """Where it stands."""

    OPEN = 0
    ANSWERING = 1
    """Nothing is read any more: the peer has closed, or broken a rule. Our close is due once the
    consumer has seen it, so that answers to earlier messages come before it."""
    CLOSING = 2
    """Our close is sent; the peer's is due."""
    ENDING = 3
    """Nothing more is said; the connection is being closed."""
    GONE = 4


class Event(IntEnum):
    """What moves it."""

    SENT = 0
    RECEIVED = 1
    """A close, or what breaks the protocol (RFC 6455 7.1.7)."""
    FAILED = 2
    LOST = 3


# Plain ints: an enum's member costs an attribute look-up at every frame.
OPEN: Final = int(Phase.OPEN)
ANSWERING: Final = int(Phase.ANSWERING)
CLOSING: Final = int(Phase.CLOSING)
ENDING: Final = int(Phase.ENDING)
GONE: Final = int(Phase.GONE)
SENT: Final = int(Event.SENT)
RECEIVED: Final = int(Event.RECEIVED)
FAILED: Final = int(Event.FAILED)
LOST: Final = int(Event.LOST)

# What is not here cannot happen, or changes nothing.
NEXT: Final = {
    (OPEN, SENT): CLOSING,
    (OPEN, RECEIVED): ANSWERING,
    (OPEN, FAILED): ENDING,
    (ANSWERING, SENT): ENDING,
    (ANSWERING, FAILED): ENDING,
    (CLOSING, RECEIVED): ENDING,
    (CLOSING, FAILED): ENDING,
    (OPEN, LOST): GONE,
    (ANSWERING, LOST): GONE,
    (CLOSING, LOST): GONE,
    (ENDING, LOST): GONE,
}
