"""What a developer sees instead of a bare error, where the server was asked to show it.

It tells what nobody else should read: source lines, the request's fields, all routes. Everything
on it is escaped. Credentials and the values of cookies are left out, for a page ends up in
screenshots and issues.
"""

import re
import traceback
from collections.abc import Iterable
from html import escape
from typing import Any, Final

from aiolos_protocol import hdrs

from .core import REASONS
from .response import Response

# Nothing that is shown may be run or fetched, should anything slip through.
_POLICY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    hdrs.CACHE_CONTROL: "no-store",
}
_STYLE: Final = (
    "body{font:15px/1.5 sans-serif;margin:2em auto;max-width:70em;padding:0 1em}"
    "pre{background:#f4f4f4;overflow:auto;padding:1em}td{padding:0 1.5em .2em 0;"
    "vertical-align:top;overflow-wrap:anywhere}h1{font-size:1.4em}h2{font-size:1.1em}"
)

_HIDDEN: Final = "(hidden)"
# RFC 9110 11.4: what precedes a space is the scheme; without one all of it may be the secret.
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9._-]{0,31}) +\S")
_CREDENTIALS: Final = frozenset({"authorization", "proxy-authorization"})
_COOKIES: Final = frozenset({"cookie", "set-cookie"})

Listed = Iterable[tuple[str, str, str]]


def explained(request: Any, error: Exception, status: int, routes: Listed) -> Response:
    """The response for `error`, as HTML to whoever takes it, else as text.

    `routes` are the application's, as `(method, path, handler)`.
    """
    title = f"{status}: {REASONS.get(status, '')}"
    trace = "" if status < 500 else "".join(traceback.format_exception(error))
    if "text/html" in request.headers.get(hdrs.ACCEPT, ""):
        text, kind = _page(request, title, trace, routes), "text/html"
    else:
        listed = "".join(f"{method} {path}  {handler}\n" for method, path, handler in routes)
        text, kind = f"{title}\n\n{trace or listed}", "text/plain"
    return Response(text=text, status=status, content_type=kind, headers=_POLICY)


def _page(request: Any, title: str, trace: str, routes: Listed) -> str:
    major, minor = request.version
    parts = [
        f"<!doctype html><meta charset=utf-8><title>{escape(title)}</title>",
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>",
        f"<p>{escape(f'{request.method} {request.path_qs} HTTP/{major}.{minor}')}</p>",
        f"<pre>{escape(trace)}</pre>" if trace else "",
        "<h2>Fields of the request</h2>",
        _table((name, _without_secrets(name, value)) for name, value in request.headers.items()),
        "<h2>Routes</h2>",
        _table(routes),
        "<p>This page is shown because the server runs with debug=True.</p>",
    ]
    # What came as bytes beyond utf-8 is shown as text.
    return "\n".join(parts).encode("utf-8", "backslashreplace").decode()


def _without_secrets(name: str, value: str) -> str:
    """The field's value, but of credentials the scheme alone, and of cookies the names."""
    kind = name.lower()
    if kind in _CREDENTIALS:
        scheme = _SCHEME.match(value)
        return _HIDDEN if scheme is None else f"{scheme[1]} {_HIDDEN}"
    if kind in _COOKIES:
        return "; ".join(_cookie_name(each) for each in value.split(";"))
    return value


def _cookie_name(pair: str) -> str:
    name, equals, _ = pair.strip().partition("=")
    return f"{name}={_HIDDEN}" if equals else _HIDDEN


def _table(rows: Iterable[Iterable[str]]) -> str:
    lines = ("".join(f"<td>{escape(each)}</td>" for each in row) for row in rows)
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"
