"""Heads: what is read from a good one, and which fault of a bad one is named. Both twins."""

import sys
from contextlib import suppress
from dataclasses import replace

import pytest
from aiolos_protocol.errors import LimitExceeded, RemoteProtocolError
from aiolos_protocol.http1 import pyparser
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.message import HttpVersion10, HttpVersion11
from hypothesis import given
from hypothesis import strategies as st
from multidict import istr

WRK = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\nAccept: */*\r\n\r\n"
BROWSER = (
    b"GET /articles/2024/some-title?page=2&sort=asc HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0\r\n"
    b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    b"Accept-Language: en-US,en;q=0.5\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Referer: https://www.example.com/\r\n"
    b"Connection: keep-alive\r\n"
    b"Cookie: session=0123456789abcdef; theme=dark; consent=1\r\n"
    b"Upgrade-Insecure-Requests: 1\r\n"
    b"X-Request-ID: 3f2a\r\n\r\n"
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nServer: x\r\n\r\n"
REQUESTS = [
    WRK,
    BROWSER,
    b"POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n",
    b"PUT /x HTTP/1.1\r\nhost: a.b:1\r\ntransfer-encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
    b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://user-less.example:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n",
    b"PURGE /caf\xc3\xa9/\xff HTTP/1.1\r\nHost: a\r\nX-Name: caf\xc3\xa9 \xff\r\n\r\n",
    b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, x\r\nUpgrade: WebSocket\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"\r\nGET / HTTP/1.1\r\nHost:a\r\nEmpty:\r\nTabs:\t a\tb \t\r\n\r\n",
]
RESPONSES = [
    ANSWER,
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"HTTP/1.1 299 Caf\xe9 \xff\r\nContent-Length: 5, 5\r\nContent-Length: 5\r\n\r\n",
]


def request(twin, data, **limits):
    return twin.parse_request(data, 0, replace(DEFAULT_LIMITS, **limits))


def response(twin, data, **limits):
    return twin.parse_response(data, 0, replace(DEFAULT_LIMITS, **limits))


def with_fields(*lines, start=b"GET / HTTP/1.1", host=True):
    return b"\r\n".join([start, *([b"Host: a"] if host else []), *lines, b"", b""])


def told(parse):
    """What a head says, for comparing; or its error."""
    try:
        head = parse()
    except RemoteProtocolError as error:
        return type(error), error.message, error.status_hint
    if head is None:
        return None
    names = [name for cls in type(head).__mro__ for name in getattr(cls, "__slots__", ())]
    public = {name: getattr(head, name) for name in names if not name.startswith("_")}
    return public, list(head.headers.items()), head.raw_headers


# --- what a good head says ---


def test_the_usual_request(twin):
    head = request(twin, WRK)
    assert (head.method, head.target, head.version) == ("GET", "/", HttpVersion11)
    assert (head.length, head.chunked, head.keep_alive) == (-1, False, True)
    assert (head.upgrade, head.expect, head.scheme, head.protocol) == (None, False, None, None)
    assert head.authority == "127.0.0.1:8080"
    assert head.size == len(WRK)
    assert list(head.headers.items()) == [
        ("Host", "127.0.0.1:8080"),
        ("Connection", "keep-alive"),
        ("Accept", "*/*"),
    ]


def test_a_browsers_request(twin):
    head = request(twin, BROWSER)
    assert head.target == "/articles/2024/some-title?page=2&sort=asc"
    assert head.headers["ACCEPT-language"] == "en-US,en;q=0.5"
    assert head.raw_headers[0] == (b"Host", b"www.example.com")
    assert len(head.headers) == len(head.raw_headers) == 10


def test_the_usual_response(twin):
    head = response(twin, ANSWER)
    assert (head.status, head.reason, head.version) == (200, "OK", HttpVersion11)
    assert (head.length, head.chunked, head.keep_alive, head.upgrade) == (5, False, True, None)
    assert head.size == len(ANSWER)
    assert head.headers["content-type"] == "text/plain"


def test_usual_names_are_the_constants_of_hdrs(twin):
    headers = twin.load_headers(b"host: a\r\nHost: b\r\nX-Own: c\r\n")
    names = [name for name, _ in headers.items()]
    assert names == ["Host", "Host", "X-Own"]
    assert all(isinstance(name, istr) for name in names)


@pytest.mark.parametrize(
    ("sent", "target"),
    [
        (b"/caf\xc3\xa9", "/caf\u00e9"),
        (b"/v/\xff\xfe?\xe9", "/v/%FF%FE?%E9"),
        (b"http://a/\xff", "/%FF"),
    ],
)
def test_a_target_is_text_that_can_be_written_again(twin, sent, target):
    head = request(twin, b"GET " + sent + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert head.target == target
    head.target.encode()


def test_values_keep_bytes_that_are_not_utf_8(twin):
    head = request(twin, with_fields(b"X-A: caf\xc3\xa9", b"X-B: \xff\xfe"))
    assert head.headers["X-A"] == "café"
    assert head.headers["X-B"].encode("utf-8", "surrogateescape") == b"\xff\xfe"
    assert head.raw_headers[2] == (b"X-B", b"\xff\xfe")


def test_white_space_around_values_goes(twin):
    head = request(twin, with_fields(b"X-A:b", b"X-B: \t b c \t", b"X-C:", b"X-D:  "))
    assert [head.headers[name] for name in ("X-A", "X-B", "X-C", "X-D")] == ["b", "b c", "", ""]


def test_a_head_may_begin_anywhere(twin):
    data = b"rest of a body" + WRK + b"more"
    head = twin.parse_request(data, 14, DEFAULT_LIMITS)
    assert head.size == len(WRK)
    assert head.headers["Accept"] == "*/*"
    data = b"xx" + ANSWER + b"hello"
    assert twin.parse_response(data, 2, DEFAULT_LIMITS).size == len(ANSWER)


def test_empty_lines_before_a_request_belong_to_it(twin):
    assert request(twin, b"\r\n" + WRK).size == len(WRK) + 2
    assert request(twin, b"\r\n\r\n" + WRK).size == len(WRK) + 4


@pytest.mark.parametrize(
    ("line", "version", "keep_alive"),
    [
        (None, b"1.1", True),
        (None, b"1.0", False),
        (b"Connection: close", b"1.1", False),
        (b"Connection: CLOSE", b"1.1", False),
        (b"connection: Close , x", b"1.1", False),
        (b"Connection: x\r\nConnection: close", b"1.1", False),
        (b"Connection: keep-alive", b"1.0", True),
        (b"Connection: Keep-Alive, x", b"1.0", True),
        (b"Connection: keep-alive, close", b"1.0", False),
        (b"Connection: keep-alive, close", b"1.1", False),
        (b"Connection: closed", b"1.1", True),
        (b"Connection:", b"1.1", True),
    ],
)
def test_persistence(twin, line, version, keep_alive):
    lines = [] if line is None else [line]
    assert request(twin, with_fields(*lines, start=b"GET / HTTP/" + version)).keep_alive is (
        keep_alive
    )
    start = b"HTTP/" + version + b" 200 OK"
    assert response(twin, with_fields(*lines, start=start)).keep_alive is keep_alive


def test_upgrade_counts_where_connection_names_it(twin):
    upgrade = b"Upgrade: WebSocket"
    assert request(twin, with_fields(upgrade)).upgrade is None
    assert request(twin, with_fields(upgrade, b"Connection: upgrade")).upgrade == "websocket"
    assert request(twin, with_fields(b"Connection: a,UPGRADE", upgrade)).upgrade == "websocket"
    assert request(twin, with_fields(b"Connection: upgrade")).upgrade is None
    two = with_fields(b"Connection: upgrade", b"Upgrade: h2c", b"Upgrade: websocket")
    assert request(twin, two).upgrade == "h2c,websocket"
    twice = with_fields(b"Connection: upgrade", b"Upgrade: websocket", b"Upgrade: websocket")
    assert request(twin, twice).upgrade == "websocket,websocket"


@pytest.mark.parametrize(
    ("connection", "upgrade", "expected", "keep_alive"),
    [
        (b"Upgrade", b"websocket", "websocket", True),
        (b"uPGRADE", b"WEBSOCKET", "websocket", True),
        (b"keep-alive, Upgrade", b"websocket", "websocket", True),
        (b"Keep-Alive,\tupgrade", b"websocket", "websocket", True),
        (b"close, Upgrade", b"websocket", "websocket", False),
        (b"keep-alive, Upgrades", b"websocket", None, True),
        (b"keep-alive", b"websocket", None, True),
        (b"close", b"websocket", None, False),
        (b"upgrade", b"websockets", "websockets", True),
        (b"upgrade", b"WebSocket/13", "websocket/13", True),
        (b"upgrade", b"h2c", "h2c", True),
        (b"upgrade", b"", None, True),
    ],
)
def test_what_opens_a_websocket(twin, connection, upgrade, expected, keep_alive):
    fields = [b"Connection: " + connection, b"Upgrade: " + upgrade]
    for each in (fields, fields[::-1]):
        head = request(twin, with_fields(*each))
        assert (head.upgrade, head.keep_alive) == (expected, keep_alive)
        head = request(twin, with_fields(*each, start=b"GET / HTTP/1.0"))
        assert head.upgrade is None


def test_upgrade_of_http_1_0_is_ignored(twin):
    data = with_fields(b"Connection: upgrade", b"Upgrade: x", start=b"GET / HTTP/1.0")
    assert request(twin, data).upgrade is None


def test_expect(twin):
    post = b"POST / HTTP/1.1"
    assert request(twin, with_fields(b"Expect: 100-continue", start=post)).expect is True
    assert request(twin, with_fields(b"expect: 100-Continue", start=post)).expect is True
    assert request(twin, with_fields(b"Expect:", start=post)).expect is False
    old = with_fields(b"Expect: 100-continue", start=b"POST / HTTP/1.0")
    assert request(twin, old).expect is False
    with pytest.raises(RemoteProtocolError, match=r"10\.1\.1") as caught:
        request(twin, with_fields(b"Expect: payment", start=post))
    assert caught.value.status_hint == 417


@pytest.mark.parametrize(
    ("start", "target", "scheme", "authority"),
    [
        (b"GET /a?b HTTP/1.1", "/a?b", None, "a"),
        (b"GET // HTTP/1.1", "//", None, "a"),
        (b"GET /a//b/../c%20 HTTP/1.1", "/a//b/../c%20", None, "a"),
        (b"GET http://host HTTP/1.1", "/", "http", "host"),
        (b"GET http://host?q HTTP/1.1", "/?q", "http", "host"),
        (b"GET HTTPS://Host:8443/p?q HTTP/1.1", "/p?q", "https", "Host:8443"),
        (b"GET http://[::1]:80/ HTTP/1.1", "/", "http", "[::1]:80"),
        (b"OPTIONS * HTTP/1.1", "*", None, "a"),
        (b"OPTIONS http://host HTTP/1.1", "*", "http", "host"),
        (b"OPTIONS http://host/ HTTP/1.1", "/", "http", "host"),
        (b"CONNECT host:443 HTTP/1.1", "host:443", None, "host:443"),
        (b"CONNECT [::1]:443 HTTP/1.1", "[::1]:443", None, "[::1]:443"),
    ],
)
def test_the_forms_of_targets(twin, start, target, scheme, authority):
    head = request(twin, with_fields(start=start))
    assert (head.target, head.scheme, head.authority) == (target, scheme, authority)


@pytest.mark.parametrize(
    "target",
    [
        b"a",
        b"a/b",
        b"*",
        b"?a",
        b"/a#b",
        b"#",
        b"http://",
        b"http:///path",
        b"http://a@b/",
        b"http://a:b/",
        b"http://a:99999/",
        b"ftp://a/",
        b"ws://a/",
        b"http:/a",
        b"http://a/#b",
        b"http://[::1/",
        b"http://[zz]/",
        b"a:80",
    ],
)
def test_targets_of_no_form(twin, target):
    with pytest.raises(RemoteProtocolError, match=r"target|HTTP/1\.1") as caught:
        request(twin, with_fields(start=b"GET " + target + b" HTTP/1.1"))
    assert caught.value.status_hint == 400


@pytest.mark.parametrize("target", [b"/", b"host", b"host:", b"http://host:1/", b":1", b"a@b:1"])
def test_connect_takes_host_and_port_only(twin, target):
    with pytest.raises(RemoteProtocolError, match="CONNECT needs host:port"):
        request(twin, with_fields(start=b"CONNECT " + target + b" HTTP/1.1"))


@pytest.mark.parametrize(
    "host",
    [
        b"a",
        b"a.example.com:8080",
        b"127.0.0.1",
        b"[::1]:80",
        b"[v7.x:y]",
        b"a_b~",
        b"a%20b",
        b"a:",
        b"",
        b"a:65535",
    ],
)
def test_hosts(twin, host):
    head = request(twin, with_fields(b"Host: " + host, host=False))
    assert head.authority == host.decode()


@pytest.mark.parametrize(
    "host",
    [
        b"a b",
        b"a/b",
        b"a@b",
        b"a:b",
        b"a:65536",
        b"a:100000",
        b"a,b",
        b"[::1",
        b"::1",
        b"[1.2.3]",
        b"a%2",
        b"a\\b",
        b"\xff",
        b"http://a",
        b"a?",
        b"a#",
        b'"a"',
        b"<a>",
    ],
)
def test_invalid_hosts(twin, host):
    if host == b"a,b":
        # A comma is a sub-delim: RFC 3986 3.2.2 lets a reg-name hold it.
        assert request(twin, with_fields(b"Host: a,b", host=False)).authority == "a,b"
        return
    with pytest.raises(RemoteProtocolError, match=r"Host is not a host.*RFC 9112 3\.2"):
        request(twin, with_fields(b"Host: " + host, host=False))


def test_one_host(twin):
    with pytest.raises(RemoteProtocolError, match="Host is missing"):
        request(twin, with_fields(host=False))
    assert request(twin, with_fields(start=b"GET / HTTP/1.0", host=False)).authority is None
    for second in (b"Host: a", b"host: b", b"HOST:"):
        with pytest.raises(RemoteProtocolError, match="more than one Host"):
            request(twin, with_fields(second))
    with pytest.raises(RemoteProtocolError, match="more than one Host"):
        request(twin, with_fields(b"Host: a", start=b"GET / HTTP/1.0"))


# --- the framing ---


@pytest.mark.parametrize(
    ("line", "length", "chunked"),
    [
        (b"Content-Length: 0", 0, False),
        (b"content-length:\t007 ", 7, False),
        (b"CONTENT-LENGTH: 9223372036854775807", 2**63 - 1, False),
        (b"Content-Length: 000000000000000012", 12, False),
        (b"Transfer-Encoding: chunked", -1, True),
        (b"transfer-encoding:CHUNKED", -1, True),
        (b"tRANSFER-eNCODING: Chunked", -1, True),
        (b"X-Content-Length: 9", -1, False),
        (b"Content-Length-X: 9", -1, False),
    ],
)
def test_framing(twin, line, length, chunked):
    for head in (
        request(twin, with_fields(line, start=b"POST / HTTP/1.1")),
        response(twin, with_fields(line, start=b"HTTP/1.1 200 OK")),
    ):
        assert (head.length, head.chunked) == (length, chunked)


@pytest.mark.parametrize(
    "lines",
    [
        [b"Content-Length: 1", b"Content-Length: 2"],
        [b"Content-Length: 1", b"content-LENGTH: 2"],
        [b"Content-Length: 1, 2"],
        [b"Content-Length:"],
        [b"Content-Length: +1"],
        [b"Content-Length: -1"],
        [b"Content-Length: 1 1"],
        [b"Content-Length: 0x1"],
        [b"Content-Length: 1_0"],
        [b"Content-Length: 1.0"],
        [b"Content-Length: 1,"],
        [b"Content-Length: \xd9\xa1"],
        [b"Content-Length: 9223372036854775808"],
        [b"Content-Length: 00000000000000000001"],
        [b"Content-Length: 99999999999999999999"],
        [b"Content-Length: 1", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: chunked", b"content-length: 1"],
        [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
        [b"Transfer-Encoding: chunked, chunked"],
        [b"Transfer-Encoding: chunked, gzip"],
        [b"Transfer-Encoding: chunked;q=1"],
        [b"Transfer-Encoding: chunked,"],
        [b"Transfer-Encoding: ,chunked"],
        [b"Transfer-Encoding:"],
        [b"Transfer-Encoding: \x0bchunked"],
        [b"Transfer-Encoding: chunked chunked"],
        [b'Transfer-Encoding: "chunked"'],
        [b"Transfer-Encoding: chun ked"],
        [b"Transfer-Encoding : chunked"],
        [b"Transfer\x00-Encoding: chunked"],
    ],
)
def test_srv_11_framing_that_two_parsers_might_read_differently(twin, lines):
    """SRV-11: request smuggling."""
    with pytest.raises(RemoteProtocolError) as caught:
        request(twin, with_fields(*lines, start=b"POST / HTTP/1.1"))
    assert caught.value.status_hint == 400
    with pytest.raises(RemoteProtocolError):
        response(twin, with_fields(*lines, start=b"HTTP/1.1 200 OK"))


@pytest.mark.parametrize("coding", [b"gzip", b"gzip, chunked", b"identity", b"x", b"xchunked"])
def test_other_transfer_codings_are_not_implemented(twin, coding):
    with pytest.raises(RemoteProtocolError, match=r"RFC 9112 6\.1") as caught:
        request(twin, with_fields(b"Transfer-Encoding: " + coding))
    assert caught.value.status_hint == 501


def test_transfer_encoding_in_http_1_0(twin):
    line = b"Transfer-Encoding: chunked"
    with pytest.raises(RemoteProtocolError, match=r"in HTTP/1\.0 \(RFC 9112 6\.1\)"):
        request(twin, with_fields(line, start=b"POST / HTTP/1.0"))
    with pytest.raises(RemoteProtocolError, match=r"in HTTP/1\.0"):
        response(twin, with_fields(line, start=b"HTTP/1.0 200 OK"))


def test_only_a_server_may_repeat_one_length(twin):
    lines = [b"Content-Length: 5", b"Content-Length: 5"]
    assert response(twin, with_fields(*lines, start=b"HTTP/1.1 200 OK")).length == 5
    with pytest.raises(RemoteProtocolError, match=r"RFC 9110 8\.6"):
        request(twin, with_fields(*lines))


# --- start lines ---


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET / HTTP/1.2", 505),
        (b"GET / HTTP/2.0", 505),
        (b"GET / HTTP/0.9", 505),
        (b"PRI * HTTP/2.0", 505),
        (b"GET / HTTP/1.10", 400),
        (b"GET / HTTP/1", 400),
        (b"GET / HTTP/11", 400),
        (b"GET / http/1.1", 400),
        (b"GET / RTSP/1.0", 400),
        (b"GET / HTTP/1.1 ", 400),
        (b"GET /  HTTP/1.1", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET\t/ HTTP/1.1", 400),
        (b"GET /\tHTTP/1.1", 400),
        (b"GET / HTTP/1.1\t", 400),
        (b" GET / HTTP/1.1", 400),
        (b"GET /", 400),
        (b"GET", 400),
        (b"GET / a HTTP/1.1", 400),
        (b"GET HTTP/1.1", 400),
        (b"G@T / HTTP/1.1", 400),
        (b"G\xcbT / HTTP/1.1", 400),
        (b"GET /\x00 HTTP/1.1", 400),
        (b"GET /\x7f HTTP/1.1", 400),
        (b"GET /\x0b HTTP/1.1", 400),
    ],
)
def test_request_lines(twin, line, status):
    with pytest.raises(RemoteProtocolError) as caught:
        request(twin, with_fields(start=line))
    assert caught.value.status_hint == status
    assert "RFC 9" in caught.value.message


def test_http_0_9_is_no_request(twin):
    with pytest.raises(RemoteProtocolError, match=r"RFC 9112 3"):
        request(twin, b"GET /\r\n\r\n")


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"HTTP/1.1 200 OK", 200, "OK"),
        (b"HTTP/1.1 200 ", 200, ""),
        (b"HTTP/1.1 200", 200, ""),
        (b"HTTP/1.1 599 Odd\tone", 599, "Odd\tone"),
        (b"HTTP/1.1 600 Odd", 600, "Odd"),
        (b"HTTP/1.1 999 Request denied", 999, "Request denied"),
        (b"HTTP/1.0 100 \xe9", 100, "é"),
    ],
)
def test_status_lines(twin, line, status, reason):
    head = response(twin, with_fields(start=line))
    assert (head.status, head.reason) == (status, reason)
    assert head.version is (HttpVersion10 if b"1.0" in line else HttpVersion11)


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 099 OK",
        b"HTTP/1.1 +20 OK",
        b"HTTP/1.1 \xb2\xb3\xb9 OK",
        b"HTTP/1.1 200\tOK",
        b"HTTP/1.1",
        b"http/1.1 200 OK",
        b"HTTP/2 200 OK",
        b"HTTP/1.2 200 OK",
        b"ICY 200 OK",
        b"\r\nHTTP/1.1 200 OK",
        b"HTTP/1.1 200 O\x00K",
        b"HTTP/1.1 200 O\rK",
    ],
)
def test_bad_status_lines(twin, line):
    with pytest.raises(RemoteProtocolError, match="RFC 9"):
        response(twin, with_fields(start=line))


# --- field lines ---


@pytest.mark.parametrize(
    "line",
    [
        b"X",
        b": b",
        b"X : b",
        b"X\t: b",
        b" X: b",
        b"\tfolded",
        b"X Y: b",
        b"X@: b",
        b"\xffX: b",
        b"X: a\x00b",
        b"X: a\rb",
        b"X: a\nb",
        b"X: a\r\n folded",
        b"X: a\x7fb",
        b"X: a\x0bb",
        b"X\x00: b",
        b"X: b\r",
        b"(X): b",
    ],
)
def test_bad_field_lines(twin, line):
    with pytest.raises(RemoteProtocolError, match="RFC 9") as caught:
        request(twin, with_fields(line))
    assert caught.value.status_hint == 400
    with pytest.raises(RemoteProtocolError):
        response(twin, with_fields(line, start=b"HTTP/1.1 200 OK"))


def test_bare_line_feeds_end_nothing(twin):
    for data in (WRK.replace(b"\r\n", b"\n"), b"\n" + WRK, b"\r" + WRK, WRK[:-2] + b"\n"):
        with pytest.raises(RemoteProtocolError, match=r"line end that is not CRLF|control byte"):
            request(twin, data)


def test_the_first_fault_is_the_one_named(twin):
    with pytest.raises(RemoteProtocolError, match="has no colon"):
        request(twin, b"GET / HTTP/1.1\r\nHost: a\r\nfirst\r\nX Y: second\r\n\r\n")


# --- in pieces ---


@pytest.mark.parametrize("data", REQUESTS, ids=range(len(REQUESTS)))
def test_an_incomplete_request_is_none(twin, data):
    for end in range(len(data)):
        assert request(twin, data[:end]) is None
    assert request(twin, data).size == len(data)
    assert request(twin, data + b"GET").size == len(data)


@pytest.mark.parametrize("data", RESPONSES, ids=range(len(RESPONSES)))
def test_an_incomplete_response_is_none(twin, data):
    for end in range(len(data)):
        assert response(twin, data[:end]) is None
    assert response(twin, data).size == len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01",
        b"GET  / HTTP",
        b"GET / HTTP/1.1 ",
        b"GET / HTTP/1.1\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX Y",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00",
        b"GET / HTTP/1.1\r\n ",
        b"GET / HTTP/1.1\r\n:",
        b"GET / HTTP/2.0\r\n",
        b"\r\n\r\n\r\n",
        b"\n",
        b"@",
    ],
)
def test_what_can_become_no_request_is_refused_before_its_end(twin, data):
    with pytest.raises(RemoteProtocolError):
        request(twin, data)


@pytest.mark.parametrize("data", [b"X", b"HTTP/1.1 OK\r\n", b"HTTP/1.1 200 OK\r\nX Y", b"\r\n"])
def test_what_can_become_no_response_is_refused_before_its_end(twin, data):
    with pytest.raises(RemoteProtocolError):
        response(twin, data)


# --- limits ---


def test_request_line_limit(twin):
    data = with_fields(start=b"GET /" + b"a" * 100 + b" HTTP/1.1")
    assert request(twin, data, request_line=114).method == "GET"
    with pytest.raises(LimitExceeded, match="request_line=113") as caught:
        request(twin, data, request_line=113)
    assert caught.value.status_hint == 414
    with pytest.raises(LimitExceeded, match="request_line=50"):
        request(twin, data[:60], request_line=50)
    start = b"HTTP/1.1 200 " + b"a" * 100
    assert response(twin, with_fields(start=start), request_line=113).status == 200
    with pytest.raises(LimitExceeded, match="request_line=112"):
        response(twin, with_fields(start=start), request_line=112)


def test_field_limit(twin):
    data = with_fields(b"X: " + b"a" * 97)
    assert request(twin, data, field=100).size == len(data)
    for part in (data, data[:-4]):
        with pytest.raises(LimitExceeded, match="field=99") as caught:
            request(twin, part, field=99)
        assert caught.value.status_hint == 431


def test_fields_limit(twin):
    data = with_fields(b"X: a", b"X: b")
    assert len(request(twin, data, fields=3).headers) == 3
    for part in (data, data[:-2]):
        with pytest.raises(LimitExceeded, match="fields=2") as caught:
            request(twin, part, fields=2)
        assert caught.value.status_hint == 431


def test_head_limit(twin):
    assert request(twin, WRK, head=len(WRK)).size == len(WRK)
    with pytest.raises(LimitExceeded, match="head=") as caught:
        request(twin, WRK, head=len(WRK) - 1)
    assert caught.value.status_hint == 431
    assert response(twin, ANSWER, head=len(ANSWER)).size == len(ANSWER)
    with pytest.raises(LimitExceeded, match="head="):
        response(twin, ANSWER, head=len(ANSWER) - 1)


def test_mending_a_lenient_head_is_linear(twin):
    """Anything quadratic in the blanks would take hours."""
    size = 500_000
    limits = replace(DEFAULT_LIMITS, head=4 * size, field=4 * size)
    for blanks in (b" " * size, b" \r" * size, b"\t\n\r" * (size // 8), b" \n " * (size // 8)):
        data = b"HTTP/1.1 200 OK\nX: a" + blanks + b"b\n\n"
        with suppress(RemoteProtocolError):
            assert twin.parse_response(data, 0, limits, True).headers["X"].startswith("a ")


def test_limits_of_one_call_do_not_stay_for_the_next(twin):
    with pytest.raises(LimitExceeded):
        request(twin, WRK, fields=2)
    assert request(twin, WRK).method == "GET"
    with pytest.raises(LimitExceeded):
        request(twin, WRK, fields=2)


@pytest.mark.parametrize(
    ("lines", "plain"),
    [
        ([b"Content-Length: 1"], True),
        ([b"Transfer-Encoding: chunked", b"Accept: a;charset=b"], True),
        ([b"Content-Length: 1", b"Content-Type: application/json"], True),
        ([b"Content-Length: 1", b"Content-Type: a/b", b"Accept-Charset: a;q=1"], True),
        ([b"Content-Length: 1", b"X-Content-Encoding: gzip", b"Content-Types: a;b"], True),
        ([b"Content-Length: 1", b"Content-Type: a/b; charset=latin-1"], False),
        ([b"Content-Length: 1", b"Content-Type: a/b", b"content-TYPE: a/b ;c"], False),
        ([b"Transfer-Encoding: chunked", b"CONTENT-encoding: gzip"], False),
        ([b"Content-Length: 0"], False),
        ([b"Content-Type: a/b"], False),
    ],
)
def test_what_is_said_of_a_body(twin, lines, plain):
    """`plain_body`: a coding or a parameter of its type is told, however it is spelled."""
    data = with_fields(*lines, start=b"POST / HTTP/1.1")
    for _ in range(9):
        # What is known by heart tells the same.
        assert request(twin, data).plain_body is plain
        assert twin.parse_request(data, 0, DEFAULT_LIMITS).plain_body is plain


# --- field lines that have been seen before ---


def everything(head):
    said = (head.method, head.target, head.version, head.length, head.chunked, head.keep_alive)
    rest = (head.upgrade, head.size, head.expect, head.authority, head.scheme, head.protocol)
    rest += (head.plain_body,)
    return said, rest, list(head.headers.items()), head.raw_headers


@pytest.mark.parametrize("data", REQUESTS)
def test_the_same_again_is_another_head_that_says_the_same(twin, data):
    first = twin.parse_request(data, 0, DEFAULT_LIMITS)
    again = twin.parse_request(b"xx" + data, 2, DEFAULT_LIMITS)
    assert again is not first
    assert everything(again) == everything(first)
    first.fields["X-New"] = "y"
    assert "X-New" not in again.headers


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /#top HTTP/1.1", 400),
        (b"GET /\x00 HTTP/1.1", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET / HTTP/1.2", 505),
        (b"CONNECT / HTTP/1.1", 400),
        (b"G(T / HTTP/1.1", 400),
        (b"GET /" + b"x" * 8200 + b" HTTP/1.1", 414),
    ],
)
def test_a_bad_line_is_refused_before_lines_that_were_good(twin, line, status):
    fields = b"\r\nHost: a\r\nX: y\r\n\r\n"
    assert twin.parse_request(b"GET / HTTP/1.1" + fields, 0, DEFAULT_LIMITS).authority == "a"
    with pytest.raises(RemoteProtocolError) as refusal:
        twin.parse_request(line + fields, 0, DEFAULT_LIMITS)
    assert refusal.value.status_hint == status


def test_the_start_line_decides_what_good_lines_mean(twin):
    fields = b"\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n"
    for _ in range(2):
        newer = twin.parse_request(b"PUT / HTTP/1.1" + fields, 0, DEFAULT_LIMITS)
        older = twin.parse_request(b"PUT / HTTP/1.0" + fields, 0, DEFAULT_LIMITS)
        other = twin.parse_request(b"PUT http://b/ HTTP/1.1" + fields, 0, DEFAULT_LIMITS)
        assert [newer.keep_alive, newer.expect, newer.authority] == [True, True, "a"]
        assert [older.keep_alive, older.expect, older.authority] == [False, False, "a"]
        assert [other.keep_alive, other.expect, other.authority] == [True, True, "b"]


def test_other_limits_judge_good_lines_anew(twin):
    data = with_fields(b"A: b", b"C: " + b"d" * 40)
    assert twin.parse_request(data, 0, DEFAULT_LIMITS) is not None
    for name, value in {"fields": 2, "field": 30, "request_line": 13, "head": 60}.items():
        with pytest.raises(LimitExceeded) as refusal:
            twin.parse_request(data, 0, replace(DEFAULT_LIMITS, **{name: value}))
        assert refusal.value.limit == name
        assert twin.parse_request(data, 0, DEFAULT_LIMITS) is not None


def test_what_is_remembered_is_bounded():
    for number in range(1000):
        pyparser.parse_request(with_fields(b"X: %d" % number), 0, DEFAULT_LIMITS)
        pyparser.parse_request(with_fields(b"X: %d" % number + b"x" * 3000), 0, DEFAULT_LIMITS)
    assert 0 < len(pyparser._said) <= 256
    assert max(map(len, pyparser._said)) <= 2048


def test_whole_requests_that_are_remembered_are_bounded():
    fields = b" HTTP/1.1\r\nHost: a\r\n\r\n"
    longest = 2048 - len(b"GET /" + fields)
    for number in range(1000):
        for target in (b"%d" % number, b"x" * (longest - number % 9), b"x" * (longest + 1)):
            pyparser.parse_request(b"GET /" + target + fields, 0, DEFAULT_LIMITS)
    assert 9 <= len(pyparser._asked) <= 256
    assert max(map(len, pyparser._asked)) == 2048
    # Other limits judge anew, and empty what others have remembered.
    pyparser.parse_request(b"GET /" + fields, 0, replace(DEFAULT_LIMITS))
    assert not pyparser._asked


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="counts references")
def test_whole_requests_that_any_twin_remembers_are_bounded(twin):
    """Those that it keeps are known by who else holds their bytes."""
    fields = b" HTTP/1.1\r\nHost: a\r\n\r\n"
    longest = 2048 - len(b"GET /" + fields)
    asked = [b"GET /%d" % number + fields for number in range(1000)]
    asked += [b"GET /" + b"x" * (longest + 1 - number % 9) + fields for number in range(40)]
    before = [sys.getrefcount(data) for data in asked]
    for _ in range(9):
        for data in asked:
            assert twin.parse_request(data, 0, DEFAULT_LIMITS).size == len(data)
    after = [sys.getrefcount(data) for data in asked]
    kept = [data for data, was, now in zip(asked, before, after, strict=True) if now > was]
    assert 0 < len(kept) <= 256
    assert max(map(len, kept)) <= 2048


def test_the_same_request_again_is_a_head_of_its_own(twin):
    data = b"GET /a?b HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"
    alone = [twin.parse_request(data, 0, DEFAULT_LIMITS) for _ in range(16)]
    behind = twin.parse_request(b"xx" + data, 2, DEFAULT_LIMITS)
    before = twin.parse_request(data + data, 0, DEFAULT_LIMITS)
    assert alone[-2] is not alone[-1]
    assert alone[-2].headers is not alone[-1].headers
    assert {head.size for head in (*alone, behind, before)} == {len(data)}
    heads = [everything(head) for head in (*alone, behind, before)]
    assert all(head == heads[0] for head in heads)


@given(
    st.sampled_from([data for data in REQUESTS if data.count(b"\r\n\r\n") == 1]),
    st.integers(0, 40),
    st.binary(max_size=4),
)
def test_what_is_remembered_is_what_would_be_read(data, place, inserted):
    """Other limits, of the same values, remember nothing."""
    outcomes = []
    for limits in (DEFAULT_LIMITS, DEFAULT_LIMITS, replace(DEFAULT_LIMITS)):
        with suppress(RemoteProtocolError):
            pyparser.parse_request(data, 0, limits)
        try:
            head = pyparser.parse_request(data[:place] + inserted + data[place:], 0, limits)
            outcomes.append(head and everything(head))
        except RemoteProtocolError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1] == outcomes[2]


# --- trailers ---


def test_trailers(twin):
    data = b"xxHost: evil\r\nContent-Length: 9\r\nX-Sum: a\r\n\r\nrest"
    trailers, end = twin.parse_trailers(data, 2, DEFAULT_LIMITS)
    assert list(trailers.items()) == [("Host", "evil"), ("Content-Length", "9"), ("X-Sum", "a")]
    assert data[end:] == b"rest"
    empty, end = twin.parse_trailers(b"\r\nrest", 0, DEFAULT_LIMITS)
    assert (list(empty), end) == ([], 2)


def test_trailers_in_pieces(twin):
    data = b"X-A: b\r\nX-C: d\r\n\r\n"
    for end in range(len(data)):
        assert twin.parse_trailers(data[:end], 0, DEFAULT_LIMITS) is None


@pytest.mark.parametrize(
    "data", [b"X Y: a\r\n\r\n", b" X: a\r\n\r\n", b"X\r\n\r\n", b"X: \x00\r\n\r\n", b"X: a\nb"]
)
def test_bad_trailers(twin, data):
    with pytest.raises(RemoteProtocolError):
        twin.parse_trailers(data, 0, DEFAULT_LIMITS)


def test_trailers_limits(twin):
    data = b"X: " + b"a" * 20 + b"\r\n\r\n"
    at = replace(DEFAULT_LIMITS, trailers=len(data))
    assert twin.parse_trailers(data, 0, at)[1] == len(data)
    below = replace(DEFAULT_LIMITS, trailers=len(data) - 1)
    with pytest.raises(LimitExceeded, match="trailers="):
        twin.parse_trailers(data, 0, below)
    two = b"X: a\r\nY: b\r\n\r\n"
    assert twin.parse_trailers(two, 0, replace(DEFAULT_LIMITS, fields=2))
    with pytest.raises(LimitExceeded, match="fields=1"):
        twin.parse_trailers(two, 0, replace(DEFAULT_LIMITS, fields=1))
    with pytest.raises(LimitExceeded, match="field="):
        twin.parse_trailers(two, 0, replace(DEFAULT_LIMITS, field=3))


# --- plain chunks ---


@pytest.mark.parametrize(
    ("data", "pieces", "rest"),
    [
        (b"", [], b""),
        (b"3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", [b"abc", b"d"], b"0\r\n\r\n"),
        (b"00a\r\n0123456789\r\n", [b"0123456789"], b""),
        (b"A\r\n\r\n\r\n\r\n\r\n\r\n\r\nx", [b"\r\n\r\n\r\n\r\n\r\n"], b"x"),
        (b"1\r\nx\r\n3\r\nab", [b"x"], b"3\r\nab"),
        (b"1\r\nx\r\n3\r\nabc\r", [b"x"], b"3\r\nabc\r"),
        (b"1\r\nx\r\n3;a\r\nabc\r\n", [b"x"], b"3;a\r\nabc\r\n"),
        (b"1\r\nxy\r\n", [], b"1\r\nxy\r\n"),
        (b"g\r\nx\r\n", [], b"g\r\nx\r\n"),
        (b"\r\n", [], b"\r\n"),
        (b"000000000000001\r\nx\r\n", [b"x"], b""),
        (b"0000000000000001\r\nx\r\n", [], b"0000000000000001\r\nx\r\n"),
        (b"fffffffffffffff\r\nx\r\n", [], b"fffffffffffffff\r\nx\r\n"),
        (b"1\nx\n", [], b"1\nx\n"),
    ],
)
def test_plain_chunks(twin, data, pieces, rest):
    got = [b"before"]
    stop = twin.take_chunks(b"xx" + data, 2, got)
    assert (got[1:], data[stop - 2 :]) == (pieces, rest)


# --- properties ---

tokens = st.text("abcXYZ0189!#$%&'*+-.^_`|~", min_size=1, max_size=12)
values = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20).map(
    lambda text: text.strip(" \t")
)


@given(
    fields=st.lists(st.tuples(tokens.map("X-".__add__), values), max_size=8),
    method=tokens,
    path=st.text("abc/?=&%20.é", max_size=20),
    padding=st.sampled_from(["", " ", "\t", " \t "]),
)
def test_what_is_written_is_read(twin, fields, method, path, padding):
    lines = [f"{name}:{padding}{value}{padding}" for name, value in fields]
    text = "\r\n".join([f"{method} /{path} HTTP/1.1", "Host: a", *lines, "", ""])
    if method == "CONNECT":
        return
    head = request(twin, text.encode())
    assert (head.method, head.target) == (method, f"/{path}")
    assert [(str(name), value) for name, value in head.headers.items()][1:] == fields
    assert head.size == len(text.encode())


@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_head_or_an_error(twin, data):
    for parse in (twin.parse_request, twin.parse_response, twin.parse_trailers):
        for start in (0, min(3, len(data))):
            with suppress(RemoteProtocolError):
                parse(data, start, DEFAULT_LIMITS)


@given(data=st.sampled_from(REQUESTS + RESPONSES), end=st.integers(0, 400))
def test_a_refusal_is_final(twin, data, end):
    """What a part of a head is refused for, the whole of it is refused for as well."""
    parse = twin.parse_response if data in RESPONSES else twin.parse_request
    part = told(lambda: parse(data[:end], 0, DEFAULT_LIMITS))
    assert part is None or part == told(lambda: parse(data, 0, DEFAULT_LIMITS))


@pytest.mark.parametrize("field", [b"Set-Cookie: a=1", b"sEt-cookie:", b"content-Encoding: gzip"])
def test_no_head_that_sets_a_cookie_or_is_coded_is_called_plain(twin, field):
    data = b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 5\r\n\r\n" % field
    assert not twin.parse_response(data, 0, DEFAULT_LIMITS).plain
    data = b"HTTP/1.1 200 OK\r\nX-%b\r\nX: %b\r\n\r\n" % (field, field)
    assert twin.parse_response(data, 0, DEFAULT_LIMITS).plain
