"""How long things may take; the loop's time is wound, nothing sleeps."""

import asyncio
import socket

import aiolos_client
import pytest
from aiolos_client import ClientTimeout

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"


async def turns(count=20):
    for _ in range(count):
        await asyncio.sleep(0)


async def pass_slowly(wind, seconds):
    """As much time as `seconds`, and one look more, in steps in which everybody may look."""
    for _ in range(11):
        wind(seconds / 8)
        await turns()


async def until_asked(peer, count=1):
    while len(peer.requests) < count:
        await asyncio.sleep(0)


async def test_cli_03_total_ends_a_wait(talk, wind):
    async with talk(b"") as (peer, session):
        timeout = ClientTimeout(total=30, connect=5, sock_connect=5, sock_read=None)
        asked = asyncio.ensure_future(session.get("/x", timeout=timeout))
        await until_asked(peer)
        wind(30)
        with pytest.raises(asyncio.TimeoutError, match=r"GET .*/x: took longer than total=30 s"):
            await asked


async def test_cli_03_the_sessions_bound(talk, wind):
    async with talk(b"", timeout=ClientTimeout(total=7)) as (peer, session):
        assert session.timeout.total == 7
        asked = asyncio.ensure_future(session.get("/"))
        await until_asked(peer)
        wind(7)
        with pytest.raises(TimeoutError, match="total=7"):
            await asked


@pytest.mark.parametrize("of_session", [True, False])
async def test_a_number_is_the_time_in_total(talk, wind, of_session):
    options = {"timeout": 7}
    async with talk(b"", **(options if of_session else {})) as (peer, session):
        asked = asyncio.ensure_future(session.get("/", **({} if of_session else options)))
        await until_asked(peer)
        wind(7)
        with pytest.raises(TimeoutError, match="total=7"):
            await asked


@pytest.mark.parametrize("bound", [0.5, 7])
async def test_cli_03_total_ends_what_is_read_slowly(talk, wind, bound):
    async with talk(HEAD + b"begun") as (_, session):
        async with session.get("/", timeout=ClientTimeout(total=bound)) as response:
            assert await response.content.read(1) == b"b"
            wind(bound)
            await turns()
            with pytest.raises(TimeoutError, match=f"total={bound:g}"):
                await response.content.read(1)


@pytest.mark.parametrize("bound", [0.5, 5])
async def test_cli_04_silence_in_the_body(talk, wind, bound):
    async with talk(HEAD + b"begun") as (_, session):
        timeout = ClientTimeout(sock_read=bound)
        async with session.get("/", timeout=timeout) as response:
            reading = asyncio.ensure_future(response.read())
            await pass_slowly(wind, bound)
            words = f"sock_read={bound:g} s, waiting for the body"
            with pytest.raises(aiolos_client.ServerTimeoutError, match=words) as caught:
                await reading
            assert isinstance(caught.value, (TimeoutError, aiolos_client.ClientError))
            assert isinstance(caught.value, aiolos_client.SocketTimeoutError)


@pytest.mark.parametrize("bound", [0.5, 5])
async def test_cli_04_silence_before_the_head(talk, wind, bound):
    async with talk(b"") as (peer, session):
        asked = asyncio.ensure_future(session.get("/", timeout=ClientTimeout(sock_read=bound)))
        await until_asked(peer)
        wind(bound * 1.01)
        with pytest.raises(
            aiolos_client.SocketTimeoutError, match="waiting for the response's head"
        ):
            await asked


@pytest.mark.parametrize("bound", [0.4, 4])
async def test_what_comes_in_time_is_no_silence(peer, wind, bound):
    async with peer(HEAD) as server, aiolos_client.ClientSession(server.url) as session:
        async with session.get("/", timeout=ClientTimeout(sock_read=bound)) as response:
            for _ in range(5):
                wind(bound * 0.6)
                await turns()
                server.writer.write(b"x")
                assert await response.content.read(1) == b"x"
            await pass_slowly(wind, bound)
            with pytest.raises(aiolos_client.SocketTimeoutError):
                await response.content.read(1)


async def test_a_reader_that_takes_its_time_is_not_the_servers_fault(talk, wind):
    size = 4_000_000
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    async with talk(head + bytes(size)) as (_, session):
        async with session.get("/", timeout=ClientTimeout(sock_read=2)) as response:
            await response.content.read(1)
            await turns()
            for _ in range(20):
                wind(1)
                await asyncio.sleep(0.001)
            assert len(await response.read()) == size - 1


async def test_an_upload_that_takes_its_time_is_no_silence(talk, wind):
    gate = asyncio.Event()

    async def pieces():
        yield b"1"
        await gate.wait()
        yield b"2"

    async with talk() as (_, session):
        asked = asyncio.ensure_future(
            session.put("/", data=pieces(), timeout=ClientTimeout(sock_read=2))
        )
        await turns()
        for _ in range(10):
            wind(1)
            await turns()
        assert not asked.done()
        gate.set()
        async with await asked as response:
            assert await response.text() == "ok"


async def test_a_body_of_bytes_that_is_taken_slowly_is_no_silence(wind):
    gate = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await gate.wait()
        await reader.readexactly(20_000_000)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with aiolos_client.ClientSession() as session:
        timeout = ClientTimeout(sock_read=2)
        asked = asyncio.ensure_future(
            session.put(f"http://127.0.0.1:{port}/", data=bytes(20_000_000), timeout=timeout)
        )
        await turns()
        for _ in range(10):
            wind(1)
            await turns()
        assert not asked.done()
        gate.set()
        async with await asked as response:
            assert await response.text() == "ok"
    server.close()
    await server.wait_closed()


async def test_cli_05_connect_counts_the_wait_for_a_place(talk, wind):
    async with talk(b"", connector=aiolos_client.TCPConnector(limit=1)) as (peer, session):
        first = asyncio.ensure_future(session.get("/"))
        await until_asked(peer)
        second = asyncio.ensure_future(session.get("/", timeout=ClientTimeout(connect=5)))
        await turns()
        wind(5)
        words = r"became free within connect=5 s: 1 are in use \(limit=1\)"
        with pytest.raises(aiolos_client.ConnectionTimeoutError, match=words):
            await second
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        async with session.get("/") as response:
            assert await response.text() == "ok"


class Nowhere(aiolos_client.AbstractResolver):
    """Knows nothing, and takes for ever to say so."""

    async def resolve(self, host, port=0, family=0):
        await asyncio.get_running_loop().create_future()

    async def close(self):
        pass


@pytest.mark.parametrize(
    ("timeout", "kind", "words"),
    [
        ({"connect": 3}, aiolos_client.ConnectionTimeoutError, "within connect=3 s"),
        ({"total": 3}, TimeoutError, "total=3 s, connecting to host nowhere.example:80"),
    ],
)
async def test_dialling_is_bounded(wind, timeout, kind, words):
    connector = aiolos_client.TCPConnector(resolver=Nowhere())
    async with aiolos_client.ClientSession(connector=connector) as session:
        asked = asyncio.ensure_future(
            session.get("http://nowhere.example/", timeout=ClientTimeout(**timeout))
        )
        await turns()
        wind(3)
        with pytest.raises(kind, match=words) as caught:
            await asked
        assert connector.open_connections == 0
        assert isinstance(caught.value, aiolos_client.ClientError) is (kind is not TimeoutError)


async def test_total_counts_redirections(talk, wind):
    to = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n"
    async with talk(to, b"") as (peer, session):
        asked = asyncio.ensure_future(session.get("/a", timeout=ClientTimeout(total=10)))
        await until_asked(peer, 2)
        wind(10)
        with pytest.raises(TimeoutError, match=r"/b: took longer than total=10"):
            await asked


async def test_total_counts_what_middlewares_wait_for(talk, wind):
    async def slow(request, handler):
        await asyncio.get_running_loop().create_future()

    async with talk(middlewares=[slow]) as (_, session):
        asked = asyncio.ensure_future(session.get("/", timeout=ClientTimeout(total=10)))
        await turns()
        wind(10)
        with pytest.raises(TimeoutError, match=r"GET .* took longer than total=10"):
            await asked


@pytest.mark.parametrize("total", [0.5, 5])
async def test_nothing_is_left_of_a_bound_that_was_kept(talk, wind, total):
    async with talk() as (peer, session):
        async with session.get("/", timeout=ClientTimeout(total=total)) as response:
            await response.read()
        wind(total * 1.5)
        await turns()
        async with session.get("/") as response:
            assert await response.text() == "ok"
        assert peer.connections == 1


@pytest.mark.parametrize("phase", ["dialling", "waiting", "head", "body"])
async def test_cancelling_is_never_swallowed(talk, phase):
    connector = aiolos_client.TCPConnector(limit=1, resolver=Nowhere())
    answers = {"dialling": (), "body": (HEAD,)}.get(phase, (b"",))
    async with talk(*answers, connector=connector) as (peer, session):
        url = "http://nowhere.example/" if phase == "dialling" else "/"

        async def ask():
            async with session.get(url, timeout=ClientTimeout(total=9)) as response:
                await response.read()

        asked = [asyncio.ensure_future(ask())]
        if phase != "dialling":
            await until_asked(peer)
        if phase == "waiting":
            asked.append(asyncio.ensure_future(ask()))
        await turns()
        for each in reversed(asked):
            each.cancel()
            with pytest.raises(asyncio.CancelledError):
                await each
        await turns()
        assert connector.open_connections == 0
        async with session.get("/") as response:
            assert await response.text() == "ok"


@pytest.mark.parametrize("http2", [False, None])
async def test_dialling_is_bounded_tls_included_and_names_not(wind, http2):
    class Slow(aiolos_client.AbstractResolver):
        async def resolve(self, host, port=0, family=0):
            await known.wait()
            return [
                {
                    "hostname": host,
                    "host": "127.0.0.1",
                    "port": port,
                    "family": socket.AF_INET,
                    "proto": 6,
                    "flags": 0,
                }
            ]

        async def close(self):
            pass

    known = asyncio.Event()
    connector = aiolos_client.TCPConnector(resolver=Slow(), http2=http2)
    timeout = ClientTimeout(sock_connect=3)
    # Connections are accepted by the system, and nobody speaks TLS.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with aiolos_client.ClientSession(connector=connector, timeout=timeout) as session:
            asked = asyncio.ensure_future(session.get(f"https://silent.example:{port}/"))
            await turns()
            wind(10)
            await turns()
            assert not asked.done()
            known.set()
            await turns()
            accepted, _ = silent.accept()
            with accepted:
                await turns()
                wind(3)
                with pytest.raises(
                    aiolos_client.ConnectionTimeoutError, match="within sock_connect=3 s"
                ):
                    await asked
            assert connector.open_connections == 0


async def test_no_bound(talk):
    for seconds in (None, 0, -1, -0.5):
        timeout = ClientTimeout(
            total=seconds, connect=seconds, sock_connect=seconds, sock_read=seconds
        )
        async with talk(HEAD + b"123456789") as (_, session):
            async with session.get("/", timeout=timeout) as response:
                assert await response.text() == "123456789"


@pytest.mark.parametrize("name", ["total", "connect", "sock_connect", "sock_read"])
def test_a_bound_that_is_no_number(name):
    with pytest.raises(ValueError, match=f"ClientTimeout.{name} takes seconds, not NaN"):
        ClientTimeout(**{name: float("nan")})


@pytest.mark.parametrize("waits_in", ["middleware", "resolver"])
async def test_a_timer_that_fires_early_tells_the_bound(talk, monkeypatch, waits_in):
    # Those of uvloop do, by less than a millisecond; these by a tenth of a second.
    async def forever(*args, **options):
        await asyncio.Event().wait()

    options = {}
    if waits_in == "middleware":
        options["middlewares"] = (forever,)
    else:
        options["connector"] = aiolos_client.TCPConnector()
        monkeypatch.setattr(aiolos_client.ThreadedResolver, "resolve", forever)
    async with talk(**options) as (peer, session):
        monkeypatch.setattr(asyncio.get_running_loop(), "_clock_resolution", 0.1)
        url = peer.url.replace("127.0.0.1", "name.example")
        with pytest.raises(TimeoutError, match="took longer than total=0.1 s"):
            await session.get(url, timeout=0.1)
