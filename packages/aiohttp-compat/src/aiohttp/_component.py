"""What test_utils makes its clients and servers by: ClientComponent and ServerComponent of
aiolos_protocol.contracts."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiolos_protocol.contracts import Connect
from aiolos_server.bare import Bare
from aiolos_server.component import request as request

from . import client
from ._private import replaced
from .cookiejar import CookieJar
from .log import server_logger
from .web_runner import AppRunner

_SESSION: Final = client.ClientSession


def loopback_session(*, connect: Connect | None = None, **options: Any) -> client.ClientSession:
    """See ClientComponent."""
    if options.get("cookie_jar") is None:
        # A test server is at an address, not at a name.
        options["cookie_jar"] = CookieJar(unsafe=True)
    make = replaced("ClientSession", _SESSION, "aiohttp.client", "aiohttp.test_utils")
    session: client.ClientSession = make(retry_disconnected=False, **options)
    connector = session.connector
    if connect is not None and connector is not None:
        connector.connect_by = connect
    return session


class _Servable(Bare):
    """To be served: see contracts.Servable."""

    def __init__(self, handler: Callable[..., Awaitable[Any]]) -> None:
        super().__init__(handler)
        self.logger = server_logger

    def runner(self, **options: Any) -> AppRunner:
        return AppRunner(self, **options)


def from_handler(handler: Callable[..., Awaitable[Any]]) -> _Servable:
    """See ServerComponent."""
    return _Servable(handler)
