"""TestServer and RawTestServer."""

import ssl
from contextlib import AsyncExitStack
from socket import AddressFamily
from typing import Any

import pytest
import trustme
from aiolos_protocol import siblings
from aiolos_protocol.errors import MissingDistribution
from aiolos_testing import RawTestServer, TestServer, get_port_socket, unused_port
from aiolos_testing.factories import RawServerFactory, ServerFactory
from aiolos_testing.fake import FakeServer
from aiolos_testing.faults import ResetAfter
from yarl import URL


async def test_it_serves_inside_its_block(tiny: Any, fetch: Any) -> None:
    app = tiny()
    async with TestServer(app) as server:
        assert server.started
        assert not server.closed
        assert server.host == "127.0.0.1"
        answer = await fetch(server.make_url("/path?a=b"))
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"\r\n\r\nGET /path?a=b")
        url = server.make_url("/")
    assert server.closed
    assert server.port is None
    assert app.events == ["setup", "cleanup"]
    with pytest.raises(OSError):
        await fetch(url)


async def test_it_listens_where_it_is_told(tiny: Any, fetch: Any) -> None:
    port = unused_port()
    async with TestServer(tiny(), host="localhost", port=port) as server:
        assert server.make_url("/") == URL(f"http://localhost:{port}/")
        assert await fetch(server.make_url("/"))


async def test_the_socket_may_be_the_users_own(tiny: Any) -> None:
    asked: list[Any] = []

    def factory(*arguments: Any) -> Any:
        asked.append(arguments)
        return get_port_socket(*arguments)

    async with TestServer(tiny(), socket_factory=factory) as server:
        assert server.port
    assert asked == [("127.0.0.1", 0, AddressFamily.AF_INET)]


async def test_options_reach_the_runner(tiny: Any) -> None:
    app = tiny()
    server = TestServer(app, keepalive_timeout=3)
    await server.start_server(shutdown_timeout=5)
    assert app.options == {
        "handler_cancellation": True,
        "keepalive_timeout": 3,
        "shutdown_timeout": 5,
    }
    await server.close()
    await server.close()
    assert app.events == ["setup", "cleanup"]


async def test_it_speaks_tls(tiny: Any, fetch: Any) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    server = TestServer(tiny(), host="localhost")
    await server.start_server(ssl=context)
    assert server.scheme == "https"
    assert (await fetch(server.make_url("/"), ssl=trusting)).startswith(b"HTTP/1.1 200")
    await server.close()


async def test_a_start_that_fails_cleans_up(tiny: Any) -> None:
    app = tiny(broken=True)
    server = TestServer(app)
    with pytest.raises(OSError, match="no database"):
        await server.start_server()
    assert app.events == ["setup", "cleanup"]
    assert server.closed


async def test_make_url_takes_paths(tiny: Any) -> None:
    async with TestServer(tiny()) as server:
        root = f"http://127.0.0.1:{server.port}"
        assert server.make_url("") == URL(root)
        assert str(server.make_url("//evil.example/%2f..")) == f"{root}//evil.example/%2F.."
        assert str(server.make_url("///a?b")) == f"{root}/a?b"
        assert str(server.make_url("/a b?q=ü")) == f"{root}/a%20b?q=%C3%BC"
        assert str(server.make_url("?q")) == f"{root}/?q"
        assert str(server.make_url(URL("/a%2Fb", encoded=True))) == f"{root}/a%2Fb"
        with pytest.raises(ValueError, match=r"takes a path like .*, not 'http://example.com/a'"):
            server.make_url("http://example.com/a")
        with pytest.raises(ValueError, match="begins with '/', not 'items'"):
            server.make_url("items")


async def test_make_url_lets_absolute_urls_pass_when_told_to(tiny: Any) -> None:
    async with TestServer(tiny(), skip_url_asserts=True) as server:
        assert server.make_url("http://example.com/a") == URL("http://example.com/a")


async def test_a_server_that_does_not_run_says_what_to_do(tiny: Any) -> None:
    server = TestServer(tiny())
    with pytest.raises(RuntimeError, match="has not been started: write 'async with' before it"):
        server.make_url("/")
    async with server:
        with pytest.raises(RuntimeError, match=r"is running: start_server\(\) comes once"):
            await server.start_server()
    with pytest.raises(RuntimeError, match="is closed; a test server serves once"):
        await server.start_server()
    with pytest.raises(RuntimeError, match="is closed; a test server serves once"):
        server.make_url("/")


def test_what_cannot_be_served_is_refused_at_once() -> None:
    async def handler(request: Any) -> None:
        pass

    with pytest.raises(TypeError, match="RawTestServer takes a handler"):
        TestServer(handler)  # type: ignore[arg-type]


def test_an_application_is_no_handler() -> None:
    class Application:
        router = None

        def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            pass

    with pytest.raises(TypeError, match="takes a handler; an application is TestServer's"):
        RawTestServer(Application())  # type: ignore[arg-type]


async def test_a_raw_server_wraps_its_handler(
    tiny: Any, fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def handler(request: Any) -> None:
        pass

    class Component:
        @staticmethod
        def from_handler(given: Any) -> Any:
            assert given is handler
            return tiny()

    monkeypatch.setitem(siblings._bound, "server", Component)
    async with RawTestServer(handler) as server:
        assert await fetch(server.make_url("/"))


@pytest.mark.usefixtures("absent")
def test_a_raw_server_names_what_to_install() -> None:
    async def handler(request: Any) -> None:
        pass

    with pytest.raises(MissingDistribution, match=r"^RawTestServer needs .*aiolos-server'"):
        RawTestServer(handler)


def test_a_raw_server_takes_a_handler() -> None:
    with pytest.raises(TypeError, match="takes a coroutine function, not 3"):
        RawTestServer(3)  # type: ignore[arg-type]


async def test_the_factories_take_a_test_servers_options(
    tiny: Any, fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Component:
        from_handler = staticmethod(lambda handler: tiny())

    async def handler(request: Any) -> None:
        pass

    monkeypatch.setitem(siblings._bound, "server", Component)
    async with AsyncExitStack() as stack:
        for server in (
            await ServerFactory(stack)(tiny(), transport="memory", keepalive_timeout=3),
            await RawServerFactory(stack)(handler, transport="memory"),
        ):
            assert server.transport == "memory"
        for server in (
            await ServerFactory(stack)(tiny(), faults=[ResetAfter(0)]),
            await RawServerFactory(stack)(handler, faults=[ResetAfter(0)]),
        ):
            with pytest.raises(ConnectionError):
                await fetch(server.make_url("/"))


async def test_without_async_it_says_what_to_write(tiny: Any) -> None:
    async with AsyncExitStack() as stack:
        starting: Any = ServerFactory(stack)(tiny())
        for each in (TestServer(tiny()), FakeServer(), starting):
            with pytest.raises(TypeError, match="'async with', not by 'with'"):
                each.__enter__()
        with pytest.raises(AttributeError, match=r"no 'make_url' before the start: write 'await'"):
            starting.make_url("/")


async def test_a_context_for_tls_may_be_given_beforehand(tiny: Any, fetch: Any) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with TestServer(tiny(), ssl=context) as server:
        assert server.make_url("/").scheme == "https"
        assert (await fetch(server.make_url("/"), ssl=trusting)).startswith(b"HTTP/1.1 200")
    with pytest.raises(ValueError, match="no TLS in memory"):
        await TestServer(tiny(), ssl=context, transport="memory").start_server()
