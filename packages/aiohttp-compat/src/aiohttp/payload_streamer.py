"""Bodies written by a coroutine, as long ago."""

import warnings
from collections.abc import Awaitable, Callable
from typing import Any

from aiolos.payload import Payload, payload_type

__all__ = ["streamer"]


class _Stream:
    """A coroutine function with what it is called with, but for the writer."""

    def __init__(self, function: Callable[..., Awaitable[None]], given: Any, named: Any) -> None:
        self._function, self._given, self._named = function, given, named

    async def __call__(self, writer: Any) -> None:
        await self._function(writer, *self._given, **self._named)


class streamer:  # noqa: N801 - the original's name, that of a decorator
    """`@streamer` over `async def body(writer, ...)`; an async generator does the same."""

    def __init__(self, coro: Callable[..., Awaitable[None]]) -> None:
        warnings.warn(
            "@streamer is deprecated: give an async generator as data or body",
            DeprecationWarning,
            stacklevel=2,
        )
        self._function = coro

    def __call__(self, *given: Any, **named: Any) -> _Stream:
        return _Stream(self._function, given, named)


@payload_type(_Stream)
class StreamWrapperPayload(Payload):
    """A body that writes itself."""

    async def write(self, writer: Any) -> None:
        """See Payload."""
        await self._value(writer)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """It is nowhere whole: TypeError."""
        raise TypeError("a body that a coroutine writes cannot be decoded")


@payload_type(streamer)
class StreamPayload(StreamWrapperPayload):
    """The same, where it was not called."""

    def __init__(self, value: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(value(), *args, **kwargs)
