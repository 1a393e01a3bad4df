"""Echo over WebSockets: our server, by iteration and by a listener, and our client, against peers.

Run without arguments to compare; `--serve NAME LOOP DEFLATE` and `--client NAME LOOP ...` are the
measured processes. A server is measured under a load of ready-made frames, a client before a
server that sends ready-made frames.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import logging
import os
import socket
import struct
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

from measure import ServerProcess, client_run, report, rounds, run_loop, serve_until_stopped

SERVERS = ("limit", "listener", "aiolos", "aiolos-15", "picows", "aiohttp", "websockets")
CLIENTS = ("aiolos", "picows", "aiohttp", "websockets")
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LARGEST = 1 << 24
# With deflate: what each server compresses with, as a power of two. A wider window costs time and
# memory, and finds more; so only those of one width compare the libraries.
WINDOWS = {"aiolos": 12, "listener": 12, "aiolos-15": 15, "aiohttp": 15, "websockets": 12}
# Of fewer connections the handshakes are too short to be measured.
FEW = 64
CLOSE = b"\x88\x80\x00\x00\x00\x00"


def payload_of(size: int) -> bytes:
    """Text that deflates about as well as JSON does."""
    line = b'{"id": %d, "name": "sensor-%d", "values": [%d, %d]}, '
    lines = [line % (at, at * 7 % 100, at * at, at * 31) for at in range(size // 40 + 1)]
    return b"".join(lines)[:size]


def frame_of(payload: bytes, key: bytes, deflate: bool) -> bytes:
    """A binary frame, masked with `key` if there is one."""
    first = 0x82
    if deflate:
        stream = zlib.compressobj(1, zlib.DEFLATED, -12)
        payload = (stream.compress(payload) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]
        first = 0xC2
    size, masked = len(payload), 0x80 if key else 0
    if size < 126:
        header = struct.pack("!BB", first, masked | size)
    elif size < 65536:
        header = struct.pack("!BBH", first, masked | 126, size)
    else:
        header = struct.pack("!BBQ", first, masked | 127, size)
    if key:
        pattern = int.from_bytes((key * (size // 4 + 1))[:size], "big")
        payload = (int.from_bytes(payload, "big") ^ pattern).to_bytes(size, "big")
    return header + key + payload


class Frames(asyncio.Protocol):
    """Behind a handshake, calls `answer()` for each whole frame that has come."""

    def __init__(self) -> None:
        self.buffer = b""
        self.missing = 0
        self.in_head = True
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def head_received(self, head: bytes) -> None:
        """The handshake of the other end."""

    def answer(self) -> None:
        """The other end's frame is here."""

    def data_received(self, data: bytes) -> None:
        if self.in_head:
            self.buffer += data
            head, end, data = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self.in_head, self.buffer = False, b""
            self.head_received(head)
        while data:
            if self.missing:
                taken = min(self.missing, len(data))
                self.missing -= taken
                data = data[taken:]
            else:
                data = self.buffer + data
                size = self.size_of(data)
                if not size:
                    self.buffer = data
                    return
                self.buffer = b""
                self.missing = max(0, size - len(data))
                data = data[size:]
            if not self.missing:
                self.answer()

    @staticmethod
    def size_of(data: bytes) -> int:
        """The size of the frame that begins so, 0 while that is not known."""
        if len(data) < 2 or len(data) < {126: 4, 127: 10}.get(data[1] & 127, 2):
            return 0
        short = data[1] & 127
        masking = 4 if data[1] & 128 else 0
        if short == 126:
            return 4 + masking + int.from_bytes(data[2:4], "big")
        if short == 127:
            return 10 + masking + int.from_bytes(data[2:10], "big")
        return 2 + masking + short


class Load(Frames):
    """A client that sends the same frame again as soon as it was answered."""

    def __init__(self, frame: bytes, deflate: bool, budget: list[int], done: Any) -> None:
        super().__init__()
        self.frame, self.deflate, self.budget, self.done = frame, deflate, budget, done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        key = base64.b64encode(os.urandom(16)).decode()
        extension = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        self.transport.write(
            (
                "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Key: {key}\r\n{extension if self.deflate else ''}\r\n"
            ).encode()
        )

    def head_received(self, head: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 101") or self.deflate != (b"deflate" in head):
            raise SystemExit(f"not the handshake that was asked for: {head!r}")
        self.opened()

    def opened(self) -> None:
        """The handshake is done."""
        self.answer()

    def answer(self) -> None:
        if self.budget[0] > 0:
            self.budget[0] -= 1
            self.transport.write(self.frame)
        else:
            self.transport.write(CLOSE)
            self.transport.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


class Staged(Load):
    """A Load that begins and closes when it is told to; `stage` is done when it could."""

    def __init__(self, frame: bytes, deflate: bool, budget: list[int], done: Any) -> None:
        super().__init__(frame, deflate, budget, done)
        self.stage = done.get_loop().create_future()

    def opened(self) -> None:
        self.stage.set_result(None)

    def begin(self) -> None:
        """Send the first message."""
        self.stage = self.done.get_loop().create_future()
        self.answer()

    def answer(self) -> None:
        if self.budget[0] > 0:
            self.budget[0] -= 1
            self.transport.write(self.frame)
        else:
            self.stage.set_result(None)

    def leave(self) -> None:
        """Close."""
        self.transport.write(CLOSE)
        self.transport.close()


class Canned(Frames):
    """A server that answers each frame by the same one."""

    def __init__(self, frame: bytes) -> None:
        super().__init__()
        self.frame = frame

    def head_received(self, head: bytes) -> None:
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:])
        key = {name.lower(): value for name, value in fields.items()}[b"sec-websocket-key"]
        accept = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
        deflate = self.frame[0] == 0xC2
        extension = b"Sec-WebSocket-Extensions: permessage-deflate\r\n" if deflate else b""
        self.transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n" + extension + b"\r\n"
        )

    def answer(self) -> None:
        self.transport.write(self.frame)


class Raw(Canned):
    """What loop and kernel take for themselves: the payload, still masked, back as it came."""

    def __init__(self) -> None:
        super().__init__(b"\x82\x00")

    def data_received(self, data: bytes) -> None:
        if self.in_head:
            super().data_received(data)
        else:
            # The mask bit is off, and the key is taken out.
            size = data[1] & 127
            self.transport.write(bytes((data[0], size)) + data[6:])


async def load(port: int, frame: bytes, deflate: bool, count: int, connections: int) -> None:
    """Have `count` echoes of `frame` over `connections`."""
    loop = asyncio.get_running_loop()
    budget = [count]
    ends = []
    for _ in range(connections):
        done = loop.create_future()
        ends.append(done)
        await loop.create_connection(
            lambda done=done: Load(frame, deflate, budget, done), "127.0.0.1", port
        )
    await asyncio.gather(*ends)


async def staged(
    port: int, frame: bytes, deflate: bool, count: int, connections: int, cpu: Callable[[], float]
) -> tuple[float, float]:
    """As load(); what it took of `cpu`: the echoes, and opening and closing the connections."""
    loop = asyncio.get_running_loop()
    budget = [count]
    clients, ends = [], []
    begun = cpu()
    for _ in range(connections):
        done = loop.create_future()
        ends.append(done)
        _, client = await loop.create_connection(
            lambda done=done: Staged(frame, deflate, budget, done), "127.0.0.1", port
        )
        clients.append(client)
    await asyncio.gather(*(client.stage for client in clients))
    opened = cpu()
    for client in clients:
        client.begin()
    await asyncio.gather(*(client.stage for client in clients))
    answered = cpu()
    for client in clients:
        client.leave()
    await asyncio.gather(*ends)
    return answered - opened, opened - begun + cpu() - answered


# The measured servers.


async def serve_web(web: Any, sock: socket.socket, handler: Any, compress: bool | int) -> Any:
    """Our server, or aiohttp's."""

    async def echo(request: Any) -> Any:
        answer = web.WebSocketResponse(compress=compress, max_msg_size=LARGEST)
        await answer.prepare(request)
        await handler(answer)
        return answer

    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    return runner


async def iterate(answer: Any) -> None:
    """As most handlers do."""
    async for message in answer:
        await answer.send_bytes(message.data)


class Listener:
    """Has messages heard by a function."""

    def __init__(self, hear: Callable[[memoryview, Any], None]) -> None:
        self.message_received = hear


async def listen(answer: Any) -> None:
    """As the fastest of ours do."""
    send = answer.send_bytes

    def hear(payload: memoryview, kind: Any) -> None:
        send(payload)

    await answer.listen(Listener(hear))


async def serve_picows(sock: socket.socket) -> Any:
    """picows knows no compression."""
    import picows

    class Echo(picows.WSListener):  # type: ignore[misc]
        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            transport.send(frame.msg_type, frame.get_payload_as_memoryview())

    return await picows.ws_create_server(lambda request: Echo(), sock=sock)


async def serve_websockets(sock: socket.socket, deflate: bool) -> Any:
    """The library `websockets`."""
    import websockets

    async def echo(connection: Any) -> None:
        async for message in connection:
            await connection.send(message)

    logging.getLogger("websockets").setLevel(logging.CRITICAL)
    compression = "deflate" if deflate else None
    return await websockets.serve(echo, sock=sock, compression=compression, max_size=LARGEST)


async def serve(name: str, deflate: bool) -> None:
    """Serve as `name` on a free port."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    server: Any
    if name == "limit":
        server = await asyncio.get_running_loop().create_server(Raw, sock=sock)
    elif name == "picows":
        server = await serve_picows(sock)
    elif name == "websockets":
        server = await serve_websockets(sock, deflate)
    elif name == "aiohttp":
        from aiohttp import web as other

        server = await serve_web(other, sock, iterate, deflate)
    else:
        from aiolos import web

        compress = WINDOWS[name] if deflate else False
        server = await serve_web(web, sock, listen if name == "listener" else iterate, compress)
    await serve_until_stopped(port)
    del server


# The measured clients: each gives a coroutine function that exchanges so many messages.


async def with_session(module: Any, url: str, deflate: bool) -> Any:
    """Our client, or aiohttp's."""
    session = module.ClientSession()
    ws = await session.ws_connect(url, compress=15 if deflate else 0, max_msg_size=LARGEST)

    async def exchange(message: bytes, count: int) -> None:
        await ws.send_bytes(message)
        async for _ in ws:
            count -= 1
            if not count:
                return
            await ws.send_bytes(message)

    return exchange


async def with_picows(url: str) -> Any:
    """picows: what is measured is a listener."""
    import picows

    loop = asyncio.get_running_loop()

    class Client(picows.WSListener):  # type: ignore[misc]
        def on_ws_frame(self, transport: Any, frame: Any) -> None:
            frame.get_payload_as_bytes()
            self.count -= 1
            if self.count:
                transport.send(picows.WSMsgType.BINARY, self.message)
            else:
                self.done.set_result(None)

    transport, client = await picows.ws_connect(Client, url)

    async def exchange(message: bytes, count: int) -> None:
        client.message, client.count, client.done = message, count, loop.create_future()
        transport.send(picows.WSMsgType.BINARY, message)
        await client.done

    return exchange


async def with_websockets(url: str, deflate: bool) -> Any:
    """The library `websockets`."""
    import websockets

    compression = "deflate" if deflate else None
    ws = await websockets.connect(url, compression=compression, max_size=LARGEST)

    async def exchange(message: bytes, count: int) -> None:
        for _ in range(count):
            await ws.send(message)
            await ws.recv()

    return exchange


async def client(name: str, size: int, deflate: bool, port: int, count: int, number: int) -> None:
    """Exchange `count` messages over `number` connections, and print the CPU seconds it took."""
    url = f"ws://127.0.0.1:{port}/"
    exchanges = []
    for _ in range(number):
        if name == "picows":
            exchanges.append(await with_picows(url))
        elif name == "websockets":
            exchanges.append(await with_websockets(url, deflate))
        elif name == "aiohttp":
            import aiohttp

            exchanges.append(await with_session(aiohttp, url, deflate))
        else:
            import aiolos

            exchanges.append(await with_session(aiolos, url, deflate))
    message = payload_of(size)
    before = time.process_time()
    await asyncio.gather(*(exchange(message, count // number) for exchange in exchanges))
    print(json.dumps(time.process_time() - before), flush=True)
    # What is open is of no interest any more.
    os._exit(0)


async def serve_canned(size: int, deflate: bool) -> None:
    """The server that clients are measured before."""
    sock = socket.create_server(("127.0.0.1", 0))
    frame = frame_of(payload_of(size), b"", deflate)
    await asyncio.get_running_loop().create_server(lambda: Canned(frame), sock=sock)
    await serve_until_stopped(sock.getsockname()[1])


# Comparing.


def messages_of(size: int, wanted: int) -> int:
    """How many messages make a measurement of about equal length."""
    return max(wanted // (1 + size // 4096), 64)


def compare_servers(options: Any, loop: str, size: int, deflate: bool, connections: int) -> None:
    """Print what each server does in a CPU-second."""
    names = [name for name in SERVERS if name != ("picows" if deflate else "aiolos-15")]
    if size > 125 or deflate:
        names.remove("limit")
    servers = {
        name: ServerProcess.start(
            name, "websocket_echo.py", "--serve", name, loop, str(int(deflate))
        )
        for name in names
    }
    frame = frame_of(payload_of(size), b"\x12\x34\x56\x78", deflate)
    count = messages_of(size, options.messages)

    shaken: dict[str, list[float]] = {name: [] for name in names}

    def rate(name: str) -> float:
        server = servers[name]
        echoes, ends = run_loop(
            staged(server.port, frame, deflate, count, connections, server.cpu), loop
        )
        shaken[name].append(connections / ends)
        return float(count / echoes)

    try:
        for name in names:
            rate(name)
            shaken[name].clear()
        rates = rounds(names, rate, options.rounds)
    finally:
        for server in servers.values():
            server.stop()
    title = f"server, {size} B{', deflate' if deflate else ''}, {connections} connections, {loop}"
    ours = [name for name in names if name in ("listener", "aiolos", "aiolos-15")]
    peers = [name for name in names if name not in ours]
    pairs = [(our, peer) for our in ours for peer in peers]
    if deflate:
        pairs = [pair for pair in pairs if WINDOWS[pair[0]] == WINDOWS[pair[1]]]
        title += "; windows: " + ", ".join(f"{name} {WINDOWS[name]}" for name in names)
    report(title, rates, pairs, "messages")
    if size == options.sizes[0] and connections >= FEW:
        report(f"opening and closing: {title}", shaken, pairs, "connections")


def compare_clients(options: Any, loop: str, size: int, deflate: bool, connections: int) -> None:
    """Print what each client does in a CPU-second."""
    names = [name for name in CLIENTS if not (deflate and name == "picows")]
    arguments = ("--canned", loop, str(size), str(int(deflate)))
    server = ServerProcess.start("canned", "websocket_echo.py", *arguments)
    count = messages_of(size, options.messages) // connections * connections or connections
    shape = (str(size), str(int(deflate)), str(server.port), str(count), str(connections))

    def rate(name: str) -> float:
        return count / float(client_run("websocket_echo.py", "--client", name, loop, *shape))

    try:
        rates = rounds(names, rate, options.rounds)
    finally:
        server.stop()
    title = f"client, {size} B{', deflate' if deflate else ''}, {connections} connections, {loop}"
    report(title, rates, [("aiolos", name) for name in names[1:]], "messages")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", nargs=3)
    parser.add_argument("--canned", nargs=3)
    parser.add_argument("--client", nargs=7)
    parser.add_argument("--roles", nargs="+", default=["server", "client"])
    parser.add_argument("--loops", nargs="+", default=["uvloop", "asyncio"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[32, 8192, 1 << 20])
    parser.add_argument("--connections", nargs="+", type=int, default=[1, 64])
    parser.add_argument("--deflate", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=20_000)
    options = parser.parse_args()
    if options.serve:
        name, loop, deflate = options.serve
        run_loop(serve(name, deflate == "1"), loop)
        return
    if options.canned:
        loop, size, deflate = options.canned
        run_loop(serve_canned(int(size), deflate == "1"), loop)
        return
    if options.client:
        name, loop, size, deflate, port, count, number = options.client
        run_loop(client(name, int(size), deflate == "1", int(port), int(count), int(number)), loop)
        return
    compare: dict[str, Callable[[Any, str, int, bool, int], None]]
    compare = {"server": compare_servers, "client": compare_clients}
    for role in options.roles:
        for loop in options.loops:
            for deflate in options.deflate:
                for size in options.sizes:
                    for connections in options.connections:
                        compare[role](options, loop, size, bool(deflate), connections)


if __name__ == "__main__":
    sys.exit(main())
