"""What an ASGI application is told of a request (ASGI 3.0, HTTP & WebSocket 2.4)."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from aiolos_protocol.message import RequestHead

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def scope_of(head: RequestHead, link: Any, kind: str, state: dict[str, Any]) -> Message:
    """The scope of a request; `kind` is "http" or "websocket"."""
    path, _, query = head.target.partition("?")
    secure = link.get_extra_info("ssl_object") is not None
    scheme = {"http": "http", "websocket": "ws"}[kind] + ("s" if secure else "")
    scope: Message = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "2" if head.version[0] == 2 else f"{head.version[0]}.{head.version[1]}",
        "scheme": scheme,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in head.raw_headers],
        "client": _address(link.get_extra_info("peername")),
        "server": _address(link.get_extra_info("sockname")),
        # A copy for each request, as the specification has it.
        "state": state.copy(),
        "extensions": {},
    }
    if kind == "http":
        scope["method"] = head.method
    else:
        offered = head.headers.get("Sec-WebSocket-Protocol", "")
        scope["subprotocols"] = [name.strip() for name in offered.split(",") if name.strip()]
    return scope


def _address(name: Any) -> tuple[str, int] | None:
    return (name[0], name[1]) if isinstance(name, tuple) else None
