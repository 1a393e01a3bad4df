"""Hosts that are IP addresses, and addresses as sockets take them."""

import socket
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Any

from .abc import ResolveResult

AddrInfoType = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]


def is_ip(host: str) -> bool:
    """Whether `host` is an IPv4 or IPv6 address; a scope may follow ("fe80::1%eth0")."""
    if ":" not in host and not host[-1:].isdigit():
        return False
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def literal(host: str, port: int) -> ResolveResult:
    """The address that `host`, for which is_ip() is True, names by itself."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return ResolveResult(
        hostname=host,
        host=host,
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def check_found(found: Any, resolver: object, host: str) -> None:
    """TypeError unless `found`, which `resolver` gave for `host`, is a list of ResolveResult."""
    if isinstance(found, Iterable) and all(map(_is_result, found)):
        return
    raise TypeError(
        f"the resolver {type(resolver).__name__} gave {found!r:.200} for {host!r}: its resolve() "
        "is a coroutine function that gives a list of ResolveResult, dicts with hostname, host, "
        "port, family, proto and flags"
    )


def _is_result(found: Any) -> bool:
    if not isinstance(found, Mapping) or not isinstance(found.get("host"), str):
        return False
    return all(isinstance(found.get(name), int) for name in ("port", "family", "proto"))


def address_info(found: ResolveResult) -> AddrInfoType:
    """`found` in the form of socket.getaddrinfo()."""
    host, port, family = found["host"], found["port"], found["family"]
    address: tuple[Any, ...] = (host, port)
    if family == socket.AF_INET6:
        host, _, scope = host.partition("%")
        index = int(scope) if scope.isdecimal() else socket.if_nametoindex(scope) if scope else 0
        address = (host, port, 0, index)
    return family, socket.SOCK_STREAM, found["proto"], "", address


def interleaved(infos: Iterable[AddrInfoType], first: int = 1) -> list[AddrInfoType]:
    """`infos` with the address families in turn, the best one's first `first` addresses before
    them (RFC 8305 4)."""
    families: dict[int, list[AddrInfoType]] = {}
    for info in infos:
        families.setdefault(info[0], []).append(info)
    if len(families) < 2:
        return [info for family in families.values() for info in family]
    best, *others = families.values()
    lead, rest = best[: first - 1], best[first - 1 :]
    turns = chain.from_iterable(zip_longest(rest, *others))
    return [*lead, *(info for info in turns if info is not None)]
