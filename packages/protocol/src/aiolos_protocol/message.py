"""Message heads, neutral of the HTTP version that carries them.

A received head keeps the bytes of its field lines and builds a mapping only when `headers` is
touched: most requests are answered without anybody reading a field.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy

RawHeaders = tuple[tuple[bytes, bytes], ...]


class HttpVersion(NamedTuple):
    """A version as `(major, minor)`; compares like a tuple."""

    major: int
    minor: int


HttpVersion10: Final = HttpVersion(1, 0)
HttpVersion11: Final = HttpVersion(1, 1)
HttpVersion20: Final = HttpVersion(2, 0)


class Head:
    """What a request head and a response head share.

    `length` is the body's length in bytes as the head announces it, -1 where it announces none;
    `chunked` tells a chunked body; `keep_alive` whether the sender will go on with the
    connection; `upgrade` is the value of Upgrade, lower case, where Connection names it, else
    None. `size` is how many bytes the head took on the wire, 0 for one that was composed.
    """

    __slots__ = (
        "_block",
        "_headers",
        "_load",
        "_proxy",
        "_raw",
        "chunked",
        "keep_alive",
        "length",
        "size",
        "upgrade",
        "version",
    )

    def __init__(
        self,
        version: HttpVersion,
        headers: CIMultiDict[str] | None = None,
        length: int = -1,
        chunked: bool = False,
        keep_alive: bool = True,
        upgrade: str | None = None,
        block: bytes = b"",
        load: "Callable[[bytes], CIMultiDict[str]] | None" = None,
        size: int = 0,
    ) -> None:
        """`headers` for a head that is composed; `block` and `load` for one that was received.

        `load` turns the field lines in `block`, each with its CRLF, into a mapping; the parser
        has accepted them before, so it cannot fail.
        """
        self.version = version
        self.length = length
        self.chunked = chunked
        self.keep_alive = keep_alive
        self.upgrade = upgrade
        self._headers = headers
        self._block = block
        self._load = load
        self.size = size
        self._proxy: CIMultiDictProxy[str] | None = None
        self._raw: RawHeaders | None = None

    @property
    def fields(self) -> "CIMultiDict[str]":
        """The field lines as a mapping that the composing side may change."""
        headers = self._headers
        if headers is None:
            headers = CIMultiDict() if self._load is None else self._load(self._block)
            self._headers = headers
        return headers

    @property
    def headers(self) -> "CIMultiDictProxy[str]":
        """The field lines, read-only, in the order received; values are utf-8 with surrogates."""
        proxy = self._proxy
        if proxy is None:
            proxy = self._proxy = CIMultiDictProxy(self.fields)
        return proxy

    def mentions(self, name: bytes) -> bool:
        """Whether there may be a field `name` (in lower case); False is certain. Builds nothing."""
        if self._headers is not None:
            return name.decode("ascii") in self._headers
        # `in` would look for a number first, which costs an exception.
        return self._block.lower().find(name) >= 0

    def may_say(self, word: bytes) -> bool:
        """Whether `word` (in lower case) may stand in any field; False is certain. Builds nothing,
        and asks nothing where the mapping is built."""
        return self._headers is not None or self._block.lower().find(word) >= 0

    @property
    def raw_headers(self) -> "RawHeaders":
        """The field lines as `(name, value)` bytes, in the sender's own spelling."""
        raw = self._raw
        if raw is None:
            if self._block:
                raw = tuple(_split(line) for line in self._block.split(b"\r\n") if line)
            else:
                raw = tuple(
                    (name.encode("ascii"), value.encode("utf-8", "surrogateescape"))
                    for name, value in self.fields.items()
                )
            self._raw = raw
        return raw


class RequestHead(Head):
    """A request's method, target and fields.

    `target` is the path with its query ("/a?b"), "*" for OPTIONS, or host:port for CONNECT;
    `authority` is the host that was asked (from the absolute form or Host), None where HTTP/1.0
    named none; `scheme` is set only where the target itself named one; `expect` tells
    `Expect: 100-continue`; `protocol` is RFC 8441's :protocol, None on HTTP/1. `plain_body` is True
    where the codec knows that a body follows which no Content-Encoding and no parameter of
    Content-Type (a charset) says more about, as of most. `wire` is what a
    link of HTTP/1.1 made of a frozen head (see freeze()), `packed` what one of HTTP/2 did with the
    scheme it did so for; None before.
    """

    __slots__ = (
        "authority",
        "expect",
        "frozen",
        "method",
        "packed",
        "plain_body",
        "protocol",
        "scheme",
        "target",
        "wire",
    )

    def __init__(
        self,
        method: str,
        target: str,
        version: HttpVersion = HttpVersion11,
        headers: CIMultiDict[str] | None = None,
        length: int = -1,
        chunked: bool = False,
        keep_alive: bool = True,
        upgrade: str | None = None,
        block: bytes = b"",
        load: "Callable[[bytes], CIMultiDict[str]] | None" = None,
        size: int = 0,
        expect: bool = False,
        authority: str | None = None,
        scheme: str | None = None,
        protocol: str | None = None,
    ) -> None:
        Head.__init__(
            self, version, headers, length, chunked, keep_alive, upgrade, block, load, size
        )
        self.method = method
        self.target = target
        self.expect = expect
        self.authority = authority
        self.scheme = scheme
        self.protocol = protocol
        self.plain_body = False
        self.frozen = False
        self.wire: bytes | None = None
        self.packed: tuple[str, bytes] | None = None

    def freeze(self) -> "RequestHead":
        """Promise that the head is not changed any more, so that links may keep what they make of
        it: it costs less from the second time on. Returns itself."""
        self.frozen = True
        return self

    def __repr__(self) -> str:
        # It goes to logs: nothing that the peer sent may forge a line or move a cursor.
        target = self.target.encode("unicode_escape", "surrogateescape").decode("ascii")
        return f"<RequestHead {self.method} {target}>"


class ResponseHead(Head):
    """A response's status (100-599, from a strange server up to 999), reason phrase (HTTP/2:
    empty) and fields. `plain` is True where the codec knows that it neither sets a cookie nor is
    coded (Set-Cookie, Content-Encoding), as most are not."""

    __slots__ = ("plain", "reason", "status")

    def __init__(
        self,
        status: int,
        reason: str = "",
        version: HttpVersion = HttpVersion11,
        headers: CIMultiDict[str] | None = None,
        length: int = -1,
        chunked: bool = False,
        keep_alive: bool = True,
        upgrade: str | None = None,
        block: bytes = b"",
        load: "Callable[[bytes], CIMultiDict[str]] | None" = None,
        size: int = 0,
    ) -> None:
        Head.__init__(
            self, version, headers, length, chunked, keep_alive, upgrade, block, load, size
        )
        self.status = status
        self.reason = reason
        self.plain = False

    def __repr__(self) -> str:
        return f"<ResponseHead {self.status} {self.reason}>"


def received_request(
    method: str,
    target: str,
    version: HttpVersion,
    length: int,
    chunked: bool,
    block: bytes,
    load: "Callable[[bytes], CIMultiDict[str]]",
    size: int,
    expect: bool,
    authority: str | None,
    scheme: str | None,
    protocol: str | None,
    keep_alive: bool,
    upgrade: str | None,
    plain_body: bool,
) -> RequestHead:
    """A RequestHead as a codec that knows all of it makes one: no call by name, and none of
    __init__, which would take as long as all the rest."""
    head = RequestHead.__new__(RequestHead)
    head.method = method
    head.target = target
    head.version = version
    head.length = length
    head.chunked = chunked
    head.keep_alive = keep_alive
    head.upgrade = upgrade
    head.size = size
    head.expect = expect
    head.authority = authority
    head.scheme = scheme
    head.protocol = protocol
    head.plain_body = plain_body
    head.frozen = False
    head.wire = head.packed = head._headers = head._proxy = head._raw = None
    head._block = block
    head._load = load
    return head


def received_response(
    status: int,
    reason: str,
    version: HttpVersion,
    length: int,
    chunked: bool,
    block: bytes,
    load: "Callable[[bytes], CIMultiDict[str]]",
    size: int,
    keep_alive: bool,
    upgrade: str | None,
) -> ResponseHead:
    """A ResponseHead likewise."""
    head = ResponseHead.__new__(ResponseHead)
    head.status = status
    head.reason = reason
    head.plain = False
    head.version = version
    head.length = length
    head.chunked = chunked
    head.keep_alive = keep_alive
    head.upgrade = upgrade
    head.size = size
    head._headers = head._proxy = head._raw = None
    head._block = block
    head._load = load
    return head


def _split(line: bytes) -> "tuple[bytes, bytes]":
    name, _, value = line.partition(b":")
    return name, value.strip(b" \t")
