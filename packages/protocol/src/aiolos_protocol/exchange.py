"""One request and its response, in the same words for either role and every HTTP version.

Nothing above the link layer asks which version it is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from multidict import CIMultiDict

from .errors import ProtocolError
from .limits import Limits
from .message import RequestHead, ResponseHead
from .streams import StreamReader
from .upgrade import Handover


class Bypass(Protocol):
    """What tells a link of bytes that are written past it, whose pace is watched all the same."""

    transport: asyncio.Transport

    def sent(self, size: int) -> None:
        """`size` more of them have been written."""

    def full(self) -> Awaitable[None]:
        """The socket takes no more for now: wait until room() is called.

        Awaiting raises ConnectionLost when the connection goes away, or is ended because the peer
        takes too little.
        """

    def room(self) -> None:
        """The socket takes more; may be repeated, also behind the end."""


class Exchange(Protocol):
    """What a link hands out for one exchange; each verb raises LocalProtocolError where the
    exchange's state forbids it, and ConnectionLost where the connection is gone."""

    @property
    def head(self) -> RequestHead:
        """The request's head, received or sent."""

    @property
    def body(self) -> StreamReader:
        """The peer's body; ended where it has none."""

    def send_head(self, head: ResponseHead) -> None:
        """Send a head; the body follows. `head.length` is the body's length, -1 unknown.

        A status of 1xx but 101 may precede the final one. The link adds what frames the body.
        `head.keep_alive` False makes it the connection's last exchange.
        """

    def write(self, data: bytes) -> Awaitable[None]:
        """Send a piece of the body at once; awaiting only waits for room in the buffer."""

    def end(self, trailers: "CIMultiDict[str] | None" = None) -> None:
        """The body is complete, `trailers` follow it (RFC 9110 6.5).

        Raises LocalProtocolError when it is shorter than announced, or of known length where
        there are trailers.
        """

    def drain(self) -> Awaitable[None]:
        """Wait for room in the send buffer."""

    def bypass(self, size: int) -> Bypass | None:
        """Announce that `size` bytes of the body are written past the exchange, to the socket of
        the transport, once that has sent what it holds. None where that is not possible: then
        nothing is announced.
        """

    def take_over(self) -> Handover:
        """Leave HTTP; only behind a head that says so (101, 2xx to CONNECT). Raises ConnectionLost
        where there is no connection any more."""

    def abort(self) -> None:
        """End the exchange unfinished: the peer sees a reset stream or a closed connection."""


class ClientExchange(Exchange, Protocol):
    """An exchange as a client sees it; `head` is the request's, `body` the response's.

    `answered` gives the response's head; `body` is set before it is done. `informed`, where it is
    set, is called with each head of 1xx but 101, and must not raise. When `deadline`, in the
    loop's seconds, has passed, `on_deadline` is called, or else the exchange is aborted; neither
    has a meaning any more once the exchange has ended. A deadline calls fail(), a cancelled caller
    abort().
    """

    answered: "asyncio.Future[ResponseHead]"
    informed: Callable[[ResponseHead], object] | None
    deadline: float
    on_deadline: Callable[[], object] | None

    @property
    def received(self) -> int:
        """How many bytes of the response have come, coarsely."""

    def body_sent(self) -> bool:
        """True when the request is out whole."""

    def awaits_us(self) -> bool:
        """Whether the server waits for this end: for the request's body, or for the reader."""

    def fail(self, error: Exception) -> None:
        """End the exchange, where it goes on still: whoever waits for head or body gets `error`."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info(), while the connection is there."""


class ClientLink(Protocol):
    """A connection as a client sees it, of one exchange at a time (HTTP/1.1) or many (HTTP/2).

    `deadline` and `on_deadline` are the owner's while nothing is asked.
    """

    deadline: float
    on_deadline: Callable[[], object] | None

    def is_reusable(self) -> bool:
        """True when a request may be sent on this connection now."""

    def is_quiet(self) -> bool:
        """Whether it is reusable, and the peer has said nothing that the loop has not told yet, not
        even the end; of the latter True also where that cannot be known."""

    def is_idle(self) -> bool:
        """True while no exchange is at work."""

    def limit(self, limits: Limits) -> None:
        """The bounds that hold for the next responses."""

    def ask(self, head: RequestHead, body: bytes = b"") -> ClientExchange:
        """Send a complete request in one write.

        Raises LocalProtocolError before anything is sent, ConnectionLost on a closed link.
        """

    def ask_streaming(self, head: RequestHead) -> ClientExchange:
        """Send a head whose body follows by write() and end(); `head.length` is -1 if unknown."""

    def close(self) -> None:
        """Close once everything written is sent; what is not complete is lost."""

    def abort(self) -> None:
        """Close at once; unsent data is dropped."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info(); `default` once the connection is gone."""


class ServerLink(Protocol):
    """A connection (HTTP/1.1) or one stream (HTTP/2) as a server sees it.

    Requests are named by their head: a verb for an exchange that has ended is refused, and the
    common complete answer needs no Exchange object.
    """

    transport: asyncio.Transport | None
    loop: asyncio.AbstractEventLoop

    def answer(
        self,
        head: RequestHead,
        status: int,
        reason: str,
        content_type: str,
        headers: "CIMultiDict[str] | None",
        body: bytes,
        keep_alive: bool,
    ) -> None:
        """Send a complete response in one write.

        `headers` is None where only `content_type` ("" for none) is to be sent.
        """

    def exchange(self, head: RequestHead) -> Exchange:
        """The exchange of the request `head`, while it lasts."""

    def flush(self) -> None:
        """Hand to the transport what was written in this turn of the loop."""

    def refused_head(self) -> RequestHead | None:
        """In ServerRole.request_refused(): what could be read of the request that is refused; None
        where nothing is answered."""

    def is_arriving(self) -> bool:
        """Whether a part of a request is here, of which the role does not know yet."""

    def idle_time(self) -> float:
        """Seconds without a request, coarsely; -1 while one, or a part of one, is here."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As asyncio.BaseTransport.get_extra_info(); peername, sockname, ssl_object and sslcontext
        are told also once the connection is gone."""


class ServerRole(Protocol):
    """What a server's link calls."""

    def connected(self, link: Any) -> None:
        """The transport is there."""

    def request_received(self, head: RequestHead) -> None:
        """A request whose head, and maybe some body, has arrived. Must not raise."""

    def request_refused(self, error: ProtocolError) -> tuple[int, bytes]:
        """The peer's bytes are no request; the status and text/plain body to close with.

        Also told of a peer that does not take its answer (TooSlow); then nothing can be sent.
        """

    def half_closed(self) -> None:
        """The peer sends no more; it may still wait for the answer, or be gone."""

    def lost(self, exc: BaseException | None) -> None:
        """The connection is gone; called once. None for an orderly end."""

    @property
    def busy(self) -> bool:
        """Whether a request is being handled, also one whose peer is gone."""


class ClientRole(Protocol):
    """What a client's link calls."""

    def recycled(self, link: Any) -> None:
        """An exchange has ended. HTTP/1.1: the connection may carry another, and has no deadline
        any more; an end that closes it is only told by lost(). HTTP/2: told of each;
        `link.is_reusable()` says the rest. Must not raise."""

    def lost(self, link: Any, exc: BaseException | None) -> None:
        """The connection is gone; called once."""


OnLost = Callable[[BaseException | None], None]
