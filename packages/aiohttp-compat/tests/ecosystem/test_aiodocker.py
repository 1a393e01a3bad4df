"""aiodocker: a daemon on a UNIX socket, and a process spoken with behind 101."""

import asyncio
import json
import struct

import aiodocker
import pytest


def answer(value, status=b"200 OK"):
    body = json.dumps(value).encode()
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


def said(stream, data):
    return struct.pack(">BxxxI", stream, len(data)) + data


async def daemon(reader, writer):
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        path = head.split()[1]
        if b"content-length: " in head:
            await reader.readexactly(int(head.partition(b"content-length: ")[2].split()[0]))
        if path.endswith(b"/version"):
            writer.write(answer({"ApiVersion": "1.43", "MinAPIVersion": "1.12"}))
        elif path.endswith(b"/containers/json"):
            writer.write(answer([{"Id": "abc"}]))
        elif path.endswith(b"/exec"):
            writer.write(answer({"Id": "e1"}, b"201 Created"))
        elif path.endswith(b"/start"):
            upgraded = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
            writer.write(upgraded + said(1, b"hello"))
            writer.write(said(2, await reader.read(100)))
            await writer.drain()
            writer.close()
            return
        else:
            raise AssertionError(path)
        await writer.drain()


@pytest.fixture
async def docker(tmp_path):
    path = tmp_path / "docker.sock"
    server = await asyncio.start_unix_server(daemon, str(path))
    docker = aiodocker.Docker(url=f"unix://{path}")
    yield docker
    await docker.close()
    server.close()


async def test_what_there_is(docker):
    assert (await docker.version())["ApiVersion"] == "1.43"
    assert [each.id for each in await docker.containers.list()] == ["abc"]


async def test_a_process_is_spoken_with(docker):
    process = await docker.containers.container("abc").exec(["cat"], stdin=True)
    async with process.start(detach=False) as stream:
        assert (await stream.read_out()).data == b"hello"
        await stream.write_in(b"abc")
        message = await stream.read_out()
        assert (message.stream, message.data) == (2, b"abc")
        assert await stream.read_out() is None
