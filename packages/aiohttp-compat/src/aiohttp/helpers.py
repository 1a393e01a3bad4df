"""What other libraries take from the original's helpers."""

import datetime as dt
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiolos.helpers import *  # noqa: F403
from aiolos.helpers import BasicAuth
from aiolos.helpers import __all__ as __all__
from aiolos_client.connector import UNSET
from aiolos_protocol.fields.content_type import parse_content_type as _parse_content_type
from aiolos_protocol.fields.dates import format_http_date as _format_http_date
from aiolos_protocol.fields.dates import parse_http_date as _parse_http_date
from aiolos_protocol.fields.disposition import format_disposition as _format_disposition
from aiolos_protocol.fields.etag import check_etag as validate_etag_value  # noqa: F401  # its name there
from aiolos_protocol.fields.syntax import quoted as _quoted
from aiolos_protocol.http1.serializer import may_have_body
from aiolos_server.keys import BaseKey as BaseKey
from multidict import MultiDict, MultiDictProxy
from yarl import URL

from ._absent import absent
from ._attrs import tell
from ._environment import ProxyInfo as ProxyInfo
from ._environment import basicauth_from_netrc as basicauth_from_netrc
from ._environment import get_env_proxy_for_url as get_env_proxy_for_url
from ._environment import netrc_from_env as netrc_from_env
from ._environment import proxies_from_env as proxies_from_env
from ._timers import BaseTimerContext as BaseTimerContext
from ._timers import TimeoutHandle as TimeoutHandle
from ._timers import TimerContext as TimerContext
from ._timers import TimerNoop as TimerNoop
from ._timers import calculate_timeout_when as calculate_timeout_when
from ._timers import call_later as call_later
from ._timers import ceil_timeout as ceil_timeout
from ._timers import weakref_handle as weakref_handle

absent(__name__)

# Stands for "not given", in the client's parameters as well.
sentinel: Final[Any] = UNSET
_SENTINEL: Final = type(UNSET)
ETAG_ANY: Final = "*"
DEBUG: Final = sys.flags.dev_mode or (
    not sys.flags.ignore_environment and bool(os.environ.get("PYTHONASYNCIODEBUG"))
)
IS_MACOS: Final = platform.system() == "Darwin"
IS_WINDOWS: Final = platform.system() == "Windows"
NO_EXTENSIONS: Final = False
DEFAULT_CHUNK_SIZE: Final = 2**18
EMPTY_BODY_METHODS: Final = frozenset({"HEAD"})
EMPTY_BODY_STATUS_CODES: Final = frozenset((204, 304, *range(100, 200)))


class noop:  # noqa: N801 - the original's name
    """Something to await that does nothing."""

    def __await__(self) -> Any:
        return iter(())


@dataclass(frozen=True, slots=True)
class MimeType:
    """A media type in its parts."""

    type: str
    subtype: str
    suffix: str
    parameters: "MultiDictProxy[str]"


tell(MimeType)


def parse_mimetype(mimetype: str) -> MimeType:
    """The parts of a media type; empty ones for ""."""
    if not mimetype:
        return MimeType("", "", "", MultiDictProxy(MultiDict()))
    essence, *pairs = mimetype.split(";")
    parameters: MultiDict[str] = MultiDict()
    for pair in pairs:
        if pair.strip():
            key, _, value = pair.partition("=")
            parameters.add(key.lower().strip(), value.strip(' "'))
    main, _, sub = essence.strip().lower().partition("/")
    if main == "*":
        sub = "*"
    sub, _, suffix = sub.partition("+")
    return MimeType(main, sub, suffix, MultiDictProxy(parameters))


def parse_content_type(raw: str) -> tuple[str, Any]:
    """The media type and its parameters."""
    found = _parse_content_type(raw)
    return found.essence, found.parameters


class HeadersMixin:
    """What the fields say of the body; a subclass has the fields in `_headers`."""

    _headers: Mapping[str, str]

    @property
    def content_type(self) -> str:
        """The media type; application/octet-stream where there is none."""
        return _parse_content_type(self._headers.get("Content-Type")).essence

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type, if any."""
        return _parse_content_type(self._headers.get("Content-Type")).parameters.get("charset")

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes where the fields announce it."""
        length = self._headers.get("Content-Length")
        return None if length is None else int(length)


def parse_http_date(date_str: str | None) -> dt.datetime | None:
    """A date of HTTP; None for what is none."""
    return _parse_http_date(date_str)


def strip_auth_from_url(url: URL) -> tuple[URL, BasicAuth | None]:
    """`url` without user information, and that as credentials."""
    auth = BasicAuth.from_url(url)
    return (url, None) if auth is None else (url.with_user(None), auth)


def guess_filename(obj: Any, default: str | None = None) -> str | None:
    """The name of an open file."""
    name = getattr(obj, "name", None)
    if name and isinstance(name, str) and not (name.startswith("<") or name.endswith(">")):
        return os.path.basename(name)
    return default


def is_ip_address(host: str | None) -> bool:
    """Whether `host` is an address."""
    from aiolos_client.addresses import is_ip

    return bool(host) and is_ip(str(host))


def must_be_empty_body(method: str, code: int) -> bool:
    """Whether an answer to `method` with the status `code` has no body."""
    return (
        code in EMPTY_BODY_STATUS_CODES
        or method in EMPTY_BODY_METHODS
        or (200 <= code < 300 and method == "CONNECT")
    )


def should_remove_content_length(method: str, code: int) -> bool:
    """Whether such an answer has no Content-Length either."""
    return not may_have_body(code) and code != 304


def set_result(fut: Any, result: Any) -> None:
    """Give a future its result, unless it is done."""
    if not fut.done():
        fut.set_result(result)


def set_exception(fut: Any, exc: BaseException, exc_cause: BaseException | None = None) -> None:
    """Give a future, or a reader, its error, unless it is done; `exc_cause` is its cause."""
    done = getattr(fut, "done", None)
    if done is not None and done():
        return
    if exc_cause is not None:
        exc.__cause__ = exc_cause
    fut.set_exception(exc)


def quoted_string(content: str) -> str:
    """The inside of a quoted string. ValueError for what cannot stand in one (RFC 9110 5.6.4)."""
    return _quoted(content)[1:-1]


def content_disposition_header(
    disptype: str, quote_fields: bool = True, _charset: str = "utf-8", **params: str
) -> str:
    """A Content-Disposition field. ValueError for a type or a name that is no token."""
    return _format_disposition(disptype, params, quote_fields=quote_fields, charset=_charset)


def rfc822_formatted_time() -> str:
    """The time as the field Date has it."""
    return _format_http_date(time.time())
