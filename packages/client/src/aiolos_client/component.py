"""What aiolos-client offers its siblings: aiolos_protocol.contracts.ClientComponent."""

from typing import Any

from .session import ClientSession


def loopback_session(**options: Any) -> ClientSession:
    """See ClientComponent."""
    return ClientSession(retry_disconnected=False, **options)
