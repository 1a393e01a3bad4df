"""One message for many WebSockets, on its way to them."""

import asyncio

from .shared import SharedMessage


class Broadcasting(SharedMessage):
    """A shared message that is deflated for all at once, beside the loop."""

    __slots__ = ("_deflating",)

    def __init__(self, message: str | bytes | bytearray | memoryview) -> None:
        super().__init__(message)
        self._deflating: dict[int, asyncio.Future[bool]] = {}

    def deflating(self, loop: asyncio.AbstractEventLoop, window: int) -> "asyncio.Future[bool]":
        """As deflates(), in a thread and once for all who ask."""
        deflating = self._deflating.get(window)
        if deflating is None:
            deflating = loop.run_in_executor(None, self.deflates, window)
            self._deflating[window] = deflating
        return deflating
