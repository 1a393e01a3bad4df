"""Time that passes only while everybody waits, and then at once."""

import asyncio
import functools
from typing import Any, Final, Self

# How long bytes on real sockets of this process may be under way before the clock goes on; real
# seconds.
GRACE: Final = 0.002
# How often in a row nothing has come within it, until nothing is thought to be under way: each tick
# of a server's clock, four in a second, would otherwise cost as much, for hours.
_ENOUGH: Final = 25
# How long nothing may be there to wait for, but a thread of the test's own; real seconds.
PATIENCE: Final = 5.0
# Between two looks at a thread that works.
_POLL: Final = 0.01


class VirtualClock:
    """While it is entered, the loop's time stands still, and jumps where nothing else is to do.

    So sleeping, time-outs, heartbeats, keep-alive and retries take no time, and in the same
    order as ever. What runs in an executor is waited for, other threads and processes are not;
    sockets are, for GRACE real seconds before a jump, until nothing has come for a while. In memory
    (transport="memory") there is no such doubt. What is measured by time.time(), such as the expiry
    of cookies, does not move.

    `loop` is the running one by default; it must be asyncio's own: RuntimeError for uvloop.
    Once more than `limit` seconds have passed, or where nothing at all could happen any more,
    RuntimeError says that nothing comes.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, *, limit: float = 86_400.0
    ) -> None:
        self._loop: Any = loop or asyncio.get_running_loop()
        if not hasattr(self._loop, "_selector"):
            kind = type(self._loop)
            raise RuntimeError(
                f"the virtual clock needs asyncio's own event loop, not {kind.__module__}."
                f"{kind.__qualname__}: run this test without it"
            )
        self._limit = limit
        self._began = 0.0
        self._now = 0.0
        self._threads = 0
        self._quiet = 0

    @property
    def elapsed(self) -> float:
        """The seconds that have passed since it was entered."""
        # Both are seconds since the machine began: what is below a nanosecond is their rounding.
        return round(self._now - self._began, 9)

    def time(self) -> float:
        """The loop's time."""
        return self._now

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass; what falls due meanwhile happens. RuntimeError outside its block."""
        if not isinstance(seconds, (int, float)):
            raise TypeError(f"advance() takes seconds, not {seconds!r:.80}")
        if self._loop.time != self.time:
            raise RuntimeError("the virtual clock does not run: use it in its 'with' block")
        await asyncio.sleep(seconds)

    def __enter__(self) -> Self:
        loop = self._loop
        if isinstance(loop._selector, _Selector):
            raise RuntimeError("this loop has a virtual clock already: one is enough")
        self._real_time = loop.time
        self._began = self._now = loop.time()
        self._selector = loop._selector
        self._run_in_executor = loop.run_in_executor
        loop.time = self.time
        loop.run_in_executor = self._run_in_thread
        loop._selector = _Selector(self._selector, self)
        return self

    def __exit__(self, *exc: object) -> None:
        loop = self._loop
        loop._selector = self._selector
        loop.run_in_executor = self._run_in_executor
        # It goes on from here: a clock that went back would delay every timer that is set.
        ahead = self._now - self._real_time()
        real_time = self._real_time
        loop.time = lambda: real_time() + ahead

    def _run_in_thread(self, executor: Any, function: Any, *arguments: Any) -> Any:
        future = self._run_in_executor(executor, function, *arguments)
        self._threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    def _thread_ended(self, future: object) -> None:
        self._threads -= 1

    def select(self, selector: Any, timeout: float | None) -> Any:
        """What the loop's selector gives; nothing, and `timeout` seconds later, where it waits."""
        if timeout is None:
            return self._select_without_timers(selector)
        events = selector.select(0)
        if events:
            self._quiet = 0
        if events or timeout <= 0:
            return events
        if self._threads:
            return selector.select(_POLL)
        # One is the loop's own, to be woken by.
        if len(selector.get_map()) > 1 and self._quiet < _ENOUGH:
            events = selector.select(GRACE)
            if events:
                self._quiet = 0
                return events
            self._quiet += 1
        self._now += timeout
        if self.elapsed > self._limit:
            raise RuntimeError(
                f"{self._limit:g} virtual seconds have passed: the test waits for what never "
                "comes, or VirtualClock(limit=...) needs more"
            )
        return events

    def _select_without_timers(self, selector: Any) -> Any:
        # In memory, and without threads, nothing comes that was not there already.
        if self._threads or len(selector.get_map()) > 1:
            return selector.select(None)
        events = selector.select(PATIENCE)
        if not events:
            raise RuntimeError(
                "nothing is left that the test could wait for: no timer, no socket, no thread"
            )
        return events


class _Selector:
    """The loop's selector with another select()."""

    def __init__(self, selector: Any, clock: VirtualClock) -> None:
        self._selector = selector
        self.select = functools.partial(clock.select, selector)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)
