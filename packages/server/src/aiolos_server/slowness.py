"""Who holds the loop: in debug mode, its own or the application's, handlers are timed."""

from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine, Generator
from time import perf_counter
from typing import Any


async def timed(
    coro: Coroutine[Any, Any, None], loop: AbstractEventLoop, held: Callable[[float], None]
) -> None:
    """Await `coro`; `held` is told the seconds of each step that took longer than
    `loop.slow_callback_duration`, behind which asyncio names only a callback of its own."""
    await _Steps(coro, loop, held)


class _Steps:
    __slots__ = ("_coro", "_held", "_loop")

    def __init__(
        self,
        coro: Coroutine[Any, Any, None],
        loop: AbstractEventLoop,
        held: Callable[[float], None],
    ) -> None:
        self._coro = coro
        self._loop = loop
        self._held = held

    def __await__(self) -> Generator[Any, Any, None]:
        step: Callable[[Any], Any] = self._coro.send
        given: Any = None
        while True:
            begun = perf_counter()
            try:
                yielded = step(given)
            except StopIteration:
                return
            finally:
                seconds = perf_counter() - begun
                if seconds > self._loop.slow_callback_duration:
                    self._held(seconds)
            try:
                given = yield yielded
                step = self._coro.send
            except GeneratorExit:
                self._coro.close()
                raise
            except BaseException as exc:
                given = exc
                step = self._coro.throw
