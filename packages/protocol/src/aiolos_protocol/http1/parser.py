"""Reading the heads of HTTP/1.1 messages: strict, one pass, either role.

`parse_request(data, start, limits)` and `parse_response(data, start, limits)` read one head that
begins at `data[start]`. They return a head whose `size` is the number of bytes consumed, blank
line included, or None while the head is incomplete. What can never become a valid head raises
`RemoteProtocolError` (or `LimitExceeded`) at once, complete or not; its `status_hint` is the
status with which a server answers.

`parse_response(data, start, limits, lenient)` with a true `lenient` also bears what careless
servers send: a bare LF as a line's end, and folded field lines, whose folds become one space.

`parse_trailers(data, start, limits)` reads the trailer section that begins at `data[start]`, and
returns its fields with the offset behind its blank line, or None. Trailers are only ever data:
none of them, whatever its name, touches framing or routing (RFC 9110 6.5.1).

`take_chunks(data, start, pieces)` takes the plain chunks that begin at `data[start]`: those that
are here whole, are not empty and have no extension. Their data is appended to `pieces`; the offset
behind the last one is returned. What stops it, good or bad, is for framing to judge.

`load_headers(block)` makes the mapping of field lines that a parser has accepted.
"""

try:
    from ._parser import (
        load_headers,
        parse_request,
        parse_response,
        parse_trailers,
        take_chunks,
    )
except ImportError:
    from .pyparser import (
        load_headers,
        parse_request,
        parse_response,
        parse_trailers,
        take_chunks,
    )

__all__ = ["load_headers", "parse_request", "parse_response", "parse_trailers", "take_chunks"]
