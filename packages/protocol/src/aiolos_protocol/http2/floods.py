"""How many frames that do no work a peer may send (RFC 9113 10.5).

Every kind has a level that rises by one with each frame and leaks a minute's worth in a minute;
useful work lowers it, too. A level above its limit ends the connection.
"""

from typing import Final

from ..errors import LimitExceeded
from ..limits import Limits

RESETS: Final = 0
SETTINGS: Final = 1
PINGS: Final = 2
WINDOW_UPDATES: Final = 3
EMPTY_FRAMES: Final = 4
PRIORITIES: Final = 5

# Several kinds of frames share the limits empty_frames and settings.
LATE_FRAMES: Final = "frames for streams that are over"

_FIELDS: Final = ("resets", "settings", "pings", "window_updates", "empty_frames", "priorities")
_PERIOD: Final = 60.0


class Floods:
    """The levels of one connection. Times are seconds of any clock that does not go back."""

    __slots__ = ("_bounds", "_levels", "_since", "_spent")

    def __init__(self, limits: Limits) -> None:
        # In the order of the numbers above.
        self._bounds = [
            float(limits.resets),
            float(limits.settings),
            float(limits.pings),
            float(limits.window_updates),
            float(limits.empty_frames),
            float(limits.priorities),
        ]
        self._levels = [0.0] * len(_FIELDS)
        self._since = 0.0
        # Whether there is something for answered() to make up for: nearly never.
        self._spent = False

    def spend(self, kind: int, now: float, count: float = 1.0, what: str = "") -> None:
        """One more frame of `kind`, or less than one. Raises LimitExceeded naming the limit, and
        `what` such frames are where the limit has several kinds of them."""
        if now > self._since:
            self._leak(now)
        self._levels[kind] += count
        if kind in (RESETS, EMPTY_FRAMES):
            self._spent = True
        if self._levels[kind] > self._bounds[kind]:
            raise LimitExceeded(_FIELDS[kind], int(self._bounds[kind]), by=what)

    def earn(self, kind: int, count: float) -> None:
        """Useful work was done that makes up for `count` frames of `kind`."""
        level = self._levels[kind]
        if level:
            self._levels[kind] = level - count if level > count else 0.0

    def answered(self) -> None:
        """A stream has been answered whole: it makes up for a reset, and for one that comes too
        late to find the stream."""
        if self._spent:
            self.earn(RESETS, 1.0)
            self.earn(EMPTY_FRAMES, 1.0)
            self._spent = self._levels[RESETS] > 0.0 or self._levels[EMPTY_FRAMES] > 0.0

    def _leak(self, now: float) -> None:
        share = (now - self._since) / _PERIOD
        self._since = now
        for kind, bound in enumerate(self._bounds):
            level = self._levels[kind] - share * bound
            self._levels[kind] = max(0.0, level)
