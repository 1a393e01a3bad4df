"""Where a runner listens."""

import asyncio
import math
import os
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiolos_server import web
from aiolos_server.tls import listening_options

GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture
async def runner() -> Any:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = app.runner()
    await runner.setup()
    yield runner
    await runner.cleanup()


async def test_tcp_with_a_free_port(runner: Any, talk: Any) -> None:
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site.port
    assert site.name == f"http://127.0.0.1:{site.port}"
    assert runner.addresses == [("127.0.0.1", site.port)]
    assert (await talk(site.port, GET)).endswith(b"hello")


async def test_a_site_that_does_not_listen_is_not_stopped(runner: Any) -> None:
    site = web.TCPSite(runner, "127.0.0.1", 0)
    with pytest.raises(RuntimeError, match="start"):
        await site.stop()
    await site.start()
    await site.stop()
    with pytest.raises(RuntimeError, match="once"):
        await site.stop()


async def test_stopping_a_site_leaves_the_others(runner: Any, talk: Any) -> None:
    one, other = web.TCPSite(runner, "127.0.0.1", 0), web.TCPSite(runner, "127.0.0.1", 0)
    await one.start()
    await other.start()
    port = one.port
    assert runner.sites == {one, other}
    await one.stop()
    with pytest.raises(OSError):
        await talk(port, GET)
    assert (await talk(other.port, GET)).endswith(b"hello")
    assert runner.sites == {other}


async def test_a_site_has_no_timeout_of_its_own(runner: Any) -> None:
    with pytest.warns(DeprecationWarning, match="give shutdown_timeout to the runner"):
        site = web.TCPSite(runner, "127.0.0.1", 0, shutdown_timeout=60.0)
    await site.start()


async def test_starting_twice(runner: Any) -> None:
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    with pytest.raises(RuntimeError, match="started already"):
        await site.start()


async def test_an_address_in_use(runner: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        site = web.TCPSite(runner, "127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await site.start()
    assert not runner.sites


@pytest.mark.parametrize("port", [-1, 65536, 1_000_000])
async def test_a_port_out_of_range(runner: Any, port: int) -> None:
    with pytest.raises(ValueError, match=f"a port is 0 to 65535, not {port}"):
        web.TCPSite(runner, "127.0.0.1", port)


async def test_a_port_that_is_text(runner: Any) -> None:
    with pytest.raises(TypeError, match="a port is an int, not '80'"):
        web.TCPSite(runner, "127.0.0.1", "80")  # type: ignore[arg-type]


def test_default_ports() -> None:
    async def main() -> list[str]:
        runner = web.Application().runner()
        await runner.setup()
        names = [web.TCPSite(runner).name]
        await runner.cleanup()
        return names

    assert asyncio.run(main()) == ["http://0.0.0.0:8080"]


async def unix(path: Path) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(GET)
    data = await reader.read()
    writer.close()
    return data


async def test_a_unix_socket(runner: Any, tmp_path: Path) -> None:
    path = tmp_path / "server.sock"
    site = web.UnixSite(runner, path)
    await site.start()
    assert site.name == f"http://unix:{path}:"
    assert (await unix(path)).endswith(b"hello")
    await site.stop()
    assert not path.exists()


async def test_a_unix_socket_left_behind_is_replaced(runner: Any, tmp_path: Path) -> None:
    path = tmp_path / "server.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    await web.UnixSite(runner, path).start()
    assert (await unix(path)).endswith(b"hello")


async def test_a_unix_path_that_is_no_socket(runner: Any, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(FileExistsError, match="precious"):
        await web.UnixSite(runner, path).start()
    with pytest.raises(FileExistsError):
        await web.UnixSite(runner, tmp_path).start()
    assert path.read_text() == "data"


@pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"])
def test_a_handshake_that_does_not_come_ends_with_the_time_for_a_head(loop_name: str) -> None:
    import uvloop

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    async def main() -> bytes:
        runner = web.Application().runner(head_timeout=0.05)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        # By default loops wait for 60 seconds.
        came = await asyncio.wait_for(reader.read(), 30)
        writer.close()
        await runner.cleanup()
        return came

    factory = uvloop.new_event_loop if loop_name == "uvloop" else asyncio.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        assert runner.run(main()) == b""


@pytest.mark.parametrize("head_timeout", [0.0, math.inf])
async def test_no_time_for_a_head_leaves_the_handshakes_to_the_loop(head_timeout: float) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    assert listening_options(context, head_timeout) == {"ssl": context}
    assert listening_options(None, 30.0) == {"ssl": None}


async def test_a_socket_of_the_users_own(runner: Any, talk: Any) -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    site = web.SockSite(runner, sock)
    assert site.name == f"http://127.0.0.1:{port}"
    await site.start()
    assert (await talk(port, GET)).endswith(b"hello")


async def test_ipv6(runner: Any) -> None:
    try:
        probe = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        # A machine without IPv6 has no such address to listen at.
        with pytest.raises(OSError):
            await web.TCPSite(runner, "::1", 0).start()
        return
    probe.close()
    site = web.TCPSite(runner, "::1", 0)
    await site.start()
    assert site.name == f"http://[::1]:{site.port}"
    reader, writer = await asyncio.open_connection("::1", site.port)
    writer.write(GET)
    assert (await reader.read()).endswith(b"hello")
    writer.close()


async def test_a_named_pipe_needs_a_loop_that_has_them(runner: Any) -> None:
    with pytest.raises(RuntimeError, match="ProactorEventLoop"):
        web.NamedPipeSite(runner, r"\\.\pipe\name")


class PipeLoop(asyncio.SelectorEventLoop):
    """A loop whose pipes are UNIX sockets, for what a site does with them."""

    async def start_serving_pipe(self, factory: Any, address: str) -> list[Any]:
        return [await self.create_unix_server(factory, address)]


def test_a_named_pipe(tmp_path: Path) -> None:
    async def main() -> None:
        app = web.Application()
        runner = app.runner()
        await runner.setup()
        site = web.NamedPipeSite(runner, str(tmp_path / "pipe"))
        await site.start()
        assert site.name == str(tmp_path / "pipe")
        reader, writer = await asyncio.open_unix_connection(site.name)
        writer.write(GET)
        assert (await reader.read()).startswith(b"HTTP/1.1 404")
        writer.close()
        await runner.cleanup()
        with pytest.raises(OSError):
            await asyncio.open_unix_connection(site.name)

    with asyncio.Runner(loop_factory=PipeLoop) as loops:
        loops.run(main())


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux' own")
async def test_an_abstract_unix_socket(runner: Any) -> None:
    name = f"\0aiolos-{os.getpid()}"
    site = web.UnixSite(runner, name)
    await site.start()
    reader, writer = await asyncio.open_unix_connection(name)
    writer.write(GET)
    assert (await reader.read()).endswith(b"hello")
    writer.close()
    await site.stop()


async def test_a_site_of_ones_own(runner: Any, talk: Any) -> None:
    """As programs write it for aiohttp's BaseSite."""

    class Own(web.BaseSite):
        @property
        def name(self) -> str:
            return "http://own"

        async def start(self) -> None:
            await super().start()
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._runner.server, "127.0.0.1", 0)

    site = Own(runner)
    await site.start()
    assert runner.sites == {site}
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]
    assert (await talk(port, GET)).endswith(b"hello")
    await site.stop()
    assert runner.sites == set()
    with pytest.raises(OSError):
        await talk(port, GET)
