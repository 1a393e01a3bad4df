"""What aiolos-client offers its siblings: aiolos_protocol.contracts.ClientComponent."""

from typing import Any

from aiolos_protocol.contracts import Connect

from .session import ClientSession


def loopback_session(*, connect: Connect | None = None, **options: Any) -> ClientSession:
    """See ClientComponent."""
    session = ClientSession(retry_disconnected=False, **options)
    if connect is not None:
        session.connector.connect_by = connect
    return session
