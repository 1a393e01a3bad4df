"""Every bound that the protocol keeps, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

# More than any peer sends, while sums of them fit into 64 bits: compiled modules count so.
_MOST: Final = 2**40


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a peer may send. Sizes are bytes, all values are positive integers; above
    2**40 they are taken for that, which is no bound to any peer.

    Exceeding one raises `LimitExceeded`, which names the field; nothing is cut silently.
    """

    request_line: int = 8190
    """The request line or status line without its CRLF (RFC 9112 3; a server answers 414)."""
    field: int = 16_384
    """One field line of a head or trailer section (a server answers 431)."""
    head: int = 65_536
    """A whole head, start line and blank line included (431)."""
    fields: int = 128
    """Field lines in one head (431)."""
    informational: int = 16
    """1xx heads in front of one response."""
    chunk_line: int = 256
    """A chunk's size and extensions (RFC 9112 7.1.1)."""
    chunk_extensions: int = 16_384
    """All chunk extensions of one body."""
    trailers: int = 16_384
    """A whole trailer section (RFC 9112 7.1.2)."""
    pipelined: int = 262_144
    """Bytes kept of requests that wait behind the running one; reading pauses above it."""
    lingering: int = 262_144
    """Bytes of an unread request body that are thrown away to keep the connection."""
    body_buffer: int = 131_072
    """Unread body bytes above which reading from the peer pauses (half of it resumes)."""
    body_line: int = 524_288
    """Bytes of one line of a body that readline(), readuntil() and iteration give; their own
    `max_size` outranks it."""
    body_size: int = 17_179_869_184
    """Bytes of a response's body that a client reads at once, decoded: read(), text(), json(). In
    pieces, and into a file, it may be as long as it likes."""
    body_rate: int = 16
    """Bytes a second that a peer must send of a body, and take of a response, at the least; looked
    at once in every body_timeout of the server's link (a server answers 408)."""
    codings: int = 4
    """Content codings, one upon the other, of one body (RFC 9110 8.4)."""
    members: int = 10_000
    """Members (gzip) or frames (zstd) of one body (RFC 1952 2.2, RFC 8878 3.1)."""
    decompression_size: int = 17_179_869_184
    """Bytes that all codings of one body may give, those of its parts as well (413)."""
    decompression_ratio: int = 200
    """The same for one byte received on the wire, once decompression_burst is passed (413)."""
    decompression_burst: int = 16_777_216
    """The same up to which decompression_ratio does not count."""
    parts: int = 1000
    """Parts of one multipart body, but for multipart/x-mixed-replace (413)."""
    part_head: int = 16_384
    """The head of one part, without its blank line; `field` and `fields` hold in it, too."""
    nesting: int = 5
    """Multipart bodies within one another."""
    form_fields: int = 1000
    """Fields of one urlencoded form (a server answers 413)."""
    ranges: int = 32
    """Ranges in one Range field (RFC 9110 14.2; a server answers 416)."""
    cookie: int = 4096
    """Name and value of one cookie that is set (RFC 6265bis 5.6)."""
    cookie_attribute: int = 1024
    """The value of one attribute of a cookie; a longer one is ignored (RFC 6265bis 5.6)."""
    streams: int = 100
    """Streams that a peer may have open at once (RFC 9113 5.1.2); more are refused."""
    stream_window: int = 1_048_576
    """What the window of one stream grows to while its body is read as fast as it comes."""
    connection_window: int = 33_554_432
    """What all streams of a server's connection may hold of bodies that are not read yet, beyond
    which all of them wait (RFC 9113 5.2): enough for all windows of the size they begin with."""
    continuations: int = 32
    """CONTINUATION frames of one header block (RFC 9113 6.10)."""
    resets: int = 500
    """Streams in a minute, beyond those answered, that a peer resets or has us reset by errors;
    sixteen count as one where the answer had been sent before, at least its head."""
    settings: int = 100
    """SETTINGS frames in a minute (RFC 9113 6.5)."""
    pings: int = 1000
    """PING frames in a minute, beyond one for each frame with data (RFC 9113 6.7)."""
    window_updates: int = 5000
    """WINDOW_UPDATE frames in a minute, beyond two for each frame with data that they let go."""
    empty_frames: int = 1000
    """Frames in a minute that change nothing: empty ones, unknown ones, late ones."""
    priorities: int = 1000
    """PRIORITY and PRIORITY_UPDATE frames in a minute (RFC 9113 6.3, RFC 9218 7.1)."""
    replies: int = 65_536
    """Bytes of frames due to a peer that does not read them: acknowledgements, resets, updates."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            _check(f"Limits.{field.name}", value)
            if value > _MOST:
                object.__setattr__(self, field.name, _MOST)


def _check(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} must be a positive int, not {value!r:.80}")


DEFAULT_LIMITS: Final = Limits()

# The same by aiohttp's words; read_bufsize is where reading resumes, half of body_buffer, and as
# there a line may fill the buffer.
WORDS: Final = {
    "read_bufsize": "body_buffer",
    "max_line_size": "request_line",
    "max_field_size": "field",
    "max_headers": "fields",
}


def changed_limits(
    limits: Limits, options: Mapping[str, Any], words: Mapping[str, str] = WORDS
) -> Limits:
    """`limits` with the bounds that `options` name by `words`, None for those that stay.

    A head may at least hold the longest line and one field of the longest. ValueError for what is
    no bound, by the word for it.
    """
    given = {limit: options[name] for name, limit in words.items() if options.get(name) is not None}
    if not given:
        return limits
    for name, limit in words.items():
        if limit in given:
            _check(name, given[limit])
    if options.get("read_bufsize") is not None:
        given["body_buffer"] *= 2
        given["body_line"] = given["body_buffer"]
    changed = replace(limits, **given)
    return replace(changed, head=max(limits.head, changed.request_line + changed.field + 4))
