"""Connectors to a socket or a pipe on this machine."""

import asyncio
import os
import ssl as ssl_module
import sys
from typing import Any

from aiolos_protocol.limits import DEFAULT_LIMITS, Limits

from .connector import SCHEMES, UNSET, BaseConnector, Unset
from .dialer import tls_error
from .errors import UnixClientConnectorError
from .keys import ConnectionKey
from .negotiation import HTTP2Setting, context_for, link_of
from .tls import check_pinned
from .tracing import Traces


class LocalConnector(BaseConnector):
    """To whatever host a request goes, it goes to `path`."""

    def __init__(
        self,
        path: str,
        force_close: bool = False,
        keepalive_timeout: float | Unset | None = UNSET,
        limit: int = 100,
        limit_per_host: int = 0,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits = DEFAULT_LIMITS,
        lenient: bool = False,
        http2: HTTP2Setting = None,
    ) -> None:
        super().__init__(
            force_close=force_close,
            keepalive_timeout=keepalive_timeout,
            limit=limit,
            limit_per_host=limit_per_host,
            limits=limits,
            lenient=lenient,
            http2=http2,
            loop=loop,
        )
        if not isinstance(path, (str, bytes, os.PathLike)):
            raise TypeError(f"path takes a str or a Path, not {path!r:.80}")
        self._path = path

    @property
    def path(self) -> str:
        """Where the connections go."""
        return self._path


class UnixConnector(LocalConnector):
    """Connections to the Unix socket `path`; other parameters as BaseConnector's.

    URLs keep their form: their host goes into Host, and http+unix is another name of http.
    """

    allowed_protocol_schema_set = SCHEMES | {"unix", "http+unix"}

    async def _dial(
        self, key: ConnectionKey, factory: Any, traces: Traces | None, within: float | None
    ) -> Any:
        if self.connect_by is not None:
            return await self._links.connect_by(self.connect_by, key, factory, within)
        async with asyncio.timeout(within):
            return await self._connected(key, factory)

    async def _connected(self, key: ConnectionKey, factory: Any) -> Any:
        options: dict[str, Any] = {}
        if key.is_ssl:
            name = (key.server_hostname or key.host).rstrip(".")
            options = {"ssl": context_for(self._http2, key), "server_hostname": name}
            try:
                # As TLS will; the loop forgets its socket where that goes wrong.
                name.encode("idna")
            except UnicodeError as error:
                raise tls_error(key, error) from error
        try:
            transport, link = await self._loop.create_unix_connection(
                factory, self._path, **options
            )
        except ssl_module.SSLError as error:
            raise tls_error(key, error) from error
        except OSError as error:
            raise UnixClientConnectorError(self._path, key, error) from error
        check_pinned(key.ssl, transport)
        return link_of(link)


class NamedPipeConnector(LocalConnector):
    r"""Connections to the named pipe `path` (\\.\pipe\...), with Windows' proactor loop only."""

    allowed_protocol_schema_set = SCHEMES | {"npipe"}

    def __init__(self, path: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(path, *args, **kwargs)
        if sys.platform != "win32" or not hasattr(self._loop, "create_pipe_connection"):
            self._closed = True
            raise RuntimeError("named pipes need Windows and asyncio.ProactorEventLoop")

    async def _dial(
        self, key: ConnectionKey, factory: Any, traces: Traces | None, within: float | None
    ) -> Any:
        loop: Any = self._loop
        async with asyncio.timeout(within):
            try:
                _, link = await loop.create_pipe_connection(factory, self._path)
            except OSError as error:
                raise UnixClientConnectorError(self._path, key, error) from error
        return link_of(link)
