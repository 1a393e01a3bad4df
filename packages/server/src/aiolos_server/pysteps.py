"""The Python twin of `_steps`; see `steps`."""

from collections.abc import Awaitable, Coroutine
from contextvars import Context
from types import CoroutineType
from typing import Any

from .owner import Owner


def first_steps(context: Context, owner: Owner) -> "tuple[Any, Any] | None":
    """See `steps`."""
    return context.run(_first_steps, owner)


def next_step(context: Context, coro: "Coroutine[Any, Any, Any]") -> Any:
    """See `steps`."""
    return context.run(coro.send, None)


def _first_steps(owner: Owner) -> "tuple[Any, Any] | None":
    coro: Any
    try:
        coro = owner.started()
    except BaseException as exc:
        coro = owner.finished(None, exc)
    while coro is not None:
        if type(coro) is not CoroutineType:
            coro = awaited(coro)
        try:
            return coro, coro.send(None)
        except StopIteration as stop:
            result = stop.value
        except BaseException as exc:
            coro = owner.finished(None, exc)
            if isinstance(exc, (KeyboardInterrupt, SystemExit)):
                raise
            continue
        # Out here, for what it raises and logs has nothing to do with StopIteration.
        coro = owner.finished(result, None)
    return None


async def awaited(awaitable: "Awaitable[Any]") -> Any:
    """A coroutine, whatever is to be awaited."""
    return await awaitable
