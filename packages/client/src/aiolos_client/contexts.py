"""What the verbs give: awaitable, and async context managers."""

from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar


class Closing(Protocol):
    """What ends with its `async with` block."""

    async def __aenter__(self) -> Any: ...
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


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
        await result.__aenter__()
        return result

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._result.__aexit__(exc_type, exc, traceback)
