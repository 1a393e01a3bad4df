"""Scripted servers for the client: each answers what its test says, byte by byte."""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Self

import aiolos_client
import pytest
import trustme
from aiolos_protocol.testkit import ScriptedPeer

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """A whole request: its head, and a body of known length or in chunks."""
    head = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"(?i)content-length: (\d+)", head)
    if found:
        return head + await reader.readexactly(int(found[1]))
    if b"chunked" in head.lower():
        return head + await reader.readuntil(b"0\r\n\r\n")
    return head


class Peer:
    """A server that gives the answers in turn, on as many connections as are made.

    An answer is bytes, None to close the connection without one, or a coroutine function of the
    connection's reader and writer. `requests` keeps what was
    asked, `connections` how many connections were made, `writer` writes to the last one.
    `bodies` False: the bodies of requests are left to read.
    """

    def __init__(self, *answers: bytes | None, close: bool = False) -> None:
        self._answers = list(answers)
        self._close = close
        self._peer = ScriptedPeer(self._serve)
        self.requests: list[bytes] = []
        self.bodies = True

    @property
    def connections(self) -> int:
        return self._peer.connections

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._peer.port}"

    async def __aenter__(self) -> Self:
        await self._peer.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._peer.__aexit__(*exc)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        while True:
            if self.bodies:
                self.requests.append(await read_request(reader))
            else:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            answer = self._answers.pop(0) if self._answers else OK
            if answer is None:
                return
            if callable(answer):
                await answer(reader, writer)
                return
            writer.write(answer)
            await writer.drain()
            if self._close:
                return


@pytest.fixture
def wind() -> Callable[[float], None]:
    """`wind(seconds)` moves the running loop's time forward: what waited for that is due."""
    passed = 0.0

    def wind(seconds: float) -> None:
        nonlocal passed
        loop = asyncio.get_running_loop()
        if not passed:
            real = loop.time
            loop.time = lambda: real() + passed  # type: ignore[method-assign]
        passed += seconds

    return wind


@pytest.fixture
def unused_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that nobody trusts by himself."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def peer() -> type[Peer]:
    """The class of scripted servers."""
    return Peer


@pytest.fixture
def talk() -> Callable[..., contextlib.AbstractAsyncContextManager[tuple[Peer, object]]]:
    """`async with talk(answer, ...) as (peer, session)`: a session whose base is the peer."""

    @contextlib.asynccontextmanager
    async def talk(
        *answers: bytes | None, close: bool = False, **options: object
    ) -> AsyncIterator[tuple[Peer, aiolos_client.ClientSession]]:
        async with (
            Peer(*answers, close=close) as peer,
            aiolos_client.ClientSession(peer.url, **options) as session,
        ):
            yield peer, session

    return talk
