"""Redirections (RFC 9110 15.4)."""

import re
from typing import Final

from aiolos_protocol import hdrs
from aiolos_protocol.fields.authorization import BasicAuth
from aiolos_protocol.payload import Payload
from yarl import URL

from .clientrequest import BODY_FIELDS, ClientRequest, Target
from .cookiejar import OwnCookies
from .errors import (
    ClientPayloadError,
    InvalidUrlRedirectClientError,
    NonHttpUrlRedirectClientError,
    TooManyRedirects,
)
from .middlewares import ClientHandlerType
from .response import ClientResponse
from .tracing import TraceRequestRedirectParams
from .urls import check_characters, is_host

STATUSES: Final = frozenset({301, 302, 303, 307, 308})
# What another origin must not learn.
_SECRETS: Final = (hdrs.AUTHORIZATION, hdrs.PROXY_AUTHORIZATION, hdrs.COOKIE, hdrs.HOST)
# Where a request may be sent on to, and the handshake of a WebSocket, which is one of HTTP.
_HTTP: Final = frozenset({"http", "https"})
_WEBSOCKET: Final = _HTTP | {"ws", "wss"}

_NO_URL: Final = "Server attempted redirecting to a location that does not look like a URL"
# "http://", "///path": an authority with nothing in it.
_NO_HOST: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//(?:[/?#]|$)", re.IGNORECASE)
# Bytes that are no text, as a field's value holds them.
_RAW: Final = re.compile(r"[\udc80-\udcff]")
# What a request line can hold (RFC 9112 3.2, RFC 3986 2).
_SENDABLE: Final = re.compile(r"[!-~]*")


async def follow_redirects(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """The response to `request`, or the one that it redirects to; a middleware. See follow()."""
    response = await handler(request)
    if response.status in STATUSES and request.settings.allow_redirects:
        return await follow(request, response, handler)
    return response


async def follow(
    request: ClientRequest, response: ClientResponse, handler: ClientHandlerType
) -> ClientResponse:
    """The response that `response`, the answer to `request`, leads to by `handler`.

    Raises TooManyRedirects, InvalidUrlRedirectClientError, NonHttpUrlRedirectClientError, and
    ClientPayloadError where the body would have to be sent again but is gone.
    """
    history: list[ClientResponse] = []
    first = request
    while response.status in STATUSES:
        location = response.headers.get(hdrs.LOCATION) or response.headers.get(hdrs.URI)
        if location is None:
            break
        history.append(response)
        if request.traces is not None:
            await request.traces.send(
                "on_request_redirect",
                TraceRequestRedirectParams(request.method, request.url, request.headers, response),
            )
        limit = request.settings.max_redirects
        if limit and len(history) >= limit:
            response.close()
            raise TooManyRedirects(
                history[0].request_info,
                tuple(history),
                message=f"redirection {limit} in a row is not followed (max_redirects={limit}): "
                f"it leads to {location!r:.200}",
            )
        try:
            request = redirected(request, response, location)
        except BaseException:
            response.close()
            raise
        response.release()
        try:
            response = await handler(request)
        finally:
            if isinstance(request.data, Payload):
                # A middleware may have replaced it: it is closed with the first one's.
                first.data = request.data
    response._history = tuple(history)
    return response


def redirected(request: ClientRequest, response: ClientResponse, location: str) -> ClientRequest:
    """The request that `response`, the answer to `request`, asks for. It begins with what was
    composed, which is of the origin that was composed: middlewares are asked again."""
    composed = request.composed
    asked = composed.target.url
    url = _where(request, asked, location)
    auth = BasicAuth.from_url(url)
    # What was sent is what is redirected.
    method = _method(request.method, response.status)
    is_changed = method != request.method
    again = request.redirected(
        method if is_changed else composed.method,
        Target(url if auth is None else url.with_user(None)),
    )
    fields = again.headers
    if is_changed:
        again.drop_body()
        for name in BODY_FIELDS:
            fields.popall(name, None)
    elif request.is_consumed():
        raise ClientPayloadError(
            f"Cannot follow redirect with a consumed request body: {request} is redirected; send "
            "bytes or a file that can seek, or give allow_redirects=False"
        )
    if url.origin() != asked.origin():
        again.cookies = ()
        again.is_astray = True
        for name in _SECRETS:
            fields.popall(name, None)
    elif isinstance(again.cookies, OwnCookies):
        again.cookies = again.cookies.at(url)
    if auth is not None:
        fields[hdrs.AUTHORIZATION] = auth.encode()
    return again


def _method(method: str, status: int) -> str:
    """RFC 9110 15.4: 303 asks for GET, and for POST 301 and 302 have come to mean the same."""
    if status == 303 and method != "HEAD":
        return "GET"
    return "GET" if status in (301, 302) and method == "POST" else method


def _where(request: ClientRequest, asked: URL, location: str) -> URL:
    requote = getattr(request.session, "requote_redirect_url", True)
    location = _RAW.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", location)
    if _NO_HOST.match(location):
        # RFC 9110 4.2.1: an empty host is an error, and no relative reference.
        told = f"Invalid redirect URL origin: {request} redirects there: it has no host"
        raise InvalidUrlRedirectClientError(location, told)
    try:
        # What a parser of URLs drops without a word would make another URL of it.
        check_characters(location)
        # RFC 9110 10.2.2: a fragment is handed on.
        url = asked.join(URL(location, encoded=not requote))
        if not url.raw_fragment and asked.raw_fragment:
            url = url.with_fragment(asked.fragment)
        host = url.raw_host
    except ValueError as error:
        told = f"{_NO_URL}: {request} redirects there: {error}"
        raise InvalidUrlRedirectClientError(location, told) from error
    is_handshake = request.offer is not None or asked.scheme in _WEBSOCKET - _HTTP
    schemes = _WEBSOCKET if is_handshake else _HTTP
    if url.scheme not in schemes:
        raise NonHttpUrlRedirectClientError(url, f"{request} redirects there")
    if not host or not is_host(host):
        told = f"Invalid redirect URL origin: {request} redirects there: {host!r:.80} is no host"
        raise InvalidUrlRedirectClientError(url, told)
    if url.port == 0:
        raise InvalidUrlRedirectClientError(
            url, f"{request} redirects there: the port 0 is not one"
        )
    if not _SENDABLE.fullmatch(url.raw_path_qs):
        told = f"{_NO_URL}: {request} redirects there: it holds what must be quoted (RFC 3986 2.1)"
        raise InvalidUrlRedirectClientError(url, told)
    return url
