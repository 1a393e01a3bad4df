"""Routes as values: web.get() and the like, RouteTableDef."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiolos_server import web

Found = Callable[..., web.UrlMappingMatchInfo]


async def handler(request: web.Request) -> web.Response:
    return web.Response()


class Items(web.View):
    async def get(self) -> web.Response:
        return web.Response()


def test_every_verb(found: Found) -> None:
    router = web.UrlDispatcher()
    verbs = ("get", "head", "options", "post", "put", "patch", "delete")
    routes = router.add_routes([getattr(web, verb)(f"/{verb}", handler) for verb in verbs])
    for verb, route in zip(verbs, routes, strict=True):
        assert found(router, f"/{verb}", verb.upper()).route is route
    (any_route,) = router.add_routes([web.route("*", "/any", handler)])
    (view,) = router.add_routes([web.view("/view", Items)])
    assert found(router, "/any", "PURGE").route is any_route
    assert found(router, "/view").route is view


def test_options_go_on() -> None:
    router = web.UrlDispatcher()
    router.add_routes([web.get("/x", handler, name="x", allow_head=False)])
    assert router["x"].allowed_methods == {"GET"}


def test_rte_13_a_table_of_decorated_functions(found: Found) -> None:
    routes = web.RouteTableDef()

    @routes.get("/users/{id}")
    async def one(request: web.Request) -> web.Response:
        return web.Response()

    @routes.post("/users")
    async def create(request: web.Request) -> web.Response:
        return web.Response()

    @routes.view("/items")
    class View(web.View):
        pass

    for verb in ("head", "options", "put", "patch", "delete"):
        assert getattr(routes, verb)(f"/{verb}")(handler) is handler
    assert routes.route("PURGE", "/purge")(handler) is handler

    app = web.Application()
    app.router.add_routes(routes)
    assert found(app.router, "/users/7").route.handler is one
    assert found(app.router, "/users", "POST").route.handler is create
    assert found(app.router, "/items", "X").route.handler is View
    assert found(app.router, "/purge", "PURGE").route.handler is handler
    assert found(app.router, "/patch", "PATCH").route.handler is handler


def test_a_table_is_a_sequence() -> None:
    routes = web.RouteTableDef()
    routes.get("/a")(handler)
    routes.post("/b")(handler)
    assert len(routes) == 2
    assert [each.path for each in routes] == ["/a", "/b"]
    assert routes[1].method == "POST"
    assert [each.path for each in routes[:1]] == ["/a"]
    assert routes[0] in routes
    assert web.post("/b", handler) in routes
    assert web.post("/c", handler) not in routes
    assert "2" in repr(routes)
    assert "/a" in repr(routes[0])
    assert "handler" in repr(routes[0])


def test_definitions_are_values() -> None:
    assert web.put("/a", handler) == web.RouteDef("PUT", "/a", handler, {})
    assert web.put("/a", handler) != web.post("/a", handler)


def test_a_definition_of_the_users_own() -> None:
    class Two(web.AbstractRouteDef):
        def register(self, router: Any) -> list[web.AbstractRoute]:
            return [router.add_get("/1", handler), router.add_get("/2", handler)]

    assert len(web.Application().add_routes([Two()])) == 2


def test_what_is_no_definition() -> None:
    with pytest.raises(TypeError, match=r"web\.get"):
        web.Application().add_routes([handler])


def test_rte_14_a_view_decorated_with_its_path(found: Found) -> None:
    @web.view("/items", name="items")
    @web.view("/things")
    class ItemView(web.View):
        async def get(self) -> web.Response:
            return web.Response()

    class Derived(ItemView):
        pass

    assert isinstance(ItemView, type)
    for add in ("add_routes", "router.add_routes"):
        app = web.Application()
        routes = (app if add == "add_routes" else app.router).add_routes([ItemView])
        assert len(routes) == 2
        assert found(app.router, "/items").route.handler is ItemView
        assert found(app.router, "/things", "POST").route.handler is ItemView
        assert str(app.router["items"].url_for()) == "/items"
    with pytest.raises(TypeError, match="Derived"):
        app.add_routes([Derived])
    with pytest.raises(TypeError, match=r"web\.View"):
        web.view("/x")(handler)


def test_static_definitions(tmp_path: Any, found: Found) -> None:
    routes = web.RouteTableDef()
    routes.static("/one", tmp_path, name="one")
    router = web.UrlDispatcher()
    made = router.add_routes([*routes, web.static("/two", tmp_path)])
    assert [(route.method, route.resource.canonical) for route in made] == [
        ("GET", "/one"),
        ("HEAD", "/one"),
        ("GET", "/two"),
        ("HEAD", "/two"),
    ]
    assert found(router, "/two/x") == {"filename": "x"}
    assert "/one" in repr(routes[0])
    assert web.static("/one", tmp_path, name="one") == routes[0]


def test_a_router_of_the_users_own() -> None:
    seen: list[Any] = []

    class Router(web.UrlDispatcher):
        def add_get(self, path: str, handler: Any, **options: Any) -> Any:
            seen.append(path)
            return super().add_get(path, handler, **options)

    Router().add_routes([web.get("/x", handler)])
    assert seen == ["/x"]


def test_definitions_have_slots(tmp_path: Path) -> None:
    for definition in (web.get("/", handler), web.static("/files", tmp_path)):
        assert not hasattr(definition, "__dict__")


async def test_a_view_with_a_way_of_its_own(serve: Any) -> None:
    class Wrapped(web.View):
        async def get(self) -> web.Response:
            return web.Response(text="got")

        async def _iter(self) -> web.StreamResponse:
            response = await super()._iter()
            response.headers["X-Wrapped"] = "yes"
            return response

    app = web.Application()
    app.router.add_view("/", Wrapped)
    answer = await serve(app=app).ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (answer.body, answer.headers["x-wrapped"]) == (b"got", "yes")
