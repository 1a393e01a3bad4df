"""An ASGI WebSocket dressed as a transport: frames on the one side, messages on the other.

The engine above speaks RFC 6455 to it as to a socket, so WebSocketResponse is the same under every
server. Pings never reach the peer: keeping it alive is the ASGI server's job.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiolos_protocol.errors import ConnectionLost
from aiolos_protocol.exchange import ServerRole
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import RequestHead, ResponseHead
from aiolos_protocol.upgrade import Handover
from multidict import CIMultiDict

from .link import HIGH_WATER, AsgiLink, Message, Receive, check

# RFC 6455 5.2
_FIN: Final = 0x80
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 0x1, 0x2, 0x8, 0x9, 0xA
# A mask of zeros leaves the payload as it is (RFC 6455 5.3).
_NO_MASK: Final = bytes(4)
# RFC 6455 7.4.1: codes that no frame may carry.
_UNSPOKEN: Final = frozenset({1005, 1006, 1015})


class SocketLink(AsgiLink):
    """The link of a WebSocket scope: a handshake, and then a transport."""

    def __init__(self, scope: Message, head: RequestHead, role: ServerRole, limits: Limits) -> None:
        super().__init__(scope, head, role, limits)
        self._socket: _SocketTransport | None = None
        self._refusals = "websocket.http.response" in (scope.get("extensions") or {})

    def send_head(self, head: ResponseHead) -> None:
        """See Exchange.send_head: 101 accepts, anything else refuses."""
        if head.status != 101:
            if 100 <= head.status < 200:
                return
            if not self._refusals:
                check(head)
                # ASGI: a close instead of an accept is answered 403.
                self._begun = self._silent = True
                self._put({"type": "websocket.close", "code": 1000, "reason": ""})
                return
            super().send_head(head)
            return
        check(head)
        self._begun = True
        own = ["sec-websocket-accept", "sec-websocket-protocol", "upgrade", "connection"]
        if not head.fields.get("Server", "-"):
            own.append("server")
        headers = [
            (name.lower().encode("ascii"), value.encode("utf-8", "surrogateescape"))
            for name, value in head.fields.items()
            if name.lower() not in own
        ]
        protocol = head.fields.get("Sec-WebSocket-Protocol")
        self._put({"type": "websocket.accept", "subprotocol": protocol, "headers": headers})

    def end(self, trailers: "CIMultiDict[str] | None" = None) -> None:
        """See Exchange.end."""
        if self._silent and not self._refusals:
            self._ended = True
            self._stirred.set()
        else:
            super().end()

    def _put(self, message: Message) -> None:
        if message["type"].startswith("http.response"):
            message = {**message, "type": "websocket." + message["type"]}
        super()._put(message)
        if self._socket is not None and self._waiting >= HIGH_WATER:
            self._socket.pause()

    def _wake(self) -> None:
        super()._wake()
        if self._socket is not None:
            self._socket.resume()

    def take_over(self) -> Handover:
        """See Exchange.take_over."""
        self._socket = _SocketTransport(self, self._put)
        return Handover(self._socket, b"", False, False, lambda exc: self.abort())

    async def receive(self, receive: Receive, first: Message | None) -> None:
        """Feed the transport until the peer is gone; while the engine has no room, nothing is
        asked for, so that the server lets its peer wait."""
        try:
            while True:
                await self._reading.wait()
                message = await receive()
                if message["type"] == "websocket.receive":
                    if self._socket is not None:
                        self._socket.received(message)
                elif message["type"] == "websocket.disconnect":
                    if self._socket is not None:
                        self._socket.disconnected(message.get("code") or 1005)
                    return
        finally:
            self.gone()

    def gone(self) -> None:
        """See AsgiLink.gone."""
        if self._socket is not None:
            # Of a peer that has said so itself the transport knows already.
            self._socket.disconnected(1006)
        super().gone()


class _SocketTransport(asyncio.Transport):
    """Takes an engine's frames apart into messages, and makes frames of messages."""

    def __init__(self, link: SocketLink, put: Callable[[Message], None]) -> None:
        super().__init__()
        self._link = link
        self._put = put
        self._protocol: Any = None
        self._written = b""
        self._parts: list[bytes] = []
        self._kind = _BINARY
        self._closing = False
        self._said_goodbye = False
        self._paused = False

    # For the engine.

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self._protocol
        return protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._link.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        self._link.pause_reading()

    def resume_reading(self) -> None:
        self._link.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """The marks are the link's."""

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        self._written += bytes(data)
        while (frame := self._next_frame()) is not None:
            self._sent(*frame)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(bytes(data) for data in list_of_data))

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            if not self._said_goodbye:
                self._put({"type": "websocket.close", "code": 1000, "reason": ""})
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)
            self._link.abort()

    def abort(self) -> None:
        self.close()

    def _next_frame(self) -> tuple[int, bool, bytes] | None:
        """The next whole frame that was written: opcode, FIN, payload; it is never masked."""
        data = self._written
        if len(data) < 2:
            return None
        size, start = data[1] & 0x7F, 2
        if size > 125:
            start += 2 if size == 126 else 8
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            return None
        self._written = data[start + size :]
        return data[0] & 0x0F, bool(data[0] & _FIN), data[start : start + size]

    def _sent(self, opcode: int, fin: bool, payload: bytes) -> None:
        if opcode == _CLOSE:
            code = int.from_bytes(payload[:2], "big") if payload else 1000
            self._said_goodbye = True
            reason = payload[2:].decode("utf-8", "replace")
            self._put({"type": "websocket.close", "code": code, "reason": reason})
            self._feed_soon(_CLOSE, payload)
        elif opcode == _PING:
            self._feed_soon(_PONG, payload)
        elif opcode != _PONG:
            if opcode:
                self._kind = opcode
            self._parts.append(payload)
            if fin:
                whole = b"".join(self._parts)
                self._parts.clear()
                key, value = ("text", whole.decode()) if self._kind == _TEXT else ("bytes", whole)
                self._put({"type": "websocket.send", key: value})

    # For the link.

    def pause(self) -> None:
        """Too much waits for the ASGI server."""
        if not self._paused:
            self._paused = True
            self._protocol.pause_writing()

    def resume(self) -> None:
        """There is room again."""
        if self._paused:
            self._paused = False
            self._protocol.resume_writing()

    def received(self, message: Message) -> None:
        """A message of the peer's."""
        text = message.get("text")
        if text is not None:
            self._feed(_TEXT, text.encode())
        else:
            self._feed(_BINARY, message.get("bytes") or b"")

    def disconnected(self, code: int) -> None:
        """The peer is gone."""
        if self._closing:
            return
        if code not in _UNSPOKEN and not self._said_goodbye:
            self._said_goodbye = True
            self._feed(_CLOSE, code.to_bytes(2, "big"))
        if not self._closing:
            self._closing = True
            error = ConnectionLost("the client is gone") if code == 1006 else None
            self._protocol.connection_lost(error)

    def _feed_soon(self, opcode: int, payload: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._feed, opcode, payload)

    def _feed(self, opcode: int, payload: bytes) -> None:
        if self._closing:
            return
        size = len(payload)
        if size < 126:
            length = bytes((0x80 | size,))
        elif size < 65_536:
            length = b"\xfe" + size.to_bytes(2, "big")
        else:
            length = b"\xff" + size.to_bytes(8, "big")
        self._protocol.data_received(bytes((_FIN | opcode,)) + length + _NO_MASK + payload)
