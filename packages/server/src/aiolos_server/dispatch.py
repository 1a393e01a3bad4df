"""Runs handlers: without a task while they do not suspend, as a true asyncio.Task once they do.

A *worker* is a Task that waits for work at a gate. The first step of a handler is made right
where the request was received, with that Task entered as the current one and in its Context
("swap": the handler cannot tell the difference). Then

- the handler has returned: the worker stays parked and serves the next request;
- the handler has suspended: the gate is opened, and the worker's own coroutine goes on with the
  handler, re-yielding the very future that it waits for (`driver`). That worker is used up: its
  Task ends with this request, as if it had been created for it.

A worker is given up as well where something of the request could reach the next one: a
ContextVar was set, or the Task was cancelled, named, given a callback for its end, or kept by
somebody, be it by a weak reference (state that libraries keep by task).

Where the steps of handlers are timed (in debug mode, the loop's or the application's), where
Tasks are not CPython's own, where a Task is already being stepped (in-process transports), or
while no worker is parked (the first request, a burst of suspending ones), a request gets a Task of
its own from the start.
"""

import sys
from asyncio import AbstractEventLoop, CancelledError, Task
from asyncio.tasks import _enter_task, _leave_task
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from functools import partial
from typing import Any
from weakref import getweakrefcount

from .driver import Driver, driven
from .owner import Owner
from .slowness import timed
from .steps import COMPILED, first_steps

# A reference count tells who has kept a Task; only CPython counts them.
getrefcount: Any = getattr(sys, "getrefcount", None)


class _Gate:
    """The future-like that a parked worker awaits; opening it steps the Task at once."""

    __slots__ = ("_asyncio_future_blocking", "_context", "_loop", "_wake", "cancelled")

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._asyncio_future_blocking = False
        self._wake: Callable[[object], None] | None = None
        self._context: Context | None = None
        self.cancelled = False

    def get_loop(self) -> AbstractEventLoop:
        return self._loop

    def add_done_callback(
        self, callback: Callable[[object], None], *, context: Context | None = None
    ) -> None:
        # The Task hands over its wakeup and the Context in which to call it.
        self._wake = callback
        self._context = context

    def result(self) -> None:
        return None

    def cancel(self, msg: object = None) -> bool:
        # False: the Task remembers the cancellation and raises it at its next step.
        self.cancelled = True
        self.open_soon()
        return False

    def open(self) -> None:
        """Step the parked Task, if there is one."""
        wake, self._wake = self._wake, None
        if wake is not None and self._context is not None:
            self._context.run(wake, self)

    def open_soon(self) -> None:
        """open() at the loop's next turn."""
        self._loop.call_soon(self.open)

    def __await__(self) -> "_Gate":
        self._asyncio_future_blocking = True
        return self

    def __iter__(self) -> "_Gate":
        return self

    def __next__(self) -> "_Gate":
        if self._asyncio_future_blocking:
            return self
        raise StopIteration


class _Worker:
    """A Task, its Context, and what it is to go on with."""

    __slots__ = (
        "_coro",
        "_gate",
        "_owner",
        "_retired",
        "_yielded",
        "context",
        "name",
        "references",
        "task",
        "weak_references",
    )

    def __init__(self, loop: AbstractEventLoop, context: Context) -> None:
        self.context = context
        self._gate: Any = _Gate(loop)
        self._coro: Any = None
        self._yielded: Any = None
        self._owner: Any = None
        self._retired = False
        # The Task's name, and how many references to it there are while nobody else has one.
        self.name: Any = None
        self.references = 0
        self.weak_references = 0
        self.task: Any = loop.create_task(self._run(), context=context)

    def is_marked(self, base: Context) -> bool:
        """True if the Task carries a trace of a handler: a ContextVar, a callback, a name, a weak
        reference; or was cancelled while it was parked, even if that was taken back."""
        task = self.task
        return (
            task._callbacks is not None
            or task.get_name() is not self.name
            or getweakrefcount(task) != self.weak_references
            or self.context != base
            or self._gate.cancelled
        )

    def go_on(self, coro: "Coroutine[Any, Any, Any]", yielded: Any, owner: Owner) -> None:
        """`coro` has suspended with `yielded`: the Task carries it from here."""
        self._coro = coro
        self._yielded = yielded
        self._owner = owner
        self._gate.open()

    def retire(self) -> None:
        """End the Task; it has nothing to carry."""
        self._retired = True
        # Not now: a Task may be running, and two cannot be stepped inside one another.
        self._gate.open_soon()

    async def _run(self) -> None:
        try:
            while self._coro is None and not self._retired:
                await self._gate
        except CancelledError:
            if self._coro is None:
                raise
            # Cancelled while its first step ran elsewhere: what it waits for is cancelled, so
            # that the handler sees CancelledError at its await, as always.
            if self._yielded is not None:
                self._yielded.cancel()
        coro, owner = self._coro, self._owner
        if coro is not None:
            self._coro = self._owner = None
            driver = Driver(self._gate.get_loop(), self.task, self.context, coro, self._yielded)
            await _carry(owner, driver)


class Dispatcher:
    """One per server: holds the parked worker.

    `inline=False` gives each request a Task of its own; None (default) decides by the loop.
    `timed` measures each step of the handlers, as a loop in debug mode has it done anyhow.
    """

    __slots__ = ("_base", "_inline", "_loop", "_spare", "_timed")

    def __init__(
        self, loop: AbstractEventLoop, inline: "bool | None" = None, timed: bool = False
    ) -> None:
        self._loop = loop
        self._base = copy_context()
        self._spare: Any = None
        self._timed = timed or loop.get_debug()
        if inline is None:
            inline = not self._timed
        # The gate relies on the C Task, and the reference count on CPython.
        self._inline = inline and sys.implementation.name == "cpython"

    def dispatch(self, owner: Owner) -> "Task[None] | None":
        """Await what `owner` starts, and tell it; None where all is done before this returns.

        Must be called from a callback of the loop. The Task returned goes on with it; cancelling
        that cancels the handler.
        """
        worker = self._spare
        # One that was never stepped waits nowhere yet, and is of no use: a cancellation would end
        # it before it sees the handler.
        if worker is None or worker._gate._wake is None:
            if worker is None and self._inline:
                self._spare = self._new_worker()
            return self._separate(owner)
        loop = self._loop
        task = worker.task
        if not worker.references:
            worker.references = getrefcount(task)
            worker.weak_references = getweakrefcount(task)
            worker.name = task.get_name()
        try:
            _enter_task(loop, task)
        except RuntimeError:
            # A Task is being stepped right now: an in-process transport.
            return self._separate(owner)
        self._spare = None
        try:
            suspended = first_steps(worker.context, owner)
        except BaseException:
            _leave_task(loop, task)
            worker.retire()
            raise
        _leave_task(loop, task)
        if suspended is None:
            if getrefcount(task) > worker.references or worker.is_marked(self._base):
                # Something of this request could reach the next one.
                worker.retire()
            elif self._spare is None and self._inline:
                self._spare = worker
            else:
                worker.retire()
            return None
        if self._inline:
            self._spare = self._new_worker()
        worker.go_on(suspended[0], suspended[1], owner)
        return task  # type: ignore[no-any-return]  # a Worker's, which Cython must not resolve

    def close(self) -> None:
        """Let the parked worker go."""
        worker = self._spare
        self._spare = None
        self._inline = False
        if worker is not None:
            worker.retire()

    def _new_worker(self) -> "_Worker | None":
        worker = _Worker(self._loop, self._base.copy())
        if type(worker.task) is not Task:
            # A task factory of the user's: its Tasks may not know our gate.
            self._inline = False
            worker.task.cancel()
            return None
        return worker

    def _separate(self, owner: Owner) -> "Task[None]":
        context = self._base.copy()
        if self._timed:
            carried = _carry(owner)
            whole = timed(carried, self._loop, owner.watching())
        else:
            # In plain Python nobody waits for what can be driven.
            whole = carried = _carry(owner, context=context if COMPILED else None)
        task = self._loop.create_task(whole, context=context)
        task.add_done_callback(partial(_told, self._loop, owner, carried))
        return task


def _told(
    loop: AbstractEventLoop, owner: Owner, carried: Coroutine[Any, Any, None], task: "Task[None]"
) -> None:
    """A Task that was cancelled before its first step never saw its owner, who is told here;
    from the first step on _carry() lets no cancellation pass."""
    if task.cancelled():
        carried.close()
        awaitable = owner.finished(None, CancelledError())
        if awaitable is not None:
            loop.create_task(_carry(owner, awaitable))


async def _carry(owner: Owner, awaitable: Any = None, context: "Context | None" = None) -> None:
    """Await what is given, or else what `owner` starts, and whatever it wants after that.

    Where the Task's `context` is given, what the owner starts is driven.
    """
    try:
        if awaitable is None:
            awaitable = owner.started()
            if awaitable is not None and context is not None:
                awaitable = driven(awaitable, context)
    except BaseException as exc:
        awaitable = owner.finished(None, exc)
    while awaitable is not None:
        try:
            result = await awaitable
        except BaseException as exc:
            awaitable = owner.finished(None, exc)
            if isinstance(exc, (KeyboardInterrupt, SystemExit)):
                raise
        else:
            awaitable = owner.finished(result, None)
