"""Private names of the original on classes whose instances the server makes itself.

A request is made before anybody could have named a class for it, so there can be no subclass: its
class, and that of responses, gets other names for what it has. They cost nothing where they are not
used; `_start` costs one call for each response that is prepared step by step.
"""

import os
from collections.abc import Awaitable
from functools import wraps
from pathlib import Path
from typing import Any

from aiolos_client.keys import ConnectionKey
from aiolos_client.tracing import TraceConfig
from aiolos_client.websocket import ClientWebSocketResponse
from aiolos_protocol.message import ResponseHead
from aiolos_server.errors import HTTPException
from aiolos_server.fileresponse import FileResponse
from aiolos_server.request import BaseRequest
from aiolos_server.response import BaseResponse
from aiolos_server.routing.handlers import awaitable_handler
from aiolos_server.routing.resources import Resource
from aiolos_server.routing.routes import AbstractRoute
from aiolos_server.routing.static import StaticResource
from aiolos_server.routing.subapps import Domain

from ._losses import PeerGone
from ._private import Private, another_name, deprecated
from ._requests import give_constructor
from ._resources import match_by_head, match_of, resolve_by_match
from ._responses import give_steps, mocked_writer_of


class Writer:
    """What the original calls a payload writer: sends the body of `response`."""

    def __init__(self, response: Any) -> None:
        self._response = response

    @property
    def transport(self) -> Any:
        """The connection's; it has get_extra_info()."""
        return self._response._exchange

    def write(self, chunk: bytes) -> Awaitable[Any]:
        """See StreamResponse.write."""
        sent: Awaitable[Any] = self._response.write(chunk)
        return sent

    async def write_eof(self, chunk: bytes = b"") -> None:
        """See StreamResponse.write_eof."""
        await self._response.write_eof(chunk)

    async def drain(self) -> None:
        """See StreamResponse.drain."""
        await self._response.drain()


class RequestWriter:
    """What the original calls a payload writer, before there is a response: it sends 100."""

    def __init__(self, request: Any) -> None:
        self._request = request
        # As the original's own expect_handler sets it back.
        self.output_size = 0

    @property
    def transport(self) -> Any:
        """The connection's."""
        return self._request.transport

    async def write(self, chunk: bytes) -> None:
        """Send `HTTP/1.1 100 Continue`, whatever the version; anything else is the body's."""
        exchange = self._request.exchange
        if chunk.startswith(b"HTTP/1.1 100 "):
            exchange.send_head(ResponseHead(100, "Continue"))
        else:
            await exchange.write(chunk)

    async def drain(self) -> None:
        """See Exchange.drain."""
        await self._request.exchange.drain()


def _writer_of(response: Any) -> Any:
    """The writer of a response whose head is out; that of a mocked request may be a mock."""
    if not response.prepared:
        return None
    if response._writer is None:
        response._writer = mocked_writer_of(response) or Writer(response)
    return response._writer


def _bound(request: Any, limit: int) -> None:
    request._max_size = limit
    # What has its stream at hand is not read by the server's own bound.
    request._content = request.content


def _loop_of(request: Any) -> Any:
    deprecated("request.loop property is deprecated")
    return request._loop


def _without_body(init: Any) -> Any:
    """`init` of an HTTPException, by which `body` is deprecated."""

    @wraps(init)
    def made(self: Any, *given: Any, **options: Any) -> None:
        if options.get("body") is not None:
            deprecated("body argument is deprecated for http web exceptions: give text")
        init(self, *given, **options)

    return made


def _output_length(response: Any) -> int:
    deprecated("output_length is deprecated: use body_length")
    length: int = response.body_length
    return length


def give_aliases() -> None:
    """Give the names; once."""
    request: Any = BaseRequest
    response: Any = BaseResponse
    socket: Any = ClientWebSocketResponse
    if hasattr(response, "_start"):
        return
    give_constructor()
    request._read_bytes = another_name("_body")
    request._post = another_name("_form")
    request._client_max_size = property(lambda self: self.client_max_size, _bound)
    request._payload_writer = Private(RequestWriter)
    request._payload_writer.__set_name__(request, "_payload_writer")
    request.POST_METHODS = frozenset({"PATCH", "POST", "PUT", "TRACE", "DELETE"})
    request.writer = property(lambda self: self._payload_writer)
    request.loop = property(_loop_of)
    error: Any = HTTPException
    error.__init__ = _without_body(error.__init__)
    response._payload_writer = property(_writer_of)
    response._req = response._writer = None
    response.task = property(lambda self: getattr(self._req, "task", None))
    response.output_length = property(_output_length)
    response._loss = PeerGone
    # Who looks into the original's queue of messages finds that there is none.
    socket._conn = None
    give_steps()
    _give_routing()
    key: Any = ConnectionKey
    key.proxy_headers_hash = property(lambda self: hash(self.proxy_headers) if self.proxy else None)
    config: Any = TraceConfig
    for name in vars(TraceConfig()):
        if name.startswith("on_"):
            setattr(config, f"_{name}", another_name(name))
            # A mock by the class has what instances have.
            setattr(config, name, None)


def _give_routing() -> None:
    route: Any = AbstractRoute
    resource: Any = Resource
    static: Any = StaticResource
    file: Any = FileResponse
    domain: Any = Domain
    domain.match = match_by_head
    route._expect_handler = another_name("expect_handler")
    route._handler = property(lambda self: vars(self)["_handler"], _handle_by)
    resource._match = match_of
    resource.resolve = resolve_by_match
    file._path = property(lambda self: Path(self._file_path), _set_path)
    static._allowed_methods = property(lambda self: {each.method for each in self})


def _handle_by(route: Any, handler: Any) -> None:
    own = vars(route)
    own["_handler"] = handler
    if "_call" in own:
        # It is made already, and its application not yet frozen.
        own["_call"] = own["chain"] = awaitable_handler(handler)


def _set_path(response: Any, path: Any) -> None:
    response._file_path = os.fspath(path)
