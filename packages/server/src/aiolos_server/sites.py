"""Sites: where a runner listens."""

import asyncio
import contextlib
import errno
import os
import socket
import stat
import warnings
from abc import ABC, abstractmethod
from ssl import SSLContext
from typing import Any

from yarl import URL

from .runner import BaseRunner
from .tls import check_context, offer_http2


class BaseSite(ABC):
    """A place to listen at, which a runner knows of while it does: start(), stop().

    A subclass has a `name`; its start() opens an asyncio.Server for `runner.server`, keeps it as
    `_server`, and awaits this one's. `shutdown_timeout` is deprecated, and the runner's; aiohttp's
    sites take it still.
    """

    def __init__(
        self,
        runner: BaseRunner,
        *,
        shutdown_timeout: float | None = None,
        ssl_context: SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        if shutdown_timeout is not None:
            warnings.warn(
                "give shutdown_timeout to the runner, not to a site",
                DeprecationWarning,
                stacklevel=3,
            )
        if runner.server is None:
            raise RuntimeError("call and await runner.setup() before making a site")
        if not isinstance(backlog, int):
            raise TypeError(f"backlog is an int, not {backlog!r:.80}")
        check_context(ssl_context)
        if ssl_context is not None:
            offer_http2(ssl_context, runner.server.http2)
        self._runner = runner
        self._ssl_context = ssl_context
        self._backlog = backlog
        self._server: asyncio.Server | None = None

    @property
    @abstractmethod
    def name(self) -> str:
        """The address as a URL."""

    async def start(self) -> None:
        """The runner knows of it from now on."""
        self._runner.register(self)

    async def stop(self) -> None:
        """Accept nothing more; connections go on until the runner's cleanup().

        RuntimeError where it has not been started, or is stopped already.
        """
        self._runner.unregister(self)
        server, self._server = self._server, None
        if server is not None:
            self._runner.stop_listening(server)


class Site(BaseSite):
    """A site that start() opens."""

    @abstractmethod
    async def _open(self, factory: Any) -> asyncio.Server:
        """Listen."""

    async def start(self) -> None:
        """Begin to accept. OSError where the address cannot be had."""
        if self._server is not None:
            raise RuntimeError(f"{self.name} has been started already")
        self._server = await self._runner.serve(self._open)
        await super().start()

    def _tls(self) -> dict[str, Any]:
        return self._runner.tls_options(self._ssl_context)

    def _scheme(self) -> str:
        return "http" if self._ssl_context is None else "https"


class TCPSite(Site):
    """Listens on `host` (None: all interfaces) and `port` (None: 8080, 8443 with TLS; 0: any)."""

    def __init__(
        self,
        runner: BaseRunner,
        host: str | None = None,
        port: int | None = None,
        *,
        shutdown_timeout: float | None = None,
        ssl_context: SSLContext | None = None,
        backlog: int = 128,
        reuse_address: bool | None = None,
        reuse_port: bool | None = None,
    ) -> None:
        super().__init__(
            runner, shutdown_timeout=shutdown_timeout, ssl_context=ssl_context, backlog=backlog
        )
        if host is not None and not isinstance(host, str):
            raise TypeError(f"a host is a str, not {host!r:.80}")
        self._host = host
        if port is None:
            port = 8443 if ssl_context else 8080
        self._port = checked_port(port)
        self._reuse_address = reuse_address
        self._reuse_port = reuse_port

    @property
    def name(self) -> str:
        """The address as a URL; with the port in use once started."""
        port = self._port
        if self._server is not None and self._server.sockets:
            port = self._server.sockets[0].getsockname()[1]
        return str(URL.build(scheme=self._scheme(), host=self._host or "0.0.0.0", port=port))  # noqa: S104  # the name of "all interfaces"

    @property
    def port(self) -> int:
        """The port in use once started, else the one asked for."""
        if self._server is not None and self._server.sockets:
            port: int = self._server.sockets[0].getsockname()[1]
            return port
        return self._port

    async def _open(self, factory: Any) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            factory,
            self._host,
            self._port,
            backlog=self._backlog,
            reuse_address=self._reuse_address,
            reuse_port=self._reuse_port,
            **self._tls(),
        )


class UnixSite(Site):
    """Listens on the UNIX socket `path`.

    A socket that is there already is replaced, also another process's: so one server takes over
    from another. FileExistsError for anything else.
    """

    def __init__(
        self,
        runner: BaseRunner,
        path: str | os.PathLike[str],
        *,
        shutdown_timeout: float | None = None,
        ssl_context: SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        super().__init__(
            runner, shutdown_timeout=shutdown_timeout, ssl_context=ssl_context, backlog=backlog
        )
        self._path = os.fspath(path)
        self._made: os.stat_result | None = None

    @property
    def name(self) -> str:
        """The address."""
        return f"{self._scheme()}://unix:{self._path}:"

    async def _open(self, factory: Any) -> asyncio.Server:
        if await asyncio.to_thread(self._is_taken):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), self._path)
        listening = await asyncio.get_running_loop().create_unix_server(
            factory, self._path, backlog=self._backlog, **self._tls()
        )
        if self._path[:1] not in ("\0", b"\0"):
            # An abstract one (Linux) has no file; any other may be gone again.
            with contextlib.suppress(FileNotFoundError):
                self._made = await asyncio.to_thread(os.stat, self._path)
        return listening

    async def stop(self) -> None:
        """See Site.stop(); the socket's file is removed, unless it is another server's by now."""
        await super().stop()
        made, self._made = self._made, None
        if made is not None:
            await asyncio.to_thread(self._remove, made)

    def _is_taken(self) -> bool:
        return os.path.exists(self._path) and not stat.S_ISSOCK(os.stat(self._path).st_mode)

    def _remove(self, made: os.stat_result) -> None:
        with contextlib.suppress(OSError):
            if os.path.samestat(made, os.stat(self._path)):
                os.unlink(self._path)


class NamedPipeSite(Site):
    """Listens on the named pipe `path`, as `\\\\.\\pipe\\name`: on Windows' Proactor loop alone.

    RuntimeError on another loop.
    """

    def __init__(
        self, runner: BaseRunner, path: str, *, shutdown_timeout: float | None = None
    ) -> None:
        super().__init__(runner, shutdown_timeout=shutdown_timeout)
        loop = asyncio.get_running_loop()
        if not hasattr(loop, "start_serving_pipe"):
            raise RuntimeError(
                f"named pipes need Windows' ProactorEventLoop, not {type(loop).__name__}"
            )
        self._path = path

    @property
    def name(self) -> str:
        """The pipe."""
        return self._path

    async def _open(self, factory: Any) -> asyncio.Server:
        loop: Any = asyncio.get_running_loop()
        (pipe,) = await loop.start_serving_pipe(factory, self._path)
        return pipe  # type: ignore[no-any-return]  # no asyncio.Server, but closed like one


class SockSite(Site):
    """Listens on a socket that is bound already."""

    def __init__(
        self,
        runner: BaseRunner,
        sock: socket.socket,
        *,
        shutdown_timeout: float | None = None,
        ssl_context: SSLContext | None = None,
        backlog: int = 128,
    ) -> None:
        super().__init__(
            runner, shutdown_timeout=shutdown_timeout, ssl_context=ssl_context, backlog=backlog
        )
        if not hasattr(sock, "getsockname"):
            raise TypeError(f"sock is a socket that is bound already, not {sock!r:.80}")
        self._sock = sock
        address = sock.getsockname()
        if isinstance(address, tuple):
            self._name = str(URL.build(scheme=self._scheme(), host=address[0], port=address[1]))
        else:
            self._name = f"{self._scheme()}://unix:{address}:"

    @property
    def name(self) -> str:
        """The address."""
        return self._name

    async def _open(self, factory: Any) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            factory, sock=self._sock, backlog=self._backlog, **self._tls()
        )


def checked_port(port: int) -> int:
    """`port`, where it is a TCP port or 0. TypeError or ValueError says what is wrong with it."""
    if type(port) is not int:
        raise TypeError(f"a port is an int, not {port!r}; write int(...) around a setting")
    if not 0 <= port <= 65535:
        raise ValueError(f"a port is 0 to 65535, not {port}")
    return port
