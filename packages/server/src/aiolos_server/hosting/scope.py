"""What an ASGI application is told of a request (ASGI 3.0, HTTP & WebSocket 2.5)."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

from ..request import Request

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApplication = Callable[[Any, Any, Any], Awaitable[None]]

_ASGI: Final = {"version": "3.0", "spec_version": "2.5"}
_VERSIONS: Final = {(1, 0): "1.0", (1, 1): "1.1", (2, 0): "2"}


def http_scope(request: Request, state: dict[str, Any]) -> Message:
    """The scope of an HTTP request; `state` is the lifespan's."""
    scope = _scope(request, state)
    scope["type"] = "http"
    scope["method"] = request.head.method
    scope["scheme"] = request.scheme
    scope["extensions"] = {"http.response.pathsend": {}}
    return scope


def websocket_scope(request: Request, state: dict[str, Any]) -> Message:
    """The scope of a WebSocket's handshake."""
    offered = ",".join(request.headers.getall("Sec-WebSocket-Protocol", ()))
    scope = _scope(request, state)
    scope["type"] = "websocket"
    scope["scheme"] = "wss" if request.secure else "ws"
    scope["subprotocols"] = [name.strip() for name in offered.split(",") if name.strip()]
    scope["extensions"] = {"websocket.http.response": {}}
    return scope


def _scope(request: Request, state: dict[str, Any]) -> Message:
    head = request.head
    path, _, query = head.target.partition("?")
    if not path.startswith("/"):
        # An absolute target, or the asterisk of OPTIONS (RFC 9112 3.2).
        path = request.rel_url.raw_path if "://" in path else path
    headers = [(name.lower(), value) for name, value in head.raw_headers]
    if head.version[0] == 2 and head.authority and "Host" not in head.headers:
        # RFC 9113 8.3.1: there :authority takes its place.
        headers.insert(0, (b"host", head.authority.encode()))
    return {
        "asgi": _ASGI,
        "http_version": _VERSIONS[head.version],
        "path": unquote(path) if "%" in path else path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": _address(request, "peername"),
        "server": _address(request, "sockname"),
        # A copy for each request, as the specification has it.
        "state": state.copy(),
    }


def _address(request: Request, name: str) -> tuple[str, int | None] | None:
    address = request.get_extra_info(name)
    if isinstance(address, tuple):
        return address[0], address[1]
    return (address, None) if isinstance(address, str) and name == "sockname" else None
