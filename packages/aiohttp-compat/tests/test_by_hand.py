"""What reads and writes messages and frames by hand, under the names of the original."""

import asyncio
import zlib

import aiohttp
import pytest
from aiohttp import http, http_exceptions, http_websocket, streams
from aiohttp.base_protocol import BaseProtocol
from aiolos_protocol.testkit import MemoryTransport
from multidict import CIMultiDict
from yarl import URL


@pytest.fixture
async def protocol():
    """With a transport that keeps what is sent."""
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    protocol.connection_made(MemoryTransport(loop, protocol))
    return protocol


# Queues


async def test_a_queue_pauses_above_twice_its_limit(protocol):
    queue = aiohttp.FlowControlDataQueue(protocol, 2, loop=asyncio.get_running_loop())
    queue.feed_data("a", 2)
    queue.feed_data("b", 2)
    assert protocol.transport.reading
    queue.feed_data("c", 1)
    assert not protocol.transport.reading
    assert [await queue.read()] == ["a"]
    assert protocol.transport.reading
    queue.feed_eof()
    assert [each async for each in queue] == ["b", "c"]
    with pytest.raises(streams.EofStream):
        await queue.read()


# Parsers


@pytest.mark.parametrize("step", [1, 7, 1000])
async def test_requests(step):
    parser = http.HttpRequestParser()
    data = (
        b"GET /a%20b?c=d HTTP/1.1\r\nHost: x\r\n\r\n"
        b"POST http://x/y HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
        b"PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n"
        b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00"
    )
    found = []
    tail = b""
    upgraded = False
    for start in range(0, len(data), step):
        messages, upgraded, rest = parser.feed_data(data[start : start + step])
        found += messages
        tail += rest
    assert (upgraded, tail) == (True, b"\x81\x00")
    heads = [head for head, _ in found]
    assert [head.method for head in heads] == ["GET", "POST", "PUT", "GET"]
    assert heads[0].path == "/a%20b?c=d"
    assert heads[0].url == URL("/a%20b?c=d", encoded=True)
    assert heads[0].headers["host"] == "x"
    assert heads[0].raw_headers == ((b"Host", b"x"),)
    assert heads[0].version == http.HttpVersion(1, 1)
    assert (heads[1].path, heads[1].should_close) == ("http://x/y", True)
    assert (heads[2].chunked, heads[2].should_close) == (True, False)
    assert [head.upgrade for head in heads] == [False, False, False, True]
    assert [await body.read() for _, body in found] == [b"", b"abc", b"de", b""]


async def test_a_body_without_its_coding():
    body = zlib.compress(b"x" * 100)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: %d\r\n\r\n" % len(body)
    ((message, reader),), *_ = http.HttpResponseParser().feed_data(head + body)
    assert message.compression == "deflate"
    assert await reader.read() == b"x" * 100
    ((_, reader),), *_ = http.HttpResponseParser(auto_decompress=False).feed_data(head + body)
    assert await reader.read() == body


@pytest.mark.parametrize(
    ("options", "head", "body", "left"),
    [
        ({}, b"Content-Length: 2\r\n", b"ab", b""),
        ({"method": "HEAD"}, b"Content-Length: 2\r\n", b"", b""),
        ({"response_with_body": False}, b"Content-Length: 2\r\n", b"", b""),
        ({}, b"", b"ab", b""),
        ({"method": "CONNECT"}, b"", b"", b"ab"),
    ],
)
async def test_where_a_response_ends(options, head, body, left):
    parser = http.HttpResponseParser(**options)
    ((message, reader),), _, tail = parser.feed_data(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
    assert (message.code, message.reason) == (200, "OK")
    if body or left:
        *_, tail = parser.feed_data(b"ab")
    parser.feed_eof()
    assert (await reader.read(), tail) == (body, left)


async def test_what_is_cut_short_or_malformed():
    parser = http.HttpResponseParser(payload_exception=aiohttp.ClientPayloadError)
    ((_, reader),), *_ = parser.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")
    parser.feed_eof()
    with pytest.raises(aiohttp.ClientPayloadError, match="cut short"):
        await reader.read()
    parser = http.HttpRequestParser()
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    ((_, reader),), *_ = parser.feed_data(head)
    with pytest.raises(http_exceptions.TransferEncodingError):
        parser.feed_data(b"x\r\n")
    with pytest.raises(http_exceptions.PayloadEncodingError):
        await reader.read()
    for data in (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", b"\0", b"G" * 9000):
        with pytest.raises(http_exceptions.BadHttpMessage):
            http.HttpRequestParser().feed_data(data)


# Writers


async def test_a_message_is_written(protocol):
    told = []

    async def chunk_sent(data):
        told.append(data)

    async def headers_sent(headers):
        told.append(dict(headers))

    loop = asyncio.get_running_loop()
    writer = http.StreamWriter(protocol, loop, chunk_sent, headers_sent)
    writer.enable_chunking()
    await writer.write_headers("POST / HTTP/1.1", CIMultiDict({"A": "b"}))
    writer.send_headers()
    await writer.write(b"ab")
    await writer.write(memoryview(b"cd"))
    await writer.write_eof(b"e")
    await writer.write_eof()
    assert protocol.transport.sent == (
        b"POST / HTTP/1.1\r\nA: b\r\n\r\n2\r\nab\r\n2\r\ncd\r\n1\r\ne\r\n0\r\n\r\n"
    )
    assert writer.output_size == len(protocol.transport.sent)
    assert told == [{"A": "b"}, b"ab", b"cd", b"e"]
    with pytest.raises(ValueError, match="one line"):
        await writer.write_headers("GET / HTTP/1.1\r\nX: y", CIMultiDict())
    protocol.connection_lost(None)
    with pytest.raises(aiohttp.ClientConnectionResetError):
        await writer.write(b"late")


async def test_a_payload_is_written_in_a_coding(protocol):
    writer = http.StreamWriter(protocol, asyncio.get_running_loop())
    writer.enable_compression("gzip")
    await aiohttp.payload.BytesPayload(b"x" * 1000).write(writer)
    await writer.write_eof()
    assert zlib.decompress(protocol.transport.sent, 31) == b"x" * 1000


async def test_a_body_is_not_longer_than_its_length(protocol):
    writer = http.StreamWriter(protocol, asyncio.get_running_loop())
    writer.length = 3
    await writer.write(b"ab")
    await writer.write_eof(b"cd")
    assert protocol.transport.sent == b"abc"


# Frames


@pytest.mark.parametrize("compress", [0, 15])
@pytest.mark.parametrize("use_mask", [False, True])
async def test_frames_there_and_back(protocol, use_mask, compress):
    writer = http.WebSocketWriter(
        protocol, protocol.transport, use_mask=use_mask, compress=compress
    )
    await writer.send_frame(b"x" * 200, aiohttp.WSMsgType.TEXT)
    await writer.send_frame(b"y" * 200, aiohttp.WSMsgType.BINARY)
    if compress:
        await writer.send_frame(b"z" * 200, aiohttp.WSMsgType.BINARY, compress=9)
        assert len(protocol.transport.sent) < 200
    await writer.send_frame(b"?", aiohttp.WSMsgType.PING)
    await writer.close(4000, "bye")
    with pytest.raises(aiohttp.ClientConnectionResetError):
        await writer.send_frame(b"late", aiohttp.WSMsgType.TEXT)
    loop = asyncio.get_running_loop()
    queue = http_websocket.WebSocketDataQueue(protocol, 2**16, loop=loop)
    reader = http.WebSocketReader(queue, 1000, compress=bool(compress))
    for byte in protocol.transport.sent:
        assert reader.feed_data(bytes([byte])) == (False, b"")
    reader.feed_eof()
    found = [(message.type.name, message.data, message.extra) async for message in queue]
    assert [each[:2] for each in found[:2]] == [("TEXT", "x" * 200), ("BINARY", b"y" * 200)]
    if compress:
        assert found.pop(2)[1] == b"z" * 200
    assert found[2:] == [("PING", b"?", ""), ("CLOSE", 4000, "bye")]


async def test_a_message_that_is_too_long(protocol):
    queue = http_websocket.WebSocketDataQueue(protocol, 9, loop=asyncio.get_running_loop())
    reader = http.WebSocketReader(queue, 3)
    assert reader.feed_data(b"\x82\x03abc") == (False, b"")
    assert reader.feed_data(b"\x82\x04abcd")[0]
    assert reader.feed_data(b"\x82\x03abc") == (True, b"\x82\x03abc")
    assert (await queue.read()).data == b"abc"
    with pytest.raises(aiohttp.WebSocketError, match="max_msg_size"):
        await queue.read()


def test_extensions():
    assert http.ws_ext_gen() == "permessage-deflate; client_max_window_bits"
    assert http.ws_ext_gen(12, isserver=True, server_notakeover=True) == (
        "permessage-deflate; server_max_window_bits=12; server_no_context_takeover"
    )
    with pytest.raises(ValueError, match="9 to 15"):
        http.ws_ext_gen(8)
    for text, is_server, found in (
        (None, True, (0, False)),
        ("permessage-deflate; client_max_window_bits", True, (15, False)),
        ("permessage-deflate; server_max_window_bits=10", True, (10, False)),
        ("permessage-deflate; server_max_window_bits=8", True, (0, False)),
        ("permessage-deflate; server_no_context_takeover", True, (15, True)),
        ("permessage-deflate; nonsense", True, (0, False)),
        ("; ; =", True, (0, False)),
        ("", False, (0, False)),
        ("permessage-deflate; client_max_window_bits=10", False, (10, False)),
        ("permessage-deflate; client_no_context_takeover", False, (15, True)),
    ):
        assert http.ws_ext_parse(text, is_server) == found, text
    with pytest.raises(http_websocket.WSHandshakeError):
        http.ws_ext_parse("permessage-deflate; nonsense", False)
