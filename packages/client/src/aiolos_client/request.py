"""What is asked: the target, the head and the body of a request."""

import json as json_module
from collections.abc import AsyncIterable, Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from aiolos_protocol import hdrs
from aiolos_protocol.message import RequestHead
from aiolos_protocol.methods import IDEMPOTENT
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict
from yarl import URL

from .errors import InvalidUrlClientError, NonHttpUrlClientError
from .keys import ConnectionKey
from .timeouts import ClientTimeout


class RequestInfo(NamedTuple):
    """What was asked, for error messages and responses."""

    url: URL
    method: str
    headers: "CIMultiDictProxy[str]"
    real_url: URL


class Target:
    """A URL made ready: where to connect, what to ask there. Shared by equal requests.

    `plain_heads` keeps, per method, the head of a request that has no fields of its own.
    """

    __slots__ = ("authority", "key", "plain_heads", "target", "url")

    def __init__(self, url: URL, ssl: Any) -> None:
        scheme = url.scheme
        host = url.raw_host
        if scheme not in ("http", "https", "ws", "wss"):
            if not url.absolute:
                raise InvalidUrlClientError(
                    url,
                    "a relative URL needs ClientSession(base_url=...), or write the whole URL, "
                    "like http://host/path",
                )
            raise NonHttpUrlClientError(url, f"the scheme {scheme!r} is not http or https")
        if not host:
            raise InvalidUrlClientError(url, "the URL has no host")
        port = url.port
        if port is None or not 0 < port < 65536:
            raise InvalidUrlClientError(url, f"the port {port} is not 1 to 65535")
        secure = scheme in ("https", "wss")
        self.url = url
        self.key = ConnectionKey(host, port, secure, ssl if secure else True)
        self.target = url.raw_path_qs or "/"
        authority = f"[{host}]" if ":" in host else host
        self.authority = authority if url.is_default_port() else f"{authority}:{port}"
        self.plain_heads: dict[str, RequestHead] = {}


class ClientRequest:
    """A request that is ready to be sent.

    `body` is bytes, or an async iterable that can be sent once; `begun` is the loop's time at
    which `timeout` began to run.
    """

    __slots__ = ("begun", "body", "head", "method", "target", "timeout")

    def __init__(
        self,
        method: str,
        target: Target,
        head: RequestHead,
        body: bytes | AsyncIterable[bytes],
        timeout: ClientTimeout,
        begun: float,
    ) -> None:
        self.method = method
        self.target = target
        self.head = head
        self.body = body
        self.timeout = timeout
        self.begun = begun

    def is_repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does (RFC 9110 9.2.2)."""
        return self.method in IDEMPOTENT and isinstance(self.body, bytes)

    def info(self) -> RequestInfo:
        """For responses and errors."""
        url = self.target.url
        return RequestInfo(url.with_fragment(None), self.method, self.head.headers, url)

    def __str__(self) -> str:
        return f"{self.method} {self.target.url}"


def parse_url(url: Any) -> URL:
    """`url` as a URL. InvalidUrlClientError or TypeError say what is wrong with it."""
    if isinstance(url, URL):
        return url
    if not isinstance(url, str):
        raise TypeError(f"a URL is a str or yarl.URL, not {type(url).__name__}")
    try:
        return URL(url)
    except ValueError as error:
        raise InvalidUrlClientError(url, str(error)) from None


def with_params(url: URL, params: Any) -> URL:
    """`url` with `params` (mapping, pairs or str) added to its query."""
    if not params:
        return url
    added = url.with_query(params)
    if url.raw_query_string:
        query = MultiDict(url.query)
        query.extend(added.query)
        return url.with_query(query)
    return added


def encode_body(
    data: Any, json: Any, dumps: Callable[[Any], str]
) -> tuple[bytes | AsyncIterable[bytes], str]:
    """The body to send, b"" for none, and its content type, "" where there is none.

    `data`: bytes-like, str (utf-8), a mapping or pairs (urlencoded form), or an async iterable of
    bytes. ValueError for both `data` and `json`, TypeError for another type.
    """
    if json is not None:
        if data is not None:
            raise ValueError("give data or json, not both")
        return dumps(json).encode(), "application/json"
    if data is None:
        return b"", ""
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data), "application/octet-stream"
    if isinstance(data, str):
        return data.encode(), "text/plain; charset=utf-8"
    if isinstance(data, AsyncIterable):
        return data, "application/octet-stream"
    if isinstance(data, (Mapping, list, tuple)):
        return _form(data).encode(), "application/x-www-form-urlencoded"
    raise TypeError(
        f"data takes bytes, str, a mapping for a form or an async iterable of bytes, "
        f"not {type(data).__name__}"
    )


def _form(data: Any) -> str:
    pairs = list(data.items()) if isinstance(data, Mapping) else list(data)
    for name, value in pairs:
        if not isinstance(value, (str, int, float)):
            raise TypeError(f"the form field {name!r} takes a str or a number, not {value!r:.80}")
    return urlencode(pairs)


def make_head(
    method: str, target: Target, fields: "CIMultiDict[str]", content_type: str, length: int
) -> RequestHead:
    """The head of a request; `fields` are the user's and go first but for Host, which is first."""
    headers: CIMultiDict[str] = CIMultiDict()
    headers[hdrs.HOST] = fields.pop(hdrs.HOST, target.authority)
    headers.extend(fields)
    if content_type and hdrs.CONTENT_TYPE not in headers:
        headers[hdrs.CONTENT_TYPE] = content_type
    return RequestHead(method, target.target, headers=headers, length=length)


dump_json = json_module.dumps
