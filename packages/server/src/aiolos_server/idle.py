"""The idle connections that a server holds."""

from typing import Protocol


class Closable(Protocol):
    """A connection, as it is closed while idle."""

    def close_idle(self, seconds: float) -> None:
        """Close now if nothing has been asked for so long."""


class IdleConnections:
    """Keeps at most `most`; above, the one that has been idle the longest is closed."""

    def __init__(self, most: int) -> None:
        """ValueError for less than one."""
        if most < 1:
            raise ValueError(f"a server keeps at least one idle connection, not {most}")
        self._most = most
        # In the order in which they became idle.
        self._idle: dict[Closable, None] = {}

    def __len__(self) -> int:
        return len(self._idle)

    def add(self, connection: Closable) -> None:
        """`connection` waits for its next request."""
        self._idle[connection] = None
        if len(self._idle) > self._most:
            self.part()

    def part(self) -> bool:
        """Close the one that has been idle the longest, if there is any; whether there was."""
        if not self._idle:
            return False
        oldest = next(iter(self._idle))
        del self._idle[oldest]
        oldest.close_idle(0.0)
        return True

    def discard(self, connection: Closable) -> None:
        """`connection` has a request, or is gone; no error where it was not idle."""
        self._idle.pop(connection, None)
