"""The request as a handler sees it, over the head and the exchange that a link gives."""

import asyncio
import json
from collections.abc import Callable, Iterator, MutableMapping
from http.cookies import CookieError, SimpleCookie
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import parse_qsl

from aiolos_protocol import hdrs
from aiolos_protocol.errors import RemoteProtocolError
from aiolos_protocol.exchange import Exchange, ServerLink
from aiolos_protocol.message import HttpVersion, RawHeaders, RequestHead
from aiolos_protocol.streams import EMPTY, StreamReader
from aiolos_protocol.upgrade import Handover
from multidict import CIMultiDictProxy, MultiDict, MultiDictProxy
from yarl import URL

from .core import RequestCore
from .errors import HTTPBadRequest, HTTPException, HTTPRequestEntityTooLarge
from .keys import ChainMapProxy
from .response import StreamResponse

_FORM: Final = "application/x-www-form-urlencoded"


class Bearer(Protocol):
    """The connection, as a request uses it."""

    @property
    def link(self) -> ServerLink: ...
    @property
    def client_max_size(self) -> int: ...
    async def preparing(self, request: Any, response: StreamResponse) -> None: ...
    def on_farewell(self, farewell: Callable[[], None] | None) -> None: ...
    async def disconnected(self) -> None: ...


if TYPE_CHECKING:
    _Mapping = MutableMapping[str, Any]
else:

    @MutableMapping.register
    class _Mapping:
        """What MutableMapping adds, without its metaclass: that would make requests dearer."""

        __contains__ = MutableMapping.__contains__
        clear = MutableMapping.clear
        get = MutableMapping.get
        items = MutableMapping.items
        keys = MutableMapping.keys
        pop = MutableMapping.pop
        popitem = MutableMapping.popitem
        setdefault = MutableMapping.setdefault
        update = MutableMapping.update
        values = MutableMapping.values


class BaseRequest(_Mapping, RequestCore):
    """One request; a mapping for whatever middlewares and handlers pass on.

    Reading the body suspends until it is there. Malformed bodies raise an HTTPException of the
    4xx family, a connection that is lost ConnectionResetError.
    """

    # Defaults stand on the class: most requests never touch them.
    _state: dict[str, Any] | None = None
    _url: URL | None = None
    _query: "MultiDictProxy[str] | None" = None
    _body: bytes | None = None
    _form: "MultiDictProxy[Any] | None" = None
    _content: StreamReader | None = None
    _response: StreamResponse | None = None
    malformed: Exception | None = None
    """What json() last raised: left uncaught, it is the peer's fault."""

    head: RequestHead
    _bearer: Bearer
    _match_info: Any

    # The head.

    @property
    def method(self) -> str:
        """The method, as sent."""
        return self.head.method

    @property
    def version(self) -> HttpVersion:
        """The version, as `(major, minor)`."""
        return self.head.version

    @property
    def headers(self) -> "CIMultiDictProxy[str]":
        """The fields, read-only."""
        return self.head.headers

    @property
    def raw_headers(self) -> RawHeaders:
        """The fields as `(name, value)` bytes."""
        return self.head.raw_headers

    @property
    def path_qs(self) -> str:
        """The path with its query, as sent."""
        return self.head.target

    @property
    def raw_path(self) -> str:
        """The path with its query, as sent."""
        return self.head.target

    @property
    def path(self) -> str:
        """The path, percent-decoded."""
        return self.rel_url.path

    @property
    def query_string(self) -> str:
        """The query, percent-decoded."""
        return self.rel_url.query_string

    @property
    def rel_url(self) -> URL:
        """The target as a URL without scheme and host."""
        url = self._url
        if url is None:
            url = self._url = _target_url(self.head.target)
        return url

    @property
    def url(self) -> URL:
        """The whole URL that was asked for."""
        return URL.build(scheme=self.scheme, authority=self.host).join(self.rel_url)

    @property
    def query(self) -> "MultiDictProxy[str]":
        """The query's variables, read-only; no URL is built for them."""
        query = self._query
        if query is None:
            _, _, text = self.head.target.partition("?")
            pairs = parse_qsl(text, keep_blank_values=True) if text else ()
            query = self._query = MultiDictProxy(MultiDict(pairs))
        return query

    @property
    def host(self) -> str:
        """The authority that was asked for, with its port where one was given."""
        authority = self.head.authority
        if authority:
            return authority
        sockname = self._bearer.link.get_extra_info("sockname")
        return str(sockname[0]) if isinstance(sockname, tuple) else "localhost"

    @property
    def scheme(self) -> str:
        """ "https" over TLS, else "http"."""
        return "https" if self.secure else "http"

    @property
    def secure(self) -> bool:
        """True over TLS."""
        return self._bearer.link.get_extra_info("ssl_object") is not None

    @property
    def remote(self) -> str | None:
        """The peer's address; None where the transport has none."""
        peername = self._bearer.link.get_extra_info("peername")
        if isinstance(peername, tuple):
            return str(peername[0])
        return str(peername) if peername else None

    @property
    def cookies(self) -> "MappingProxyType[str, str]":
        """The cookies sent; what is no cookie is left out."""
        try:
            jar = SimpleCookie(self.headers.get(hdrs.COOKIE, ""))
        except CookieError:
            jar = SimpleCookie()
        return MappingProxyType({name: morsel.value for name, morsel in jar.items()})

    @property
    def content_type(self) -> str:
        """The body's media type without parameters, lower case."""
        value = self.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream")
        return value.partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset parameter of Content-Type, if any."""
        value = self.headers.get(hdrs.CONTENT_TYPE, "")
        for parameter in value.split(";")[1:]:
            name, _, charset = parameter.strip().partition("=")
            if name.lower() == "charset":
                return charset.strip('"')
        return None

    @property
    def content_length(self) -> int | None:
        """The body's length in bytes where the head announces it."""
        length = self.head.length
        return length if length >= 0 else None

    @property
    def keep_alive(self) -> bool:
        """Whether the client will go on with the connection."""
        return self.head.keep_alive

    # The exchange.

    @property
    def exchange(self) -> Exchange:
        """The exchange below; LocalProtocolError once it has ended."""
        return self._bearer.link.exchange(self.head)

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection's transport; None once it is gone."""
        return self._bearer.link.transport

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info()."""
        return self._bearer.link.get_extra_info(name, default)

    def take_over(self) -> Handover:
        """Take the connection out of HTTP; see Exchange.take_over."""
        return self.exchange.take_over()

    async def preparing(self, response: StreamResponse) -> None:
        """Run on_response_prepare."""
        self._response = response
        await self._bearer.preparing(self, response)

    @property
    def response_begun(self) -> bool:
        """Whether the head of a response has been sent; no other can follow."""
        return self._response is not None and self._response.prepared

    def on_farewell(self, farewell: Callable[[], None] | None) -> None:
        """Call `farewell()` when the server shuts down while this request lasts."""
        self._bearer.on_farewell(farewell)

    async def wait_for_disconnect(self) -> None:
        """Wait until the client is gone, or has closed its half of the connection."""
        await self._bearer.disconnected()

    # The body.

    @property
    def body_exists(self) -> bool:
        """True where the head announces a body."""
        return self.head.length > 0 or self.head.chunked

    @property
    def can_read_body(self) -> bool:
        """True where something of the body is left to read."""
        return self.body_exists and not self.content.at_eof()

    @property
    def content(self) -> StreamReader:
        """The body as a stream."""
        content = self._content
        if content is None:
            content = self.exchange.body if self.body_exists else EMPTY
            self._content = content
        return content

    payload = content

    async def read(self) -> bytes:
        """The whole body; again the same bytes. HTTPRequestEntityTooLarge above the limit."""
        body = self._body
        if body is None:
            parts: list[bytes] = []
            size = 0
            limit = self._bearer.client_max_size
            content = self.content
            if limit and self.head.length > limit:
                raise HTTPRequestEntityTooLarge(max_size=limit, actual_size=self.head.length)
            try:
                while data := await content.readany():
                    size += len(data)
                    if limit and size > limit:
                        raise HTTPRequestEntityTooLarge(max_size=limit, actual_size=size)
                    parts.append(data)
            except RemoteProtocolError as error:
                raise malformed_body(error) from error
            body = self._body = b"".join(parts)
        return body

    async def text(self) -> str:
        """The body as text, by the charset of Content-Type or utf-8; 400 where it is not."""
        encoding = self.charset or "utf-8"
        body = await self.read()
        try:
            return body.decode(encoding)
        except (UnicodeDecodeError, LookupError) as error:
            raise HTTPBadRequest(text=f"400: the body is not {encoding[:40]} text") from error

    async def json(self, *, loads: Callable[[str], Any] = json.loads) -> Any:
        """The body as JSON; raises what `loads` raises, which left uncaught is answered 400."""
        text = await self.text()
        try:
            return loads(text)
        except Exception as error:
            self.malformed = error
            raise

    async def post(self) -> "MultiDictProxy[Any]":
        """The body as an urlencoded form; empty for other methods and content types."""
        form = self._form
        if form is None:
            pairs: list[tuple[str, str]] = []
            if self.content_type == _FORM:
                text = (await self.read()).decode(self.charset or "utf-8", "replace")
                pairs = parse_qsl(text, keep_blank_values=True)
            form = self._form = MultiDictProxy(MultiDict(pairs))
        return form

    # A mapping.

    def _mapping(self) -> dict[str, Any]:
        state = self._state
        if state is None:
            state = self._state = {}
        return state

    def __getitem__(self, key: Any) -> Any:
        return self._mapping()[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._mapping()[key] = value

    def __delitem__(self, key: Any) -> None:
        del self._mapping()[key]

    def __len__(self) -> int:
        return len(self._mapping())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._mapping())

    def __bool__(self) -> bool:
        return True

    # Two requests are never equal, and each may be a key.
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.head.method} {self.head.target} >"


class Request(BaseRequest):
    """A request that a route of an application matched."""

    @property
    def match_info(self) -> Any:
        """What the path's variables are, and which route matched."""
        found = self._match_info
        if found.shared:
            found = self._match_info = found.own()
        return found

    @property
    def app(self) -> Any:
        """The application whose middleware or handler is running."""
        return self._match_info.current_app

    @property
    def config_dict(self) -> ChainMapProxy:
        """The values of all applications on the way to the route, the innermost one's first."""
        return ChainMapProxy(reversed(self._match_info.apps))


def malformed_body(error: RemoteProtocolError) -> HTTPException:
    """The answer to a body that breaks the rules of its framing."""
    answer = HTTPBadRequest(text=f"{error.status_hint}: the body is malformed")
    answer.set_status(error.status_hint)
    answer.force_close()
    return answer


def _target_url(target: str) -> URL:
    if target.startswith("/"):
        path, _, query = target.partition("?")
        return URL.build(path=path, query_string=query, encoded=True)
    return URL(target, encoded=True)
