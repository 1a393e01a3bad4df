"""How much memory the compression windows of many WebSockets take."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from weakref import WeakValueDictionary

from .deflate import Deflater
from .heap import trim

# Of 4,096 bytes each, 400 windows; of 32 KiB, 60.
BUDGET: Final = 16 * 1024 * 1024

# So many bytes of idle windows are worth telling the system of.
_WORTHWHILE: Final = 256 * 1024


class Windows:
    """The windows that the WebSockets of one loop hold.

    Above `budget` bytes the one that was used the longest time ago is given back. Its next message
    is compressed a little less, and nothing else changes. `trim()` is called some time behind
    windows that were idle, once for many.
    """

    __slots__ = ("__weakref__", "_budget", "_held", "_idle", "_loop", "_size", "_trim")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop | None = None,
        budget: int = BUDGET,
        trim: Callable[[], None] = trim,
    ) -> None:
        self._loop = loop
        self._budget = budget
        self._held: OrderedDict[Deflater, int] = OrderedDict()
        self._size = 0
        # How many bytes of idle windows the system has not been told of.
        self._idle = 0
        self._trim = trim

    @property
    def size(self) -> int:
        """How many bytes they take, about."""
        return self._size

    def used(self, deflater: Deflater) -> None:
        """`deflater` has been used, and holds its window."""
        held = self._held
        if deflater in held:
            held.move_to_end(deflater)
            return
        held[deflater] = deflater.footprint
        self._size += deflater.footprint
        while self._size > self._budget and len(held) > 1:
            self.release(next(iter(held)))

    def release(self, deflater: Deflater) -> None:
        """Give the window of `deflater` back, now."""
        self._size -= self._held.pop(deflater, 0)
        deflater.release()

    def release_idle(self, deflater: Deflater) -> None:
        """As release(), of a window that nobody has used for a while, nor will soon."""
        before = self._size
        self.release(deflater)
        was_little = self._idle < _WORTHWHILE
        self._idle += before - self._size
        if was_little and self._idle >= _WORTHWHILE and self._loop is not None:
            # Others are idle in the same turn of the loop.
            self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        self._idle = 0
        self._trim()


_windows: Final[WeakValueDictionary[int, Windows]] = WeakValueDictionary()


def windows_of(loop: asyncio.AbstractEventLoop) -> Windows:
    """The windows of `loop`, which live while somebody keeps them."""
    # They keep their loop, so the id cannot come to mean another one.
    windows = _windows.get(id(loop))
    if windows is None:
        windows = _windows[id(loop)] = Windows(loop)
    return windows
