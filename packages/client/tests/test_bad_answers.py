"""Hostile servers: whatever they send ends in one ClientError that names the server and the reason,
and the next request is none the wiser."""

import asyncio
import contextlib
import gzip
import operator
import re
import socket
import ssl

import aiolos_client
import pytest
from aiolos_client import ClientPayloadError, ClientResponseError, ServerDisconnectedError

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def of(*fields: bytes, body: bytes = b"") -> bytes:
    return OK + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


NO_HEAD = [
    (b"\0\1\2\r\n\r\n", "control byte in the start line"),
    (b"<html>hello</html>\r\n\r\n", "RFC 9112 4"),
    (b"HTTP/2.0 200 OK\r\n\r\n", "only HTTP/1.0 and HTTP/1.1"),
    (b"RTSP/1.0 200 OK\r\n\r\n", "speaks RTSP|RFC 9112 4"),
    (b"HTTP/1.1 99 OK\r\n\r\n", "RFC 9112 4"),
    (b"HTTP/1.1 1000 OK\r\n\r\n", "RFC 9112 4"),
    (b"HTTP/1.1 -20 OK\r\n\r\n", "RFC 9112 4"),
    (b"\r\nHTTP/1.1 200 OK\r\n\r\n", "RFC 9112 4"),
    (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "line end that is not CRLF"),
    (of(b"Content-Length: 5", b"Content-Length: 6", body=b"hello"), "not one valid number"),
    (of(b"Content-Length: -5", body=b"hello"), "not one valid number"),
    (of(b"Content-Length: +5", body=b"hello"), "not one valid number"),
    (of(b"Content-Length: 0x5", body=b"hello"), "not one valid number"),
    (of(b"Content-Length: ", body=b"hello"), "not one valid number"),
    (of(b"Content-Length: " + b"9" * 40), "not one valid number"),
    (of(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"), "RFC 9112 6.3"),
    (of(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), "RFC 9112 6.1"),
    (of(b"Transfer-Encoding: gzip", body=b"abc"), "no transfer coding but chunked"),
    (b"HTTP/1.0" + CHUNKED[8:] + b"0\r\n\r\n", "Transfer-Encoding in HTTP/1.0"),
    (of(b"A: b\0c", b"Content-Length: 0"), "control byte in a field line"),
    (of(b"A: b\rc", b"Content-Length: 0"), "control byte in a field line"),
    (of(b"A: b", b" folded", b"Content-Length: 0"), "begins with a space"),
    (of(b"A : b", b"Content-Length: 0"), "RFC 9112 5.1"),
    (of(b"A b", b"Content-Length: 0"), "no colon"),
    (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "101 to a request without Upgrade"),
    (of(b"Content-Encoding: " + b"gzip, " * 9 + b"gzip", b"Content-Length: 1"), "codings=4"),
]
NO_BODY = [
    (CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n", "chunk-size is not"),
    (CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n", "chunk-size is not"),
    (CHUNKED + b"f" * 17 + b"\r\nhello\r\n0\r\n\r\n", "chunk-size is not"),
    (CHUNKED + b"5\r\nhelloXX0\r\n\r\n", "no CRLF behind the chunk"),
    (CHUNKED + b"5\nhello\n0\n\n", "no chunk-ext"),
    (CHUNKED + b"5;a=\0\r\nhello\r\n0\r\n\r\n", "no chunk-ext"),
    (CHUNKED + b"0\r\nA@: c\r\n\r\n", "not a token"),
]
# The framing is well, and so is the connection.
NO_CODING = [
    (of(b"Content-Encoding: gzip", b"Content-Length: 3", body=b"\x1f\x8b\x08"), "cut short"),
    (of(b"Content-Encoding: gzip", b"Content-Length: 8", body=b"not gzip"), "not valid gzip"),
]
# What follows is cut off by the end of the connection.
CUT = [
    (None, ServerDisconnectedError, "without an answer"),
    (b"H", ServerDisconnectedError, "after 1 bytes of the head"),
    (OK + b"Content-Le", ServerDisconnectedError, "after 27 bytes of the head"),
    (of(b"Content-Length: 10", body=b"hello"), ClientPayloadError, "lost after 5 bytes"),
    (CHUNKED + b"5\r\nhel", ClientPayloadError, "lost after 3 bytes"),
    (CHUNKED + b"5\r\nhello\r\n", ClientPayloadError, "lost after 5 bytes"),
    (CHUNKED + b"5\r\nhello\r\n0\r\n", ClientPayloadError, "lost after 5 bytes"),
]


async def fails(session, peer, kind, words):
    """The next answer is refused with `kind` that holds `words` and names the server; the one
    behind it is well."""
    with pytest.raises(kind, match=words) as caught:
        async with session.get("/x") as response:
            await response.read()
    assert peer.url in str(caught.value)
    assert isinstance(caught.value, aiolos_client.ClientError)
    async with session.get("/y") as response:
        assert (response.status, await response.read()) == (200, b"ok")


def in_pieces(answer):
    """Each byte of `answer` by itself."""

    async def serve(reader, writer):
        for at in range(len(answer)):
            writer.write(answer[at : at + 1])
            await asyncio.sleep(0)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 2\r\n\r\nok")

    return serve


def slowly(*pieces):
    """Each of `pieces` by itself, and then the end of the connection."""

    async def serve(reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.002)

    return serve


@pytest.mark.parametrize("form", [bytes, in_pieces])
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        *((answer, ClientResponseError, words) for answer, words in NO_HEAD),
        *((answer, ClientPayloadError, words) for answer, words in NO_BODY),
    ],
)
async def test_malformed(talk, form, answer, kind, words):
    async with talk(form(answer)) as (peer, session):
        await fails(session, peer, kind, words)
        assert peer.connections == 2


@pytest.mark.parametrize("form", [bytes, in_pieces])
@pytest.mark.parametrize(("answer", "words"), NO_CODING)
async def test_no_content(talk, form, answer, words):
    async with talk(form(answer)) as (peer, session):
        await fails(session, peer, ClientPayloadError, words)


@pytest.mark.parametrize(("answer", "kind", "words"), CUT)
async def test_truncated(talk, answer, kind, words):
    async with talk(answer, close=True) as (peer, session):
        await fails(session, peer, kind, words)


@contextlib.asynccontextmanager
async def over_tls(authority, answer, *, is_cut):
    """A server behind TLS that ends each connection behind `answer`, or has it cut; its URL."""

    writers = []

    async def serve(reader, writer):
        writers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if is_cut:
            # The end of TCP, and nothing of TLS.
            writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        else:
            writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for writer in writers:
            writer.close()


UNTIL_CLOSE = OK + b"\r\n" + b"abc" * 100_000
TLS = pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])


@TLS
@pytest.mark.parametrize("is_lenient", [True, False])
async def test_a_body_that_ends_with_tls_is_whole_where_the_server_has_ended_it(
    authority, trusting, version, is_lenient
):
    trusting.maximum_version = version
    connector = aiolos_client.TCPConnector(ssl=trusting, lenient=is_lenient)
    async with aiolos_client.ClientSession(connector=connector) as session:
        async with over_tls(authority, UNTIL_CLOSE, is_cut=False) as url:
            async with session.get(url) as response:
                assert len(await response.read()) == 300_000
        async with over_tls(authority, UNTIL_CLOSE, is_cut=True) as url:
            async with session.get(url) as response:
                if is_lenient:
                    assert len(await response.read()) == 300_000
                    return
                told = f"the body of GET {url} is incomplete: the TLS connection was cut off after "
                with pytest.raises(ClientPayloadError, match=f"{told}300000 bytes.*close_notify"):
                    await response.read()


@TLS
async def test_a_body_whose_length_is_known_needs_no_farewell(authority, trusting, version):
    trusting.maximum_version = version
    async with aiolos_client.ClientSession(ssl=trusting) as session:
        answer = of(b"Content-Length: 3", body=b"abc")
        async with over_tls(authority, answer, is_cut=True) as url, session.get(url) as response:
            assert await response.read() == b"abc"


async def test_what_we_close_ourselves_is_not_whole(peer):
    asked = asyncio.Event()

    async def serve(reader, writer):
        writer.write(OK + b"\r\nabc")
        await asked.wait()

    async with peer(serve) as server:
        session = aiolos_client.ClientSession()
        response = await session.get(server.url)
        reading = asyncio.ensure_future(response.read())
        await asyncio.sleep(0)
        await session.close()
        told = "is incomplete: the connection was closed on this side after 3 bytes"
        with pytest.raises(ClientPayloadError, match=told):
            await reading
        asked.set()


async def test_who_closes_at_the_end_of_a_body_has_it_whole(talk, caplog):
    answer = slowly(of(b"Content-Length: 6", body=b"abc"), b"def")
    async with talk(answer) as (_, session):
        response = await session.get("/")
        response.content.on_eof(lambda: session.connector.close(abort_ssl=True))
        assert await response.read() == b"abcdef"
    assert caplog.records == []


@pytest.mark.parametrize(
    ("begin", "more", "kind", "words"),
    [
        (b"", b"HTTP/1.1 102 Processing\r\n\r\n", ClientResponseError, "informational=16"),
        (b"HTTP/1.1 200 ", b"x" * 999, ClientResponseError, "request_line="),
        (OK + b"A: ", b"x" * 999, ClientResponseError, "field="),
        (OK, b"A: b\r\n", ClientResponseError, "fields="),
        (CHUNKED, b"0" * 999, ClientPayloadError, "chunk-size is not"),
        (CHUNKED + b"5;a=", b"x" * 99, ClientPayloadError, "chunk_line="),
        (CHUNKED, b"1;a=b\r\nx\r\n", ClientPayloadError, "chunk_extensions="),
        (CHUNKED + b"0\r\n", b"A: b\r\n", ClientPayloadError, "fields="),
        (
            of(b"Content-Encoding: gzip", body=gzip.compress(bytes(40_000_000))),
            b"x",
            ClientPayloadError,
            "decompression_ratio=",
        ),
    ],
)
async def test_endless(talk, begin, more, kind, words):
    stopped = asyncio.Event()

    async def serve(reader, writer):
        writer.write(begin)
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(more * 50)
                await writer.drain()
                await asyncio.sleep(0)
        stopped.set()

    async with talk(serve) as (peer, session):
        await fails(session, peer, kind, words)
        # It is the client that has hung up.
        await stopped.wait()


SIX = {
    "with its head": of(b"Content-Length: 6", body=b"abcdef"),
    "behind its head": slowly(of(b"Content-Length: 6"), b"abc", b"def"),
    "in chunks": CHUNKED + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n",
    "in late chunks": slowly(CHUNKED, b"3\r\nabc\r\n", b"3\r\ndef\r\n", b"0\r\n\r\n"),
    "until the end": slowly(OK + b"\r\n", b"abc", b"def"),
    "coded": of(b"Content-Encoding: gzip", b"Connection: close", body=gzip.compress(b"abcdef")),
}


@pytest.mark.parametrize("read", ["read", "text", "json", "content.read"])
@pytest.mark.parametrize("answer", SIX.values(), ids=SIX)
async def test_how_much_is_read_at_once_is_bounded(talk, answer, read):
    whole = operator.attrgetter(read)
    async with talk(*[answer] * 3, close=True) as (peer, session):
        async with session.get("/", max_body_size=6) as response:
            assert await response.read() == b"abcdef"
        async with session.get("/x", max_body_size=5) as response:
            told = (
                f"the body of GET {peer.url}/x is refused: the limit max_body_size=5 was exceeded; "
                "raise it with ClientSession(max_body_size=...) or "
                "TCPConnector(limits=Limits(body_size=...))"
            )
            with pytest.raises(ClientPayloadError, match=re.escape(told)):
                await whole(response)()
        # In pieces it may be as long as it likes.
        async with session.get("/", max_body_size=5) as response:
            assert b"".join([each async for each in response.content.iter_any()]) == b"abcdef"


async def test_the_bound_of_a_session_and_of_its_connector(peer):
    answer = of(b"Content-Length: 6", body=b"abcdef")
    connector = aiolos_client.TCPConnector(limits=aiolos_client.Limits(body_size=5))
    async with peer(*[answer] * 4) as server, aiolos_client.ClientSession(max_body_size=5) as own:
        async with aiolos_client.ClientSession(connector=connector) as other:
            for session in (own, other):
                async with session.get(server.url) as response:
                    with pytest.raises(ClientPayloadError, match="max_body_size=5"):
                        await response.read()
                async with session.get(server.url, max_body_size=6) as response:
                    assert await response.read() == b"abcdef"


async def test_a_body_without_end_is_refused_where_it_is_read_at_once(talk):
    stopped = asyncio.Event()

    async def serve(reader, writer):
        writer.write(CHUNKED)
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"400\r\n" + bytes(0x400) + b"\r\n")
                await writer.drain()
        stopped.set()

    async with talk(serve, max_body_size=1_000_000) as (peer, session):
        await fails(session, peer, ClientPayloadError, "max_body_size=1000000")
        await stopped.wait()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
async def test_a_body_where_there_is_none_is_no_answer_to_the_next(talk, answer):
    async with talk(answer) as (peer, session):
        async with session.get("/x") as response:
            assert await response.read() == b""
        async with session.get("/y") as response:
            assert await response.read() == b"ok"
        assert peer.connections == 2


@pytest.mark.parametrize(
    "location", ["http://[::1", "http://a:99999/", "http://a b/", "javascript:1"]
)
async def test_redirections_to_nowhere(talk, location):
    answer = b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location.encode()
    async with talk(answer) as (peer, session):
        with pytest.raises(aiolos_client.RedirectClientError, match=f"GET {peer.url}/x redirects"):
            await session.get("/x")
        async with session.get("/y") as response:
            assert await response.read() == b"ok"
