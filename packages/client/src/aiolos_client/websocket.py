"""The client's WebSocket façade; all behaviour is the engine's, in the sibling package."""

from collections.abc import Awaitable, Callable
from typing import Self

from aiolos_protocol import siblings
from aiolos_protocol.contracts import Offer
from aiolos_protocol.errors import UpgradeRefused
from aiolos_protocol.websocket import ForwardingWebSocket, WebSocket, WSOptions

from .errors import WSServerHandshakeError
from .response import ClientResponse

Send = Callable[[Offer], Awaitable[ClientResponse]]


class ClientWebSocketResponse(ForwardingWebSocket):
    """A WebSocket to a server; `async with session.ws_connect(url)` closes it."""

    def __init__(self, response: ClientResponse, engine: WebSocket) -> None:
        self._response = response
        self._engine = engine

    @property
    def client(self) -> ClientResponse:
        """The response to the handshake."""
        return self._response

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


async def connect(send: Send, options: WSOptions) -> ClientWebSocketResponse:
    """Make the handshake by `send` and open the WebSocket.

    Raises WSServerHandshakeError where the server does not agree.
    """
    offer = siblings.websocket("ClientSession.ws_connect()").offer(options)
    response = await send(offer)
    try:
        agreement = offer.confirm(response.head)
    except UpgradeRefused as refusal:
        error = WSServerHandshakeError(
            response.request_info,
            response.history,
            status=response.status,
            message=refusal.message,
            headers=response.headers,
        )
        response.close()
        raise error from None
    except BaseException:
        response.close()
        raise
    return ClientWebSocketResponse(response, agreement.open(response.take_over()))
