"""The server's end of a connection: bytes in, calls of the role, bytes out."""

import asyncio
import errno
import socket
import ssl
import sys
import weakref
from dataclasses import replace
from itertools import pairwise

import pytest
import trustme
from aiolos_protocol.errors import (
    ConnectionLost,
    LineTooLong,
    LocalProtocolError,
    NoTunnel,
    RemoteProtocolError,
    TooSlow,
    UnexpectedTLS,
)
from aiolos_protocol.http1.reasons import reason_of
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_server import LINGER, H1ServerLink
from aiolos_protocol.message import ResponseHead
from aiolos_protocol.testkit import ManualClock, connected
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

DATE = b"Date: Tue, 14 Nov 2023 22:13:20 GMT\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
EXPECTING = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
UPGRADE = b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n"


def told(body, start=b"HTTP/1.1 200 OK", close=False):
    connection = b"Connection: close\r\n" if close else b""
    return b"%b\r\nServer: s\r\nContent-Type: text/plain\r\n%bContent-Length: %d\r\n%b\r\n%b" % (
        start,
        connection,
        len(body),
        DATE,
        body,
    )


class Recorder:
    """A role that remembers, and answers by `handle(self, head)` if it is given one."""

    def __init__(self, handle=None):
        self.handle = handle
        self.link = None
        self.heads = []
        self.refused = []
        self.half_closings = 0
        self.losses = []

    def connected(self, link):
        self.link = link

    def request_received(self, head):
        self.heads.append(head)
        if self.handle is not None:
            self.handle(self, head)

    def request_refused(self, error):
        self.refused.append(error)
        return error.status_hint, b"refused\n"

    def half_closed(self):
        self.half_closings += 1

    def lost(self, exc):
        self.losses.append(exc)

    # Shorthand for handlers.

    @property
    def head(self):
        return self.heads[-1]

    @property
    def exchange(self):
        return self.link.exchange(self.head)

    def answer(self, body=b"", head=None, status=200, keep_alive=True, headers=None):
        head = head or self.head
        kind = "text/plain" if headers is None else ""
        reason = {200: "OK"}.get(status, "")
        self.link.answer(head, status, reason, kind, headers, body, keep_alive)

    def stream(self, *pieces, length=-1, trailers=None):
        exchange = self.exchange
        exchange.send_head(ResponseHead(200, "OK", length=length))
        for piece in pieces:
            exchange.write(piece)
        exchange.end(trailers)


def echo_target(role, head):
    role.answer(head.target.encode(), head)


class Server:
    """One link with its transport, role and clock."""

    def __init__(self, handle=None, limits=None, **options):
        self.clock = ManualClock()
        self.role = Recorder(handle)
        limits = replace(DEFAULT_LIMITS, **(limits or {}))
        self.loop = asyncio.get_running_loop()
        self.link = H1ServerLink(self.loop, self.clock, limits, self.role, "s", **options)
        self.transport = connected(self.loop, self.link)

    def receive(self, *pieces):
        for piece in pieces:
            self.transport.receive(piece)
        return self.sent()

    def sent(self):
        self.link._flush()
        return self.transport.take()

    @property
    def closing(self):
        return self.transport.is_closing()


# --- one exchange ---


async def test_a_request_is_answered():
    server = Server(echo_target)
    assert server.receive(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n") == told(b"/a")
    assert not server.closing
    assert server.receive(b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n") == told(b"/b")
    assert server.transport.writes == 2


@pytest.mark.parametrize("step", [1, 2, 7])
async def test_a_request_in_pieces(step):
    server = Server(echo_target)
    data = GET + POST + b"hello" + CHUNKED + b"1\r\na\r\n0\r\n\r\n" + GET
    out = server.receive(*[data[at : at + step] for at in range(0, len(data), step)])
    assert out == told(b"/") * 4
    assert len(server.role.heads) == 4


async def test_a_large_body_is_written_without_joining():
    body = b"x" * 100_000
    server = Server(lambda role, head: role.answer(body))
    assert server.receive(GET) == told(body)


async def test_the_answer_may_come_later():
    server = Server()
    assert server.receive(GET) == b""
    assert server.link.idle_time() == -1
    server.role.answer(b"late")
    assert server.sent() == told(b"late")
    assert server.link.idle_time() == 0
    server.clock.advance(3)
    assert server.link.idle_time() == 3


async def test_an_exchange_ends_once():
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    head = server.role.head
    server.role.answer(b"a")
    for verb in (
        lambda: server.role.answer(b"b"),
        lambda: server.link.exchange(head),
        lambda: exchange.write(b"b"),
        lambda: exchange.end(),
        lambda: exchange.send_head(ResponseHead(200)),
        lambda: exchange.take_over(),
    ):
        with pytest.raises(LocalProtocolError, match="has ended"):
            verb()
    exchange.abort()
    assert not server.closing
    assert server.sent() == told(b"a")


async def test_head_is_answered_without_the_body():
    server = Server(lambda role, head: role.answer(b"hello"))
    out = server.receive(GET.replace(b"GET", b"HEAD"))
    assert b"Content-Length: 5\r\n" in out
    assert out.endswith(b"\r\n\r\n")
    assert not server.closing


async def test_head_of_a_streaming_handler_sends_no_body():
    server = Server(lambda role, head: role.stream(b"hello", b"world"))
    out = server.receive(GET.replace(b"GET", b"HEAD"))
    assert out.endswith(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked\r\n" in out
    assert server.receive(GET).endswith(b"5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body(status):
    server = Server(lambda role, head: role.answer(b"", status=status))
    out = server.receive(GET)
    assert b"Content-Length" not in out
    assert out.endswith(b"\r\n\r\n")
    headers = CIMultiDict({"Content-Length": "9"})
    for method in (b"GET", b"HEAD"):
        server = Server(lambda role, head: role.answer(b"", status=status, headers=headers))
        out = server.receive(GET.replace(b"GET", method))
        assert (b"Content-Length: 9\r\n" in out) is (status == 304)


async def test_headers_of_the_users_own():
    headers = CIMultiDict([("X-A", "b"), ("Server", "mine"), ("Date", "then"), ("X-A", "c")])
    server = Server(lambda role, head: role.answer(b"hi", headers=headers))
    assert server.receive(GET) == (
        b"HTTP/1.1 200 OK\r\nX-A: b\r\nServer: mine\r\nDate: then\r\nX-A: c\r\n"
        b"Content-Length: 2\r\n\r\nhi"
    )
    assert [name for name, _ in headers.items()] == ["X-A", "Server", "Date", "X-A"]


@pytest.mark.parametrize("name", ["Server", "Date"])
async def test_an_empty_field_in_place_of_the_connections_own_keeps_that_out(name):
    headers = CIMultiDict({name: ""})
    server = Server(lambda role, head: role.answer(b"hi", headers=headers))
    out = server.receive(GET)
    assert b"\r\n%b:" % name.encode() not in out
    assert out.count(b"Server: s\r\n") + out.count(b"Date: ") == 1


async def test_a_wrong_content_length_is_put_right():
    headers = CIMultiDict({"Content-Length": "999"})
    server = Server(lambda role, head: role.answer(b"hi", headers=headers))
    out = server.receive(GET)
    assert b"999" not in out
    assert b"Content-Length: 2\r\n" in out


async def test_the_connections_own_fields_are_refused():
    server = Server()
    server.receive(GET)
    with pytest.raises(LocalProtocolError, match="Transfer-Encoding is the connection's own"):
        server.role.answer(headers=CIMultiDict({"Transfer-Encoding": "gzip"}))
    assert server.sent() == b""


# --- what the handler may not send ---


async def test_a_refused_header_leaves_the_connection_clean():
    """Nothing of it is out, and another answer of any framing may follow."""
    server = Server()
    server.receive(GET)
    bad = CIMultiDict({"X-A": "a\r\nb"})
    with pytest.raises(LocalProtocolError, match="X-A"):
        server.role.answer(b"bad", headers=bad)
    with pytest.raises(LocalProtocolError, match="X-A"):
        server.role.exchange.send_head(ResponseHead(200, headers=bad))
    assert server.sent() == b""
    server.role.answer(b"good")
    assert server.sent() == told(b"good")
    assert not server.closing


async def test_srv_12_no_header_reaches_the_wire_with_a_line_end():
    """SRV-12, from the exchange down to the bytes."""

    def handle(role, head):
        for name, value in (("A", "x\r\nSet-Cookie: evil"), ("A\r\nB", "x"), ("A", "\n")):
            with pytest.raises(LocalProtocolError):
                role.answer(headers=CIMultiDict({name: value}))
        with pytest.raises(LocalProtocolError):
            role.link.answer(head, 200, "O\r\nK", "", None, b"", True)
        with pytest.raises(LocalProtocolError):
            role.link.answer(head, 200, "OK", "text/\r\n", None, b"", True)
        role.answer(b"clean")

    assert Server(handle).receive(GET) == told(b"clean")


async def test_more_or_less_than_content_length():
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200, length=3))
    with pytest.raises(LocalProtocolError, match="4 bytes written where 3 are left"):
        exchange.write(b"abcd")
    exchange.write(b"ab")
    with pytest.raises(LocalProtocolError, match="ends 1 bytes before Content-Length"):
        exchange.end()
    exchange.write(b"c")
    exchange.end()
    assert server.sent().endswith(b"\r\n\r\nabc")


async def test_verbs_out_of_order():
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    for verb in (lambda: exchange.write(b"a"), exchange.end):
        with pytest.raises(LocalProtocolError, match="not possible while sending is IDLE"):
            verb()
    with pytest.raises(LocalProtocolError, match="take_over"):
        exchange.take_over()
    exchange.send_head(ResponseHead(200))
    for verb in (
        lambda: exchange.send_head(ResponseHead(200)),
        lambda: exchange.send_head(ResponseHead(103)),
        lambda: server.role.answer(b"a"),
    ):
        with pytest.raises(LocalProtocolError, match="not possible while sending is BODY"):
            verb()


@pytest.mark.parametrize("status", [100, 101, 103, 199])
async def test_a_1xx_is_no_answer(status):
    server = Server()
    server.receive(UPGRADE)
    with pytest.raises(LocalProtocolError, match="does not end an exchange"):
        server.role.answer(status=status)


# --- streaming ---


async def test_srv_09_chunks_are_sent():
    """SRV-09: chunked transfer coding, sent; the pieces of one loop turn are one write."""
    server = Server(lambda role, head: role.stream(b"hello", b"", b"world!"))
    out = server.receive(GET)
    head, _, body = out.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert body == b"5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n"
    assert server.transport.writes == 1
    assert not server.closing


async def test_what_is_written_goes_out_in_the_same_turn():
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200, length=2))
    await exchange.write(b"a")
    assert server.transport.take() == b""
    await asyncio.sleep(0)
    assert server.transport.take().endswith(b"\r\n\r\na")
    exchange.write(b"b")
    exchange.end()
    assert server.transport.take() == b"b"


async def test_large_pieces_do_not_wait_for_the_turn():
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200, length=200_000))
    exchange.write(b"x" * 100_000)
    assert len(server.transport.take()) > 100_000
    exchange.write(b"y" * 100_000)
    assert server.transport.take() == b"y" * 100_000


@pytest.mark.parametrize("kind", [bytearray, memoryview])
async def test_pieces_of_other_kinds(kind):
    """They are copied: the caller may go on using its buffer."""
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200))
    buffer = bytearray(b"hello")
    exchange.write(kind(buffer))
    buffer[:] = b"xxxxx"
    exchange.end()
    assert server.sent().endswith(b"5\r\nhello\r\n0\r\n\r\n")


async def test_a_view_of_wide_items_counts_bytes():
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200, length=8))
    exchange.write(memoryview(b"12345678").cast("I"))
    exchange.end()
    assert server.sent().endswith(b"\r\n\r\n12345678")


async def test_trailers_are_sent():
    trailers = CIMultiDict({"X-Sum": "abc"})
    server = Server(lambda role, head: role.stream(b"hello", trailers=trailers))
    assert server.receive(GET).endswith(b"5\r\nhello\r\n0\r\nX-Sum: abc\r\n\r\n")


@pytest.mark.parametrize("name", ["Content-Length", "host", "Transfer-Encoding", "Set-Cookie"])
async def test_trailers_that_come_too_late(name):
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200))
    with pytest.raises(LocalProtocolError, match="may not be a trailer"):
        exchange.end(CIMultiDict({name: "1"}))
    exchange.end()
    assert server.sent().endswith(b"\r\n\r\n0\r\n\r\n")


async def test_trailers_need_chunks():
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200, length=1))
    exchange.write(b"a")
    with pytest.raises(LocalProtocolError, match="trailers need a chunked body"):
        exchange.end(CIMultiDict({"X": "1"}))


async def test_draining_waits_for_room():
    server = Server()
    server.receive(GET)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200))
    await exchange.write(b"a")
    server.transport.pause(100_000)
    waiting = asyncio.create_task(_drain(exchange))
    await asyncio.sleep(0)
    assert not waiting.done()
    server.transport.resume()
    await waiting


async def _drain(exchange):
    await exchange.drain()


# --- request bodies ---


async def test_srv_09_chunks_are_received():
    """SRV-09: chunked transfer coding, received, with its trailers."""
    server = Server()
    server.receive(CHUNKED, b"5\r\nhello\r\n", b"6\r\nworld!\r\n0\r\nX-Sum: a\r\n\r\n")
    body = server.role.exchange.body
    assert await body.read() == b"helloworld!"
    assert dict(body.trailers) == {"X-Sum": "a"}


async def test_trailers_do_not_touch_the_next_request():
    """Not even those named Host, Connection or Content-Length."""
    trailers = b"Host: evil\r\nConnection: close\r\nContent-Length: 999\r\n"
    server = Server(echo_target)
    data = CHUNKED + b"0\r\n" + trailers + b"\r\n" + GET
    assert server.receive(data) == told(b"/") * 2
    assert [head.authority for head in server.role.heads] == ["a", "a"]
    assert "Connection" not in server.role.heads[0].headers
    assert not server.closing


async def test_a_body_that_is_here_already_is_read_without_suspending():
    read = []

    def handle(role, head):
        read.append(role.exchange.body.read_nowait())
        role.answer(b"ok")

    assert Server(handle).receive(POST + b"hello") == told(b"ok")
    assert read == [b"hello"]


async def test_back_pressure():
    server = Server(limits={"body_buffer": 10})
    server.receive(POST.replace(b"5", b"100"))
    body = server.role.exchange.body
    server.receive(b"x" * 10)
    assert server.transport.is_reading()
    server.receive(b"x")
    assert not server.transport.is_reading()
    assert await body.read(5) == b"x" * 5
    assert not server.transport.is_reading()
    assert await body.read(5) == b"x" * 5
    assert server.transport.is_reading()


@pytest.mark.parametrize("pieces", [1, 2])
async def test_a_line_of_a_body_has_a_bound_of_its_own(pieces):
    for size in (100, 101):
        server = Server(limits={"body_buffer": 10, "body_line": 100})
        body = b"x" * (size - 1) + b"\n"
        fields = POST.replace(b"5", b"%d" % size)
        server.receive(*([fields + body] if pieces == 1 else [fields, body]))
        reader = server.role.exchange.body
        if size == 100:
            assert await reader.readline() == body
        else:
            with pytest.raises(LineTooLong, match="within 100 bytes"):
                await reader.readline()


async def test_an_unread_body_is_thrown_away_to_keep_the_connection():
    server = Server(lambda role, head: role.answer(b"no"))
    assert server.receive(POST) == told(b"no")
    assert server.receive(b"hel") == b""
    assert server.receive(b"lo" + GET) == told(b"no")
    assert not server.closing


async def test_thrown_away_bytes_are_bounded():
    for size in (100, 101):
        server = Server(lambda role, head: role.answer(b"no"), limits={"lingering": 100})
        server.receive(POST.replace(b"5", b"500"))
        server.receive(b"x" * size)
        assert server.transport.eof_sent is (size == 101)


async def test_throwing_away_takes_only_so_long():
    server = Server(lambda role, head: role.answer(b"no"), head_timeout=5)
    server.receive(POST)
    for _ in range(4):
        server.clock.advance(1)
        server.receive(b"x")
    assert not server.closing
    server.clock.advance(1)
    assert server.closing


async def test_whoever_reads_behind_the_answer_is_told():
    server = Server()
    server.receive(POST)
    body = server.role.exchange.body
    server.role.answer(b"no")
    with pytest.raises(LocalProtocolError, match="thrown away"):
        await body.read()


@pytest.mark.parametrize("step", [None, 1])
async def test_srv_11_a_bad_chunk_with_the_head_is_answered_400(step):
    """SRV-11: the role never hears of a request whose body is broken from the start."""
    server = Server(echo_target)
    out = server.receive(CHUNKED + b"X\r\n")
    assert out == b"HTTP/1.1 400 Bad Request\r\nServer: s\r\n" + _CLOSED + b"refused\n"
    assert server.role.heads == []
    assert server.transport.eof_sent


_CLOSED = (
    b"Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: 8\r\n"
    + DATE
    + b"\r\n"
)


async def test_a_bad_chunk_in_a_later_segment_reaches_whoever_reads():
    server = Server()
    server.receive(CHUNKED)
    body = server.role.exchange.body
    reading = asyncio.create_task(body.read())
    await asyncio.sleep(0)
    server.receive(b"X\r\n")
    with pytest.raises(RemoteProtocolError, match="chunk-size") as caught:
        await reading
    assert caught.value.status_hint == 400
    server.role.answer(b"bad", status=400)
    assert b"Connection: close" in server.sent()
    assert server.transport.eof_sent


async def test_a_bad_chunk_behind_the_answer_ends_the_connection():
    server = Server(lambda role, head: role.answer(b"no"))
    assert server.receive(CHUNKED) == told(b"no")
    server.receive(b"X\r\n")
    assert server.transport.eof_sent
    assert server.receive(GET) == b""


# --- refusals ---


async def test_a_bad_request_is_answered_and_the_connection_closed_in_order():
    server = Server()
    out = server.receive(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n" + GET)
    assert out == b"HTTP/1.1 400 Bad Request\r\nServer: s\r\n" + _CLOSED + b"refused\n"
    assert server.role.heads == []
    # Lingering: the peer may have more in flight, whose arrival must not destroy the answer.
    assert server.transport.eof_sent
    assert not server.closing
    assert server.receive(b"more" * 1000) == b""
    server.clock.advance(LINGER)
    assert server.closing


async def test_a_peer_that_is_gone_when_its_unread_body_is_refused():
    server = Server(lambda role, head: role.answer(b"no", keep_alive=False))

    def write_eof():
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    server.transport.write_eof = write_eof
    server.receive(POST)
    assert server.transport.aborted


async def test_the_peers_end_ends_the_lingering():
    server = Server()
    server.receive(b"\x00")
    assert not server.closing
    server.transport.receive_eof()
    assert server.closing


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n", 505),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 17000, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ],
)
async def test_refusals_have_their_status(data, status):
    server = Server()
    out = server.receive(data)
    assert out.startswith(f"HTTP/1.1 {status} {reason_of(status)}\r\n".encode())
    assert reason_of(status)
    assert server.transport.eof_sent


async def test_tls_on_a_plain_port_has_its_own_error():
    for hello in (b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"):
        server = Server()
        server.receive(hello)
        assert [type(error) for error in server.role.refused] == [UnexpectedTLS]


async def test_a_bad_request_behind_a_good_one():
    """The good one gets its own answer first, also when it takes time."""
    server = Server()
    assert server.receive(GET + b"BAD\r\n\r\n") == b""
    server.role.answer(b"good")
    out = server.sent()
    assert out == told(b"good")
    await asyncio.sleep(0)
    assert server.sent().startswith(b"HTTP/1.1 400 ")
    server = Server(echo_target)
    assert server.receive(GET + b"BAD\r\n\r\n").startswith(told(b"/") + b"HTTP/1.1 400 ")


async def test_a_refusal_of_a_peer_that_is_gone():
    server = Server()
    server.transport.lose()
    server.link.data_received(b"BAD\r\n\r\n")
    assert server.role.losses == [None]


# --- pipelining ---


async def test_pipelined_requests_are_answered_in_order():
    targets = [f"/{number}".encode() for number in range(100)]
    data = b"".join(b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n" % target for target in targets)
    server = Server(echo_target)
    server.receive(data)
    while len(server.role.heads) < 100:
        await asyncio.sleep(0)
    assert server.transport.sent == b"".join(map(told, targets[16:]))


async def test_a_peer_that_takes_no_answers_is_given_no_more_of_them():
    def handle(role, head):
        role.answer(head.target.encode(), head)
        if head.target == "/1":
            server.transport.pause(100_000)

    server = Server(handle)
    pipelined = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(4)]
    assert server.receive(b"".join(pipelined[:3])) == told(b"/0") + told(b"/1")
    assert server.receive(pipelined[3]) == b""
    server.transport.resume()
    await asyncio.sleep(0)
    assert server.sent() == told(b"/2") + told(b"/3")


async def test_what_is_pipelined_by_a_peer_that_takes_no_answers_is_bounded():
    server = Server(echo_target, limits={"pipelined": 100})
    server.transport.pause(100_000)
    for _ in range(10):
        server.receive(GET)
    assert not server.transport.reading
    assert not server.role.heads
    server.transport.resume()
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(server.role.heads) == 10


async def test_a_half_closed_peer_that_takes_answers_late_gets_all():
    server = Server(echo_target)
    server.transport.pause(100_000)
    server.receive(GET + GET)
    server.transport.receive_eof()
    server.transport.resume()
    await asyncio.sleep(0)
    assert server.sent() == told(b"/") + told(b"/", close=True)
    assert server.closing


async def test_a_pipelined_burst_lets_others_have_their_turn():
    server = Server(echo_target)
    assert server.receive(GET * 40) == told(b"/") * 16
    assert len(server.role.heads) == 16
    await asyncio.sleep(0)
    assert len(server.role.heads) == 32
    await asyncio.sleep(0)
    assert len(server.role.heads) == 40


async def test_the_next_request_is_not_parsed_before_the_answer():
    server = Server()
    server.receive(GET + GET)
    assert len(server.role.heads) == 1
    server.role.answer(b"a")
    await asyncio.sleep(0)
    assert len(server.role.heads) == 2


async def test_what_waits_behind_a_request_is_bounded():
    server = Server(limits={"pipelined": 100})
    server.receive(GET + b"x" * 100)
    assert server.transport.is_reading()
    server.receive(b"x")
    assert not server.transport.is_reading()
    server.role.answer(b"a")
    assert server.transport.is_reading()


async def test_many_small_segments_behind_a_request_are_joined_once():
    server = Server()
    server.receive(GET)
    data = b"GET /next HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 10_000 + b"\r\n\r\n"
    for byte in data:
        server.receive(bytes([byte]))
    server.role.answer(b"a")
    await asyncio.sleep(0)
    assert server.role.head.target == "/next"


async def test_a_head_that_dribbles_in_is_parsed_once_a_line(monkeypatch):
    from aiolos_protocol.http1 import pyparser

    looks = []
    inspect_part = pyparser.inspect_part
    monkeypatch.setattr(
        pyparser, "inspect_part", lambda *args: (looks.append(1), inspect_part(*args))
    )
    server = Server(echo_target)
    data = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 10_000 + b"\r\n\r\n"
    out = server.receive(*[bytes([byte]) for byte in data])
    assert out == told(b"/")
    assert len(looks) <= 6


async def test_a_part_of_a_head_is_arriving():
    server = Server(echo_target)
    assert not server.link.is_arriving()
    server.receive(GET[:5])
    assert server.link.is_arriving()
    server.receive(GET[5:])
    assert not server.link.is_arriving()


async def test_a_line_that_never_ends_is_refused_at_the_limit():
    server = Server(limits={"head": 1000})
    for _ in range(999):
        assert server.receive(b"X") == b""
    assert server.receive(b"X").startswith(b"HTTP/1.1 431 ")


# --- persistence ---


@pytest.mark.parametrize(
    ("data", "kept", "field"),
    [
        (GET, True, b""),
        (GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), False, b"close"),
        (b"GET / HTTP/1.0\r\n\r\n", False, b"close"),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", True, b"keep-alive"),
    ],
)
async def test_persistence(data, kept, field):
    server = Server(echo_target)
    out = server.receive(data)
    assert (b"Connection: " + field in out) is bool(field)
    assert server.closing is not kept
    server = Server(lambda role, head: role.stream(b"ab", length=2))
    out = server.receive(data)
    assert (b"Connection: " + field in out) is bool(field)
    assert server.closing is not kept


async def test_http_1_0_knows_no_chunks():
    server = Server(lambda role, head: role.stream(b"ab", b"cd"))
    out = server.receive(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert out.endswith(b"\r\n\r\nabcd")
    assert b"Transfer-Encoding" not in out
    assert b"Connection: close" in out
    assert server.closing


async def test_the_server_may_end_it():
    for handle in (
        lambda role, head: role.answer(b"a", keep_alive=False),
        lambda role, head: role.answer(b"a", headers=CIMultiDict(Connection="Close")),
    ):
        server = Server(handle)
        out = server.receive(GET)
        assert out.count(b"Connection: close\r\n") == 1
        assert server.closing


async def test_what_comes_behind_the_last_request_is_not_answered():
    server = Server(lambda role, head: role.answer(b"a", keep_alive=False))
    out = server.receive(GET + GET)
    assert out == told(b"a", close=True)
    assert server.transport.eof_sent
    assert not server.closing


# --- 100-continue ---


async def test_continue_is_sent_when_the_handler_asks_for_it():
    server = Server()
    assert server.receive(EXPECTING) == b""
    server.role.exchange.send_head(ResponseHead(100, "Continue"))
    assert server.sent() == b"HTTP/1.1 100 Continue\r\n\r\n"
    server.receive(b"hello")
    assert await server.role.exchange.body.read() == b"hello"
    server.role.answer(b"ok")
    assert server.sent() == told(b"ok")
    assert not server.closing


async def test_no_continue_once_the_body_is_here():
    server = Server()
    server.receive(EXPECTING + b"hello")
    server.role.exchange.send_head(ResponseHead(100, "Continue"))
    assert server.sent() == b""
    server.role.answer(b"ok")
    assert server.sent() == told(b"ok")


async def test_no_1xx_to_http_1_0():
    server = Server()
    server.receive(b"POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    server.role.exchange.send_head(ResponseHead(103))
    server.role.exchange.send_head(ResponseHead(100))
    assert server.sent() == b""


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_unanswered_expectation_ends_the_connection(streamed):
    """Nobody knows whether a body or a request comes next."""
    server = Server()
    server.receive(EXPECTING)
    if streamed:
        server.role.stream(b"no")
    else:
        server.role.answer(b"no")
    assert b"Connection: close\r\n" in server.sent()
    assert server.transport.eof_sent
    assert server.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n") == b""


async def test_a_peer_that_did_not_wait_for_continue_keeps_its_connection():
    server = Server()
    server.receive(EXPECTING + b"he")
    server.role.answer(b"no")
    assert server.sent() == told(b"no")
    server.receive(b"llo" + GET)
    assert len(server.role.heads) == 2


async def test_early_hints():
    server = Server()
    server.receive(GET)
    hints = ResponseHead(103, "Early Hints", headers=CIMultiDict({"Link": "</a>"}))
    server.role.exchange.send_head(hints)
    assert server.sent() == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    with pytest.raises(LocalProtocolError, match="no body to frame"):
        server.role.exchange.send_head(
            ResponseHead(103, headers=CIMultiDict({"Content-Length": "1"}))
        )
    server.role.answer(b"ok")
    assert server.sent() == told(b"ok")


# --- leaving HTTP ---


class Successor(asyncio.Protocol):
    def __init__(self):
        self.data = b""

    def data_received(self, data):
        self.data += data


async def test_an_upgrade():
    server = Server()
    server.receive(UPGRADE + b"early")
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(101, headers=CIMultiDict(Upgrade="chat", Connection="upgrade")))
    out = server.sent()
    assert out.startswith(b"HTTP/1.1 101 ")
    assert b"Upgrade: chat\r\nConnection: upgrade\r\n" in out
    assert b"Content-Length" not in out
    handover = exchange.take_over()
    assert handover.transport is server.transport
    assert handover.buffered == b"early"
    assert server.clock.watched == 0
    successor = Successor()
    handover.attach(successor)
    server.receive(b" bytes")
    assert successor.data == b"early bytes"
    with pytest.raises(LocalProtocolError, match="has ended"):
        exchange.take_over()
    handover.on_lost(None)
    assert server.role.losses == [None]
    assert server.link.transport is None


@pytest.mark.parametrize("early", [False, True])
async def test_a_connection_that_is_lost_is_not_handed_over(early):
    server = Server()
    server.receive(UPGRADE)
    exchange = server.role.exchange
    if early:
        server.transport.lose()
        with pytest.raises(ConnectionLost):
            exchange.send_head(ResponseHead(101))
    else:
        exchange.send_head(ResponseHead(101))
        server.transport.lose()
    with pytest.raises(ConnectionLost):
        exchange.take_over()
    assert server.role.losses == [None]


async def test_a_successor_is_told_of_the_end_that_came_before_it():
    server = Server()
    server.receive(UPGRADE + b"last")
    server.transport.receive_eof()
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(101))
    handover = exchange.take_over()
    assert handover.half_closed
    successor = Successor()
    handover.attach(successor)
    assert successor.data == b"last"
    assert server.closing


async def test_what_comes_between_101_and_the_hand_over_is_kept_and_bounded():
    server = Server(limits={"pipelined": 100})
    server.receive(UPGRADE)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(101))
    server.receive(b"one ", b"two", b"x" * 100)
    assert not server.transport.is_reading()
    handover = exchange.take_over()
    assert handover.buffered == b"one two" + b"x" * 100
    assert handover.reading_paused


async def test_an_unknown_upgrade_is_ignored_and_the_next_request_answered():
    server = Server(echo_target)
    assert server.receive(UPGRADE.replace(b"Upgrade: chat", b"Upgrade: h9")) == told(b"/chat")
    assert server.receive(GET) == told(b"/")
    assert server.receive(UPGRADE + GET) == told(b"/chat") + told(b"/")


@pytest.mark.parametrize(
    "data",
    [
        GET,
        GET.replace(b"\r\n\r\n", b"\r\nUpgrade: chat\r\n\r\n"),
        UPGRADE.replace(b"1.1", b"1.0"),
        UPGRADE.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"),
    ],
)
async def test_101_only_where_it_was_asked_for(data):
    server = Server()
    server.receive(data)
    with pytest.raises(LocalProtocolError, match=r"RFC 9110 7\.8"):
        server.role.exchange.send_head(ResponseHead(101))
    assert server.sent() == b""


async def test_a_tunnel():
    server = Server()
    server.receive(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n\x16\x03")
    assert server.role.head.target == "a:1"
    with pytest.raises(NoTunnel, match="does not end an exchange"):
        server.role.answer(b"ok")
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200, "OK"))
    out = server.sent()
    assert out.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length" not in out
    assert b"Transfer-Encoding" not in out
    assert exchange.take_over().buffered == b"\x16\x03"


async def test_a_refused_tunnel_is_an_ordinary_answer():
    server = Server(lambda role, head: role.answer(b"no", status=405))
    assert server.receive(b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n").endswith(b"no")
    assert not server.closing


# --- half-closed peers ---


async def test_a_half_closed_peer_gets_its_answer():
    server = Server()
    server.receive(GET)
    server.transport.receive_eof()
    assert not server.closing
    assert server.role.half_closings == 1
    server.role.answer(b"a")
    assert server.sent() == told(b"a", close=True)
    assert server.closing


async def test_a_half_closed_peer_gets_all_its_answers():
    server = Server()
    server.receive(GET + GET)
    server.transport.receive_eof()
    server.role.answer(b"a")
    await asyncio.sleep(0)
    assert not server.closing
    server.role.answer(b"b")
    assert server.sent() == told(b"a") + told(b"b", close=True)
    assert server.closing


async def test_a_half_closed_burst_is_answered():
    server = Server(echo_target)
    server.receive(GET * 40)
    server.transport.receive_eof()
    for _ in range(4):
        await asyncio.sleep(0)
    assert len(server.role.heads) == 40
    assert server.closing


@pytest.mark.parametrize("rest", [b"", b"\r\n", b"GET / HT", GET[:-2]])
async def test_a_half_closed_peer_with_half_a_request(rest):
    server = Server()
    server.receive(rest) if rest else None
    server.transport.receive_eof()
    assert server.closing
    server = Server()
    server.receive(GET + rest)
    server.transport.receive_eof()
    server.role.answer(b"a")
    await asyncio.sleep(0)
    assert server.sent().endswith(b"a")
    assert server.closing


async def test_a_body_that_ends_with_the_peers_half():
    server = Server()
    server.receive(POST, b"he")
    body = server.role.exchange.body
    server.transport.receive_eof()
    assert await body.read(10) == b"he"
    with pytest.raises(ConnectionLost, match="after 2 bytes of an incomplete body"):
        await body.read(10)
    server.role.answer(b"no", status=400)
    assert server.sent().endswith(b"no")
    assert server.closing


async def test_tls_cannot_be_half_closed():
    server = Server()
    server.transport._extra["ssl_object"] = object()
    server.receive(GET)
    server.transport.receive_eof()
    assert server.closing


# --- the connection goes away ---


async def test_verbs_on_a_lost_connection():
    server = Server()
    server.receive(POST + b"hello")
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200))
    error = OSError()
    server.transport.lose(error)
    assert server.role.losses == [error]
    for verb in (
        lambda: exchange.write(b"a"),
        exchange.end,
        lambda: server.role.answer(b"a"),
        exchange.take_over,
    ):
        with pytest.raises((ConnectionLost, LocalProtocolError)):
            verb()
    with pytest.raises(ConnectionLost):
        exchange.write(b"a")
    with pytest.raises(ConnectionLost):
        await exchange.drain()
    # What had arrived is still there: the handler goes on.
    assert await exchange.body.read() == b"hello"
    assert server.clock.watched == 0


async def test_a_handler_may_still_read_a_complete_body_of_a_lost_peer():
    server = Server()
    server.receive(POST + b"hello")
    server.transport.lose()
    assert await server.role.exchange.body.read() == b"hello"
    with pytest.raises(ConnectionLost):
        server.role.answer(b"a")


async def test_whoever_waits_for_the_body_is_told():
    server = Server()
    server.receive(POST)
    reading = asyncio.create_task(server.role.exchange.body.read())
    await asyncio.sleep(0)
    server.transport.lose(OSError("cable"))
    with pytest.raises(ConnectionLost) as caught:
        await reading
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="it counts no references")
async def test_a_link_that_is_lost_forgets_its_role():
    server = Server()
    server.receive(GET)
    server.transport.lose()
    role, link = weakref.ref(server.role), server.role.link
    del server
    assert role() is None
    # What comes all the same is nobody's.
    link.data_received(GET)
    link.eof_received()


async def test_abort():
    server = Server()
    server.receive(GET)
    server.role.exchange.abort()
    assert server.transport.aborted
    await asyncio.sleep(0)
    assert server.role.losses == [None]


# --- time ---


async def test_nobody_need_ask_but_not_for_ever():
    server = Server(head_timeout=10)
    server.clock.advance(9.9)
    assert not server.closing
    server.clock.advance(0.1)
    assert server.closing
    assert server.sent() == b""


async def test_a_head_has_one_deadline_that_bytes_do_not_extend():
    server = Server(head_timeout=10)
    for byte in GET[:9]:
        server.receive(bytes([byte]))
        server.clock.advance(1)
    out = server.receive(b"x")
    assert out == b""
    server.clock.advance(1)
    assert server.sent().startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    (refused,) = server.role.refused
    assert "did not arrive within 10 s" in refused.message
    assert isinstance(refused, TooSlow)
    assert (refused.limit, refused.value) == ("head_timeout", 10)
    assert server.transport.eof_sent


async def test_keep_alive_ends():
    server = Server(echo_target, keepalive_timeout=5)
    server.receive(GET)
    server.clock.advance(4.9)
    server.receive(GET)
    server.clock.advance(4.9)
    assert not server.closing
    server.clock.advance(0.1)
    assert server.closing


async def test_who_keeps_nothing_alive_says_so():
    server = Server(echo_target, keepalive_timeout=0)
    assert b"\r\nConnection: close\r\n" in server.receive(GET)
    assert server.closing


async def test_a_running_handler_has_no_deadline():
    server = Server()
    server.receive(GET)
    server.clock.advance(100_000)
    assert not server.closing


async def test_a_body_that_does_not_come_is_answered_408():
    server = Server(body_timeout=10)
    server.receive(POST)
    body = server.role.exchange.body
    server.clock.advance(9.9)
    assert body.exception() is None
    server.clock.advance(0.1)
    with pytest.raises(TooSlow, match="within 10 s") as caught:
        await body.read()
    assert caught.value.status_hint == 408
    assert (caught.value.limit, caught.value.value) == ("body_rate", 16)
    server.role.answer(b"late", status=408)
    assert b"Connection: close" in server.sent()
    assert server.transport.eof_sent


@pytest.mark.parametrize(("size", "late"), [(20, False), (19, True)])
async def test_a_body_has_a_minimum_rate(size, late):
    server = Server(body_timeout=10, limits={"body_rate": 2})
    server.receive(POST.replace(b"5", b"500"))
    body = server.role.exchange.body
    for _ in range(3):
        server.receive(b"x" * size)
        server.clock.advance(10)
    assert (body.exception() is not None) is late


async def test_a_slow_handler_is_not_the_peers_fault():
    server = Server(body_timeout=10, limits={"body_buffer": 10})
    server.receive(POST.replace(b"5", b"500"), b"x" * 11)
    body = server.role.exchange.body
    assert not server.transport.is_reading()
    server.clock.advance(100)
    assert body.exception() is None
    await body.readany()
    assert server.transport.is_reading()
    server.clock.advance(9)
    assert body.exception() is None
    server.clock.advance(1)
    assert body.exception() is not None


async def test_a_peer_that_waits_for_continue_is_not_late():
    server = Server(body_timeout=10)
    server.receive(EXPECTING)
    body = server.role.exchange.body
    server.clock.advance(100)
    assert body.exception() is None
    server.role.exchange.send_head(ResponseHead(100))
    server.clock.advance(9)
    assert body.exception() is None
    server.clock.advance(1)
    assert body.exception() is not None


async def test_a_peer_that_takes_nothing_is_cut_off():
    server = Server(body_timeout=10)
    server.receive(GET)
    exchange = server.role.exchange
    exchange.send_head(ResponseHead(200))
    server.transport.pause(100_000)
    writing = asyncio.create_task(_drain(exchange))
    await asyncio.sleep(0)
    server.clock.advance(10)
    assert server.transport.aborted
    (told,) = server.role.refused
    assert isinstance(told, TooSlow)
    assert told.limit == "body_rate"
    assert "of the response were taken within 10 s" in str(told)
    with pytest.raises(ConnectionLost):
        await writing


@pytest.mark.parametrize(("taken", "cut"), [(20, False), (19, True)])
async def test_a_response_has_a_minimum_rate(taken, cut):
    server = Server(lambda role, head: role.answer(b"x"), body_timeout=10, limits={"body_rate": 2})
    server.receive(GET)
    server.transport.pause(100_000)
    for _ in range(3):
        server.transport.unsent -= taken
        server.clock.advance(10)
    assert server.transport.aborted is cut
    if not cut:
        server.transport.resume()
        server.clock.advance(74)
        assert not server.closing
        server.clock.advance(1)
        assert server.closing


async def test_a_peer_whose_buffer_has_only_just_filled_again_is_not_slow():
    server = Server(body_timeout=10, limits={"body_rate": 2})
    server.receive(GET)
    server.role.exchange.send_head(ResponseHead(200))
    server.transport.pause(100_000)
    server.clock.advance(1)
    server.transport.resume()
    server.clock.advance(8)
    server.transport.pause(100_000)
    server.clock.advance(9)
    assert not server.transport.aborted
    server.clock.advance(1)
    assert server.transport.aborted


async def test_closing_waits_for_what_is_unsent_but_not_for_ever():
    server = Server(lambda role, head: role.answer(b"x", keep_alive=False), body_timeout=10)
    server.transport.unsent = 100
    # A real transport would lose the connection once its buffer is empty.
    server.transport._loop = asyncio.new_event_loop()
    server.receive(GET)
    assert server.closing
    server.clock.advance(10)
    assert server.transport.aborted
    server.transport._loop.close()


# --- properties ---

# Without Expect: whether its body has come before the answer decides whether the connection can be
# kept (RFC 9110 10.1.1), so there the split is seen.
REQUESTS = [
    GET,
    POST + b"hello",
    CHUNKED + b"3\r\nabc\r\n0\r\n\r\n",
    CHUNKED + b"0\r\nX: y\r\n\r\n",
    UPGRADE,
    b"BAD\r\n\r\n",
    GET.replace(b"GET", b"HEAD"),
    b"GET / HTTP/1.0\r\n\r\n",
]


@settings(max_examples=60, deadline=None)
@given(
    requests=st.lists(st.sampled_from(REQUESTS), max_size=6),
    cuts=st.lists(st.integers(0, 500), max_size=8),
)
def test_any_split_of_any_requests_gives_the_same_answers(requests, cuts):
    async def play(pieces):
        server = Server(echo_target)
        for piece in pieces:
            if piece and not server.closing:
                server.transport.receive(piece)
        return server.sent(), [head.target for head in server.role.heads]

    data = b"".join(requests)
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [data[start:stop] for start, stop in pairwise(places)]
    whole = asyncio.run(play([data]))
    split = asyncio.run(play(pieces))
    assert split == whole


# --- on real sockets, on both loops ---


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
@pytest.mark.parametrize("end", ["close", "half-close"])
def test_the_answer_survives_bytes_that_nobody_reads(kind, end, request):
    """Lingering: unread bytes at close would make the kernel reset the connection."""

    async def serve():
        loop = asyncio.get_running_loop()
        clock = ManualClock()
        server = await loop.create_server(
            lambda: H1ServerLink(loop, clock, DEFAULT_LIMITS, Recorder(), "s"), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        out = await loop.run_in_executor(None, talk, port)
        server.close()
        await server.wait_closed()
        return out

    def talk(port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            sock.sendall(b"BAD\r\n\r\n" + b"x" * 300_000)
            if end == "half-close":
                sock.shutdown(socket.SHUT_WR)
            out = b""
            while piece := sock.recv(65536):
                out += piece
            return out

    if kind == "uvloop":
        out = request.getfixturevalue("uvloop").run(serve())
    else:
        out = asyncio.run(serve())
    assert out.startswith(b"HTTP/1.1 400 ")
    assert out.endswith(b"refused\n")


async def test_a_link_closed_again_over_tls_breaks_nothing():
    """asyncio's TLS transport forgets what it is made of when it is closed twice."""
    authority = trustme.CA()
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(serving)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    loop = asyncio.get_running_loop()
    broken = []
    loop.set_exception_handler(lambda _, context: broken.append(context))
    role = Recorder()
    link = H1ServerLink(loop, ManualClock(), DEFAULT_LIMITS, role, "s")
    server = await loop.create_server(lambda: link, "127.0.0.1", 0, ssl=serving)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=trusting, server_hostname="localhost"
    )
    while role.link is None:
        await asyncio.sleep(0)
    link.close()
    link.close()
    link.pause_reading()
    assert await reader.read() == b""
    writer.close()
    while not role.losses:
        await asyncio.sleep(0)
    server.close()
    assert broken == []


# HTTP/2 from the start (RFC 9113 3.2, 3.3).

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.mark.parametrize("cut", [0, 3, 16, 20])
async def test_a_preface_hands_the_connection_over(cut):
    handed = []
    server = Server(http2=handed.append)
    assert server.receive(*filter(None, [PREFACE[:cut], PREFACE[cut:]])) == b""
    (handover,) = handed
    assert PREFACE.startswith(handover.buffered)
    assert len(handover.buffered) >= 16
    assert handover.transport is server.transport
    assert server.clock.watched == 0
    assert server.role.heads == server.role.refused == []


async def test_a_preface_is_refused_where_nobody_speaks_it():
    server = Server()
    assert server.receive(PREFACE).startswith(b"HTTP/1.1 505 ")


async def test_a_preface_behind_a_request_is_refused():
    handed = []
    server = Server(echo_target, http2=handed.append)
    sent = server.receive(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + PREFACE)
    assert sent.count(b"HTTP/1.1 200 OK") == 1
    assert sent.count(b"HTTP/1.1 505 ") == 1
    assert handed == []


@pytest.mark.parametrize(("protocol", "leaves"), [("h2", True), ("http/1.1", False), (None, False)])
async def test_alpn_chooses_the_version(protocol, leaves):
    class TLS:
        def selected_alpn_protocol(self):
            return protocol

    handed = []
    loop = asyncio.get_running_loop()
    role = Recorder(None)
    link = H1ServerLink(loop, ManualClock(), DEFAULT_LIMITS, role, "s", http2=handed.append)
    transport = connected(loop, link, ssl_object=TLS())
    assert [each.transport for each in handed] == ([transport] if leaves else [])
