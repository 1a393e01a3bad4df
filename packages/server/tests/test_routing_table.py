"""The router: which resource answers, in which order, and what is refused at registration."""

from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]


Found = Callable[..., web.UrlMappingMatchInfo]


async def handler(request: web.Request) -> web.Response:
    return web.Response()


def target(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def routed(*paths: str) -> tuple[web.UrlDispatcher, list[web.AbstractRoute]]:
    router = web.UrlDispatcher()
    return router, [router.add_get(path, handler) for path in paths]


@pytest.mark.parametrize(
    ("paths", "asked", "winner"),
    [
        # The longest literal prefix wins, whatever the order of registration.
        (("/{a}/{b}", "/x/{b}"), "/x/y", 1),
        (("/{a:.*}", "/x/{b}", "/x/y/{c}"), "/x/y/z", 2),
        (("/{a:.*}", "/x/{b}", "/x/y/{c}"), "/x/y", 1),
        (("/{a:.*}", "/x/{b}", "/x/y/{c}"), "/q", 0),
        (("/x/{a}", "/x/y"), "/x/y", 1),
        # Among equals the order of registration does.
        (("/x/{a}", r"/x/{b:\d+}"), "/x/1", 0),
        ((r"/x/{b:\d+}", "/x/{a}"), "/x/1", 0),
        ((r"/x/{b:\d+}", "/x/{a}"), "/x/y", 1),
        (("/{a}/x", "/{b}/{c}"), "/1/x", 0),
        (("/{b}/{c}", "/{a}/x"), "/1/x", 0),
        (("/{b:.+}", "/{a}/x"), "/1/x", 0),
        # A longer prefix that leads nowhere gives way to a shorter one.
        (("/{a}/y/z", "/x/y/{b}/w"), "/x/y/z", 0),
        (("/x/{rest:.*}", "/x/y/{b}"), "/x/y/1/2", 0),
    ],
)
def test_precedence(paths: tuple[str, ...], asked: str, winner: int, found: Found) -> None:
    router, routes = routed(*paths)
    assert found(router, asked).route is routes[winner]


@pytest.mark.parametrize(
    ("path", "others", "own"),
    [("/a%3Fb", "/a?b", "/a%3Fb"), ("/a%2520", "/a%20", "/a%2520"), ("/a?b", "/a?b", "/a%3fb")],
)
async def test_a_path_with_a_question_mark_is_no_query(
    serve: Serve, path: str, others: str, own: str
) -> None:
    app = web.Application()
    app.router.add_get(path, handler)
    assert [(await serve(app=app).ask(target(each))).status for each in (others, own)] == [404, 200]


def test_rte_18_a_method_that_a_better_resource_lacks(found: Found) -> None:
    router = web.UrlDispatcher()
    fixed = router.add_get("/x/y", handler)
    variable = router.add_post("/x/{a}", handler)
    anything = router.add_put("/{a:.*}", handler)
    assert found(router, "/x/y").route is fixed
    assert found(router, "/x/y", "POST").route is variable
    assert found(router, "/x/y", "PUT").route is anything
    error = found(router, "/x/y", "DELETE").http_exception
    assert isinstance(error, web.HTTPMethodNotAllowed)
    assert error.allowed_methods == {"GET", "HEAD", "POST", "PUT"}


async def test_rte_18_statuses(serve: Serve) -> None:
    app = web.Application()
    app.router.add_get("/only", handler)
    peer = serve(app=app)
    assert (await peer.ask(target("/nowhere"))).status == 404
    answer = await peer.ask(target("/only", "POST"))
    assert (answer.status, answer.headers["allow"]) == (405, "GET,HEAD")
    answer = await peer.ask(target("/only", "HEAD"))
    assert (answer.status, answer.body) == (200, b"")


async def test_rte_01_four_verbs_on_one_path(serve: Serve) -> None:
    async def show(request: web.Request) -> web.Response:
        return web.json_response({"method": request.method})

    async def create(request: web.Request) -> web.Response:
        return web.json_response(dict(await request.post()))

    async def replace(request: web.Request) -> web.Response:
        return web.json_response(await request.json())

    app = web.Application()
    app.router.add_get("/items", show)
    app.router.add_post("/items", create)
    app.router.add_put("/items", replace)
    app.router.add_delete("/items", show)
    peer = serve(app=app)

    def sent(method: str, body: bytes, kind: str) -> bytes:
        head = f"{method} /items HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    assert (await peer.ask(target("/items"))).body == b'{"method": "GET"}'
    form = sent("POST", b"name=x&size=2", "application/x-www-form-urlencoded")
    assert (await peer.ask(form)).body == b'{"name": "x", "size": "2"}'
    put = sent("PUT", b'{"name": "y"}', "application/json")
    assert (await peer.ask(put)).body == b'{"name": "y"}'
    assert (await peer.ask(target("/items", "DELETE"))).body == b'{"method": "DELETE"}'
    answer = await peer.ask(target("/items", "PATCH"))
    assert answer.headers["allow"] == "DELETE,GET,HEAD,POST,PUT"


def test_any_method(found: Found) -> None:
    router = web.UrlDispatcher()
    route = router.add_route("*", "/x", handler)
    view = router.add_view("/v/{a}", handler)
    assert found(router, "/x", "PURGE").route is route
    assert found(router, "/v/1", "PURGE").route is view


def test_add_get_and_its_head(found: Found) -> None:
    router = web.UrlDispatcher()
    both = router.add_get("/both", handler)
    router.add_get("/alone", handler, allow_head=False)
    assert both.method == "GET"
    assert found(router, "/both", "HEAD").http_exception is None
    assert isinstance(found(router, "/alone", "HEAD").http_exception, web.HTTPMethodNotAllowed)


def test_every_verb(found: Found) -> None:
    router = web.UrlDispatcher()
    for verb in ("get", "head", "options", "post", "put", "patch", "delete"):
        route = getattr(router, f"add_{verb}")(f"/{verb}", handler)
        assert route.method == verb.upper()
        assert found(router, f"/{verb}", verb.upper()).route is route


def test_the_last_resource_is_used_again() -> None:
    router = web.UrlDispatcher()
    one = router.add_get("/x", handler).resource
    assert router.add_post("/x", handler).resource is one
    router.add_get("/y", handler)
    again = router.add_put("/x", handler).resource
    assert again is not one
    assert len(router.resources()) == 3


def test_a_resource_registered_twice_answers_all_its_methods(found: Found) -> None:
    router = web.UrlDispatcher()
    first = router.add_get("/x", handler)
    router.add_get("/y", handler)
    second = router.add_post("/x", handler)
    router.add_get("/z", handler)
    shadowed = router.add_get("/x", handler)
    assert found(router, "/x").route is first
    assert found(router, "/x", "POST").route is second
    assert shadowed is not first
    error = found(router, "/x", "PUT").http_exception
    assert isinstance(error, web.HTTPMethodNotAllowed)
    assert error.allowed_methods == {"GET", "HEAD", "POST"}


def test_names() -> None:
    router = web.UrlDispatcher()
    route = router.add_get("/x", handler, name="x")
    assert router["x"] is route.resource
    assert list(router) == ["x"]
    assert len(router) == 1
    assert "x" in router
    assert "y" not in router
    assert router.get("y") is None
    assert router.get("y", 1) == 1
    assert dict(router.named_resources()) == {"x": route.resource}
    with pytest.raises(KeyError):
        router["y"]
    with pytest.raises(ValueError, match="^Duplicate 'x', already handled by "):
        router.add_get("/other", handler, name="x")


def test_a_router_is_true() -> None:
    assert web.UrlDispatcher()


@pytest.mark.parametrize("path", ["x", "{a}", "x/y"])
def test_a_path_begins_with_a_slash(path: str) -> None:
    with pytest.raises(ValueError, match='begins with "/"'):
        web.UrlDispatcher().add_get(path, handler)


@pytest.mark.parametrize(
    "path", ["/a{", "/{a}}", "/{a-b}", "/{1}", "/{}", "/{a:(}", "/{a}{a}", "/a}", "/{a:}"]
)
def test_malformed_paths(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        web.UrlDispatcher().add_get(path, handler)


@pytest.mark.parametrize("method", ["", "G ET", "GET\r\n", "G\u00c9T"])
def test_malformed_methods(method: str) -> None:
    with pytest.raises(ValueError, match="method"):
        web.UrlDispatcher().add_route(method, "/", handler)


def test_a_method_in_lower_case() -> None:
    assert web.UrlDispatcher().add_route("get", "/", handler).method == "GET"


def test_a_route_that_would_never_be_reached() -> None:
    router = web.UrlDispatcher()
    resource = router.add_resource("/x")
    resource.add_route("GET", handler)
    with pytest.raises(RuntimeError, match="GET"):
        resource.add_route("GET", handler)
    resource.add_route("*", handler)
    with pytest.raises(RuntimeError, match="has a route for"):
        resource.add_route("POST", handler)


def test_a_frozen_router_takes_nothing() -> None:
    router, routes = routed("/x")
    router.freeze()
    router.freeze()
    with pytest.raises(RuntimeError, match="started"):
        router.add_get("/y", handler)
    # The resources that it has may get more routes.
    assert routes[0].resource.add_route("POST", handler) in list(router.routes())


def test_listing() -> None:
    router, routes = routed("/a", "/{b}")
    assert [resource.canonical for resource in router.resources()] == ["/a", "/{b}"]
    listed = list(router.routes())
    assert [each for each in listed if each.method == "GET"] == routes
    assert len(listed) == 4


def test_rte_16_decorators_leave_the_function_as_it_is(found: Found) -> None:
    router = web.UrlDispatcher()
    for verb in ("head", "options", "post", "put", "patch", "delete"):
        assert getattr(router, verb)(f"/{verb}", name=verb)(handler) is handler
        assert found(router, f"/{verb}", verb.upper()).route.name == verb
    assert router.get("/get", name="get")(handler) is handler
    assert router.get("/get2")(handler) is handler
    assert found(router, "/get", "HEAD").route.name == "get"
    assert router.view("/view")(handler) is handler
    assert found(router, "/view", "X").route.handler is handler
    assert router.route("PURGE", "/purge")(handler) is handler
    assert found(router, "/purge", "PURGE").route.handler is handler


@pytest.mark.parametrize("name", ["class", "a b", "", "a.", "a-if"])
def test_a_name_that_is_none(name: str) -> None:
    router = web.UrlDispatcher()
    with pytest.raises(ValueError, match="Incorrect route name"):
        router.add_get("/", handler, name=name)
    router.add_get("/", handler, name="a.b:c-d")


def test_what_routes_and_tables_tell_of_themselves() -> None:
    table = web.RouteTableDef()
    table.get("/path", name="x")(handler)
    assert repr(table) == "<RouteTableDef count=1>"
    assert repr(table[0]) == "<RouteDef GET /path -> 'handler', name='x'>"


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(
        ValueError, match=r"^Bad pattern '/a/\(\?P<to>\+\+\+\)': nothing to repeat"
    ) as told:
        web.UrlDispatcher().add_get("/a/{to:+++}", handler)
    assert "{to:+++}" in str(told.value)
    assert told.value.__cause__ is None


def test_a_name_that_is_missing_is_told_with_those_there_are() -> None:
    router = web.UrlDispatcher()
    with pytest.raises(KeyError, match="no resource is named 'zz', but nothing"):
        router["zz"]
    router.add_resource("/a", name="first")
    with pytest.raises(KeyError, match="no resource is named 'zz', but 'first'"):
        router["zz"]
