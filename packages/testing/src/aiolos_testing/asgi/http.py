"""One request and its response, in ASGI's messages."""

import asyncio
from http import HTTPStatus
from typing import Any

from aiolos_protocol.errors import ProtocolError
from aiolos_protocol.message import RequestHead, ResponseHead
from multidict import CIMultiDict

from .scope import Message


class HttpConversation:
    """`receive` and `send` of an http scope."""

    def __init__(self, head: RequestHead, link: Any) -> None:
        self._head = head
        self._link = link
        self._exchange = link.exchange(head)
        self._gone = asyncio.Event()
        self._heard = True
        self._received = False
        self._start: Message | None = None
        self.begun = False
        self.complete = False

    def silent(self) -> None:
        """The client sends no more; what is sent to it may still be heard."""
        self._gone.set()

    def lost(self) -> None:
        """The client is gone."""
        self._heard = False
        self._gone.set()

    async def receive(self) -> Message:
        """A piece of the body; http.disconnect behind it, once there is nobody left to answer."""
        if not self._received:
            body = self._exchange.body
            if self._head.expect and not self.begun and not body.at_eof():
                self._exchange.send_head(ResponseHead(100, "Continue"))
            try:
                piece = bytes(await body.readany())
            except (ConnectionError, ProtocolError):
                # Malformed or lost: in ASGI's words there is no more to come.
                self.silent()
            else:
                self._received = body.at_eof()
                return {"type": "http.request", "body": piece, "more_body": not self._received}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """http.response.start, then http.response.body until one says that nothing follows."""
        kind = message["type"]
        if not self._heard:
            return
        if kind == "http.response.start" and self._start is None:
            self._start = message
        elif kind == "http.response.body" and self._start is not None and not self.complete:
            await self._send_body(bytes(message.get("body", b"")), message.get("more_body", False))
        else:
            raise RuntimeError(f"the message {kind!r} is not expected at this point")

    async def _send_body(self, piece: bytes, more: bool) -> None:
        if not self.begun:
            assert self._start is not None
            self.begun = True
            head = _response_head(self._start)
            if not more:
                self.complete = True
                self._link.answer(
                    self._head, head.status, head.reason, "", head.fields, piece, True
                )
                self.silent()
                return
            self._exchange.send_head(head)
        if piece:
            await self._exchange.write(piece)
        if not more:
            self.complete = True
            self._exchange.end()
            self.silent()


def _response_head(start: Message) -> ResponseHead:
    fields: CIMultiDict[str] = CIMultiDict()
    length = -1
    for name, value in start.get("headers", ()):
        key = bytes(name).decode("latin-1")
        if key.lower() == "content-length":
            length = int(value)
        elif key.lower() != "transfer-encoding":
            # How the body is framed is the connection's own matter.
            fields.add(key, bytes(value).decode("utf-8", "surrogateescape"))
    status = int(start["status"])
    return ResponseHead(status, _reason(status), headers=fields, length=length)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
