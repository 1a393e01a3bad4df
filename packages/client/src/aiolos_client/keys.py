"""What connections are shared by."""

import ssl
from typing import Any, NamedTuple

from yarl import URL

Pairs = tuple[tuple[str, str], ...]


class ConnectionKey(NamedTuple):
    """Requests with equal keys may use one another's connections.

    `ssl` is how TLS is checked: an SSLContext, a Fingerprint, True or False. `proxy` stands
    between, whose `proxy_auth` is the value of Proxy-Authorization and whose `proxy_headers` go
    with CONNECT. `server_hostname` is the name in TLS where it is not `host`. `http2` False keeps
    to HTTP/1.1. `is_forwarded` tells that `host` is the proxy itself, which passes requests on
    (http URLs only).
    """

    host: str
    port: int
    is_ssl: bool
    ssl: "ssl.SSLContext | bool | Any" = True
    proxy: URL | None = None
    proxy_auth: str | None = None
    proxy_headers: Pairs = ()
    server_hostname: str | None = None
    http2: bool = True
    is_forwarded: bool = False

    def __repr__(self) -> str:
        """As a tuple's with names, without passwords: it stands in errors, and they in logs."""
        shown = self._asdict()
        if self.proxy is not None and self.proxy.raw_password is not None:
            shown["proxy"] = self.proxy.with_password("***")
        if self.proxy_auth is not None:
            shown["proxy_auth"] = "***"
        if self.proxy_headers:
            shown["proxy_headers"] = tuple((name, "***") for name, _ in self.proxy_headers)
        fields = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        return f"{type(self).__name__}({fields})"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"host {host}:{self.port}"
