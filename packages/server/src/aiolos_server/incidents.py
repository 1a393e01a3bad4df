"""What is logged, and what the peer is told, where something goes wrong on a connection."""

import asyncio
from collections.abc import Callable
from logging import Logger
from typing import Any, Final, Protocol

from aiolos_protocol import hdrs
from aiolos_protocol.errors import LimitExceeded, ProtocolError, TooSlow, UnexpectedTLS
from aiolos_protocol.http1.reasons import reason_of

from .naming import named, visible
from .request import BaseRequest
from .response import Response, StreamResponse

NO_TUNNEL: Final = "400: nobody speaks the protocol that CONNECT asks for here\n"
SORRY: Final = "500 Internal Server Error\n\nServer got itself in trouble\n"
# The same, for browsers.
SORRY_PAGE: Final = (
    "<html><head><title>500 Internal Server Error</title></head><body>\n"
    "<h1>500 Internal Server Error</h1>\nServer got itself in trouble\n</body></html>\n"
)

# What a client that came while the server was full is told to wait, in seconds.
RETRY_AFTER: Final = 5

# What raises a limit that is not, or not only, one of Limits.
_RAISED_BY: Final = {
    "client_max_size": "Application(client_max_size=...)",
    "form_fields": "Limits(form_fields=...), or with Application(client_max_fields=...)",
    "max_connections": "run_app(max_connections=...), or the same option of a runner",
    "parts": "Limits(parts=...), or for a form with Application(client_max_fields=...)",
}


def who(request: Any) -> str:
    """Whose fault it is: the handler, with its file and line."""
    return f"the handler {named(request.match_info.handler)}"


def _asked(request: Any) -> tuple[str, str]:
    """What the peer asked for, fit for a line."""
    return visible(request.method), visible(request.path_qs)


# For the peer.


def refusal(error: ProtocolError) -> str:
    """What the peer is told: the rule that it broke, but no bound of ours."""
    status = error.status_hint
    if isinstance(error, LimitExceeded):
        return f"{status}: {reason_of(status)}\n"
    return f"{status}: {error.message}\n"


def refused(status: int, text: str, keep_alive: bool) -> Response:
    """An answer that says no more than `text`."""
    response = Response(text=text, status=status)
    if not keep_alive:
        response.force_close()
    return response


def turned_away() -> Response:
    """An answer to a client that came while the server was full."""
    response = refused(503, f"503: {reason_of(503)}\n", keep_alive=False)
    response.headers[hdrs.RETRY_AFTER] = str(RETRY_AFTER)
    return response


# For whoever wrote the handler.


def reused(request: Any) -> RuntimeError:
    """It returned a response that has been sent."""
    return RuntimeError(
        f"{who(request)} returned a response that has been sent before; a response answers one "
        "request: make a new one for each"
    )


def other(request: Any, begun: Any, response: Any) -> RuntimeError:
    """It prepared one response and returned another."""
    return RuntimeError(
        f"{who(request)} prepared {begun!r} and then returned {response!r}; return the one that "
        "was prepared"
    )


def no_response(request: Any, result: Any) -> TypeError:
    """It returned something else."""
    hint = ""
    if isinstance(result, type) and issubclass(result, StreamResponse):
        hint = f"; write {result.__name__}()"
    elif isinstance(result, (dict, list)):
        hint = "; write web.json_response(...)"
    elif isinstance(result, (str, bytes)):
        hint = f"; write web.Response({'text' if isinstance(result, str) else 'body'}=...)"
    return TypeError(
        f"{who(request)} must return a web.Response or another StreamResponse, not "
        f"{result!r:.200}{hint}"
    )


def watching(logger: Logger, request: Any) -> Callable[[float], None]:
    """What is told for how many seconds a step of the handler has held the loop."""
    told = f"{who(request)} of {request!r}"

    def held(seconds: float) -> None:
        logger.warning(
            "%s held the loop for %.3f s, and with it all other requests; await what takes "
            "long, or give it to asyncio.to_thread()",
            told,
            seconds,
        )

    return held


def log_failure(logger: Logger, peer: str, request: Any, error: Exception, told: str = "") -> None:
    """The handler raised; `told` is what came of it beside a 500."""
    logger.error(
        "Error handling request %s %s from %s%s",
        *_asked(request),
        peer,
        told,
        exc_info=error,
    )


def log_cut_short(logger: Logger, peer: str, request: Any, error: Exception, begun: Any) -> None:
    """It raised behind the head of `begun`."""
    what = "WebSocket" if begun is not None and begun.status == 101 else "response"
    log_failure(logger, peer, request, error, f"; its {what} is cut short")


def log_other(logger: Logger, peer: str, request: Any, begun: Any, result: Any) -> None:
    """It returned another response than the one whose head is out."""
    log_cut_short(logger, peer, request, other(request, begun, result), begun)


def log_cancelled(
    logger: Logger, peer: str, request: Any, error: BaseException, task: "asyncio.Task[Any] | None"
) -> None:
    """A handler that was cancelled has done as it was told; one that was not is at fault. `task`
    is None where it was cancelled before its first step."""
    if task is not None and not task.cancelling():
        logger.error(
            "%s raised CancelledError although nobody had cancelled it; %s %s from %s is not "
            "answered",
            who(request),
            *_asked(request),
            peer,
            exc_info=error,
        )


def log_stubborn(logger: Logger, request: Any) -> None:
    """The handler goes on although it was cancelled."""
    logger.error(
        "%s answers %s %s and goes on although it was cancelled",
        who(request),
        *_asked(request),
    )


# For the operator.


class Keeping(Protocol):
    """The server, as far as its access log is concerned."""

    log_access: "Callable[[BaseRequest, StreamResponse, float], None] | None"
    logger: Logger


def log_answer(server: Keeping, request: BaseRequest, response: Any, seconds: float) -> None:
    """A response is out, after so many `seconds`."""
    if server.log_access is None:
        return
    try:
        server.log_access(request, response, seconds)
    except Exception:
        # An access logger of the user's own must not end the rest.
        server.logger.exception("Error in the access logger")


def log_limit(logger: Logger, peer: str, limit: str, value: float) -> None:
    """A request is refused for a limit, which the operator may raise."""
    logger.warning(
        "refused a request from %s: the limit %s=%s was exceeded; raise it with %s",
        peer,
        limit,
        value,
        _RAISED_BY.get(limit, f"Limits({limit}=...)"),
    )


def log_refusal(logger: Logger, peer: str, error: ProtocolError) -> None:
    """Malformed requests are everyday noise; what the operator can mend is a warning."""
    if isinstance(error, UnexpectedTLS):
        logger.warning(
            "%s spoke TLS to a port that serves plain HTTP; use http:// there, or give "
            "ssl_context to serve https",
            peer,
        )
    elif isinstance(error, TooSlow):
        logger.warning("%s was too slow: %s", peer, error)
    elif isinstance(error, LimitExceeded):
        logger.warning("refused a request from %s: %s", peer, error)
    else:
        logger.debug("refused a request from %s: %s", peer, error)
