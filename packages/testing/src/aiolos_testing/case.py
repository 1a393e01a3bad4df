"""The unittest form: a test case with an application, its server and a client."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, TypeVar
from unittest import IsolatedAsyncioTestCase

from .client import TestClient
from .server import BaseTestServer, TestServer

_Function = TypeVar("_Function", bound=Callable[..., Any])


class AiolosTestCase(IsolatedAsyncioTestCase):
    """Serves what get_application() gives around every test; test methods are coroutines.

    `self.app`, `self.server` and `self.client` are there from asyncSetUp() on. Whoever overrides
    asyncSetUp() or asyncTearDown() awaits the one of super(); setUpAsync() and tearDownAsync()
    are their older names.
    """

    app: Any
    server: BaseTestServer
    client: TestClient[Any, Any]
    loop: asyncio.AbstractEventLoop

    async def get_application(self) -> Any:
        """The application to test."""
        return self.get_app()

    def get_app(self) -> Any:
        """The older name, of a plain function."""
        raise RuntimeError(
            f"{type(self).__name__} needs 'async def get_application(self)' that returns the "
            "application to test"
        )

    async def get_server(self, app: Any) -> BaseTestServer:
        """The server of `app`, not started."""
        return TestServer(app)

    async def get_client(self, server: BaseTestServer) -> TestClient[Any, Any]:
        """The client of `server`, not started."""
        return TestClient(server)

    async def asyncSetUp(self) -> None:
        """unittest's; serves the application."""
        await super().asyncSetUp()
        self.loop = asyncio.get_running_loop()
        await self.setUpAsync()

    async def asyncTearDown(self) -> None:
        """unittest's; closes client and server."""
        await self.tearDownAsync()
        await super().asyncTearDown()

    async def setUpAsync(self) -> None:  # noqa: N802  # aiohttp's name
        """Called by asyncSetUp()."""
        made: Any = self.get_application()
        # A plain function does as well.
        self.app = await made if inspect.isawaitable(made) else made
        self.server = await self.get_server(self.app)
        self.client = await self.get_client(self.server)
        await self.client.start_server()

    async def tearDownAsync(self) -> None:  # noqa: N802  # aiohttp's name
        """Called by asyncTearDown()."""
        await self.client.close()


# The name that aiohttp's users look for.
AioHTTPTestCase = AiolosTestCase


def unittest_run_loop(func: _Function, *args: Any, **kwargs: Any) -> _Function:
    """Gives `func` back: coroutine methods of a test case are run without a decorator."""
    return func
