"""The signals that end the process, heard in front of the ASGI server's own handlers.

ASGI says lifespan.shutdown when the last connection has ended: too late for whoever goes on until
he is told that the server ends, as a stream of events does.
"""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class ExitSignals:
    """Calls `told()` in `loop` at SIGTERM and SIGINT; the handlers that were there act as well.

    Only in the main thread, where Python runs handlers, and where somebody handles SIGTERM: else
    nobody here ends in order, and the process is not ours to look after.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, told: Callable[[], None]) -> None:
        self._loop = loop
        self._told = told
        self._previous: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def listen(self) -> None:
        """From now on."""
        if threading.current_thread() is not threading.main_thread():
            return
        if not callable(signal.getsignal(signal.SIGTERM)):
            return
        for number in _SIGNALS:
            previous = signal.getsignal(number)
            if callable(previous):
                self._previous[number] = previous
                signal.signal(number, self._heard)

    def let_go(self) -> None:
        """Give the signals back; where somebody has taken them since, they still pass through."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number, previous in self._previous.items():
            if signal.getsignal(number) == self._heard:
                signal.signal(number, previous)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        # The loop may be closed: then there is nobody to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._told)
        self._previous[number](number, frame)
