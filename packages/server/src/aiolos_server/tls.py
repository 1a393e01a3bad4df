"""TLS contexts are checked where they are given: a useless one would silently refuse everybody."""

import contextlib
import math
import ssl
from typing import Any, Final
from weakref import WeakSet

# Those that clients may choose HTTP/2 by, through us.
_offered: Final[WeakSet[ssl.SSLContext]] = WeakSet()


def check_context(context: ssl.SSLContext | None) -> None:
    """Raise TypeError or ValueError unless `context` can serve; None is plain text.

    A context does not tell whether it holds a certificate, so a handshake is tried in memory.
    """
    if context is None:
        return
    if not isinstance(context, ssl.SSLContext):
        raise TypeError(f"ssl_context takes an ssl.SSLContext, not {context!r}")
    if context.protocol == ssl.PROTOCOL_TLS_CLIENT:
        raise ValueError(
            "the TLS context is for a client; make one by "
            "ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)"
        )
    if not _answers(context):
        raise ValueError(
            "the TLS context has no certificate; call its load_cert_chain(certfile, keyfile)"
        )


def listening_options(context: ssl.SSLContext | None, head_timeout: float) -> dict[str, Any]:
    """What a loop's create_server() is told of `context`: a handshake takes at most the seconds
    that a head may."""
    if context is None or not 0 < head_timeout < math.inf:
        return {"ssl": context}
    return {"ssl": context, "ssl_handshake_timeout": head_timeout}


def offer_http2(context: ssl.SSLContext, http2: bool) -> None:
    """Let clients of `context` choose HTTP/2 or HTTP/1.1 (RFC 7301, RFC 9113 3.2).

    A context cannot be asked for its ALPN: whoever has set one of his own says `http2` False, and
    it is left alone, unless it was another server that let its clients choose HTTP/2.
    """
    if http2:
        context.set_alpn_protocols(["h2", "http/1.1"])
        _offered.add(context)
    elif context in _offered:
        context.set_alpn_protocols(["http/1.1"])


def _answers(context: ssl.SSLContext) -> bool:
    """False where a server that uses `context` finds nothing to show to a client."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = client.wrap_bio(to_client, to_server)
    serving = context.wrap_bio(to_server, to_client, server_side=True)
    with contextlib.suppress(ssl.SSLWantReadError):
        hello.do_handshake()
    try:
        serving.do_handshake()
    except ssl.SSLWantReadError:
        return True
    except ssl.SSLError as error:
        # Other refusals (versions, ciphers) are the operator's choice.
        return error.reason not in {"NO_SHARED_CIPHER", "NO_CERTIFICATE_SET"}
    return True
