"""The protocol's neutral errors in the client's words: what was asked of whom, what came of it."""

from typing import Any, Final

from aiolos_protocol.errors import (
    ConnectionLost,
    LimitExceeded,
    LocalProtocolError,
    ProtocolError,
    RemoteProtocolError,
    Unanswered,
    Unprocessed,
)

from .clientrequest import ClientRequest
from .errors import (
    ClientOSError,
    ClientPayloadError,
    ClientResponseError,
    ConnectionClosedError,
    ServerDisconnectedError,
)
from .settings import BOUNDS

# What fields of Limits are called by who made the session.
_OPTIONS: Final = {limit: word for word, limit in BOUNDS.items()}


def request_error(request: ClientRequest, error: Exception, received: int) -> Exception:
    """What is raised where `error` ended the wait for the response's head, of which `received`
    bytes had come; itself where it is not the protocol's."""
    raised: Exception
    route = request.settings.route
    peer = request.target.authority
    if request.target.forwards(route) and route.proxy is not None:
        peer = f"the proxy {route.proxy.host}:{route.proxy.port}"
    did = "reset" if isinstance(error.__cause__, ConnectionResetError) else "closed"
    if isinstance(error, Unprocessed):
        raised = ServerDisconnectedError(f"{peer} did not work on {request}: {error}")
    elif isinstance(error, Unanswered):
        told = f"{peer} {did} the connection of {request} without an answer"
        if error.reason:
            told += f": {error.reason}"
        raised = ServerDisconnectedError(told)
    elif isinstance(error, ConnectionLost) and received == 0:
        # One stream of HTTP/2; the connection goes on.
        raised = ServerDisconnectedError(f"{peer} gave no answer to {request}: {error}")
    elif isinstance(error, ConnectionLost):
        raised = ServerDisconnectedError(
            f"{peer} {did} the connection of {request} after {received} bytes of the head"
        )
    elif isinstance(error, LocalProtocolError):
        raised = ValueError(f"{request} cannot be sent: {error}")
    elif isinstance(error, RemoteProtocolError):
        raised = ClientResponseError(
            request.request_info,
            (),
            status=400,
            message=f"malformed response of {peer}: {words_of(error)}",
        )
    elif isinstance(error, ConnectionError):
        raised = ClientOSError(error.errno, f"{request}: {error.strerror or error}")
    else:
        return error
    raised.__cause__ = error
    return raised


def words_of(error: Exception) -> str:
    """`error`, and where it is a limit how a client names and raises it."""
    if not isinstance(error, LimitExceeded):
        return str(error)
    name, value = error.limit, error.value
    by = f" by {error.by}" if error.by else ""
    where = f"TCPConnector(limits=Limits({name}=...))"
    word = _OPTIONS.get(name)
    if word is None:
        return f"the limit {name}={value} was exceeded{by}; raise it with {where}"
    return (
        f"the limit {word}={value} was exceeded{by}; raise it with ClientSession({word}=...) or "
        f"{where}"
    )


class BodyErrors:
    """What ends the body of the response to `what` ("GET http://...") early; `connector` is that
    of its connection."""

    __slots__ = ("_connector", "_what")

    def __init__(self, what: str, connector: Any) -> None:
        self._what = what
        self._connector = connector

    def __call__(self, error: BaseException) -> BaseException:
        """`error` as ClientPayloadError, or itself where it is not the protocol's."""
        kind = ClientPayloadError
        if isinstance(error, LimitExceeded):
            told = f"the body of {self._what} is refused: {words_of(error)}"
        elif isinstance(error, ProtocolError):
            told = f"the body of {self._what} is malformed: {error}"
        elif isinstance(error, ConnectionError):
            told = f"the body of {self._what} is incomplete: {error}"
            if self._connector.closed:
                kind = ConnectionClosedError
                told += ". Connection closed by the end of its session: read within 'async with'"
        else:
            return error
        raised = kind(told)
        raised.__cause__ = error
        return raised
