"""Flow control (RFC 9113 5.2, 6.9): how much may be sent, and when the peer may send more.

What may be sent is a plain number that WINDOW_UPDATE widens. What may be received is a window
that is opened again in batches, once half of it has been used up.
"""

from typing import Final

MAX_WINDOW: Final = 2**31 - 1
"""RFC 9113 6.9.1"""

PROBE: Final = b"\x00aiolos\x00"
"""The payload of the PING that measures; no PING of the user's may look like it."""


class ReceiveWindow:
    """What the peer may send on one stream, or on the connection.

    `size` is what it may send before anything is consumed, `left` what it may send now.
    """

    __slots__ = ("_consumed", "left", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.left = size
        self._consumed = 0

    def received(self, count: int) -> bool:
        """`count` bytes have come; False if there was no room for them (RFC 9113 6.9.1)."""
        self.left -= count
        return self.left >= 0

    def consumed(self, count: int, size: int) -> int:
        """`count` bytes need no room any more; the increment to announce now, 0 for later.

        The window grows to `size` where that is more.
        """
        self._consumed += count
        if self._consumed * 2 < self.size:
            return 0
        increment = self._consumed
        self._consumed = 0
        if size > self.size:
            increment += size - self.size
            self.size = size
        self.left += increment
        return increment


class Tuner:
    """Finds the size that windows need, without a clock: by what comes during a round trip.

    A PING goes out while data comes in. Where more than two thirds of a window have come until
    it is acknowledged, the window is what holds the peer up, and is doubled. After some round
    trips that did not fill it, the size is taken to be right.
    """

    __slots__ = ("_counted", "_idle", "_most", "_probing", "size")

    def __init__(self, size: int, most: int) -> None:
        self.size = size
        self._most = most
        self._counted = 0
        self._idle = 0
        self._probing = False

    def received(self, count: int) -> bool:
        """`count` bytes of data have come; True if a probe is to be sent now."""
        if self._probing:
            self._counted += count
            return False
        if self.size >= self._most or self._idle >= _IDLE_PROBES:
            return False
        self._probing = True
        self._counted = 0
        return True

    def acknowledged(self) -> None:
        """The probe has come back."""
        if not self._probing:
            return
        self._probing = False
        if self._counted * 3 > self.size * 2:
            self.size = min(2 * self.size, self._most)
            self._idle = 0
        else:
            self._idle += 1


_IDLE_PROBES: Final = 4
