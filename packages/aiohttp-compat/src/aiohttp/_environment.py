"""Proxies and credentials from the environment, as the original's helpers tell them."""

import netrc
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.request import getproxies

from aiolos import BasicAuth
from aiolos_client.proxies import environment_proxy
from yarl import URL

from .log import client_logger as logger


@dataclass(frozen=True)
class ProxyInfo:
    """A proxy, and who asks it."""

    proxy: URL
    proxy_auth: BasicAuth | None


def _split(proxy: URL) -> tuple[URL, BasicAuth | None]:
    auth = BasicAuth.from_url(proxy)
    return (proxy, None) if auth is None else (proxy.with_user(None), auth)


def proxies_from_env() -> dict[str, ProxyInfo]:
    """By scheme, the http proxies that the environment names."""
    found = {}
    for scheme, named in getproxies().items():
        if scheme not in ("http", "https", "ws", "wss"):
            continue
        proxy = URL(named if "://" in named else f"http://{named}")
        if proxy.scheme not in ("http", "ws"):
            logger.warning("the %s proxy %s is ignored: ask it by http", scheme, proxy.host)
            continue
        found[scheme] = ProxyInfo(*_split(proxy))
    return found


def get_env_proxy_for_url(url: URL) -> tuple[URL, BasicAuth | None]:
    """The proxy for `url`, and who asks it. LookupError where there is none."""
    proxy = environment_proxy(url)
    if proxy is None:
        raise LookupError(f"the environment names no proxy for {url.scheme}://{url.host}")
    return _split(proxy)


def netrc_from_env() -> netrc.netrc | None:
    """The file that NETRC names, else ~/.netrc; None where there is none that can be read."""
    named = os.environ.get("NETRC")
    try:
        path = Path(named) if named else Path.home() / ("_netrc" if os.name == "nt" else ".netrc")
        return netrc.netrc(str(path)) if named or path.is_file() else None
    except (OSError, RuntimeError, netrc.NetrcParseError) as error:
        logger.warning("the file netrc is ignored: %s", error)
        return None


def basicauth_from_netrc(netrc_obj: netrc.netrc | None, host: str) -> BasicAuth:
    """The credentials for `host`. LookupError where there are none."""
    entry = None if netrc_obj is None else netrc_obj.authenticators(host)
    if entry is None:
        raise LookupError(f"no file netrc has credentials for {host}")
    login, account, password = entry
    return BasicAuth(login or account or "", password or "")
