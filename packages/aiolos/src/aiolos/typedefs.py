"""Names for what the API takes, for annotations."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from http.cookies import BaseCookie, Morsel
from typing import Any, Final

from aiolos_client.typedefs import (
    JSONDecoder,
    JSONEncoder,
    LooseCookies,
    LooseHeaders,
    Query,
    StrOrURL,
)
from aiolos_protocol.message import RawHeaders
from aiolos_server.typedefs import Handler, Middleware

Byteish = bytes | bytearray | memoryview
JSONBytesEncoder = Callable[[Any], bytes]
LooseCookiesMappings = Mapping[str, "str | BaseCookie[str] | Morsel[Any]"]
LooseCookiesIterables = Iterable[tuple[str, "str | BaseCookie[str] | Morsel[Any]"]]
PathLike = str | os.PathLike[str]

DEFAULT_JSON_ENCODER: Final = json.dumps
DEFAULT_JSON_DECODER: Final = json.loads

__all__ = [
    "DEFAULT_JSON_DECODER",
    "DEFAULT_JSON_ENCODER",
    "Byteish",
    "Handler",
    "JSONBytesEncoder",
    "JSONDecoder",
    "JSONEncoder",
    "LooseCookies",
    "LooseCookiesIterables",
    "LooseCookiesMappings",
    "LooseHeaders",
    "Middleware",
    "PathLike",
    "Query",
    "RawHeaders",
    "StrOrURL",
]
