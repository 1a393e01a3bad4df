"""Spellings of a path, and what a match carries."""

from collections.abc import Callable

import pytest
from aiolos_server import web

Found = Callable[..., web.UrlMappingMatchInfo]


async def handler(request: web.Request) -> web.Response:
    return web.Response()


def test_a_match_is_a_mapping_and_a_key() -> None:
    router = web.UrlDispatcher()
    route = router.add_get("/{name}", handler, name="named")
    match = web.UrlMappingMatchInfo({"name": "x"}, route)
    assert match == {"name": "x"}
    assert match.get("other", "default") == "default"
    assert match.route is route
    assert match.http_exception is None
    assert {match: 1}[match] == 1
    assert "x" in repr(match)


def test_a_match_has_the_handler_as_it_was_registered() -> None:
    class View(web.View):
        async def get(self) -> web.Response:
            return web.Response()

    def plain(request: web.Request) -> web.Response:
        return web.Response()

    router = web.UrlDispatcher()
    for registered in (handler, plain, View):
        route = router.add_route("*", f"/{registered.__name__}", registered)
        match = web.UrlMappingMatchInfo({}, route)
        # Libraries look at it: aiohttp-cors asks a View which origins it lets in.
        assert match.handler is match.own().handler is registered
        assert match.chain is route.chain


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("/plain", "/plain"),
        ("/a b", "/a%20b"),
        ("/a%20b", "/a%20b"),
        ("/caf\u00e9", "/caf%C3%A9"),
        ("/caf%c3%a9", "/caf%C3%A9"),
        ("/~user", "/%7Euser"),
        ("/a", "/%61"),
        ("/a,b;c=d", "/a,b;c=d"),
        ("/a", "/a?b=c"),
        ("/a", "/a?"),
        ("/a%2Fb", "/a%2fb"),
    ],
)
def test_one_path_in_several_spellings(registered: str, asked: str, found: Found) -> None:
    router = web.UrlDispatcher()
    route = router.add_get(registered, handler)
    assert found(router, asked).route is route


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("/a", "/a/"),
        ("/a/", "/a"),
        ("/a", "/A"),
        ("/a/b", "/a%2Fb"),
        ("/a", "//a"),
        ("/a", "/b/../a"),
        ("/a/b", "/a//b"),
        ("/{name}", "/"),
        ("/{name}", "/a/b"),
        ("/{name}/b", "//b"),
        ("/a", "*"),
        ("/a%FF", "/a%FE"),
    ],
)
def test_different_paths(registered: str, asked: str, found: Found) -> None:
    router = web.UrlDispatcher()
    router.add_get(registered, handler)
    assert isinstance(found(router, asked).http_exception, web.HTTPNotFound)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("x", "x"),
        ("a%20b", "a b"),
        ("%D0%BF", "\u043f"),
        ("a%2Fb", "a/b"),
        ("100%25", "100%"),
        ("a%252Fb", "a%2Fb"),
        ("a+b", "a+b"),
        ("%22%3C%3E", '"<>'),
    ],
)
def test_values_are_decoded_once(raw: str, value: str, found: Found) -> None:
    router = web.UrlDispatcher()
    router.add_get("/v/{value}", handler)
    router.add_get("/r/{value:.+}", handler)
    router.add_get("/m/x-{value}.html", handler)
    assert found(router, f"/v/{raw}")["value"] == value
    assert found(router, f"/r/{raw}?q=1")["value"] == value
    assert found(router, f"/m/x-{raw}.html")["value"] == value


def test_applications_are_added_by_hand_from_the_inside_out() -> None:
    router = web.UrlDispatcher()
    match = web.UrlMappingMatchInfo({}, router.add_get("/", handler))
    inner, outer = web.Application(), web.Application()
    match.add_app(inner)
    match.add_app(outer)
    match.add_app(inner)
    assert match.apps == (outer, inner)
    assert match.current_app is inner
    match.freeze()
    with pytest.raises(RuntimeError, match="add_app"):
        match.add_app(web.Application())
    assert match.apps == (outer, inner)


async def test_no_application_is_added_to_what_the_server_knows() -> None:
    app = web.Application()
    route = app.router.add_get("/{name}", handler)
    app.freeze()
    match = web.UrlMappingMatchInfo({}, route)
    for other in (app, web.Application()):
        with pytest.raises(RuntimeError, match="add_app"):
            match.add_app(other)
    assert match.apps == (app,)
    assert match.current_app is app
