"""How a session asks where somebody has replaced a step of it: a connector's connect(), a request's
send(), a response's start(). Each is told what the original tells it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from aiolos_client.deadlines import within_total
from aiolos_client.errors import (
    ClientError,
    ClientOSError,
    ConnectionTimeoutError,
    ServerDisconnectedError,
)
from aiolos_client.pool import Host
from aiolos_client.sender import Sender

from ._connections import Connection, Unasked

ASKED: ContextVar[Any] = ContextVar("ASKED", default=None)
# The connection over which a request's send() asks.
_BEGUN: ContextVar[Any] = ContextVar("_BEGUN", default=None)


class Telling(Sender):
    """Stands before `plain`, which sends by it from a connector that is Behind: the request that
    waits for a connection is known, each request is sent by its own send(), and each response is
    told that it starts."""

    def __init__(self, plain: Sender) -> None:
        self.plain = plain

    async def send(self, request: Any, *begun: Any) -> Any:
        """See Sender; nothing has `begun`, for no connection is at hand."""
        # Whatever the steps of somebody's own wait for.
        return await within_total(request, self._send)

    async def _send(self, request: Any) -> Any:
        token = ASKED.set(request)
        try:
            if getattr(request, "sends", bool)():
                connection, response = await self._sent(request)
            else:
                response = await self.plain.send(request)
                connection = Connection(response)
        finally:
            ASKED.reset(token)
        start = getattr(response, "start", None)
        if start is None:
            # One of aiolos, which has no such door.
            return response
        try:
            await start(connection)
        except BaseException:
            response.close()
            raise
        return response

    async def _sent(self, request: Any) -> tuple[Connection, Any]:
        """What request.send() gives, once more where that did not get as far as to ask."""
        with told_as_ours():
            connection = await self._begin(request)
            try:
                return await _sent(request, connection)
            except (ClientOSError, ServerDisconnectedError):
                if connection.is_asked or not (self.plain._repeat and request.is_repeatable()):
                    raise
            return await _sent(request, await self._begin(request))

    async def _begin(self, request: Any) -> "Begun":
        """A connection on which nothing is asked yet."""
        plain = self.plain
        connector = plain._connector
        link = None if request.offer is None else await plain._way_of_websocket(request)
        ssl = getattr(connector, "ssl", True)
        place = connector.host(request.target.key(request.settings.route, ssl))
        link = connector.take(place) if link is None else link
        is_used = link is not None
        if link is None:
            link, is_used = await plain._connection(place, request)
        return Begun(plain.send, Unasked(connector, place, link, is_used))

    async def dressed(self, request: Any, handler: Any) -> Any:
        """See Sender."""
        return await self.plain.dressed(request, handler)

    async def close_body(self, body: Any, response: Any) -> None:
        """See Sender."""
        await self.plain.close_body(body, response)

    async def close(self) -> None:
        """See Sender."""
        await self.plain.close()


async def _sent(request: Any, connection: "Begun") -> tuple[Connection, Any]:
    """The connection, of what carries the response now, and the response."""
    try:
        response = await request.send(connection)
    except BaseException:
        connection.give_up()
        raise
    finally:
        connection.end()
    connection.carry(response)
    return connection, response


class Begun(Connection):
    """A connection that a session has for a request, which is sent by ask()."""

    def __init__(self, send: Any, unasked: "Unasked") -> None:
        super().__init__(unasked)
        self._unasked = unasked
        self._send = send
        # Whether the request has come as far as here.
        self.is_asked = False

    async def ask(self, request: Any) -> Any:
        """The response to `request`; asked once more, or after the connection has ended, it is
        sent over another one."""
        self.is_asked = True
        token = _BEGUN.set(self._unasked)
        try:
            response = await self._send(request)
        finally:
            _BEGUN.reset(token)
        self.carry(response)
        return response

    def carry(self, response: Any) -> None:
        """Tell of what carries `response` from now on."""
        self._response, self._carrier = response, None

    def give_up(self) -> None:
        """Close the response, where there is one: nobody reads it."""
        if self._response is not self._unasked:
            self._response.close()

    def end(self) -> None:
        """Give it back where nothing was asked."""
        self._unasked.release()


class Behind:
    """A connector, but none of ours as senders know them: a request goes no way shorter than that
    by send(), and over the connection that it has begun with."""

    def __init__(self, connector: Any) -> None:
        self.connector = connector

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connector, name)

    def take(self, host: Host) -> Any:
        """See BaseConnector of aiolos."""
        begun = _BEGUN.get()
        link = None if begun is None else begun.given(host, is_used=True)
        return self._take(host) if link is None else link

    def take_shared(self, host: Host) -> Any:
        """See BaseConnector of aiolos."""
        begun = _BEGUN.get()
        link = None if begun is None else begun.given(host, is_used=True)
        return self.connector.take_shared(host) if link is None else link

    async def connect(self, host: Host, *times: Any) -> Any:
        """See BaseConnector of aiolos."""
        begun = _BEGUN.get()
        link = None if begun is None else begun.given(host, is_used=False)
        return await self._connect(host, *times) if link is None else (link, False)

    def _take(self, host: Host) -> Any:
        return self.connector.take(host)

    async def _connect(self, host: Host, *times: Any) -> Any:
        return await self.connector.connect(host, *times)


class Through(Behind):
    """A connector whose connect() has the parameters of the original: each request goes by it, and
    takes no connection that is at hand without it."""

    def _take(self, host: Host) -> None:
        """There is none at hand."""

    async def _connect(self, host: Host, connect: Any, dial: Any, traces: Any) -> Any:
        request = ASKED.get()
        told = [] if traces is None else [traces]
        timeout = request.settings.timeout
        try:
            with told_as_ours():
                return await self.connector.connect(request, traces=told, timeout=timeout)
        except TimeoutError as error:
            if isinstance(error, ClientError):
                raise
            raise ConnectionTimeoutError(f"Connection timeout to host {request.url}") from error


@contextmanager
def told_as_ours() -> Iterator[None]:
    """Raise an OSError of somebody's own as ClientOSError: callers wait for a ClientError."""
    try:
        yield
    except (ClientError, TimeoutError):
        raise
    except OSError as error:
        raise ClientOSError(*error.args) from error
