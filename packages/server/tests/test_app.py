"""Application: a mapping, signals, and when it is closed for changes."""

import asyncio
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_server import web

Serve = Callable[..., Any]
Running = Callable[..., Any]


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


def target(path: str, method: str = "GET") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


async def test_srv_01_an_application(serve: Serve) -> None:
    app = web.Application()
    app.router.add_get("/", hello)
    answer = await serve(app=app).ask(target("/"))
    assert (answer.status, answer.body) == (200, b"hello")


def test_a_mapping() -> None:
    app = web.Application()
    key = web.AppKey("key", int)
    app["db"] = "pool"
    app[key] = 7
    assert app["db"] == "pool"
    assert app[key] == 7
    assert app.get("db") == "pool"
    assert app.get("none", 1) == 1
    assert len(app) == 2
    assert list(app) == ["db", key]
    assert "db" in app
    del app["db"]
    assert "db" not in app
    with pytest.raises(KeyError):
        app["db"]


def test_an_application_is_true_and_equal_only_to_itself() -> None:
    app = web.Application()
    assert app
    assert app == app
    assert app != web.Application()
    assert {app: 1}[app] == 1


def test_wrn_01_str_keys_give_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        app = web.Application()
        app["db"] = 1
        app.freeze()
        assert app["db"] == 1
    assert issubclass(web.NotAppKeyWarning, UserWarning)


def test_changing_a_started_application() -> None:
    app = web.Application()
    app["db"] = 1
    app.freeze()
    app.freeze()
    assert app.frozen
    with pytest.warns(DeprecationWarning, match="started"):
        app["db"] = 2
    with pytest.warns(DeprecationWarning, match="started"):
        del app["db"]
    for signal in (app.on_startup, app.on_shutdown, app.on_cleanup, app.on_response_prepare):
        with pytest.raises(RuntimeError):
            signal.append(hello)
    with pytest.raises(RuntimeError):
        app.middlewares.append(hello)
    with pytest.raises(RuntimeError, match="started"):
        app.router.add_get("/", hello)


async def test_sig_01_the_order_of_signals(running: Running, talk: Any) -> None:
    seen: list[str] = []

    def noting(word: str) -> Any:
        async def note(app: web.Application) -> None:
            seen.append(word)

        return note

    async def handler(request: web.Request) -> web.Response:
        seen.append("request")
        return web.Response()

    app = web.Application()
    app.router.add_get("/", handler)
    app.on_startup.append(noting("startup"))
    app.on_startup.append(noting("startup 2"))
    app.on_shutdown.append(noting("shutdown"))
    app.on_cleanup.append(noting("cleanup"))
    async with running(app) as (_, port, _runner):
        await talk(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert seen == ["startup", "startup 2", "request", "shutdown", "cleanup"]


async def test_values_may_be_set_at_start_up(running: Running) -> None:
    async def connect(app: web.Application) -> None:
        app["session"] = "open"
        app.router.add_get("/late", hello)

    app = web.Application()
    app.on_startup.append(connect)
    async with running(app):
        assert app["session"] == "open"


async def test_on_response_prepare(serve: Serve) -> None:
    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["X-Path"] = request.path

    app = web.Application()
    app.router.add_get("/x", hello)
    app.on_response_prepare.append(sign)
    peer = serve(app=app)
    assert (await peer.ask(target("/x"))).headers["x-path"] == "/x"
    assert (await peer.ask(target("/nowhere"))).headers["x-path"] == "/nowhere"


async def test_the_bound_on_bodies(serve: Serve) -> None:
    app = web.Application(client_max_size=3)
    assert app.runner() is not None


def test_add_routes() -> None:
    app = web.Application()
    (route,) = app.add_routes([web.get("/x", hello)])
    assert route.handler is hello
    assert "Application" in repr(app)


def test_rte_16_decorators_of_the_application(found: Any) -> None:
    app = web.Application()
    app["db"] = "pool"
    for verb in ("head", "options", "post", "put", "patch", "delete"):
        assert getattr(app, verb)(f"/{verb}", name=verb)(hello) is hello
        assert found(app.router, f"/{verb}", verb.upper()).route.name == verb
    assert app.get("/users", name="users")(hello) is hello
    assert app.get("/plain")(hello) is hello
    assert app.view("/view")(hello) is hello
    assert app.route("PURGE", "/purge")(hello) is hello
    assert found(app.router, "/users", "HEAD").route.name == "users"
    assert found(app.router, "/plain").route.handler is hello
    assert found(app.router, "/purge", "PURGE").route.handler is hello
    # It is still a mapping.
    assert app.get("db") == "pool"
    assert app.get("other") is None
    assert app.get(web.AppKey("key", str), "default") == "default"


def test_what_aiohttp_takes() -> None:
    router = web.UrlDispatcher()
    app = web.Application(
        router=router, handler_args={"keepalive_timeout": 5}, debug=True, middlewares=()
    )
    assert app.router is router
    assert app.debug
    assert not app.pre_frozen


async def test_the_loop_is_the_running_one() -> None:
    assert web.Application().loop is asyncio.get_running_loop()


async def test_make_handler(answers: Any) -> None:
    from aiolos_protocol.testkit import connected

    app = web.Application()
    app.router.add_get("/", hello)
    server = app.make_handler(access_log=None)
    assert app.frozen
    transport = connected(server.loop, server())
    server.loop.call_soon(transport.receive, target("/"))
    for _ in range(5):
        await asyncio.sleep(0)
    (answer,) = answers(transport.take())
    assert answer.body == b"hello"
    await server.shutdown(0)


async def test_a_bad_middleware_does_not_leave_the_application_started(running: Running) -> None:
    seen: list[str] = []

    async def start(app: web.Application) -> None:
        app.middlewares.append("wrong")
        seen.append("started")

    async def stop(app: web.Application) -> None:
        seen.append("cleaned up")

    app = web.Application()
    app.on_startup.append(start)
    app.on_cleanup.append(stop)
    with pytest.raises(TypeError, match="middleware"):
        async with running(app):
            pass
    assert seen == ["started", "cleaned up"]


async def test_what_is_added_behind_a_freeze_put_away_has_its_middlewares(
    serve: Serve, tmp_path: Any
) -> None:
    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        response: web.StreamResponse = await handler(request)
        response.headers["Guarded"] = str(request.app is app)
        return response

    async def sign(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Signed"] = "1"

    inner = web.Application()
    inner.router.add_get("/early", hello)
    app = web.Application(middlewares=[guard])
    app.on_response_prepare.append(sign)
    files = app.router.add_static("/files", tmp_path)
    app.router.add_get("/early", hello)
    app.add_subapp("/inner", inner)
    app.router.freeze = lambda: None  # type: ignore[method-assign]
    peer = serve(app=app)
    app.router.add_get("/late", hello)
    app.router.add_get("/late/{name}", hello)
    app.router.add_post("/early", hello)
    app.router.add_resource("/more").add_route("GET", hello)
    app.router.add_static("/others", tmp_path).set_options_route(hello)
    files.set_options_route(hello)
    for path, method in (
        ("/early", "GET"),
        ("/late", "GET"),
        ("/late/x", "GET"),
        ("/early", "POST"),
        ("/more", "GET"),
        ("/others/file", "OPTIONS"),
        ("/files/file", "OPTIONS"),
        ("/inner/early", "GET"),
    ):
        answer = await peer.ask(target(path, method))
        assert answer.status == 200, path
        assert answer.headers["guarded"] == "True", path
        assert answer.headers["signed"] == "1", path


async def test_a_resource_takes_routes_while_its_application_runs(serve: Serve) -> None:
    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        response: web.StreamResponse = await handler(request)
        response.headers["Guarded"] = str(request.app is app)
        return response

    app = web.Application(middlewares=[guard])
    resources = [app.router.add_resource(path) for path in ("/plain", "/named/{name}")]
    for each in resources:
        each.add_route("GET", hello)
    peer = serve(app=app)
    for resource, path in zip(resources, ("/plain", "/named/x"), strict=True):
        answer = await peer.ask(target(path, "PUT"))
        assert (answer.status, answer.headers["allow"]) == (405, "GET")
        resource.add_route("PUT", hello)
        for method in ("GET", "PUT"):
            answer = await peer.ask(target(path, method))
            assert (answer.status, answer.headers["guarded"]) == (200, "True")


async def test_what_is_added_late_may_come_before_a_sub_application(serve: Serve) -> None:
    async def outer(request: web.Request) -> web.Response:
        return web.Response(text="outer")

    inner = web.Application()
    inner.router.add_get("/a/b", hello)
    app = web.Application()
    app.add_subapp("/inner", inner)
    app.router.freeze = lambda: None  # type: ignore[method-assign]
    peer = serve(app=app)
    assert (await peer.ask(target("/inner/a/b"))).body == b"hello"
    app.router.add_get("/inner/a/{b}", outer)
    assert (await peer.ask(target("/inner/a/b"))).body == b"outer"


async def test_srv_18_logs_go_through_the_logging_tree(running: Running, talk: Any) -> None:
    import io
    import logging

    stream = io.StringIO()
    root = logging.getLogger()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))

    async def broken(request: web.Request) -> web.Response:
        raise KeyError("oops")

    app = web.Application()
    app.router.add_get("/", broken)
    logging.getLogger("aiolos").setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        async with running(app) as (_, port, _):
            await talk(port, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    finally:
        root.removeHandler(handler)
    lines = stream.getvalue()
    assert "aiolos.access " in lines
    assert "GET / HTTP/1.1" in lines
    assert "aiolos.web Error handling request GET /" in lines
    assert "KeyError: 'oops'" in lines


async def test_srv_13_error_pages_escape_what_the_client_sent(serve: Serve) -> None:
    app = web.Application()
    app.router.add_get("/", hello)
    peer = serve(app=app)
    for request in (
        target("/%3Cscript%3Ealert(1)%3C/script%3E"),
        target("/<script>alert(1)</script>"),
        target("/", "<SCRIPT>"),
    ):
        answer = await serve(app=app).ask(request)
        assert answer.status >= 400
        assert b"<script" not in answer.body.lower()
        assert answer.headers["content-type"].startswith("text/plain")
    assert (await peer.ask(target("/"))).status == 200


def test_one_middleware_is_no_list() -> None:
    async def middleware(request: web.Request, handler: Any) -> web.StreamResponse:
        return await handler(request)

    with pytest.raises(TypeError, match="middlewares takes a list of functions, not <function"):
        web.Application(middlewares=middleware)  # type: ignore[arg-type]


def test_what_is_missing_is_told_with_what_there_is() -> None:
    app = web.Application()
    with pytest.raises(KeyError, match="has no 'zz', but nothing; .* request.config_dict"):
        app["zz"]
    app["db"] = 1
    with pytest.raises(KeyError, match="has no 'zz', but 'db';"):
        app["zz"]
    app.update({str(number): number for number in range(12)})
    with pytest.raises(KeyError, match="'7', '8' and 3 more;"):
        app["zz"]
    assert "zz" not in app
    assert "db" in app
    assert app.pop("zz", 3) == 3


def test_an_application_is_no_part_of_itself() -> None:
    app = web.Application()
    with pytest.raises(RuntimeError, match="cannot be a sub-application of itself"):
        app.add_subapp("/a", app)
    with pytest.raises(RuntimeError, match="cannot be a sub-application of itself"):
        app.add_domain("example.com", app)
    other = web.Application()
    app.add_subapp("/b", other)
    with pytest.raises(RuntimeError, match="has been started, or is one already"):
        app.add_subapp("/c", other)
