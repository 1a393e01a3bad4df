"""One WebSocket, in ASGI's messages."""

from enum import Enum, auto
from typing import Any, Final

from aiolos_protocol.websocket import WSCloseCode, WSMsgType
from multidict import CIMultiDict

from ..errors import HTTPForbidden
from ..request import Request
from ..response import Response, StreamResponse
from ..websocket import WebSocketResponse
from .scope import Message

# What ASGI servers take by default, in bytes.
_MESSAGE_SIZE: Final = 16_777_216


class _Stage(Enum):
    """How far the conversation has come."""

    CONNECTING = auto()
    """The application has not answered the handshake."""
    OPEN = auto()
    REFUSING = auto()
    """It refuses by a response of its own, which has begun."""
    OVER = auto()


class WebSocketConversation:
    """`receive` and `send` of a websocket scope; `response` answers the handshake."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._stage = _Stage.CONNECTING
        self._asked = False
        self._refusal: Message = {}
        self._socket: WebSocketResponse | None = None
        self.response: StreamResponse = HTTPForbidden()

    async def receive(self) -> Message:
        """websocket.connect, then websocket.receive, and websocket.disconnect at the end."""
        if not self._asked:
            self._asked = True
            return {"type": "websocket.connect"}
        socket = self._socket
        if socket is None:
            if self._stage is _Stage.CONNECTING:
                await self._request.wait_for_disconnect()
            return {"type": "websocket.disconnect", "code": 1006, "reason": ""}
        message = await socket.receive()
        if message.type is WSMsgType.TEXT:
            return {"type": "websocket.receive", "text": message.data}
        if message.type is WSMsgType.BINARY:
            return {"type": "websocket.receive", "bytes": message.data}
        self._stage = _Stage.OVER
        reason = message.extra if message.type is WSMsgType.CLOSE else None
        # Its close frame is not here yet where the server itself says goodbye.
        goodbye = message.type is WSMsgType.CLOSING
        code = socket.close_code or (WSCloseCode.GOING_AWAY if goodbye else 1005)
        return {"type": "websocket.disconnect", "code": code, "reason": reason or ""}

    async def send(self, message: Message) -> None:
        """websocket.accept, or what refuses; then websocket.send and websocket.close.

        Raises OSError once the client is gone.
        """
        kind = message["type"]
        stage = self._stage
        if stage is _Stage.CONNECTING and kind == "websocket.accept":
            await self._accept(message)
        elif stage is _Stage.CONNECTING and kind == "websocket.close":
            self._stage = _Stage.OVER
        elif stage is _Stage.CONNECTING and kind == "websocket.http.response.start":
            self._stage = _Stage.REFUSING
            self._refusal = {**message, "body": b""}
        elif stage is _Stage.REFUSING and kind == "websocket.http.response.body":
            self._refusal["body"] += message.get("body", b"")
            if not message.get("more_body", False):
                self._refuse()
        elif stage is _Stage.OPEN and kind == "websocket.send":
            await self._send(message)
        elif stage in (_Stage.OPEN, _Stage.OVER) and kind == "websocket.close" and self._socket:
            self._stage = _Stage.OVER
            reason = (message.get("reason") or "").encode()
            await self._socket.close(code=message.get("code") or 1000, message=reason)
        elif stage is _Stage.OVER and kind == "websocket.send" and self._socket:
            raise ConnectionResetError("the WebSocket is closed")
        else:
            raise RuntimeError(f"the message {kind!r} is not expected here")

    async def _accept(self, message: Message) -> None:
        chosen = message.get("subprotocol")
        socket = WebSocketResponse(
            protocols=(chosen,) if chosen else (), max_msg_size=_MESSAGE_SIZE
        )
        for name, value in message.get("headers", ()):
            socket.headers.add(bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
        await socket.prepare(self._request)
        self._stage = _Stage.OPEN
        self._socket = self.response = socket

    async def _send(self, message: Message) -> None:
        socket: Any = self._socket
        text = message.get("text")
        if text is not None:
            await socket.send_str(text)
        else:
            await socket.send_bytes(message["bytes"])

    def _refuse(self) -> None:
        self._stage = _Stage.OVER
        fields: CIMultiDict[str] = CIMultiDict()
        for name, value in self._refusal.get("headers", ()):
            fields.add(bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
        body = bytes(self._refusal["body"])
        self.response = Response(body, status=self._refusal["status"], headers=fields)
