"""Applications inside an application: below a prefix, or for a host."""

from collections.abc import Callable
from typing import Any

import pytest
from aiolos_protocol.message import RequestHead
from aiolos_server import web
from aiolos_server.routing.subapps import Domain, MaskDomain

Found = Callable[..., web.UrlMappingMatchInfo]
Serve = Callable[..., Any]


def target(path: str, method: str = "GET", host: str = "a") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def answering(text: str) -> Any:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text)

    return answer


async def handler(request: web.Request) -> web.Response:
    return web.Response()


async def test_a_sub_application_answers_below_its_prefix(serve: Serve) -> None:
    admin = web.Application()
    admin.router.add_get("/", answering("index"))
    admin.router.add_get("/users/{id:int}", answering("user"))
    app = web.Application()
    resource = app.add_subapp("/admin/", admin)
    app.router.add_get("/{name}", answering("root"))
    peer = serve(app=app)
    assert (await peer.ask(target("/admin/"))).body == b"index"
    assert (await peer.ask(target("/admin/users/7"))).body == b"user"
    assert (await peer.ask(target("/other"))).body == b"root"
    assert (await peer.ask(target("/adminx"))).body == b"root"
    # Everything below the prefix is the sub-application's, its 404 and 405 as well.
    for path in ("/admin/users/x", "/admin/nowhere", "/admin"):
        assert (await peer.ask(target(path))).status == 404
    answer = await peer.ask(target("/admin/", "POST"))
    assert (answer.status, answer.headers["allow"]) == (405, "GET,HEAD")
    assert resource.canonical == "/admin"
    assert resource.get_info() == {"app": admin, "prefix": "/admin"}
    assert [route.resource.canonical for route in resource] == [
        "/admin/",
        "/admin/",
        "/admin/users/{id}",
        "/admin/users/{id}",
    ]
    with pytest.raises(RuntimeError):
        resource.url_for()


def test_the_longer_prefix_wins_whatever_it_belongs_to(found: Found) -> None:
    admin = web.Application()
    inner = admin.router.add_get("/z", handler)
    app = web.Application()
    app.add_subapp("/admin", admin)
    outer = app.router.add_get("/admin/z", handler)
    variable = app.router.add_get("/admin/{y}", handler)
    app.freeze()
    assert found(app.router, "/admin/z").route is outer
    assert found(app.router, "/admin/q").apps == (app, admin)
    assert inner.resource.canonical == "/admin/z"
    assert variable.resource.canonical == "/admin/{y}"


def test_the_order_decides_between_a_sub_application_and_what_is_as_good(found: Found) -> None:
    for first in (True, False):
        app = web.Application()
        if first:
            app.router.add_get("/admin", handler, name="plain")
        app.add_subapp("/admin", web.Application())
        if not first:
            app.router.add_get("/admin", handler, name="plain")
        assert (found(app.router, "/admin").http_exception is None) is first


async def test_what_is_known_beforehand_is_what_would_be_found(serve: Serve) -> None:
    inner = web.Application()
    inner.router.add_get("/deep", answering("deep"))
    sub = web.Application()
    sub.router.add_get("/x", answering("sub x"))
    sub.router.add_get("/shadowed", answering("sub shadowed"))
    sub.router.add_post("/shadowed", answering("sub post"))
    sub.add_subapp("/inner", inner)
    app = web.Application()
    app.router.add_get("/sub/shadowed", answering("root shadowed"))
    app.add_subapp("/sub", sub)
    app.freeze()
    assert {path: set(found) for path, found in app.matches.items()} == {
        "/sub/shadowed": {"GET", "HEAD", "POST"},
        "/sub/x": {"GET", "HEAD"},
        "/sub/inner/deep": {"GET", "HEAD"},
    }
    for path, by_method in app.matches.items():
        for method, match in by_method.items():
            found = app.router.find(RequestHead(method, path))
            assert (found.route, found.apps) == (match.route, match.apps)
            assert match.shared
    peer = serve(app=app)
    assert (await peer.ask(target("/sub/inner/deep"))).body == b"deep"
    assert (await peer.ask(target("/sub/shadowed"))).body == b"root shadowed"
    assert (await peer.ask(target("/sub/shadowed", "POST"))).body == b"sub post"


def test_with_domains_nothing_is_known_beforehand() -> None:
    app = web.Application()
    app.router.add_get("/x", handler)
    app.add_domain("example.com", web.Application())
    app.freeze()
    assert not app.matches


async def test_a_match_that_is_shared_is_changed_for_one_request_only(serve: Serve) -> None:
    async def changing(request: web.Request) -> web.Response:
        before = dict(request.match_info)
        request.match_info["left"] = "behind"
        return web.json_response(before)

    app = web.Application()
    app.router.add_get("/x", changing)
    peer = serve(app=app)
    for _ in range(2):
        assert (await peer.ask(target("/x"))).body == b"{}"


def test_reverse_urls_have_the_prefix() -> None:
    inner = web.Application()
    inner.router.add_get("/u/{id:int}", handler, name="user")
    inner.router.add_get("/plain", handler, name="plain")
    middle = web.Application()
    middle.add_subapp("/inner", inner)
    app = web.Application()
    app.add_subapp("/a b", middle)
    assert str(inner.router["user"].url_for(id=7)) == "/a%20b/inner/u/7"
    assert str(inner.router["plain"].url_for()) == "/a%20b/inner/plain"


async def test_nested_sub_applications(serve: Serve) -> None:
    async def where(request: web.Request) -> web.Response:
        return web.json_response([each["name"] for each in request.match_info.apps])

    apps = [web.Application() for _ in range(3)]
    for number, each in enumerate(apps):
        each["name"] = str(number)
    apps[2].router.add_get("/x/{y}", where)
    apps[1].add_subapp("/two", apps[2])
    apps[0].add_subapp("/one", apps[1])
    peer = serve(app=apps[0])
    assert (await peer.ask(target("/one/two/x/1"))).body == b'["0", "1", "2"]'


async def test_request_app_is_the_one_whose_middleware_runs(serve: Serve) -> None:
    seen: list[Any] = []

    @web.middleware
    async def note(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        seen.append(request.app["name"])
        response = await handler(request)
        seen.append(request.app["name"])
        return response

    async def inner(request: web.Request) -> web.Response:
        seen.append(("handler", request.app["name"], request.config_dict["shared"]))
        assert dict(request.config_dict)["name"] == "sub"
        return web.Response()

    sub = web.Application(middlewares=[note])
    sub["name"] = "sub"
    sub.router.add_get("/x", inner)
    app = web.Application(middlewares=[note])
    app["name"] = "root"
    app["shared"] = 7
    app.add_subapp("/sub", sub)
    peer = serve(app=app)
    assert (await peer.ask(target("/sub/x"))).status == 200
    assert seen == ["root", "sub", ("handler", "sub", 7), "sub", "root"]
    seen.clear()
    assert (await peer.ask(target("/sub/nowhere"))).status == 404
    assert seen == ["root", "sub"]


async def test_on_response_prepare_of_all_applications(serve: Serve) -> None:
    def signing(name: str) -> Any:
        async def sign(request: web.Request, response: web.StreamResponse) -> None:
            response.headers.add("X-Signed", name)

        return sign

    sub = web.Application()
    sub.router.add_get("/x", handler)
    sub.on_response_prepare.append(signing("sub"))
    app = web.Application()
    app.router.add_get("/y", handler)
    app.on_response_prepare.append(signing("root"))
    app.add_subapp("/sub", sub)
    peer = serve(app=app)
    assert b"X-Signed: root\r\nX-Signed: sub" in await peer.send(target("/sub/x"))
    assert (await peer.ask(target("/y"))).headers["x-signed"] == "root"


@pytest.mark.parametrize("prefix", ["", "/", "admin", "/{x}"])
def test_prefixes_that_are_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        web.Application().add_subapp(prefix, web.Application())


def test_what_cannot_be_joined() -> None:
    app = web.Application()
    with pytest.raises(TypeError, match="Application"):
        app.add_subapp("/x", web.UrlDispatcher())
    with pytest.raises(TypeError, match="a prefix is a str"):
        app.add_subapp(1, web.Application())
    sub = web.Application()
    app.add_subapp("/x", sub)
    with pytest.raises(RuntimeError, match="is one already"):
        app.add_subapp("/y", sub)
    with pytest.raises(RuntimeError, match="of itself"):
        app.add_subapp("/y", app)
    with pytest.raises(RuntimeError):
        sub.add_subapp("/z", web.Application())
    with pytest.raises(RuntimeError, match="sub-application"):
        sub.router.add_get("/late", handler)
    with pytest.raises(RuntimeError):
        sub.on_startup.append(handler)
    sub["value"] = "may still be set"
    app.freeze()
    with pytest.raises(RuntimeError, match="started"):
        app.add_subapp("/z", web.Application())
    with pytest.raises(RuntimeError, match="started"):
        web.Application().add_subapp("/z", app)


# Hosts.


async def test_domains_come_first(serve: Serve) -> None:
    api = web.Application()
    api.router.add_get("/", answering("api"))
    wild = web.Application()
    wild.router.add_get("/", answering("wild"))
    app = web.Application()
    app.router.add_get("/", answering("main"))
    resource = app.add_domain("api.example.com", api)
    app.add_domain("*.example.com", wild)
    peer = serve(app=app)
    for host, body in (
        ("api.example.com", b"api"),
        ("API.Example.COM", b"api"),
        ("api.example.com:80", b"api"),
        ("api.example.com:443", b"api"),
        ("api.example.com:8080", b"api"),
        ("www.example.com", b"wild"),
        ("a.b.example.com", b"wild"),
        ("example.com", b"main"),
        ("other", b"main"),
    ):
        assert (await peer.ask(target("/", host=host))).body == body, host
    # A domain is its application's as a whole.
    assert (await peer.ask(target("/nowhere", host="api.example.com"))).status == 404
    assert resource.canonical == "api.example.com"
    assert resource.get_info()["rule"].get_info() == {"domain": "api.example.com"}
    assert "api.example.com" in repr(resource)


def test_an_http_1_0_request_without_a_host(found: Found) -> None:
    app = web.Application()
    app.add_domain("example.com", web.Application())
    root = app.router.add_get("/", handler)
    assert app.router.find(RequestHead("GET", "/")).route is root


@pytest.mark.parametrize(
    ("domain", "host", "fits"),
    [
        ("example.com", "example.com.", True),
        ("example.com.", "example.com", True),
        ("example.com:8080", "example.com:8080", True),
        ("example.com:8080", "example.com", False),
        ("example.com:80", "example.com", True),
        ("example.com:80", "example.com:80", True),
        ("example.com:80", "example.com:8080", False),
        ("example.com:8080", "example.com:8080:8080", False),
        ("example.com", "EXAMPLE.com:8080", True),
        ("\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "xn--e1afmkfd.xn--p1ai", True),
        ("*.example.com", "example.com", False),
        ("*.example.com", "a.example.com", True),
        ("*.example.com", "A.Example.com:8080", True),
        ("*.example.com", "a:b.example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.example.com", "a..example.com", False),
        ("a*c.d*f.example.com", "abc.def.example.com", True),
        ("a*c.d*f.example.com", "abc.dex.example.com", False),
        ("a*a.example.com", "a.example.com", False),
        ("*.a.*.com", "x.a.y.com", True),
        ("*.a.*.com", "x.b.y.com", False),
        ("*:8080", "anything:8080", True),
        ("*:8080", "anything", False),
    ],
)
def test_what_fits_a_domain(domain: str, host: str, fits: bool) -> None:
    rule = MaskDomain(domain) if "*" in domain else Domain(domain)
    assert rule.fits(RequestHead("GET", "/", authority=host)) is fits
    assert rule.match_domain(host) is fits


def test_a_mask_is_matched_in_linear_time() -> None:
    rule = MaskDomain("*a*a*a*a*a*a*a*a*b.example.com")
    assert not rule.fits(RequestHead("GET", "/", authority="a" * 8000 + ".example.com"))


@pytest.mark.parametrize(
    "domain",
    ["", "-x.com", "x-.com", "http://x", "a@b.com", "x/y", "x?y", "a b", "x..y", "a" * 64 + ".com"],
)
def test_what_is_no_domain(domain: str) -> None:
    with pytest.raises(ValueError, match="host"):
        web.Application().add_domain(domain, web.Application())


def test_a_domain_is_a_str() -> None:
    with pytest.raises(TypeError, match="str"):
        web.Application().add_domain(7, web.Application())
    with pytest.raises(TypeError, match="str"):
        Domain(None)
