"""Versions, reason phrases, and the words of WebSockets."""

from typing import NamedTuple

from aiolos.http import *  # noqa: F403
from aiolos.http import HttpVersion
from aiolos.http import __all__ as __all__
from multidict import CIMultiDictProxy
from yarl import URL


class RawRequestMessage(NamedTuple):
    """The head of a request, for code that makes one by hand."""

    method: str
    path: str
    version: HttpVersion
    headers: "CIMultiDictProxy[str]"
    raw_headers: "tuple[tuple[bytes, bytes], ...]"
    should_close: bool
    compression: str | None
    upgrade: bool
    chunked: bool
    url: URL


class RawResponseMessage(NamedTuple):
    """The head of a response, for code that makes one by hand."""

    version: HttpVersion
    code: int
    reason: str
    headers: "CIMultiDictProxy[str]"
    raw_headers: "tuple[tuple[bytes, bytes], ...]"
    should_close: bool
    compression: str | None
    upgrade: bool
    chunked: bool
