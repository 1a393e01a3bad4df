"""The protocol factory."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiolos.web

from ._private import Counting, like
from ._requests import making

__all__ = [
    "Server",
]


class Server(aiolos.web.Server, metaclass=Counting):
    """A protocol factory for `handler`, which is given what
    `request_factory(message, payload, protocol, payload_writer, task)` makes."""

    @like(aiolos.web.Server.__init__, app="handler", request_factory=None)
    def __init__(
        self,
        handler: Callable[..., Awaitable[Any]],
        *,
        request_factory: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        if request_factory is not None:
            handler = making(handler, request_factory)
        super().__init__(handler, **options)
