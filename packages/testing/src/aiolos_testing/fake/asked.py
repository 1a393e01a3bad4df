"""What a client asked of a FakeServer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from aiolos_protocol.compression import decompress, parse_codings
from aiolos_protocol.errors import ProtocolError
from multidict import CIMultiDictProxy, MultiDict
from yarl import URL


def uncoded(headers: Mapping[str, str], body: bytes) -> bytes | None:
    """`body` without the codings of a message with these `headers`; None where it has none, or
    they cannot be undone."""
    try:
        codings = parse_codings(headers.get("Content-Encoding"))
        return decompress(body, codings) if codings else None
    except (ProtocolError, ImportError):
        return None


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; `url` is whole, as the client meant it.

    `body` is without the codings that Content-Encoding among the `headers` lists, where they are
    known and can be undone; `coded` is then what came, else None.
    """

    method: str
    url: URL
    headers: CIMultiDictProxy[str]
    body: bytes
    coded: bytes | None = None

    def text(self) -> str:
        """The body as utf-8."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON; ValueError where it is none."""
        return json.loads(self.body)

    def form(self) -> MultiDict[str]:
        """The body as an urlencoded form; what is no utf-8 becomes U+FFFD, whatever the body is."""
        return MultiDict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    @classmethod
    def arrived(cls, method: str, url: URL, headers: CIMultiDictProxy[str], body: bytes) -> "Asked":
        """What came with this `body`."""
        plain = uncoded(headers, body)
        if plain is None:
            return cls(method, url, headers, body)
        return cls(method, url, headers, plain, body)

    def __str__(self) -> str:
        return f"{self.method} {self.url}"
