"""The client's end of an HTTP/2 connection: many exchanges at once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from multidict import CIMultiDict

from ..clock import NEVER, Clock
from ..errors import (
    ConnectionLost,
    LocalProtocolError,
    ProtocolError,
    Unprocessed,
)
from ..exchange import ClientRole
from ..http2 import blocks
from ..http2.client import ClientConnection
from ..http2.errors import name_of
from ..http2.stream import BODY, DONE, Stream
from ..limits import Limits
from ..message import RequestHead, ResponseHead
from ..transport import Outcome, Pending, wait_for
from .h2 import H2Link
from .h2_client_exchange import H2ClientExchange

# RFC 9110 8.6: methods whose definition gives a body no meaning send no Content-Length: 0.
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE", "CONNECT"})

# How many exchanges, beyond those answered, are reset on one connection: servers allow more.
MOST_RESETS: Final = 100

# How many bytes of an answer may be left for it to be read to its end though nobody wants them, and
# of how many answers at once: a server that does not send them would keep their streams.
MOST_LEFT: Final = 65_536
MOST_UNREAD: Final = 8


class H2ClientLink(H2Link):
    """Sends requests as long as there is `room`, and receives their responses in any order.

    `deadline` is the owner's while nothing is asked: when it has passed `on_deadline` is called, or
    else the connection is closed; while exchanges are at work each has its own. `on_settings` is
    called when the server has changed its settings, with them maybe the `room`, and when the rest
    of an answer has come that nobody reads. A server that goes
    away leaves no room, and the connection ends behind the exchanges that it still works on; so
    does one on which MOST_RESETS exchanges were given up.
    """

    __slots__ = (
        "_answer_within",
        "_exchanges",
        "_heard",
        "_numbers",
        "_opened",
        "_pinged",
        "_pings",
        "_resets",
        "_role",
        "_scheme",
        "_settled",
        "_silence",
        "_unread",
        "keep_alive",
        "on_deadline",
        "on_settings",
    )

    def __init__(
        self, loop: asyncio.AbstractEventLoop, clock: Clock, limits: Limits, role: ClientRole
    ) -> None:
        H2Link.__init__(self, loop, clock, limits)
        self._conn = ClientConnection(self, limits)
        self._role = role
        self._scheme = "http"
        self._exchanges: set[H2ClientExchange] = set()
        self._unread: list[Stream] = []
        self._settled: asyncio.Future[None] | None = None
        self._pings: dict[bytes, asyncio.Future[None]] = {}
        self._numbers = 0
        # How many exchanges were reset beyond those that were not, and how many streams had been
        # opened when the last one was; see cancelled().
        self._resets = 0
        self._opened = 0
        # See watch_peer(): when something came last, and when a PING was sent since then.
        self._silence = NEVER
        self._answer_within = NEVER
        self._heard = clock.now
        self._pinged = NEVER
        self.keep_alive = True
        self.on_deadline: Callable[[], object] | None = None
        self.on_settings: Callable[[], object] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """asyncio.BaseProtocol."""
        if transport.get_extra_info("ssl_object") is not None:
            self._scheme = "https"
        H2Link.connection_made(self, transport)

    # What the connection is like.

    @property
    def room(self) -> int:
        """How many more requests the server takes now."""
        return self._spare()

    def _spare(self) -> int:
        if not self.keep_alive or self.transport is None or self.transport.is_closing():
            return 0
        conn = self._conn
        room: int = conn.room()
        return room

    def is_reusable(self) -> bool:
        """True when another request may be sent on this connection now."""
        return self._spare() > 0

    def takes(self, expected: int) -> bool:
        """Whether there is room for one request more than the `expected` ones, of which some are
        asked already and some will be at once."""
        return self._spare() + len(self._exchanges) > expected

    @property
    def most_streams(self) -> int:
        """How many exchanges the server takes at once; until it has said so, what is expected.

        May be set to what another connection has shown."""
        remote = self._conn.remote
        most: int = remote.max_concurrent_streams if remote.received else self._conn.expected
        return most

    @most_streams.setter
    def most_streams(self, expected: int) -> None:
        self._conn.expected = expected

    @property
    def in_flight(self) -> int:
        """How many exchanges are at work."""
        return len(self._exchanges)

    def is_idle(self) -> bool:
        """True while no exchange is at work."""
        return not self._exchanges

    def limit(self, limits: Limits) -> None:
        """See ClientLink; of bounds on heads those hold that the connection was made with."""
        self._limits = limits

    @property
    def connect_protocol(self) -> bool:
        """Whether the server takes extended CONNECT (RFC 8441); see settings()."""
        return bool(self._conn.remote.enable_connect_protocol)

    def settings(self) -> "Awaitable[None]":
        """Wait until the server's settings are known. Raises ConnectionLost."""
        if self._conn.remote.received:
            return Outcome()
        if self.transport is None:
            return Outcome(error=ConnectionLost("the connection is closed"))
        if self._settled is None:
            self._settled = self.loop.create_future()
        return Pending(wait_for(self._settled))

    @property
    def is_settled(self) -> bool:
        """Whether the server's settings are known."""
        return bool(self._conn.remote.received)

    async def admitted(self) -> None:
        """Wait until the server has said how many requests it takes at once, and where more were
        asked before it had, until it can have refused them. Raises ConnectionLost."""
        await self.settings()
        if len(self._exchanges) > self.most_streams:
            # It is answered behind the refusals of all that was asked before.
            await self.ping()

    def ping(self) -> "Awaitable[None]":
        """Send a PING and wait for its answer. Raises ConnectionLost."""
        if self.transport is None:
            return Outcome(error=ConnectionLost("the connection is closed"))
        self._numbers += 1
        payload = b"ping" + self._numbers.to_bytes(4, "big")
        future = self._pings[payload] = self.loop.create_future()
        self._conn.ping(payload)
        self._flush_soon()
        return Pending(wait_for(future))

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol."""
        self._heard = self._clock.now
        self._pinged = NEVER
        H2Link.data_received(self, data)

    # Time.

    def watch_peer(self, silence: float, answer_within: float) -> None:
        """Send a PING when nothing has come for `silence` seconds while exchanges wait, and end
        the connection where nothing comes within `answer_within` seconds more."""
        self._silence = silence
        self._answer_within = answer_within

    def expired(self) -> None:
        """The deadline has passed: of some exchanges, of the peer, or of an idle connection."""
        if self._exchanges:
            now = self._clock.now
            for exchange in [each for each in self._exchanges if each.deadline <= now]:
                exchange.expired()
            if now >= self._next_look():
                self._look(now)
            self._reckon()
            return
        self.deadline = NEVER
        callback = self.on_deadline
        if callback is not None:
            callback()
        else:
            self.close()

    def _reckon(self) -> None:
        if self._exchanges:
            self.deadline = min([each.deadline for each in self._exchanges])
            self.deadline = min(self.deadline, self._next_look())
        else:
            self.deadline = NEVER

    def _next_look(self) -> float:
        """When the peer has been silent for too long, should it stay so."""
        if self._pinged == NEVER:
            return self._heard + self._silence
        return self._pinged + self._answer_within

    def _look(self, now: float) -> None:
        if self._read_paused:
            # It is we who do not listen.
            self._heard = now
        elif self._pinged == NEVER:
            self._pinged = now
            self._conn.ping(b"are you?")
            self._flush_soon()
        else:
            self.farewell = f"the server did not answer PING within {self._answer_within:g} s"
            self.abort()

    # Sending.

    def ask(self, head: RequestHead, body: bytes = b"") -> "H2ClientExchange":
        """Send a complete request; the exchange awaits its response.

        Raises LocalProtocolError before anything is sent, Unprocessed where there is no room.
        """
        size = len(body)
        framed = size or head.method not in _BODILESS
        block = self._block(head, size if framed else -1)
        # RFC 9113 8.5: a tunnel's request does not end with its head.
        exchange = self._begin(head, block, not size and head.method != "CONNECT")
        if size:
            self._conn.send_data(exchange.stream, body, True)
        self._flush_soon()
        return exchange

    def ask_streaming(self, head: RequestHead) -> "H2ClientExchange":
        """Send a head whose body follows by write() and end(); `head.length` is -1 if unknown."""
        exchange = self._begin(head, self._block(head, head.length), False)
        exchange.expect_to_send(head.length)
        self._flush_soon()
        return exchange

    def _block(self, head: RequestHead, length: int) -> bytes:
        scheme = head.scheme or self._scheme
        packed = head.packed
        if packed is not None and packed[0] == scheme and length < 0:
            return packed[1]
        fields: CIMultiDict[str] = head.fields
        if "Content-Length" in fields or "Transfer-Encoding" in fields:
            raise LocalProtocolError(
                "Content-Length and Transfer-Encoding are the connection's own; leave them out"
            )
        authority = head.authority
        host = fields.get("Host")
        if host is not None:
            # RFC 9113 8.3.1: :authority takes its place.
            fields = fields.copy()
            del fields["Host"]
            authority = authority or host
        block = blocks.request(head.method, scheme, authority or "", head.target, head.protocol)
        block += blocks.fields(fields)
        if length >= 0:
            return block + blocks.length(length)
        if head.frozen:
            head.packed = (scheme, block)
        return block

    def _begin(self, head: RequestHead, block: bytes, end: bool) -> "H2ClientExchange":
        if self._spare() <= 0:
            raise Unprocessed("the connection takes no more requests now")
        if head.protocol is not None and not self.connect_protocol:
            raise LocalProtocolError("the server does not take extended CONNECT (RFC 8441 3)")
        exchange = H2ClientExchange(self, head, self._limits)
        conn = self._conn
        exchange.opened(conn.request(head.method, block, end, exchange))
        if not self._exchanges:
            self._heard = self._clock.now
            self.deadline = self._heard + self._silence
            self.on_deadline = None
        self._exchanges.add(exchange)
        return exchange

    # The codec's calls.

    def head_received(self, stream: Stream, head: ResponseHead) -> None:
        """See Sink."""
        if stream.owner is not None:
            stream.owner.answer(head)

    def informed(self, stream: Stream, head: ResponseHead) -> None:
        """See Sink."""
        if stream.owner is not None:
            stream.owner.inform(head)

    def ended(self, stream: Stream, trailers: "CIMultiDict[str] | None") -> None:
        """See Sink."""
        owner = stream.owner
        if owner is not None:
            owner.ended(trailers)
        elif self.on_settings is not None:
            self.on_settings()

    def reset(self, stream: Stream, error: ProtocolError) -> None:
        """See Sink."""
        was_left = stream.owner is None
        H2Link.reset(self, stream, error)
        if was_left and self.on_settings is not None:
            self.on_settings()

    def settled(self) -> None:
        """See Sink."""
        settled, self._settled = self._settled, None
        if settled is not None and not settled.done():
            settled.set_result(None)
        if self.on_settings is not None:
            self.on_settings()

    def ponged(self, payload: bytes) -> None:
        """See Sink."""
        future = self._pings.pop(payload, None)
        if future is not None and not future.done():
            future.set_result(None)

    def going_away(self, last: int, code: int, debug: bytes) -> None:
        """See Sink."""
        self.keep_alive = False
        text = debug.decode("utf-8", "replace")
        # A stranger's words, which may come into logs.
        text = "".join(
            [char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text]
        )
        self.farewell = f"the server goes away: {name_of(code)} {text}".rstrip()

    # Ends.

    def _broken(self, error: ProtocolError) -> None:
        for exchange in list(self._exchanges):
            exchange.fail(error)

    def over(self, exchange: "H2ClientExchange") -> None:
        """An exchange has ended."""
        self._exchanges.discard(exchange)
        if not self._exchanges:
            self.deadline = NEVER
        conn = self._conn
        if conn.is_exhausted():
            self.keep_alive = False
        self._role.recycled(self)
        self._flush_soon()

    def cancelled(self) -> None:
        """An exchange had to be reset. Servers bound how often that is done (CVE-2023-44487), and
        end the connection with all that is at work on it. Before that others get a new one."""
        conn = self._conn
        opened = conn.next_stream // 2
        level = self._resets - max(0, opened - self._opened - 1)
        self._resets = max(0, level) + 1
        self._opened = opened
        if self._resets >= MOST_RESETS:
            self.keep_alive = False

    def leaves(self, stream: Stream) -> bool:
        """Whether what is left of the answer on `stream` is taken and thrown away from now on.
        False where it is too much, or of unknown size: that is to be reset."""
        if stream.sending != DONE or stream.receiving != BODY:
            return False
        if not 0 <= stream.expected <= MOST_LEFT:
            return False
        unread = self._unread = [each for each in self._unread if each.receiving == BODY]
        if len(unread) >= MOST_UNREAD:
            return False
        unread.append(stream)
        return True

    def _rest(self) -> None:
        if not self.keep_alive and not self._exchanges and self.transport is not None:
            self.close()

    def fail(self, error: Exception) -> None:
        """The connection is of no further use; whoever waits, for head or body, gets `error`."""
        for exchange in list(self._exchanges):
            exchange.fail(error)
        self.abort()

    def _gone(self, exc: BaseException | None) -> None:
        error = self._loss(exc)
        for future in (self._settled, *self._pings.values()):
            if future is not None and not future.done():
                future.set_exception(error)
                # Nobody may be waiting any more; that is not worth a warning.
                future.exception()
        self._pings.clear()
        self._role.lost(self, exc)
