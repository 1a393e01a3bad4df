"""Settings of one request: the session's, changed by what a verb was given."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from inspect import iscoroutinefunction
from typing import Any, Final

from aiolos_protocol.errors import LocalProtocolError
from aiolos_protocol.fields.authorization import BasicAuth
from aiolos_protocol.http1.serializer import field_lines
from aiolos_protocol.limits import changed_limits
from aiolos_protocol.message import HttpVersion11
from multidict import CIMultiDict
from yarl import URL

from .auth import check_auth
from .keys import Pairs
from .proxies import check_proxy
from .settings import BOUNDS, Route, Settings
from .timeouts import ClientTimeout
from .tls import merged_setting
from .urls import is_host

_PLAIN: Final = frozenset({
    "timeout", "raise_for_status", "allow_redirects", "max_redirects", "auto_decompress",
    "read_until_eof", "version", "middlewares", "retry", "on_informational", "trace_request_ctx",
})  # fmt: skip
_TLS: Final = ("ssl", "verify_ssl", "ssl_context", "fingerprint")
_ROUTE: Final = (*_TLS, "server_hostname", "proxy", "proxy_auth", "proxy_headers")
# Options that leave the request's head as it is.
POLICIES: Final = frozenset({*_PLAIN, *BOUNDS, *_ROUTE} - {"version"})


def _is_judge(value: Any) -> bool:
    return isinstance(value, bool) or callable(value)


def _is_policy(value: Any) -> bool:
    return callable(value) and not isinstance(value, type)


def _is_plain_function(value: Any) -> bool:
    return callable(value) and not iscoroutinefunction(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value >= 0


def _is_version(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes))


# What a mistake would otherwise show only when it is used, if at all.
_KINDS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    "raise_for_status": (_is_judge, "True, False or a coroutine function of the response"),
    "max_redirects": (_is_count, "a whole number, not negative"),
    "version": (_is_version, "HttpVersion10 or HttpVersion11"),
    "middlewares": (_is_sequence, "a list of coroutine functions (request, handler)"),
    "retry": (_is_policy, "a RetryPolicy"),
    "on_informational": (_is_plain_function, "a plain function of a ResponseHead"),
}


def settled(settings: Settings, options: Mapping[str, Any]) -> Settings:
    """`settings` with what is in `options` and not None; itself where nothing is.

    Raises TypeError and ValueError for what is no such setting.
    """
    changed: dict[str, Any] = {
        name: value for name, value in options.items() if name in _PLAIN and value is not None
    }
    for name in changed.keys() & _KINDS.keys():
        fits, wanted = _KINDS[name]
        if not fits(changed[name]):
            raise TypeError(f"{name} takes {wanted}, not {changed[name]!r:.80}")
    if "timeout" in changed:
        changed["timeout"] = check_timeout(changed["timeout"])
    if "middlewares" in changed:
        changed["middlewares"] = tuple(changed["middlewares"])
    if not options.keys().isdisjoint(_ROUTE):
        route = changed_route(settings.route, options)
        if route != settings.route:
            changed["route"] = route
    if changed.get("version", HttpVersion11) < HttpVersion11:
        # Who asks for an old version does not get a newer one.
        changed["route"] = replace(changed.get("route", settings.route), http2=False)
    if not options.keys().isdisjoint(BOUNDS):
        changed["limits"] = changed_limits(settings.limits, options, BOUNDS)
    return settings.but(**changed) if changed else settings


def check_timeout(timeout: object) -> ClientTimeout:
    """`timeout`, a ClientTimeout or a number of seconds in total, as ClientTimeout. TypeError for
    anything else, ValueError for NaN."""
    if isinstance(timeout, ClientTimeout):
        return timeout
    if isinstance(timeout, (int, float)) and not isinstance(timeout, bool):
        return ClientTimeout(total=timeout)
    raise TypeError(
        "timeout takes seconds in total, or a ClientTimeout like ClientTimeout(total=60, "
        f"sock_read=10), not {timeout!r:.80}"
    )


def changed_route(route: Route, options: Mapping[str, Any]) -> Route:
    """`route` with what `options` say about TLS and the proxy."""
    changed: dict[str, Any] = {}
    if options.get("proxy_auth") is not None:
        check_auth(options["proxy_auth"], "proxy_auth")
    tls = [options.get(name) for name in _TLS]
    if any(each is not None for each in tls):
        changed["ssl"] = merged_setting(True if tls[0] is None else tls[0], *tls[1:])
    if options.get("server_hostname") is not None:
        changed["server_hostname"] = _check_hostname(options["server_hostname"])
    if options.get("proxy") is not None:
        auth = options.get("proxy_auth")
        changed["proxy"], changed["proxy_auth"] = proxy_setting(options["proxy"], auth)
    elif options.get("proxy_auth") is not None and route.proxy is not None:
        changed["proxy"], changed["proxy_auth"] = proxy_setting(route.proxy, options["proxy_auth"])
    headers = options.get("proxy_headers")
    if headers is not None:
        changed["proxy_headers"] = _check_proxy_headers(headers)
    return replace(route, **changed)


def _check_hostname(name: Any) -> str:
    if isinstance(name, str) and is_host(name):
        return name
    raise ValueError(f"server_hostname takes a host's name, not {name!r:.80}")


def _check_proxy_headers(headers: Any) -> Pairs:
    """They go with CONNECT, too, long after the caller was at hand."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    try:
        fields = CIMultiDict((str(name), value) for name, value in pairs)
    except (TypeError, ValueError):
        raise TypeError(
            f"proxy_headers take a mapping or pairs of name and value, not {headers!r:.80}"
        ) from None
    try:
        field_lines(fields)
    except LocalProtocolError as error:
        raise ValueError(f"proxy_headers cannot be sent: {error}") from None
    return tuple(fields.items())


def proxy_setting(proxy: Any, proxy_auth: Any) -> tuple[URL, str | None]:
    """The proxy's URL and the value of Proxy-Authorization; SOCKS has its login in the URL."""
    url = check_proxy(proxy)
    if proxy_auth is not None:
        auth: BasicAuth | None = check_auth(proxy_auth, "proxy_auth")
    else:
        auth = BasicAuth.from_url(url)
    if auth is None:
        return url, None
    if url.scheme.startswith("socks"):
        return url.with_user(auth.login).with_password(auth.password), None
    return url.with_user(None), auth.encode()
