"""What aiolos-websocket offers its siblings: aiolos_protocol.contracts.WebSocketComponent."""

from aiolos_protocol.message import RequestHead
from aiolos_protocol.websocket import WSOptions

from .broadcast import broadcast
from .engine import open_engine
from .handshake import Agreement, Offer, accept

__all__ = ["answer", "broadcast", "offer"]


def offer(options: WSOptions) -> Offer:
    """See WebSocketComponent."""
    return Offer(options, open_engine)


def answer(request: RequestHead, options: WSOptions) -> Agreement:
    """See WebSocketComponent."""
    return accept(request, options, open_engine)
