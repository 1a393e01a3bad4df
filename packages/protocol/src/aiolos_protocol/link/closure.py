"""Whether the peer has ended a connection, or somebody on the way."""

import ssl
from typing import Any


def is_cut_off(transport: Any) -> bool:
    """Whether the TLS connection of `transport`, which has ended, did so without the closure alert
    of its peer: an attacker can do that (RFC 8446 6.1, RFC 9112 9.8).

    False without TLS, and for one that is not the standard library's, which cannot be asked. To
    be asked once the end was told: loops pass over such an end (`suppress_ragged_eofs`), or tell it
    as they tell any other.
    """
    tls = None if transport is None else transport.get_extra_info("ssl_object")
    if not isinstance(tls, ssl.SSLObject):
        return False
    try:
        # OpenSSL knows: behind the alert nothing can come any more, else it wants more. A byte
        # would be one that nobody has been given.
        return tls.read(1) != b""
    except ssl.SSLZeroReturnError:
        return False
    except (ssl.SSLWantReadError, ssl.SSLEOFError):
        return True
    except ssl.SSLError:
        return False
