"""The server's HTTP/2 before other people's clients (rows H2S-*)."""

import asyncio
import json
import re
import subprocess

import aiolos
import pytest
from aiolos import web
from aiolos_testing import TestClient, TestServer


async def echo(request):
    body = await request.read()
    return web.json_response(
        {"version": list(request.version), "size": len(body), "path": request.path_qs}
    )


async def large(request):
    return web.Response(body=b"x" * 5_000_000)


async def events(request):
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    response.headers["Connection"] = "keep-alive"  # of HTTP/1.1: it must not be sent
    await response.prepare(request)
    for number in range(20):
        await response.write(b"data: %d\n\n" % number)
        await asyncio.sleep(0)
    return response


@pytest.fixture(params=["tls", "clear"])
async def address(request, serving_tls, tmp_path):
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/echo", echo)
    app.router.add_get("/large", large)
    app.router.add_get("/events", events)
    app.router.add_static("/files", tmp_path)
    (tmp_path / "large").write_bytes(bytes(range(250)) * 4000)
    context = serving_tls if request.param == "tls" else None
    async with TestServer(app, ssl=context) as server:
        yield str(server.make_url("")).rstrip("/")


async def output(*command, data=b""):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(data), 60)
    assert process.returncode == 0, err.decode()
    return out


def curl(tool, address, *options):
    way = "--http2" if address.startswith("https") else "--http2-prior-knowledge"
    return (tool("curl"), "-sS", "-k", way, *options)


async def check_curl_speaks_http_2(address, tool):
    body = await output(*curl(tool, address), f"{address}/echo?a=b")
    assert json.loads(body) == {"version": [2, 0], "size": 0, "path": "/echo?a=b"}


@pytest.mark.parametrize("address", ["tls"], indirect=True)
async def test_h2s_01_curl_negotiates_http_2(address, tool):
    await check_curl_speaks_http_2(address, tool)


@pytest.mark.parametrize("address", ["clear"], indirect=True)
async def test_h2s_02_curl_knows_of_http_2(address, tool):
    await check_curl_speaks_http_2(address, tool)


async def test_h2s_03_http_1_1_is_still_served(address, tool):
    body = await output(tool("curl"), "-sS", "-k", "--http1.1", f"{address}/echo")
    assert json.loads(body)["version"] == [1, 1]
    if address.startswith("http:"):
        # An offer to upgrade, which RFC 9113 has given up: HTTP/1.1 is a right answer.
        body = await output(tool("curl"), "-sS", "--http2", f"{address}/echo")
        assert json.loads(body)["version"] == [1, 1]


async def test_h2s_04_large_bodies_in_both_directions(address, tool):
    data = b"y" * 3_000_000
    command = curl(tool, address, "--data-binary", "@-")
    assert json.loads(await output(*command, f"{address}/echo", data=data))["size"] == len(data)
    assert await output(*curl(tool, address), f"{address}/large") == b"x" * 5_000_000


async def test_files_and_their_ranges(address, tool):
    assert await output(*curl(tool, address), f"{address}/files/large") == bytes(range(250)) * 4000
    several = await output(*curl(tool, address, "-r", "0-1,700-702"), f"{address}/files/large")
    assert b"Content-Range: bytes 700-702/1000000\r\n\r\n" + bytes((200, 201, 202)) in several


@pytest.mark.parametrize("address", ["clear"], indirect=True)
async def test_connect_to_what_speaks_no_websocket_costs_its_stream_alone(address):
    options = {"connector": aiolos.TCPConnector(http2="prior-knowledge")}
    async with aiolos.ClientSession(**options) as session:
        async with session.get(f"{address}/echo") as response:
            await response.read()
        with pytest.raises(aiolos.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{address}/echo")
        assert refused.value.status == 400
        async with session.get(f"{address}/echo") as response:
            assert response.version == (2, 0)
        assert session.connector.open_connections == 1


async def test_h2s_05_many_streams_on_one_connection(address, tool):
    command = (tool("nghttp"), "--no-verify-peer", "-n", "-s", "-m", "100", f"{address}/echo")
    report = (await output(*command)).decode()
    assert len(re.findall(r"\s200\s+\d+\s/echo", report)) == 100, report


async def test_h2s_06_under_load_all_succeed(address, tool):
    command = (tool("h2load"), "-n", "400", "-c", "4", "-m", "10", f"{address}/echo")
    report = (await output(*command)).decode()
    assert "400 succeeded, 0 failed, 0 errored, 0 timeout" in report


async def test_h2s_07_server_sent_events(address, tool):
    text = (await output(*curl(tool, address, "-i"), f"{address}/events")).decode()
    head, _, body = text.partition("\r\n\r\n")
    assert head.startswith("HTTP/2 200")
    assert "connection" not in head.lower()
    assert body == "".join(f"data: {number}\n\n" for number in range(20))


async def test_uploads_that_are_not_read_hold_up_no_other():
    read = asyncio.Event()

    async def lazy(request):
        await read.wait()
        return web.Response(text=str(len(await request.read())))

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/lazy", lazy)
    app.router.add_post("/echo", echo)
    async with (
        TestServer(app) as server,
        aiolos.ClientSession(server.make_url("/"), http2="prior-knowledge") as session,
        asyncio.timeout(30),
    ):

        async def upload(path):
            async with session.post(path, data=b"x" * 2_000_000) as response:
                assert (response.status, response.version) == (200, (2, 0))
                return await response.text()

        async with asyncio.TaskGroup() as group:
            lazies = [group.create_task(upload("/lazy")) for _ in range(12)]
            assert '"size": 2000000' in await upload("/echo")
            assert session.connector.open_connections == 1
            read.set()
        assert [task.result() for task in lazies] == ["2000000"] * 12


async def test_a_handler_that_goes_on_behind_its_response_holds_up_nobody():
    gate = asyncio.Event()
    ended = []

    async def lingering(request):
        response = web.Response(text=request.path)
        await response.prepare(request)
        await response.write_eof()
        if request.path == "/1":
            await gate.wait()
        ended.append(request.path)
        return response

    app = web.Application()
    app.router.add_get("/{path}", lingering)
    async with TestClient(app, transport="memory", http2="prior-knowledge") as client:
        for path in ("/1", "/2", "/3"):
            async with client.get(path) as answer:
                assert (answer.version, await answer.text()) == ((2, 0), path)
        assert ended == ["/2", "/3"]
        gate.set()
        async with client.get("/4") as answer:
            assert await answer.text() == "/4"
    assert sorted(ended[2:]) == ["/1", "/4"]
