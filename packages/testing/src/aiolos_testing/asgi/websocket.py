"""One WebSocket, in ASGI's messages."""

from typing import Any

from aiolos_protocol import siblings
from aiolos_protocol.message import RequestHead, ResponseHead
from aiolos_protocol.websocket import WebSocket, WSMsgType, WSOptions
from multidict import CIMultiDict

from .scope import Message


class WebSocketConversation:
    """`receive` and `send` of a websocket scope.

    Raises MissingDistribution where aiolos-websocket is not installed.
    """

    def __init__(self, head: RequestHead, link: Any) -> None:
        self._component = siblings.websocket("an ASGI application with WebSockets")
        self._head = head
        self._link = link
        self._connecting = True
        self._socket: WebSocket | None = None
        self.begun = False
        self.complete = False

    def silent(self) -> None:
        """The client sends no more: the WebSocket tells it by itself."""

    def lost(self) -> None:
        """The client is gone: the WebSocket tells it by itself."""

    async def receive(self) -> Message:
        """websocket.connect, websocket.receive, and websocket.disconnect at the end."""
        if self._connecting:
            self._connecting = False
            return {"type": "websocket.connect"}
        if self._socket is None:
            return {"type": "websocket.disconnect", "code": 1006, "reason": ""}
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return {"type": "websocket.receive", "text": message.data}
        if message.type is WSMsgType.BINARY:
            return {"type": "websocket.receive", "bytes": message.data}
        reason = message.extra if message.type is WSMsgType.CLOSE else ""
        code = self._socket.close_code or 1005
        return {"type": "websocket.disconnect", "code": code, "reason": reason or ""}

    async def send(self, message: Message) -> None:
        """websocket.accept or websocket.close first, then websocket.send, websocket.close."""
        kind = message["type"]
        if self._socket is None:
            if kind == "websocket.accept" and not self.begun:
                self._accept(message)
            elif kind == "websocket.close" and not self.begun:
                self.begun = self.complete = True
                self._link.answer(self._head, 403, "Forbidden", "", CIMultiDict(), b"", True)
            else:
                raise RuntimeError(f"the message {kind!r} is not expected at this point")
        elif kind == "websocket.send":
            text = message.get("text")
            if text is not None:
                await self._socket.send_str(text)
            else:
                await self._socket.send_bytes(message["bytes"])
        elif kind == "websocket.close":
            self.complete = True
            reason = (message.get("reason") or "").encode()
            await self._socket.close(code=message.get("code", 1000), message=reason)
        else:
            raise RuntimeError(f"the message {kind!r} is not expected at this point")

    def _accept(self, message: Message) -> None:
        chosen = message.get("subprotocol")
        options = WSOptions(protocols=(chosen,) if chosen else ())
        agreement = self._component.answer(self._head, options)
        fields = agreement.headers.copy()
        for name, value in message.get("headers", ()):
            fields.add(bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
        exchange = self._link.exchange(self._head)
        exchange.send_head(ResponseHead(agreement.status, headers=fields))
        self.begun = True
        self._socket = agreement.open(exchange.take_over())

    async def end(self) -> None:
        """The application has returned."""
        if self._socket is not None:
            await self._socket.close()
