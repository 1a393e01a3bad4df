"""Middlewares: their order, what they see, and mistakes in them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]


def target(path: str, method: str = "GET", **fields: str) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode()


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


def marking(name: str, seen: list[str]) -> Any:
    @web.middleware
    async def mark(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        seen.append(f"{name} in")
        try:
            return await handler(request)
        finally:
            seen.append(f"{name} out")

    return mark


async def test_mid_01_the_first_is_the_outermost(serve: Serve) -> None:
    seen: list[str] = []
    app = web.Application(middlewares=[marking("a", seen), marking("b", seen)])
    app.router.add_get("/", hello)
    peer = serve(app=app)
    assert (await peer.ask(target("/"))).body == b"hello"
    assert seen == ["a in", "b in", "b out", "a out"]
    seen.clear()
    assert (await peer.ask(target("/nowhere"))).status == 404
    assert seen == ["a in", "b in", "b out", "a out"]
    seen.clear()
    assert (await peer.ask(target("/", "POST"))).status == 405
    assert seen == ["a in", "b in", "b out", "a out"]


async def test_mid_02_an_auth_middleware_returns_errors(serve: Serve) -> None:
    @web.middleware
    async def auth(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        if request.path.startswith("/public"):
            return await handler(request)
        if "Authorization" not in request.headers:
            return web.HTTPUnauthorized(text="who?")
        if request.headers["Authorization"] != "secret":
            return web.HTTPForbidden(text="no")
        return await handler(request)

    app = web.Application(middlewares=[auth])
    app.router.add_get("/{path:.*}", hello)
    peer = serve(app=app)
    assert (await peer.ask(target("/public/x"))).status == 200
    answer = await peer.ask(target("/x"))
    assert (answer.status, answer.body) == (401, b"who?")
    answer = await peer.ask(target("/x", Authorization="guess"))
    assert (answer.status, answer.body) == (403, b"no")
    assert (await peer.ask(target("/x", Authorization="secret"))).body == b"hello"


async def test_mid_03_a_middleware_for_every_error(serve: Serve) -> None:
    @web.middleware
    async def errors(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException:
            raise
        except Exception as exc:
            response = web.json_response({"error": repr(exc)}, status=500)
        response.headers["X-Request-Id"] = request.headers.get("X-Request-Id", "")
        return response

    async def broken(request: web.Request) -> web.Response:
        raise KeyError("oops")

    async def gone(request: web.Request) -> web.Response:
        raise web.HTTPGone

    app = web.Application(middlewares=[errors])
    app.router.add_get("/broken", broken)
    app.router.add_get("/gone", gone)
    peer = serve(app=app)
    answer = await peer.ask(target("/broken", **{"X-Request-Id": "7"}))
    assert answer.status == 500
    assert answer.body == b"""{"error": "KeyError('oops')"}"""
    assert answer.headers["x-request-id"] == "7"
    assert (await peer.ask(target("/gone"))).status == 410


async def test_mid_04_annotations(serve: Serve) -> None:
    import typing

    @web.middleware
    async def annotated(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        return await handler(request)

    assert typing.get_type_hints(annotated)["handler"] == web.Handler
    app = web.Application(middlewares=[annotated])
    app.router.add_get("/", hello)
    assert (await serve(app=app).ask(target("/"))).body == b"hello"


async def test_mid_07_a_logging_middleware(serve: Serve, caplog: Any) -> None:
    import logging

    logger = logging.getLogger("aiolos.test")

    @web.middleware
    async def log(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        response = await handler(request)
        logger.info("done", extra={"status": response.status, "remote": request.remote})
        return response

    app = web.Application(middlewares=[log])
    app.router.add_get("/", hello)
    await serve(app=app).ask(target("/"))
    (record,) = [each for each in caplog.records if each.name == "aiolos.test"]
    assert (record.status, record.remote) == (200, "127.0.0.1")


async def test_mid_08_a_cors_middleware(serve: Serve) -> None:
    @web.middleware
    async def cors(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        response = await handler(request)
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    app = web.Application(middlewares=[cors])
    app.router.add_get("/", hello)
    answer = await serve(app=app).ask(target("/"))
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_mid_09_a_rate_limiting_middleware(serve: Serve) -> None:
    counts: dict[str | None, int] = {}

    @web.middleware
    async def limit(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        counts[request.remote] = counts.get(request.remote, 0) + 1
        if counts[request.remote] > 2:
            return web.HTTPTooManyRequests(text="Rate limited")
        return await handler(request)

    app = web.Application(middlewares=[limit])
    app.router.add_get("/", hello)
    peer = serve(app=app)
    answers = [await peer.ask(target("/")) for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].body == b"Rate limited"


async def test_a_middleware_may_answer_itself(serve: Serve) -> None:
    @web.middleware
    async def short(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        return web.Response(text="short")

    app = web.Application(middlewares=[short])
    assert (await serve(app=app).ask(target("/nowhere"))).body == b"short"


async def test_undecorated_and_class_middlewares(serve: Serve) -> None:
    seen: list[str] = []

    async def undecorated(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        seen.append("undecorated")
        return await handler(request)

    class Instance:
        async def __call__(self, request: web.Request, handler: web.Handler) -> web.StreamResponse:
            seen.append("instance")
            return await handler(request)

    app = web.Application(middlewares=[undecorated, Instance()])
    app.router.add_get("/", hello)
    assert (await serve(app=app).ask(target("/"))).body == b"hello"
    assert seen == ["undecorated", "instance"]


async def test_a_method_is_a_middleware(serve: Serve) -> None:
    class Counting:
        def __init__(self) -> None:
            self.count = 0

        @web.middleware
        async def count_it(self, request: web.Request, handler: Any) -> web.StreamResponse:
            self.count += 1
            response: web.StreamResponse = await handler(request)
            return response

    counting = Counting()
    app = web.Application(middlewares=[counting.count_it])
    app.router.add_get("/", hello)
    assert (await serve(app=app).ask(target("/"))).body == b"hello"
    assert counting.count == 1


async def test_objects_of_a_class_that_is_marked(serve: Serve) -> None:
    @web.middleware
    class Counting:
        count = 0

        async def __call__(self, request: web.Request, handler: web.Handler) -> web.StreamResponse:
            self.count += 1
            return await handler(request)

    counting = Counting()
    app = web.Application(middlewares=[counting])
    app.router.add_get("/", hello)
    assert (await serve(app=app).ask(target("/"))).body == b"hello"
    assert counting.count == 1
    with pytest.raises(TypeError, match="not <class"):
        web.Application(middlewares=[Counting]).freeze()


async def test_srv_06_middlewares_appended_in_a_factory(serve: Serve) -> None:
    seen: list[str] = []
    app = web.Application()
    app.middlewares.append(marking("a", seen))
    app["db"] = pool = object()

    async def handler(request: web.Request) -> web.Response:
        assert request.app["db"] is pool
        return web.Response()

    app.router.add_get("/", handler)
    assert (await serve(app=app).ask(target("/"))).status == 200
    assert seen == ["a in", "a out"]


@pytest.mark.parametrize("wrong", [None, "name", 1])
def test_what_is_no_middleware(wrong: Any) -> None:
    with pytest.raises(TypeError, match="middleware"):
        web.middleware(wrong)
    with pytest.raises(TypeError, match="middleware"):
        web.Application(middlewares=[wrong]).freeze()


async def test_a_middleware_of_more_parameters_than_a_partial_leaves(serve: Serve) -> None:
    @web.middleware
    async def tagging(request: web.Request, handler: Any, *, tag: str) -> web.StreamResponse:
        response: web.StreamResponse = await handler(request)
        response.headers["Tag"] = tag
        return response

    async def handler(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[web.middleware(partial(tagging, tag="a"))])
    app.router.add_get("/", handler)
    assert (await serve(app=app).ask(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")).headers["tag"] == "a"
    with pytest.raises(TypeError, match=r"tagging .* must take .*'tag'"):
        web.Application(middlewares=[tagging]).freeze()


def test_a_middleware_of_other_parameters_is_named() -> None:
    async def lonely(request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    with pytest.raises(TypeError, match=r"lonely.*\(request, handler\)"):
        web.middleware(lonely)
    with pytest.raises(TypeError, match=r"lonely.*\(request, handler\)"):
        web.Application(middlewares=[lonely]).freeze()


async def test_a_handler_parameter_of_another_name(serve: Serve) -> None:
    @web.middleware
    async def other(request: web.Request, call_next: web.Handler) -> web.StreamResponse:
        response = await call_next(request)
        response.headers["X-Seen"] = "yes"
        return response

    app = web.Application(middlewares=[other])
    app.router.add_get("/", hello)
    assert (await serve(app=app).ask(target("/"))).headers["x-seen"] == "yes"


async def test_a_plain_function_that_gives_an_awaitable(serve: Serve) -> None:
    def through(request: web.Request, handler: web.Handler) -> Any:
        return handler(request)

    app = web.Application(middlewares=[through])
    app.router.add_get("/", hello)
    assert (await serve(app=app).ask(target("/"))).body == b"hello"


async def test_a_plain_function_that_gives_a_response_is_named(serve: Serve, caplog: Any) -> None:
    def wrong(request: web.Request, handler: web.Handler) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[wrong])
    assert (await serve(app=app).ask(target("/"))).status == 500
    assert "wrong (test_middlewares.py, line" in caplog.text
    assert "must be a coroutine function" in caplog.text


async def test_the_old_style_works_and_is_told_by_name_and_line(serve: Serve) -> None:
    async def factory(app: web.Application, handler: web.Handler) -> Any:
        async def middleware(request: web.Request) -> web.StreamResponse:
            response = await handler(request)
            response.headers["X-App"] = app["name"]
            return response

        return middleware

    app = web.Application(middlewares=[factory])
    app["name"] = "old"
    app.router.add_get("/", hello)
    line = factory.__code__.co_firstlineno
    with pytest.warns(
        DeprecationWarning, match=rf"factory \(test_middlewares.py, line {line}\).*old-style"
    ):
        peer = serve(app=app)
    assert (await peer.ask(target("/"))).headers["x-app"] == "old"


def test_mistakes_are_told_by_name_and_line() -> None:
    async def lonely(request: web.Request) -> web.StreamResponse:
        raise NotImplementedError

    class Guard:
        async def __call__(self, request: web.Request, handler: web.Handler) -> Any:
            raise NotImplementedError

    line = lonely.__code__.co_firstlineno
    with pytest.raises(TypeError, match=rf"lonely \(test_middlewares.py, line {line}\)"):
        web.Application(middlewares=[lonely]).freeze()
    # A class instead of an instance, a maker of middlewares instead of a middleware.
    for wrong in (Guard, web.normalize_path_middleware):
        with pytest.raises(TypeError, match="middleware"):
            web.Application(middlewares=[wrong]).freeze()


def test_middlewares_are_composed_once(found: Any) -> None:
    app = web.Application(middlewares=[marking("a", [])])
    route = app.router.add_get("/x/{y}", hello)
    app.freeze()
    chain = route.chain
    assert found(app.router, "/x/1").chain is chain
    assert found(app.router, "/x/2").chain is chain
    app.freeze()
    assert route.chain is chain


# normalize_path_middleware


def normalizing(**options: Any) -> web.Application:
    app = web.Application(middlewares=[web.normalize_path_middleware(**options)])
    for path in ("/plain", "/slash/", "/a/b", "/v/{x}/", "/{y}.html"):
        app.router.add_get(path, hello)
    return app


@pytest.mark.parametrize(
    ("options", "asked", "location"),
    [
        ({}, "/plain", None),
        ({}, "/slash/", None),
        ({}, "/slash", "/slash/"),
        ({}, "/slash?a=b&c=%26", "/slash/?a=b&c=%26"),
        ({}, "/plain/", 404),
        ({}, "//a///b", "/a/b"),
        ({}, "//slash", "/slash/"),
        ({}, "/v/%D0%B0", "/v/%D0%B0/"),
        ({}, "/v/a%2Fb", "/v/a%2Fb/"),
        ({}, "/nowhere", 404),
        ({"merge_slashes": False}, "//a///b", 404),
        ({"append_slash": False}, "/slash", 404),
        ({"append_slash": False, "remove_slash": True}, "/plain/", "/plain"),
        ({"append_slash": False, "remove_slash": True}, "//a//b/", "/a/b"),
        ({"append_slash": False, "remove_slash": True}, "/", 404),
        ({"redirect_class": web.HTTPFound}, "/slash", "/slash/"),
        # A host must not be made of the path.
        ({}, "//evil.example/%2e%2e/x.html", 404),
        ({"append_slash": False}, "//evil.html", "/evil.html"),
        ({}, "/v//evil.example", "/v/evil.example/"),
        ({"append_slash": False, "remove_slash": True}, "//evil.html/", "/evil.html"),
    ],
)
async def test_normalize_path(
    options: dict[str, Any], asked: str, location: str | int | None, serve: Serve
) -> None:
    answer = await serve(app=normalizing(**options)).ask(target(asked))
    if location is None:
        assert answer.status == 200
    elif location == 404:
        assert answer.status == 404
    else:
        assert answer.status == options.get("redirect_class", web.HTTPPermanentRedirect).status_code
        assert answer.headers["location"] == location


async def test_normalize_path_makes_no_host_of_a_backslash(serve: Serve) -> None:
    app = web.Application(middlewares=[web.normalize_path_middleware()])
    app.router.add_get("/{x}/", hello)
    for path in ("/%5Cevil.example", "//%5Cevil.example", "/%2Fevil.example", "//evil.example"):
        location = (await serve(app=app).ask(target(path))).headers["location"]
        assert not location.startswith(("//", "/\\")), path


async def test_normalize_path_in_a_sub_application(serve: Serve) -> None:
    app = web.Application()
    app.add_subapp("/sub", normalizing())
    answer = await serve(app=app).ask(target("/sub/slash"))
    assert (answer.status, answer.headers["location"]) == (308, "/sub/slash/")


def test_normalize_path_cannot_do_both() -> None:
    with pytest.raises(ValueError, match="exclude each other"):
        web.normalize_path_middleware(append_slash=True, remove_slash=True)


async def test_srv_19_a_gc_middleware_and_a_memory_monitor(serve: Serve) -> None:
    import gc
    import resource

    collected: list[str] = []

    @web.middleware
    async def collecting(request: web.Request, handler: web.Handler) -> web.StreamResponse:
        response = await handler(request)
        if request.path.startswith("/api/"):
            collected.append(request.path)
            gc.collect(0)
        return response

    async def memory(request: web.Request) -> web.Response:
        return web.json_response({"kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss})

    app = web.Application(middlewares=[collecting])
    app.router.add_get("/api/memory", memory)
    app.router.add_get("/", hello)
    peer = serve(app=app)
    assert (await peer.ask(target("/api/memory"))).body.startswith(b'{"kib": ')
    await peer.ask(target("/"))
    assert collected == ["/api/memory"]


async def test_every_middleware_sees_what_decorators_left_on_the_handler(serve: Serve) -> None:
    seen: list[Any] = []

    def looking() -> Any:
        @web.middleware
        async def look(request: web.Request, handler: web.Handler) -> web.StreamResponse:
            seen.append(getattr(handler, "role", None))
            return await handler(request)

        return look

    @web.middleware
    async def otherwise_named(request: web.Request, call: web.Handler) -> web.StreamResponse:
        seen.append(getattr(call, "role", None))
        return await call(request)

    async def admin(request: web.Request) -> web.Response:
        return web.Response(text="x")

    async def two(request: web.Request, match_info: Any) -> web.Response:
        return web.Response(text="x")

    class AdminView(web.View):
        role = "admin"

        async def get(self) -> web.Response:
            return web.Response(text="x")

    admin.role = two.role = "admin"  # type: ignore[attr-defined]
    app = web.Application(middlewares=[looking(), otherwise_named, looking()])
    sub = web.Application(middlewares=[looking()])
    for router, prefix in ((app.router, ""), (sub.router, "")):
        router.add_get(f"{prefix}/admin", admin)
        router.add_get(f"{prefix}/two", two)
        router.add_view(f"{prefix}/view", AdminView)
        router.add_get(f"{prefix}/open", hello)
    app.add_subapp("/sub", sub)
    peer = serve(app=app)
    for prefix, count in (("", 3), ("/sub", 4)):
        for name in ("admin", "two", "view"):
            assert (await peer.ask(target(f"{prefix}/{name}"))).body == b"x"
            assert seen == ["admin"] * count
            seen.clear()
        await peer.ask(target(f"{prefix}/open"))
        assert seen == [None] * count
        seen.clear()
