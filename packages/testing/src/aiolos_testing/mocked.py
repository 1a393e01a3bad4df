"""Requests that no connection carries, and coroutine functions that only give a result."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import AsyncMock

from aiolos_protocol import siblings

_NOTHING: Any = object()


def make_mocked_request(
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    match_info: Mapping[str, str] | None = None,
    app: Any = None,
    payload: bytes = b"",
) -> Any:
    """A server's request for the test of a handler; it can be read, but nothing can be sent.

    `path` is the target with its query, `match_info` what the router would have found in it,
    `payload` the whole body. Must be called in a running loop. Raises MissingDistribution where
    aiolos-server is not installed.
    """
    if not isinstance(payload, (bytes, bytearray)):
        raise TypeError(f"payload takes the body's bytes, not {type(payload).__name__}")
    component = siblings.server("make_mocked_request()")
    return component.request(
        method, path, headers, match_info=match_info, app=app, payload=bytes(payload)
    )


def make_mocked_coro(
    return_value: Any = _NOTHING, raise_exception: BaseException | None = None
) -> AsyncMock:
    """A coroutine function that gives `return_value` (default None) or raises `raise_exception`.

    It counts its calls as every mock does: `assert_awaited_once_with()`.
    """
    value = None if return_value is _NOTHING else return_value
    return AsyncMock(return_value=value, side_effect=raise_exception)
