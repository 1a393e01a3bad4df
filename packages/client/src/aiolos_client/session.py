"""ClientSession: what requests have in common, the verbs, and the end of it all."""

import asyncio
import json as json_module
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from aiolos_protocol import hdrs
from aiolos_protocol.contracts import Offer
from aiolos_protocol.message import HttpVersion11, RequestHead
from multidict import CIMultiDict
from yarl import URL

from ._version import __version__
from .connector import BaseConnector, TCPConnector
from .request import (
    ClientRequest,
    Target,
    encode_body,
    make_head,
    parse_url,
    with_params,
)
from .response import ClientResponse
from .sender import Sender
from .timeouts import DEFAULT_TIMEOUT, ClientTimeout
from .websocket import ClientWebSocketResponse, ClientWSTimeout, connect, ws_options

USER_AGENT: Final = f"aiolos/{__version__}"
_DEFAULTS: Final = {hdrs.ACCEPT: "*/*", hdrs.USER_AGENT: USER_AGENT}
# How many URLs are kept ready; a crawler's are all different and must not pile up.
_TARGETS: Final = 256

Params = Any


class _Closing(Protocol):
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


_T = TypeVar("_T", bound=_Closing)


class _Context(Generic[_T]):
    """What a verb gives: awaiting it gives the result, `async with` ends it as well."""

    __slots__ = ("_coro", "_result")

    def __init__(self, coro: Coroutine[Any, Any, _T]) -> None:
        self._coro = coro

    def __await__(self) -> Generator[Any, Any, _T]:
        return self._coro.__await__()

    async def __aenter__(self) -> _T:
        self._result = await self._coro
        return self._result

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._result.__aexit__(exc_type, exc, traceback)


RaiseForStatus = bool | Callable[[ClientResponse], Awaitable[None]]


class ClientSession:
    """Makes requests over shared connections; `async with` closes it.

    `base_url` is what relative URLs are joined to; `headers` go with every request; `timeout`
    bounds each (default: 5 minutes in total, 30 seconds of dialling); `raise_for_status` True
    raises ClientResponseError from status 400 upwards, a coroutine function judges by itself.
    `connector` is used and, unless `connector_owner` is False, closed. `json_serialize` turns
    what `json=` takes into text. `retry_disconnected` allows to repeat, once, an idempotent
    request that an idle connection swallowed. Must be made in a running loop.
    """

    def __init__(
        self,
        base_url: str | URL | None = None,
        *,
        connector: BaseConnector | None = None,
        connector_owner: bool = True,
        headers: Mapping[str, str] | None = None,
        json_serialize: Callable[[Any], str] = json_module.dumps,
        raise_for_status: RaiseForStatus = False,
        timeout: ClientTimeout = DEFAULT_TIMEOUT,
        retry_disconnected: bool = True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._base_url = None if base_url is None else _checked_base(base_url)
        self._connector = TCPConnector() if connector is None else connector
        self._connector_owner = connector_owner
        self._headers: CIMultiDict[str] = CIMultiDict(headers or {})
        self._dumps = json_serialize
        self._raise_for_status = raise_for_status
        self._timeout = _checked_timeout(timeout)
        self._sender = Sender(self._loop, self._connector, retry_disconnected)
        self._targets: dict[str | URL, Target] = {}
        self._closed = False

    # The verbs.

    def request(self, method: str, url: str | URL, **options: Any) -> _Context[ClientResponse]:
        """Ask `url` by `method`; `options` are those of _request()."""
        return _Context(self._request(method, url, **options))

    def get(self, url: str | URL, **options: Any) -> _Context[ClientResponse]:
        """request() by GET."""
        return _Context(self._request("GET", url, **options))

    def head(self, url: str | URL, **options: Any) -> _Context[ClientResponse]:
        """request() by HEAD."""
        return _Context(self._request("HEAD", url, **options))

    def options(self, url: str | URL, **options: Any) -> _Context[ClientResponse]:
        """request() by OPTIONS."""
        return _Context(self._request("OPTIONS", url, **options))

    def post(self, url: str | URL, **options: Any) -> _Context[ClientResponse]:
        """request() by POST."""
        return _Context(self._request("POST", url, **options))

    def put(self, url: str | URL, **options: Any) -> _Context[ClientResponse]:
        """request() by PUT."""
        return _Context(self._request("PUT", url, **options))

    def patch(self, url: str | URL, **options: Any) -> _Context[ClientResponse]:
        """request() by PATCH."""
        return _Context(self._request("PATCH", url, **options))

    def delete(self, url: str | URL, **options: Any) -> _Context[ClientResponse]:
        """request() by DELETE."""
        return _Context(self._request("DELETE", url, **options))

    async def _request(
        self,
        method: str,
        url: str | URL,
        *,
        params: Params = None,
        data: Any = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: ClientTimeout | None = None,
        raise_for_status: RaiseForStatus | None = None,
    ) -> ClientResponse:
        """The response, its body still to come.

        Raises ClientError or a subclass, TimeoutError at the deadline, RuntimeError on a closed
        session, ValueError or TypeError for what cannot be sent.
        """
        if self._closed:
            raise RuntimeError("the session is closed; make a new ClientSession")
        target = self._target(url, params)
        body, content_type = encode_body(data, json, self._dumps)
        length = len(body) if isinstance(body, bytes) else -1
        head = self._head(method.upper(), target, headers, content_type, length)
        request = ClientRequest(
            head.method,
            target,
            head,
            body,
            self._timeout if timeout is None else _checked_timeout(timeout),
            self._loop.time(),
        )
        response = await self._sender.send(request)
        judge = self._raise_for_status if raise_for_status is None else raise_for_status
        if judge is True:
            response.raise_for_status()
        elif judge:
            await judge(response)
        return response

    def _target(self, url: str | URL, params: Params) -> Target:
        if params is None:
            known = self._targets.get(url)
            if known is not None:
                return known
        whole = parse_url(url)
        if self._base_url is not None and not whole.absolute:
            whole = self._base_url.join(whole)
        target = Target(with_params(whole, params), getattr(self._connector, "ssl", True))
        if params is None:
            if len(self._targets) >= _TARGETS:
                self._targets.clear()
            self._targets[url] = target
        return target

    def _head(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str] | None,
        content_type: str,
        length: int,
    ) -> RequestHead:
        plain = not headers and not content_type
        if plain:
            known = target.plain_heads.get(method)
            if known is not None:
                return known
        fields: CIMultiDict[str] = CIMultiDict(_DEFAULTS)
        fields.update(self._headers)
        if headers:
            fields.update(headers)
        head = make_head(method, target, fields, content_type, length)
        if plain:
            target.plain_heads[method] = head
        return head

    # WebSockets.

    def ws_connect(
        self,
        url: str | URL,
        *,
        method: str = "GET",
        protocols: Iterable[str] = (),
        timeout: ClientWSTimeout | float | None = None,
        receive_timeout: float | None = None,
        autoclose: bool = True,
        autoping: bool = True,
        heartbeat: float | None = None,
        origin: str | None = None,
        params: Params = None,
        headers: Mapping[str, str] | None = None,
        compress: int = 0,
        max_msg_size: int = 4 * 1024 * 1024,
        decode_text: bool = True,
    ) -> _Context[ClientWebSocketResponse]:
        """Open a WebSocket; sizes are bytes, times seconds; see ClientWSTimeout.

        Raises WSServerHandshakeError where the server does not agree, and what request() raises.
        ValueError for another `method` than GET (RFC 6455 4.1).
        """
        if method.upper() != "GET":
            raise ValueError(f"a WebSocket is opened by GET, not by {method}")
        options = ws_options(
            protocols=protocols,
            timeout=timeout,
            receive_timeout=receive_timeout,
            autoclose=autoclose,
            autoping=autoping,
            heartbeat=heartbeat,
            origin=origin,
            headers=headers,
            compress=compress,
            max_msg_size=max_msg_size,
            decode_text=decode_text,
        )

        async def send(offer: Offer) -> ClientResponse:
            asked = offer.head(HttpVersion11)
            # No bound in total: a WebSocket stays open as long as it is used.
            return await self._request(
                asked.method,
                url,
                params=params,
                headers=asked.headers,
                timeout=ClientTimeout(sock_connect=self._timeout.sock_connect),
                raise_for_status=False,
            )

        return _Context(connect(send, options))

    # The end.

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._closed

    @property
    def connector(self) -> BaseConnector:
        """The connector."""
        return self._connector

    @property
    def headers(self) -> "CIMultiDict[str]":
        """What goes with every request."""
        return self._headers

    @property
    def timeout(self) -> ClientTimeout:
        """The bound of each request."""
        return self._timeout

    async def close(self) -> None:
        """Close the connections, where they are the session's own; may be repeated."""
        if self._closed:
            return
        self._closed = True
        if self._connector_owner:
            await self._connector.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __enter__(self) -> None:
        raise TypeError("a ClientSession is closed by awaiting: use async with")

    def __exit__(self, *exc: object) -> None:
        """For the sake of the message that __enter__ gives."""

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):
            warnings.warn(
                f"unclosed {self!r}: use async with, or await its close()",
                ResourceWarning,
                source=self,
                stacklevel=1,
            )

    def __repr__(self) -> str:
        return f"<ClientSession 0x{id(self):x}>"


def _checked_base(base_url: str | URL) -> URL:
    url = parse_url(base_url)
    if not url.absolute:
        raise ValueError(f"base_url is a whole URL, like http://host/path/, not {str(url)!r}")
    return url


def _checked_timeout(timeout: ClientTimeout) -> ClientTimeout:
    if not isinstance(timeout, ClientTimeout):
        raise TypeError(
            f"timeout takes a ClientTimeout, like ClientTimeout(total=60), not {timeout!r}"
        )
    return timeout
