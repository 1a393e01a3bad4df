"""How a session asks by a connector of somebody's own, whose doors are told of the request."""

from contextvars import ContextVar
from typing import Any

from aiolos_client.sender import Sender

from ._connections import Connection

ASKED: ContextVar[Any] = ContextVar("ASKED", default=None)


class Telling(Sender):
    """A sender by which the request that waits for a connection is known, and each response is
    told that it starts."""

    def use(self, connector: Any) -> None:
        """See Sender."""
        super().use(connector if isinstance(connector, Behind) else Behind(connector))

    async def send(self, request: Any, *begun: Any) -> Any:
        """See Sender; nothing has `begun`, for no connection is at hand."""
        token = ASKED.set(request)
        try:
            response: Any = await super().send(request)
        finally:
            ASKED.reset(token)
        try:
            await response.start(Connection(response))
        except BaseException:
            response.close()
            raise
        return response


class Behind:
    """A connector, but none of ours as senders know them: a request goes no way shorter than that
    by send()."""

    def __init__(self, connector: Any) -> None:
        self._connector = connector

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connector, name)


class Through(Behind):
    """A connector whose connect() has the parameters of the original: each request goes by it, and
    takes no connection that is at hand without it."""

    def take(self, host: Any) -> None:
        """There is none at hand."""

    async def connect(self, host: Any, connect: Any, dial: Any, traces: Any) -> Any:
        """See BaseConnector of aiolos."""
        request = ASKED.get()
        told = [] if traces is None else [traces]
        return await self._connector.connect(request, told, request.settings.timeout)
