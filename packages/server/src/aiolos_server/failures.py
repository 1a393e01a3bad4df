"""What is answered where a handler has failed, and what is logged of it."""

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from aiolos_protocol import hdrs
from aiolos_protocol.errors import ConnectionLost, LocalProtocolError, NoTunnel, ProtocolError

from . import incidents
from .abc import AbstractApplication
from .debugpage import explained
from .errors import HTTPGatewayTimeout, HTTPInternalServerError
from .response import Response


class Reporting(Protocol):
    """The server, as far as failures concern it."""

    @property
    def app(self) -> AbstractApplication: ...
    @property
    def logger(self) -> logging.Logger: ...
    @property
    def debug(self) -> bool: ...


def answer(
    server: Reporting, request: Any, error: Exception, peer: str, *, is_lost: bool
) -> Response:
    """The answer to `error`, which a handler raised; what is not the peer's fault is logged.

    `is_lost` tells that the peer, whose address is `peer`, has gone.
    """
    if error is request.malformed:
        return incidents.refused(400, "400: the body is not what it should be\n", keep_alive=True)
    if isinstance(error, NoTunnel):
        # RFC 8441 5: a catch-all route was asked for a protocol that nobody speaks here.
        return incidents.refused(400, incidents.NO_TUNNEL, keep_alive=True)
    if isinstance(error, ProtocolError) and not isinstance(error, LocalProtocolError):
        incidents.log_refusal(server.logger, peer, error)
        return incidents.refused(error.status_hint, incidents.refusal(error), keep_alive=False)
    if is_lost and isinstance(error, ConnectionError):
        server.logger.debug("%s went away during %r", peer, request)
    elif isinstance(error, ConnectionLost) and request.exchange.body.exception() is error:
        # It has closed only its half: a client that drops an upload does, for a moment.
        server.logger.debug("%s left the body of %r incomplete", peer, request)
        return incidents.refused(400, "400: the body is incomplete\n", keep_alive=False)
    else:
        incidents.log_failure(server.logger, peer, request, error)
    status = 504 if isinstance(error, TimeoutError) else 500
    if server.debug:
        return page(server, request, error, status, {})
    if status == 504:
        # Whatever the handler has waited for did not come in time (RFC 9110 15.6.5).
        return HTTPGatewayTimeout()
    if "text/html" in request.headers.get(hdrs.ACCEPT, ""):
        return HTTPInternalServerError(text=incidents.SORRY_PAGE, content_type="text/html")
    return HTTPInternalServerError(text=incidents.SORRY)


def page(
    server: Reporting, request: Any, error: Exception, status: int, headers: Mapping[str, str]
) -> Response:
    """A page for developers, with what `headers` says beside the kind of its body."""
    response = explained(request, error, status, server.app.listed())
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response
