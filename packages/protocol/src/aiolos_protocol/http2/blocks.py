"""Heads to header blocks; what must not go on the wire is refused here (RFC 9113 8.2, 8.3).

Encoding has no state, so that the fields most answers share are encoded once for the process.
"""

import re
from typing import Final

from multidict import CIMultiDict

from ..errors import LocalProtocolError
from ..grammar import CONTROL, TOKEN
from ..http1.serializer import check_name, check_trailers
from .hpack import encode_field

# RFC 9113 8.2.2; `te` may go out as "trailers" only.
_DROPPED: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
)
# RFC 7541 7.1.3: what a hop should keep out of its tables.
_SENSITIVE: Final = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_BAD_TARGET: Final = re.compile(r"[\x00-\x20\x7f]")
_CACHE_SIZE: Final = 512
_CACHED_VALUE: Final = 128

_fields: dict[tuple[str, str], bytes] = {}
# Apart from the others: no header of a user's may pass for one of these.
_pseudos: dict[tuple[str, str], bytes] = {}
_prefixes: dict[tuple[int, str, str], bytes] = {}
_dates: dict[bytes, bytes] = {}


def field(name: str, value: str) -> bytes:
    """One field, b"" where it is connection-specific. Raises LocalProtocolError naming it."""
    key = (name, value)
    encoded = _fields.get(key) if type(value) is str else None
    if encoded is None:
        encoded = _encode(name, value)
        if len(value) <= _CACHED_VALUE:
            # Values that are never seen again push out the others once in a while; it is cheap.
            if len(_fields) >= _CACHE_SIZE:
                _fields.clear()
            _fields[key] = encoded
    return encoded


def _encode(name: str, value: str) -> bytes:
    check_name(name)
    if not isinstance(value, str):
        raise LocalProtocolError(
            f"the value of the header {name} must be a str, not {value!r:.80}; "
            f"write str(...) or f'{{...}}' around it"
        )
    lower = name.lower()
    if lower in _DROPPED:
        return b""
    value = value.strip(" \t")
    if lower == "te" and value.lower() != "trailers":
        return b""
    if CONTROL.search(value):
        raise LocalProtocolError(
            f"the value of {name} holds control characters: {value!r:.80} (RFC 9110 5.5)"
        )
    return encode_field(lower.encode("ascii"), _encoded(value), lower in _SENSITIVE)


def _encoded(value: str) -> bytes:
    """As it goes on the wire; the surrogates of received bytes are bytes."""
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise LocalProtocolError(
            f"{value!a:.80} holds a lone surrogate, which no encoding takes"
        ) from None


def fields(headers: CIMultiDict[str]) -> bytes:
    """All fields of `headers`, without connection-specific ones. Raises LocalProtocolError."""
    return b"".join([field(name, value) for name, value in headers.items()])


def trailers(section: CIMultiDict[str]) -> bytes:
    """A trailer section. Raises LocalProtocolError, see also serializer.check_trailers()."""
    check_trailers(section)
    return fields(section)


def status(code: int) -> bytes:
    """`:status`. Raises LocalProtocolError for what is no status of HTTP/2 (RFC 9113 8.6)."""
    if not 100 <= code <= 599 or code == 101:
        raise LocalProtocolError(f"a status is 100 to 599 and not 101 in HTTP/2, not {code}")
    return encode_field(b":status", b"%d" % code)


def response_prefix(code: int, content_type: str, server: str) -> bytes:
    """The block of a common answer up to its length and date; cached."""
    key = (code, content_type, server)
    prefix = _prefixes.get(key)
    if prefix is None:
        prefix = status(code)
        if server:
            prefix += field("server", server)
        if content_type:
            prefix += field("content-type", content_type)
        if len(_prefixes) >= _CACHE_SIZE:
            # Peers cannot fill it: statuses and content types are the application's own.
            _prefixes.clear()
        _prefixes[key] = prefix
    return prefix


def response(code: int, headers: CIMultiDict[str], server: str, line: bytes) -> bytes:
    """A response's block of any fields; `server` and the Date `line` where they name neither.

    Empty ones are taken out of them.
    """
    if "Date" in headers:
        line = b""
        if not headers["Date"]:
            del headers["Date"]
    if "Server" in headers:
        server = ""
        if not headers["Server"]:
            del headers["Server"]
    block = status(code) + fields(headers)
    if server:
        block += field("server", server)
    return block + date(line) if line else block


def length(size: int) -> bytes:
    """`content-length`"""
    return field("content-length", str(size))


def date(line: bytes) -> bytes:
    """The field of a clock's Date line (HTTP/1.1's form of it); kept while it does not change."""
    encoded = _dates.get(line)
    if encoded is None:
        _dates.clear()
        value = line.partition(b":")[2].strip()
        encoded = _dates[line] = encode_field(b"date", value)
    return encoded


def request(method: str, scheme: str, authority: str, target: str, protocol: str | None) -> bytes:
    """The pseudo-fields of a request (RFC 9113 8.3.1, 8.5; RFC 8441 4 with `protocol`).

    Raises LocalProtocolError for what cannot be one of them.
    """
    if TOKEN.fullmatch(method) is None:
        raise LocalProtocolError(f"{method!r:.80} is not a method (RFC 9110 9.1)")
    if not target or _BAD_TARGET.search(target):
        raise LocalProtocolError(f"{target!r:.80} cannot be a request target (RFC 9113 8.3.1)")
    if not authority or _BAD_TARGET.search(authority):
        raise LocalProtocolError(f"{authority!r:.80} cannot be an authority (RFC 9113 8.3.1)")
    if method == "CONNECT" and protocol is None:
        return _pseudo(":method", method) + _pseudo(":authority", authority)
    block = (
        _pseudo(":method", method)
        + _pseudo(":scheme", scheme)
        + _pseudo(":authority", authority)
        + _pseudo(":path", target)
    )
    return block if protocol is None else block + _pseudo(":protocol", protocol)


def _pseudo(name: str, value: str) -> bytes:
    key = (name, value)
    encoded = _pseudos.get(key)
    if encoded is None:
        encoded = encode_field(name.encode("ascii"), _encoded(value))
        if len(value) <= _CACHED_VALUE:
            if len(_pseudos) >= _CACHE_SIZE:
                _pseudos.clear()
            _pseudos[key] = encoded
    return encoded
