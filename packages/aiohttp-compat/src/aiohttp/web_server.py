"""The protocol factory."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiolos.web

from ._private import Counting, like
from ._requests import making
from .log import access_logger, server_logger
from .web_log import AbstractAccessLogger, AccessLogger

__all__ = [
    "Server",
]


class Server(aiolos.web.Server, metaclass=Counting):
    """A protocol factory for `handler`, which is given what
    `request_factory(message, payload, protocol, payload_writer, task)` makes. As the original's it
    writes an access log by itself."""

    @like(aiolos.web.Server.__init__, app="handler", request_factory=None)
    def __init__(
        self,
        handler: Callable[..., Awaitable[Any]],
        *,
        request_factory: Callable[..., Any] | None = None,
        logger: logging.Logger = server_logger,
        access_log: logging.Logger | None = access_logger,
        access_log_class: type[AbstractAccessLogger] = AccessLogger,
        **options: Any,
    ) -> None:
        if request_factory is not None:
            handler = making(handler, request_factory)
        super().__init__(
            handler,
            logger=logger,
            access_log=access_log,
            access_log_class=access_log_class,
            **options,
        )
