"""Runners over real sockets: order of starting and ending, TLS, loops, other people's sockets."""

import asyncio
import contextlib
import logging
import signal
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import trustme
from aiolos_protocol.contracts import Runner
from aiolos_server import web

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def test_srv_01_an_application(running: Any, talk: Any, answers: Any) -> None:
    app = web.Application()
    app.router.add_get("/", hello)
    async with running(app) as (_, port, _):
        (answer,) = answers(await talk(port, GET))
    assert (answer.status, answer.body) == (200, b"hello")


async def test_srv_07_the_order_of_an_end(running: Any, answers: Any) -> None:
    told: list[str] = []
    started = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        started.set()
        # Ends only because the server is ending: nothing here waits for time.
        await ending.wait()
        told.append("answered")
        return web.Response(text="slow")

    ending = asyncio.Event()

    async def shutdown(app: web.Application) -> None:
        told.append("shutdown")
        ending.set()

    async def cleanup(app: web.Application) -> None:
        told.append("cleanup")

    app = web.Application()
    app.router.add_get("/", slow)
    app.on_shutdown.append(shutdown)
    app.on_cleanup.append(cleanup)
    async with running(app) as (host, port, runner):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(GET.replace(b"close", b"keep-alive"))
        await started.wait()
        await runner.cleanup()
        (answer,) = answers(await reader.read())
        writer.close()
        with pytest.raises(OSError):
            await asyncio.open_connection(host, port)
    assert told == ["shutdown", "answered", "cleanup"]
    assert answer.body == b"slow"
    assert answer.headers["connection"] == "close"


async def test_a_runner_made_by_hand_knows_what_its_application_wants() -> None:
    app = web.Application(
        client_max_size=5,
        client_max_fields=6,
        client_max_cache_size=7,
        auto_compress=True,
        handler_args={"keepalive_timeout": 8, "shutdown_timeout": 9, "access_log": None},
    )
    for make in (web.AppRunner, web.Application.runner):
        runner = make(app, keepalive_timeout=75.0, shutdown_timeout=60.0, http2=False)
        await runner.setup()
        server: Any = runner.server
        assert (server.client_max_size, server.client_max_fields, server.auto_compress) == (5, 6, 1)
        assert server.idle is not None
        assert server.http2 is False
        # As with aiohttp, handler_args outrank the runner's own.
        assert (server.keepalive_timeout, runner.shutdown_timeout) == (8, 9)
        assert server.log_access is None
        await runner.cleanup()


@pytest.mark.parametrize("setting", [0, 1, "no", "False", "prior-knowledge"])
async def test_http2_is_said_by_true_or_false(setting: Any) -> None:
    runner = web.AppRunner(web.Application(), http2=setting)
    with pytest.raises(TypeError, match=f"http2 takes True or False, not {setting!r}"):
        await runner.setup()


@pytest.mark.parametrize(("setting", "spoken"), [(None, True), (True, True), (False, False)])
async def test_http2_is_spoken_unless_it_is_off(setting: Any, spoken: bool) -> None:
    runner = web.AppRunner(web.Application(), http2=setting)
    await runner.setup()
    assert runner.server is not None
    assert runner.server.http2 is spoken
    await runner.cleanup()


async def test_a_runners_own_options_outrank_the_applications_defaults() -> None:
    runner = web.AppRunner(web.Application(client_max_size=5), client_max_size=6)
    await runner.setup()
    assert runner.server is not None
    assert runner.server.client_max_size == 6
    await runner.cleanup()


async def test_a_runner_takes_the_options_of_aiohttp() -> None:
    logger = logging.getLogger("own")
    runner = web.AppRunner(
        web.Application(),
        read_bufsize=2**18,
        max_line_size=100_000,
        max_field_size=200_000,
        max_headers=5,
        tcp_keepalive=True,
        lingering_time=1.0,
        timeout_ceil_threshold=5,
        logger=logger,
    )
    await runner.setup()
    server = runner.server
    assert server is not None
    assert server.logger is logger
    limits = server.limits
    assert (limits.body_buffer, limits.request_line, limits.field) == (2**19, 100_000, 200_000)
    assert (limits.fields, limits.head) == (5, 300_004)
    await runner.cleanup()


def test_signals_end_the_loop_where_a_runner_handles_them() -> None:
    ended: list[str] = []

    async def main() -> None:
        runner = web.AppRunner(web.Application(), handle_signals=True)
        await runner.setup()
        asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()
            ended.append("in order")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(web.GracefulExit), asyncio.Runner() as loop_runner:
        loop_runner.run(main())
    assert ended == ["in order"]
    assert signal.getsignal(signal.SIGTERM) == before


async def test_cleanup_may_be_repeated_and_needs_no_setup() -> None:
    runner = web.AppRunner(web.Application())
    await runner.cleanup()
    await runner.setup()
    await runner.cleanup()
    await runner.cleanup()
    assert runner.server is None


async def test_a_startup_that_fails() -> None:
    told: list[str] = []

    async def fail(app: web.Application) -> None:
        raise LookupError("no database")

    async def cleanup(app: web.Application) -> None:
        told.append("cleanup")

    app = web.Application()
    app.on_startup.append(fail)
    app.on_cleanup.append(cleanup)
    with pytest.raises(LookupError, match="no database"):
        await app.runner().setup()
    assert not told


async def test_a_runner_takes_an_application() -> None:
    with pytest.raises(TypeError, match="an Application or an ASGI callable, not int"):
        web.AppRunner(7)  # type: ignore[arg-type]


def test_an_app_runner_satisfies_the_contract() -> None:
    runner: Runner = web.Application().runner()
    assert runner


async def test_serving_before_setup() -> None:
    runner = web.Application().runner()
    with pytest.raises(RuntimeError, match="setup"):
        web.TCPSite(runner, "127.0.0.1", 0)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_srv_14_tls(
    running: Any, talk: Any, answers: Any, server_tls: Any, client_tls: Any
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response([request.secure, request.scheme, str(request.url)])

    async with running(handler, ssl=server_tls) as (_, port, _):
        (answer,) = answers(await talk(port, GET, ssl=client_tls))
    assert answer.body == b'[true, "https", "https://a/"]'


async def test_srv_14_a_large_body_over_tls(
    running: Any, talk: Any, answers: Any, server_tls: Any, client_tls: Any
) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 3_000_000)

    async with running(handler, ssl=server_tls) as (_, port, _):
        (answer,) = answers(await talk(port, GET, ssl=client_tls))
    assert len(answer.body) == 3_000_000


async def test_a_malformed_request_over_tls_is_answered(
    running: Any, talk: Any, answers: Any, server_tls: Any, client_tls: Any
) -> None:
    async with running(hello, ssl=server_tls) as (_, port, _):
        (answer,) = answers(await talk(port, b"nonsense\r\n\r\n", ssl=client_tls))
    assert answer.status == 400


async def test_plain_http_on_a_tls_port_harms_nobody(
    running: Any, talk: Any, answers: Any, server_tls: Any, client_tls: Any
) -> None:
    async with running(hello, ssl=server_tls) as (_, port, _):
        with contextlib.suppress(ConnectionError):
            assert not await talk(port, GET)
        (answer,) = answers(await talk(port, GET, ssl=client_tls))
    assert answer.status == 200


async def test_tls_on_a_plain_port_is_answered_and_logged(
    running: Any, client_tls: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(hello) as (host, port, _):
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection(host, port, ssl=client_tls, server_hostname="localhost")
    assert "spoke TLS" in caplog.text


async def test_a_tls_context_without_a_certificate() -> None:
    runner = web.Application().runner()
    await runner.setup()
    with pytest.raises(ValueError, match="load_cert_chain"):
        web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    with pytest.raises(ValueError, match="for a client"):
        web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl.create_default_context())
    await runner.cleanup()


async def test_srv_10_many_connections_in_one_handler(running: Any, answers: Any) -> None:
    inside = 0
    everybody = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        nonlocal inside
        inside += 1
        if inside == 400:
            everybody.set()
        await everybody.wait()
        return web.Response(text="all here")

    async def one() -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(GET)
        data = await reader.read()
        writer.close()
        return data

    async with running(handler, shutdown_timeout=0) as (host, port, _):
        got = await asyncio.gather(*(one() for _ in range(400)))
    assert {answers(data)[0].body for data in got} == {b"all here"}


async def test_srv_20_waiting_handlers_do_not_hold_up_others(
    running: Any, talk: Any, answers: Any
) -> None:
    release = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        await release.wait()
        return web.Response(text="slow")

    app = web.Application()
    app.router.add_get("/slow", slow)
    app.router.add_get("/", hello)
    async with running(app) as (_, port, _):
        waiting = asyncio.ensure_future(talk(port, GET.replace(b"GET /", b"GET /slow")))
        assert answers(await talk(port, GET))[0].body == b"hello"
        assert not waiting.done()
        release.set()
        assert answers(await waiting)[0].body == b"slow"


@pytest.mark.parametrize("factory", ["asyncio", "uvloop", "debug"])
def test_srv_15_any_loop_that_the_caller_owns(
    running: Any, talk: Any, answers: Any, factory: str
) -> None:
    import uvloop

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0)
        return web.Response(body=await request.read())

    post = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\n"

    async def main() -> bytes:
        async with running(slow) as (_, port, _):
            for _ in range(3):
                (answer,) = answers(await talk(port, post, b"abc"))
            return bytes(answer.body)

    loop = uvloop.new_event_loop() if factory == "uvloop" else asyncio.new_event_loop()
    loop.set_debug(factory == "debug")
    try:
        assert loop.run_until_complete(main()) == b"abc"
    finally:
        loop.close()


@pytest.mark.parametrize("size", [100, 100_000])
async def test_write_without_await_then_drain(
    running: Any, talk: Any, answers: Any, size: int
) -> None:
    """RSP-07 on a real socket: order is kept, and drain() waits for the reader."""
    waited: list[bool] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(100):
            response.write(b"%d" % (number % 10) * size)
        await response.drain()
        transport: Any = request.transport
        _, high = transport.get_write_buffer_limits()
        waited.append(transport.get_write_buffer_size() <= high)
        return response

    async with running(handler) as (_, port, _):
        (answer,) = answers(await talk(port, GET))
    assert answer.body == b"".join(b"%d" % (number % 10) * size for number in range(100))
    assert waited == [True]


@pytest.mark.parametrize("leave", ["abort", "close"])
async def test_a_lost_client_is_raised_at_the_next_await(
    running: Any, caplog: pytest.LogCaptureFixture, leave: str
) -> None:
    raised: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                response.write(b"x" * 10_000)
                await response.drain()
                await asyncio.sleep(0)
        except BaseException as error:
            raised.set_result(error)
            raise

    async with running(handler) as (host, port, _):
        _, writer = await asyncio.open_connection(host, port)
        writer.write(GET)
        getattr(writer.transport, leave)()
        error = await raised
    assert isinstance(error, ConnectionResetError)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_server_of_the_users_own(talk: Any, answers: Any, running: Any) -> None:
    async with running(hello) as (_, _, first):
        runner = web.ServerRunner(first.server)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        (answer,) = answers(await talk(site.port, GET))
        await runner.cleanup()
    assert answer.body == b"hello"


Talk = Callable[..., Any]
