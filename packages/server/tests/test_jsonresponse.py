"""Responses made of values, as JSON."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]


async def test_json_dumps_that_give_bytes(serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response([1], dumps=lambda x: json.dumps(x).encode())

    answer = await serve(handler).ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.body == b"[1]"
    assert answer.headers["content-type"] == "application/json"


def test_json_bytes() -> None:
    response = web.json_bytes_response({"a": 1}, dumps=lambda data: json.dumps(data).encode())
    assert response.body == b'{"a": 1}'
    assert web.json_response(None).body == b"null"
    with pytest.raises(ValueError, match="only one of data, text, or body should be specified"):
        web.json_response(None, text="x")
    with pytest.raises(ValueError, match="only one of data or body should be specified"):
        web.json_bytes_response(None, dumps=lambda data: b"", body=b"x")
