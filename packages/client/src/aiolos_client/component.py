"""What aiolos-client offers its siblings: aiolos_protocol.contracts.ClientComponent."""

from typing import Any

from aiolos_protocol.contracts import Connect

from .cookiejar import CookieJar
from .session import ClientSession


def loopback_session(*, connect: Connect | None = None, **options: Any) -> ClientSession:
    """See ClientComponent."""
    if options.get("cookie_jar") is None:
        # A test server is at an address, not at a name.
        options["cookie_jar"] = CookieJar(unsafe=True)
    session = ClientSession(retry_disconnected=False, **options)
    connector = session.connector
    if connect is not None and connector is not None:
        connector.connect_by = connect
    return session
