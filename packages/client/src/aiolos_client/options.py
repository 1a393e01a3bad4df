"""What the verbs of a session take, for type checkers and for whoever mistypes a name."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypedDict

from aiolos_protocol.fields.authorization import BasicAuth
from aiolos_protocol.message import HttpVersion, ResponseHead

from .middlewares import ClientMiddlewareType
from .response import ClientResponse
from .retries import RetryPolicy
from .timeouts import ClientTimeout
from .typedefs import LooseCookies, LooseHeaders, Query, StrOrURL
from .upload import UploadTracker

RaiseForStatus = bool | Callable[[ClientResponse], Awaitable[None]]


class HandshakeOptions(TypedDict, total=False):
    """What ws_connect() takes beside its own; see RequestOptions."""

    params: Query
    cookies: LooseCookies | None
    auth: BasicAuth | None
    skip_auto_headers: Iterable[str] | None
    proxy: StrOrURL | None
    proxy_auth: BasicAuth | None
    proxy_headers: LooseHeaders | None
    verify_ssl: bool | None
    fingerprint: bytes | None
    ssl_context: Any
    ssl: Any
    server_hostname: str | None
    middlewares: Sequence[ClientMiddlewareType] | None
    trace_request_ctx: Any


class RequestOptions(HandshakeOptions, total=False):
    """What every verb takes. None means the session's default, and so does what is left out.

    `params` is added to the URL's query. The body: `data` (bytes, str, a mapping or pairs for a
    form, an open file, an async iterable, FormData, a Payload) or `json` (any value);
    `content_type` names its media type; `compress` (True, "deflate", "gzip", "br", "zstd") and
    `chunked` say how it is sent, `expect100` that the server is asked first, `upload_tracker`
    watches it.

    The head: `headers` replace the session's of the same name, `cookies` go beside the jar's,
    `auth` is Basic authentication, `skip_auto_headers` names what is not added by itself,
    `version` is HttpVersion10 or 11.

    The way: `ssl` (a context, a Fingerprint, False for no check; True: as the session or connector
    has it; `verify_ssl`, `ssl_context`, `fingerprint` are its old names), `server_hostname` is the
    name in TLS, `proxy` a URL, `proxy_auth` and `proxy_headers` are for it.

    The answer: `timeout` (a number is seconds in total), `allow_redirects` and `max_redirects` (at
    so many in a row it is over: one less is followed; 0 for no bound), `raise_for_status`,
    `auto_decompress`, `read_until_eof` (False: what has no length is empty), `on_informational`
    (called with each head of 1xx), and the bounds in bytes `read_bufsize`, `max_line_size`,
    `max_field_size`, `max_body_size` of what read(), text() and json() give, and `max_headers`, a
    count; of heads over HTTP/2 those hold that the connection was made with, which are the
    session's where the connector is its own.

    `middlewares` stand in place of the session's, `retry` too; `trace_request_ctx` goes to
    the trace configurations.
    """

    data: Any
    json: Any
    content_type: str | None
    headers: LooseHeaders | None
    allow_redirects: bool
    max_redirects: int
    compress: str | bool | None
    chunked: bool | None
    expect100: bool
    upload_tracker: UploadTracker | None
    raise_for_status: RaiseForStatus | None
    read_until_eof: bool
    timeout: ClientTimeout | float | None
    read_bufsize: int | None
    auto_decompress: bool | None
    max_line_size: int | None
    max_field_size: int | None
    max_headers: int | None
    max_body_size: int | None
    version: HttpVersion | None
    retry: RetryPolicy | None
    on_informational: Callable[[ResponseHead], object] | None


_KNOWN: Final = frozenset(RequestOptions.__annotations__)


# What says what the body is, or how it is sent.
_OF_BODIES: Final = ("data", "json", "content_type", "chunked", "expect100", "upload_tracker")


def check_no_body(options: Mapping[str, Any]) -> None:
    """TypeError where `options`, those of a handshake, have a body."""
    for name in _OF_BODIES:
        given = options.get(name)
        if given is not None and given is not False:
            raise TypeError(f"a WebSocket is opened without a body: ws_connect() takes no {name}")


def check_names(options: "RequestOptions") -> None:
    """TypeError for a name that is no option, with the nearest one that is."""
    unknown = options.keys() - _KNOWN
    if unknown:
        # Only for the message: whoever makes no mistake does not wait for the import.
        from difflib import get_close_matches

        name = min(unknown)
        near = get_close_matches(name, _KNOWN, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise TypeError(f"a request has no option {name!r}{hint}")
