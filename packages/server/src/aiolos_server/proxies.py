"""Behind proxies: who the client is, and how it asked, as trusted proxies tell."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

from aiolos_protocol import hdrs
from aiolos_protocol.fields.forwarded import parse_forwarded
from aiolos_protocol.grammar import is_host
from multidict import CIMultiDictProxy

from .request import Request
from .typedefs import Handler

_SCHEMES: Final = frozenset({"http", "https"})
# RFC 7239 6:  node = nodename [ ":" node-port ]
#              nodename = IPv4address / "[" IPv6address "]" / "unknown" / obfnode
#              obfnode = "_" 1*( ALPHA / DIGIT / "." / "_" / "-")
# X-Forwarded-For has IPv6 addresses without their brackets, too.
_NODE: Final = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[0-9.]+|unknown|_[A-Za-z0-9._-]+)"
    r"|(?P<bare>[0-9A-Fa-f:.]+))(?::[0-9A-Za-z._-]+)?"
)
_FORWARDED_FOR: Final = "X-Forwarded-For"
_FORWARDED_PROTO: Final = "X-Forwarded-Proto"
_FORWARDED_HOST: Final = "X-Forwarded-Host"


def behind_proxies(
    trusted: "Iterable[str | IPv4Network | IPv6Network]", *, unix: bool = True
) -> "Callable[[Request, Handler], Awaitable[Any]]":
    """A middleware that sets `remote`, `scheme` and `host` of requests to what proxies tell.

    Believed are proxies whose address lies in a network of `trusted` ("10.0.0.0/8", "::1") and,
    where `unix` is true, whoever connects to a UNIX socket. Of the addresses on the way the last
    one that is not trusted is the client's; what it wrote itself is never believed. Forwarded
    (RFC 7239) is read, or, where it is absent, X-Forwarded-For, X-Forwarded-Proto and
    X-Forwarded-Host. Raises ValueError for what is no network.
    """
    networks = tuple(ip_network(each, strict=False) for each in trusted)

    def is_trusted(address: str | None) -> bool:
        try:
            found = ip_address(address or "")
        except ValueError:
            return False
        return any(found in network for network in networks)

    async def middleware(request: Request, handler: Handler) -> Any:
        remote = request.remote
        if is_trusted(remote) or (unix and (remote is None or remote.startswith("/"))):
            hops = _hops(request.headers)
            for hop in reversed(hops):
                client = _address(hop.get("for", ""))
                if not is_trusted(client) or hop is hops[0]:
                    request.tell(
                        remote=client,
                        scheme=_scheme(hop.get("proto", "")),
                        host=_host(hop.get("host", "")),
                    )
                    break
        return await handler(request)

    return middleware


def _hops(headers: "CIMultiDictProxy[str]") -> "list[Mapping[str, str]]":
    """What each proxy tells of whoever asked it, the first proxy's first."""
    forwarded = headers.getall(hdrs.FORWARDED, ())
    if forwarded:
        return list(parse_forwarded(forwarded))
    addresses = _members(headers, _FORWARDED_FOR) or [""]
    schemes = _members(headers, _FORWARDED_PROTO)
    hosts = _members(headers, _FORWARDED_HOST)
    return [
        {
            "for": address,
            "proto": _member(schemes, number, len(addresses)),
            "host": _member(hosts, number, len(addresses)),
        }
        for number, address in enumerate(addresses)
    ]


def _members(headers: "CIMultiDictProxy[str]", name: str) -> list[str]:
    fields = headers.getall(name, ())
    return [member.strip(" \t") for field in fields for member in field.split(",")]


def _member(members: list[str], number: int, count: int) -> str:
    """The member for hop `number` of `count`; a proxy that does not append tells of the client."""
    if len(members) == count:
        return members[number]
    return members[-1] if members else ""


def _address(node: str) -> str | None:
    match = _NODE.fullmatch(node.strip(" \t"))
    if match is None:
        return None
    return match["ipv6"] or match["name"] or match["bare"]


def _scheme(told: str) -> str | None:
    scheme = told.lower()
    return scheme if scheme in _SCHEMES else None


def _host(told: str) -> str | None:
    return told if told.isascii() and is_host(told.encode("ascii"), name=True) else None
