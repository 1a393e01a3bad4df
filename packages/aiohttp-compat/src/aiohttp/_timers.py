"""Bounds of time around a block, as the original's helpers give them to who makes clients."""

import asyncio
import math
import weakref
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class BaseTimerContext:
    """A bound of time around a block."""

    def assert_timeout(self) -> None:
        """Raise TimeoutError where the time is over."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> bool | None:
        pass


class TimerNoop(BaseTimerContext):
    """No bound."""


class TimerContext(BaseTimerContext):
    """A bound that timeout() ends: it cancels the tasks inside, and they leave the block by
    TimeoutError."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._inside: list[tuple[asyncio.Task[Any], int]] = []
        self._is_over = False

    def assert_timeout(self) -> None:
        """Raise TimeoutError where the time is over."""
        if self._is_over:
            raise TimeoutError

    def __enter__(self) -> Self:
        task = asyncio.current_task(self._loop)
        if task is None:
            raise RuntimeError("a bound of time is for a block inside of a task")
        self.assert_timeout()
        self._inside.append((task, task.cancelling()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> bool | None:
        task, before = self._inside.pop()
        if not self._is_over:
            return None
        if task.cancelling() > before:
            task.uncancel()
        # Whoever else has cancelled the task is heeded first.
        if kind is asyncio.CancelledError and task.cancelling() <= before:
            raise TimeoutError from error
        return None

    def timeout(self) -> None:
        """End the time."""
        if not self._is_over:
            self._is_over = True
            for task in {task for task, _ in self._inside}:
                task.cancel()


class TimeoutHandle:
    """A time in seconds, None or 0 for none; when it is over, what was registered is called."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timeout: float | None,
        ceil_threshold: float = 5,
    ) -> None:
        self._loop = loop
        self._timeout = timeout
        self._ceil_threshold = ceil_threshold
        self._callbacks: list[Callable[[], object]] = []

    def register(self, callback: Callable[..., None], *args: Any, **kwargs: Any) -> None:
        """Call it, too."""
        self._callbacks.append(lambda: callback(*args, **kwargs))

    def start(self) -> asyncio.TimerHandle | None:
        """Begin; None where there is no time."""
        return call_later(self, self._timeout, self._loop, self._ceil_threshold)

    def timer(self) -> BaseTimerContext:
        """A bound around a block that ends with the time."""
        if not self._timeout or self._timeout < 0:
            return TimerNoop()
        timer = TimerContext(self._loop)
        self.register(timer.timeout)
        return timer

    def close(self) -> None:
        """Forget what was registered."""
        self._callbacks.clear()

    def __call__(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for each in callbacks:
            each()


def calculate_timeout_when(
    loop_time: float, timeout: float, timeout_ceiling_threshold: float
) -> float:
    """When `timeout` seconds from `loop_time` are over, at a full second above the threshold."""
    when = loop_time + timeout
    return math.ceil(when) if timeout > timeout_ceiling_threshold else when


def call_later(
    cb: Callable[[], Any],
    timeout: float | None,
    loop: asyncio.AbstractEventLoop,
    timeout_ceil_threshold: float = 5,
) -> asyncio.TimerHandle | None:
    """Call `cb` in `timeout` seconds; None where there is no time."""
    if timeout is None or timeout <= 0:
        return None
    return loop.call_at(calculate_timeout_when(loop.time(), timeout, timeout_ceil_threshold), cb)


def ceil_timeout(delay: float | None, ceil_threshold: float = 5) -> asyncio.Timeout:
    """As asyncio.timeout(), at a full second above the threshold; no bound for None and 0."""
    if delay is None or delay <= 0:
        return asyncio.timeout(None)
    now = asyncio.get_running_loop().time()
    return asyncio.timeout_at(calculate_timeout_when(now, delay, ceil_threshold))


def weakref_handle(
    ob: object,
    name: str,
    timeout: float | None,
    loop: asyncio.AbstractEventLoop,
    timeout_ceil_threshold: float = 5,
) -> asyncio.TimerHandle | None:
    """Call the method `name` of `ob`, if that is there still, in `timeout` seconds; None where
    there is no time."""
    known = weakref.ref(ob)

    def call() -> None:
        there = known()
        if there is not None:
            with suppress(Exception):
                getattr(there, name)()

    return call_later(call, timeout, loop, timeout_ceil_threshold)
