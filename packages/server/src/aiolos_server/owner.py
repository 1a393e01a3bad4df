"""Whose handlers a dispatcher runs."""

from collections.abc import Awaitable, Callable
from typing import Any


class Owner:
    """Who starts handlers, and is told of their ends."""

    __slots__ = ()

    def started(self) -> "Awaitable[Any]":
        """What is to be awaited; called where its Task is the current one."""
        raise NotImplementedError

    def finished(self, result: Any, error: "BaseException | None") -> "Awaitable[Any] | None":
        """What was awaited gave `result` or raised `error`. Must not raise.

        What else is to be awaited in the same Task, whose end is told likewise; None at the end.
        """
        raise NotImplementedError

    def watching(self) -> "Callable[[float], None]":
        """What is told the seconds for which a step of the handler has held the loop; asked for
        before the handler starts, where the loop runs in debug mode."""
        raise NotImplementedError
