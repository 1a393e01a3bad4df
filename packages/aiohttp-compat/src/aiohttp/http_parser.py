"""The part of the original's parsers that other protocols use: fields without a start line."""

from typing import Final

from aiolos_protocol.errors import RemoteProtocolError
from aiolos_protocol.http1.parser import parse_trailers
from aiolos_protocol.limits import Limits
from aiolos_protocol.message import RawHeaders
from multidict import CIMultiDictProxy

from .http_exceptions import BadHttpMessage

__all__ = ["HeadersParser"]

# What fits into a datagram fits.
_SECTION: Final = 65_536


class HeadersParser:
    """Reads field lines, as SSDP's messages have them behind their first line.

    `max_field_size` bounds the bytes of one line, `max_headers` the number of lines.
    """

    def __init__(
        self,
        max_line_size: int = 8190,
        max_headers: int = 32768,
        max_field_size: int = 8190,
        lax: bool = False,
    ) -> None:
        self._limits = Limits(field=max_field_size, fields=max_headers, trailers=_SECTION)

    def parse_headers(self, lines: list[bytes]) -> tuple["CIMultiDictProxy[str]", RawHeaders]:
        """The fields of `lines` up to an empty one, and their bytes. Raises BadHttpMessage."""
        section = lines[: lines.index(b"")] if b"" in lines else lines
        data = b"\r\n".join([*section, b"", b""])
        try:
            found = parse_trailers(data, 0, self._limits)
        except RemoteProtocolError as error:
            raise BadHttpMessage(str(error)) from error
        assert found is not None, "the end is there"
        pairs = (line.partition(b":") for line in section)
        raw = tuple((name, value.strip(b" \t")) for name, _, value in pairs)
        return CIMultiDictProxy(found[0]), raw
