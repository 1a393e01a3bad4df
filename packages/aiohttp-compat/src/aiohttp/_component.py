"""What test_utils makes its clients by: aiolos_protocol.contracts.ClientComponent."""

from typing import Any, Final

from aiolos_protocol.contracts import Connect

from . import client
from ._private import replaced
from .cookiejar import CookieJar

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
