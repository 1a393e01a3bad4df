"""What aiolos-websocket offers its siblings: aiolos_protocol.contracts.WebSocketComponent."""

from aiolos_protocol.message import RequestHead
from aiolos_protocol.websocket import WSOptions

from .engine import open_engine
from .handshake import Agreement, Offer, accept


def offer(options: WSOptions) -> Offer:
    """See WebSocketComponent."""
    return Offer(options, open_engine)


def answer(request: RequestHead, options: WSOptions) -> Agreement:
    """See WebSocketComponent."""
    return accept(request, options, open_engine)
