"""An ASGI application as something to be served (contracts.Servable)."""

import asyncio
import inspect
import socket
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import Any

from aiolos_protocol.clock import Clock
from yarl import URL

from ..negotiation import negotiate
from .lifespan import Lifespan
from .role import AsgiRole
from .scope import Application


def is_asgi(found: Any) -> bool:
    """Whether `found` is called as ASGI 3 has it: `await found(scope, receive, send)`."""
    if not callable(found):
        return False
    function = found if inspect.isroutine(found) else type(found).__call__
    if not inspect.iscoroutinefunction(function):
        return False
    try:
        inspect.signature(found).bind(None, None, None)
    except TypeError:
        return False
    return True


class AsgiServable:
    """Makes an ASGI 3 application servable: http, websocket and lifespan."""

    def __init__(self, app: Application) -> None:
        self.app = app

    def runner(
        self,
        *,
        handler_cancellation: bool = True,
        shutdown_timeout: float = 60.0,
        http2: bool = True,
        **options: Any,
    ) -> "AsgiRunner":
        """See contracts.Servable. TypeError for other options.

        An application hears of a client that is gone and decides by itself what to do, whatever
        `handler_cancellation` says.
        """
        if options:
            raise TypeError(
                f"an ASGI application is served with shutdown_timeout and http2; nothing is known "
                f"of {', '.join(options)}"
            )
        return AsgiRunner(self.app, shutdown_timeout, http2)


class AsgiRunner:
    """contracts.Runner."""

    def __init__(self, app: Application, shutdown_timeout: float, http2: bool) -> None:
        self._app = app
        self._shutdown_timeout = shutdown_timeout
        self._http2 = http2
        self._lifespan = Lifespan(app)
        self._listening: list[Any] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._links: set[Any] = set()
        self._clock: Clock | None = None

    async def setup(self) -> None:
        """See Runner: the application's lifespan begins."""
        self._clock = Clock(asyncio.get_running_loop())
        await self._lifespan.startup()

    async def listen(self, sock: socket.socket, *, ssl: SSLContext | None = None) -> URL:
        """See Runner."""
        loop = asyncio.get_running_loop()
        await self.serve(lambda factory: loop.create_server(factory, sock=sock, ssl=ssl))
        host, port = sock.getsockname()[:2]
        return URL.build(scheme="http" if ssl is None else "https", host=host, port=port)

    async def serve(self, open_server: Callable[[Callable[[], Any]], Awaitable[Any]]) -> Any:
        """See Runner."""
        server = await open_server(self._new_connection)
        self._listening.append(server)
        return server

    def _new_connection(self) -> Any:
        assert self._clock is not None
        return negotiate(self._clock, self._new_role, http2=self._http2)

    def _new_role(self) -> AsgiRole:
        return AsgiRole(self._app, self._lifespan.state, self._tasks, self._links)

    async def cleanup(self) -> None:
        """See Runner: requests may end within the shutdown's time, then the lifespan ends."""
        for server in self._listening:
            server.close()
        self._listening.clear()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._shutdown_timeout)
        for task in list(self._tasks):
            task.cancel()
        for link in list(self._links):
            link.abort()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.sleep(0)
        await self._lifespan.shutdown()
