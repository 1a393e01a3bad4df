"""Requests that no connection carries, and coroutine functions that only give a result."""

import asyncio
from collections.abc import Mapping
from ssl import SSLContext
from typing import Any
from unittest.mock import AsyncMock

from aiolos_protocol import siblings
from aiolos_protocol.message import HttpVersion, HttpVersion11
from aiolos_protocol.streams import StreamReader

_NOTHING: Any = object()


def make_mocked_request(
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    match_info: Mapping[str, str] | None = None,
    version: HttpVersion = HttpVersion11,
    closing: bool = False,
    app: Any = None,
    writer: Any = None,
    transport: asyncio.Transport | None = None,
    payload: bytes | StreamReader = b"",
    sslcontext: SSLContext | None = None,
    client_max_size: int = 1024**2,
) -> Any:
    """A server's request for the test of a handler.

    `path` is the target with its query, `match_info` what the router would have found in it,
    `payload` the body, whole or as a stream. With `closing` the client asks for the connection's
    end; `sslcontext` makes it a request by https; `transport` is asked for its extra info, such
    as "peername", which is 127.0.0.1 without one. What a response sends is kept:
    `request.exchange.heads`, `.written` and `.complete`.

    Raises MissingDistribution where aiolos-server is not installed.
    """
    if writer is not None:
        raise TypeError(
            "a mocked request has no writer: what is sent is in request.exchange.heads and "
            "request.exchange.written"
        )
    if not isinstance(payload, (bytes, bytearray, StreamReader)):
        raise TypeError(
            f"payload takes the body's bytes or a StreamReader, not {type(payload).__name__}"
        )
    if transport is None:
        extra = {"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)}
        transport = asyncio.Transport({**extra, "sslcontext": sslcontext, "ssl_object": sslcontext})
    component = siblings.server("make_mocked_request()")
    return component.request(
        method,
        path,
        headers,
        match_info=match_info,
        app=app,
        payload=payload,
        version=version,
        keep_alive=not closing and (version >= HttpVersion11 or _asks_to_be_kept(headers)),
        client_max_size=client_max_size,
        transport=transport,
    )


def _asks_to_be_kept(headers: Mapping[str, str] | None) -> bool:
    """RFC 9112 9.3: HTTP/1.0 goes on only where the client has asked for it."""
    return any(
        name.lower() == "connection" and "keep-alive" in value.lower()
        for name, value in (headers or {}).items()
    )


def make_mocked_coro(
    return_value: Any = _NOTHING, raise_exception: BaseException | None = None
) -> AsyncMock:
    """A coroutine function that gives `return_value` (default None) or raises `raise_exception`.

    It counts its calls as every mock does: `assert_awaited_once_with()`.
    """
    value = None if return_value is _NOTHING else return_value
    return AsyncMock(return_value=value, side_effect=raise_exception)
