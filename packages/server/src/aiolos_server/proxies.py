"""Behind proxies: who the client is, and how it asked, as trusted proxies tell.

Fields that a proxy adds stand behind those that the client has sent, so they are read from the
end: each address that is trusted vouches for the one in front of it, and the first one that is
not is the client's. What stands in front of that is anybody's invention.
"""

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, Literal, NamedTuple

from aiolos_protocol import hdrs
from aiolos_protocol.fields.forwarded import parse_forwarded
from aiolos_protocol.grammar import is_host
from multidict import CIMultiDictProxy

from .middlewares import middleware
from .request import Request
from .response import StreamResponse
from .typedefs import Handler, Middleware

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# The longest text of an address: an IPv6 one in brackets with a port.
_LONGEST: Final = 53
_SCHEMES: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
# RFC 7239 6.2, 6.3; the word is usual in X-Forwarded-For, too.
_IN_THE_DARK: Final = re.compile(r"unknown|_[A-Za-z0-9._-]{1,64}")


class Told(NamedTuple):
    """What proxies tell of a request; None where they tell nothing that can be believed."""

    remote: str | None = None
    scheme: str | None = None
    host: str | None = None


class TrustedProxies:
    """Which peers are believed, and how many of them in a row."""

    def __init__(
        self, trusted: Iterable[str | Address | Network], *, unix: bool, max_hops: int
    ) -> None:
        """TypeError and ValueError for what are no networks."""
        if isinstance(trusted, str):
            raise TypeError(f"trusted networks are a list, such as [{trusted!r}]")
        if not isinstance(trusted, Iterable):
            raise TypeError(f'trusted networks are a list, such as ["10.0.0.0/8"], not {trusted!r}')
        if max_hops < 1:
            raise ValueError(f"max_hops is 1 or more, not {max_hops}")
        self._networks = [ip_network(network, strict=False) for network in trusted]
        if not self._networks and not unix:
            raise ValueError("an empty list without unix=True trusts nobody")
        self._unix = unix
        self._max_hops = max_hops

    def trusts_peer(self, remote: str | None) -> bool:
        """Whether the peer of the connection, by its address, is a trusted proxy."""
        if not remote or remote.startswith("/"):
            return self._unix
        # The system itself names the interface of a link-local peer.
        address = parsed_address(remote.partition("%")[0])
        return address is not None and self.trusts(address)

    def trusts(self, address: Address) -> bool:
        """Whether `address` is in a trusted network."""
        return any(address in network for network in self._networks)

    def client(self, hops: Iterable[str]) -> tuple[str | None, int]:
        """The client, and how many of `hops`, the nearest first, it took to find it.

        An address, or a word for one that stays in the dark; None where the nearest hop is
        neither.
        """
        client: str | None = None
        count = 0
        for hop in hops:
            address = parsed_address(hop)
            if address is None and _IN_THE_DARK.fullmatch(hop) is None:
                break
            client = hop if address is None else str(address)
            count += 1
            if address is None or count == self._max_hops or not self.trusts(address):
                break
        return client, count


def behind_proxies(
    trusted: Iterable[str | Address | Network],
    *,
    header: Literal["X-Forwarded-For", "Forwarded"] = "X-Forwarded-For",
    host: bool = False,
    unix: bool = True,
    max_hops: int = 10,
) -> Middleware:
    """A middleware that sets `remote`, `scheme` and `host` of requests to what proxies tell.

    Believed are proxies whose address lies in a network of `trusted` ("10.0.0.0/8", "::1") and,
    where `unix` is true, whoever connects to a UNIX socket, so that an empty list is for a proxy
    that connects to one; at most `max_hops` in a row. Of the
    addresses on the way the last one that is not trusted is the client's; what it wrote itself is
    never believed.

    `header` names what the proxies maintain: X-Forwarded-For with X-Forwarded-Proto, or Forwarded
    (RFC 7239). The other one is ignored, for a client can send it through them. `host` takes
    X-Forwarded-Host, or Forwarded's host, in place of Host: only for proxies that set it.

    ValueError for what is no network or no such header, and for an empty list where `unix` is
    false, which trusts nobody. Put it first among the middlewares.
    """
    proxies = TrustedProxies(trusted, unix=unix, max_hops=max_hops)
    read = {"x-forwarded-for": _x_forwarded, "forwarded": _forwarded}.get(header.lower())
    if read is None:
        raise ValueError(f"header is X-Forwarded-For or Forwarded, not {header!r}")

    @middleware
    async def behind(request: Request, handler: Handler) -> StreamResponse:
        if proxies.trusts_peer(request.remote):
            told = read(request.headers, proxies)
            request.tell(remote=told.remote, scheme=told.scheme, host=told.host if host else None)
        return await handler(request)

    return behind


def _x_forwarded(headers: "CIMultiDictProxy[str]", proxies: TrustedProxies) -> Told:
    hops = _members(headers, hdrs.X_FORWARDED_FOR)
    client, count = proxies.client(reversed(hops))

    def member(name: str) -> str:
        """The client's member where each proxy appends one; else the nearest proxy's word."""
        members = _members(headers, name)
        if len(members) == len(hops) and count:
            return members[-count]
        return members[-1] if members else ""

    scheme = _SCHEMES.get(member(hdrs.X_FORWARDED_PROTO).lower())
    return Told(client, scheme, _valid_host(member(hdrs.X_FORWARDED_HOST)))


def _forwarded(headers: "CIMultiDictProxy[str]", proxies: TrustedProxies) -> Told:
    elements = parse_forwarded(headers.getall(hdrs.FORWARDED, ()))
    if not elements:
        return Told()
    client, count = proxies.client(each.get("for", "") for each in reversed(elements))
    # What the outermost trusted proxy saw; the nearest one's where that names nobody.
    element = elements[-max(count, 1)]
    scheme = _SCHEMES.get(element.get("proto", "").lower())
    return Told(client, scheme, _valid_host(element.get("host", "")))


def _members(headers: "CIMultiDictProxy[str]", name: str) -> list[str]:
    """The members of a field that is a list; empty ones do not count (RFC 9110 5.6.1.2)."""
    fields = headers.getall(name, ())
    return [
        member for field in fields for each in field.split(",") if (member := each.strip(" \t"))
    ]


def parsed_address(text: str) -> Address | None:
    """An address, maybe with a port (RFC 7239 6); None where `text` is none.

    An IPv4 address in IPv6 clothes is one of IPv4. Zones are none of it (RFC 7239 6.1): they mean
    nothing on another machine, and their text is anybody's.
    """
    if len(text) > _LONGEST or "%" in text:
        return None
    if text.startswith("["):
        text, bracket, port = text[1:].partition("]")
        if not bracket or not _is_port(port):
            return None
    elif text.count(":") == 1:
        text, _, digits = text.partition(":")
        if not _is_port(f":{digits}"):
            return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and text[1:].isdigit() and text.isascii())


def _valid_host(text: str) -> str | None:
    return text if text and is_host(text.encode("utf-8", "replace"), name=True) else None
