"""RFC 9112, section by section: what it demands of us, seen from the wire."""

import asyncio

import pytest
from aiolos_protocol.errors import LocalProtocolError, RemoteProtocolError
from aiolos_protocol.http1.framing import ChunkedDecoder
from aiolos_protocol.http1.serializer import request_head, response_head
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_client import H1ClientLink
from aiolos_protocol.link.h1_server import H1ServerLink
from aiolos_protocol.message import HttpVersion10, HttpVersion11, RequestHead, ResponseHead
from aiolos_protocol.testkit import ManualClock, connect_pair, connected
from multidict import CIMultiDict


def request(twin, *lines, start=b"GET / HTTP/1.1"):
    return twin.parse_request(b"\r\n".join([start, *lines, b"", b""]), 0, DEFAULT_LIMITS)


def response(twin, *lines, start=b"HTTP/1.1 200 OK"):
    return twin.parse_response(b"\r\n".join([start, *lines, b"", b""]), 0, DEFAULT_LIMITS)


def refused(section, status=400):
    class Refused:
        def __enter__(self):
            self.raised = pytest.raises(RemoteProtocolError, match=section.replace(".", r"\."))
            self.caught = self.raised.__enter__()

        def __exit__(self, *exc):
            done = self.raised.__exit__(*exc)
            assert self.caught.value.status_hint == status
            return done

    return Refused()


class Answering:
    """A server's role that answers each request with its method and target."""

    def __init__(self):
        self.link = None
        self.heads = []

    def connected(self, link):
        self.link = link

    def request_received(self, head):
        self.heads.append(head)
        body = f"{head.method} {head.target}".encode()
        self.link.answer(head, 200, "OK", "text/plain", None, body, True)

    def request_refused(self, error):
        return error.status_hint, b""

    def half_closed(self):
        pass

    def lost(self, exc):
        pass


def serve(data):
    """Everything that a server says to `data`, and whether it ends the connection."""

    async def run():
        loop = asyncio.get_running_loop()
        link = H1ServerLink(loop, ManualClock(), DEFAULT_LIMITS, Answering(), "s")
        transport = connected(loop, link)
        transport.receive(data)
        return transport.sent, transport.eof_sent or transport.is_closing()

    return asyncio.run(run())


class Idle:
    def recycled(self, link):
        pass

    def lost(self, link, exc):
        pass


# --- 2: messages ---


def test_2_2_a_message_is_parsed_as_octets(twin):
    """Not as text: a multi-byte character that ends in CR or LF would split a line."""
    head = request(twin, b"Host: a", "X: \u010d\u010a".encode())
    assert head.headers["X"] == "\u010d\u010a"


def test_2_2_a_server_ignores_empty_lines_before_a_request(twin):
    assert request(twin, b"Host: a", start=b"\r\nGET / HTTP/1.1").method == "GET"


def test_2_2_white_space_before_the_first_field_is_refused(twin):
    with refused("RFC 9112 5.2"):
        request(twin, b" X: a", b"Host: a")


def test_2_2_a_bare_cr_is_refused(twin):
    with refused("RFC 9110 5.5"):
        request(twin, b"Host: a", b"X: a\rb")
    with refused("RFC 9112 2.2"):
        request(twin, b"Host: a", start=b"GET /\r HTTP/1.1")


def test_2_3_the_name_of_the_version_is_case_sensitive(twin):
    with refused("RFC 9112 3"):
        request(twin, b"Host: a", start=b"GET / Http/1.1")


def test_2_3_other_versions_are_answered_505(twin):
    with refused("RFC 9110 15.6.6", 505):
        request(twin, b"Host: a", start=b"GET / HTTP/3.0")


# --- 3: request line ---


def test_3_methods_are_case_sensitive_and_open_ended(twin):
    assert request(twin, b"Host: a", start=b"get / HTTP/1.1").method == "get"
    assert request(twin, b"Host: a", start=b"M-SEARCH / HTTP/1.1").method == "M-SEARCH"


def test_3_a_line_too_long_is_answered_414():
    out, closed = serve(b"GET /" + b"a" * 8200)
    assert out.startswith(b"HTTP/1.1 414 ")
    assert closed


def test_3_at_least_8000_octets_are_supported(twin):
    line = b"GET /" + b"a" * 7986 + b" HTTP/1.1"
    assert len(line) == 8000
    assert request(twin, b"Host: a", start=line).method == "GET"


def test_3_2_white_space_in_a_target_is_refused_and_not_mended(twin):
    with refused("RFC 9112 3"):
        request(twin, b"Host: a", start=b"GET /a b HTTP/1.1")


@pytest.mark.parametrize("lines", [[], [b"Host: a", b"Host: a"], [b"Host: a b"]])
def test_3_2_host_is_there_once_and_valid(twin, lines):
    with refused("RFC 9112 3.2"):
        request(twin, *lines)


def test_3_2_1_origin_form(twin):
    head = request(twin, b"Host: www.example.org", start=b"GET /where?q=now HTTP/1.1")
    assert (head.target, head.authority) == ("/where?q=now", "www.example.org")


def test_3_2_2_absolute_form_outranks_host(twin):
    start = b"GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1"
    head = request(twin, b"Host: other", start=start)
    assert (head.target, head.authority) == ("/pub/WWW/TheProject.html", "www.example.org")


def test_3_2_3_authority_form(twin):
    head = request(twin, b"Host: www.example.com", start=b"CONNECT www.example.com:80 HTTP/1.1")
    assert head.target == "www.example.com:80"


def test_3_2_4_asterisk_form(twin):
    assert request(twin, b"Host: a", start=b"OPTIONS * HTTP/1.1").target == "*"
    start = b"OPTIONS http://www.example.org:8001 HTTP/1.1"
    head = request(twin, b"Host: a", start=start)
    assert (head.target, head.authority) == ("*", "www.example.org:8001")


# --- 4: status line ---


def test_4_the_reason_may_be_missing(twin):
    assert response(twin, start=b"HTTP/1.1 200 ").reason == ""
    assert response_head(299, "", CIMultiDict(), "", b"") == b"HTTP/1.1 299 \r\n\r\n"


# --- 5: fields ---


def test_5_1_no_white_space_before_the_colon(twin):
    with refused("RFC 9112 5.1"):
        request(twin, b"Host : a")


def test_5_2_no_obs_fold_but_for_a_lenient_client(twin):
    with refused("RFC 9112 5.2"):
        request(twin, b"Host: a", b"X: a\r\n b")
    data = b"HTTP/1.1 200 OK\r\nX: a \r\n\t b\r\n\r\n"
    with refused("RFC 9112 5.2"):
        twin.parse_response(data, 0, DEFAULT_LIMITS)
    assert twin.parse_response(data, 0, DEFAULT_LIMITS, True).headers["X"] == "a b"


def test_5_2_we_write_none():
    with pytest.raises(LocalProtocolError):
        request_head("GET", "/", CIMultiDict({"X": "a\r\n b"}), "")


# --- 6: bodies ---


def test_6_1_chunked_is_applied_once_and_last(twin):
    for value in (b"chunked, chunked", b"chunked, gzip"):
        with refused("RFC 9112 6.1"):
            request(twin, b"Host: a", b"Transfer-Encoding: " + value)


def test_6_1_codings_that_we_do_not_know_are_answered_501(twin):
    with refused("RFC 9112 6.1", 501):
        request(twin, b"Host: a", b"Transfer-Encoding: gzip, chunked")


def test_6_1_no_transfer_coding_to_or_from_http_1_0(twin):
    with refused("RFC 9112 6.1"):
        request(twin, b"Transfer-Encoding: chunked", start=b"POST / HTTP/1.0")
    out, _ = serve(b"GET / HTTP/1.0\r\n\r\n")
    assert b"Transfer-Encoding" not in out


def test_6_2_a_length_is_one_number(twin):
    for value in (b"5, 6", b"-5", b"5a", b""):
        with refused("RFC 9110 8.6"):
            request(twin, b"Host: a", b"Content-Length: " + value)


def test_6_3_1_no_body_behind_head_204_304_and_1xx():
    for status in (204, 304):
        assert _exchange(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status) == (status, b"")
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    assert _exchange(ok, "HEAD") == (200, b"")
    assert _exchange(b"HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\n" + ok + b"hello") == (
        200,
        b"hello",
    )


def test_6_3_3_both_kinds_of_framing_at_once_are_refused(twin):
    with refused("RFC 9112 6.3"):
        request(twin, b"Host: a", b"Content-Length: 5", b"Transfer-Encoding: chunked")


def test_6_3_7_a_request_without_framing_has_no_body():
    out, closed = serve(b"POST / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
    assert out.count(b"HTTP/1.1 200") == 2
    assert out.endswith(b"GET /b")
    assert not closed


def test_6_3_8_a_response_without_framing_ends_with_the_connection():
    assert _exchange(b"HTTP/1.1 200 OK\r\n\r\nhello") == (200, b"hello")


def _exchange(data, method="GET"):
    async def run():
        loop = asyncio.get_running_loop()
        link = H1ClientLink(loop, ManualClock(), DEFAULT_LIMITS, Idle())
        transport = connected(loop, link)
        exchange = link.ask(RequestHead(method, "/", headers=CIMultiDict(Host="a")))
        transport.receive(data)
        transport.receive_eof()
        return (await exchange.answered).status, await exchange.body.read()

    return asyncio.run(run())


# --- 7: transfer codings ---


def test_7_1_the_example_of_a_chunked_body():
    async def run():
        loop = asyncio.get_running_loop()
        server, client = Answering(), Idle()
        server.request_received = server.heads.append
        link = H1ServerLink(loop, ManualClock(), DEFAULT_LIMITS, server, "s")
        asking = H1ClientLink(loop, ManualClock(), DEFAULT_LIMITS, client)
        connect_pair(loop, asking, link)
        exchange = asking.ask_streaming(
            RequestHead("POST", "/", headers=CIMultiDict({"Host": "a", "Trailer": "X-Sum"}))
        )
        exchange.write(b"Wiki")
        exchange.write(b"pedia")
        exchange.end(CIMultiDict({"X-Sum": "9"}))
        while not server.heads:
            await asyncio.sleep(0)
        received = link.exchange(server.heads[0])
        body = await received.body.read()
        received.send_head(ResponseHead(200, "OK"))
        received.write(body)
        received.end(CIMultiDict({"X-Sum": received.body.trailers["X-Sum"]}))
        await exchange.answered
        return await exchange.body.read(), dict(exchange.body.trailers)

    assert asyncio.run(run()) == (b"Wikipedia", {"X-Sum": "9"})


@pytest.mark.parametrize("line", [b"5;a", b"5 ; a = b", b'5;a="b;c"', b"5;a=b;c=d"])
def test_7_1_1_extensions_that_we_do_not_know_are_ignored(line):
    sink = Collected()
    ChunkedDecoder(DEFAULT_LIMITS).feed(line + b"\r\nhello\r\n0\r\n\r\n", 0, sink)
    assert sink.data == b"hello"


def test_7_1_a_chunk_of_a_size_that_overflows_is_refused():
    with pytest.raises(RemoteProtocolError, match=r"RFC 9112 7\.1"):
        ChunkedDecoder(DEFAULT_LIMITS).feed(b"FFFFFFFFFFFFFFFFF\r\n", 0, Collected())


class Collected:
    def __init__(self):
        self.data = b""

    def feed_data(self, data):
        self.data += data

    def feed_chunks(self, pieces, whole):
        self.data += b"".join(pieces)

    def feed_trailers(self, trailers):
        pass

    def feed_eof(self):
        pass


# --- 9: connections ---


def test_9_3_persistence(twin):
    for start, field, kept in (
        (b"GET / HTTP/1.1", b"X: a", True),
        (b"GET / HTTP/1.1", b"Connection: close", False),
        (b"GET / HTTP/1.0", b"Connection: keep-alive", True),
        (b"GET / HTTP/1.0", b"X: a", False),
    ):
        head = request(twin, b"Host: a", field, start=start)
        assert head.keep_alive is kept
        assert head.version is (HttpVersion11 if b"1.1" in start else HttpVersion10)


def test_9_3_2_pipelined_requests_are_answered_in_order():
    data = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(5))
    out, _ = serve(data)
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in out.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"GET /%d" % number for number in range(5)]


def test_9_6_nothing_behind_connection_close_is_answered():
    asked = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    out, closed = serve(asked + asked)
    assert out.count(b"HTTP/1.1 200") == 1
    assert b"Connection: close\r\n" in out
    assert closed


# --- 11: security ---


def test_11_1_response_splitting():
    with pytest.raises(LocalProtocolError):
        response_head(200, "OK", CIMultiDict(A="b\r\n\r\nHTTP/1.1 200 OK"), "", b"")


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n5c\r\nGPOST / HTTP/1.1",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /smuggled",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\nGET /smuggled",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\nGET /smuggled",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\nGET /smuggled",
        b"Transfer-Encoding:\tchunked, identity\r\n\r\n0\r\n\r\nGET /smuggled",
        b"X: X\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled",
        b"Transfer-Encoding\r\n : chunked\r\n\r\n0\r\n\r\nGET /smuggled",
        b"Content-Length: 0\r\nContent-Length: 44\r\n\r\nGET /smuggled",
        b"Content-Length: 0\r\n Content-Length: 44\r\n\r\nGET /smuggled",
        b"Content-Length: +0\r\n\r\nGET /smuggled",
        b"Transfer-Encoding: chunked\r\n\r\n0;\n\r\nGET /smuggled",
        b"Transfer-Encoding: chunked\r\n\r\n0\n\r\nGET /smuggled",
        b"Transfer-Encoding: chunked\r\n\r\n00000000000000000\r\n\r\nGET /smuggled",
    ],
)
def test_11_2_request_smuggling(data):
    out, closed = serve(b"POST / HTTP/1.1\r\nHost: a\r\n" + data + b" HTTP/1.1\r\nHost: a\r\n\r\n")
    assert out.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
    assert out.count(b"HTTP/1.1 ") == 1
    assert closed
