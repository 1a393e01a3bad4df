"""Requests of the server made with the parameters of the original, by hand or by a factory.

A message that tells of a request knows which one: what is made of it stands in that one's place, on
the same connection. Any other is a request that no connection carries, as a mocked one.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from inspect import signature
from typing import Any

from aiolos_server import component
from aiolos_server.core import RequestCore
from aiolos_server.request import BaseRequest

from ._private import Private
from .http_parser import RawRequestMessage, described


class Message(RawRequestMessage):
    """The head of a request, and that request."""

    request: Any = None


def message_of(request: Any) -> Message:
    """What the original's request has as `_message`."""
    message = Message(*described(request.head, request.headers.get("Content-Encoding")))
    message.request = request
    return message


def made_again(request: Any, make: Callable[..., Any]) -> Any:
    """The request that `make(message, payload, protocol, payload_writer, task)` makes of it."""
    made = make(
        message_of(request),
        request.content,
        request.protocol,
        request._payload_writer,
        request.task,
    )
    if isinstance(made, BaseRequest):
        # Signals and the access log are given it, too.
        request._bearer.stand_in(request, made)
    return made


def making(
    handler: Callable[[Any], Awaitable[Any]], make: Callable[..., Any]
) -> Callable[[Any], Awaitable[Any]]:
    """`handler`, which is given requests that `make` has made."""

    async def handle(request: Any) -> Any:
        return await handler(made_again(request, make))

    return handle


def give_constructor() -> None:
    """Have requests made by the original's parameters as well. The server makes its own without a
    constructor, so it costs them nothing."""
    request: Any = BaseRequest
    _init.__signature__ = signature(_init_by_hand)  # type: ignore[attr-defined]
    request.__init__ = _init
    for name, below in (
        ("_message", message_of),
        ("_payload", lambda self: self.content),
        ("_protocol", lambda self: self.protocol),
        ("_loop", lambda self: self._bearer.link.loop),
    ):
        door = Private(below)
        door.__set_name__(request, name)
        setattr(request, name, door)
    request.message = property(lambda self: self._message)


def _init(self: Any, message: Any, payload: Any, *made: Any, **options: Any) -> None:
    """A request of the original, or one of aiolos: `(head, bearer, match_info=None)`."""
    if len(made) + len(options) > 1:
        _init_by_hand(self, message, payload, *made, **options)
    else:
        RequestCore.__init__(self, message, payload, *made, **options)


def _init_by_hand(
    self: Any,
    message: Any,
    payload: Any,
    protocol: Any,
    payload_writer: Any,
    task: Any,
    loop: asyncio.AbstractEventLoop,
    *,
    client_max_size: int | None = None,
    client_max_fields: int | None = None,
    state: MutableMapping[Any, Any] | None = None,
    scheme: str | None = None,
    host: str | None = None,
    remote: str | None = None,
) -> None:
    like = message.request if isinstance(message, Message) else None
    if like is None:
        like = _unconnected(message, protocol)
    RequestCore.__init__(self, like.head, like._bearer, like._match_info)
    # What was read of it, and what others have put into it.
    vars(self).update(vars(like))
    self._message, self._payload_writer = message, payload_writer
    self._content, self._body = payload, like._body
    if client_max_size is not None:
        self._max_size = client_max_size
    if client_max_fields is not None:
        self._max_fields = client_max_fields
    if state is not None:
        self._state = state
    self._scheme = scheme or self._scheme
    self._host = host or self._host
    self._remote = remote or self._remote


def _unconnected(message: Any, protocol: Any) -> Any:
    return component.request(
        message.method,
        message.path,
        message.headers,
        version=message.version,
        keep_alive=not message.should_close,
        transport=getattr(protocol, "transport", None),
    )
