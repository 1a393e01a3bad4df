"""Which open HTTP/2 connections may serve another origin as well (RFC 9113 9.1.1, RFC 9110 4.3.3).

One may where its certificate, which was verified, is valid for the other host, too, and that host's
name leads to the address and port that the connection goes to. Both are asked: a certificate alone
would let whoever holds a stolen one answer for hosts that he does not sit in front of.
"""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from .addresses import is_ip
from .keys import ConnectionKey


class Authority:
    """The hosts that a certificate is valid for; `certificate` is SSLSocket.getpeercert()'s."""

    __slots__ = ("_addresses", "_names", "_parents")

    def __init__(self, certificate: Mapping[str, Any]) -> None:
        self._addresses: set[Any] = set()
        self._names: set[str] = set()
        # What stands behind "*." (RFC 9525 6.3): only a whole label, and not above all of a TLD.
        self._parents: set[str] = set()
        # RFC 9525 6.3: a subject's common name is no host's.
        for kind, value in certificate.get("subjectAltName", ()):
            if kind == "IP Address":
                self._add_address(value)
            elif kind == "DNS":
                self._add_name(value.lower())

    def _add_address(self, text: str) -> None:
        # What is no address is no host's.
        with suppress(ValueError):
            self._addresses.add(ip_address(text.strip()))

    def _add_name(self, name: str) -> None:
        if "*" not in name:
            self._names.add(name)
            return
        star, _, parent = name.partition(".")
        if star == "*" and "." in parent and "*" not in parent:
            self._parents.add(parent)

    def covers(self, host: str) -> bool:
        """Whether it is valid for `host`, a name in ASCII or an address."""
        if is_ip(host):
            return ip_address(host) in self._addresses
        name = host.rstrip(".").lower()
        label, _, parent = name.partition(".")
        return name in self._names or (label != "" and parent in self._parents)


class Lenders:
    """The open connections of HTTP/2 behind TLS, by where they go."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], dict[Any, Authority | None]] = {}
        self._places: dict[Any, tuple[Any, ...]] = {}

    def add(self, link: Any, key: ConnectionKey) -> None:
        """`link` is open to `key`; it is left out where its certificate says nothing of the host,
        or its TLS is checked in a way of its own."""
        peer = link.get_extra_info("peername")
        if peer and _is_checked(key):
            place = peer[0], key.port, key.ssl
            self._places[link] = place
            self._known.setdefault(place, {})[link] = None

    def remove(self, link: Any) -> None:
        """`link` serves no other origin any more; not an error if it is unknown."""
        place = self._places.pop(link, None)
        if place is not None:
            links = self._known[place]
            del links[link]
            if not links:
                del self._known[place]

    def find(self, key: ConnectionKey, addresses: Iterable[str]) -> Iterator[Any]:
        """Those that may serve `key`, whose host has these `addresses`."""
        if not self._places or not _is_checked(key):
            return
        for address in addresses:
            links = self._known.get((address, key.port, key.ssl))
            for link in list(links or ()):
                if self._authority(link).covers(key.host):
                    yield link

    def _authority(self, link: Any) -> Authority:
        """Read when it is asked for: most connections serve one origin."""
        links = self._known[self._places[link]]
        authority = links[link]
        if authority is None:
            tls = link.get_extra_info("ssl_object")
            authority = links[link] = Authority((tls and tls.getpeercert()) or {})
        return authority


def _is_checked(key: ConnectionKey) -> bool:
    """Whether TLS goes to the host itself, and verifies its certificate and its name."""
    if not (key.is_ssl and key.http2) or key.proxy is not None or key.server_hostname is not None:
        return False
    if isinstance(key.ssl, ssl.SSLContext):
        return key.ssl.verify_mode is ssl.CERT_REQUIRED and key.ssl.check_hostname
    return key.ssl is True
