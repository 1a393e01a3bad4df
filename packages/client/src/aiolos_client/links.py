"""What a connector's connections speak: the links that are made for them."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from aiolos_protocol.clock import Clock
from aiolos_protocol.contracts import Connect
from aiolos_protocol.exchange import ClientLink, ClientRole
from aiolos_protocol.limits import Limits
from aiolos_protocol.link.h1_client import H1ClientLink
from aiolos_protocol.link.h2_client import H2ClientLink

from .dialer import tls_error
from .keys import ConnectionKey
from .negotiation import HTTP2Setting, Negotiation, context_for, knows_http2, link_of
from .pool import Host

# After how many seconds of silence a server of HTTP/2 is asked whether it is there, and how many it
# has to answer (RFC 9113 6.7).
_SILENCE: Final = 20.0
_ANSWER_WITHIN: Final = 10.0


class Links:
    """Makes the protocols of new connections; the parameters are BaseConnector's.

    `role` is told of what happens to a link; it is not kept here.
    """

    __slots__ = ("_clock", "_http2", "_lenient", "_limits", "_loop")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        limits: Limits,
        lenient: bool,
        http2: HTTP2Setting,
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._limits = limits
        self._lenient = lenient
        self._http2 = http2

    def factory(self, host: Host, role: ClientRole) -> Callable[[], Any]:
        """What makes the protocol of a new connection to `host`: a link, or the Negotiation that
        leads to one."""
        key = host.key
        new_h1, new_h2 = partial(self._new_h1, role), partial(self._new_h2, host, role)
        if knows_http2(self._http2, key):
            return new_h2
        if key.is_ssl and key.http2 and self._http2 is not False:
            return partial(Negotiation, new_h1, new_h2)
        return new_h1

    def _new_h1(self, role: ClientRole) -> H1ClientLink:
        return H1ClientLink(self._loop, self._clock, self._limits, role, self._lenient)

    def _new_h2(self, host: Host, role: ClientRole) -> H2ClientLink:
        link = H2ClientLink(self._loop, self._clock, self._limits, role)
        if host.streams:
            link.most_streams = host.streams
        link.watch_peer(_SILENCE, _ANSWER_WITHIN)
        return link

    async def connect_by(
        self, connect: Connect, key: ConnectionKey, factory: Any, within: float | None
    ) -> Any:
        """The link that `factory` makes or leads to, connected by `connect` in place of a socket.
        TimeoutError after `within` seconds."""
        context = context_for(self._http2, key) if key.is_ssl else None
        async with asyncio.timeout(within):
            try:
                return link_of(await connect(factory, key.host, key.port, ssl=context))
            except OSError as error:
                raise tls_error(key, error) from error


def admission(link: ClientLink) -> Callable[[], Awaitable[None]] | None:
    """What is awaited before a body goes out over `link` that can perhaps be read only once: until
    a server has sent its settings it may refuse any request (RFC 9113 5.1.2)."""
    if not isinstance(link, H2ClientLink) or link.is_settled:
        return None
    return link.admitted
