"""What the verbs give: awaitable, and async context managers."""

from collections.abc import Awaitable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from aiolos_protocol.transport import READY

from .received import Received


class Closing(Protocol):
    """What ends with its `async with` block."""

    async def __aenter__(self) -> Any: ...
    def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> Awaitable[None]: ...


_T = TypeVar("_T", bound=Closing)


class Deferred:
    """Awaiting it gives the result, `async with` ends that as well. A coroutine in all respects,
    so that it can be made a task; one that is dropped warns as a coroutine does.

    The result is a response as a rule, which is entered and left without waiting; whoever answers
    in place of the server, as a cache does, may give what is none. Compiled where there is a
    compiler.
    """

    __slots__ = ("_coro", "_result")

    def __init__(self, coro: Coroutine[Any, Any, Any]) -> None:
        self._coro = coro
        self._result: Any = None

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._coro.__await__()

    def send(self, value: Any) -> Any:
        """As a coroutine's."""
        return self._coro.send(value)

    def throw(self, *error: Any) -> Any:
        """As a coroutine's."""
        return self._coro.throw(*error)

    def close(self) -> None:
        """As a coroutine's."""
        self._coro.close()

    def __class_getitem__(cls, result: Any) -> type:
        """As Generic's: for annotations, which are evaluated where nothing is compiled."""
        return cls

    async def __aenter__(self) -> Any:
        result = await self._coro
        self._result = result
        if isinstance(result, Received):
            _enter(result)
            return result
        return await result.__aenter__()

    def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> Awaitable[None]:
        result = self._result
        if isinstance(result, Received):
            _leave(result)
            return READY
        left: Awaitable[None] = result.__aexit__(exc_type, exc, traceback)
        return left


if TYPE_CHECKING:

    class Context(Deferred, Coroutine[Any, Any, _T], Generic[_T]):
        """What Deferred is to a type checker."""

        def __init__(self, coro: Coroutine[Any, Any, _T]) -> None: ...
        def __await__(self) -> Generator[Any, Any, _T]: ...
        async def __aenter__(self) -> _T: ...

else:
    # One is made for every request: a subclass, which the bases would take, costs twice as much.
    Coroutine.register(Deferred)
    Context = Deferred


# Functions, for compiled code knows the type of what they are given.


def _enter(response: Received) -> None:
    response.in_context = True


def _leave(response: Received) -> None:
    response.in_context = False
    response.release()
