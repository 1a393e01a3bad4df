"""What the pytest fixtures give: makers of servers and clients that close what they made.

No pytest here: the fixtures under other names (aiohttp's) are made of the same classes.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Generator
from contextlib import AsyncExitStack
from ssl import SSLContext
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from .asgi import is_asgi
from .client import TestClient
from .server import BaseTestServer, RawTestServer, TestServer


class Closing(Protocol):
    """A server or a client of ours."""

    async def close(self) -> None: ...


_Made = TypeVar("_Made", bound=Closing)
_Response = TypeVar("_Response")
_Socket = TypeVar("_Socket")


class Starting(Generic[_Made]):
    """A server or client to be started, by `await` or by `async with`.

    Leaving the block closes it at once; otherwise the fixture does at its end.
    """

    __slots__ = ("_made", "_make", "_stack", "_start")

    def __init__(
        self,
        stack: AsyncExitStack,
        make: Callable[[], _Made],
        start: Callable[[_Made], Awaitable[None]],
    ) -> None:
        self._stack = stack
        self._make = make
        self._start = start
        self._made: _Made | None = None

    def __await__(self) -> Generator[Any, None, _Made]:
        return self._started().__await__()

    async def _started(self) -> _Made:
        made = self._made = self._make()
        self._stack.push_async_callback(made.close)
        await self._start(made)
        return made

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"there is no {name!r} before the start: write 'await' or 'async with' before the "
            "fixture's call"
        )

    def __enter__(self) -> NoReturn:
        raise TypeError("what this fixture makes is entered by 'async with', not by 'with'")

    def __exit__(self, *exc: object) -> None:
        """Not reached: see __enter__."""

    async def __aenter__(self) -> _Made:
        return await self._started()

    async def __aexit__(self, *exc: object) -> None:
        if self._made is not None:
            await self._made.close()


class ServerFactory:
    """The fixture `aiolos_server`: `await aiolos_server(app)`, or with `async with`."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    def __call__(
        self,
        app: Any,
        *,
        port: int | None = None,
        host: str = "127.0.0.1",
        ssl: SSLContext | None = None,
        **options: Any,
    ) -> Starting[TestServer]:
        """Serve `app`; `options` are TestServer's, and its start_server()'s."""
        return Starting(
            self._stack,
            lambda: TestServer(app, host=host, port=port, **options),
            lambda server: server.start_server(ssl=ssl),
        )


class RawServerFactory:
    """The fixture `aiolos_raw_server`: `await aiolos_raw_server(handler)`."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    def __call__(
        self,
        handler: Callable[[Any], Awaitable[Any]],
        *,
        port: int | None = None,
        host: str = "127.0.0.1",
        ssl: SSLContext | None = None,
        **options: Any,
    ) -> Starting[RawTestServer]:
        """Answer by `handler`; `options` are RawTestServer's, and its start_server()'s."""
        return Starting(
            self._stack,
            lambda: RawTestServer(handler, host=host, port=port, **options),
            lambda server: server.start_server(ssl=ssl),
        )


class ClientFactory(Generic[_Response, _Socket]):
    """The fixture `aiolos_client`: `await aiolos_client(app)`, or with `async with`."""

    def __init__(
        self, stack: AsyncExitStack, client_class: type[TestClient[_Response, _Socket]]
    ) -> None:
        self._stack = stack
        self._client_class = client_class

    def __call__(
        self,
        served: Any,
        *arguments: Any,
        server_kwargs: dict[str, Any] | None = None,
        **options: Any,
    ) -> Starting[TestClient[_Response, _Socket]]:
        """Ask `served`: a test server, an application (also ASGI), an awaitable or a maker of one.

        A maker is called with `arguments` and all `options`, the running loop in front where its
        first parameter is called so; otherwise the options are the session's. `server_kwargs`
        are those of the TestServer that is made.
        """
        is_maker = arguments or not is_asgi(served)
        if not _is_served(served) and callable(served) and is_maker:
            return self._starting(lambda: _made_by(served, arguments, options), server_kwargs, {})
        if arguments:
            raise TypeError(
                f"aiolos_client() takes positional arguments only for a function that makes the "
                f"application, not for {served!r:.80}"
            )
        return self._starting(lambda: served, server_kwargs, options)

    def _starting(
        self,
        make: Callable[[], Any],
        server_options: dict[str, Any] | None,
        options: dict[str, Any],
    ) -> Starting[TestClient[_Response, _Socket]]:
        return Starting(
            self._stack,
            lambda: self._client_class(make(), server_options=server_options, **options),
            lambda client: client.start_server(),
        )


def _made_by(maker: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    if next(iter(inspect.signature(maker).parameters), None) == "loop":
        arguments = (asyncio.get_running_loop(), *arguments)
    try:
        inspect.signature(maker).bind(*arguments, **options)
    except TypeError as error:
        raise TypeError(
            f"{maker!r:.80} is called to make the application, and {error}; a handler is for "
            "aiolos_raw_server()"
        ) from None
    return maker(*arguments, **options)


def _is_served(served: Any) -> bool:
    # An application may be callable, too (ASGI): what it is to be served by comes first.
    return (
        isinstance(served, BaseTestServer)
        or hasattr(served, "runner")
        or inspect.isawaitable(served)
    )
