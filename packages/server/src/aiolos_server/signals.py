"""Signals: what an application tells in the course of its life, and the keys of the further ones.

`app.signal(key)` takes any hashable key; those below are sent by the application itself.
"""

import inspect
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Final, TypeVarTuple

import aiosignal

from .naming import named
from .options import function

_Ts = TypeVarTuple("_Ts")


class Signals(Enum):
    """Keys for app.signal(), in the order in which they are sent.

    Receivers take the application; those of PRE_SHUTDOWN take (app, services) or (app), where
    `services` is the tuple of the sites that were stopped, empty under ASGI.
    """

    PRE_STARTUP = "pre_startup"
    POST_STARTUP = "post_startup"
    PRE_SHUTDOWN = "pre_shutdown"
    POST_SHUTDOWN = "post_shutdown"
    PRE_CLEANUP = "pre_cleanup"
    POST_CLEANUP = "post_cleanup"
    POST_SIGNALS = "post_signals"
    """Sent last, behind on_cleanup and the end of the lifespan. Never frozen."""


pre_startup: Final = Signals.PRE_STARTUP
post_startup: Final = Signals.POST_STARTUP
pre_shutdown: Final = Signals.PRE_SHUTDOWN
post_shutdown: Final = Signals.POST_SHUTDOWN
pre_cleanup: Final = Signals.PRE_CLEANUP
post_cleanup: Final = Signals.POST_CLEANUP
post_signals: Final = Signals.POST_SIGNALS


class Signal(aiosignal.Signal[*_Ts]):
    """A list of coroutine functions that are called in their order; may be sent unfrozen.

    A receiver that is none is a TypeError: when it is appended where it cannot even be called, else
    when the signal is sent.
    """

    __slots__ = ("_name",)

    def __init__(self, owner: object, name: str) -> None:
        super().__init__(owner)
        self._name = name

    def append(self, value: Callable[[*_Ts], Awaitable[object]]) -> None:
        """As list.append()."""
        function(self._name, value, "coroutine functions")
        super().append(value)

    async def send(self, *args: *_Ts, **kwargs: Any) -> None:
        """Call and await each receiver."""
        for receiver in tuple(self):
            await self._awaitable(receiver, receiver(*args, **kwargs))

    async def send_fitting(self, *args: Any) -> None:
        """As send(), with as many of the arguments as each receiver takes."""
        for receiver in tuple(self):
            call: Callable[..., Awaitable[Any]] = receiver
            await self._awaitable(call, call(*args[: positional(call, len(args))]))

    def _awaitable(self, receiver: Any, result: Any) -> Awaitable[Any]:
        if not inspect.isawaitable(result):
            raise TypeError(
                f"{named(receiver)}, a receiver of {self._name}, returned {result!r:.100}: "
                "it must be a coroutine function, `async def`"
            )
        return result

    def __repr__(self) -> str:
        return f"<Signal {self._name}, {len(self)} receivers{', frozen' if self.frozen else ''}>"


def positional(function: Any, most: int) -> int:
    """How many of `most` positional arguments `function` takes."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return most
    for count in range(most, 0, -1):
        try:
            signature.bind(*[None] * count)
        except TypeError:
            continue
        return count
    return 0 if _takes_none(signature) else most


def _takes_none(signature: inspect.Signature) -> bool:
    try:
        signature.bind()
    except TypeError:
        return False
    return True
