"""How a request is made, apart from what is asked: a session's defaults, and one request's own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
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
    connector's is. `tunnels` True has an HTTP proxy open a tunnel whatever the scheme is.
    """

    ssl: TLSSetting = True
    server_hostname: str | None = None
    proxy: URL | None = None
    proxy_auth: str | None = None
    proxy_headers: Pairs = ()
    http2: bool = True
    tunnels: bool = False


DIRECT: Final = Route()
# A coarse deadline is late by up to a tick of the clock, which a shorter bound would feel.
_COARSE: Final = 1.0
# What sessions and requests call fields of Limits.
BOUNDS: Final = {**WORDS, "max_body_size": "body_size"}


class Settings:
    """What ClientSession and its verbs take under the same names; not to be changed, see but().

    `total` and `silence` are the bounds of `timeout` on the whole and on the server's silence, in
    seconds, inf for none; `is_fine` tells that one of them needs a timer of its own, `is_proxied`
    that `route` has a proxy. Compiled where there is a compiler: every request looks at most of it.
    """

    __slots__ = (
        "allow_redirects", "auto_decompress", "is_fine", "is_proxied", "limits", "max_redirects",
        "middlewares", "on_informational", "raise_for_status", "read_until_eof", "retry", "route",
        "silence", "timeout", "total", "trace_request_ctx", "version",
    )  # fmt: skip

    def __init__(
        self,
        timeout: ClientTimeout = DEFAULT_TIMEOUT,
        route: Route = DIRECT,
        raise_for_status: "bool | Callable[[Any], Awaitable[None]]" = False,
        allow_redirects: bool = True,
        max_redirects: int = 10,
        auto_decompress: bool = True,
        read_until_eof: bool = True,
        version: HttpVersion = HttpVersion11,
        limits: Limits = DEFAULT_LIMITS,
        middlewares: tuple[Any, ...] = (),
        retry: Any = None,
        on_informational: "Callable[[ResponseHead], object] | None" = None,
        trace_request_ctx: Any = None,
    ) -> None:
        self.timeout = timeout
        self.route = route
        self.raise_for_status = raise_for_status
        self.allow_redirects = allow_redirects
        self.max_redirects = max_redirects
        self.auto_decompress = auto_decompress
        self.read_until_eof = read_until_eof
        self.version = version
        self.limits = limits
        self.middlewares = middlewares
        self.retry = retry
        self.on_informational = on_informational
        self.trace_request_ctx = trace_request_ctx
        self.total: float = timeout.total or inf
        self.silence: float = timeout.sock_read or inf
        self.is_fine = self.total < _COARSE or self.silence < _COARSE
        self.is_proxied = route.proxy is not None

    def but(self, **changed: Any) -> "Settings":
        """The same, but for what is given by its name."""
        given = {name: getattr(self, name) for name in Settings.__slots__ if name not in _DERIVED}
        return Settings(**{**given, **changed})


_DERIVED: Final = ("is_fine", "is_proxied", "silence", "total")
DEFAULTS: Final = Settings()
