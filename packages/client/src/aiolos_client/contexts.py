"""What the verbs give: awaitable, and async context managers."""

from collections.abc import Awaitable, Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

from aiolos_protocol.transport import READY


class Closing(Protocol):
    """What ends with its `async with` block."""

    async def __aenter__(self) -> Any: ...
    def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> Awaitable[None]: ...


class Leaving:
    """What can be left without waiting."""

    def enter(self) -> None:
        """`async with` begins."""
        raise NotImplementedError

    def leave(self) -> None:
        """`async with` ends."""
        raise NotImplementedError


_T = TypeVar("_T", bound=Closing)


class Context(Coroutine[Any, Any, _T], Generic[_T]):
    """Awaiting it gives the result, `async with` ends that as well. A coroutine in all respects,
    so that it can be made a task; one that is dropped warns as a coroutine does."""

    __slots__ = ("_coro", "_result")

    def __init__(self, coro: Coroutine[Any, Any, _T]) -> None:
        self._coro = coro

    def __await__(self) -> Generator[Any, Any, _T]:
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

    async def __aenter__(self) -> _T:
        self._result = result = await self._coro
        return await result.__aenter__()  # type: ignore[no-any-return]

    def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> Awaitable[None]:
        return self._result.__aexit__(exc_type, exc, traceback)


class RequestContext(Context[_T]):
    """A Context whose result is Leaving as a rule, which costs fewer coroutines.

    Whoever answers in place of the server, as a cache does, may give what is not.
    """

    __slots__ = ()

    async def __aenter__(self) -> _T:
        self._result = result = await self._coro
        left: object = result
        if not isinstance(left, Leaving):
            return await result.__aenter__()  # type: ignore[no-any-return]
        left.enter()
        return result

    def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> Awaitable[None]:
        left: object = self._result
        if not isinstance(left, Leaving):
            return super().__aexit__(exc_type, exc, traceback)
        left.leave()
        return READY
