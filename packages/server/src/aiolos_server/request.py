"""The request as a handler sees it, over the head and the exchange that a link gives."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload
from urllib.parse import parse_qsl

from aiolos_protocol.limits import Limits
from aiolos_protocol.message import HttpVersion, RawHeaders, RequestHead
from aiolos_protocol.upgrade import Handover
from multidict import CIMultiDict, MultiDict, MultiDictProxy
from yarl import URL

from .announced import Stamp
from .keys import ChainMapProxy, RequestKey
from .parsed import method_of
from .received import ReceivedBody

_T = TypeVar("_T")

if TYPE_CHECKING:
    # For types alone, as an application is made of what handles requests; see pyproject.toml.
    from .app import Application

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


class BaseRequest(_Mapping, ReceivedBody):
    """One request; a mapping for whatever middlewares and handlers pass on."""

    # Defaults stand on the class: most requests never touch them.
    _state: "dict[str, Any] | None" = None
    _rel_url: URL | None = None
    _query: "MultiDictProxy[str] | None" = None
    _scheme: str | None = None
    _host: str | None = None
    _remote: str | None = None

    head: RequestHead

    # The head.

    @property
    def method(self) -> str:
        """The method, as sent; GET for a WebSocket, whatever the version (RFC 8441 5)."""
        return method_of(self.head)

    @property
    def version(self) -> HttpVersion:
        """The version, as `(major, minor)`."""
        return self.head.version

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
        target = self.head.target
        if "%" not in target and target.startswith("/"):
            return target.partition("?")[0]
        return self.rel_url.path

    @property
    def query_string(self) -> str:
        """The query, percent-decoded."""
        return self.rel_url.query_string

    @property
    def rel_url(self) -> URL:
        """The target as a URL without scheme and host."""
        url = self._rel_url
        if url is None:
            url = self._rel_url = _target_url(self.head.target)
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
    def keep_alive(self) -> bool:
        """Whether the client will go on with the connection."""
        return self.head.keep_alive

    # Where it comes from; tell() may have said otherwise.

    @property
    def host(self) -> str:
        """The authority that was asked for, with its port where one was given."""
        authority = self._host or self.head.authority
        if authority:
            return authority
        sockname = self._bearer.link.get_extra_info("sockname")
        if not isinstance(sockname, tuple):
            return "localhost"
        # RFC 3986 3.2.2: an address of IPv6 stands in brackets.
        address = str(sockname[0])
        return f"[{address}]" if ":" in address else address

    @property
    def scheme(self) -> str:
        """ "https" over TLS, else "http"."""
        if self._scheme is not None:
            return self._scheme
        return "http" if self._bearer.link.get_extra_info("ssl_object") is None else "https"

    @property
    def secure(self) -> bool:
        """True where the scheme is https."""
        return self.scheme == "https"

    @property
    def remote(self) -> str | None:
        """The client's address; None where the transport has none."""
        if self._remote is not None:
            return self._remote
        peername = self._bearer.link.get_extra_info("peername")
        if isinstance(peername, tuple):
            return str(peername[0])
        return str(peername) if peername else None

    def tell(
        self,
        *,
        remote: str | None = None,
        scheme: str | None = None,
        host: str | None = None,
    ) -> None:
        """Set what a proxy has told, for the access log as well; None leaves it."""
        self._remote = remote or self._remote
        self._scheme = scheme or self._scheme
        self._host = host or self._host

    def clone(
        self,
        *,
        method: str | None = None,
        rel_url: URL | str | None = None,
        headers: "Mapping[str, str] | None" = None,
        scheme: str | None = None,
        host: str | None = None,
        remote: str | None = None,
        client_max_size: int | None = None,
        client_max_fields: int | None = None,
    ) -> Self:
        """A request like this one in all but what is given; both are answered by one response.

        It shares the body and begins with a copy of the mapping. RuntimeError once the body has
        been read whole.
        """
        if self._body is not None:
            raise RuntimeError("a request whose body has been read cannot be cloned")
        head = self.head
        found = self._match_info
        if found is not None and found.shared:
            # Both have the same one from now on.
            found = self._match_info = found.own()
        other = type(self)(head, self._bearer, found)
        given = (method, rel_url, headers, client_max_size)
        if any(each is not None for each in given):
            other.head = RequestHead(
                method or head.method,
                head.target if rel_url is None else str(URL(rel_url)),
                head.version,
                headers=CIMultiDict(head.headers if headers is None else headers),
                length=head.length,
                chunked=head.chunked,
                keep_alive=head.keep_alive,
                upgrade=head.upgrade,
                authority=head.authority,
                scheme=head.scheme,
                protocol=head.protocol,
            )
        other._received = self._received or head
        other._scheme = scheme or self._scheme
        other._host = host or self._host
        other._remote = remote or self._remote
        other._max_size = self._max_size if client_max_size is None else client_max_size
        other._max_fields = self._max_fields if client_max_fields is None else client_max_fields
        other._content = self._content
        other._state = None if self._state is None else dict(self._state)
        return other

    # The connection.

    @property
    def protocol(self) -> Any:
        """The connection, as the server keeps it."""
        return self._bearer

    @property
    def transport(self) -> asyncio.Transport | None:
        """The connection's transport; None once the client is gone, or sends no more. What the
        handler has written before is handed to it first, so that who closes it, or writes to it,
        comes behind."""
        self._bearer.link.flush()
        transport: asyncio.Transport | None = self._bearer.transport
        return transport

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that serves it."""
        return self._bearer.link.loop

    @property
    def task(self) -> "asyncio.Task[Any] | None":
        """The task in which its handler runs."""
        return asyncio.current_task()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info()."""
        return self._bearer.link.get_extra_info(name, default)

    def take_over(self) -> Handover:
        """Take the connection out of HTTP; see Exchange.take_over."""
        return self.exchange.take_over()

    @property
    def limits(self) -> Limits:
        """The bounds on what the peer may ask for."""
        return self._bearer.limits

    @property
    def stamp(self) -> Stamp:
        """What the connection adds to the head of a response: Server, and the Date line."""
        return self._bearer.stamp

    def exceeded(self, limit: str, value: float) -> None:
        """Tell the operator that the request is refused for a limit."""
        self._bearer.exceeded(limit, value)

    async def preparing(self, response: Any) -> None:
        """Run on_response_prepare."""
        await self._bearer.preparing(self, response)

    @property
    def response_begun(self) -> bool:
        """Whether the head of a response has been sent; no other can follow."""
        return self._bearer.response_begun

    def on_farewell(self, farewell: Callable[[], None] | None) -> None:
        """Call `farewell()` when the server shuts down while this request lasts."""
        self._bearer.on_farewell(farewell)

    def on_disconnect(self, callback: Callable[[], None] | None) -> None:
        """Call `callback()` when the client goes away while this request lasts."""
        self._bearer.on_disconnect(callback)

    async def wait_for_disconnect(self) -> None:
        """Wait until the client is gone, or has closed its half of the connection."""
        await self._bearer.disconnected()

    # A mapping.

    def _mapping(self) -> dict[str, Any]:
        state = self._state
        if state is None:
            state = self._state = {}
        return state

    @overload
    def __getitem__(self, key: RequestKey[_T]) -> _T: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    def __getitem__(self, key: Any) -> Any:
        return self._mapping()[key]

    @overload
    def __setitem__(self, key: RequestKey[_T], value: _T) -> None: ...
    @overload
    def __setitem__(self, key: str, value: Any) -> None: ...
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
        target = self.head.target.encode("ascii", "backslashreplace").decode("ascii")
        return f"<{type(self).__name__} {self.head.method} {target} >"


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
    def app(self) -> "Application":
        """The application whose middleware or handler is running."""
        app: Application = self._match_info.current_app
        return app

    @property
    def config_dict(self) -> ChainMapProxy:
        """The values of all applications on the way to the route, the innermost one's first."""
        return ChainMapProxy(reversed(self._match_info.apps))


def _target_url(target: str) -> URL:
    if target.startswith("/"):
        path, _, query = target.partition("?")
        return URL.build(path=path, query_string=query, encoded=True)
    url = URL(target, encoded=True)
    return url.relative() if url.absolute else url
