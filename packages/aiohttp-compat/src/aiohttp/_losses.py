"""What a handler gets where its peer is gone: the original's error, which a client raises as well.

The server knows nothing of the client's errors, so its own is joined with that here.
"""

from aiolos_client.errors import ClientConnectionResetError
from aiolos_protocol.errors import ConnectionLost


class PeerGone(ConnectionLost, ClientConnectionResetError):
    """The peer went away before all was sent."""
