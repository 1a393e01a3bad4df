"""What a client asked of a FakeServer."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from multidict import CIMultiDictProxy, MultiDict
from yarl import URL


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; `url` is whole, as the client meant it."""

    method: str
    url: URL
    headers: CIMultiDictProxy[str]
    body: bytes

    def text(self) -> str:
        """The body as utf-8."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON; ValueError where it is none."""
        return json.loads(self.body)

    def form(self) -> MultiDict[str]:
        """The body as an urlencoded form; what is no utf-8 becomes U+FFFD, whatever the body is."""
        return MultiDict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    def __str__(self) -> str:
        return f"{self.method} {self.url}"
