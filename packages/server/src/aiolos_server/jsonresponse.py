"""Responses that are made of a value, as JSON."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from .jsontext import encoded
from .response import Response

_UNSET: Final[Any] = object()


def json_response(
    data: Any = _UNSET,
    *,
    text: str | None = None,
    body: bytes | None = None,
    status: int = 200,
    reason: str | None = None,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
    dumps: Callable[[Any], str | bytes] = json.dumps,
) -> Response:
    """A Response with `data` as JSON; `dumps` may give str or bytes. ValueError for two bodies."""
    if data is not _UNSET:
        if text is not None or body is not None:
            raise ValueError("only one of data, text, or body should be specified")
        if dumps is json.dumps:
            return Response(
                encoded(data),
                status=status,
                reason=reason,
                headers=headers,
                content_type=content_type,
                charset="utf-8",
            )
        dumped = dumps(data)
        if isinstance(dumped, str):
            text = dumped
        elif dumped is None:
            raise TypeError("dumps must return str or bytes, and returned None")
        else:
            body = dumped
    return Response(
        body, text=text, status=status, reason=reason, headers=headers, content_type=content_type
    )


def json_bytes_response(
    data: Any = _UNSET,
    *,
    dumps: Callable[[Any], bytes],
    body: bytes | None = None,
    status: int = 200,
    reason: str | None = None,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Response:
    """As json_response(), for a `dumps` that gives bytes, such as orjson's."""
    if data is not _UNSET and body is not None:
        raise ValueError("only one of data or body should be specified")
    return json_response(
        data,
        body=body,
        status=status,
        reason=reason,
        headers=headers,
        content_type=content_type,
        dumps=dumps,
    )
