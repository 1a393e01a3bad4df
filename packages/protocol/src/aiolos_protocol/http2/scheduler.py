"""Whose data goes next (RFC 9218 10); pure bookkeeping, one frame a turn.

The most urgent streams come first. Among equals, those that are incremental take turns; the
others are served one after the other, in the order in which they were opened, together taking
turns with the incremental ones. A stream whose client named no priority counts as incremental,
so that clients without priorities are served fairly.
"""

from collections import deque
from typing import Final

from .stream import Stream

_URGENCIES: Final = 8


class _Level:
    """The streams of one urgency."""

    __slots__ = ("_rotating", "_sequence", "_turn")

    def __init__(self) -> None:
        self._rotating: deque[Stream] = deque()
        self._sequence: list[Stream] = []
        self._turn = False

    def add(self, stream: Stream) -> None:
        if stream.incremental:
            self._rotating.append(stream)
            return
        place = len(self._sequence)
        while place and self._sequence[place - 1].id > stream.id:
            place -= 1
        self._sequence.insert(place, stream)

    def remove(self, stream: Stream) -> None:
        if stream.incremental:
            self._rotating.remove(stream)
        else:
            self._sequence.remove(stream)

    def next(self) -> Stream | None:
        rotating = self._rotating
        if self._sequence:
            self._turn = not self._turn
            if self._turn or not rotating:
                return self._sequence[0]
        if not rotating:
            return None
        stream = rotating[0]
        rotating.rotate(-1)
        return stream


class Scheduler:
    """The streams that have data and may send it."""

    __slots__ = ("_levels", "count")

    def __init__(self) -> None:
        self._levels: list[_Level | None] = [None] * _URGENCIES
        self.count = 0

    def add(self, stream: Stream) -> None:
        """`stream` has data and room in its own window; repeating it changes nothing."""
        if stream.scheduled:
            return
        stream.scheduled = True
        level = self._levels[stream.urgency]
        if level is None:
            level = self._levels[stream.urgency] = _Level()
        level.add(stream)
        self.count += 1

    def remove(self, stream: Stream) -> None:
        """`stream` has nothing to send, or no room; not an error if it is unknown."""
        if not stream.scheduled:
            return
        stream.scheduled = False
        level = self._levels[stream.urgency]
        if level is not None:
            level.remove(stream)
        self.count -= 1

    def next(self) -> Stream | None:
        """Whose turn it is; None where nobody waits."""
        if not self.count:
            return None
        for level in self._levels:
            stream = level.next() if level is not None else None
            if stream is not None:
                return stream
        return None

    def prioritize(self, stream: Stream, urgency: int, incremental: bool) -> None:
        """Change the priority of `stream`, whether it waits or not."""
        waits = stream.scheduled
        self.remove(stream)
        stream.urgency = urgency
        stream.incremental = incremental
        if waits:
            self.add(stream)


def parse_priority(value: bytes) -> tuple[int, bool]:
    """Urgency and incremental of a Priority field (RFC 9218 4); the defaults where it is none.

    RFC 9218 4 has what cannot be understood ignored: a priority is only ever advice.
    """
    urgency, incremental = 3, False
    for member in value.split(b","):
        key, _, given = member.partition(b";")[0].strip(b" \t").partition(b"=")
        if key == b"u" and len(given) == 1 and given in b"01234567":
            urgency = int(given)
        elif key == b"i" and given in (b"", b"?1", b"?0"):
            incremental = given != b"?0"
    return urgency, incremental
