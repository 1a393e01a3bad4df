"""A body that ends with its TLS connection, on both loops: ended by its server, or cut off."""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

import aiolos
import pytest
import trustme
import uvloop

AUTHORITY = trustme.CA()
ANSWER = b"HTTP/1.1 200 OK\r\n\r\n" + b"abc" * 100_000


class Server:
    """Answers one request, in a thread and without asyncio: what ends it, ends so on any loop."""

    def __init__(self, is_cut: bool) -> None:
        self._is_cut = is_cut
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listening.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
        raw, _ = self._listening.accept()
        raw.settimeout(20)
        with context.wrap_socket(raw, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(ANSWER)
            if not self._is_cut:
                tls.unwrap()
                return
            with socket.socket(fileno=tls.detach()) as below:
                below.settimeout(20)
                below.shutdown(socket.SHUT_WR)
                # The farewell of the client.
                with contextlib.suppress(ConnectionError):
                    below.recv(65536)

    def close(self) -> None:
        self._listening.close()
        self._thread.join(20)


@pytest.fixture(params=[False, True], ids=["ended", "cut"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(request.param)
    yield server
    server.close()


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("is_lenient", [False, True])
def test_a_body_is_whole_where_its_server_has_ended_it(
    server: Server, loop: object, is_lenient: bool, request: pytest.FixtureRequest
) -> None:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)

    async def ask() -> int:
        connector = aiolos.TCPConnector(ssl=context, lenient=is_lenient)
        async with aiolos.ClientSession(connector=connector) as session:
            async with session.get(server.url) as response:
                return len(await response.read())

    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]
        if "cut" in request.node.name and not is_lenient:
            with pytest.raises(aiolos.ClientPayloadError, match="300000 bytes.* close_notify"):
                runner.run(ask())
        else:
            assert runner.run(ask()) == 300_000
