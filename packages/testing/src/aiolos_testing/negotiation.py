"""Which version of HTTP a client speaks: by ALPN over TLS, in the clear by its first bytes."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from aiolos_protocol.clock import NEVER, Clock
from aiolos_protocol.exchange import ServerRole
from aiolos_protocol.limits import DEFAULT_LIMITS
from aiolos_protocol.link.h1_server import H1ServerLink
from aiolos_protocol.link.h2_server import H2ServerLink

# RFC 9113 3.4: what a client of HTTP/2 begins with.
PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


_NAME: Final = "aiolos-testing"


def negotiate(clock: Clock, new_role: Callable[[], ServerRole], *, http2: bool) -> "Negotiation":
    """The protocol of a new connection, whose requests go to roles made by `new_role()`.

    It has no time-outs of its own: those of the client are under test.
    """
    loop = asyncio.get_running_loop()

    def new_h1() -> H1ServerLink:
        return H1ServerLink(loop, clock, DEFAULT_LIMITS, new_role(), _NAME, NEVER, NEVER)

    def new_h2() -> H2ServerLink:
        return H2ServerLink(loop, clock, DEFAULT_LIMITS, new_role, _NAME, NEVER, NEVER, NEVER)

    return Negotiation(new_h1, new_h2 if http2 else new_h1)


class Negotiation:
    """The protocol of a new connection until it is clear which link takes over.

    `new_h1()` and `new_h2()` make the links. It stays in between, since a transport in memory and
    one that suffers faults are told of a successor as any other is.
    """

    def __init__(self, new_h1: Callable[[], Any], new_h2: Callable[[], Any]) -> None:
        self._new_h1 = new_h1
        self._new_h2 = new_h2
        self._transport: Any = None
        self._begun = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        self._transport = transport
        tls = transport.get_extra_info("ssl_object")
        if tls is not None:
            self._choose(self._new_h2 if tls.selected_alpn_protocol() == "h2" else self._new_h1)

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol; the client's first bytes in the clear."""
        self._begun += data
        if self._begun.startswith(PREFACE[: len(self._begun)]) and len(self._begun) < len(PREFACE):
            return
        self._choose(self._new_h2 if self._begun.startswith(PREFACE) else self._new_h1)

    def _choose(self, new_link: Callable[[], Any]) -> None:
        link = new_link()
        self._transport.set_protocol(link)
        link.connection_made(self._transport)
        if self._begun:
            link.data_received(self._begun)

    def eof_received(self) -> bool:
        """asyncio.Protocol; nobody has asked anything."""
        return False

    def pause_writing(self) -> None:
        """asyncio.BaseProtocol; nothing has been written."""

    def resume_writing(self) -> None:
        """asyncio.BaseProtocol; nothing has been written."""

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol; nobody has asked anything."""
