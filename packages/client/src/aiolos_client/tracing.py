"""Signals about the life of a request; each part of the package sends those of its own work.

Sessions and responses are Any here: the parts that make them stand above this one.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from aiosignal import Signal
from multidict import CIMultiDict
from yarl import URL


@dataclass(frozen=True, slots=True)
class TraceRequestStartParams:
    """A request begins; `headers` are those that it will have."""

    method: str
    url: URL
    headers: "CIMultiDict[str]"


@dataclass(frozen=True, slots=True)
class TraceRequestChunkSentParams:
    """A piece of the request's body was handed to the connection."""

    method: str
    url: URL
    chunk: bytes


@dataclass(frozen=True, slots=True)
class TraceResponseChunkReceivedParams:
    """The response's body was read."""

    method: str
    url: URL
    chunk: bytes


@dataclass(frozen=True, slots=True)
class TraceRequestEndParams:
    """The response's head is there; redirections are behind it."""

    method: str
    url: URL
    headers: "CIMultiDict[str]"
    response: Any


@dataclass(frozen=True, slots=True)
class TraceRequestExceptionParams:
    """The request failed."""

    method: str
    url: URL
    headers: "CIMultiDict[str]"
    exception: BaseException


@dataclass(frozen=True, slots=True)
class TraceRequestRedirectParams:
    """`response` sends the request elsewhere."""

    method: str
    url: URL
    headers: "CIMultiDict[str]"
    response: Any


@dataclass(frozen=True, slots=True)
class TraceConnectionQueuedStartParams:
    """The request waits for a place among the connections."""


@dataclass(frozen=True, slots=True)
class TraceConnectionQueuedEndParams:
    """The request waits no longer."""


@dataclass(frozen=True, slots=True)
class TraceConnectionCreateStartParams:
    """A connection is opened."""


@dataclass(frozen=True, slots=True)
class TraceConnectionCreateEndParams:
    """A connection is open."""


@dataclass(frozen=True, slots=True)
class TraceConnectionReuseconnParams:
    """An idle connection is used again."""


@dataclass(frozen=True, slots=True)
class TraceDnsResolveHostStartParams:
    """A name is looked up."""

    host: str


@dataclass(frozen=True, slots=True)
class TraceDnsResolveHostEndParams:
    """A name was looked up."""

    host: str


@dataclass(frozen=True, slots=True)
class TraceDnsCacheHitParams:
    """A name's addresses were known."""

    host: str


@dataclass(frozen=True, slots=True)
class TraceDnsCacheMissParams:
    """A name's addresses were not known."""

    host: str


@dataclass(frozen=True, slots=True)
class TraceRequestHeadersSentParams:
    """The request's head was handed to the connection."""

    method: str
    url: URL
    headers: "CIMultiDict[str]"


class TraceConfig:
    """Coroutine functions to be called `(session, context, params)` along each request.

    Append them to the `on_...` signals before the session's first request. `context` is what
    trace_config_ctx() gives, made anew for each request.
    """

    def __init__(self, trace_config_ctx_factory: type[Any] = SimpleNamespace) -> None:
        self.on_request_start: Signal[Any, Any, TraceRequestStartParams] = Signal(self)
        self.on_request_chunk_sent: Signal[Any, Any, TraceRequestChunkSentParams] = Signal(self)
        self.on_response_chunk_received: Signal[Any, Any, TraceResponseChunkReceivedParams] = (
            Signal(self)
        )
        self.on_request_end: Signal[Any, Any, TraceRequestEndParams] = Signal(self)
        self.on_request_exception: Signal[Any, Any, TraceRequestExceptionParams] = Signal(self)
        self.on_request_redirect: Signal[Any, Any, TraceRequestRedirectParams] = Signal(self)
        self.on_connection_queued_start: Signal[Any, Any, TraceConnectionQueuedStartParams] = (
            Signal(self)
        )
        self.on_connection_queued_end: Signal[Any, Any, TraceConnectionQueuedEndParams] = Signal(
            self
        )
        self.on_connection_create_start: Signal[Any, Any, TraceConnectionCreateStartParams] = (
            Signal(self)
        )
        self.on_connection_create_end: Signal[Any, Any, TraceConnectionCreateEndParams] = Signal(
            self
        )
        self.on_connection_reuseconn: Signal[Any, Any, TraceConnectionReuseconnParams] = Signal(
            self
        )
        self.on_dns_resolvehost_start: Signal[Any, Any, TraceDnsResolveHostStartParams] = Signal(
            self
        )
        self.on_dns_resolvehost_end: Signal[Any, Any, TraceDnsResolveHostEndParams] = Signal(self)
        self.on_dns_cache_hit: Signal[Any, Any, TraceDnsCacheHitParams] = Signal(self)
        self.on_dns_cache_miss: Signal[Any, Any, TraceDnsCacheMissParams] = Signal(self)
        self.on_request_headers_sent: Signal[Any, Any, TraceRequestHeadersSentParams] = Signal(self)
        self._context_factory = trace_config_ctx_factory

    def trace_config_ctx(self, trace_request_ctx: Any = None) -> Any:
        """The context of one request; `trace_request_ctx` is what the request was given."""
        return self._context_factory(trace_request_ctx=trace_request_ctx)

    def freeze(self) -> None:
        """No further callback may be added."""
        for value in vars(self).values():
            if isinstance(value, Signal):
                value.freeze()


class Traces:
    """The configurations of a session, with their contexts for one request."""

    __slots__ = ("_configs", "_session")

    def __init__(self, session: Any, configs: "list[TraceConfig]", trace_request_ctx: Any) -> None:
        self._session = session
        self._configs = [(each, each.trace_config_ctx(trace_request_ctx)) for each in configs]

    def listens(self, name: str) -> bool:
        """Whether anything hangs on the signal `name`."""
        return any(getattr(config, name) for config, _ in self._configs)

    async def start(self, params: TraceRequestStartParams) -> None:
        """Send on_request_start. Where a callback raises, those that were not told of the start
        are told nothing more."""
        configs = self._configs
        self._configs = []
        for config, context in configs:
            if config.on_request_start:
                await self._tell("on_request_start", config, context, params)
            self._configs.append((config, context))

    async def send(self, name: str, params: Any) -> None:
        """Call what hangs on the signal `name` of every configuration, in order."""
        for config, context in self._configs:
            if getattr(config, name):
                await self._tell(name, config, context, params)

    async def _tell(self, name: str, config: TraceConfig, context: Any, params: Any) -> None:
        for callback in getattr(config, name):
            telling = callback(self._session, context, params)
            if not hasattr(telling, "__await__"):
                raise TypeError(f"{callback!r:.200} on the signal {name} is no coroutine function")
            await telling
