"""Middlewares that authenticate, as users write them."""

import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from aiolos_protocol.fields.authorization import BasicAuth
from aiolos_server import web

Serve = Callable[..., Any]
KEY = "a key of at least thirty-two bytes"


def get(authorization: str | None = None) -> bytes:
    field = "" if authorization is None else f"Authorization: {authorization}\r\n"
    return f"GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n".encode()


async def whoami(request: web.Request) -> web.Response:
    return web.json_response(request["user"])


def application(middleware: Any) -> web.Application:
    app = web.Application(middlewares=[middleware])
    app.router.add_get("/", whoami)
    return app


def token(**claims: Any) -> str:
    return f"Bearer {jwt.encode(claims, KEY, algorithm='HS256')}"


@pytest.mark.parametrize(
    ("authorization", "status", "body"),
    [
        (token(name="anna"), 200, b'{"name": "anna"}'),
        (None, 401, b"missing"),
        (token(name="anna", exp=int(time.time()) - 100), 401, b"expired"),
        ("Bearer nonsense", 403, b"bad"),
        (f"Bearer {jwt.encode({}, KEY + '!', algorithm='HS256')}", 403, b"bad"),
        (f"Bearer {jwt.encode({}, None, algorithm='none')}", 403, b"bad"),
    ],
)
async def test_aut_01_a_jwt_middleware(
    authorization: str | None, status: int, body: bytes, serve: Serve
) -> None:
    @web.middleware
    async def authenticate(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        header = request.headers.get("Authorization")
        if not header:
            return web.HTTPUnauthorized(text="missing")
        try:
            payload = jwt.decode(header.removeprefix("Bearer "), KEY, algorithms=["HS256"])
        except jwt.ExpiredSignatureError:
            return web.HTTPUnauthorized(text="expired")
        except jwt.InvalidTokenError:
            return web.HTTPForbidden(text="bad")
        request["user"] = payload
        return await handler(request)

    answer = await serve(app=application(authenticate)).ask(get(authorization))
    assert (answer.status, answer.body) == (status, body)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (BasicAuth("anna", "secret").encode(), 200),
        (BasicAuth("anna", "wrong").encode(), 401),
        (None, 401),
        ("Basic !!!", 401),
        ("Bearer x", 401),
        ("Basic " + b64encode(b"no colon").decode(), 401),
    ],
)
async def test_aut_02_a_basic_auth_middleware(
    authorization: str | None, status: int, serve: Serve
) -> None:
    @web.middleware
    async def authenticate(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        try:
            auth = BasicAuth.decode(request.headers["Authorization"])
        except (KeyError, ValueError):
            auth = None
        if auth != ("anna", "secret", "latin1"):
            return web.Response(
                status=401, text="Unauthorized", headers={"WWW-Authenticate": 'Basic realm="x"'}
            )
        request["user"] = auth.login
        return await handler(request)

    answer = await serve(app=application(authenticate)).ask(get(authorization))
    assert answer.status == status
    if status == 401:
        assert answer.headers["www-authenticate"] == 'Basic realm="x"'
    else:
        assert answer.body == b'"anna"'


@pytest.mark.parametrize("authorization", [None, "Basic !!!", "nonsense"])
async def test_aut_03_a_bare_except_and_a_positional_body(
    authorization: str | None, serve: Serve
) -> None:
    @web.middleware
    async def authenticate(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        try:
            request["user"] = BasicAuth.decode(request.headers["Authorization"]).login
            return await handler(request)
        except:  # noqa: E722  # as the row has it
            return web.Response("Unauthorized", headers={"WWW-Authenticate": "Basic"})

    answer = await serve(app=application(authenticate)).ask(get(authorization))
    assert (answer.status, answer.body) == (200, b"Unauthorized")
    assert answer.headers["www-authenticate"] == "Basic"
