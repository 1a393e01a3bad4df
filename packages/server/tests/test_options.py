"""Options that cannot be are refused where they are given, by their names."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from aiolos_protocol.limits import Limits
from aiolos_server import web
from aiolos_server.server import Server

Serve = Callable[..., Any]


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("client_max_size", "1MB", "a number of bytes, such as .*, not '1MB'"),
        ("client_max_size", -1, "0 or more, not -1; 0 is no bound"),
        ("client_max_size", True, "a number of bytes"),
        ("client_max_fields", "many", "an int or None, not 'many'"),
        ("client_max_cache_size", 1.5, "an int or None, not 1.5"),
        ("client_max_cache_size", -1, "0 or more, not -1"),
        ("lifespan", 5, "an async generator function of the application, not 5"),
    ],
)
def test_an_application_names_the_option_that_cannot_be(option: str, value: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{option} (is|takes) {told}"):
        web.Application(**{option: value})


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("shutdown_timeout", "x", "a number of seconds, not 'x'"),
        ("shutdown_timeout", -1, "0 or more, not -1"),
        ("keepalive_timeout", "x", "a number of seconds, not 'x'"),
        ("keepalive_timeout", None, "a number of seconds, not None"),
        ("head_timeout", math.nan, "0 or more, not nan"),
        ("body_timeout", [], r"a number of seconds, not \[\]"),
        ("limits", {"field": 3}, r"a Limits, not \{'field': 3\}; write .*Limits\("),
        ("max_connections", "x", "an int or None, not 'x'"),
        ("max_connections", 0, "1 or more, not 0; None is no bound"),
        ("access_log", "x", r"a logging.Logger, or None, not 'x'; write logging.getLogger\('x'\)"),
        ("access_log_class", dict, "a subclass of web.AbstractAccessLogger, not <class 'dict'>"),
    ],
)
def test_a_runner_names_the_option_that_cannot_be(option: str, value: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{option} (is|takes) {told}"):
        web.AppRunner(web.Application(), **{option: value})


async def test_a_server_names_the_option_that_cannot_be() -> None:
    async def handler(request: Any) -> web.Response:
        return web.Response()

    with pytest.raises(TypeError, match="^client_max_size is a number of bytes.*'1MB'"):
        Server(handler, client_max_size="1MB")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("shutdown_timeout", None),
        ("shutdown_timeout", 0),
        ("keepalive_timeout", math.inf),
        ("keepalive_timeout", 0.5),
        ("limits", Limits()),
        ("max_connections", None),
        ("max_connections", 1),
        ("max_idle", 0),
        ("client_max_fields", 0),
        ("access_log", None),
        ("access_log", False),
    ],
)
async def test_options_that_can_be(option: str, value: Any) -> None:
    runner = web.AppRunner(web.Application(), **{option: value})
    await runner.setup()
    await runner.cleanup()


@pytest.mark.parametrize("unbounded", [0, None])
async def test_no_client_max_size_is_no_bound(serve: Serve, unbounded: Any) -> None:
    app = web.Application()

    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=str(len((await request.post()).getone("a"))))

    app.router.add_post("/", handler)
    form = b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n%b\r\n--b--" % (b"x" * 1_100_000)
    head = (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: %d\r\n\r\n"
    )
    answer = await serve(app=app, client_max_size=unbounded).ask(head % len(form) + form)
    assert answer.body == b"1100000"


@pytest.mark.parametrize("name", ["on_startup", "on_shutdown", "on_cleanup", "on_response_prepare"])
def test_a_receiver_that_cannot_be_called_is_refused_when_it_is_appended(name: str) -> None:
    app = web.Application()
    with pytest.raises(TypeError, match=f"^{name} takes coroutine functions, not None"):
        getattr(app, name).append(None)


def test_a_context_that_cannot_be_called_is_refused_when_it_is_appended() -> None:
    app = web.Application()
    with pytest.raises(TypeError, match="^cleanup_ctx takes async generator functions .*, not 5"):
        app.cleanup_ctx.append(5)  # type: ignore[arg-type]


def make() -> web.Application:
    return web.Application()


async def make_later() -> web.Application:
    return web.Application()


@pytest.mark.parametrize("factory", [make, make_later])
@pytest.mark.parametrize("serve_it", [web.run_app, web.AppRunner])
def test_a_function_that_makes_an_application_is_to_be_called(
    factory: Any, serve_it: Callable[[Any], object]
) -> None:
    name = factory.__name__
    with pytest.raises(
        TypeError,
        match=rf"not the function {name} \(test_options.py, line \d+\); if .* write {name}\(\)",
    ):
        serve_it(factory)


def test_a_dumps_that_gives_nothing() -> None:
    with pytest.raises(TypeError, match="dumps must return str or bytes, and returned None"):
        web.json_response({}, dumps=lambda data: None)  # type: ignore[arg-type,return-value]


async def test_a_backlog_that_is_none() -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    with pytest.raises(TypeError, match="^backlog is an int, not 'x'"):
        web.TCPSite(runner, "127.0.0.1", 0, backlog="x")  # type: ignore[arg-type]
    await runner.cleanup()


def test_an_option_that_is_unknown_is_told_in_the_words_of_who_was_called() -> None:
    def nothing(text: str) -> None: ...

    app = web.Application()
    for served in (app, hosted):
        with pytest.raises(
            TypeError, match=r"^run_app\(\) has no option 'prot'; did you mean port"
        ):
            web.run_app(served, prot=80, print=nothing)
    with pytest.raises(TypeError, match=r"^AppRunner has no option 'debgu'; did you mean debug\?$"):
        web.AppRunner(app, debgu=True)
    with pytest.raises(TypeError, match="^AppRunner has no option 'zzz'$"):
        web.AppRunner(web.Application(handler_args={"zzz": 1}))
    web.AppRunner(
        app, handle_signals=True, shutdown_timeout=1.0, read_bufsize=9, tcp_keepalive=True
    )


async def hosted(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application."""


def test_run_app_leaves_the_options_of_a_runner_of_somebodys_own() -> None:
    seen: dict[str, Any] = {}

    class Mine(web.Application):
        def runner(self, **options: Any) -> web.AppRunner:
            seen.update(options)
            raise LookupError

    with pytest.raises(LookupError):
        web.run_app(Mine(), colour="red", print=None)
    assert seen["colour"] == "red"


async def test_a_server_names_what_is_no_option() -> None:
    with pytest.raises(TypeError, match=r"^Server\(\) has no option 'limit'; did you mean limits"):
        Server(hosted, limit=3)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"host": 5}, "a host is a str, not 5"),
        ({"host": ["127.0.0.1", 5]}, "a host is a str, not 5"),
        ({"path": 5}, "expected str, bytes or os.PathLike object, not int"),
        ({"sock": "x"}, "sock is a socket that is bound already, not 'x'"),
    ],
)
def test_where_nobody_can_listen(where: Any, told: str) -> None:
    with pytest.raises(TypeError, match=f"^{told}$"):
        web.run_app(web.Application(), print=None, port=None, **where)
