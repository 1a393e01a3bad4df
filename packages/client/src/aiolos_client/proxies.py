"""Which proxy stands before which URL, by the environment (trust_env)."""

import os
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final

from yarl import URL

from .errors import InvalidURL
from .urls import check_characters, is_host

SCHEMES: Final = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")

# By which names the environment has a proxy for a scheme, where there are more than its own.
_SCHEMES_OF: Final = {"ws": ("ws", "http"), "wss": ("wss", "https")}


def check_proxy(proxy: object) -> URL:
    """`proxy` as a URL. TypeError for another type, InvalidURL where it is no proxy's."""
    if not isinstance(proxy, (str, URL)):
        raise TypeError(f"a proxy is a URL like http://host:3128, not {proxy!r:.80}")
    check_characters(str(proxy))
    try:
        url = URL(proxy)
    except ValueError as error:
        raise InvalidURL(proxy, f"it is no proxy's URL: {error}") from None
    if not url.scheme or "://" not in str(proxy):
        raise InvalidURL(proxy, f"a proxy needs its scheme, like http://{proxy}")
    if url.scheme not in SCHEMES:
        raise InvalidURL(proxy, f"a proxy's scheme is one of {', '.join(SCHEMES)}")
    if not url.raw_host:
        raise InvalidURL(proxy, "the proxy's URL has no host")
    if not is_host(url.raw_host):
        raise InvalidURL(proxy, f"{url.raw_host!r:.80} is no host's name and no address")
    if url.port is None:
        # Only the SOCKS schemes have no port of their own.
        url = url.with_port(1080)
    return url


def environment_proxy(url: URL, environment: Mapping[str, str] | None = None) -> URL | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY (also in lower case) name for `url`,
    unless NO_PROXY excepts its host; None for none. For ws: and wss: WS_PROXY and WSS_PROXY come
    first. `environment` is os.environ by default, and with it what the system itself has set
    (macOS, Windows).

    HTTP_PROXY in upper case is ignored where REQUEST_METHOD is set: in CGI it comes from a header.
    """
    if environment is None:
        # With it come http.client and email: a tenth of the time of our own import.
        from urllib.request import getproxies

        environment, proxies = os.environ, getproxies()
    else:
        proxies = _proxies(environment)
    if "REQUEST_METHOD" in environment and "http_proxy" not in environment:
        proxies.pop("http", None)
    schemes = _SCHEMES_OF.get(url.scheme, (url.scheme,))
    proxy = next(filter(None, map(proxies.get, (*schemes, "all"))), None)
    if not proxy or is_excepted(url, proxies.get("no", "")):
        return None
    try:
        return check_proxy(proxy if "://" in proxy else f"http://{proxy}")
    except InvalidURL as error:
        # Whoever asked has not written it, and may not know where it comes from.
        names = ", ".join(f"{scheme.upper()}_PROXY" for scheme in schemes)
        told = f"{error.description} (the environment's proxy: {names} or ALL_PROXY)"
        raise InvalidURL(error.url, told) from None


def _proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables named ..._proxy; those in lower case outrank the others."""
    found = {}
    for lower in (False, True):
        for name, value in environment.items():
            if name.lower().endswith("_proxy") and (name == name.lower()) is lower:
                found[name.lower().removesuffix("_proxy")] = value
    return {name: value for name, value in found.items() if value}


def is_excepted(url: URL, no_proxy: str) -> bool:
    """Whether the host of `url` is on the list `no_proxy`.

    Entries: "*" for all; a domain, with or without a leading dot, for itself and what is below
    it; an address; a network like 10.0.0.0/8; each with ":port" where only that port is meant.
    """
    host = (url.raw_host or "").lower().rstrip(".")
    return any(
        _matches(host, url.port, entry.strip().lower()) for entry in no_proxy.split(",") if entry
    )


def _matches(host: str, port: int | None, entry: str) -> bool:
    if entry == "*":
        return True
    name, colon, digits = entry.rpartition(":")
    if colon and digits.isdecimal() and (":" not in name or name.endswith("]")):
        if int(digits) != port:
            return False
        entry = name
    entry = entry.removeprefix("[").removesuffix("]")
    try:
        address = ip_address(host)
    except ValueError:
        domain = entry.removeprefix("*").strip(".")
        return bool(domain) and (host == domain or host.endswith("." + domain))
    # RFC 4291 2.5.5.2: an IPv4 address in other clothes.
    mapped = None if address.version == 4 else address.ipv4_mapped
    try:
        network = ip_network(entry, strict=False)
        return address in network or (mapped is not None and mapped in network)
    except ValueError:
        return False
