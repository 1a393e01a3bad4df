"""What a request's fields say, parsed when somebody asks; broken ones as if they were absent."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from aiolos_protocol import hdrs, methods
from aiolos_protocol.cookies import parse_cookie
from aiolos_protocol.fields.content_type import parse_content_type
from aiolos_protocol.fields.dates import parse_http_date
from aiolos_protocol.fields.etag import ETag, parse_etags
from aiolos_protocol.fields.forwarded import parse_forwarded
from aiolos_protocol.fields.ranges import parse_range
from aiolos_protocol.message import RequestHead
from multidict import CIMultiDictProxy


def method_of(head: RequestHead) -> str:
    """The method that a request means: a WebSocket comes as CONNECT over HTTP/2 (RFC 8441 5), and
    to routes and handlers it is the GET of HTTP/1.1."""
    return head.method if head.protocol is None else methods.GET


class ParsedFields:
    """Properties of a request's `head`."""

    head: RequestHead
    # Most requests are never asked for them.
    _cookies: "Mapping[str, str] | None" = None

    @property
    def headers(self) -> "CIMultiDictProxy[str]":
        """The fields, read-only."""
        return self.head.headers

    @property
    def content_type(self) -> str:
        """The body's media type without parameters, lower case; application/octet-stream where
        none is named (RFC 9110 8.3)."""
        return parse_content_type(self.headers.get(hdrs.CONTENT_TYPE)).essence

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type, if any."""
        return parse_content_type(self.headers.get(hdrs.CONTENT_TYPE)).charset

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes where the head announces it."""
        length = self.head.length
        return length if length >= 0 else None

    @property
    def cookies(self) -> "Mapping[str, str]":
        """The cookies sent, by name; of one name the last counts."""
        cookies = self._cookies
        if cookies is None:
            found: dict[str, str] = {}
            for field in self.headers.getall(hdrs.COOKIE, ()):
                found.update(parse_cookie(field))
            cookies = self._cookies = MappingProxyType(found)
        return cookies

    @property
    def if_modified_since(self) -> datetime | None:
        """If-Modified-Since (RFC 9110 13.1.3), in UTC."""
        return parse_http_date(self.headers.get(hdrs.IF_MODIFIED_SINCE))

    @property
    def if_unmodified_since(self) -> datetime | None:
        """If-Unmodified-Since (RFC 9110 13.1.4), in UTC."""
        return parse_http_date(self.headers.get(hdrs.IF_UNMODIFIED_SINCE))

    @property
    def if_match(self) -> tuple[ETag, ...] | None:
        """The tags of If-Match (RFC 9110 13.1.1); None where it is absent."""
        return self._etags(hdrs.IF_MATCH)

    @property
    def if_none_match(self) -> tuple[ETag, ...] | None:
        """The tags of If-None-Match (RFC 9110 13.1.2); None where it is absent."""
        return self._etags(hdrs.IF_NONE_MATCH)

    def _etags(self, name: str) -> tuple[ETag, ...] | None:
        fields = self.headers.getall(name, None)
        return None if fields is None else parse_etags(", ".join(fields))

    @property
    def if_range(self) -> datetime | None:
        """If-Range (RFC 9110 13.1.5) where it is a date, in UTC."""
        return parse_http_date(self.headers.get(hdrs.IF_RANGE))

    @property
    def http_range(self) -> slice:
        """The bytes asked for by Range: `data[request.http_range]` is the part, slice(None) all.

        ValueError where it is malformed or asks for several parts.
        """
        field = self.headers.get(hdrs.RANGE)
        if field is None:
            return slice(None, None, 1)
        ranges = parse_range(field)
        if len(ranges) > 1:
            raise ValueError(f"the range {field!r:.80} asks for several parts")
        first, last = ranges[0]
        if first is None:
            assert last is not None
            return slice(-last, None, 1) if last else slice(0, 0, 1)
        return slice(first, None if last is None else last + 1, 1)

    @property
    def forwarded(self) -> "tuple[Mapping[str, str], ...]":
        """Forwarded (RFC 7239), a mapping for each proxy, the first proxy's first.

        Anybody may have written it; see behind_proxies().
        """
        return parse_forwarded(self.headers.getall(hdrs.FORWARDED, ()))
