"""How far a connection has come (RFC 9113 3.4, 5.4.1)."""

from enum import IntEnum
from typing import Final


class Stage(IntEnum):
    """How far the connection has come."""

    PREFACE = 0
    """The client's preface is due (RFC 9113 3.4)."""
    SETTINGS = 1
    """The peer's SETTINGS are due."""
    OPEN = 2
    CLOSED = 3


AT_PREFACE: Final = int(Stage.PREFACE)
AT_SETTINGS: Final = int(Stage.SETTINGS)
OPEN: Final = int(Stage.OPEN)
OVER: Final = int(Stage.CLOSED)
