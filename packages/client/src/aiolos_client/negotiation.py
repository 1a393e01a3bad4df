"""Which version of HTTP a new connection speaks: what its server chose by ALPN (RFC 9113 3.2)."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final, Literal

from aiolos_protocol.errors import ConnectionLost

from .keys import ConnectionKey
from .tls import tls_context

HTTP2Setting = bool | Literal["prior-knowledge"] | None
_H2: Final = "h2"
BOTH: Final = (_H2, "http/1.1")
# How OpenSSL names them.
_AUTHENTICATED: Final = ("GCM", "CCM", "CHACHA20")
ONLY_HTTP1: Final = ("http/1.1",)


def check_http2(setting: Any) -> HTTP2Setting:
    """`setting` where it is one for `http2=`, else TypeError."""
    if setting is None or isinstance(setting, bool) or setting == "prior-knowledge":
        return setting  # type: ignore[no-any-return]
    raise TypeError(f"http2 takes True, False or 'prior-knowledge', not {setting!r:.80}")


def offers_http2(setting: HTTP2Setting, key: ConnectionKey) -> bool:
    """Whether a server behind TLS may choose HTTP/2.

    By default (None) only where the TLS context is ours: what another one offers was decided by
    whoever made it.
    """
    if setting is False or not (key.is_ssl and key.http2):
        return False
    return setting is not None or not isinstance(key.ssl, ssl.SSLContext)


def knows_http2(setting: HTTP2Setting, key: ConnectionKey) -> bool:
    """Whether HTTP/2 is spoken without being asked for (RFC 9113 3.3)."""
    return setting == "prior-knowledge" and key.http2 and not key.is_ssl


def alpn_of(setting: HTTP2Setting, key: ConnectionKey) -> tuple[str, ...]:
    """What a context of the user's must be made to offer; () where that is left alone, because
    whatever its server chooses is spoken."""
    if not isinstance(key.ssl, ssl.SSLContext) or (setting is None and key.http2):
        return ()
    return BOTH if offers_http2(setting, key) else ONLY_HTTP1


def context_for(setting: HTTP2Setting, key: ConnectionKey) -> ssl.SSLContext:
    """The context of a connection to `key`, with its ALPN."""
    context = tls_context(key.ssl, offers_http2(setting, key))
    alpn = alpn_of(setting, key)
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


class Negotiation(asyncio.Protocol):
    """The protocol of a connection until its TLS is there; then a `link` takes its place.

    `new_h1()` and `new_h2()` make the links. See link_of().
    """

    def __init__(self, new_h1: Callable[[], Any], new_h2: Callable[[], Any]) -> None:
        self._new_h1 = new_h1
        self._new_h2 = new_h2
        # What came before the loop told of the connection: start_tls() leaves that to us.
        self._early: list[bytes] = []
        self._lost: BaseException | None = None
        self.refusal: OSError | None = None
        self.link: Any = None

    def connection_made(self, transport: Any) -> None:
        """asyncio.BaseProtocol. Raises ConnectionLost where it is over already."""
        if self._lost is not None:
            raise self._lost
        tls = transport.get_extra_info("ssl_object")
        chosen = None if tls is None else tls.selected_alpn_protocol()
        if chosen == _H2 and not _is_adequate(tls):
            self.refusal = ssl.SSLError(
                f"HTTP/2 with {tls.version()} and {tls.cipher()[0]} is prohibited (RFC 9113 "
                "9.2.2); the server should choose TLS 1.3, or write http2=False"
            )
            transport.abort()
            return
        link = self.link = self._new_h2() if chosen == _H2 else self._new_h1()
        transport.set_protocol(link)
        link.connection_made(transport)
        for data in self._early:
            link.data_received(data)

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        self._early.append(data)

    def eof_received(self) -> bool:
        """asyncio.Protocol. A server that ends a connection before we have begun it is gone."""
        return False

    def connection_lost(self, exc: BaseException | None) -> None:
        """asyncio.BaseProtocol."""
        self._lost = ConnectionLost("the connection was lost behind its TLS handshake")
        self._lost.__cause__ = exc


def link_of(protocol: Any) -> Any:
    """The link that `protocol` has become, or is. Raises SSLError where there may be none."""
    if not isinstance(protocol, Negotiation):
        return protocol
    if protocol.refusal is not None:
        raise protocol.refusal
    return protocol.link


def _is_adequate(tls: ssl.SSLObject) -> bool:
    """RFC 9113 9.2.2, A: with TLS 1.2, only ephemeral keys and authenticated encryption."""
    cipher = tls.cipher()
    if tls.version() != "TLSv1.2" or cipher is None:
        return True
    name = cipher[0]
    return name.startswith(("ECDHE-", "DHE-")) and any(mode in name for mode in _AUTHENTICATED)
