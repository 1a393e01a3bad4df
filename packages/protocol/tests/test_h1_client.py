"""The client's end of a connection: requests out, answers in."""

import asyncio
import socket
from dataclasses import replace
from itertools import pairwise

import pytest
from aiolos_protocol.clock import NEVER
from aiolos_protocol.errors import (
    ConnectionLost,
    LimitExceeded,
    LineTooLong,
    LocalProtocolError,
    RemoteProtocolError,
    Unanswered,
)
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_client import H1ClientLink
from aiolos_protocol.message import HttpVersion10, RequestHead
from aiolos_protocol.testkit import ManualClock, connected
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"


class Recorder:
    """A role that counts."""

    def __init__(self):
        self.recycled_links = 0
        self.losses = []

    def recycled(self, link):
        assert link.is_reusable()
        self.recycled_links += 1

    def lost(self, link, exc):
        self.losses.append(exc)


class Client:
    """One link with its transport, role and clock."""

    def __init__(self, limits=None, **options):
        self.clock = ManualClock()
        self.role = Recorder()
        self.loop = asyncio.get_running_loop()
        limits = replace(DEFAULT_LIMITS, **(limits or {}))
        self.link = H1ClientLink(self.loop, self.clock, limits, self.role, **options)
        self.transport = connected(self.loop, self.link)

    def ask(self, method="GET", body=b"", **headers):
        return self.link.ask(head(method, **headers), body)

    def receive(self, *pieces):
        for piece in pieces:
            self.transport.receive(piece)

    def sent(self):
        self.link._flush()
        return self.transport.take()


def head(method="GET", target="/", **headers):
    fields = CIMultiDict({"Host": "a"})
    fields.update({name.replace("_", "-"): value for name, value in headers.items()})
    return RequestHead(method, target, headers=fields)


# --- sending ---


async def test_a_request_is_one_write():
    client = Client()
    client.ask("POST", b"hello", X_A="b")
    assert client.sent() == (
        b"POST / HTTP/1.1\r\nHost: a\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello"
    )
    assert client.transport.writes == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "TRACE"])
async def test_methods_without_a_body_announce_none(method):
    client = Client()
    client.ask(method)
    assert b"Content-Length" not in client.sent()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "QUERY"])
async def test_other_methods_announce_that_there_is_none(method):
    client = Client()
    client.ask(method)
    assert b"Content-Length: 0\r\n" in client.sent()


async def test_a_large_body():
    client = Client()
    body = b"x" * 100_000
    client.ask("POST", body)
    assert client.sent().endswith(b"\r\n\r\n" + body)


async def test_srv_09_chunks_are_sent():
    """SRV-09: chunked transfer coding, sent by a client."""
    client = Client()
    exchange = client.link.ask_streaming(head("POST"))
    assert not exchange.body_sent()
    await exchange.write(b"hello")
    exchange.end(CIMultiDict({"X-Sum": "a"}))
    assert exchange.body_sent()
    assert client.sent() == (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-Sum: a\r\n\r\n"
    )


async def test_a_stream_of_known_length():
    client = Client()
    request = head("POST")
    request.length = 5
    exchange = client.link.ask_streaming(request)
    exchange.write(b"hello")
    exchange.end()
    assert client.sent().endswith(b"Content-Length: 5\r\n\r\nhello")


@pytest.mark.parametrize(
    ("request_head", "words"),
    [
        (head(Content_Length="1"), "connection's own"),
        (head(Transfer_Encoding="chunked"), "connection's own"),
        (RequestHead("GET", "/"), "a request needs Host"),
        (head(X_A="a\r\nb"), "X-A"),
        (head("G T"), "not a method"),
        (head(target="/a b"), "request target"),
    ],
)
async def test_what_may_not_be_sent(request_head, words):
    client = Client()
    for ask in (client.link.ask, client.link.ask_streaming):
        with pytest.raises(LocalProtocolError, match=words):
            ask(request_head)
    assert client.sent() == b""
    assert client.link.is_reusable()


async def test_one_request_at_a_time():
    client = Client()
    client.ask()
    for ask in (client.link.ask, client.link.ask_streaming):
        with pytest.raises(LocalProtocolError, match="while sending is DONE"):
            ask(head())


async def test_a_request_on_a_lost_connection():
    client = Client()
    client.transport.lose()
    with pytest.raises(ConnectionLost):
        client.ask()


@pytest.mark.parametrize("keep_alive", [True, False])
async def test_http_1_0(keep_alive):
    client = Client()
    request = RequestHead(
        "GET", "/", HttpVersion10, headers=CIMultiDict(Host="a"), keep_alive=keep_alive
    )
    client.link.ask(request)
    out = client.sent()
    assert out.startswith(b"GET / HTTP/1.0\r\n")
    assert (b"Connection: keep-alive\r\n" in out) is keep_alive
    client = Client()
    with pytest.raises(LocalProtocolError, match=r"RFC 9112 6\.1"):
        client.link.ask_streaming(request)


async def test_the_client_may_end_the_connection():
    for request in (
        RequestHead("GET", "/", headers=CIMultiDict(Host="a"), keep_alive=False),
        head(Connection="Close"),
    ):
        client = Client()
        client.link.ask(request)
        assert client.sent().lower().count(b"connection: close\r\n") == 1
        client.receive(OK)
        assert client.transport.is_closing()
        assert client.role.recycled_links == 0


# --- frozen heads ---


async def test_a_frozen_head_is_made_once():
    client = Client()
    frozen = head().freeze()
    wire = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    for _ in range(2):
        exchange = client.link.ask(frozen)
        client.transport.receive(OK)
        await exchange.answered
        assert client.transport.take() == wire
        assert frozen.wire == wire
    assert client.role.recycled_links == 2


async def test_the_framing_of_a_frozen_head_is_not_kept():
    client = Client()
    frozen = head("POST").freeze()
    for body in (b"", b"abc"):
        client.link.ask(frozen, body)
        client.transport.receive(OK)
        sent = client.transport.take()
        assert b"Content-Length: %d\r\n" % len(body) in sent
        assert sent.endswith(b"\r\n\r\n" + body)
    assert frozen.wire is None


async def test_a_head_that_may_still_change_is_made_anew():
    client = Client()
    changing = head()
    client.link.ask(changing)
    client.transport.receive(OK)
    changing.fields["X"] = "1"
    client.transport.take()
    client.link.ask(changing)
    assert b"X: 1\r\n" in client.transport.take()


# --- receiving ---


@pytest.mark.parametrize("step", [None, 1, 3])
async def test_an_answer(step):
    client = Client()
    exchange = client.ask()
    step = step or len(OK)
    client.receive(*[OK[at : at + step] for at in range(0, len(OK), step)])
    answer = await exchange.answered
    assert (answer.status, answer.reason, answer.length) == (200, "OK", 5)
    assert await exchange.body.read() == b"hello"
    assert client.role.recycled_links == 1
    assert client.link.is_reusable()


async def test_many_answers_on_one_connection():
    client = Client()
    for number in range(5):
        exchange = client.ask()
        client.receive(OK)
        assert await exchange.body.read() == b"hello"
        assert client.role.recycled_links == number + 1


async def test_a_short_body_is_here_when_the_head_is():
    client = Client()
    exchange = client.ask()
    client.receive(OK)
    await exchange.answered
    assert exchange.body.is_eof()
    assert exchange.body.read_nowait() == b"hello"


async def test_a_body_that_came_with_its_head_is_as_any_other():
    for pieces in ([OK], [OK[:-1], OK[-1:]]):
        client = Client({"body_buffer": 4})
        exchange = client.ask()
        client.receive(*pieces)
        head = await exchange.answered
        assert head.length == 5
        assert exchange.body.get_read_buffer_limits() == (2, 4)
        assert exchange.body.total_bytes == 5
        assert exchange.body.is_eof()
        assert not exchange.body.at_eof()
        assert [await exchange.body.read(3), await exchange.body.read()] == [b"hel", b"lo"]
        assert client.role.recycled_links == 1


async def test_a_link_is_quiet_until_something_comes():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = Client()
        assert client.link.is_quiet(), "that cannot be known"
        client.link = H1ClientLink(client.loop, client.clock, DEFAULT_LIMITS, client.role)
        connected(client.loop, client.link, socket=ours)
        assert client.link.is_quiet()
        theirs.send(b"x")
        assert not client.link.is_quiet()
        ours.recv(1)
        assert client.link.is_quiet()
        theirs.close()
        assert not client.link.is_quiet()


async def test_the_answer_to_head_has_no_body():
    client = Client()
    exchange = client.ask("HEAD")
    client.receive(OK[:-5])
    assert (await exchange.answered).length == 5
    assert await exchange.body.read() == b""
    assert client.link.is_reusable()


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body(status):
    client = Client()
    exchange = client.ask()
    client.receive(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status)
    assert (await exchange.answered).status == status
    assert client.link.is_reusable()


async def test_srv_09_chunks_are_received():
    """SRV-09: chunked transfer coding, received by a client, with its trailers."""
    client = Client()
    exchange = client.ask()
    client.receive(CHUNKED, b"5\r\nhel", b"lo\r\n0\r\nX-Sum: a\r\n", b"\r\n")
    assert await exchange.body.read() == b"hello"
    assert dict(exchange.body.trailers) == {"X-Sum": "a"}
    assert client.link.is_reusable()


async def test_a_body_until_the_connection_ends():
    client = Client()
    exchange = client.ask()
    client.receive(UNTIL_CLOSE + b"hel", b"lo")
    await exchange.answered
    client.transport.receive_eof()
    assert await exchange.body.read() == b"hello"
    await asyncio.sleep(0)
    assert client.role.losses == [None]
    assert client.role.recycled_links == 0


async def test_a_body_that_ends_by_an_error_is_incomplete():
    """RFC 9112 8: also one that ends with the connection."""
    for start in (UNTIL_CLOSE, CHUNKED + b"9\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"):
        client = Client()
        exchange = client.ask()
        client.receive(start + b"hel")
        client.transport.lose(ConnectionResetError())
        assert await exchange.body.readany() == b"hel"
        with pytest.raises(ConnectionLost, match="after 3 bytes of an incomplete body"):
            await exchange.body.readany()


@pytest.mark.parametrize("start", [CHUNKED, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"])
async def test_a_body_cut_short_is_incomplete(start):
    client = Client()
    exchange = client.ask()
    client.receive(start)
    client.transport.receive_eof()
    with pytest.raises(ConnectionLost, match="incomplete body"):
        await exchange.body.read()


async def test_back_pressure():
    client = Client(limits={"body_buffer": 10})
    exchange = client.ask()
    client.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 11)
    assert not client.transport.is_reading()
    await exchange.body.read(10)
    assert client.transport.is_reading()


@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_line_of_a_body_has_a_bound_of_its_own(pieces):
    client = Client(limits={"body_buffer": 10, "body_line": 100})
    for size in (100, 101):
        exchange = client.ask()
        body = b"x" * (size - 1) + b"\n"
        fields = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
        client.receive(*([fields + body] if pieces == 1 else [fields, body]))
        if size == 100:
            assert await exchange.body.readline() == body
        else:
            with pytest.raises(LineTooLong, match="within 100 bytes"):
                await exchange.body.readline()
    assert DEFAULT_LIMITS.body_line == 2**19


async def test_an_answer_that_comes_before_the_request_is_out():
    client = Client()
    exchange = client.link.ask_streaming(head("POST"))
    exchange.write(b"a")
    client.receive(OK)
    assert (await exchange.answered).status == 200
    assert client.role.recycled_links == 0
    exchange.write(b"b")
    exchange.end()
    assert client.role.recycled_links == 1


# --- 1xx ---


async def test_informational_heads_come_to_whoever_asks():
    client = Client()
    exchange = client.ask()
    seen = []
    exchange.informed = lambda head: seen.append((head.status, dict(head.headers)))
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
    client.receive(*[bytes([byte]) for byte in early + OK])
    assert (await exchange.answered).status == 200
    assert seen == [(100, {}), (103, {"Link": "a"})]


async def test_informational_heads_are_bounded():
    for count in (3, 4):
        client = Client(limits={"informational": 3})
        exchange = client.ask()
        client.receive(b"HTTP/1.1 103 Early Hints\r\n\r\n" * count + OK)
        if count == 3:
            assert (await exchange.answered).status == 200
        else:
            with pytest.raises(LimitExceeded, match="informational=3"):
                await exchange.answered
            assert client.transport.aborted


# --- leaving HTTP ---

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n"


async def test_an_upgrade():
    client = Client()
    exchange = client.ask(Upgrade="chat", Connection="upgrade")
    client.receive(SWITCH + b"early")
    assert (await exchange.answered).status == 101
    client.receive(b" bytes")
    handover = exchange.take_over()
    assert handover.buffered == b"early bytes"
    assert handover.transport is client.transport
    assert not client.link.is_reusable()
    handover.on_lost(None)
    assert client.role.losses == [None]


@pytest.mark.parametrize(
    ("headers", "answer", "told"),
    [
        ({}, SWITCH, r"to a request without Upgrade \(RFC 9110 15\.2\.2\)"),
        ({"Upgrade": "chat"}, b"HTTP/1.1 101 X\r\n\r\n", r"101 without Upgrade .*15\.2\.2"),
        ({"Upgrade": "chat"}, SWITCH.replace(b"1.1", b"1.0"), "HTTP/1.0, which has no Upgrade"),
    ],
)
async def test_101_that_nobody_asked_for(headers, answer, told):
    client = Client()
    exchange = client.ask(**headers)
    client.receive(answer)
    with pytest.raises(RemoteProtocolError, match=told):
        await exchange.answered
    assert client.transport.aborted


async def test_what_comes_before_the_hand_over_is_bounded():
    client = Client(limits={"pipelined": 100})
    client.ask(Upgrade="chat", Connection="upgrade")
    client.receive(SWITCH, b"x" * 100)
    assert client.transport.is_reading()
    client.receive(b"x")
    assert not client.transport.is_reading()


async def test_a_tunnel():
    client = Client()
    exchange = client.link.ask(RequestHead("CONNECT", "b:443", headers=CIMultiDict(Host="b:443")))
    assert client.sent() == b"CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"
    client.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntunnelled")
    assert (await exchange.answered).status == 200
    assert exchange.take_over().buffered == b"tunnelled"


async def test_a_refused_tunnel_has_a_body():
    client = Client()
    exchange = client.link.ask(RequestHead("CONNECT", "b:1", headers=CIMultiDict(Host="b:1")))
    client.receive(b"HTTP/1.1 407 No\r\nContent-Length: 5\r\n\r\nsorry")
    assert (await exchange.answered).status == 407
    assert await exchange.body.read() == b"sorry"
    assert client.link.is_reusable()


async def test_take_over_without_a_reason():
    client = Client()
    exchange = client.ask()
    with pytest.raises(LocalProtocolError, match="behind a head that leaves HTTP"):
        exchange.take_over()


# --- servers that misbehave ---


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n",
    ],
)
async def test_bad_heads(data):
    client = Client()
    exchange = client.ask()
    client.receive(data)
    with pytest.raises(RemoteProtocolError):
        await exchange.answered
    assert client.transport.aborted
    assert not client.link.is_reusable()


@pytest.mark.parametrize("pieces", [[CHUNKED + b"X\r\n"], [CHUNKED, b"X\r\n"]])
async def test_a_bad_chunk_reaches_whoever_reads(pieces):
    """Also in a later segment than the head: nobody waits for ever."""
    client = Client()
    exchange = client.ask()
    client.receive(*pieces)
    assert (await exchange.answered).status == 200
    with pytest.raises(RemoteProtocolError, match="chunk-size"):
        await exchange.body.read()
    assert client.transport.aborted


async def test_bytes_on_an_idle_connection_answer_nobody():
    client = Client()
    exchange = client.ask()
    client.receive(OK)
    await exchange.answered
    assert client.link.is_reusable()
    client.receive(OK)
    assert client.transport.aborted
    assert not client.link.is_reusable()


async def test_bytes_behind_the_answer_answer_nobody():
    client = Client()
    exchange = client.ask()
    client.receive(OK + OK)
    assert await exchange.body.read() == b"hello"
    assert client.transport.aborted
    assert client.role.recycled_links == 0


async def test_bytes_before_any_request():
    client = Client()
    client.receive(OK)
    assert client.transport.aborted


async def test_a_server_that_hangs_up():
    client = Client()
    exchange = client.ask()
    client.transport.receive_eof()
    with pytest.raises(Unanswered, match="without an answer"):
        await exchange.answered
    assert client.role.losses == [None]
    client = Client()
    exchange = client.ask()
    error = OSError("cable")
    client.receive(b"HTTP/1.1 200 OK\r\n")
    client.transport.lose(error)
    with pytest.raises(ConnectionLost, match="before the end of its response's head") as caught:
        await exchange.answered
    assert not isinstance(caught.value, Unanswered)
    assert caught.value.__cause__ is error


async def test_a_server_that_hangs_up_while_the_request_is_sent():
    client = Client()
    exchange = client.link.ask_streaming(head("POST"))
    exchange.answered.add_done_callback(lambda future: future.exception())
    client.transport.lose()
    with pytest.raises(ConnectionLost):
        exchange.write(b"a")
    with pytest.raises(Unanswered):
        await exchange.answered


async def test_the_server_ends_the_connection():
    for line in (b"Connection: close\r\n", b""):
        client = Client()
        exchange = client.ask()
        version = b"1.1" if line else b"1.0"
        client.receive(b"HTTP/%b 200 OK\r\n%bContent-Length: 0\r\n\r\n" % (version, line))
        await exchange.answered
        assert client.transport.is_closing()
        assert client.role.recycled_links == 0


# --- a lenient client ---


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\nX-A: b\nContent-Length: 5\n\nhello",
        b"HTTP/1.1 200 OK\r\nX-A: b\nContent-Length: 5\r\n\nhello",
        b"HTTP/1.1 200 OK\r\nX-A:\r\n b\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX-A: \n\tb\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\nX-A: b\nTransfer-Encoding: chunked\n\n5;=\r\nhello\r\n0 \r\n\r\n",
    ],
)
@pytest.mark.parametrize("step", [None, 1])
async def test_what_a_lenient_client_bears(data, step):
    strict = Client()
    exchange = strict.ask()
    strict.receive(data)
    with pytest.raises(RemoteProtocolError):
        await exchange.answered
    client = Client(lenient=True)
    exchange = client.ask()
    step = step or len(data)
    client.receive(*[data[at : at + step] for at in range(0, len(data), step)])
    answer = await exchange.answered
    assert answer.headers["X-A"] == "b"
    assert await exchange.body.read() == b"hello"
    assert client.link.is_reusable()


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\nX-A: \x00\n\n",
        b"HTTP/1.1 200 OK\nX A: b\n\n",
        b"HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\n",
        b"HTTP/1.1 200 OK\r\nX-A: a\rb\r\n\r\n",
        b" HTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_what_no_client_bears(data):
    client = Client(lenient=True)
    exchange = client.ask()
    client.receive(data)
    with pytest.raises(RemoteProtocolError):
        await exchange.answered


async def test_a_lenient_head_that_dribbles_in_is_mended_once(monkeypatch):
    """Its lines have no bound of their own."""
    from aiolos_protocol.http1 import pyparser

    looks = []
    mended = pyparser._mended_response
    monkeypatch.setattr(
        pyparser, "_mended_response", lambda *args: (looks.append(1), mended(*args))[1]
    )
    client = Client(lenient=True)
    exchange = client.ask()
    data = b"HTTP/1.1 200 OK\nX: a" + b"\n a" * 5000 + b"\nContent-Length: 0\n\r\n"
    client.receive(*[bytes([byte]) for byte in data])
    assert (await exchange.answered).headers["X"] == "a" + " a" * 5000
    assert len(looks) <= 3


async def test_lenience_is_bounded():
    client = Client(limits={"head": 1000}, lenient=True)
    exchange = client.ask()
    client.receive(b"HTTP/1.1 200 OK\nX: a\n" + b" a" * 1000)
    with pytest.raises(LimitExceeded, match="head=1000"):
        await exchange.answered


# --- time and ends ---


async def test_the_deadline_is_the_users():
    client = Client()
    calls = []
    client.link.deadline = client.clock.now + 5
    client.link.on_deadline = lambda: calls.append(1)
    client.clock.advance(4)
    assert calls == []
    client.clock.advance(1)
    client.clock.advance(1)
    assert calls == [1]
    assert client.link.deadline == NEVER
    client.link.on_deadline = None
    client.link.deadline = client.clock.now
    client.clock.advance(1)
    assert client.transport.aborted


async def test_the_deadline_ends_with_the_exchange():
    client = Client()
    client.ask()
    client.link.deadline = client.clock.now + 5
    client.receive(OK)
    assert client.link.deadline == NEVER


async def test_failing_reaches_whoever_waits():
    client = Client()
    exchange = client.ask()
    client.link.fail(TimeoutError("late"))
    with pytest.raises(TimeoutError):
        await exchange.answered
    assert client.transport.aborted
    client = Client()
    exchange = client.ask()
    client.receive(OK[:-1])
    client.link.fail(TimeoutError("late"))
    with pytest.raises(TimeoutError):
        await exchange.body.read()


async def test_bytes_are_counted_from_the_request_on():
    client = Client()
    exchange = client.ask()
    client.transport.receive(OK[:5])
    assert client.link.received == 5
    client.transport.receive(OK[5:])
    await exchange.answered
    assert client.link.received == len(OK)
    client.ask()
    assert client.link.received == 0


async def test_failing_ends_only_the_exchange_that_it_names():
    client = Client()
    first = client.ask()
    client.transport.receive(OK)
    second = client.ask()
    first.fail(TimeoutError("late"))
    assert not second.answered.done()
    second.fail(TimeoutError("too late"))
    with pytest.raises(TimeoutError, match="too late"):
        await second.answered


async def test_an_exchange_that_has_ended():
    client = Client()
    exchange = client.ask()
    client.receive(OK)
    for verb in (lambda: exchange.write(b"a"), exchange.end, exchange.take_over):
        with pytest.raises(LocalProtocolError, match="has ended"):
            verb()
    assert exchange.body_sent()
    exchange.abort()
    assert not client.transport.is_closing()
    exchange = client.ask()
    exchange.abort()
    assert client.transport.aborted
    with pytest.raises(Unanswered):
        await exchange.answered


async def test_a_caller_that_gave_up_is_not_told():
    client = Client()
    exchange = client.ask()
    exchange.answered.cancel()
    client.receive(OK)
    assert client.role.recycled_links == 1


# --- properties ---

ANSWERS = [
    OK,
    CHUNKED + b"3\r\nabc\r\n0\r\nX: y\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    b"HTTP/1.1 204 No Content\r\n\r\n",
    UNTIL_CLOSE + b"some bytes",
    OK + b"more",
    b"HTTP/1.1 200\r\nContent-Length: x\r\n\r\n",
    CHUNKED + b"3\r\nabcd",
    SWITCH + b"bytes",
    b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc",
]


@settings(max_examples=80, deadline=None)
@given(data=st.sampled_from(ANSWERS), cuts=st.lists(st.integers(0, 200), max_size=8))
def test_any_split_of_an_answer_is_the_same_answer(data, cuts):
    async def play(pieces):
        client = Client()
        exchange = client.ask(Upgrade="chat", Connection="upgrade")
        for piece in pieces:
            if piece and not client.transport.is_closing():
                client.transport.receive(piece)
        if not client.transport.is_closing():
            client.transport.receive_eof()
        await asyncio.sleep(0)
        body = b""
        try:
            status = (await exchange.answered).status
            while piece := await exchange.body.readany():
                body += piece
        except (RemoteProtocolError, ConnectionLost) as error:
            return type(error), body
        return status, body

    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [data[start:stop] for start, stop in pairwise(places)]
    assert asyncio.run(play(pieces)) == asyncio.run(play([data]))


async def test_the_bounds_of_an_answer_are_the_askers():
    client = Client()
    client.link.limit(replace(DEFAULT_LIMITS, fields=1))
    exchange = client.ask()
    client.receive(b"HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n")
    with pytest.raises(LimitExceeded, match="fields=1"):
        await exchange.answered


async def test_an_exchange_tells_of_its_connection():
    exchange = Client().ask()
    assert exchange.get_extra_info("peername") == ("127.0.0.1", 5000)
    assert exchange.get_extra_info("nothing", 7) == 7
