"""Our server before other people's clients."""

import asyncio
import json
import subprocess

import pytest
from aiolos import web
from aiolos_testing import TestServer


async def echo(request):
    body = await request.read()
    return web.json_response(
        {
            "method": request.method,
            "path": request.path_qs,
            "version": f"{request.version.major}.{request.version.minor}",
            "size": len(body),
            "agent": request.headers.get("User-Agent", ""),
        }
    )


async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(100):
        await response.write(b"%d\n" % number)
    await response.write_eof()
    return response


@pytest.fixture
async def address():
    app = web.Application()
    app.router.add_route("*", "/echo", echo)
    app.router.add_get("/stream", stream)
    async with TestServer(app, shutdown_timeout=1, client_max_size=2**26) as server:
        yield server.make_url("/").raw_authority


async def output(*command, data=b"", expected=0):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate(data)
    assert process.returncode == expected, err.decode()
    return out.decode()


async def test_curl_gets(address, tool):
    answer = json.loads(await output(tool("curl"), "-sS", f"http://{address}/echo?a=b"))
    assert answer["agent"].startswith("curl/")
    del answer["agent"]
    assert answer == {"method": "GET", "path": "/echo?a=b", "version": "1.1", "size": 0}


async def test_curl_gets_by_http_1_0(address, tool):
    command = (tool("curl"), "-sS", "-i", "--http1.0", f"http://{address}/echo")
    head, _, body = (await output(*command)).partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK")
    assert json.loads(body)["version"] == "1.0"


async def test_curl_sees_a_stream_by_http_1_0_end_with_the_connection(address, tool):
    command = (tool("curl"), "-sS", "-i", "--http1.0", f"http://{address}/stream")
    head, _, body = (await output(*command)).partition("\r\n\r\n")
    assert "transfer-encoding" not in head.lower()
    assert "connection: close" in head.lower()
    assert body.split() == [str(number) for number in range(100)]


async def test_curl_uploads_by_length_with_expect(address, tool):
    data = b"x" * 2_000_000
    command = (tool("curl"), "-sS", "-v", "--data-binary", "@-", f"http://{address}/echo")
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate(data)
    assert json.loads(out)["size"] == len(data)
    assert b"HTTP/1.1 100 Continue" in err


async def test_curl_uploads_in_chunks(address, tool):
    command = (tool("curl"), "-sS", "-T", "-", f"http://{address}/echo")
    answer = json.loads(await output(*command, data=b"y" * 300_000))
    assert (answer["method"], answer["size"]) == ("PUT", 300_000)


async def test_curl_asks_for_the_head(address, tool):
    text = await output(tool("curl"), "-sS", "-I", f"http://{address}/stream")
    assert text.startswith("HTTP/1.1 200 OK")
    assert "0\n1\n" not in text


async def test_curl_keeps_its_connection(address, tool):
    url = f"http://{address}/echo"
    text = await output(tool("curl"), "-sS", "-w", "%{num_connects}\n", url, "-o", "/dev/null",
                        url, "-o", "/dev/null")  # fmt: skip
    assert text == "1\n0\n"


async def test_wrk_finds_no_error(address, tool):
    text = await output(tool("wrk"), "-t1", "-c8", "-d1s", f"http://{address}/echo")
    assert "Requests/sec" in text
    assert "Non-2xx" not in text
    assert "Socket errors" not in text


REFUSED = {
    "a request line of two words": (b"GET /\r\n\r\n", 400),
    "another version": (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", 400),
    "a folded line": (b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400),
    "a length that is none": (b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
    "a length and chunks": (
        (
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        400,
    ),
    "a chunk size that is none": (
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        400,
    ),
    "an endless request line": (b"GET /" + b"a" * 20_000, 414),
    "an endless field": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000, 431),
    "a preface of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_malformed_is_answered_and_closed(address, name):
    sent, status = REFUSED[name]
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer
    assert b"connection: close" in head.lower()
    assert b"Traceback" not in body


async def test_a_chunk_size_that_is_none_in_a_later_segment_is_answered_too(address):
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    )
    await writer.drain()
    await asyncio.sleep(0.05)  # a segment of its own: nothing depends on how long
    writer.write(b"nonsense\r\n")
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
