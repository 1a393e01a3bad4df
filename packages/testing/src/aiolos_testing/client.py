"""TestClient: a client's session that asks one test server."""

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Final, Generic, NoReturn, Protocol, Self, TypeVar

from aiolos_protocol import siblings
from aiolos_protocol.contracts import Connect, Requester, Servable
from yarl import URL

from .asgi.scope import Application as AsgiApplication
from .faults.plan import Faults
from .faults.supply import FaultyConnect
from .server import BaseTestServer, TestServer, instead_of, servable

_Result = TypeVar("_Result", covariant=True)
_Response = TypeVar("_Response")
_Socket = TypeVar("_Socket")

_NOT_STARTED: Final = "this TestClient has not been started"
_START: Final = "write 'async with' before it, or await start_server()"

Served = BaseTestServer | Servable | AsgiApplication
"""What a TestClient asks: a server, or an application that it serves itself."""


class Pending(Protocol[_Result]):
    """A result to await, or to enter: `async with` gives it back when the block is left."""

    def __await__(self) -> Generator[Any, None, _Result]: ...
    async def __aenter__(self) -> _Result: ...
    async def __aexit__(self, *exc: object) -> Any: ...


class TestClient(Generic[_Response, _Socket]):
    """Asks a test server by paths: `async with client.get("/") as response`.

    `served` is a server, an application (which is then served on a free port), or an awaitable
    of either. `async with` starts the server and closes both. Other options are the session's,
    `http2="prior-knowledge"` among them, which asks by HTTP/2, WebSockets included;
    `server_options` those of the TestServer that is made here, `transport` one of them: "memory"
    does without sockets. `faults` are what the client's own connections suffer, one each. What
    was awaited is released at close(). Raises MissingDistribution where aiolos-client is not
    installed.
    """

    __test__ = False

    def __init__(
        self,
        served: Served | Awaitable[Served],
        *,
        cookie_jar: Any = None,
        transport: str | None = None,
        faults: Faults = (),
        server_options: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self._component = siblings.client(type(self).__name__)
        if transport is not None:
            server_options = {**(server_options or {}), "transport": transport}
        if cookie_jar is not None:
            options["cookie_jar"] = cookie_jar
        self._options = options
        self._faults = faults
        self._server_options = server_options or {}
        self._session: Requester | None = None
        self._awaited: list[Any] = []
        self._sockets: list[Any] = []
        self._closed = False
        self._coming: Awaitable[Served] | None = None
        self._server: BaseTestServer | None = None
        if inspect.isawaitable(served):
            self._coming = served
        else:
            self._server = self._server_of(served)

    def _server_of(self, served: Any) -> BaseTestServer:
        if isinstance(served, BaseTestServer):
            if self._server_options:
                raise TypeError(
                    "transport and server_options are for a server made here; give them to "
                    "the TestServer itself"
                )
            return served
        if servable(served) is None:
            raise TypeError(
                "TestClient takes an application, a TestServer or an awaitable of one, "
                f"not {served!r:.80}{instead_of(served)}"
            )
        return TestServer(served, **self._server_options)

    # Life.

    async def start_server(self) -> None:
        """Start the server unless it runs already. RuntimeError after close(), TypeError for an
        option that is none of a session's."""
        if self._closed:
            raise RuntimeError("this TestClient is closed; make another one")
        if self._coming is not None:
            coming, self._coming = self._coming, None
            self._server = self._server_of(await coming)
        server = self.server
        if not server.started or server.closed:
            await server.start_server()
        if self._options and self._session is None:
            try:
                self._make_session()
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Close what was opened, the session and the server; may be repeated."""
        if self._closed:
            return
        self._closed = True
        if inspect.iscoroutine(self._coming):
            self._coming.close()
        try:
            for response in self._awaited:
                response.release()
            for websocket in self._sockets:
                await websocket.close()
            if self._session is not None:
                await self._session.close()
        finally:
            self._awaited.clear()
            self._sockets.clear()
            if self._server is not None:
                await self._server.close()

    def __enter__(self) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is entered by 'async with', not by 'with'")

    def __exit__(self, *exc: object) -> None:
        """Not reached: see __enter__."""

    async def __aenter__(self) -> Self:
        await self.start_server()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    # What it is made of.

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._closed

    @property
    def server(self) -> BaseTestServer:
        """The server. RuntimeError while it is still awaited."""
        if self._server is None:
            raise RuntimeError(
                f"{_NOT_STARTED}, and what it is to serve is not there yet: {_START}"
            )
        return self._server

    @property
    def app(self) -> Any:
        """The application that is served; None for a RawTestServer."""
        return getattr(self.server, "app", None)

    @property
    def host(self) -> str:
        """The server's host."""
        return self.server.host

    @property
    def port(self) -> int | None:
        """The server's port."""
        return self.server.port

    @property
    def session(self) -> Any:
        """The session that asks; made at first use, in a running loop."""
        if self._session is None:
            if self._closed:
                raise RuntimeError("this TestClient is closed; make another one")
            self._make_session()
        return self._session

    def _make_session(self) -> None:
        connect: Connect | None = None
        if self.server.transport == "memory":
            connect = self.server.connect
        if self._faults:
            connect = FaultyConnect(self._faults, connect)
        self._session = self._component.loopback_session(connect=connect, **self._options)

    def make_url(self, path: str | URL) -> URL:
        """The absolute URL of `path`; see BaseTestServer.make_url()."""
        if self._closed:
            raise RuntimeError("this TestClient is closed; make another one")
        if not self.server.started:
            raise RuntimeError(f"{_NOT_STARTED}: {_START}")
        return self.server.make_url(path)

    # Requests.

    def request(self, method: str, path: str | URL, **options: Any) -> Pending[_Response]:
        """Ask for `path` by `method`; the options are the session's."""
        url = self.make_url(path)
        pending = self.session.request(method, url, **options)
        return _Remembering(pending, self._awaited.append)

    def get(self, path: str | URL, **options: Any) -> Pending[_Response]:
        """request("GET")."""
        return self.request("GET", path, **options)

    def options(self, path: str | URL, **options: Any) -> Pending[_Response]:
        """request("OPTIONS")."""
        return self.request("OPTIONS", path, **options)

    def head(self, path: str | URL, **options: Any) -> Pending[_Response]:
        """request("HEAD"); follows no redirect unless told to."""
        url = self.make_url(path)
        return _Remembering(self.session.head(url, **options), self._awaited.append)

    def post(self, path: str | URL, **options: Any) -> Pending[_Response]:
        """request("POST")."""
        return self.request("POST", path, **options)

    def put(self, path: str | URL, **options: Any) -> Pending[_Response]:
        """request("PUT")."""
        return self.request("PUT", path, **options)

    def patch(self, path: str | URL, **options: Any) -> Pending[_Response]:
        """request("PATCH")."""
        return self.request("PATCH", path, **options)

    def delete(self, path: str | URL, **options: Any) -> Pending[_Response]:
        """request("DELETE")."""
        return self.request("DELETE", path, **options)

    def ws_connect(self, path: str | URL, **options: Any) -> Pending[_Socket]:
        """Open a WebSocket on `path`; the options are the session's."""
        url = self.make_url(path)
        pending = self.session.ws_connect(url, **options)
        return _Remembering(pending, self._sockets.append)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._server!r}>"


class _Remembering(Coroutine[Any, Any, _Result], Generic[_Result]):
    """Passes on what a session gives; tells `remember` of a result that nobody will give back.

    As what a session gives, it is a coroutine, so that it can be made a task.
    """

    __slots__ = ("_awaited", "_pending", "_remember")

    def __init__(self, pending: Pending[_Result], remember: Callable[[Any], None]) -> None:
        self._pending = pending
        self._remember = remember
        self._awaited: Generator[Any, None, _Result] | None = None

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(
            f"there is no {name!r} before the answer: write 'await' or 'async with' before the "
            "call of the client"
        )

    def send(self, value: Any) -> Any:
        """As a coroutine's."""
        if self._awaited is None:
            self._awaited = self.__await__()
        return self._awaited.send(value)

    def throw(self, *error: Any) -> Any:
        """As a coroutine's."""
        if self._awaited is None:
            self._awaited = self.__await__()
        return self._awaited.throw(*error)

    def close(self) -> None:
        """As a coroutine's."""
        if self._awaited is not None:
            self._awaited.close()
        if isinstance(self._pending, Coroutine):
            self._pending.close()

    def __await__(self) -> Generator[Any, None, _Result]:
        result = yield from self._pending.__await__()
        self._remember(result)
        return result

    async def __aenter__(self) -> _Result:
        return await self._pending.__aenter__()

    async def __aexit__(self, *exc: object) -> Any:
        return await self._pending.__aexit__(*exc)


async def start_test_client(
    served: Served | Awaitable[Served], **options: Any
) -> TestClient[Any, Any]:
    """A started TestClient of `served`; the caller closes it."""
    client: TestClient[Any, Any] = TestClient(served, **options)
    await client.start_server()
    return client
