"""What a handler says of its response: status, fields, cookies; all before the head is sent."""

import math
from collections.abc import Iterator, MutableMapping
from datetime import datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any, TypeVar, overload

from aiolos_protocol import hdrs
from aiolos_protocol.cookies import SetCookie
from aiolos_protocol.cookies.dates import parse_cookie_date
from aiolos_protocol.cookies.morsels import morsel_of
from aiolos_protocol.errors import WrongType
from aiolos_protocol.fields.content_type import parse_content_type
from aiolos_protocol.fields.dates import format_http_date, parse_http_date
from aiolos_protocol.fields.etag import ETag, parse_etag
from aiolos_protocol.message import RequestHead, ResponseHead
from multidict import CIMultiDict

from .announced import Announcement, Stamp, add_own
from .core import REASONS, checked_reason, checked_status
from .keys import ResponseKey

_T = TypeVar("_T")


class Described(MutableMapping[str, Any]):
    """A response's head, wherever its fields are kept.

    As a mapping it holds whatever handlers and middlewares pass on with a response.
    """

    _content_type: str
    _cookies: "SimpleCookie | None"
    _chunked: bool
    _headers: "CIMultiDict[str] | None"
    _keep_alive: bool
    _length: int
    _reason: "str | None"
    _status: int
    _state: "dict[str, Any] | None" = None
    # What the receivers of on_response_prepare see, while they do.
    _announced: "Announcement | None" = None
    # What was sent, until somebody looks at the fields behind it.
    _sent: "tuple[RequestHead, ResponseHead, Stamp] | None" = None

    @property
    def prepared(self) -> bool:
        """True once the head has been sent."""
        raise NotImplementedError

    @property
    def status(self) -> int:
        """The status code."""
        return self._status

    @property
    def reason(self) -> str:
        """The reason phrase."""
        reason = self._reason
        return REASONS.get(self._status, "") if reason is None else reason

    def set_status(self, status: int, reason: str | None = None) -> None:
        """Change the status before the head is sent. RuntimeError behind it."""
        if self.prepared:
            raise RuntimeError("cannot set the status after the head has been sent")
        self._status = checked_status(status)
        self._reason = reason if reason is None else checked_reason(reason)

    @property
    def headers(self) -> "CIMultiDict[str]":
        """The fields to be sent; the connection adds its own, which are seen in
        on_response_prepare, and behind prepare()."""
        headers = self._headers
        if headers is None:
            headers = self._headers = CIMultiDict()
        if self._content_type:
            headers[hdrs.CONTENT_TYPE] = self._content_type
            self._content_type = ""
        if self._sent is not None:
            sent, self._sent = self._sent, None
            add_own(headers, *sent)
        return headers

    @property
    def keep_alive(self) -> bool | None:
        """False after force_close(); else None until the head is composed: the request decides."""
        if self._keep_alive and self._announced is None and not self.prepared:
            return None
        return self._keep_alive

    def force_close(self) -> None:
        """Close the connection behind this response."""
        self._keep_alive = False

    # Content-Type and Content-Length.

    def _type_field(self) -> str:
        if self._content_type:
            return self._content_type
        return "" if self._headers is None else self._headers.get(hdrs.CONTENT_TYPE, "")

    @property
    def content_type(self) -> str:
        """The media type without parameters, lower case."""
        return parse_content_type(self._type_field()).essence

    @content_type.setter
    def content_type(self, value: str) -> None:
        charset = self.charset
        self.headers[hdrs.CONTENT_TYPE] = f"{value}; charset={charset}" if charset else str(value)

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type, if any."""
        return parse_content_type(self._type_field()).charset

    @charset.setter
    def charset(self, value: str | None) -> None:
        if not self._type_field():
            raise RuntimeError("set content_type before charset")
        plain = self.content_type
        self.headers[hdrs.CONTENT_TYPE] = f"{plain}; charset={value.lower()}" if value else plain

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes where it is known beforehand."""
        if self._length >= 0:
            return self._length
        if self._headers is not None and hdrs.CONTENT_LENGTH in self._headers:
            return int(self._headers[hdrs.CONTENT_LENGTH])
        return None

    @content_length.setter
    def content_length(self, value: int | None) -> None:
        if value is None:
            self._length = -1
            self.headers.pop(hdrs.CONTENT_LENGTH, None)
        elif self._chunked:
            raise RuntimeError("a body that is sent in chunks has no length beforehand")
        else:
            self._length = int(value)
            self.headers[hdrs.CONTENT_LENGTH] = str(self._length)

    # Validators.

    @property
    def last_modified(self) -> datetime | None:
        """Last-Modified, in UTC; to be set as a datetime, as seconds since 1970 or as text."""
        headers = self._headers
        return None if headers is None else parse_http_date(headers.get(hdrs.LAST_MODIFIED))

    @last_modified.setter
    def last_modified(self, value: "datetime | float | str | None") -> None:
        if value is None:
            self.headers.pop(hdrs.LAST_MODIFIED, None)
        elif isinstance(value, str):
            self.headers[hdrs.LAST_MODIFIED] = value
        elif isinstance(value, (datetime, int, float)):
            # Rounded up: what has changed within the second must not seem to be unchanged.
            moment: datetime | int
            if not isinstance(value, datetime):
                moment = math.ceil(value)
            elif value.microsecond:
                moment = value.replace(microsecond=0) + timedelta(seconds=1)
            else:
                moment = value
            self.headers[hdrs.LAST_MODIFIED] = format_http_date(moment)
        else:
            raise TypeError(
                f"Unsupported type for last_modified: {type(value).__name__}; give a datetime, "
                "seconds since 1970 or text"
            )

    @property
    def etag(self) -> ETag | None:
        """ETag; to be set as text without quotes, or as an ETag."""
        headers = self._headers
        return None if headers is None else parse_etag(headers.get(hdrs.ETAG, ""))

    @etag.setter
    def etag(self, value: "ETag | str | None") -> None:
        if value is None:
            self.headers.pop(hdrs.ETAG, None)
        elif isinstance(value, (str, ETag)):
            self.headers[hdrs.ETAG] = str(ETag(value) if isinstance(value, str) else value)
        else:
            raise WrongType(f"Unsupported etag type: {type(value).__name__}; give text or an ETag")

    # Cookies.

    @property
    def cookies(self) -> SimpleCookie:
        """The cookies to be set."""
        cookies = self._cookies
        if cookies is None:
            cookies = self._cookies = SimpleCookie()
        return cookies

    def set_cookie(
        self,
        name: str,
        value: str,
        *,
        expires: "datetime | str | None" = None,
        domain: str | None = None,
        max_age: int | str | None = None,
        path: str = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        version: str | None = None,
        samesite: str | None = None,
        partitioned: bool | None = None,
    ) -> None:
        """Set a cookie (RFC 6265bis 4.1); `max_age` is in seconds, `expires` a moment or its text.

        `version`, of RFC 2109, is taken as aiohttp takes it, and not sent. Raises ValueError,
        saying why, where no browser would keep it.
        """
        moment = parse_cookie_date(expires) if isinstance(expires, str) and expires else expires
        if expires and not isinstance(moment, datetime):
            raise ValueError(f"expires of the cookie {name} is a date, not {expires!r:.80}")
        cookie = SetCookie.of(
            name,
            str(value),
            expires=moment if isinstance(moment, datetime) else None,
            max_age=None if max_age is None else _whole_seconds(name, max_age),
            domain=domain or "",
            path=path or "",
            secure=bool(secure),
            httponly=bool(httponly),
            samesite=samesite or "",
            partitioned=bool(partitioned),
        )
        # A cookie that is set twice is sent once, in its new place.
        self.cookies.pop(name, None)
        self.cookies[name] = morsel_of(cookie)

    def del_cookie(
        self,
        name: str,
        *,
        domain: str | None = None,
        path: str = "/",
        secure: bool | None = None,
        httponly: bool | None = None,
        samesite: str | None = None,
        partitioned: bool | None = None,
    ) -> None:
        """Make the client forget a cookie; all but its value must be as it was set."""
        self.set_cookie(
            name,
            "",
            max_age=0,
            expires="Thu, 01 Jan 1970 00:00:00 GMT",
            domain=domain,
            path=path,
            secure=secure or name.lower().startswith(("__secure-", "__host-")),
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
        )

    def add_cookies(self) -> None:
        """Put the cookies among the headers; called once, before the head is sent."""
        if self._cookies:
            headers = self.headers
            for morsel in self._cookies.values():
                headers.add(hdrs.SET_COOKIE, morsel.OutputString())
            self._cookies = None

    # A mapping.

    @overload
    def __getitem__(self, key: ResponseKey[_T]) -> _T: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    def __getitem__(self, key: Any) -> Any:
        return (self._state or {})[key]

    @overload
    def __setitem__(self, key: ResponseKey[_T], value: _T) -> None: ...
    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...
    def __setitem__(self, key: Any, value: Any) -> None:
        if self._state is None:
            self._state = {}
        self._state[key] = value

    def __delitem__(self, key: str) -> None:
        del (self._state or {})[key]

    def __len__(self) -> int:
        return len(self._state or ())

    def __iter__(self) -> Iterator[str]:
        return iter(self._state or ())

    def __bool__(self) -> bool:
        return True

    # Two responses are never equal, and each may be a key.
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.reason} not prepared>"


def _whole_seconds(cookie: str, given: int | str) -> int:
    try:
        return int(given)
    except (TypeError, ValueError):
        told = f"max_age of the cookie {cookie} is a whole number of seconds, not {given!r:.80}"
        raise WrongType(told) from None
