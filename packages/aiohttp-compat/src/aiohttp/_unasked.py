"""What a response made by hand has where a session's has a request and its exchange."""

from collections.abc import Sequence
from functools import partial
from http.cookies import SimpleCookie
from typing import Any

from aiolos import ClientResponseError
from aiolos_protocol import hdrs
from aiolos_protocol.cookies import parse_set_cookie
from aiolos_protocol.cookies.morsels import simple_cookie
from aiolos_protocol.errors import LimitExceeded
from aiolos_protocol.message import RequestHead
from aiolos_protocol.streams import EMPTY
from yarl import URL

from .http_exceptions import HttpProcessingError


class NoExchange:
    """Where a response made by hand has no connection."""

    body = EMPTY

    def __init__(self, head: RequestHead) -> None:
        self.head = head

    def abort(self) -> None:
        """There is nothing to close."""

    def body_sent(self) -> bool:
        """Nothing is being sent."""
        return True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing is known."""
        return default


class NoRequest:
    """Where a response made by hand has no request."""

    traces = None
    sending = None

    def __init__(self, url: URL, session: Any) -> None:
        self.target = self
        self.url = url
        self.session = session

    async def upload_ended(self) -> None:
        """Nothing is being sent."""


async def start_by_hand(response: Any, connection: Any) -> None:
    """Take the head and the reader of the body from `connection.protocol`, past those of 1xx.

    Raises ClientResponseError where what came is no response.
    """
    response._closed = False
    response._connection = connection
    while True:
        try:
            message, body = await connection.protocol.read()
        except HttpProcessingError as error:
            raise ClientResponseError(
                response.request_info,
                response.history,
                status=error.code,
                message=error.message,
                headers=error.headers,
            ) from error
        if not 100 <= message.code < 200 or message.code == 101:  # RFC 9110 15.2
            break
    response.version, response.status = message.version, message.code
    response.reason = message.reason
    response._headers, response._raw_headers = message.headers, message.raw_headers
    response.content = body
    told_at_end = getattr(body, "on_eof", None)
    # Behind 101 the connection is the caller's.
    if told_at_end is not None and not getattr(connection.protocol, "upgraded", False):
        told_at_end(partial(response._let_go, "release"))


def set_cookies_of(headers: Any) -> tuple[str, ...]:
    """The values of Set-Cookie; none where there are no fields yet."""
    return tuple(headers.getall(hdrs.SET_COOKIE, ())) if hasattr(headers, "getall") else ()


def cookies_of(values: Sequence[str]) -> "SimpleCookie":
    """What they set; malformed ones are left out."""
    found = []
    for value in values or ():
        try:
            found.append(parse_set_cookie(value))
        except (ValueError, LimitExceeded):
            continue
    return simple_cookie(tuple(found))
