"""What contracts.Servable and contracts.Runner promise."""

import asyncio
import contextlib
from collections.abc import Callable
from ssl import SSLContext

from aiolos_protocol.contracts import Servable
from yarl import URL

from ..ports import get_unused_port_socket
from .requirement import in_time, require, require_maker


async def check_servable(
    make: Callable[[], Servable],
    *,
    path: str = "/",
    tls: tuple[SSLContext, SSLContext] | None = None,
) -> None:
    """Check what `make` gives, each time a new one that answers GET `path`.

    `tls` is a pair of contexts, of a server and of a client that trusts it, to check TLS as well.
    Raises NonConformance, an AssertionError that quotes the clause; TypeError where `make` cannot
    be called.
    """
    require_maker(make, "check_servable")
    servable = make()
    require(isinstance(servable, Servable), "to be served is to have runner(**options)")
    runner = servable.runner(handler_cancellation=True)
    await in_time(runner.setup(), "setup() starts the application")
    connections = []
    try:
        for server_tls, client_tls in [(None, None), (None, None), *([tls] if tls else [])]:
            sock = get_unused_port_socket("127.0.0.1")
            host, port = sock.getsockname()
            scheme = "http" if server_tls is None else "https"
            url = await in_time(runner.listen(sock, ssl=server_tls), "listen() returns")
            wanted = URL.build(scheme=scheme, host=host, port=port)
            require(url == wanted, f"listen() gives the address as a URL: {wanted}, not {url!r}")
            connections.append(await _connected(url, client_tls))
        # On all of them: a second socket must not end the first one's service.
        for reader, writer in connections:
            await _check_answer(reader, writer, path)
    finally:
        try:
            await in_time(runner.cleanup(), "cleanup() ends connections in order")
        finally:
            for _, writer in connections:
                writer.close()
    for reader, _ in connections:
        with contextlib.suppress(ConnectionError):
            await in_time(reader.read(), "cleanup() ends every connection")
    require(await _is_refused(url), "after cleanup() nothing is accepted any more")
    await in_time(runner.cleanup(), "cleanup() may be repeated")


async def _connected(
    url: URL, tls: SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    name = "localhost" if tls is not None else None
    opening = asyncio.open_connection(url.host, url.port, ssl=tls, server_hostname=name)
    return await in_time(opening, "listen() serves on the socket at once")


async def _check_answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str
) -> None:
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    line = await in_time(reader.readline(), "a request is answered")
    require(line.startswith(b"HTTP/1.1 "), f"a request is answered by HTTP/1.1, not by {line!r}")
    status = line[9:12]
    require(status.isdigit() and b"200" <= status < b"500", f"GET {path} is answered, not {line!r}")


async def _is_refused(url: URL) -> bool:
    try:
        _, writer = await asyncio.open_connection(url.host, url.port)
    except OSError:
        return True
    writer.close()
    return False
