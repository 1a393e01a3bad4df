"""Resources, reverse URLs, and what may be a handler."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiolos_server import web
from aiolos_server.component import request as mocked

Serve = Callable[..., Any]


async def handler(request: web.Request) -> web.Response:
    return web.Response(text="one")


def target(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def test_rte_08_reverse_url_of_a_plain_resource() -> None:
    app = web.Application()
    resource = app.router.add_resource("/api", name="api")
    assert str(app.router["api"].url_for()) == "/api"
    assert resource.canonical == "/api"
    with pytest.raises(TypeError):
        resource.url_for(x=1)


def test_rte_10_reverse_url_of_a_dynamic_resource() -> None:
    app = web.Application()
    app.router.add_get("/users/{user_id}", handler, name="user")
    assert str(app.router["user"].url_for(user_id="42")) == "/users/42"
    route = app.router.add_get("/a/{b}/c/{d:.+}", handler)
    assert str(route.url_for(b="x y", d="z")) == "/a/x%20y/c/z"


def test_rte_11_any_value_is_turned_into_text() -> None:
    app = web.Application()
    resource = app.router.add_resource("/users/{user_id}")
    assert str(resource.url_for(user_id=42)) == "/users/42"
    assert str(resource.url_for(user_id=1.5)) == "/users/1.5"


def test_what_a_reverse_url_escapes() -> None:
    resource = web.UrlDispatcher().add_resource("/u/{name}")
    for value in ("a/b", "a?b#c", "100%", "\u043f \u00e9", "a+b", '"<>', "..;x"):
        url = resource.url_for(name=value)
        assert url.raw_path.count("/") == 2
        assert not url.query_string
        assert resource.url_for(name=value).path == f"/u/{value}"


def test_a_missing_part() -> None:
    resource = web.UrlDispatcher().add_resource("/{a}/{b}")
    with pytest.raises(KeyError, match="b"):
        resource.url_for(a="1")


def test_reprs_name_the_path() -> None:
    router = web.UrlDispatcher()
    assert "/x" in repr(router.add_resource("/x", name="n"))
    route = router.add_get("/{y}", handler)
    assert "/{y}" in repr(route)
    assert "handler" in repr(route)


async def test_srv_04_plain_functions_are_handlers(serve: Serve) -> None:
    app = web.Application()
    app.router.add_get("/", lambda request: web.Response(text="plain"))
    assert (await serve(app=app).ask(target("/"))).body == b"plain"


async def test_rte_17_handlers_of_two_arguments(serve: Serve) -> None:
    async def function(request: web.Request, match_info: Any) -> web.Response:
        return web.Response(text=f"function {match_info['x']}")

    class Holder:
        async def method(self, request: web.Request, match_info: Any) -> web.Response:
            return web.Response(text=f"method {match_info['x']}")

        @staticmethod
        async def static(request: web.Request, match_info: Any) -> web.Response:
            return web.Response(text=f"static {match_info['x']}")

    async def three(extra: str, request: web.Request, match_info: Any) -> web.Response:
        return web.Response(text=f"{extra} {match_info['x']}")

    async def optional(request: web.Request, other: str = "default") -> web.Response:
        return web.Response(text=f"optional {other}")

    async def keyword(request: web.Request, *, other: str = "kw") -> web.Response:
        return web.Response(text=f"keyword {other}")

    app = web.Application()
    app.router.add_get("/function/{x}", function)
    app.router.add_get("/method/{x}", Holder().method)
    app.router.add_get("/static/{x}", Holder.static)
    app.router.add_get("/partial/{x}", functools.partial(three, "partial"))
    app.router.add_get("/optional/{x}", optional)
    app.router.add_get("/keyword/{x}", keyword)
    app.router.add_get(
        "/lambda/{x}", lambda request, info: web.Response(text=f"lambda {info['x']}")
    )
    peer = serve(app=app)
    for name, last in (
        ("function", "7"),
        ("method", "7"),
        ("static", "7"),
        ("partial", "7"),
        ("lambda", "7"),
        ("optional", "default"),
        ("keyword", "kw"),
    ):
        answer = await peer.ask(target(f"/{name}/7"))
        assert answer.body.decode() == f"{name} {last}"


@pytest.mark.parametrize("wrong", [None, 1, "handler", object(), object, int])
def test_what_is_no_handler(wrong: Any) -> None:
    with pytest.raises(TypeError, match="handler"):
        web.UrlDispatcher().add_get("/", wrong)


def test_an_expect_handler_is_a_coroutine_function() -> None:
    with pytest.raises(TypeError, match="expect_handler"):
        web.UrlDispatcher().add_get("/", handler, expect_handler=lambda request: None)


class Items(web.View):
    async def get(self) -> web.Response:
        return web.Response(text=f"get {self.request.path}")

    async def post(self) -> web.Response:
        return web.Response(text="post")


async def test_rte_15_class_based_views(serve: Serve) -> None:
    app = web.Application()
    app.router.add_view("/items", Items)
    peer = serve(app=app)
    assert (await peer.ask(target("/items"))).body == b"get /items"
    assert (await peer.ask(target("/items", "POST"))).body == b"post"
    for method in ("PUT", "DELETE", "REQUEST", "PURGE"):
        answer = await peer.ask(target("/items", method))
        assert (answer.status, answer.headers["allow"]) == (405, "GET,POST")


async def test_a_view_outside_of_a_router() -> None:
    response = await Items(mocked("POST", "/"))
    assert response.text == "post"


async def test_expect_100_continue(serve: Serve, answers: Any) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def refuse(request: web.Request) -> None:
        raise web.HTTPExpectationFailed(text="no")

    app = web.Application()
    app.router.add_post("/default", echo)
    app.router.add_post("/own", echo, expect_handler=refuse)
    fields = b" HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    peer = serve(app=app)
    assert (await peer.ask(b"POST /default" + fields)).status == 100
    assert (await peer.ask(b"abc")).body == b"abc"
    assert (await serve(app=app).ask(b"POST /own" + fields)).status == 417


def test_rte_09_routes_of_a_resource(found: Callable[..., Any]) -> None:
    router = web.UrlDispatcher()
    resource = router.add_resource("/api", name="api")
    route = resource.add_get(handler)
    assert (route.method, route.resource) == ("GET", resource)
    assert resource.add_post(handler).method == "POST"
    for verb in ("options", "put", "patch", "delete"):
        assert getattr(resource, f"add_{verb}")(handler).method == verb.upper()
    assert resource.allowed_methods == {
        *("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE")
    }
    assert found(router, "/api", "HEAD").http_exception is None
    other = router.add_resource("/other")
    assert other.add_get(handler, allow_head=False).method == "GET"
    assert len(other) == 1
    assert other.add_head(handler).method == "HEAD"
    assert router.add_resource("/view").add_view(Items).method == "*"


async def test_resolve_as_aiohttp_has_it() -> None:
    router = web.UrlDispatcher()
    route = router.add_get("/x/{y}", handler)
    match = await router.resolve(mocked("GET", "/x/1?q"))
    assert match.route is route
    match, allowed = await route.resource.resolve(mocked("POST", "/x/1"))
    assert (match, allowed) == (None, {"GET", "HEAD"})
    match = await router.resolve(mocked("GET", "/nowhere"))
    assert match.route.status == 404
    assert match.route.reason == "Not Found"
    assert repr(match) == "<MatchInfoError 404: Not Found>"
    assert repr(match.route) == "<SystemRoute 404: Not Found>"
    with pytest.raises(web.HTTPNotFound):
        await match.handler(mocked("GET", "/elsewhere"))
    assert match.get_info() == {"http_exception": match.http_exception}
    with pytest.raises(RuntimeError):
        match.route.url_for()


async def test_a_resource_knows_paths_that_are_not_its_own(tmp_path: Path) -> None:
    app = web.Application()
    resources = [
        app.router.add_get("/x/{y}/z", handler).resource,
        app.router.add_post("/plain", handler).resource,
        app.router.add_static("/files", tmp_path),
        app.add_subapp("/sub", web.Application()),
    ]
    for resource in resources:
        assert resource is not None
        for path in ("/", "/nowhere/at/all", "/xx/1/z", "/x/1/zz", "/filesystem", "/subs/x"):
            assert await resource.resolve(mocked("GET", path)) == (None, set())
    variable, plain, files, sub = resources
    assert (await variable.resolve(mocked("GET", "/x/1/z")))[1] == {"GET", "HEAD"}
    assert (await variable.resolve(mocked("PUT", "/x/1/z"))) == (None, {"GET", "HEAD"})
    assert (await plain.resolve(mocked("POST", "/plain")))[1] == {"POST"}
    match, allowed = await files.resolve(mocked("GET", "/files/a/b"))
    assert (match["filename"], allowed) == ("a/b", {"GET", "HEAD"})
    match, _ = await sub.resolve(mocked("GET", "/sub/x"))
    assert match.http_exception.status == 404


async def test_an_empty_path_is_the_root(serve: Serve) -> None:
    app = web.Application()
    resource = app.router.add_get("", handler).resource
    assert resource.get_info() == {"path": ""}
    sub = web.Application()
    sub.router.add_get("", handler)
    app.add_subapp("/sub", sub)
    peer = serve(app=app)
    assert resource.get_info() == {"path": "/"}
    assert (await peer.ask(target("/"))).status == 200
    assert (await peer.ask(target("/sub"))).status == 200
    assert (await peer.ask(target("/sub/"))).status == 404


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("int", "x", "x='x': not an int"),
        ("int", 1.5, "x=1.5: not an int"),
        ("float", "y", "x='y': not a finite number"),
        ("float", 10**400, "not a finite number"),
        ("uuid", "u", "x='u': not a UUID"),
        ("bool", 2, "x=2: not a bool"),
    ],
)
def test_a_value_that_is_none_of_the_variables(kind: str, value: Any, told: str) -> None:
    resource = web.UrlDispatcher().add_resource(f"/{{x:{kind}}}")
    with pytest.raises(ValueError, match=f"{told}$"):
        resource.url_for(x=value)
