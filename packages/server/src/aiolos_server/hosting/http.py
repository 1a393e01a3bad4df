"""One request and its response, in ASGI's messages."""

import asyncio
from typing import Any, Final

from aiolos_protocol.errors import ProtocolError
from multidict import CIMultiDict

from ..core import checked_status
from ..fileresponse import FileResponse
from ..request import Request
from ..response import Response, StreamResponse
from ..routing.routes import default_expect_handler
from .scope import Message

_DISCONNECT: Final = "http.disconnect"


class HttpConversation:
    """`receive` and `send` of an http scope.

    `complete` is True once the response is out, whatever the application does after that;
    `abandoned` once it has been told that the client is gone; `failed` is what was wrong with the
    request's body, its missing rest included.
    """

    __slots__ = (
        "_body_read",
        "_gone",
        "_request",
        "_response",
        "_start",
        "_task",
        "abandoned",
        "complete",
        "failed",
    )

    def __init__(self, request: Request) -> None:
        self._request = request
        # The handler's. An application may send from another one.
        self._task = request.task
        self._body_read = False
        self._gone: asyncio.Future[None] | None = None
        self._start: Message | None = None
        self._response: StreamResponse | None = None
        self.complete = False
        self.abandoned = False
        self.failed: ProtocolError | ConnectionError | None = None

    async def receive(self) -> Message:
        """A piece of the body; http.disconnect behind it, once there is nobody left to answer."""
        request = self._request
        if not self._body_read and not self.complete:
            if not request.body_exists:
                self._body_read = True
                return {"type": "http.request", "body": b"", "more_body": False}
            body = request.exchange.body
            try:
                if request.head.expect and not body.total_bytes:
                    await default_expect_handler(request)
                piece = await body.readany()
            except (ProtocolError, ConnectionError) as error:
                # In ASGI's words there is no more to come.
                self.failed = error
                return {"type": _DISCONNECT}
            self._body_read = body.at_eof()
            return {"type": "http.request", "body": piece, "more_body": not self._body_read}
        if not self.complete:
            if self._gone is None:
                self._gone = asyncio.get_running_loop().create_future()
                request.on_disconnect(self._leave)
            await asyncio.shield(self._gone)
            self.abandoned = not self.complete
        return {"type": _DISCONNECT}

    async def send(self, message: Message) -> None:
        """http.response.start, then http.response.body until one says that nothing follows.

        Raises OSError once the client is gone.
        """
        kind = message["type"]
        start = self._start
        try:
            if kind == "http.response.body" and start is not None and not self.complete:
                body, more = message.get("body", b""), message.get("more_body", False)
                await self._send_body(start, body, more)
            elif kind == "http.response.start" and start is None:
                if checked_status(message["status"]) == 101:
                    raise ValueError("101 ends HTTP, which no http scope can; see RFC 9110 15.2.2")
                self._start = message
            elif kind == "http.response.pathsend" and start is not None and self._response is None:
                await self._send_file(start, message["path"])
            else:
                raise RuntimeError(f"the message {kind!r} is not expected here")
        except ConnectionError:
            self.abandoned = True
            raise

    @property
    def has_begun(self) -> bool:
        """Whether a part of the response is out."""
        return self._response is not None and self._response.prepared

    async def _send_body(self, start: Message, piece: bytes, more: bool) -> None:
        response = self._response
        if response is None:
            fields = _fields(start)
            if not more:
                whole = Response(bytes(piece), status=start["status"])
                # As the application has it, or not at all.
                whole._content_type = ""
                whole._headers = fields
                self._end()
                self._request.protocol.let_go(whole, self._task)
                return
            response = StreamResponse(status=start["status"])
            response._default_type = ""
            response._headers = fields
            self._response = response
            await response.prepare(self._request)
        if piece:
            await response.write(bytes(piece))
        if not more:
            self._end()
            await response.write_eof()
            self._request.protocol.let_go(response, self._task)

    async def _send_file(self, start: Message, path: str) -> None:
        """The extension http.response.pathsend: the file at `path` is the body."""
        response = FileResponse(path, status=start["status"], headers=_fields(start))
        # Conditions and codings are the application's own matter.
        response.as_it_is()
        response._default_type = ""
        self._response = response
        await response.prepare(self._request)
        self._end()
        await response.write_eof()
        self._request.protocol.let_go(response, self._task)

    def _end(self) -> None:
        self.complete = True
        self._leave()

    def _leave(self) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)


def _fields(start: Message) -> "CIMultiDict[str]":
    fields: CIMultiDict[Any] = CIMultiDict()
    for name, value in start.get("headers", ()):
        key = bytes(name).decode("latin-1")
        # How a body is framed is the connection's own matter.
        if key.lower() != "transfer-encoding":
            fields.add(key, bytes(value).decode("utf-8", "surrogateescape"))
    return fields
