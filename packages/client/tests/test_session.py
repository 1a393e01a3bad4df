"""ClientSession: what is sent, what comes back, and how it ends."""

import asyncio
import gc
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import aiolos_client
import pytest
from aiolos_client import ClientSession, ClientTimeout
from aiolos_protocol.testkit import MemoryTransport, ScriptedPeer
from yarl import URL

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_a_get_is_one_head(talk):
    async with talk() as (peer, session):
        async with session.get("/a?b=c") as response:
            assert (response.status, response.reason) == (200, "OK")
            assert await response.text() == "ok"
        authority = peer.url.removeprefix("http://")
    lines = peer.requests[0].decode().split("\r\n")
    assert lines[:2] == ["GET /a?b=c HTTP/1.1", f"Host: {authority}"]
    assert "Accept: */*" in lines
    assert lines[-2:] == ["", ""]
    assert "Content-Length" not in peer.requests[0].decode()


async def test_a_response_that_is_false_is_one(talk):
    class Own(aiolos_client.ClientResponse):
        made = 0

        def __init__(self, *received):
            super().__init__(*received)
            Own.made += 1

        def __bool__(self):
            return False

    async with talk(OK, OK, response_class=Own) as (peer, session):
        for _ in range(2):
            async with session.get("/") as response:
                assert await response.read() == b"ok"
        assert (Own.made, peer.connections) == (2, 1)


async def test_cli_01_verbs_and_json(peer):
    value = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
    gone = b"HTTP/1.1 204 No Content\r\n\r\n"
    async with peer(value + b'{"a": [1]', value + b'{"a":[1]}', OK, gone) as server:
        async with ClientSession() as session:
            async with session.get(f"{server.url}/broken") as response:
                with pytest.raises(ValueError, match="Expecting"):
                    await response.json()
            async with session.post(f"{server.url}/items", json={"name": "x"}) as response:
                assert await response.json() == {"a": [1]}
            async with session.put(f"{server.url}/items/1", data=b"raw") as response:
                assert (response.status, await response.text()) == (200, "ok")
            async with session.delete(f"{server.url}/items/1") as response:
                assert (response.status, await response.read()) == (204, b"")
        assert session.closed
    lines = [each.split(b"\r\n")[0] for each in server.requests]
    assert lines == [
        b"GET /broken HTTP/1.1",
        b"POST /items HTTP/1.1",
        b"PUT /items/1 HTTP/1.1",
        b"DELETE /items/1 HTTP/1.1",
    ]
    assert server.requests[1].endswith(b'\r\n\r\n{"name": "x"}')
    assert server.requests[2].endswith(b"\r\n\r\nraw")
    assert server.connections == 1


async def test_cli_20_a_hundred_requests_use_one_connection(talk):
    async with talk() as (peer, session):
        for _ in range(100):
            async with session.get("/") as response:
                await response.read()
        assert peer.connections == 1


@pytest.mark.parametrize(
    ("options", "body", "content_type"),
    [
        ({"data": b"\x00\x01"}, b"\x00\x01", "application/octet-stream"),
        ({"data": bytearray(b"ab")}, b"ab", "application/octet-stream"),
        ({"data": "ü"}, "ü".encode(), "text/plain; charset=utf-8"),
        ({"data": {"a": "1 2", "b": 3}}, b"a=1+2&b=3", "application/x-www-form-urlencoded"),
        ({"data": [("a", "1"), ("a", "2")]}, b"a=1&a=2", "application/x-www-form-urlencoded"),
        ({"json": {"a": None}}, b'{"a": null}', "application/json"),
    ],
)
async def test_a_body_has_its_type_and_length(talk, options, body, content_type):
    async with talk() as (peer, session), session.post("/", **options) as response:
        await response.read()
    head, _, sent = peer.requests[0].partition(b"\r\n\r\n")
    assert sent == body
    assert f"Content-Type: {content_type}".encode() in head.split(b"\r\n")
    assert b"Content-Length: %d" % len(body) in head.split(b"\r\n")


async def test_a_post_without_a_body_says_so(talk):
    async with talk() as (peer, session), session.post("/"):
        pass
    assert b"\r\nContent-Length: 0\r\n" in peer.requests[0]


async def test_an_async_iterable_is_sent_in_chunks(talk):
    async def pieces():
        yield b"one"
        yield b"two"

    async with talk() as (peer, session), session.put("/", data=pieces()) as response:
        assert await response.text() == "ok"
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_what_the_iterable_raises_is_raised(talk):
    async def pieces():
        yield b"one"
        raise ZeroDivisionError

    async with talk() as (_, session):
        with pytest.raises(ZeroDivisionError):
            await session.put("/", data=pieces())


async def test_headers_of_the_session_and_of_the_request(talk):
    async with talk(headers={"X-One": "1", "X-Two": "2"}) as (peer, session):
        async with session.get("/", headers={"x-two": "zwei", "Accept": "text/plain"}):
            pass
    lines = peer.requests[0].split(b"\r\n")
    assert b"X-One: 1" in lines
    assert b"x-two: zwei" in lines
    assert b"Accept: text/plain" in lines
    assert not [line for line in lines if line.startswith((b"X-Two", b"Accept: */*"))]


async def test_params_are_added_to_the_query(talk):
    async with talk(OK, OK) as (peer, session):
        async with session.get("/?a=1", params={"b": "ü &"}) as response:
            assert response.url.query == {"a": "1", "b": "ü &"}
        async with session.get("/", params=[("c", "1"), ("c", "2")]):
            pass
    assert [each.split(b" ")[1] for each in peer.requests] == [
        b"/?a=1&b=%C3%BC+%26",
        b"/?c=1&c=2",
    ]


async def test_a_whole_url_needs_no_base(peer):
    async with peer() as server, ClientSession() as session:
        async with session.get(URL(server.url) / "x") as response:
            assert response.url == URL(server.url) / "x"


@pytest.mark.parametrize(
    ("url", "kind", "words"),
    [
        ("/relative", aiolos_client.InvalidURL, "base_url"),
        ("ftp://host/", aiolos_client.NonHttpUrlClientError, "ftp"),
        ("http:///path", aiolos_client.InvalidURL, "no host"),
        ("http://host:99999/", aiolos_client.InvalidURL, "99999|out of range|[Pp]ort"),
        ("http://a b/", aiolos_client.InvalidURL, "'a b' holds what no host's name may"),
        ("http://a\x00b/", aiolos_client.InvalidURL, "control character"),
        ("http://a<b/", aiolos_client.InvalidURL, "holds what no host's name may"),
        ("http://127.1/", aiolos_client.InvalidURL, "'127.1' .*in another form than 127.0.0.1"),
        ("http://2130706433/", aiolos_client.InvalidURL, "in another form"),
        ("http://0177.0.0.1/", aiolos_client.InvalidURL, "in another form"),
        ("http://0X7f.1/", aiolos_client.InvalidURL, "in another form"),
        ("http://127.0.0.01/", aiolos_client.InvalidURL, "in another form"),
        ("http://127.0.0.1./", aiolos_client.InvalidURL, "in another form"),
        ("http://1.2.3.4.5/", aiolos_client.InvalidURL, "in another form"),
        (5, TypeError, "a URL is a str or yarl.URL, not int"),
    ],
)
async def test_a_bad_url_is_one_clear_line(url, kind, words):
    async with ClientSession() as session:
        with pytest.raises(kind, match=words) as caught:
            await session.get(url)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"headers": {"A": "b\r\nC: d"}}, ValueError, "header A holds the control character"),
        ({"headers": {"A B": "c"}}, ValueError, "not a header name"),
        ({"data": {"a": {"b": "c"}}}, TypeError, "form field 'a'"),
        ({"data": b"", "json": {}}, ValueError, "data or json, not both"),
        ({"data": object()}, TypeError, "data takes bytes"),
        ({"url": ["http://a/"]}, TypeError, "a URL is a str or yarl.URL, not list"),
        ({"timeout": "5"}, TypeError, r"seconds in total, or a ClientTimeout .*, not '5'"),
        ({"timeout": True}, TypeError, "seconds in total"),
        ({"timeout": float("nan")}, ValueError, "not NaN"),
        ({"timeout": 10**400}, ValueError, "ClientTimeout.total takes seconds that a float can"),
    ],
)
async def test_a_mistake_says_what_to_write(talk, options, kind, words):
    async with talk() as (peer, session):
        with pytest.raises(kind, match=words):
            await session.post(**{"url": "/", **options})
        assert peer.requests == []
        async with session.get("/") as response:
            assert await response.read() == b"ok"


async def test_a_server_that_hangs_up_is_named(talk):
    async with talk(None, None) as (peer, session):
        with pytest.raises(aiolos_client.ServerDisconnectedError, match="127.0.0.1:"):
            await session.post("/x", data=b"1")
        assert len(peer.requests) == 1


async def test_a_server_that_resets_is_told_from_one_that_closes(peer):
    async def serve(reader, writer):
        writer.write(b"HTTP/1.1 2")
        await writer.drain()
        await asked.wait()
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    asked = asyncio.Event()
    async with peer(serve) as server, ClientSession(server.url) as session:
        asking = asyncio.ensure_future(_started(session.get("/x")))
        while not (session.connector._hosts and next(iter(session.connector._hosts)).received):
            await asyncio.sleep(0)
        asked.set()
        words = "reset the connection of GET .*/x after 10 bytes of the head"
        with pytest.raises(aiolos_client.ServerDisconnectedError, match=words):
            await asking


async def test_an_ordinary_request_is_one_write_and_no_task_and_no_timer():
    loop = asyncio.get_running_loop()
    transports, made = [], []

    class Server(MemoryTransport):
        def write(self, data):
            super().write(data)
            loop.call_soon(self.receive, OK)

    async def connect(factory, host, port, ssl=None):
        link = factory()
        transports.append(Server(loop, link))
        link.connection_made(transports[0])
        return link

    connector = aiolos_client.TCPConnector()
    connector.connect_by = connect
    async with ClientSession("http://a.example/", connector=connector) as session:
        async with session.get("/") as response:
            await response.read()
        names = ("create_task", "call_later", "call_at")
        real = {name: getattr(loop, name) for name in names}
        try:
            for name in names:
                setattr(loop, name, lambda *args, name=name, **_: made.append(name))
            for options in ({"data": b"x" * 3_000}, {"json": {"a": 1}}, {"data": {"a": "b"}}, {}):
                transports[0].writes = 0
                async with session.post("/", **options) as response:
                    assert await response.read() == b"ok"
                assert transports[0].writes == 1
        finally:
            for name in names:
                setattr(loop, name, real[name])
    assert made == []


async def test_an_idempotent_request_is_repeated_once_on_a_dead_connection(talk):
    async with talk(OK, None, OK) as (peer, session):
        async with session.get("/1") as response:
            await response.read()
        async with session.get("/2") as response:
            assert await response.read() == b"ok"
        assert [each.split(b" ")[1] for each in peer.requests] == [b"/1", b"/2", b"/2"]


@pytest.mark.parametrize("options", [{"retry_disconnected": False}, {}])
async def test_what_must_not_be_repeated_is_not(talk, options):
    method = "GET" if options else "POST"
    async with talk(OK, None, **options) as (peer, session):
        async with session.get("/1") as response:
            await response.read()
        with pytest.raises(aiolos_client.ServerDisconnectedError):
            await session.request(method, "/2")
        assert len(peer.requests) == 2


async def test_a_fresh_connection_that_dies_is_not_asked_again(talk):
    async with talk(None) as (peer, session):
        with pytest.raises(aiolos_client.ServerDisconnectedError):
            await session.get("/")
        assert len(peer.requests) == 1


async def test_part_of_an_answer_is_not_repeated(talk):
    async with talk(OK, b"HTTP/1.1 200", close=False) as (peer, session):
        async with session.get("/1") as response:
            await response.read()
        peer._answers.append(None)

        async def cut():
            while len(peer.requests) < 2:
                await asyncio.sleep(0)
            for task in list(peer._peer._tasks):
                task.cancel()

        cutting = asyncio.ensure_future(cut())
        with pytest.raises(aiolos_client.ServerDisconnectedError):
            await session.get("/2")
        await cutting
        assert len(peer.requests) == 2


async def test_a_malformed_answer_is_an_error_that_quotes_the_rule(talk):
    async with talk(b"HTTP/1.1 two hundred\r\n\r\n") as (_, session):
        with pytest.raises(aiolos_client.ClientResponseError, match="RFC 9112 4"):
            await session.get("/")


async def test_a_peer_that_speaks_something_else_is_told(talk):
    async with talk(b"SSH-2.0-OpenSSH_9.6\r\n") as (_, session):
        words = r"malformed response of 127\.0\.0\.1:\d+: it is an SSH server"
        with pytest.raises(aiolos_client.ClientResponseError, match=words):
            await session.get("/")


async def test_bytes_behind_an_answer_do_not_answer_the_next(talk):
    async with talk(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil") as (peer, session):
        async with session.get("/1") as response:
            assert await response.read() == b"ok"
        async with session.get("/2") as response:
            assert await response.read() == b"ok"
        assert peer.connections == 2


async def test_endless_informational_answers_are_an_error(talk):
    async with talk(b"HTTP/1.1 102 Processing\r\n\r\n" * 50 + OK) as (_, session):
        with pytest.raises(aiolos_client.ClientResponseError, match="informational=16"):
            await session.get("/")


async def test_informational_answers_are_passed_over(talk):
    async with talk(b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" * 3 + OK) as (_, session):
        async with session.get("/") as response:
            assert response.status == 200


async def test_raise_for_status(talk):
    missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    async with talk(missing, missing, missing) as (_, session):
        async with session.get("/") as response:
            with pytest.raises(aiolos_client.ClientResponseError, match="404") as caught:
                response.raise_for_status()
            assert caught.value.status == 404
        with pytest.raises(aiolos_client.ClientResponseError):
            await session.get("/", raise_for_status=True)
        seen = []

        async def judge(response):
            seen.append(response.status)

        async with session.get("/", raise_for_status=judge):
            assert seen == [404]


async def test_what_a_judge_refuses_does_not_hold_its_connection(talk):
    async def judge(response):
        raise LookupError(response.status)

    async with talk(OK, OK) as (peer, session):
        for _ in range(2):
            with pytest.raises(LookupError, match="200"):
                await session.get("/", raise_for_status=judge)
        assert peer.connections == 1


async def test_what_a_judge_refuses_is_released(talk):
    async def judge(response):
        seen.append(response)
        raise LookupError

    seen = []
    async with talk(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") as (_, session):
        with pytest.raises(LookupError):
            await session.get("/", raise_for_status=judge)
        assert seen[0].closed


class TestDeadlines:
    async def test_the_total_time_ends_a_wait_for_the_head(self, talk, wind):
        async with talk(b"") as (peer, session):
            asked = asyncio.ensure_future(session.get("/", timeout=ClientTimeout(total=0.9)))
            while not peer.requests:
                await asyncio.sleep(0)
            wind(1)
            told = r"GET .*: took longer than total=0\.9 s, waiting for the response's head"
            with pytest.raises(TimeoutError, match=told):
                await asked

    async def test_the_total_time_ends_a_wait_for_the_body(self, talk, wind):
        async with talk(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun") as (_, session):
            async with session.get("/", timeout=ClientTimeout(total=0.9)) as response:
                wind(1)
                with pytest.raises(TimeoutError, match=r"total=0\.9"):
                    await response.read()

    async def test_a_long_bound_is_swept_by_the_connectors_clock(self, talk, wind):
        async with talk(b"") as (peer, session):
            asked = asyncio.ensure_future(session.get("/", timeout=ClientTimeout(total=3600)))
            while not peer.requests:
                await asyncio.sleep(0)
            wind(3599)
            for _ in range(10):
                await asyncio.sleep(0)
            assert not asked.done()
            wind(1)
            with pytest.raises(TimeoutError, match="total=3600"):
                await asked

    async def test_a_cancelled_request_is_cancelled(self, talk):
        async with talk(b"") as (peer, session):
            asked = asyncio.ensure_future(_started(session.get("/")))
            while not peer.requests:
                await asyncio.sleep(0)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            async with session.get("/") as response:
                assert await response.read() == b"ok"
            assert peer.connections == 2

    @pytest.mark.parametrize("late", [True, False])
    async def test_one_that_is_given_up_over_a_connection_at_hand(self, late):
        """Also where the head has come and nobody is awake yet: then its connection is closed, for
        nobody will read the body."""
        connector, links, transports = _in_memory()
        async with ClientSession("http://a.example/", connector=connector) as session:
            asked = asyncio.ensure_future(_started(session.get("/")))
            for _ in range(10):
                await asyncio.sleep(0)
            links[-1].data_received(OK)
            assert await (await asked).read() == b"ok"
            asked = asyncio.ensure_future(_started(session.get("/")))
            await asyncio.sleep(0)
            if late:
                links[-1].data_received(OK[:-1])
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            assert len(transports) == 1
            assert transports[0].is_closing()

    async def test_a_coroutine_that_is_closed_gives_up_its_connection(self):
        connector, links, transports = _in_memory()
        async with ClientSession("http://a.example/", connector=connector) as session:
            asked = asyncio.ensure_future(_started(session.get("/")))
            for _ in range(10):
                await asyncio.sleep(0)
            links[-1].data_received(OK)
            assert await (await asked).read() == b"ok"
            asking = session.get("/")
            asking.send(None)
            assert not transports[0].is_closing()
            asking.close()
            assert transports[0].is_closing()

    async def test_no_connection_within_connect(self, talk):
        connector = aiolos_client.TCPConnector(limit=1)
        async with talk(b"", connector=connector) as (peer, session):
            asked = asyncio.ensure_future(_started(session.get("/")))
            while not peer.requests:
                await asyncio.sleep(0)
            with pytest.raises(aiolos_client.ServerTimeoutError, match=r"limit=1"):
                await session.get("/", timeout=ClientTimeout(connect=0.02))
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked


async def _started(context):
    return await context


def _in_memory():
    """A connector without sockets, the links that it makes, and their transports."""
    links, transports = [], []

    async def connect(factory, host, port, ssl=None):
        link = factory()
        links.append(link)
        transports.append(MemoryTransport(asyncio.get_running_loop(), link))
        link.connection_made(transports[-1])
        return link

    connector = aiolos_client.TCPConnector()
    connector.connect_by = connect
    return connector, links, transports


class TestTheEnd:
    async def test_a_closed_session_says_so(self):
        session = ClientSession()
        await session.close()
        await session.close()
        assert session.closed
        with pytest.raises(RuntimeError, match="Session is closed"):
            await session.get("http://127.0.0.1/")

    async def test_cli_36_closed_once_more_in_the_end(self, peer):
        session = None
        async with peer() as server:
            try:
                async with ClientSession() as session:
                    async with session.get(server.url) as response:
                        assert await response.text() == "ok"
            finally:
                if session is not None:
                    await session.close()
        assert session.closed

    async def test_a_body_that_is_read_behind_the_end(self, talk):
        part = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart"
        async with talk(part) as (_, session):
            response = await session.get("/where")
        told = "GET .*/where is incomplete.*Connection closed by the end of its session"
        with pytest.raises(aiolos_client.ClientPayloadError, match=told) as caught:
            await response.read()
        assert isinstance(caught.value, RuntimeError)

    async def test_cli_14_a_session_without_a_name(self, peer):
        """It lives as long as its request; then it is missed."""
        async with peer() as server:
            with pytest.warns(ResourceWarning, match="Unclosed"):
                async with ClientSession().get(server.url) as response:
                    gc.collect()
                    assert await response.text() == "ok"
                del response
                gc.collect()

    async def test_cli_14_again_and_again_until_it_is_there(self, peer, unused_port):
        """The loop that guides show, with pauses that grow."""
        pauses = []

        async def sleep(seconds):
            pauses.append(seconds)

        async with peer() as server, ClientSession() as session:
            urls = [f"http://127.0.0.1:{unused_port}/"] * 3 + [server.url]
            for attempt, url in enumerate(urls):
                try:
                    async with session.get(url) as response:
                        text = await response.text()
                        break
                except aiolos_client.ClientConnectorError:
                    await sleep(2**attempt)
        assert (pauses, text) == ([1, 2, 4], "ok")

    async def test_a_connector_of_somebody_else_stays_open(self):
        connector = aiolos_client.TCPConnector()
        async with ClientSession(connector=connector, connector_owner=False):
            pass
        assert not connector.closed
        await connector.close()

    async def test_plain_with_says_what_to_write(self):
        async with ClientSession() as session:
            with pytest.raises(TypeError, match="async with"), session:
                pass

    async def test_cli_33_an_unclosed_session_is_a_resource_warning(self):
        session = ClientSession()
        await session.connector.close()
        with pytest.warns(ResourceWarning, match="Unclosed client session <ClientSession"):
            del session
            gc.collect()

    async def test_an_unclosed_session_is_told_and_gives_up_its_idle_connections(self, talk):
        told = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: told.append(context))
        async with talk() as (peer, _):
            session = ClientSession(peer.url)
            async with session.get("/") as response:
                await response.read()
            connector = session.connector
            assert connector.open_connections == 1
            with pytest.warns(ResourceWarning, match="Unclosed client session"):
                del session, response
                gc.collect()
            assert [each["message"] for each in told] == ["Unclosed client session"]
            assert isinstance(told[0]["client_session"], ClientSession)
            await asyncio.sleep(0)
            assert connector.open_connections == 0
            async with ClientSession(peer.url, connector=connector) as other:
                async with other.get("/") as response:
                    assert await response.text() == "ok"

    async def test_cli_33_an_unreleased_response_is_a_resource_warning(self, talk):
        async with talk(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n") as (_, session):
            response = await session.get("/")
            with pytest.warns(ResourceWarning, match="unreleased <ClientResponse"):
                del response
                gc.collect()

    async def test_a_base_that_is_no_whole_url_is_refused(self):
        with pytest.raises(ValueError, match="base_url is a whole URL"):
            ClientSession("/api")

    def test_cli_38_from_synchronous_code_in_threads(self):
        """As a view of Flask or Django does it: a loop of its own for each call."""
        served = threading.Barrier(5)

        def view(url):
            async def fetch():
                async with ClientSession() as session, session.get(url) as response:
                    return await response.text()

            served.wait(20)
            return [asyncio.run(fetch()) for _ in range(3)]

        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)

        async def main():
            async with ScriptedPeer(serve) as server:
                url = f"http://127.0.0.1:{server.port}/"
                with ThreadPoolExecutor(5) as pool:
                    loop = asyncio.get_running_loop()
                    views = [loop.run_in_executor(pool, view, url) for _ in range(5)]
                    return await asyncio.gather(*views), server.connections

        assert asyncio.run(main()) == ([["ok"] * 3] * 5, 15)

    def test_outside_a_loop_there_is_no_session(self):
        with pytest.raises(RuntimeError, match="loop"):
            ClientSession()
