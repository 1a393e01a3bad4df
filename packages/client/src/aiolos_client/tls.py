"""How TLS is checked, and sessions that are resumed."""

import hmac
import ssl
import warnings
from collections import OrderedDict
from functools import cache
from hashlib import sha256
from typing import Any, Final, Self

from .errors import ServerFingerprintMismatch

_SHA256_SIZE: Final = 32
_SESSIONS: Final = 256
# A session that was resumed stays good; each of a later version is to be used once (RFC 8446 C.4).
_REUSED_AS_IS: Final = "TLSv1.2"


class Fingerprint:
    """Pins a server by the SHA-256 digest (32 bytes) of its certificate in DER form.

    TypeError for what is not bytes, ValueError for another size: MD5 and SHA-1 do not identify
    anybody any more.
    """

    HASHFUNC_BY_DIGESTLEN: Final = {_SHA256_SIZE: sha256}

    def __init__(self, fingerprint: bytes) -> None:
        if not isinstance(fingerprint, (bytes, bytearray, memoryview)):
            raise TypeError(
                f"a fingerprint is {_SHA256_SIZE} bytes, not {type(fingerprint).__name__}; of text "
                "in hexadecimal make them by bytes.fromhex()"
            )
        if len(fingerprint) != _SHA256_SIZE:
            raise ValueError(
                f"a fingerprint is the {_SHA256_SIZE} bytes of a SHA-256 digest, not "
                f"{len(fingerprint)} bytes (MD5 and SHA-1 are insecure)"
            )
        self._fingerprint = bytes(fingerprint)

    @property
    def fingerprint(self) -> bytes:
        """The digest."""
        return self._fingerprint

    def check(self, transport: Any) -> None:
        """Raise ServerFingerprintMismatch where the peer of `transport` is another; a transport
        without TLS passes."""
        tls = transport.get_extra_info("ssl_object")
        if tls is None:
            return
        got = sha256(tls.getpeercert(binary_form=True) or b"").digest()
        if not hmac.compare_digest(got, self._fingerprint):
            name = transport.get_extra_info("peername")
            # That of a Unix socket is a path.
            host, port, *_ = name if isinstance(name, tuple) else (name or "?", 0)
            raise ServerFingerprintMismatch(self._fingerprint, got, host, port)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fingerprint) and other._fingerprint == self._fingerprint

    def __hash__(self) -> int:
        return hash(self._fingerprint)

    def __repr__(self) -> str:
        return f"Fingerprint({self._fingerprint!r})"


TLSSetting = ssl.SSLContext | Fingerprint | bool


def check_pinned(setting: "TLSSetting", transport: Any) -> None:
    """Raise ServerFingerprintMismatch, the connection aborted, where `setting` is a Fingerprint
    and not that of the peer: every connector calls this, for nothing else looks at the
    certificate then."""
    if isinstance(setting, Fingerprint):
        try:
            setting.check(transport)
        except BaseException:
            transport.abort()
            raise


def check_setting(setting: Any) -> "TLSSetting":
    """`setting` where it is one for `ssl=`, else TypeError."""
    if isinstance(setting, (bool, ssl.SSLContext, Fingerprint)):
        return setting
    raise TypeError(f"ssl should be SSLContext, bool or Fingerprint, not {setting!r}")


def merged_setting(
    setting: Any,
    verify_ssl: bool | None,
    ssl_context: ssl.SSLContext | None,
    fingerprint: bytes | None,
) -> "TLSSetting":
    """What `ssl=` is, where it may be said by its three old names instead, one of them at most.

    Raises ValueError for a second one, TypeError for what is none.
    """
    old = [
        name
        for name, used in (
            ("verify_ssl=False", verify_ssl is False),
            ("ssl_context", ssl_context is not None),
            ("fingerprint", fingerprint is not None),
        )
        if used
    ]
    if not old:
        return check_setting(setting)
    if len(old) > 1 or setting is not True:
        raise ValueError("verify_ssl, ssl_context, fingerprint and ssl exclude one another")
    instead = "ssl=False" if verify_ssl is False else "ssl=..."
    warnings.warn(f"{old[0]} is old; write {instead}", DeprecationWarning, stacklevel=4)
    if ssl_context is not None:
        return check_setting(ssl_context)
    return False if fingerprint is None else Fingerprint(fingerprint)


def proxy_tls(setting: "TLSSetting") -> "ssl.SSLContext | bool":
    """How the certificate of an HTTPS proxy is checked where `ssl=` is `setting`: a context counts
    for both, but False and a Fingerprint are said of the host alone."""
    return setting if isinstance(setting, ssl.SSLContext) else True


def tls_context(setting: "TLSSetting", http2: bool = False) -> ssl.SSLContext:
    """The context for `ssl=`: True verifies by the system's authorities, False and a Fingerprint
    do not. One of ours lets the server choose HTTP/2 where `http2` is True."""
    if isinstance(setting, ssl.SSLContext):
        return setting
    return _default_context(setting is True, http2)


@cache
def _default_context(verify: bool, http2: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class ResumingContext(ssl.SSLContext):
    """A context that makes its connections by `inner` and lets each resume the last session.

    Loops hand no session on; they all call wrap_bio(). A session of TLS 1.3 only comes with the
    first bytes of the peer: keep() stores it.
    """

    inner: ssl.SSLContext
    alpn: tuple[str, ...]
    session: "ssl.SSLSession | None"

    def __new__(cls, inner: ssl.SSLContext, alpn: tuple[str, ...] = ()) -> Self:
        self = super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)
        self.inner = inner
        self.alpn = alpn
        self.session = None
        return self

    def __init__(self, inner: ssl.SSLContext, alpn: tuple[str, ...] = ()) -> None:
        """`alpn` is what `inner` is made to offer; () leaves it as it is."""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: "ssl.SSLSession | None" = None,
    ) -> ssl.SSLObject:
        """As SSLContext.wrap_bio()."""
        if self.alpn:
            # Each connection has a copy: what others made of the context does not matter.
            self.inner.set_alpn_protocols(self.alpn)
        return self.inner.wrap_bio(
            incoming, outgoing, server_side, server_hostname, session or self.session
        )

    def keep(self, tls: "ssl.SSLObject | None") -> None:
        """Remember the session of `tls` for the next connection."""
        if tls is None or (tls.session_reused and self.session and tls.version() == _REUSED_AS_IS):
            return
        # Asked for once: each time it is copied, which costs a quarter of the whole connection.
        session = tls.session
        if session is not None:
            self.session = session


class SessionStore:
    """One ResumingContext for each peer and context, the last used kept."""

    def __init__(self) -> None:
        self._contexts: OrderedDict[tuple[Any, ...], ResumingContext] = OrderedDict()

    def context(
        self, inner: ssl.SSLContext, host: str, port: int, alpn: tuple[str, ...] = ()
    ) -> ResumingContext:
        """The context for connections to `host` and `port` that are checked by `inner`, which is
        made to offer `alpn`."""
        key = (inner, host, port, alpn)
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = ResumingContext(inner, alpn)
            if len(self._contexts) > _SESSIONS:
                self._contexts.popitem(last=False)
        else:
            self._contexts.move_to_end(key)
        return context
