"""Runners and sites, with the private doors of the original."""

import logging
from typing import Any

import aiolos.web
from aiolos.web import (
    BaseRunner,
    BaseSite,
    GracefulExit,
    NamedPipeSite,
    Server,
    ServerRunner,
    SockSite,
    TCPSite,
    UnixSite,
)

from ._private import like
from .log import access_logger
from .web_log import AbstractAccessLogger, AccessLogger

__all__ = [
    "AppRunner",
    "BaseRunner",
    "BaseSite",
    "GracefulExit",
    "NamedPipeSite",
    "ServerRunner",
    "SockSite",
    "TCPSite",
    "UnixSite",
]


def _raise_graceful_exit() -> None:
    raise GracefulExit


class AppRunner(aiolos.web.AppRunner):
    """Runs an application; its protocol factory comes from `app._make_handler()`."""

    @like(aiolos.web.AppRunner.__init__)
    def __init__(
        self,
        app: Any,
        *,
        access_log: logging.Logger | None = access_logger,
        access_log_class: type[AbstractAccessLogger] = AccessLogger,
        **options: Any,
    ) -> None:
        self._asked = {"access_log": access_log, "access_log_class": access_log_class, **options}
        super().__init__(app, **self._asked)

    def make_server(self) -> Server:
        """See AppRunner of aiolos."""
        make = getattr(self.app, "_make_handler", None)
        if make is None:
            return super().make_server()
        server: Server = make(**self._asked)
        return server
