"""Problem details (RFC 9457), for whoever asks for them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]


def target(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def application(*, asked_for: bool = True) -> web.Application:
    async def teapot(request: web.Request) -> web.Response:
        raise web.HTTPProblem(
            409,
            type="https://example.com/out-of-credit",
            title="You do not have enough credit.",
            detail="Your balance is 30, but that costs 50.",
            instance="/account/12345/msgs/abc",
            headers={"X-Why": "money"},
            balance=30,
            accounts=["/account/12345"],
        )

    async def plain(request: web.Request) -> web.Response:
        raise web.HTTPForbidden(text="not for you", headers={"X-Why": "because"})

    async def page(request: web.Request) -> web.Response:
        return web.HTTPNotFound(body=b"<b>gone</b>", content_type="text/html")

    async def broken(request: web.Request) -> web.Response:
        raise KeyError("internal secret")

    async def late(request: web.Request) -> web.Response:
        raise TimeoutError("internal secret")

    async def redirect(request: web.Request) -> web.Response:
        raise web.HTTPFound("/x")

    app = web.Application()
    if asked_for:
        app.on_exception.append(web.problem_details)
    for handler in (teapot, plain, page, broken, late, redirect):
        app.router.add_get(f"/{handler.__name__}", handler)
    return app


@pytest.mark.parametrize(
    ("path", "method", "status", "members"),
    [
        ("/nowhere", "GET", 404, {"title": "Not Found"}),
        ("/plain", "POST", 405, {"title": "Method Not Allowed"}),
        ("/plain", "GET", 403, {"title": "Forbidden", "detail": "not for you"}),
        ("/broken", "GET", 500, {"title": "Internal Server Error"}),
        ("/late", "GET", 504, {"title": "Gateway Timeout"}),
    ],
)
async def test_every_error_is_a_problem(
    path: str, method: str, status: int, members: dict[str, Any], serve: Serve
) -> None:
    answer = await serve(app=application()).ask(target(path, method))
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body) == {"type": "about:blank", "status": status, **members}
    assert b"secret" not in answer.body


async def test_headers_stay(serve: Serve) -> None:
    peer = serve(app=application())
    assert (await peer.ask(target("/plain", "POST"))).headers["allow"] == "GET,HEAD"
    assert (await peer.ask(target("/plain"))).headers["x-why"] == "because"


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
async def test_what_was_said_of_the_old_body_does_not_stay(name: str, serve: Serve) -> None:
    async def handler(request: web.Request) -> web.Response:
        headers = {name: "text/plain; charset=utf-8"}
        raise web.HTTPBadRequest(text="a", headers=headers)

    app = web.Application()
    app.on_exception.append(web.problem_details)
    app.router.add_get("/", handler)
    # Its headers are taken apart where no field comes twice.
    answer = await serve(app=app).ask(target("/"))
    assert answer.headers["content-type"] == "application/problem+json"
    assert json.loads(answer.body)["detail"] == "a"


async def test_what_is_no_plain_text_stays(serve: Serve) -> None:
    peer = serve(app=application())
    answer = await peer.ask(target("/page"))
    assert (answer.status, answer.body) == (404, b"<b>gone</b>")
    assert (await peer.ask(target("/redirect"))).status == 302


@pytest.mark.parametrize("asked_for", [True, False])
async def test_a_problem_of_ones_own(asked_for: bool, serve: Serve) -> None:
    answer = await serve(app=application(asked_for=asked_for)).ask(target("/teapot"))
    assert answer.status == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-why"] == "money"
    assert json.loads(answer.body) == {
        "type": "https://example.com/out-of-credit",
        "title": "You do not have enough credit.",
        "status": 409,
        "detail": "Your balance is 30, but that costs 50.",
        "instance": "/account/12345/msgs/abc",
        "balance": 30,
        "accounts": ["/account/12345"],
    }


async def test_nobody_has_asked(serve: Serve) -> None:
    answer = await serve(app=application(asked_for=False)).ask(target("/nowhere"))
    assert (answer.headers["content-type"], answer.body) == (
        "text/plain; charset=utf-8",
        b"404: Not Found",
    )


def test_defaults() -> None:
    problem = web.HTTPProblem(422)
    assert json.loads(problem.body) == {
        "type": "about:blank",
        "title": problem.reason,
        "status": 422,
    }
    assert isinstance(problem, web.HTTPError)
    assert problem.status == 422


@pytest.mark.parametrize("status", [200, 302, 399, 600])
def test_a_problem_is_an_error(status: int) -> None:
    with pytest.raises(ValueError, match="400"):
        web.HTTPProblem(status)


def test_extensions_are_json() -> None:
    with pytest.raises(TypeError, match="JSON"):
        web.HTTPProblem(400, balance=object())
