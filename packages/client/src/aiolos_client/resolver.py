"""Names to addresses."""

import asyncio
import socket
from typing import Any, Final

from .abc import AbstractResolver, ResolveResult

_NUMERIC: Final = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class ThreadedResolver(AbstractResolver):
    """The system's own resolver, in the loop's thread pool."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See AbstractResolver."""
        try:
            infos = await self._loop.getaddrinfo(
                host,
                port,
                type=socket.SOCK_STREAM,
                family=family,
                flags=socket.AI_ADDRCONFIG,
            )
        except UnicodeError as error:
            # What Python encodes by IDNA before it asks: a part that is empty, or too long.
            raise OSError(None, "a part of the name is empty or longer than 63") from error
        return [
            _result(host, each_family, proto, address)
            for each_family, _, proto, _, address in infos
        ]

    async def close(self) -> None:
        """There is nothing to let go of."""


class AsyncResolver(AbstractResolver):
    """aiodns, the resolver of c-ares: no thread, but not all that the system's configuration
    offers. `args` and `kwargs` are aiodns.DNSResolver's, such as nameservers=["127.0.0.1"].

    RuntimeError where the distribution aiodns is not installed.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, *args: Any, **kwargs: Any
    ) -> None:
        try:
            # Only here: c-ares takes its time to be loaded.
            import aiodns
        except ImportError as error:
            raise RuntimeError(
                "AsyncResolver needs the distribution aiodns; run: pip install aiodns"
            ) from error
        self._error = aiodns.error.DNSError
        self._loop = loop or asyncio.get_running_loop()
        self._resolver: Any = aiodns.DNSResolver(*args, **{"loop": self._loop, **kwargs})

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """See AbstractResolver. RuntimeError behind close()."""
        if self._resolver is None:
            raise RuntimeError("the resolver is closed: make one for each connector")
        try:
            answer = await self._resolver.getaddrinfo(
                host, port=port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
            )
        except self._error as error:
            why = error.args[1] if len(error.args) > 1 else "the DNS lookup failed"
            raise OSError(None, why) from error
        return [
            _result(host, node.family, socket.IPPROTO_TCP, _text(node.addr))
            for node in answer.nodes
        ]

    async def close(self) -> None:
        """See AbstractResolver."""
        resolver, self._resolver = self._resolver, None
        if resolver is not None:
            await resolver.close()


def _text(address: Any) -> Any:
    """c-ares gives its hosts as bytes."""
    host, *rest = address
    return (host.decode("ascii") if isinstance(host, bytes) else host, *rest)


def _result(hostname: str, family: int, proto: int, address: Any) -> ResolveResult:
    host, port = address[:2]
    if family == socket.AF_INET6 and len(address) > 3 and address[3]:
        # A link-local address means nothing without the interface that it is on.
        host = f"{host}%{address[3]}"
    return ResolveResult(
        hostname=hostname, host=host, port=port, family=family, proto=proto, flags=_NUMERIC
    )


DefaultResolver: Final = ThreadedResolver
