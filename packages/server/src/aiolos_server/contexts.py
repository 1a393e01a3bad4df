"""What is entered when an application starts and left when it ends: cleanup_ctx and lifespan."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial, wraps
from typing import Any, TypeVar

from frozenlist import FrozenList

from .naming import named
from .options import function

_App = TypeVar("_App")
Lifespan = Callable[[_App], AsyncIterator[Any] | AbstractAsyncContextManager[Any]]
"""An async generator function of the application that yields once, or a function or class that
gives an async context manager."""


class CleanupError(RuntimeError):
    """Several contexts failed while they were left; `exceptions` are what they raised."""

    @property
    def exceptions(self) -> list[BaseException]:
        """What they raised, in the order in which they were left."""
        exceptions: list[BaseException] = self.args[1]
        return exceptions


async def completed(*steps: Callable[[], Awaitable[Any]]) -> None:
    """Call and await all, whatever they raise; then raise that, or CleanupError for several."""
    errors: list[BaseException] = []
    for step in steps:
        try:
            await step()
        except CleanupError as error:
            errors.extend(error.exceptions)
        except (Exception, asyncio.CancelledError) as error:
            errors.append(error)
    if len(errors) > 1:
        raise CleanupError("several things failed while the application was cleaned up", errors)
    if errors:
        raise errors[0]


class Contexts:
    """Contexts that have been entered, to be left in the reverse order."""

    def __init__(self) -> None:
        self._entered: list[AbstractAsyncContextManager[Any]] = []

    async def enter(self, lifespan: Callable[[Any], Any], app: Any) -> Any:
        """Enter `lifespan(app)`; what it yields. Raises what it raises, TypeError: no context."""
        context = as_context(lifespan)(app)
        value = await context.__aenter__()
        self._entered.append(context)
        return value

    async def leave(self) -> None:
        """Leave all, whatever one of them raises; see completed()."""
        leaving = [partial(each.__aexit__, None, None, None) for each in reversed(self._entered)]
        self._entered.clear()
        await completed(*leaving)


class CleanupContext(FrozenList[Callable[[Any], Any]]):
    """Application.cleanup_ctx: functions of the application, in the order of entering."""

    def __init__(self) -> None:
        super().__init__()
        self._contexts = Contexts()

    def append(self, value: Callable[[Any], Any]) -> None:
        """As list.append(); TypeError for what cannot be called."""
        function("cleanup_ctx", value, "async generator functions of the application")
        super().append(value)

    async def enter(self, app: Any) -> None:
        """Enter them one by one; where one fails, the ones before are left by leave()."""
        self.freeze()
        for lifespan in self:
            await self._contexts.enter(lifespan, app)

    async def leave(self) -> None:
        """See Contexts.leave()."""
        await self._contexts.leave()


class _Generated(AbstractAsyncContextManager[Any]):
    """An async generator that yields once, as a context."""

    def __init__(self, generator: AsyncIterator[Any], function: Any) -> None:
        self._generator = generator
        self._function = function

    async def __aenter__(self) -> Any:
        try:
            return await anext(self._generator)
        except StopAsyncIteration:
            raise RuntimeError(f"{named(self._function)} did not yield") from None

    async def __aexit__(self, *exc: object) -> None:
        try:
            await anext(self._generator)
        except StopAsyncIteration:
            return
        raise RuntimeError(f"{named(self._function)} has more than one 'yield'")


def as_context(function: Callable[[Any], Any]) -> Callable[[Any], AbstractAsyncContextManager[Any]]:
    """`function`, a Lifespan, as one that gives an async context manager."""

    def contextual(app: Any) -> AbstractAsyncContextManager[Any]:
        made = function(app)
        if isinstance(made, AbstractAsyncContextManager):
            return made
        if hasattr(made, "__anext__"):
            return _Generated(made, function)
        if inspect.iscoroutine(made):
            made.close()
        raise TypeError(
            f"{named(function)} must be an async generator function of the application that "
            f"yields once, or give an async context manager; it gave {made!r:.100}"
        )

    return contextual


def lifespan_context(function: Callable[[_App], AsyncIterator[Any]]) -> Lifespan[_App]:
    """Make of an async generator function, which yields once, one that gives a context manager."""
    if not inspect.isasyncgenfunction(function):
        raise TypeError(
            f"{named(function)} must be an async generator function: `async def` with one `yield`"
        )
    return wraps(function)(as_context(function))


def merged(app: Any, value: Any) -> None:
    """Put what a lifespan yielded, if it is a mapping, into the application."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            app[key] = each
