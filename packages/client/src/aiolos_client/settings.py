"""How a request is made, apart from what is asked: a session's defaults, and one request's own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aiolos_protocol.limits import DEFAULT_LIMITS, WORDS, Limits
from aiolos_protocol.message import HttpVersion, HttpVersion11, ResponseHead
from yarl import URL

from .keys import Pairs
from .timeouts import DEFAULT_TIMEOUT, ClientTimeout
from .tls import TLSSetting


@dataclass(frozen=True, slots=True)
class Route:
    """By which way the server is reached; what ConnectionKey has beyond the origin.

    `ssl` True is the connector's own setting; `http2` False keeps to HTTP/1.1, whatever the
    connector's is.
    """

    ssl: TLSSetting = True
    server_hostname: str | None = None
    proxy: URL | None = None
    proxy_auth: str | None = None
    proxy_headers: Pairs = ()
    http2: bool = True


DIRECT: Final = Route()
# What sessions and requests call fields of Limits.
BOUNDS: Final = {**WORDS, "max_body_size": "body_size"}


@dataclass(frozen=True, slots=True)
class Settings:
    """What ClientSession and its verbs take under the same names."""

    timeout: ClientTimeout = DEFAULT_TIMEOUT
    route: Route = DIRECT
    raise_for_status: "bool | Callable[[Any], Awaitable[None]]" = False
    allow_redirects: bool = True
    max_redirects: int = 10
    auto_decompress: bool = True
    read_until_eof: bool = True
    version: HttpVersion = HttpVersion11
    limits: Limits = DEFAULT_LIMITS
    middlewares: tuple[Any, ...] = ()
    retry: Any = None
    on_informational: "Callable[[ResponseHead], object] | None" = None
    trace_request_ctx: Any = field(default=None, compare=False)


DEFAULTS: Final = Settings()
