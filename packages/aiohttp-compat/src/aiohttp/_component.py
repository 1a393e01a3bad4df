"""What test_utils makes its clients by: aiolos_protocol.contracts.ClientComponent."""

from typing import Any

from aiolos_protocol.contracts import Connect

from . import client
from .cookiejar import CookieJar


def loopback_session(*, connect: Connect | None = None, **options: Any) -> client.ClientSession:
    """See ClientComponent."""
    if options.get("cookie_jar") is None:
        # A test server is at an address, not at a name.
        options["cookie_jar"] = CookieJar(unsafe=True)
    session = client.ClientSession(retry_disconnected=False, **options)
    if connect is not None:
        session.connector.connect_by = connect
    return session
