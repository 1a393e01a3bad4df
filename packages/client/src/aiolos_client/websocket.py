"""The client's WebSocket façade; all behaviour is the engine's, in the sibling package."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Self

from aiolos_protocol import hdrs, siblings
from aiolos_protocol.contracts import Offer
from aiolos_protocol.errors import ConnectionLost, UpgradeRefused
from aiolos_protocol.websocket import ForwardingWebSocket, WebSocket, WSOptions, window_of

from .errors import (
    ClientConnectionResetError,
    ClientResponseError,
    ServerDisconnectedError,
    ServerTimeoutError,
    WSServerHandshakeError,
)
from .response import ClientResponse
from .timeouts import DEFAULT_WS_TIMEOUT, ClientWSTimeout

Send = Callable[[Offer], Awaitable[ClientResponse]]


class ClientWebSocketResponse(ForwardingWebSocket):
    """A WebSocket to a server; `async with session.ws_connect(url)` closes it."""

    def __init__(self, response: ClientResponse, engine: WebSocket) -> None:
        self._response = response
        self._open(engine)

    @property
    def client(self) -> ClientResponse:
        """The response to the handshake."""
        return self._response

    @property
    def client_notakeover(self) -> bool:
        """Whether each message that is sent is compressed by itself (RFC 7692 7.1.1.2)."""
        agreed = self._response.headers.get(hdrs.SEC_WEBSOCKET_EXTENSIONS, "")
        return "client_no_context_takeover" in agreed

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()


def ws_options(
    *,
    protocols: Iterable[str] = (),
    timeout: ClientWSTimeout | float | None = None,
    receive_timeout: float | None = None,
    autoclose: bool = True,
    autoping: bool = True,
    heartbeat: float | None = None,
    origin: str | None = None,
    headers: Mapping[str, str] | None = None,
    compress: bool | int = 0,
    max_msg_size: int = 4 * 1024 * 1024,
    decode_text: bool = True,
) -> WSOptions:
    """The options of ws_connect() as the engine takes them.

    `timeout` may be a number for its `ws_close`; `receive_timeout` stands for its `ws_receive`.
    Raises ValueError or TypeError for what they cannot be.
    """
    if isinstance(protocols, str):
        raise TypeError(f"protocols is a tuple of names: ({protocols!r},)")
    if not isinstance(protocols, Iterable):
        raise TypeError(f"protocols takes a list of names, not {protocols!r:.80}")
    if timeout is None:
        timeout = DEFAULT_WS_TIMEOUT
    elif not isinstance(timeout, ClientWSTimeout):
        timeout = ClientWSTimeout(ws_close=timeout)
    return WSOptions(
        protocols=tuple(protocols),
        origin=origin,
        headers=headers,
        compress=window_of(compress),
        heartbeat=heartbeat,
        receive_timeout=timeout.ws_receive if receive_timeout is None else receive_timeout,
        close_timeout=timeout.ws_close,
        autoclose=autoclose,
        autoping=autoping,
        max_msg_size=max_msg_size,
        decode_text=decode_text,
        lost=ClientConnectionResetError,
        silent=ServerTimeoutError,
    )


async def connect(
    send: Send,
    options: WSOptions,
    kind: type[ClientWebSocketResponse] = ClientWebSocketResponse,
) -> ClientWebSocketResponse:
    """Make the handshake by `send` and open the WebSocket, as one of `kind`.

    Raises WSServerHandshakeError where the server does not agree, ServerDisconnectedError where
    the connection is lost before it is open.
    """
    offer = siblings.websocket("ClientSession.ws_connect()").offer(options)
    try:
        response = await send(offer)
    except ClientResponseError as failure:
        if type(failure) is not ClientResponseError:
            raise
        # No answer that HTTP knows, as 101 without Upgrade is none.
        raise WSServerHandshakeError(
            failure.request_info,
            failure.history,
            status=failure.status,
            message=failure.message,
            headers=failure.headers,
        ) from failure
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
    try:
        handover = response.take_over()
    except ConnectionLost as error:
        raise ServerDisconnectedError(
            f"the server closed the connection of {response.url} right behind its handshake"
        ) from error
    return kind(response, agreement.open(handover))
