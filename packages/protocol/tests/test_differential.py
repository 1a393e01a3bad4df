"""The same bytes to both twins, to h11 and to httptools: what disagrees is explained, or a defect.

The explanations are the tables of docs/design/http1.md.
"""

import asyncio
import contextlib
import os
import re
from dataclasses import replace

import h11
import httptools
import pytest
from aiolos_protocol.errors import LimitExceeded, RemoteProtocolError
from aiolos_protocol.http1.framing import ChunkedDecoder
from aiolos_protocol.http1.parser import parse_request, parse_response
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_server import H1ServerLink
from aiolos_protocol.testkit import ManualClock, connected
from hypothesis import example, given, settings
from hypothesis import strategies as st

# `nox -s fuzz` looks for longer.
TIMES = int(os.environ.get("AIOLOS_FUZZ", "1"))

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\n\r\n",
    b"GET /a/b?c=d&e HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11)\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: a\r\nAccept: */*;q=0.8\r\nCookie: a=b; c\r\nReferer: x\r\n\r\n",
    b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n",
    b"PUT /x HTTP/1.1\r\nhost: a.b:1\r\ntransfer-encoding: chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Type: text/json\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
    b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    b"GET http://example:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n",
    b"GET /chat HTTP/1.1\r\nHost: [::1]\r\nConnection: Upgrade, x\r\nUpgrade: WebSocket\r\n\r\n",
]
RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nServer: x\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    b"HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 \r\nTransfer-Encoding: Chunked\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
]
# What a mutation puts in: bytes that mean something to HTTP, and lines that matter for framing.
MORSELS = [
    *(b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b",", b";", b"\x00", b"\x0b", b"\x7f", b"\x80"),
    *(b"\xff", b"#", b"/", b"@", b"[", b"1", b"9", b"a", b"_", b'"', b"HTTP/1.1", b"http://"),
    b"Host: b\r\n",
    b"Content-Length: 5\r\n",
    b"content-TYPE: a/b ;c\r\n",
    b"Content-encoding: br\r\n",
    b"content-length:5\r\n",
    b"CONTENT-LENGTH: 05, 5\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"transfer-ENCODING: gzip, chunked\r\n",
    b"Transfer-Encoding: chunked, chunked\r\n",
    b"Connection: close\r\n",
    b"connection: close, keep-alive\r\n",
    b"Upgrade: x\r\n",
    b"Expect: 100-continue\r\n",
    b"Expect: x\r\n",
    b" folded\r\n",
    b"X: " + b"y" * 60 + b"\r\n",
]
mutations = st.lists(
    st.tuples(
        st.sampled_from(["insert", "replace", "delete", "repeat", "cut"]),
        st.integers(0, 300),
        st.sampled_from(MORSELS),
    ),
    max_size=4,
)


def mutate(data, steps):
    for kind, place, morsel in steps:
        place %= len(data) + 1
        if kind == "insert":
            data = data[:place] + morsel + data[place:]
        elif kind == "replace":
            data = data[:place] + morsel + data[place + len(morsel) :]
        elif kind == "delete":
            data = data[:place] + data[place + 1 :]
        elif kind == "repeat":
            data = data[:place] + data[max(0, place - 10) :]
        elif place > len(data) // 2:
            data = data[:place]
    return data


def reading(parse, data, start, limits):
    """Everything that a parser makes of `data`, or its refusal."""
    try:
        head = parse(data, start, limits)
    except RemoteProtocolError as error:
        return type(error), error.message, error.status_hint
    if head is None:
        return None
    if isinstance(head, tuple):
        return list(head[0].items()), head[1]
    names = {name for cls in type(head).__mro__ for name in dir(cls) if not name.startswith("_")}
    said = {name: getattr(head, name) for name in names - {"fields", "headers"}}
    said = {name: value for name, value in said.items() if not callable(value)}
    return said, list(head.headers.items())


small = st.sampled_from(
    [
        DEFAULT_LIMITS,
        replace(DEFAULT_LIMITS, head=120),
        replace(DEFAULT_LIMITS, request_line=24),
        replace(DEFAULT_LIMITS, field=30),
        replace(DEFAULT_LIMITS, fields=2),
        replace(DEFAULT_LIMITS, trailers=60, fields=3),
    ]
)


@settings(max_examples=150 * TIMES, deadline=None)
@given(
    data=st.sampled_from(REQUESTS + RESPONSES),
    steps=mutations,
    before=st.sampled_from([b"", b"x", b"\r\n", b"0\r\n"]),
    limits=small,
)
def test_both_twins_read_alike(both_twins, data, steps, before, limits):
    """The same head, or the same error in the same words."""
    data = before + mutate(data, steps)
    start = len(before) if before != b"\r\n" else 0
    for name in ("parse_request", "parse_response", "parse_trailers"):
        seen = [reading(getattr(twin, name), data, start, limits) for twin in both_twins]
        assert seen[0] == seen[1]


@settings(max_examples=150 * TIMES, deadline=None)
@given(data=st.binary(max_size=80))
def test_both_twins_read_any_bytes_alike(both_twins, data):
    for name in ("parse_request", "parse_response", "parse_trailers"):
        seen = [reading(getattr(twin, name), data, 0, DEFAULT_LIMITS) for twin in both_twins]
        assert seen[0] == seen[1]


@settings(max_examples=150 * TIMES, deadline=None)
@given(data=st.sampled_from(REQUESTS + RESPONSES), steps=mutations, limits=small)
def test_every_refusal_names_the_section_that_it_rests_on(twin, data, steps, limits):
    data = mutate(data, steps)
    for parse in (twin.parse_request, twin.parse_response, twin.parse_trailers):
        kind, message, *_ = reading(parse, data, 0, limits) or (None, "")
        if kind is LimitExceeded:
            assert re.search(r"raise it with Limits\(\w+=\.\.\.\)$", message), message
        elif kind is RemoteProtocolError:
            assert re.search(r"\(RFC 9\d{3} \d+(\.\d+)*\)$", message), message


@settings(max_examples=100 * TIMES, deadline=None)
@given(parts=st.lists(st.binary(min_size=1, max_size=20), max_size=4), steps=mutations)
def test_both_twins_take_the_same_chunks(both_twins, parts, steps):
    data = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    data = mutate(data, steps)
    seen = []
    for twin in both_twins:
        pieces = []
        seen.append((twin.take_chunks(data, 0, pieces), pieces))
    assert seen[0] == seen[1]


def asked_of_h11(data):
    """What h11's server makes of a request head; None for a refusal."""
    connection = h11.Connection(h11.SERVER)
    try:
        connection.receive_data(data)
        event = connection.next_event()
    except h11.RemoteProtocolError:
        return None
    return event if isinstance(event, h11.Request) else None


@settings(max_examples=100 * TIMES, deadline=None)
@given(data=st.sampled_from(REQUESTS), steps=mutations)
@example(data=b"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", steps=[])
def test_what_we_accept_h11_accepts_and_reads_alike(data, steps):
    data = mutate(data, steps)
    try:
        head = parse_request(data, 0, DEFAULT_LIMITS)
    except RemoteProtocolError:
        return
    line, _, _ = data.partition(b"\r\n")
    if head is None or not line.isascii() or not line:
        # h11 takes no empty line before a request (RFC 9112 2.2: a server should), and no byte
        # above 0x7F in a target (which browsers do not send, but many scripts).
        return
    event = asked_of_h11(data)
    assert event is not None, data
    assert event.method == head.method.encode()
    assert event.http_version == b"%d.%d" % head.version
    if head.scheme is None and head.target != "*":
        assert event.target == head.target.encode()
    # h11 writes names in lower case, and trims a list of equal lengths to one.
    ours = [(name.lower(), value) for name, value in head.raw_headers]
    assert ours == [(name, value) for name, value in event.headers]


@settings(max_examples=100 * TIMES, deadline=None)
@given(data=st.sampled_from(RESPONSES), steps=mutations)
def test_the_answers_that_we_accept_h11_accepts_and_reads_alike(data, steps):
    data = mutate(data, steps)
    try:
        head = parse_response(data, 0, DEFAULT_LIMITS)
    except RemoteProtocolError:
        return
    if head is None:
        return
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(
        method="GET",
        target="/",
        headers=[("Host", "a"), ("Upgrade", "h2c"), ("Connection", "upgrade")],
    )
    connection.send(request)
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    event = connection.next_event()
    assert isinstance(event, h11.Response | h11.InformationalResponse), data
    assert event.status_code == head.status
    assert bytes(event.reason).decode("latin-1") == head.reason
    assert {name.lower() for name, _ in head.raw_headers} == {name for name, _ in event.headers}


class Answering:
    """A server's role that answers each request once its body is here."""

    busy = False

    def __init__(self):
        self.seen = []
        self.waiting = None

    def connected(self, link):
        self.link = link

    def request_received(self, head):
        self.waiting = (head, self.link.exchange(head).body)

    def request_refused(self, error):
        return error.status_hint, b""

    def half_closed(self):
        pass

    def lost(self, exc):
        pass

    def answer(self):
        if self.waiting is None or not self.waiting[1].is_eof():
            return
        head, body = self.waiting
        self.waiting = None
        self.seen.append((head.method.encode(), head.target.encode(), body.read_nowait()))
        self.link.answer(head, 404, "Not Found", "", None, b"", True)


async def requests_of(data):
    """Method, target and body of the requests that our server finds in `data`."""
    loop = asyncio.get_running_loop()
    role = Answering()
    link = H1ServerLink(loop, ManualClock(), DEFAULT_LIMITS, role, "s")
    transport = connected(loop, link)
    transport.receive(data)
    for _ in range(8):
        role.answer()
        await asyncio.sleep(0)
    transport.abort()
    await asyncio.sleep(0)
    return role.seen


def requests_of_h11(data):
    """As requests_of()."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    seen = []
    with contextlib.suppress(h11.ProtocolError):
        while isinstance(request := connection.next_event(), h11.Request):
            body = b""
            while isinstance(event := connection.next_event(), h11.Data):
                body += event.data
            if not isinstance(event, h11.EndOfMessage):
                break
            seen.append((request.method, request.target, body))
            connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
            connection.send(h11.EndOfMessage())
            connection.start_next_cycle()
    return seen


EVIL = b"GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
MESSAGES = [
    b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /d HTTP/1.1\r\nHost: a\r\nContent-Length: 31\r\n\r\n" + EVIL,
    CHUNKED + b"5\r\nhello\r\n0\r\n\r\n",
    CHUNKED + b"3;x=y\r\nabc\r\n1f\r\n" + EVIL + b"\r\n0\r\nX: y\r\n\r\n",
]


@settings(max_examples=150 * TIMES, deadline=None)
@given(messages=st.lists(st.sampled_from(MESSAGES), min_size=1, max_size=3), steps=mutations)
def test_no_message_is_smuggled_past_us_or_h11(messages, steps):
    """Wherever both find a further request, it is the same one; either may stop before."""
    data = mutate(b"".join(messages), steps)
    ours, theirs = asyncio.run(requests_of(data)), requests_of_h11(data)
    for mine, other in zip(ours, theirs, strict=False):
        assert mine == other or b"://" in other[1] or b"%" in mine[1], data


FRAMING = {"content-length", "transfer-encoding", "connection", "host"}


class Sink:
    def __init__(self):
        self.data = b""
        self.trailers = []

    def feed_data(self, data):
        self.data += data

    def feed_chunks(self, pieces, whole):
        self.data += b"".join(pieces)

    def feed_trailers(self, trailers):
        self.trailers = list(trailers.items())

    def feed_eof(self):
        pass


@settings(max_examples=100 * TIMES, deadline=None)
@given(
    parts=st.lists(st.binary(min_size=1, max_size=20), max_size=4),
    # Not " ;a": h11 does not know the BWS of RFC 9112 7.1.1.
    extension=st.sampled_from([b"", b";a", b';a="b"']),
    trailer=st.sampled_from([b"", b"X-Sum: a\r\n"]),
    steps=mutations,
)
def test_the_chunks_that_we_accept_h11_accepts_and_reads_alike(parts, extension, trailer, steps):
    data = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    data = mutate(data + b"0\r\n" + trailer + b"\r\n", steps)
    decoder, sink = ChunkedDecoder(DEFAULT_LIMITS), Sink()
    try:
        used = decoder.feed(data, 0, sink)
    except RemoteProtocolError:
        return
    names = {name.lower() for name, _ in sink.trailers}
    if not decoder.done or b" ;" in data or b"\t;" in data or names & FRAMING:
        # h11 judges the framing fields of trailers, which for us are only data.
        return
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert isinstance(connection.next_event(), h11.Request)
    connection.receive_data(data)
    got = b""
    while isinstance(event := connection.next_event(), h11.Data):
        got += event.data
    assert isinstance(event, h11.EndOfMessage), data
    assert got == sink.data
    assert [
        (name.decode(), value.decode("utf-8", "surrogateescape")) for name, value in event.headers
    ] == [(name.lower(), value) for name, value in sink.trailers]
    assert connection.trailing_data[0] == data[used:]


# httptools knows these methods only, and no other.
LLHTTP_METHODS = {"GET", "POST", "PUT", "CONNECT", "OPTIONS"}


class Told:
    """What httptools says of a message."""

    def __init__(self, kind):
        self.url = self.reason = self.body = b""
        self.fields = []
        self.head_fields = None
        self.keep_alive = self.complete = False
        self.parser = kind(self)

    def on_url(self, url):
        self.url += url

    def on_status(self, reason):
        self.reason += reason

    def on_header(self, name, value):
        # It keeps the white space behind a value, which is no part of it (RFC 9110 5.5).
        self.fields.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self):
        self.head_fields = list(self.fields)
        self.keep_alive = self.parser.should_keep_alive()

    def on_body(self, data):
        self.body += data

    def on_message_complete(self):
        self.complete = True


def told_by_httptools(kind, *data):
    """What httptools makes of `data`, None for a refusal of its head."""
    told = Told(kind)
    try:
        for each in data:
            told.parser.feed_data(each)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        # Behind the head that may be anything, as for h11.
        pass
    return told if told.head_fields is not None else None


@settings(max_examples=100 * TIMES, deadline=None)
@given(data=st.sampled_from(REQUESTS), steps=mutations)
@example(data=b"GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n", steps=[])
def test_what_we_accept_httptools_accepts_and_reads_alike(data, steps):
    data = mutate(data, steps)
    try:
        head = parse_request(data, 0, DEFAULT_LIMITS)
    except RemoteProtocolError:
        return
    line, _, _ = data.lstrip(b"\r\n").partition(b"\r\n")
    if head is None or not line.isascii() or head.method not in LLHTTP_METHODS:
        return
    told = told_by_httptools(httptools.HttpRequestParser, data[: head.size])
    assert told is not None, data
    assert told.parser.get_method() == head.method.encode()
    assert told.parser.get_http_version() == f"{head.version[0]}.{head.version[1]}"
    if head.scheme is None and head.target != "*":
        assert told.url == head.target.encode()
    assert told.head_fields == list(head.raw_headers)
    connection = head.headers.get("Connection", "").lower()
    if "close" not in connection or "keep-alive" not in connection:
        # Where a peer says both, we close (RFC 9112 9.3).
        assert bool(told.keep_alive) == head.keep_alive


@settings(max_examples=100 * TIMES, deadline=None)
@given(data=st.sampled_from(RESPONSES), steps=mutations)
def test_the_answers_that_we_accept_httptools_accepts_and_reads_alike(data, steps):
    data = mutate(data, steps)
    try:
        head = parse_response(data, 0, DEFAULT_LIMITS)
    except RemoteProtocolError:
        return
    if head is None or len(head.headers.getall("Content-Length", ())) > 1:
        # It refuses equal lengths, which browsers bear (RFC 9110 8.6 leaves the choice).
        return
    told = told_by_httptools(httptools.HttpResponseParser, data[: head.size])
    assert told is not None, data
    assert told.parser.get_status_code() == head.status
    assert told.reason.decode("latin-1") == head.reason
    assert told.head_fields == list(head.raw_headers)


@settings(max_examples=100 * TIMES, deadline=None)
@given(
    parts=st.lists(st.binary(min_size=1, max_size=20), max_size=4),
    extension=st.sampled_from([b"", b";a", b';a="b"']),
    trailer=st.sampled_from([b"", b"X-Sum: a\r\n"]),
    steps=mutations,
)
def test_the_chunks_that_we_accept_httptools_accepts_and_reads_alike(
    parts, extension, trailer, steps
):
    data = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    data = mutate(data + b"0\r\n" + trailer + b"\r\n", steps)
    decoder, sink = ChunkedDecoder(DEFAULT_LIMITS), Sink()
    try:
        used = decoder.feed(data, 0, sink)
    except RemoteProtocolError:
        return
    names = {name.lower() for name, _ in sink.trailers}
    if not decoder.done or names & FRAMING or has_white_space(data):
        return
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    told = told_by_httptools(httptools.HttpRequestParser, head, data[:used])
    assert told.complete, data
    assert told.body == sink.data
    trailers = told.fields[len(told.head_fields) :]
    assert sink.trailers == [
        (name.decode(), value.decode("utf-8", "surrogateescape")) for name, value in trailers
    ]


def has_white_space(data):
    """Whether a chunk extension may have white space around its parts, which httptools refuses."""
    return re.search(rb"[ \t][;=]|[;=][ \t]", data) is not None


def is_refused(data):
    try:
        head = parse_request(data, 0, DEFAULT_LIMITS)
    except RemoteProtocolError:
        return True
    return head is None


@pytest.mark.parametrize(
    "data",
    [
        b"GET /_HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
        b"GET / HTTP/1.0\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"GET http://a/b#c HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a:80b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a.ex\nmple:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
def test_where_we_are_stricter_than_httptools(data):
    """As test_where_we_are_stricter_than_h11."""
    assert told_by_httptools(httptools.HttpRequestParser, data) is not None
    assert is_refused(data)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 204 No\x00Content\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunk d\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
    ],
)
def test_where_we_are_stricter_than_httptools_with_answers(data):
    assert told_by_httptools(httptools.HttpResponseParser, data) is not None
    with pytest.raises(RemoteProtocolError):
        parse_response(data, 0, DEFAULT_LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        b"GET http://a/b#c HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a:80b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n",
    ],
)
def test_where_we_are_stricter_than_h11(data):
    """The disagreements of docs/design/http1.md: each must stay one, or leave the table."""
    assert asked_of_h11(data) is not None
    with pytest.raises(RemoteProtocolError):
        parse_request(data, 0, DEFAULT_LIMITS)


@pytest.mark.parametrize("extension", [b";", b";a;", b";=", b";a=", b';a="', b";\xff", b";a "])
def test_where_we_are_stricter_than_h11_with_chunks(extension):
    body = b"1%b\r\na\r\n0\r\n\r\n" % extension
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    )
    kinds = [type(connection.next_event()) for _ in range(3)]
    assert kinds == [h11.Request, h11.Data, h11.EndOfMessage]
    with pytest.raises(RemoteProtocolError):
        ChunkedDecoder(DEFAULT_LIMITS).feed(body, 0, Sink())
