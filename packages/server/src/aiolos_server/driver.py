"""Awaits a handler for its Task, and steps it without the Task while it waits for messages.

A WebSocket's handler is woken for each message. A Task's wake-up takes a future, a handle of the
loop and a turn of it; so here the Task is left waiting for one future, and the handler is stepped
as the first step of each is (see `dispatch`), with the Task entered as the current one and in its
Context, right where the message was read. As soon as it waits for anything else, or has ended,
that future is done, and the Task goes on with it as usual.
"""

from asyncio import AbstractEventLoop, Future, Task, current_task, get_running_loop
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Awaitable, Coroutine, Generator
from contextvars import Context
from types import CoroutineType
from typing import Any, Final

from .pysteps import awaited
from .steps import next_step

_NOTHING: Final = object()


def driven(awaitable: "Awaitable[Any]", context: Context) -> "Driver":
    """A Driver of `awaitable` for the running Task, whose Context is `context`."""
    coro: Any = awaitable if type(awaitable) is CoroutineType else awaited(awaitable)
    task: Any = current_task()
    return Driver(get_running_loop(), task, context, coro)


class Driver:
    """Awaits `coro` for `task`; `given` is what its first step gave, if that has been made."""

    __slots__ = (
        "_context",
        "_coro",
        "_error",
        "_given",
        "_kind",
        "_loop",
        "_over",
        "_parked",
        "_task",
    )

    def __init__(
        self,
        loop: AbstractEventLoop,
        task: "Task[Any]",
        context: Context,
        coro: "Coroutine[Any, Any, Any]",
        given: Any = _NOTHING,
    ) -> None:
        self._loop = loop
        self._task = task
        self._context = context
        self._coro = coro
        # What the coroutine waits for; once it is over, its result.
        self._given = given
        # Of what it has waited for: a class that has `driven_by`.
        self._kind: Any = None
        self._over = False
        self._error: BaseException | None = None
        # What the Task waits for while the coroutine is stepped without it.
        self._parked: Future[None] | None = None

    def __await__(self) -> "Generator[Any, Any, Any]":
        coro = self._coro
        if self._given is _NOTHING:
            try:
                self._given = coro.send(None)
            except StopIteration as stop:
                return stop.value
        while True:
            # Of asyncio's own futures it need not be asked.
            parked = None if type(self._given) is Future else self._park()
            error = None
            try:
                if parked is None:
                    yield _marked(self._given)
                else:
                    yield from parked
            except GeneratorExit:
                coro.close()
                raise
            except BaseException as exc:
                error = exc
            stepped = parked is not None and self._parked is None
            self._parked = None
            if stepped:
                if self._over:
                    # To cancel a Task that is done is too late.
                    return self._result()
                if error is None or _cancelled(self._given, error):
                    continue
            try:
                self._given = coro.send(None) if error is None else coro.throw(error)
            except StopIteration as stop:
                return stop.value

    def step(self) -> bool:
        """See aiolos_protocol.driving.Driver."""
        parked = self._parked
        if parked is None or parked.done():
            # The Task was cancelled, and will tell.
            return True
        try:
            _enter_task(self._loop, self._task)
        except RuntimeError:
            return False
        try:
            given = next_step(self._context, self._coro)
            if type(given) is self._kind:
                # As nearly always; it need not be asked, and no method be bound.
                given.driven_by(self)
                return True
            driven_by = getattr(given, "driven_by", None)
            if driven_by is not None:
                driven_by(self)
                return True
            self._given = _unmarked(given)
        except StopIteration as stop:
            self._over = True
            self._given = stop.value
        except BaseException as exc:
            self._over = True
            self._error = exc
        finally:
            _leave_task(self._loop, self._task)
        self._parked = None
        # A handler may have cancelled its own Task; then that goes on by itself, and tells.
        if not parked.done():
            parked.set_result(None)
        return True

    def _park(self) -> "Future[None] | None":
        """What the Task is to wait for if the coroutine can be stepped without it."""
        driven_by = getattr(self._given, "driven_by", None)
        if driven_by is None:
            return None
        self._parked = parked = self._loop.create_future()
        kind = type(self._given)
        self._kind = kind if hasattr(kind, "driven_by") else None
        driven_by(self)
        return parked

    def _result(self) -> Any:
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._given


# A future that is awaited has a mark, which the Task that gets it takes off; to await one that is
# marked is an error. A turn lies between a step without the Task and the Task, in which others may
# await the same future.


def _unmarked(given: Any) -> Any:
    if getattr(given, "_asyncio_future_blocking", None):
        given._asyncio_future_blocking = False
    return given


def _marked(given: Any) -> Any:
    if getattr(given, "_asyncio_future_blocking", None) is False:
        given._asyncio_future_blocking = True
    return given


def _cancelled(future: Any, error: BaseException) -> bool:
    """If it could be cancelled as a Task cancels what it waits for, by the words of `error`."""
    return future is not None and future.cancel(*error.args[:1])
