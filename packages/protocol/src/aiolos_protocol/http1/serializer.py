"""Heads and chunks as bytes (RFC 9112 3 to 7); what must not go on the wire is refused here.

Pure: the Date line comes from the caller. Templates of common answers are cached, because most
applications send the same few heads.
"""

import re
from typing import Final

from multidict import CIMultiDict

from .. import methods
from ..errors import LocalProtocolError
from ..grammar import CONTROL, TOKEN
from ..message import HttpVersion, HttpVersion10, HttpVersion11

_BAD_TARGET: Final = re.compile(r"[\x00-\x20\x7f]")
_CACHE_SIZE: Final = 512
# RFC 9110 6.5.1: what frames, routes, authenticates, makes conditions, directs caches, or says how
# to read what came before.
_NO_TRAILERS: Final = frozenset(
    {
        *("connection", "content-length", "expect", "host", "max-forwards", "te", "trailer"),
        *("transfer-encoding", "upgrade", "keep-alive", "proxy-connection", "location"),
        *("authorization", "proxy-authorization", "www-authenticate", "proxy-authenticate"),
        *("authentication-info", "proxy-authentication-info", "cookie", "set-cookie", "cookie2"),
        *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"),
        *("cache-control", "age", "date", "expires", "vary", "range", "retry-after"),
        *("content-encoding", "content-language", "content-range", "content-type"),
    }
)

CRLF: Final = b"\r\n"
LAST_CHUNK: Final = b"0\r\n\r\n"
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

_KNOWN_METHODS: Final = methods.ALL
_known_names: set[str] = set()
_prefixes: dict[tuple[int, str, str, str, bool], bytes] = {}
# Most servers send the same kind of answer over and over: what the last one was, and its prefix.
_last_status = 0
_last_reason = ""
_last_type = ""
_last_server = ""
_last_keep_alive = False
_last_prefix = b""
# ... and many have bodies of one size: the last whole head, and what it was made of.
_whole_prefix = b""
_whole_size = 0
_whole_lines = b""
_whole_head = b""
# Streams send pieces of one size.
_chunk_size = 0
_chunk_line = b""
_SIZES: Final = tuple(b"%d\r\n" % size for size in range(2048))


def check_name(name: str) -> None:
    """Raise LocalProtocolError unless `name` is a token (RFC 9110 5.1)."""
    if name in _known_names:
        return
    if TOKEN.fullmatch(name) is None:
        raise LocalProtocolError(f"{name!r:.80} is not a header name (RFC 9110 5.1)")
    if len(_known_names) < _CACHE_SIZE:
        _known_names.add(str(name))


def field_lines(headers: "CIMultiDict[str]") -> str:
    """All fields, each with its CRLF.

    Raises LocalProtocolError naming the field whose name or value may not go on the wire.
    """
    lines = []
    for name, value in headers.items():
        if name not in _known_names:
            check_name(name)
        # Printable is stricter and quicker; what is not may still be a tab, or another script's.
        if type(value) is not str or not value.isprintable():
            value = _checked_value(name, value)
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines)


def _checked_value(name: str, value: object) -> str:
    """`value` as plain text, if it may stand in a field line."""
    if not isinstance(value, str):
        raise LocalProtocolError(
            f"the value of the header {name} must be a str, not {value!r:.80}; "
            f"write str(...) or f'{{...}}' around it"
        )
    text = str.__str__(value)
    found = CONTROL.search(text)
    if found is not None:
        raise LocalProtocolError(
            f"the value of the header {name} holds the control character {found[0]!r} at "
            f"{found.start()}; header values are one line of text (RFC 9110 5.5)"
        )
    return text


def status_line(status: int, reason: str) -> str:
    """`HTTP/1.1 status reason CRLF`. Raises LocalProtocolError for what is neither."""
    if not 100 <= status <= 599:
        raise LocalProtocolError(f"a status is 100 to 599, not {status} (RFC 9110 15)")
    if not reason.isprintable() and CONTROL.search(reason):
        raise LocalProtocolError(f"the reason {reason!r:.80} holds control characters")
    return f"HTTP/1.1 {status} {reason}\r\n"


def response_prefix(
    status: int, reason: str, content_type: str, server: str, keep_alive: bool
) -> bytes:
    """The head of a common answer up to and including `Content-Length: `; cached."""
    global _last_status, _last_reason, _last_type, _last_server, _last_keep_alive, _last_prefix
    key = (status, reason, content_type, server, keep_alive)
    prefix = _prefixes.get(key)
    if prefix is None:
        headers = CIMultiDict({"Server": server} if server else {})
        if content_type:
            headers["Content-Type"] = content_type
        if not keep_alive:
            headers["Connection"] = "close"
        text = status_line(status, reason) + field_lines(headers) + "Content-Length: "
        prefix = _encoded(text)
        if len(_prefixes) >= _CACHE_SIZE:
            # Peers cannot fill it: statuses and content types are the application's own.
            _prefixes.clear()
        _prefixes[key] = prefix
    _last_status, _last_reason, _last_type, _last_server, _last_keep_alive = key
    _last_prefix = prefix
    return prefix


def whole_head(
    status: int,
    reason: str,
    content_type: str,
    server: str,
    keep_alive: bool,
    size: int,
    last_lines: bytes,
) -> bytes:
    """The whole head of a common answer; `last_lines` go behind Content-Length, and end it."""
    global _whole_prefix, _whole_size, _whole_lines, _whole_head
    if (
        content_type is _last_type
        and status == _last_status
        and reason is _last_reason
        and server is _last_server
        and keep_alive == _last_keep_alive
    ):
        prefix = _last_prefix
    else:
        prefix = response_prefix(status, reason, content_type, server, keep_alive)
    if size != _whole_size or prefix is not _whole_prefix or last_lines is not _whole_lines:
        line = _SIZES[size] if size < 2048 else b"%d\r\n" % size
        _whole_head = prefix + line + last_lines
        _whole_prefix = prefix
        _whole_size = size
        _whole_lines = last_lines
    return _whole_head


def response_head(
    status: int, reason: str, headers: "CIMultiDict[str]", framing: str, date: bytes
) -> bytes:
    """A response head; `framing` holds ready field lines, `date` the Date line or b""."""
    text = status_line(status, reason) + field_lines(headers) + framing
    return _encoded(text) + date + b"\r\n"


def request_head(
    method: str,
    target: str,
    headers: "CIMultiDict[str]",
    framing: str,
    version: HttpVersion = HttpVersion11,
) -> bytes:
    """A request head; `framing` holds ready field lines. Raises LocalProtocolError."""
    if method not in _KNOWN_METHODS and TOKEN.fullmatch(method) is None:
        raise LocalProtocolError(f"{method!r:.80} is not a method (RFC 9110 9.1)")
    plain = target.isprintable() and " " not in target
    if not target or (not plain and _BAD_TARGET.search(target)):
        raise LocalProtocolError(f"{target!r:.80} cannot be a request target (RFC 9112 3.2)")
    if version not in (HttpVersion10, HttpVersion11):
        raise LocalProtocolError(
            f"HTTP/1.1 or 1.0 is spoken here, not {'.'.join(map(str, version))}"
        )
    line = f"{method} {target} HTTP/{version[0]}.{version[1]}"
    text = f"{line}\r\n{field_lines(headers)}{framing}\r\n"
    return _encoded(text)


def _encoded(text: str) -> bytes:
    """The lines in `text` as they go on the wire; the surrogates of received bytes are bytes."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        line = text[: error.start].count("\r\n")
        raise LocalProtocolError(
            f"the line {text.split(chr(13))[line].strip()!a:.80} holds a lone surrogate, which no "
            "encoding takes"
        ) from None


def chunk_line(size: int) -> bytes:
    """What precedes `size` bytes of a chunk, which is not empty; CRLF follows them."""
    global _chunk_size, _chunk_line
    if size != _chunk_size:
        _chunk_size = size
        _chunk_line = b"%x\r\n" % size
    return _chunk_line


def chunk(data: bytes) -> bytes:
    """`data`, which is not empty, as one chunk (RFC 9112 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def last_chunk(trailers: "CIMultiDict[str]") -> bytes:
    """The end of a chunked body, with a trailer section (RFC 9112 7.1.2).

    Raises LocalProtocolError for a field that is no trailer's business (RFC 9110 6.5.1).
    """
    check_trailers(trailers)
    return b"0\r\n" + _encoded(field_lines(trailers)) + b"\r\n"


def check_trailers(trailers: "CIMultiDict[str]") -> None:
    """Raise LocalProtocolError for a field that is no trailer's business (RFC 9110 6.5.1)."""
    for name in trailers:
        if name.lower() in _NO_TRAILERS:
            raise LocalProtocolError(
                f"{name} may not be a trailer: it is needed before the body (RFC 9110 6.5.1)"
            )


def may_have_body(status: int) -> bool:
    """False for 1xx, 204 and 304 (RFC 9110 6.4.1)."""
    return status >= 200 and status != 204 and status != 304


def version_allows_chunks(version: HttpVersion) -> bool:
    """HTTP/1.0 has no transfer codings (RFC 9112 6.1)."""
    return version >= (1, 1)
